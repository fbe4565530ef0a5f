"""A plan as a page holds it: where cells lie, what stands in them, and each formula once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import Area, Block, Fill, Plan
from rnnsheet.webpage.grammar import Corner, Reference, parsed, references
from rnnsheet.webpage.javascript import Compiler, Grid


@dataclass
class Book:
    """The cells of a plan, as engine.js takes them."""

    sheets: list[list[Any]] = field(default_factory=list)
    """Per sheet its name, and its number of rows and columns."""
    constants: list[list[Any]] = field(default_factory=list)
    """Per block of constants: sheet, row, column, and its values row by row."""
    functions: dict[str, int] = field(default_factory=dict)
    """The number of each JavaScript function, by its text."""
    formulas: dict[str, int] = field(default_factory=dict)
    """The number of each formula, by its text with the references as `moved` writes them."""
    fills: list[list[int]] = field(default_factory=list)
    """Sheet, row, column, rows, columns, number of the function, number of the formula."""


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


def moved(text: str, row: int, col: int, sheets: dict[str, int]) -> str:
    """A formula with each reference as `{sheet!row,col:row,col}` from the cell it stands in; `$` is fixed."""

    def corner(at: Corner) -> str:
        down = f"${at.row}" if at.row_fixed else str(at.row - row)
        right = f"${at.col}" if at.col_fixed else str(at.col - col)
        return f"{down},{right}"

    def reference(of: Reference) -> str:
        sheet = f"{sheets[of.sheet]}!" if of.sheet else ""
        last = "" if of.is_cell else f":{corner(of.last)}"
        return f"{{{sheet}{corner(of.first)}{last}}}"

    return "".join(before + (reference(found) if found else "") for before, found in references(text))


def place(made: Book, area: Area) -> list[int]:
    """Where an area stands, as a page takes it: sheet, row, column, rows, columns."""
    sheet = next(number for number, entry in enumerate(made.sheets) if entry[0] == area.sheet)
    return [sheet, area.row, area.col, area.rows, area.cols]
