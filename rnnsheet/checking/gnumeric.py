"""Recalculation by Gnumeric."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rnnsheet.checking.process import limited, version_of
from rnnsheet.checking.recalculate import Values, room, saved_values
from rnnsheet.workbook.package import Package

NAME = "gnumeric"
CLOSED = False


def installed() -> bool:
    """Whether its converter is here."""
    return shutil.which("ssconvert") is not None


def version() -> str:
    """The version that its converter says it has."""
    return version_of("ssconvert")


def command(package: Package, folder: Path) -> Sequence[str]:
    """A conversion of the file to itself; without --recalc it believes what is stored there."""
    copy = str(folder / "out.xlsx")
    file = package.path.absolute().as_uri()
    kinds = ["-I", "Gnumeric_Excel:xlsx", "-T", "Gnumeric_Excel:xlsx2"]
    return limited(["ssconvert", "--recalc", *kinds, file, copy], room(package))


def leftovers(folder: Path) -> Sequence[Path]:
    """Nothing."""
    return ()


def values(package: Package, folder: Path, output: bytes) -> Values:
    """The values of the file that it has written."""
    return saved_values(folder / "out.xlsx")
