"""Types into a workbook's cells as a person would, in IronCalc."""

from dataclasses import replace
from functools import cached_property
from itertools import product
from pathlib import Path

import ironcalc
import openpyxl
from openpyxl.formula.translate import Translator

from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.workbook.worksheet import CellError
from tests.lessons import hello


def block(name: str, sheet: str, lesson=None) -> Block:
    """The block of that name on that sheet."""
    blocks = plan(lesson or hello(), "en").blocks()
    return next(block for block in blocks if block.name == name and block.area.sheet == sheet)


class Typist:
    """A workbook to type into, and its values after that."""

    def __init__(self, path: Path):
        self.model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        self.sheets = [entry["name"] for entry in self.model.get_worksheets_properties()]
        self.stale = True

    def type(self, area: Area, text: str) -> None:
        """Types into the area's first cell."""
        self.model.set_user_input(self.sheets.index(area.sheet), area.row, area.col, text)
        self.stale = True

    def recalculate(self) -> None:
        """Evaluates the workbook, if something was typed since."""
        if self.stale:
            self.model.evaluate()
        self.stale = False

    def value(self, area: Area) -> object:
        """The value of the area's first cell."""
        return self.values_of(area)[0][0]

    def values(self, block: Block) -> list[list[object]]:
        """The values of a block."""
        return self.values_of(block.area)

    def values_of(self, area: Area) -> list[list[object]]:
        """The values of an area, after recalculation."""
        self.recalculate()
        sheet = self.sheets.index(area.sheet)
        return [
            [self.model.get_cell_value(sheet, area.row + i, area.col + j) for j in range(area.cols)]
            for i in range(area.rows)
        ]

    def cell(self, sheet: str, row: int, col: int) -> object:
        """The value of a cell, after recalculation; a CellError where it shows one."""
        self.recalculate()
        place = self.sheets.index(sheet), row, col
        value = self.model.get_cell_value(*place)
        is_error = self.model.get_cell_type(*place) == ironcalc.CellType.ErrorValue
        return CellError(value) if is_error else value

    def errors(self, sheet: str) -> list[str]:
        """The errors that the sheet's cells show."""
        self.recalculate()
        index = self.sheets.index(sheet)
        kind = ironcalc.CellType.ErrorValue
        cells = [cell for cell in self.cells if cell[0] == index]
        return [
            self.model.get_formatted_cell_value(*cell)
            for cell in cells
            if self.model.get_cell_type(*cell) == kind
        ]

    @cached_property
    def cells(self) -> list[tuple[int, int, int]]:
        """The sheet, row and column of every cell that is not empty."""
        return list(self.model.get_all_cells())


def marked(path: Path, area: Area) -> set[tuple[int, int]]:
    """The cells of an area, by their distance from its first, where the file's rule with a formula holds."""
    typist, found = Typist(path), []
    for formatted in openpyxl.load_workbook(path)[area.sheet].conditional_formatting:
        rules = [rule for rule in formatted.rules if rule.type == "expression"]
        if not rules or str(formatted.sqref) != area.a1:
            continue
        for down, right in product(range(area.rows), range(area.cols)):
            cell = area.part(down, right)
            # In the same row, far to the right.
            beside = replace(cell, col=cell.col + 500)
            condition = Translator(f"={rules[0].formula[0]}", area.part().a1).translate_formula(cell.a1)
            typist.type(beside, condition)
            found.append((down, right, beside))
    return {(down, right) for down, right, beside in found if typist.value(beside) is True}
