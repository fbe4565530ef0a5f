"""Word vectors that others have learned, from a file of GloVe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnsheet.errors import DataError
from rnnsheet.files import check_file

_LONGEST = 1 << 17
"""More bytes than a line has, of a word and its numbers."""
_MOST = 20_000_000
"""More numbers than a workbook has room for."""


def read(path: Path, lemmas: Sequence[str], advance: Callable[[int], object]) -> NDArray[np.float32]:
    """The vectors of the words, (words + 1, dimensions): of word k, from 0, row k + 1.

    Row 0 is zero, and that of a word that the file does not have. A line of the file is a word and its
    numbers, parted by blanks. `advance` is told how many bytes were read. Raises DataError, with the row,
    where the file is something else or has none of the words.
    """
    numbers = {lemma: number for number, lemma in enumerate(lemmas, 1)}
    found: dict[int, NDArray[np.float32]] = {}
    dimensions = 0
    check_file(path, DataError)
    try:
        with path.open("rb") as file:
            for row, line in enumerate(iter(lambda: file.readline(_LONGEST + 1), b""), 1):
                advance(len(line))
                if len(line) > _LONGEST:
                    raise DataError("long_line", place=str(path), row=row, most=_LONGEST)
                dimensions = dimensions or line.count(b" ")
                if dimensions * len(lemmas) > _MOST:
                    raise DataError("wrong_vector", place=str(path), row=row, expected=_MOST // len(lemmas))
                # A word of GloVe's may have a blank inside.
                word, *given = line.decode("utf-8", "replace").rstrip().rsplit(" ", dimensions)
                if word in numbers:
                    found[numbers[word]] = _vector(given, dimensions, path, row)
    except OSError as error:
        raise DataError("unreadable", place=str(path), reason=error.strerror or error) from None
    if not found:
        raise DataError("no_vectors", place=str(path))
    vectors = np.zeros((len(lemmas) + 1, dimensions), np.float32)
    for number, vector in found.items():
        vectors[number] = vector
    return vectors


def _vector(given: Sequence[str], dimensions: int, path: Path, row: int) -> NDArray[np.float32]:
    try:
        vector = np.array(given, np.float32)
    except ValueError:
        vector = np.empty(0, np.float32)
    if not len(vector) == dimensions > 0 or not np.isfinite(vector).all():
        raise DataError("wrong_vector", place=str(path), row=row, expected=dimensions)
    return vector
