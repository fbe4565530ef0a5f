"""Lesson files: the built-in templates, and TOML into the data of a lesson."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rnnsheet import toml
from rnnsheet.entries import Example
from rnnsheet.errors import LessonError, OutputError, unknown
from rnnsheet.experiments import Settings
from rnnsheet.files import check_file, check_free, is_file, write_whole
from rnnsheet.labels import languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Layer, Model, Source
from rnnsheet.network.reading import MOST_STEPS

L = TypeVar("L", bound=LessonData)

_HERE = Path(__file__).parent
# The wheel carries the templates inside the package; a checkout has them beside it.
FOLDER = next(path for path in (_HERE / "templates", _HERE.parent / "templates") if path.is_dir())

TEXTS = ("word", "split", "target", "second", "second_target")
LISTS = ("vocabulary", "labels")
SIZES = ("steps", "answer_steps")
DATA = (*LISTS, *TEXTS, *SIZES, "picture", "examples")
NETWORK = ("cell",)
LAYER = ("kind", "name", "reads", "starts", "shares", "activation", "reverse", "bidirectional")
_RENAMED = {"cell": "kind", "weights": "shares"}
SETTINGS = tuple(field.name for field in fields(Settings))
TABLES = ("title", "about", "data", "settings", "network", "layers", "weights", "notes")


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
        check_file(path, LessonError)
    raise unknown("no_lesson", lesson, names())


def load(lesson: str | Path) -> LessonData:
    """The lesson of a built-in template's name, or of a TOML file. Raises as `load_as` does."""
    return load_as(lesson, LessonData)


def load_as(lesson: str | Path, made: type[L]) -> L:
    """The lesson of a built-in template's name, or of a TOML file, as one of the class `made`.

    Raises LessonError, with the file and the key, where it cannot be run.
    """
    path = find(str(lesson))
    try:
        return lesson_of(toml.parsed(path, LessonError), path, made)
    except LessonError as error:
        raise error.at(str(path)) from None


def copy(lesson: str, target: Path, force: bool = False) -> None:
    """Copies a lesson's file as it is, with its comments.

    Raises LessonError where there is no such lesson, OutputError where it cannot be written.
    """
    text = find(lesson).read_bytes()
    check_target(target, force)
    write_whole(target, lambda file: file.write(text))


def check_target(target: Path, force: bool) -> None:
    """Raises OutputError where a lesson to edit cannot be written to a file of this name."""
    if target.suffix.lower() != ".toml":
        raise OutputError("not_toml_name", place=str(target))
    check_free(target, force)


def save(lesson: LessonData, target: Path, force: bool = False) -> None:
    """Writes a lesson as a file that `load` takes; every number reads back bit for bit.

    Raises OutputError where it cannot be written.
    """
    check_free(target, force)
    text = dumped(tree(lesson))
    write_whole(target, lambda file: file.write(text))


def tree(lesson: LessonData) -> dict[str, Any]:
    """The tables of a lesson's file, which `lesson_of` takes."""
    tables = {
        "title": lesson.title,
        "about": lesson.about,
        "data": _data(lesson),
        "settings": _settings(lesson.settings),
        **_network(lesson.model),
        "weights": _weights(lesson),
        "notes": lesson.notes,
    }
    return {name: table for name, table in tables.items() if table}


def dumped(tables: Mapping[str, Any]) -> bytes:
    """Tables as a TOML file, a row of numbers to a line."""
    import tomli_w

    return _SHORT_LIST.sub(_on_one_line, tomli_w.dumps(tables, indent=2)).encode()


_SHORT_LIST = re.compile(r'\[\n(?: *(?:"(?:[^"\\\n]|\\.)*"|[-+.\w]+),\n)+ *\]')
"""A list of texts or numbers alone, as tomli-w writes it: an entry to a line. A text has no line breaks."""


def _on_one_line(found: re.Match[str]) -> str:
    """The list on one line, so that a matrix has a line for each row."""
    entries = [line.strip().removesuffix(",") for line in found[0].splitlines()[1:-1]]
    return f"[{', '.join(entries)}]"


