"""How much room the cells of a sheet have for what they show, and whether all can be scrolled to."""

import unicodedata
from functools import cache
from math import isfinite

from rnnsheet.sheet.plan import Sheet
from rnnsheet.workbook.looks import LEAST_SIZE, USUAL_SIZE, Styles
from rnnsheet.workbook.style import LOOKS
from rnnsheet.workbook.view import USUAL_HEIGHT, height_of
from rnnsheet.workbook.worksheet import Grid

_PADDING, _INDENT = 0.7, 1.34
"""In digits: what of a column stays free, and how wide three blanks are. Those of Calibri."""
_NARROW = frozenset(".,:;-'!|ilj ")
"""The signs that are about half as wide as a digit."""
_ALMOST = 0.85
"""Of the room that a plan gives: programs that save a file measure columns by another font."""
_MOST_COLUMNS, _WIDEST, _HIGHEST = 100, 120.0, 300.0
"""How much may stay in sight, in digits and in points: the window of a small screen shows more."""


class Room:
    """How much room a file gives the cells of a sheet, beside what the plan gives them."""

    def __init__(self, sheet: Sheet, grid: Grid, styles: Styles):
        self._sheet, self._grid, self._styles = sheet, grid, styles
        self.width = cache(grid.view.width)
        self.is_ample = cache(self._is_ample)

    def of(self, style: str | None, col: int, size: float) -> float:
        """For how many digits a cell has room, in letters of a size."""
        return _room(
            self.width(col), self._styles.look(style).indent, self._styles.size / max(size, LEAST_SIZE)
        )

    @property
    def scrolls(self) -> bool:
        """Whether what is frozen leaves room for the rest of the sheet."""
        (left, top), (cols, rows) = self._grid.view.first, self._grid.view.frozen
        wide = sum(map(self.width, range(left, left + min(cols, _MOST_COLUMNS))))
        return cols <= _MOST_COLUMNS and wide <= _WIDEST and self._height(top, top + rows) <= _HIGHEST

    def _is_ample(self, planned: str, style: str | None, col: int) -> bool:
        """Whether a cell has about as much room as the plan gives it, by the style that it has there."""
        look, width = LOOKS[planned], self._sheet.widths.get(col, self._sheet.width)
        own = self.of(style, col, self._styles.look(style).font.size)
        return own >= _ALMOST * _room(width, look.indent, USUAL_SIZE / look.size)

    def _height(self, first: int, end: int) -> float:
        """How high the rows from one to before another are together."""
        view, total, place = self._grid.view, 0.0, first
        starts = [row for row, _ in self._grid.rows[1:]]
        for (_, row), stop in zip(self._grid.rows, [*starts, end], strict=True):
            height = height_of(row, view)
            if (stop := min(stop, end)) > place:
                total += (height if isfinite(height) else USUAL_HEIGHT) * (stop - place)
                place = stop
        return total + USUAL_HEIGHT * (end - place)


def width_of(text: str) -> float:
    """How wide a text is, in digits."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(letter in _NARROW for letter in text) / 2


def _room(width: float, indent: int, scale: float) -> float:
    return (width - _PADDING - _INDENT * indent) * scale
