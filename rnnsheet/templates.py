"""Lesson files: the built-in templates, and TOML into a Lesson."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnnsheet.errors import LessonError
from rnnsheet.files import check_free, is_file, write_whole
from rnnsheet.labels import languages
from rnnsheet.lesson import MOST_STEPS, PARAMETERS, STATES, Lesson, Model

_HERE = Path(__file__).parent
# The wheel carries the templates inside the package; a checkout has them beside it.
FOLDER = next(path for path in (_HERE / "templates", _HERE.parent / "templates") if path.is_dir())

# Signs that no XML file can hold.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

DATA = ("vocabulary", "word", "steps")
NETWORK = ("cell",)
TABLES = ("title", "about", "data", "network", "weights", "notes")


def names() -> list[str]:
    """The names of the built-in templates."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(lesson: str) -> Path:
    """The lesson file of a built-in template's name, or of a path.

    Raises LessonError where there is none.
    """
    if lesson in names():
        return FOLDER / f"{lesson}.toml"
    path = Path(lesson)
    if is_file(path):
        return path
    if path.suffix or len(path.parts) > 1:
        raise LessonError("no_lesson_file", place=lesson)
    raise _unknown("no_lesson", lesson, names())


def load(lesson: str | Path) -> Lesson:
    """The lesson of a built-in template's name, or of a TOML file.

    Raises LessonError, with the file and the key, where it cannot be run.
    """
    path = find(str(lesson))
    try:
        return _lesson(path, _parse(path))
    except LessonError as error:
        raise error.at(str(path)) from None


def copy(lesson: str, target: Path, force: bool = False) -> None:
    """Copies a lesson's file as it is, with its comments.

    Raises LessonError where there is no such lesson, OutputError where it cannot be written.
    """
    text = find(lesson).read_bytes()
    check_free(target, force)
    write_whole(target, lambda file: file.write(text))


def save(lesson: Lesson, target: Path, force: bool = False) -> None:
    """Writes a lesson as a file that `load` takes; every number reads back bit for bit.

    Raises OutputError where it cannot be written.
    """
    check_free(target, force)
    data: dict[str, object] = {"vocabulary": list(lesson.vocabulary), "word": lesson.word}
    if lesson.steps != len(lesson.word) - 1:
        data["steps"] = lesson.steps
    initial = {f"{state}_0": array for state, array in lesson.initial.items()}
    columns = {spec.name for spec in PARAMETERS[lesson.model.cell] if spec.cols == "one"} | initial.keys()
    weights = {
        name: array.item() if array.size == 1 else array[:, 0].tolist() if name in columns else array.tolist()
        for name, array in {**lesson.model.parameters, **initial}.items()
    }
    tables: dict[str, Mapping[str, object]] = {
        "title": lesson.title,
        "about": lesson.about,
        "data": data,
        "network": {"cell": lesson.model.cell},
        "weights": weights,
        **{f"notes.{name}": texts for name, texts in lesson.notes.items()},
    }
    lines = []
    for table, entries in tables.items():
        lines += [f"[{table}]", *(f"{key} = {_toml(value)}" for key, value in entries.items()), ""]
    write_whole(target, lambda file: file.write("\n".join(lines).encode()))


def _toml(value: object) -> str:
    """A value as TOML, a matrix with a line for each row."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], list):
        return "[\n" + "".join(f"  {_toml(row)},\n" for row in value) + "]"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's strings are TOML's too.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise LessonError("not_utf8") from None
    except OSError as error:
        raise LessonError("unreadable", reason=error.strerror) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LessonError("not_toml", reason=error) from None


def _lesson(path: Path, tree: Mapping[str, Any]) -> Lesson:
    _known(tree, TABLES, "")
    data, network = _table(tree, "data"), _table(tree, "network")
    _known(data, DATA, "data.")
    _known(network, NETWORK, "network.")
    cell = _text(network, "network.cell")
    if cell not in PARAMETERS:
        raise LessonError("unknown_cell", cell=cell, known=", ".join(PARAMETERS))
    weights = _table(tree, "weights")
    initial = [f"{state}_0" for state in STATES[cell]]
    _known(weights, [*(spec.name for spec in PARAMETERS[cell]), *initial], "weights.")
    notes = _table(tree, "notes") if "notes" in tree else {}
    word, steps = _text(data, "data.word"), data.get("steps", 0)
    if "steps" in data and (type(steps) is not int or steps < max(len(word) - 1, 1)):
        raise LessonError("wrong_steps", least=max(len(word) - 1, 1), most=MOST_STEPS, got=repr(steps))
    return Lesson(
        # A file's name may hold bytes that are no text.
        name=path.stem.encode("utf-8", "replace").decode(),
        model=Model(cell, {key: value for key, value in weights.items() if key not in initial}),
        vocabulary=_vocabulary(data),
        word=word,
        steps=steps,
        **{name: weights.get(name, 0.0) for name in initial},
        title=_texts(tree, "title"),
        about=_texts(tree, "about"),
        notes={name: _texts(notes, name, "notes.") for name in notes},
        source=str(path),
    )


def _table(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if key not in tree:
        raise LessonError("missing_table", key=key)
    if not isinstance(tree[key], dict):
        raise LessonError("not_a_table", key=key)
    table: Mapping[str, Any] = tree[key]
    return table


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key.split(".")[1])
    if not isinstance(value, str):
        raise LessonError("not_a_text", key=key)
    return value


def _vocabulary(data: Mapping[str, Any]) -> tuple[str, ...]:
    value = data.get("vocabulary")
    if isinstance(value, list) and all(isinstance(letter, str) for letter in value):
        return tuple(value)
    raise LessonError("not_letters")


def _texts(tree: Mapping[str, Any], key: str, prefix: str = "") -> dict[str, str]:
    """A text in one language for all, or a table of texts by language."""
    value = tree.get(key, {})
    if isinstance(value, str):
        value = dict.fromkeys(languages(), value)
    if not isinstance(value, dict):
        raise LessonError("not_a_text", key=prefix + key)
    _known(value, languages(), f"{prefix}{key}.")
    for language, text in value.items():
        if not isinstance(text, str):
            raise LessonError("not_a_text", key=f"{prefix}{key}.{language}")
        if _NO_XML.search(text):
            raise LessonError("control_sign", key=f"{prefix}{key}.{language}")
    return value


def _known(table: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    for key in table:
        if key not in known:
            raise _unknown("unknown_key", key, known, prefix)


def _unknown(message: str, given: str, known: Iterable[str], prefix: str = "") -> LessonError:
    """The error for a word that is none of those known, with the one that was meant."""
    import difflib

    by_lower = {name.lower(): prefix + name for name in known}
    values = {"given": prefix + given, "known": ", ".join(by_lower.values())}
    if close := difflib.get_close_matches(given.lower(), by_lower, 1, cutoff=0.5):
        return LessonError(f"{message}_meant", meant=by_lower[close[0]], **values)
    return LessonError(message, **values)