def _data(lesson: LessonData) -> dict[str, object]:
    """What the lesson reads and should say, without what is usual."""
    data: dict[str, object] = {}
    if lesson.vocabulary:
        data["vocabulary"] = list(lesson.vocabulary)
    if lesson.labels != lesson.vocabulary:
        data["labels"] = list(lesson.labels)
    usual = {"split": "letters"}
    data |= {key: text for key in TEXTS if (text := getattr(lesson, key)) != usual.get(key, "")}
    if lesson.word and lesson.steps != lesson.least_steps:
        data["steps"] = lesson.steps
    if lesson.answer_steps:
        data["answer_steps"] = lesson.answer_steps
    if lesson.picture is not None:
        data["picture"] = _drawn(lesson.picture)
    if lesson.examples:
        data["examples"] = [
            [read if isinstance(read, str) else _drawn(read), *([target] if target else [])]
            for read, target in lesson.examples
        ]
    return data


def _settings(settings: Settings) -> dict[str, object]:
    """What is not as usual."""
    usual = asdict(Settings())
    return {name: value for name, value in asdict(settings).items() if value != usual[name]}


def _drawn(picture: Array) -> list[object]:
    """A picture as texts of # and . where it is only ink and paper, else its numbers."""
    if set(picture.ravel().tolist()) <= {0.0, 1.0}:
        return ["".join("#" if ink else "." for ink in row) for row in picture]
    rows: list[object] = picture.tolist()
    return rows


def _network(model: Model) -> dict[str, object]:
    """The table [network] of one recurrent cell, or a table [[layers]] of each layer."""
    usual = [(Source("word"),), (Source(""),)]
    layers = list(model)
    if [layer.reads for layer in layers] == usual and layers[1].kind == "softmax":
        first, traits = layers[0], layers[0].traits
        if first.name == "" and not first.reverse and first.activation in ("", *traits.activations[:1]):
            return {"network": {"cell": first.kind}}
    return {"layers": [_layer(layer) for layer in layers]}


def _layer(layer: Layer) -> dict[str, object]:
    """The entries of a layer, without what is usual."""
    at = layer.reads[0].at
    # A layer without a name is only ever read by the one after it. A list also of one: tomli-w gives a layer
    # that has a list a table of its own.
    named = [str(source) for source in layer.reads] if all(source.of for source in layer.reads) else None
    is_usual = layer.activation in ("", *layer.traits.activations[:1])
    entries = {
        "kind": layer.kind,
        "name": layer.name or None,
        "reads": named or (f"[{at}]" if at else None),
        "starts": layer.starts,
        "shares": layer.shares,
        "activation": None if is_usual else layer.activation,
        "reverse": layer.reverse or None,
    }
    return {key: value for key, value in entries.items() if value is not None}


def _weights(lesson: LessonData) -> dict[str, object]:
    columns = {name for name, spec in lesson.model.specs().items() if spec.cols == "one"}
    return {
        name: array.item()
        if array.size == 1
        else array[:, 0].tolist()
        if name in columns or name in lesson.initial
        else array.tolist()
        for name, array in {**lesson.model.parameters, **_given(lesson)}.items()
    }


def _given(lesson: LessonData) -> dict[str, Array]:
    """The states before the first time step that are not zero."""
    states = {name: np.asarray(array) for name, array in lesson.initial.items()}
    return {name: array for name, array in states.items() if array.any()}


def lesson_of(tree: Mapping[str, Any], path: Path, made: type[L]) -> L:
    """The lesson of a file's tables; it is named as the file."""
    _known(tree, TABLES, "")
    data, weights = _table(tree, "data"), _table(tree, "weights")
    _known(data, DATA, "data.")
    notes = _table(tree, "notes") if "notes" in tree else {}
    settings = _table(tree, "settings") if "settings" in tree else {}
    _known(settings, SETTINGS, "settings.")
    if "word" in data and "vocabulary" not in data:
        raise LessonError("not_letters", name="vocabulary")
    read: dict[str, Any] = {
        **{key: _entries(data, key) for key in LISTS if key in data},
        **{key: _text(data, f"data.{key}") for key in TEXTS if key in data},
        **{key: _size(data, key) for key in SIZES},
        "picture": _picture(data["picture"], "data.picture") if "picture" in data else None,
        "examples": _examples(data),
    }
    lesson = made(
        # A file's name may hold bytes that are no text.
        name=path.stem.encode("utf-8", "replace").decode(),
        model=Model(_layers(tree), {key: value for key, value in weights.items() if not key.endswith("_0")}),
        **read,
        initial={key: value for key, value in weights.items() if key.endswith("_0")},
        title=_texts(tree, "title"),
        about=_texts(tree, "about"),
        notes={name: _texts(notes, name, "notes.") for name in notes},
        source=str(path),
        settings=Settings(**settings),
    )
    least = {"steps": lesson.least_steps}
    if lesson.answer_steps:
        least["answer_steps"] = lesson.least_answer_steps
    for name, count in least.items():
        if (got := getattr(lesson, name)) < count:
            raise LessonError("wrong_steps", name=name, least=count, most=MOST_STEPS, got=got)
    return lesson


