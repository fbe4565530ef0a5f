"""Files of labelled sentences: recognised by looking at them, read row by row."""

from __future__ import annotations

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
from rnnsheet.sentiment.source import opened
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
_LONGEST = 1 << 20
"""More signs than a line of a table has."""
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
    assumed: tuple[str, ...]
    """What the file does not say and was taken for granted: what `source.opened` adds, and "semicolon"."""


def read(path: Path, advance: Callable[[int], object]) -> Sentences:
    """The sentences of a CSV or TSV file, with or without a header, also packed as `source.opened` reads it.

    The file is not held in memory: 4 bytes are kept per word, 12 per sentence, and each word form once.
    `advance` is told how many bytes were read. Raises DataError, with the row, where the file is not a table
    of labelled sentences.
    """
    # A word form or label that is met for the first time gets the next number.
    forms: defaultdict[str, int] = defaultdict(lambda: len(forms))
    labels: defaultdict[str, int] = defaultdict(lambda: len(labels))
    first_rows: dict[str, int] = {}
    numbers, starts, said = array("I"), array("Q", [0]), array("I")
    assumed: set[str] = set()
    for row, label, text in _labelled(path, assumed, advance):
        first_rows.setdefault(label, row)
        numbers.extend([forms[form] for form in words(unescape(text))])
        starts.append(len(numbers))
        said.append(labels[label])
    answers = np.array([-1 if answer is None else answer for answer in _answers(path, first_rows)])
    found = answers[np.asarray(said)]
    kept = found >= 0
    sentences = Sequences(np.asarray(numbers), np.asarray(starts, np.int64))
    return Sentences(
        tuple(forms), sentences.where(kept), found[kept] == 1, int(np.sum(~kept)), tuple(sorted(assumed))
    )


def _labelled(
    path: Path, assumed: set[str], advance: Callable[[int], object]
) -> Iterator[tuple[int, str, str]]:
    """Of each row its number from 1, its label and its text."""
    delimiter, layout, header = _recognised(path)
    if delimiter == ";":
        assumed.add("semicolon")
    number = 0
    try:
        for number, row in _rows(path, delimiter, assumed, advance):
            if header and number == 1:
                continue
            if (got := len(row)) != layout.columns:
                raise DataError(
                    "wrong_columns", place=str(path), row=number, got=got, expected=layout.columns
                )
            if any("\0" in entry for entry in row):
                raise DataError("nul", place=str(path), row=number)
            label = _normalized(row[layout.label], delimiter)
            if not _may_be_label(label):
                raise DataError("no_label", place=str(path), row=number, got=label[:40])
            yield number, label, row[layout.text]
    except csv.Error as error:
        if str(error) == "unexpected end of data":
            raise DataError("open_quote", place=str(path), row=number + 1) from None
        raise DataError("broken_row", place=str(path), row=number + 1, reason=error) from None


def _recognised(path: Path) -> tuple[str, Layout, bool]:
    """The delimiter and layout that most of the first rows have, and whether the first of all is a header."""
    most = 0
    for delimiter in (",", "\t", ";"):
        rows = []
        # What follows a quotation mark may be no table in one of the delimiters.
        with suppress(csv.Error):
            for _, row in islice(_rows(path, delimiter, set(), lambda _: None), _SAMPLE):
                rows.append(row)
        for layout in LAYOUTS:
            fits = [_fits(row, layout, delimiter) for row in rows]
            if sum(fits) > most:
                most = sum(fits)
                found = delimiter, layout, not fits[0] and len(rows[0]) == layout.columns
    if not most:
        raise DataError("no_sentences", place=str(path), row=1)
    return found


def _fits(row: Sequence[str], layout: Layout, delimiter: str) -> bool:
    if len(row) != layout.columns:
        return False
    label, text = (_normalized(row[col], delimiter) for col in (layout.label, layout.text))
    return _may_be_label(label) and not _may_be_label(text)


def _rows(
    path: Path, delimiter: str, assumed: set[str], advance: Callable[[int], object]
) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with its number from 1. In a TSV file quotation marks are plain signs."""
    told = 0
    with opened(path, assumed) as (text, tell):
        if delimiter == "\t":
            reader = csv.reader(_lines(path, text), delimiter=delimiter, quoting=csv.QUOTE_NONE)
        else:
            reader = csv.reader(_lines(path, text), delimiter=delimiter, strict=True)
        try:
            for number, row in enumerate(reader, 1):
                if row:
                    yield number, row
                if number % _STRIDE == 0:
                    advance(tell() - told)
                    told = tell()
        except UnicodeDecodeError as error:
            raise DataError("not_utf8", place=str(path)) from error
        advance(tell() - told)


def _lines(path: Path, text: TextIOWrapper) -> Iterator[str]:
    """The lines, as long as none is longer than any honest one."""
    for row, line in enumerate(iter(lambda: text.readline(_LONGEST + 1), ""), 1):
        if len(line) > _LONGEST:
            raise DataError("long_line", place=str(path), row=row, most=_LONGEST)
        yield line


def _normalized(label: str, delimiter: str) -> str:
    """A label in small letters, without blanks, a whole number without a point.

    Where semicolons part the columns, a comma is that of a decimal number.
    """
    label = label.strip().lower()
    number = _number(label.replace(",", ".") if delimiter == ";" else label)
    if number is not None and delimiter == ";":
        label = label.replace(",", ".")
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
