"""Recalculation by IronCalc, the usual engine, in a process of its own: `ironcalc_program`."""

import marshal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rnnsheet.checking import library
from rnnsheet.checking.process import StoppedError
from rnnsheet.checking.recalculate import USUAL, Values, no_leftovers
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.workbook.worksheet import CellError

NAME = "ironcalc"
LIMIT = USUAL


installed, version = partial(library.installed, NAME), partial(library.version, NAME)
leftovers = no_leftovers


def command(copy: Path, folder: Path) -> Sequence[str]:
    """Python with the program."""
    return library.command(NAME, str(copy), str(LAST_COLUMN))


def values(folder: Path, output: bytes) -> Values:
    """What the program printed. Raises StoppedError with what IronCalc says of a file that it cannot take."""
    found = marshal.loads(output)
    if isinstance(found, str):
        raise StoppedError("said", reason=found)
    for sheet, cell in found["errors"]:
        found["sheets"][sheet][cell] = CellError(found["sheets"][sheet][cell])
    return Values(found["sheets"])
