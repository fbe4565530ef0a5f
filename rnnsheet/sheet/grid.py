"""The bounds of a worksheet, and one number for each of its cells."""

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384


def key(row: int, col: int) -> int:
    """One number for a cell; rows and columns count from 1."""
    return row * LAST_COLUMN + col - 1
