"""What the entries of a lesson must be: vocabularies, pictures, examples, texts by language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rnnsheet.errors import LessonError
from rnnsheet.network import Array
from rnnsheet.network.reading import END, words_of
from rnnsheet.plain import text

Example = tuple[str | Array, str]
"""A text or a picture, and what is to be said of it; "" where it is the next letter."""


def by_language(key: str, texts: Mapping[str, str]) -> dict[str, str]:
    """A text by language, as plain texts. Raises LessonError where one cannot stand in a cell."""
    if not isinstance(texts, Mapping):
        raise LessonError("not_a_text", key=key)
    return {str(language): text(f"{key}.{language}", told) for language, told in texts.items()}


def as_example(read: object, target: object = "") -> Example:
    """A text or a picture, and what is to be said of it."""
    key = "data.examples"
    return text(key, read) if isinstance(read, str) else as_picture(key, read), text(key, target)


def as_picture(key: str, given: Any) -> Array:
    """The numbers of a picture, (rows, columns). Raises LessonError where they are none, or not finite."""
    try:
        array = np.atleast_2d(np.asarray(given, np.float64))
    except (ValueError, TypeError, OverflowError):
        raise LessonError("not_numbers", name=key) from None
    if array.ndim != 2 or not array.size:
        raise LessonError("not_numbers", name=key)
    if not np.isfinite(array).all():
        row, col = np.argwhere(~np.isfinite(array))[0] + 1
        raise LessonError("not_finite", name=key, row=row, col=col)
    return array


def check_vocabulary(name: str, entries: Sequence[str], letters: bool) -> None:
    """Raises LessonError where there is no entry, one twice, or one that no cell or text can hold."""
    if not entries:
        raise LessonError("empty_vocabulary", name=name)
    times = Counter(map(str, entries))
    for entry in entries:
        fits = isinstance(entry, str) and _printable(entry) and (len(entry) == 1 or not letters)
        if not fits:
            raise LessonError("not_a_letter" if letters else "not_a_word", name=name, letter=repr(entry))
        if times[entry] > 1:
            raise LessonError("letter_twice", name=name, letter=repr(entry))


@lru_cache(maxsize=8)
def check_readable(name: str, words: tuple[str, ...]) -> None:
    """Raises LessonError where no text, read word by word, can have the word."""
    for word in words:
        if words_of(word) != (word,) and word != END:
            example = " ".join(words_of(word)) or "word"
            raise LessonError("never_read", name=name, letter=repr(word), example=repr(example))


def _printable(text: str) -> bool:
    """Spreadsheets count a letter beyond U+FFFF as two, so MID would cut it in half."""
    fits = text.isprintable() and all(ord(letter) <= 0xFFFF for letter in text)
    return fits and (text == " " or (bool(text) and text == text.strip()))
