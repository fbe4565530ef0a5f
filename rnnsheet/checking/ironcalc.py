"""Recalculation by IronCalc, in process."""

import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ironcalc

from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.read import CellError

NAME = "ironcalc"

_STYLES = "xl/styles.xml"
_CELL_STYLES = b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'


class Recalculated:
    """A workbook that IronCalc has recalculated (recalculate.Recalculated)."""

    def __init__(self, model: Any):
        self._model = model
        self.sheets = {sheet["name"]: index for index, sheet in enumerate(model.get_worksheets_properties())}

    def value(self, sheet: str, row: int, col: int) -> Any:
        index = self.sheets.get(sheet)
        if index is None:
            return None
        value = self._model.get_cell_value(index, row, col)
        if (
            isinstance(value, str)
            and self._model.get_cell_type(index, row, col) == ironcalc.CellType.ErrorValue
        ):
            return CellError(value)
        return value


def recalculate(path: Path) -> Recalculated:
    """Loads the file and evaluates all of it. Raises WorkbookError where IronCalc cannot."""
    try:
        with tempfile.TemporaryDirectory() as folder, _quiet():
            model = ironcalc.load_from_xlsx(str(_with_cell_styles(path, Path(folder))), "en", "UTC", "en")
            model.evaluate()
    except BaseException as error:
        # A panic inside IronCalc is no Exception, and its class cannot be imported.
        if not isinstance(error, ironcalc.WorkbookError) and type(error).__name__ != "PanicException":
            raise
        raise WorkbookError("engine_failed", place=str(path), engine=NAME, reason=error) from None
    return Recalculated(model)


def _with_cell_styles(path: Path, folder: Path) -> Path:
    """The file, or a copy with the table of cell styles that Gnumeric leaves out and IronCalc needs."""
    with zipfile.ZipFile(path) as source:
        styles = source.read(_STYLES) if _STYLES in source.namelist() else _CELL_STYLES
        if b"<cellStyles" in styles:
            return path
        copy = folder / "workbook.xlsx"
        with zipfile.ZipFile(copy, "w") as target:
            for item in source.infolist():
                content = source.read(item)
                if item.filename == _STYLES:
                    content = content.replace(b"</cellXfs>", b"</cellXfs>" + _CELL_STYLES, 1)
                target.writestr(item.filename, content)
    return copy


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences what IronCalc prints past Python's own streams: remarks on stdout, backtraces on stderr."""
    sys.stdout.flush()
    saved, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        for stream, copy in enumerate(saved, start=1):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)
