"""Files of labelled sentences: recognised by looking at them, read row by row."""

from __future__ import annotations

import codecs
import csv
import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnsheet.errors import DataError
from rnnsheet.sentiment.sequences import Sequences
from rnnsheet.sentiment.words import words


class Layout(NamedTuple):
    """How many columns a file has, and in which of them, from 0, the label and the text are."""

    columns: int
    label: int
    text: int


LAYOUTS = (Layout(6, 0, 5), Layout(2, 0, 1), Layout(2, 1, 0), Layout(3, 1, 2))
"""Sentiment140 (label, id, date, query, user, text); label and text in either order; id, label and text."""

SCALES: tuple[Mapping[str, bool | None], ...] = (
    {"0": False, "1": True},
    {"0": False, "2": None, "4": True},
    {"negative": False, "neutral": None, "positive": True},
    {"neg": False, "neu": None, "pos": True},
)
"""Which labels mean positive, which are neutral. Besides, ratings: numbers below and above 0."""

_SAMPLE = 100
"""How many rows show what layout a file has."""
_STRIDE = 1000
"""After how many rows the progress is told."""


@dataclass(frozen=True)
class Sentences:
    """The positive and negative sentences of a file: the words of each, as numbers of `forms`."""

    forms: tuple[str, ...]
    """Every word form in the order in which the file first has it."""
    words: Sequences
    positive: NDArray[np.bool_]
    neutral: int
    """How many sentences were left out because they are neither."""


def read(path: Path, advance: Callable[[int], object]) -> Sentences:
    """The sentences of a CSV or TSV file, with or without a header.

    Bytes that are not UTF-8 are taken as latin-1. The file is not held in memory: 4 bytes are kept per word,
    12 per sentence, and each word form once. `advance` is told how many bytes were read. Raises DataError,
    with the row, where the file is not a table of labelled sentences.
    """
    # A word form or label that is met for the first time gets the next number.
    forms: defaultdict[str, int] = defaultdict(lambda: len(forms))
    labels: defaultdict[str, int] = defaultdict(lambda: len(labels))
    first_rows: dict[str, int] = {}
    numbers, starts, said = array("I"), array("Q", [0]), array("I")
    for row, label, text in _labelled(path, advance):
        first_rows.setdefault(label, row)
        numbers.extend([forms[form] for form in words(unescape(text))])
        starts.append(len(numbers))
        said.append(labels[label])
    answers = np.array([-1 if answer is None else answer for answer in _answers(path, first_rows)])
    found = answers[np.asarray(said)]
    kept = found >= 0
    sentences = Sequences(np.asarray(numbers), np.asarray(starts, np.int64))
    return Sentences(tuple(forms), sentences.where(kept), found[kept] == 1, int(np.sum(~kept)))


def _labelled(path: Path, advance: Callable[[int], object]) -> Iterator[tuple[int, str, str]]:
    """Of each row its number from 1, its label and its text."""
    delimiter, layout, header = _recognised(path)
    number = 0
    try:
        for number, row in _rows(path, delimiter, advance):
            if header and number == 1:
                continue
            if (got := len(row)) != layout.columns:
                raise DataError(
                    "wrong_columns", place=str(path), row=number, got=got, expected=layout.columns
                )
            label = _plain(row[layout.label])
            if not _may_be_label(label):
                raise DataError("no_label", place=str(path), row=number, got=label[:40])
            yield number, label, row[layout.text]
    except csv.Error as error:
        raise DataError("broken_row", place=str(path), row=number + 1, reason=error) from None


def _recognised(path: Path) -> tuple[str, Layout, bool]:
    """The delimiter and layout that most of the first rows have, and whether the first of all is a header."""
    most = 0
    for delimiter in (",", "\t"):
        rows = []
        # What follows a quotation mark may be no table in one of the delimiters.
        with suppress(csv.Error):
            for _, row in islice(_rows(path, delimiter, lambda _: None), _SAMPLE):
                rows.append(row)
        for layout in LAYOUTS:
            fits = [_fits(row, layout) for row in rows]
            if sum(fits) > most:
                most = sum(fits)
                found = delimiter, layout, not fits[0] and len(rows[0]) == layout.columns
    if not most:
        raise DataError("no_sentences", place=str(path), row=1)
    return found


def _fits(row: Sequence[str], layout: Layout) -> bool:
    if len(row) != layout.columns:
        return False
    return _may_be_label(_plain(row[layout.label])) and not _may_be_label(_plain(row[layout.text]))


def _rows(path: Path, delimiter: str, advance: Callable[[int], object]) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with its number from 1. Quotation marks are signs of a CSV file alone."""
    told = 0
    try:
        with path.open("rb") as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError("not_utf8", place=str(path))
            file.seek(0)
            text = TextIOWrapper(file, "utf-8-sig", errors=_LATIN1, newline="")
            if delimiter == ",":
                reader = csv.reader(text)
            else:
                reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            for number, row in enumerate(reader, 1):
                if row:
                    yield number, row
                if number % _STRIDE == 0:
                    advance(file.tell() - told)
                    told = file.tell()
            advance(file.tell() - told)
    except OSError as error:
        raise DataError("unreadable", place=str(path), reason=error.strerror or error) from None


def _plain(label: str) -> str:
    """A label in small letters, without blanks, a whole number without a point."""
    label = label.strip().lower()
    number = _number(label)
    return label if number is None or number % 1 else f"{number:.0f}"


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _may_be_label(label: str) -> bool:
    return _number(label) is not None or any(label in scale for scale in SCALES)


def _answers(path: Path, first_rows: Mapping[str, int]) -> list[bool | None]:
    """Whether each label is positive, None for neutral. Raises DataError where they have no common scale."""
    for scale in SCALES:
        if first_rows.keys() <= scale.keys():
            return [scale[label] for label in first_rows]
    ratings = [_number(label) for label in first_rows]
    if all(rating is not None for rating in ratings) and any(rating < 0 for rating in ratings if rating):
        return [rating > 0 if rating else None for rating in ratings]
    nearest = max(SCALES, key=lambda scale: len(first_rows.keys() & scale.keys()))
    strange = next(label for label in first_rows if label not in nearest)
    raise DataError("no_label", place=str(path), row=first_rows[strange], got=strange)


def _latin1(error: UnicodeError) -> tuple[str, int]:
    """Reads the bytes that are not UTF-8 as latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


_LATIN1 = "rnnsheet.latin-1"
codecs.register_error(_LATIN1, _latin1)
