"""Recalculation by formulon, which models Excel 365, in a process of its own: `formulon_program`."""

from collections.abc import Sequence
from pathlib import Path

from rnnsheet.checking import library
from rnnsheet.checking.recalculate import Limit, Values, saved_values

NAME = "formulon"
LIMIT = Limit(15, 3e-4)
"""It is compiled from WebAssembly each time, and loads slowly: it needs half of this."""


def installed() -> bool:
    """Whether the package is here."""
    return library.installed(NAME)


def version() -> str:
    """The version of the package."""
    return library.version(NAME)


def command(copy: Path, folder: Path) -> Sequence[str]:
    """Python with the program."""
    return library.command(NAME, str(copy), str(folder / "out.xlsx"))


def leftovers(folder: Path) -> Sequence[Path]:
    """Nothing."""
    return ()


def values(folder: Path, output: bytes) -> Values:
    """The values of the file that the program has written."""
    return saved_values(folder / "out.xlsx")
