"""Recalculation by IronCalc: this module is also the program that does it."""

import marshal
import os
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsheet.sheet.grid import key

if TYPE_CHECKING:
    from rnnsheet.checking.recalculate import Values

NAME = "ironcalc"
CLOSED = True

_STYLES = "xl/styles.xml"
_CELL_STYLES = b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
_ROOM, _ROOM_PER_BYTE = 640 << 20, 12
"""The memory that it may take: for itself, and for each byte of the file's parts."""


def installed() -> bool:
    """Whether the package is here."""
    return find_spec("ironcalc") is not None


def version() -> str:
    """The version of the package."""
    from importlib.metadata import version

    return version("ironcalc")


def command(path: Path, folder: Path) -> Sequence[str]:
    """This module as a program, which finds what this process finds, and nothing else."""
    found = [str(Path(entry).absolute()) for entry in sys.path]
    program = f"import sys; sys.path[:] = {found!r}; from {__name__} import main; main({str(path)!r})"
    return [sys.executable, "-I", "-S", "-c", program]


def values(path: Path, folder: Path, output: bytes) -> "Values":
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


def _recalculated(path: str) -> Any:
    """The values of a file, as plain data; or what IronCalc says of it."""
    import ironcalc

    try:
        model = ironcalc.load_from_xlsx(_with_cell_styles(path), "en", "UTC", "en")
        model.evaluate()
    except BaseException as error:
        # A panic inside IronCalc is no Exception, and its class cannot be imported.
        return str(error)
    names = [sheet["name"] for sheet in model.get_worksheets_properties()]
    sheets: list[dict[int, Any]] = [{} for _ in names]
    errors = []
    for sheet, row, col in model.get_all_cells():
        value = model.get_cell_value(sheet, row, col)
        if value is not None:
            cell = key(row, col)
            sheets[sheet][cell] = value
            if (
                isinstance(value, str)
                and model.get_cell_type(sheet, row, col) == ironcalc.CellType.ErrorValue
            ):
                errors.append((names[sheet], cell))
    return {"sheets": dict(zip(names, sheets, strict=True)), "errors": errors}


def _with_cell_styles(path: str) -> str:
    """The file, or a copy with the table of cell styles that Gnumeric leaves out and IronCalc needs."""
    with zipfile.ZipFile(path) as source:
        styles = source.read(_STYLES) if _STYLES in source.namelist() else _CELL_STYLES
        if b"<cellStyles" in styles:
            return path
        with zipfile.ZipFile("workbook.xlsx", "w") as target:
            for item in source.infolist():
                content = source.read(item)
                if item.filename == _STYLES:
                    content = content.replace(b"</cellXfs>", b"</cellXfs>" + _CELL_STYLES, 1)
                target.writestr(item.filename, content)
    return "workbook.xlsx"


def _limit_memory(path: str) -> None:
    """Lets a file that wants more memory than any honest one fail, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    with zipfile.ZipFile(path) as archive:
        room = _ROOM + _ROOM_PER_BYTE * sum(item.file_size for item in archive.infolist())
    resource.setrlimit(resource.RLIMIT_AS, (room, room))


def main(path: str) -> None:
    """Prints the values of a file for `values` above, as Python's own plain data."""
    # IronCalc prints remarks past Python's own stream.
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit_memory(path)
    with os.fdopen(output, "wb") as stream:
        marshal.dump(_recalculated(path), stream)
