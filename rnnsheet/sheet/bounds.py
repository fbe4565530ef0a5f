"""The bounds of a worksheet, and one number for each of its cells."""

from rnnsheet.sheet.formula import column_letters

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384


def key(row: int, col: int) -> int:
    """One number for a cell; rows and columns count from 1."""
    return row * LAST_COLUMN + col - 1


def a1(cell: int) -> str:
    """What a cell is called, such as H23."""
    row, right = divmod(cell, LAST_COLUMN)
    return f"{column_letters(right + 1)}{row}"
