"""Recalculation by Gnumeric."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rnnsheet.checking.process import version_of
from rnnsheet.checking.recalculate import USUAL, Values, no_leftovers, saved_values

NAME = "gnumeric"
LIMIT = USUAL
leftovers = no_leftovers


def installed() -> bool:
    """Whether its converter is here."""
    return shutil.which("ssconvert") is not None


def version() -> str:
    """The version that its converter says it has."""
    return version_of("ssconvert")


def command(copy: Path, folder: Path) -> Sequence[str]:
    """A conversion of the file to itself; without --recalc it believes what is stored there."""
    kinds = ["-I", "Gnumeric_Excel:xlsx", "-T", "Gnumeric_Excel:xlsx2"]
    return ["ssconvert", "--recalc", *kinds, copy.as_uri(), str(folder / "out.xlsx")]


def values(folder: Path, output: bytes) -> Values:
    """The values of the file that it has written; it escapes no letters."""
    return saved_values(folder / "out.xlsx", str)
