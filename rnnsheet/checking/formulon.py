"""Recalculation by formulon, which models Excel 365, in a process of its own: `formulon_program`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rnnsheet.checking import library
from rnnsheet.checking.recalculate import Limit, Values, no_leftovers, saved_values

NAME = "formulon"
LIMIT = Limit(15, 3e-4)
"""It is compiled from WebAssembly each time, and loads slowly: it needs half of this."""


installed, version = partial(library.installed, NAME), partial(library.version, NAME)
leftovers = no_leftovers


def command(copy: Path, folder: Path) -> Sequence[str]:
    """Python with the program."""
    return library.command(NAME, str(copy), str(folder / "out.xlsx"))


def values(folder: Path, output: bytes) -> Values:
    """The values of the file that the program has written."""
    return saved_values(folder / "out.xlsx")
