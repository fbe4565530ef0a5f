"""The key of an exercise, a file of the teacher's: all that is secret follows from it; it has no answer."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rnnsheet import templates, toml
from rnnsheet.errors import LessonError, RnnsheetError, unknown
from rnnsheet.files import check_free, write_whole
from rnnsheet.labels import languages
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.plan import LAYOUT
from rnnsheet.version import VERSION

GRADED, PRACTICE, PAPER = "graded", "practice", "paper"
MODES = (GRADED, PRACTICE, PAPER)
_SECRET = 32
"""In bytes."""
_MOST_DIGITS = 9
_CODE = re.compile(r"[A-Z2-7]{5}-[A-Z2-7]{5}")
_TABLES = ("exercise", "rnnsheet", "layout", "secret", "settings", "rubric", "lesson_name", "lesson")


class KeyFileError(RnnsheetError):
    """A key that cannot be read, or does not belong to what it is used with."""


@dataclass(frozen=True)
class Settings:
    """What every book of an exercise has in common."""

    blanks: tuple[str, ...] = ()
    times: tuple[int, ...] = ()
    """The time steps at which cells are blank; () for all."""
    mode: str = GRADED
    example: bool = False
    digits: int = 3
    """How many decimals are asked for."""
    language: str = "en"
    words: bool = False
    """Whether each reads a word of their own, too."""


@dataclass(frozen=True)
class Rule:
    """How a block is marked: its points, shared by its blanks, and what a part of them is for."""

    points: float
    follow: float = 1.0
    """The share for an answer that is right given the student's own earlier ones."""
    formula: bool = False
    """Whether a number that is typed counts for nothing."""


@dataclass(frozen=True)
class Key:
    """An exercise: its lesson, whose weights are only an example, its settings, its rubric, its secret."""

    exercise: str
    secret: bytes = field(repr=False)
    lesson: LessonData
    settings: Settings
    rubric: Mapping[str, Rule]
    layout: int = LAYOUT

    def code(self, student: str) -> str:
        """The code of a student's id, which nobody can find without the key."""
        text = self._digest("code", unicodedata.normalize("NFC", student))[:10]
        return f"{text[:5]}-{text[5:]}"

    def seal(self, code: str, given: Iterable[object]) -> str:
        """By which it shows that a book is of this key, and what it gives unchanged."""
        return self._digest("seal", code, *map(_plain, given))[:16]

    def seed(self, code: str, attempt: int) -> int:
        """Where the random numbers of a student's own begin."""
        return int.from_bytes(self._hmac("seed", code, str(attempt)))

    def save(self, path: Path) -> None:
        """Writes a new file, which only its owner may read. Raises OutputError where it cannot."""
        check_free(path, force=False)
        text = self.dumped()
        write_whole(path, lambda file: file.write(text), mode=0o600)

    def dumped(self) -> bytes:
        """What its file holds."""
        tables = {
            "exercise": self.exercise,
            "rnnsheet": VERSION,
            "layout": self.layout,
            "secret": self.secret.hex(),
            "lesson_name": self.lesson.name,
            "settings": {
                name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.settings).items()
            },
            "rubric": {name: asdict(rule) for name, rule in self.rubric.items()},
            "lesson": templates.tree(self.lesson),
        }
        return templates.dumped(tables)

    def _digest(self, *parts: str) -> str:
        return base64.b32encode(self._hmac(*parts)).decode()

    def _hmac(self, *parts: str) -> bytes:
        # The length of each part, so that no two lists of parts are one text.
        text = "".join(f"{len(part)}:{part}" for part in (self.exercise, *parts))
        return hmac.digest(self.secret, text.encode(), "sha256")


def is_code(text: str) -> bool:
    """Whether a text could be the code of a student."""
    return bool(_CODE.fullmatch(text))


def new(lesson: LessonData, settings: Settings, rubric: Mapping[str, Rule]) -> Key:
    """The key of a new exercise, with a secret that nobody has seen."""
    name = f"{lesson.name}-{base64.b32encode(secrets.token_bytes(5)).decode()[:6]}"
    return Key(name, secrets.token_bytes(_SECRET), lesson, settings, rubric)


