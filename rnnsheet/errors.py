"""What a user did wrong, as exceptions that read as one line in the user's language."""

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Self

from rnnsheet.labels import Labels, default_language, labels, language_of, languages

GREATEST_SEED = 2**32 - 1
"""That Keras, NumPy and PyTorch all take."""


class RnnsheetError(Exception):
    """A mistake in what a user gave us.

    `key` names the message in the label files' `[error]` table, `values` fill its
    placeholders, `place` (a file, a sheet's cell) is printed before it.
    """

    def __init__(self, key: str, /, place: str = "", **values: object):
        super().__init__(key)
        self.key = key
        self.place = place
        self.values = values

    def at(self, place: str) -> Self:
        """The same error with its place set, unless a nearer one is known already."""
        self.place = self.place or place
        return self

    def text(self, language: str) -> str:
        """The message as one line."""
        texts = labels(language)
        values = {name: _in_words(value, texts) for name, value in self.values.items()}
        message = texts(f"error.{self.key}", **values)
        told = f"{self.place}: {message}" if self.place else message
        return " ".join(told.splitlines())

    def __str__(self) -> str:
        return self.text(default_language())


@dataclass(frozen=True)
class Axes:
    """What the rows and the columns of a matrix stand for, in a message."""

    rows: str
    cols: str

    def text(self, language: str) -> str:
        """Their names in the language, as far as it has them."""
        texts = labels(language)
        return " × ".join(texts.get(f"axis.{name}") or name for name in (self.rows, self.cols))


def _in_words(value: object, texts: Labels) -> object:
    """A value of a message in its language, where it is an error itself, axes, or what the system says."""
    if isinstance(value, RnnsheetError | Axes):
        return value.text(texts.language)
    if isinstance(value, OSError):
        value = value.strerror or value
    name = _errors_of_system().get(value) if isinstance(value, str) else None
    return texts.get(f"system.{name}") if name else value


@cache
def _errors_of_system() -> Mapping[str, str]:
    """What the system says of each of its usual errors, and the error's name."""
    return {os.strerror(getattr(errno, name)): name for name in _USUAL if hasattr(errno, name)}


_USUAL = (
    *("EACCES", "EBUSY", "EEXIST", "EIO", "EISDIR", "EMFILE", "ENAMETOOLONG", "ENOENT", "ENOSPC"),
    *("ENOTDIR", "EPERM", "EROFS"),
)


class LessonError(RnnsheetError):
    """A lesson (its file, its numbers) that cannot be run."""


class WorkbookError(RnnsheetError):
    """A workbook that cannot be read, or is not one of ours."""


class ModelError(RnnsheetError):
    """An imported network that cannot be read, or has something that a workbook cannot."""


class DataError(RnnsheetError):
    """A file of labelled sentences, or of word vectors, that cannot be learned from."""


class OutputError(RnnsheetError):
    """A file that cannot be written."""


class RenamedWarning(FutureWarning):
    """Something in a user's file has another name today; the old one is read on."""


def known_language(language: str) -> str:
    """The language that is meant, or the locale's for "". Raises RnnsheetError where there is no such one."""
    if not language:
        return default_language()
    if found := language_of(language):
        return found
    raise RnnsheetError("unknown_language", given=language, known=", ".join(languages()))


def check_seed(seed: int) -> None:
    """Raises RnnsheetError where random numbers cannot begin at a seed."""
    if not isinstance(seed, Integral) or not 0 <= seed <= GREATEST_SEED:
        raise RnnsheetError("wrong_size", name="seed", got=seed, least=0, most=GREATEST_SEED)


def unknown(
    message: str,
    given: str,
    known: Iterable[str],
    prefix: str = "",
    made: type[RnnsheetError] = LessonError,
    **more: str,
) -> RnnsheetError:
    """The error for a word that is none of those known, with the one that was meant; `more` values of it."""
    import difflib

    by_lower = {name.lower(): prefix + name for name in known}
    values = {"given": prefix + given, "known": ", ".join(by_lower.values()), **more}
    if close := difflib.get_close_matches(given.lower(), by_lower, 1, cutoff=0.5):
        return made(f"{message}_meant", meant=by_lower[close[0]], **values)
    return made(message, **values)
