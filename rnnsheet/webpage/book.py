"""A plan as a page holds it: where cells lie, what stands in them, and each formula once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import Area, Block, Fill, Plan
from rnnsheet.webpage.grammar import Corner, Reference, parsed, references
from rnnsheet.webpage.javascript import Compiler, Grid

Formula = tuple[str | tuple[int, ...], ...]
"""A formula in parts: texts, and references."""


@dataclass
class Book:
    """The cells of a plan, as engine.js takes them."""

    sheets: list[list[Any]] = field(default_factory=list)
    """Per sheet its name, and its number of rows and columns."""
    constants: list[list[Any]] = field(default_factory=list)
    """Per block of constants: sheet, row, column, and its values row by row."""
    functions: dict[str, int] = field(default_factory=dict)
    """The number of each JavaScript function, by its text."""
    formulas: dict[Formula, int] = field(default_factory=dict)
    """The number of each formula, as `moved` writes it."""
    fills: list[list[int]] = field(default_factory=list)
    """Sheet, row, column, rows, columns, number of the function, number of the formula."""

    def cell(self, at: list[int], down: int = 0, right: int = 0) -> int:
        """Where a cell of a place lies in the page's arrays."""
        sheet, row, col = at[:3]
        start = sum(rows * cols for _, rows, cols in self.sheets[:sheet])
        return int(start + (row + down - 1) * self.sheets[sheet][2] + col + right - 1)


def book(planned: Plan) -> Book:
    """The book of a plan. Raises UnknownFormulaError where a formula has something unknown."""
    made = Book()
    grids: dict[str, Grid] = {}
    start = 0
    for sheet in planned.sheets:
        areas = [block.area for block in shown(sheet.name, sheet.blocks)]
        texts = _texts(planned) if sheet.name == manifest.NAME else []
        rows = max([area.row + area.rows - 1 for area in areas] + [row for row, _ in texts], default=0)
        cols = max([area.col + area.cols - 1 for area in areas] + [2 for _ in texts], default=0)
        grids[sheet.name] = Grid(start - cols - 1, cols)
        made.sheets.append([sheet.name, rows, cols])
        start += rows * cols
    for number, sheet in enumerate(planned.sheets):
        for block in shown(sheet.name, sheet.blocks):
            area = block.area
            if not block.fills and block.values is not None:
                values = [value for line in block.values for value in line]
                made.constants.append([number, area.row, area.col, area.cols, values])
            for fill in block.fills:
                _add(made, grids, number, block, fill)
    return made


def shown(sheet: str, blocks: list[Block]) -> Iterator[Block]:
    """The blocks of a sheet that a page has: all but those of its looks and its description."""
    return (block for block in blocks if sheet != manifest.NAME and block.entry != "reveal")


def said(planned: Plan) -> list[list[Any]]:
    """Row and text of each sentence that formulas may say, in the plan's language."""
    return [[row, text] for row, text in _texts(planned)]


def facts(planned: Plan) -> dict[str, Any]:
    """What a workbook says of itself: what is known of it, and where its inputs stand, as they are listed."""
    described = next(sheet for sheet in planned.sheets if sheet.name == manifest.NAME)
    known = [text.text for text in described.texts if text.col == 2 and text.row <= len(manifest.KEYS)]
    listed = next(block for block in described.blocks if block.name == "blocks").values or ()
    return {"facts": known, "inputs": [list(entry) for entry in listed if entry[-1] == "input"]}


def _texts(planned: Plan) -> list[tuple[int, str]]:
    described = next(sheet for sheet in planned.sheets if sheet.name == manifest.NAME)
    return [
        (text.row, text.text) for text in described.texts if text.col == 2 and text.row > len(manifest.KEYS)
    ]


def _add(made: Book, grids: dict[str, Grid], sheet: int, block: Block, fill: Fill) -> None:
    name, row, col = block.area.sheet, block.area.row + fill.down, block.area.col + fill.right
    text = fill.formula.text
    numbers = {entry[0]: number for number, entry in enumerate(made.sheets)}
    function = Compiler(grids, name, row, col).function(parsed(text))
    formula = moved(text, row, col, numbers)
    made.fills.append(
        [
            *(sheet, row, col, fill.rows, fill.cols),
            made.functions.setdefault(function, len(made.functions)),
            made.formulas.setdefault(formula, len(made.formulas)),
        ]
    )


def moved(text: str, row: int, col: int, sheets: dict[str, int]) -> Formula:
    """A formula of the cell (row, col) with each reference as numbers: its sheet, -1 for the cell's own; what
    goes with the cell, as bits, of first row 1, first column 2, last row 4, last column 8; first row and
    column, and of areas the last ones, from where the cell stands if they go with it.
    """

    def corner(at: Corner) -> tuple[int, int]:
        return at.row if at.row_fixed else at.row - row, at.col if at.col_fixed else at.col - col

    def reference(of: Reference) -> tuple[int, ...]:
        fixed = of.first.row_fixed, of.first.col_fixed, of.last.row_fixed, of.last.col_fixed
        moves = sum(1 << bit for bit, stays in enumerate(fixed) if not stays)
        last = () if of.is_cell else corner(of.last)
        return sheets[of.sheet] if of.sheet else -1, moves, *corner(of.first), *last

    parts = (part for before, found in references(text) for part in (before, found))
    return tuple(reference(part) if isinstance(part, Reference) else part for part in parts if part)


def place(made: Book, area: Area) -> list[int]:
    """Where an area stands, as a page takes it: sheet, row, column, rows, columns."""
    sheet = next(number for number, entry in enumerate(made.sheets) if entry[0] == area.sheet)
    return [sheet, area.row, area.col, area.rows, area.cols]
