"""Which cells a plan takes, and which its formulas read."""

from collections.abc import Iterator
from dataclasses import replace

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token
from openpyxl.utils import range_boundaries

from rnnsheet.labels import labels
from rnnsheet.sheet.plan import Area, Plan, quoted

Cell = tuple[str, int, int]


def cells(area: Area) -> list[Cell]:
    """Sheet, row and column of each cell of an area."""
    return [
        (area.sheet, row, col)
        for row in range(area.row, area.row + area.rows)
        for col in range(area.col, area.col + area.cols)
    ]


def taken(planned: Plan) -> list[Cell]:
    """Every cell that a block or a text covers, as often as it is covered."""
    texts = [
        (sheet.name, text.row, text.col + right)
        for sheet in planned.sheets
        for text in sheet.texts
        for right in range(text.span)
    ]
    return texts + [cell for block in planned.blocks() for cell in cells(block.area)]


def filled(planned: Plan) -> set[Cell]:
    """Every cell in which something stands."""
    texts = {(sheet.name, text.row, text.col) for sheet in planned.sheets for text in sheet.texts}
    return texts | {cell for block in planned.blocks() for cell in cells(block.area)}


def referred(planned: Plan) -> set[Cell]:
    """Every cell that a formula refers to, as openpyxl's own tokenizer reads it, not ours."""
    return {cell for area in _ranges(planned) for cell in _cells_of(*area)}


def _ranges(planned: Plan) -> set[tuple[str, str]]:
    return {
        (token.value.rpartition("!")[0].strip("'") or block.area.sheet, token.value.rpartition("!")[2])
        for block in planned.blocks()
        for text in {text for row in block.formulas() for text in row if text}
        for token in Tokenizer(f"={text}").items
        if token.type == Token.OPERAND and token.subtype == Token.RANGE
    }


def _cells_of(sheet: str, named: str) -> Iterator[Cell]:
    left, top, right, bottom = range_boundaries(named)
    for row in range(top, bottom + 1):
        for col in range(left, right + 1):
            yield sheet, row, col


def blocks_in_english(planned: Plan) -> list[tuple[str, Area, list[list[str]]]]:
    """Name, place and formulas of every block, with the English names of sheets."""
    names = {own: labels("en").sheets[key] for key, own in labels(planned.language).sheets.items()}

    def english(text: str) -> str:
        for own, name in names.items():
            # A formula also says where something is wrong.
            text = text.replace(f"{quoted(own)}!", f"{quoted(name)}!").replace(f'"{own} ', f'"{name} ')
        return text

    return [
        (
            block.name,
            replace(block.area, sheet=names.get(block.area.sheet, block.area.sheet)),
            [[english(text) for text in row] for row in block.formulas()] if block.fills else [],
        )
        for block in planned.blocks()
    ]
