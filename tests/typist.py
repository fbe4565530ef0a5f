"""Types into a workbook's cells as a person would, in IronCalc."""

from pathlib import Path

import ironcalc

from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Area, Block
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

    def type(self, area: Area, text: str) -> None:
        """Types into the area's first cell."""
        self.model.set_user_input(self.sheets.index(area.sheet), area.row, area.col, text)

    def value(self, area: Area) -> object:
        """The value of the area's first cell."""
        return self.values_of(area)[0][0]

    def values(self, block: Block) -> list[list[object]]:
        """The values of a block."""
        return self.values_of(block.area)

    def values_of(self, area: Area) -> list[list[object]]:
        """The values of an area, after recalculation."""
        self.model.evaluate()
        sheet = self.sheets.index(area.sheet)
        return [
            [self.model.get_cell_value(sheet, area.row + i, area.col + j) for j in range(area.cols)]
            for i in range(area.rows)
        ]

    def errors(self, sheet: str) -> list[str]:
        """The errors that the sheet's cells show."""
        self.model.evaluate()
        index = self.sheets.index(sheet)
        _, last_row, _, last_col = 1, 300, 1, 300
        values = (
            self.model.get_formatted_cell_value(index, row, col)
            for row in range(1, last_row)
            for col in range(1, last_col)
        )
        return [value for value in values if value.startswith("#")]
