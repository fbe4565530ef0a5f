"""What is read of a file that anyone may have made: so much and no more, and every failure as one line."""

import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from rnnsheet.errors import ModelError, RenamedWarning, RnnsheetError

MOST_WEIGHTS = 20_000_000
"""More numbers than a workbook of a usable size has."""
MOST_TEXT = 20_000_000
"""More bytes than the description of a network, or a vocabulary, has."""

MOST_ROWS = 1_000_000
"""More numbers than fit below each other on a sheet."""


@contextmanager
def reading(place: str, kind: str) -> Iterator[None]:
    """Whatever goes wrong inside is the file's fault, and is raised as ModelError; no library warns."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", RenamedWarning)
            yield
    except RnnsheetError as error:
        raise error.at(place) from None
    except MemoryError:
        raise ModelError("no_memory", place=place) from None
    # Libraries that read files raise whatever they like at one that is damaged.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ModelError("damaged_model", place=place, kind=kind, reason=reason) from error


def check_count(shapes: Iterable[Sequence[int]], most: int = MOST_WEIGHTS) -> None:
    """Raises ModelError where arrays of these shapes have too many numbers."""
    count = 0
    for shape in shapes:
        # Size by size: the product of a million sizes would take minutes.
        size = 0 if 0 in shape else 1
        for length in shape:
            size *= length
            if size > most:
                break
        count += size
        if count > most:
            raise ModelError("too_many_weights", got=count, most=most)


def check_bytes(count: int, most: int = 8 * MOST_WEIGHTS) -> None:
    """Raises ModelError where something is larger than it can be."""
    if count > most:
        raise ModelError("too_large", got=count, most=most)


def check_floats(name: str, shape: Sequence[int], kind: str) -> None:
    """Raises ModelError where an array that is no floating-point numbers could be weights.

    A single number, such as a counter, and the positions that some embeddings keep are none.
    """
    if shape and not name.endswith("position_ids"):
        raise ModelError("no_floats", name=name, kind=kind)


def member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of a zip archive, unpacked. Raises ModelError where it is larger, or says that it is."""
    check_bytes(archive.getinfo(name).file_size, most)
    with archive.open(name) as file:
        content = file.read(most + 1)
    check_bytes(len(content), most)
    return content


def copy(source: Iterable[bytes], target: BinaryIO, most: int) -> None:
    """Copies piece by piece. Raises ModelError where there is more than there may be."""
    count = 0
    for piece in source:
        count += len(piece)
        check_bytes(count, most)
        target.write(piece)
