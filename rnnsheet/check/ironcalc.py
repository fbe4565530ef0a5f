"""Recalculation by IronCalc, in process."""

from pathlib import Path
from typing import Any

import ironcalc

from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.read import CellError

NAME = "ironcalc"


class Recalculated:
    """A workbook that IronCalc has recalculated (recalculate.Recalculated)."""

    def __init__(self, model: Any):
        self._model = model
        self._sheets = {sheet["name"]: index for index, sheet in enumerate(model.get_worksheets_properties())}

    def value(self, sheet: str, row: int, col: int) -> Any:
        index = self._sheets[sheet]
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
        model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        model.evaluate()
    except ironcalc.WorkbookError as error:
        raise WorkbookError("engine_failed", place=str(path), engine=NAME, reason=error) from None
    return Recalculated(model)
