"""Recalculation by IronCalc, in a process of its own: `ironcalc_program`."""

import marshal
import os
import re
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsheet.sheet.grid import LAST_COLUMN

if TYPE_CHECKING:
    from rnnsheet.checking.recalculate import Values
    from rnnsheet.workbook.package import Package

NAME = "ironcalc"
CLOSED = True

_STYLES = "xl/styles.xml"
_CELL_STYLES = b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
# What openpyxl writes for an empty cell; IronCalc makes 0 of it. The pattern is bounded: nobody has parsed
# the file yet, and a tag without an end would take the square of its length.
_EMPTY_NUMBER = re.compile(rb'(<c [^<>]{0,99}?) t="n"([^<>]{0,99}?)(/>|></c>)')
# IronCalc finds comments and tables by a path from the sheet's folder alone; openpyxl writes whole ones.
_LINKS = re.compile(r"xl/worksheets/_rels/[^/]+\.rels")
_WHOLE = re.compile(rb'(Target=")/xl/(comments|tables)/')
_PROGRAM = Path(__file__).with_name("ironcalc_program.py")


def installed() -> bool:
    """Whether the package is here."""
    return find_spec("ironcalc") is not None


def version() -> str:
    """The version of the package."""
    from importlib.metadata import version

    return version("ironcalc")


def command(package: "Package", folder: Path) -> Sequence[str]:
    """Python with the program, which finds what this process finds, and nothing else."""
    from rnnsheet.checking.recalculate import room

    found = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    path = _as_it_takes(package, folder)
    return [sys.executable, "-I", "-S", str(_PROGRAM), found, str(path), str(room(package)), str(LAST_COLUMN)]


def leftovers(folder: Path) -> Sequence[Path]:
    """Nothing."""
    return ()


def values(package: "Package", folder: Path, output: bytes) -> "Values":
    """What the program printed. Raises StoppedError with what IronCalc says of a file that it cannot take."""
    from rnnsheet.checking.process import StoppedError
    from rnnsheet.checking.recalculate import Values
    from rnnsheet.workbook.read import CellError

    found = marshal.loads(output)
    if isinstance(found, str):
        raise StoppedError("said", reason=found)
    for sheet, cell in found["errors"]:
        found["sheets"][sheet][cell] = CellError(found["sheets"][sheet][cell])
    return Values(found["sheets"])


def _as_it_takes(package: "Package", folder: Path) -> Path:
    """The file, or a copy that IronCalc reads as other programs read the file."""
    mended = {name: _EMPTY_NUMBER.sub(rb"\1\2\3", package.read(name)) for name in package.named_numbers}
    for name in filter(_LINKS.fullmatch, package.parts):
        links, count = _WHOLE.subn(rb"\1../\2/", package.read(name))
        if count:
            mended[name] = links
    # Gnumeric leaves out the table of cell styles.
    if package.has(_STYLES) and b"<cellStyles" not in (styles := package.read(_STYLES)):
        mended[_STYLES] = styles.replace(b"</cellXfs>", b"</cellXfs>" + _CELL_STYLES, 1)
    if not mended:
        return package.path.absolute()
    copy = folder / "workbook.xlsx"
    with zipfile.ZipFile(copy, "w") as target:
        for name in package.parts:
            target.writestr(name, mended.get(name) or package.read(name))
    return copy
