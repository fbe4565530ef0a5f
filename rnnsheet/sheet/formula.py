"""A formula that fills: the text of a block's first cell, shifted right and down as a spreadsheet does it."""

import re
from collections.abc import Callable
from functools import cache, cached_property

# A string, a cell reference that is not part of a longer word, or a quoted name without one.
_TOKEN = re.compile(
    r"""("[^"]*")|(?<![\w.$!])((?:(?:\w+|'(?:[^']|'')*')!)?)(\$?)([A-Z]{1,3})(\$?)(\d+)(?![\w.(!])|('[^']*')"""
)


_BETWEEN, _ROW = "\x01", "\x02"
"""Signs that no formula has: between two cells, and where the number of a row goes."""


@cache
def column_letters(col: int) -> str:
    """The letters of a column counted from 1: 27 is AA."""
    text = ""
    while col:
        col, digit = divmod(col - 1, 26)
        text = chr(65 + digit) + text
    return text


def column_number(letters: str) -> int:
    """The column's number from 1: AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class Formula:
    """The formula of a block's first cell, without `=`; `$` marks what stays when it fills."""

    def __init__(self, text: str):
        self.text = text
        self._rows: dict[int, tuple[str, list[int]]] = {}
        """What `_row` has found, by the width."""

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @cached_property
    def _pieces(self) -> list[str | tuple[int, bool, int, bool]]:
        """Literal texts, and references as (column, fixed, row, fixed)."""
        pieces: list[str | tuple[int, bool, int, bool]] = []
        end = 0
        for match in _TOKEN.finditer(self.text):
            text, sheet, col_fixed, col, row_fixed, row, name = match.groups()
            if text or name:
                continue
            pieces.append(self.text[end : match.start()] + sheet)
            pieces.append((column_number(col), bool(col_fixed), int(row), bool(row_fixed)))
            end = match.end()
        pieces.append(self.text[end:])
        return pieces

    def _row(self, width: int) -> tuple[str, list[int]]:
        """The texts of `width` cells as a template, and the numbers of the rows in it that move."""
        if width not in self._rows:
            pattern, moving, numbers = "", [], []
            for piece in self._pieces:
                if isinstance(piece, str):
                    pattern += piece.replace("%", "%%")
                    continue
                col, col_fixed, number, row_fixed = piece
                if not row_fixed:
                    numbers.append(number)
                row = f"${number}" if row_fixed else _ROW
                pattern += f"${column_letters(col)}{row}" if col_fixed else f"%s{row}"
                if not col_fixed:
                    moving.append([column_letters(col + right) for right in range(width)])
            columns = zip(*moving, strict=True) if moving else [()] * width
            texts = _BETWEEN.join([pattern % each for each in columns])
            self._rows[width] = texts.replace("%", "%%").replace(_ROW, "%s"), numbers * width
        return self._rows[width]

    def cells(self, width: int, row: Callable[[int], str]) -> list[str]:
        """The texts of `width` cells from left to right; `row` gives the text of a row that moves."""
        template, numbers = self._row(width)
        own = numbers[: len(numbers) // width]
        return (template % tuple([row(number) for number in own] * width)).split(_BETWEEN)

    def rows(self, down: int, count: int, width: int) -> list[str]:
        """The texts of `count` rows of `width` cells, row by row, from `down` rows below the first."""
        template, numbers = self._row(width)
        places = tuple([number + row for row in range(down, down + count) for number in numbers])
        return (_BETWEEN.join([template] * count) % places).split(_BETWEEN)

    def moved(self, down: int, right: int) -> str:
        """The text of the cell so far below the first and to its right; it may be above or left of it."""
        text = ""
        for piece in self._pieces:
            if isinstance(piece, str):
                text += piece
            else:
                col, col_fixed, row, row_fixed = piece
                text += f"${column_letters(col)}" if col_fixed else column_letters(col + right)
                text += f"${row}" if row_fixed else str(row + down)
        return text