def load(path: Path) -> Key:
    """The key of a file. Raises KeyFileError, with the file, where it is none, or of another version."""
    try:
        return _key(toml.parsed(path, KeyFileError), path)
    except RnnsheetError as error:
        raise error.at(str(path)) from None


def loads(text: bytes) -> Key:
    """The key that `Key.dumped` gave."""
    return _key(tomllib.loads(text.decode()), Path())


def _key(tree: Mapping[str, Any], path: Path) -> Key:
    if missing := [name for name in _TABLES if name not in tree]:
        raise KeyFileError("no_key", missing=", ".join(missing))
    if strange := sorted(set(tree) - set(_TABLES)):
        raise unknown("unknown_key", strange[0], _TABLES, made=KeyFileError)
    if tree["layout"] != LAYOUT:
        raise KeyFileError("other_key", version=tree["rnnsheet"], got=tree["layout"], expected=LAYOUT)
    try:
        secret = bytes.fromhex(tree["secret"])
    except (TypeError, ValueError):
        secret = b""
    if len(secret) != _SECRET:
        raise KeyFileError("bad_secret", expected=2 * _SECRET)
    if not isinstance(tree["exercise"], str) or not isinstance(tree["lesson"], dict):
        raise KeyFileError("no_key", missing="exercise, lesson")
    lesson = templates.lesson_of(tree["lesson"], path, LessonData)
    lesson = replace(lesson, name=str(tree["lesson_name"]))
    settings = _settings(tree["settings"])
    rubric = tree["rubric"]
    if not isinstance(rubric, dict) or set(rubric) != set(settings.blanks):
        raise KeyFileError("wrong_rubric", expected=", ".join(settings.blanks))
    return Key(
        tree["exercise"], secret, lesson, settings, {name: _rule(name, rubric[name]) for name in rubric}
    )


def _settings(table: Any) -> Settings:
    known = [each.name for each in fields(Settings)]
    if not isinstance(table, dict) or set(table) != set(known):
        raise KeyFileError("wrong_table", key="settings", expected=", ".join(known))
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
    }
    settings = Settings(**found)
    check_settings(settings)
    return settings


def check_settings(settings: Settings) -> None:
    """Raises LessonError or KeyFileError where a setting cannot be what it is."""
    if settings.mode not in MODES:
        raise KeyFileError("wrong_choice", key="--mode", got=settings.mode, known=", ".join(MODES))
    if type(settings.words) is not bool or type(settings.example) is not bool:
        raise KeyFileError("wrong_table", key="settings", expected="example, words: true, false")
    if type(settings.digits) is not int or not 1 <= settings.digits <= _MOST_DIGITS:
        raise LessonError("wrong_size", name="digits", got=settings.digits, least=1, most=_MOST_DIGITS)
    if settings.language not in languages():
        raise KeyFileError("unknown_language", given=settings.language, known=", ".join(languages()))
    if not all(type(time) is int and time > 0 for time in settings.times):
        raise KeyFileError("wrong_times", got=", ".join(map(str, settings.times)))


def _rule(name: str, table: Any) -> Rule:
    known = [each.name for each in fields(Rule)]
    if isinstance(table, dict) and (strange := [key for key in table if key not in known]):
        raise unknown("unknown_key", strange[0], known, f"rubric.{name}.", made=KeyFileError)
    if not isinstance(table, dict) or "points" not in table:
        raise KeyFileError("wrong_table", key=f"rubric.{name}", expected=", ".join(known))
    rule = Rule(**table)
    numbers = (rule.points, rule.follow)
    if not all(type(number) in (int, float) for number in numbers) or type(rule.formula) is not bool:
        raise KeyFileError("wrong_rule", key=f"rubric.{name}")
    if not 0 <= rule.points < 1e6 or not 0 <= rule.follow <= 1:
        raise KeyFileError("wrong_rule", key=f"rubric.{name}")
    return rule


def _plain(value: object) -> str:
    """A value as programs agree on it: the last digits of a number differ."""
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