def _layers(tree: Mapping[str, Any]) -> str | tuple[Layer, ...]:
    """The cell of [network], or the layers of [[layers]]; one in both directions is two."""
    if "layers" not in tree:
        network = _table(tree, "network")
        _known(network, NETWORK, "network.")
        return _text(network, "network.cell")
    if "network" in tree:
        raise LessonError("network_and_layers")
    tables = tree["layers"]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LessonError("not_a_list", key="layers", expected="[[layers]]")
    layers = []
    for table in (toml.renamed(table, _RENAMED, "layers") for table in tables):
        _known(table, LAYER, "layers.")
        texts = {key: _text(table, f"layers.{key}") for key in LAYER[:6] if key in table and key != "reads"}
        if "kind" not in texts:
            _text(table, "layers.kind")
        for key in LAYER[6:]:
            if type(table.get(key, False)) is not bool:
                raise LessonError("not_a_list", key=f"layers.{key}", expected="true / false")
        reads = table.get("reads", ())
        several = isinstance(reads, list | tuple) and all(isinstance(each, str) for each in reads)
        if not (isinstance(reads, str) or several):
            raise LessonError("not_a_text", key="layers.reads")
        layer = Layer(**texts, reads=reads, reverse=table.get("reverse", False))
        layers.append(layer)
        if table.get("bidirectional"):
            layers.append(replace(layer, name=layer.name and f"{layer.name}rev", reverse=True))
    return tuple(layers)


def _size(data: Mapping[str, Any], key: str) -> int:
    value = data.get(key, 0)
    if key in data and (type(value) is not int or not 1 <= value <= MOST_STEPS):
        raise LessonError("wrong_steps", name=key, least=1, most=MOST_STEPS, got=repr(value))
    return int(value)


def _picture(value: Any, key: str) -> Array:
    """Rows of # and ., or of numbers."""
    expected = '["..#..", ".#.#."]'
    if not isinstance(value, list) or not value:
        raise LessonError("not_a_list", key=key, expected=expected)
    if all(isinstance(row, str) and row and set(row) <= set("#.") for row in value):
        value = [[float(sign == "#") for sign in row] for row in value]
    try:
        array = np.array(value, dtype=np.float64)
    except (ValueError, TypeError):
        raise LessonError("not_a_list", key=key, expected=expected) from None
    if array.ndim != 2 or not np.isfinite(array).all():
        raise LessonError("not_a_list", key=key, expected=expected)
    return array


def _examples(data: Mapping[str, Any]) -> tuple[Example, ...]:
    """Pairs of what is read, a text or a picture, and what should be said."""
    found: list[Example] = []
    entries, expected = data.get("examples", []), '[["a text", "an answer"]]'
    if not isinstance(entries, list):
        raise LessonError("not_a_list", key="data.examples", expected=expected)
    for entry in entries:
        if not isinstance(entry, list) or len(entry) not in (1, 2) or not isinstance(entry[-1], str):
            raise LessonError("not_a_list", key="data.examples", expected=expected)
        read = entry[0] if isinstance(entry[0], str) else _picture(entry[0], "data.examples")
        found.append((read, entry[1] if len(entry) == 2 else ""))
    return tuple(found)


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


def _entries(data: Mapping[str, Any], key: str) -> Sequence[str]:
    value = data.get(key)
    if value == []:
        raise LessonError("empty_vocabulary", name=key)
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return value
    raise LessonError("not_letters", name=key)


def _texts(tree: Mapping[str, Any], key: str, prefix: str = "") -> dict[str, str]:
    """A text in one language for all, or a table of texts by language."""
    value = tree.get(key, {})
    if isinstance(value, str):
        value = dict.fromkeys(languages(), value)
    if not isinstance(value, dict):
        raise LessonError("not_a_text", key=prefix + key)
    _known(value, languages(), f"{prefix}{key}.")
    return value


def _known(table: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    for key in table:
        if key not in known:
            raise unknown("unknown_key", key, known, prefix)
