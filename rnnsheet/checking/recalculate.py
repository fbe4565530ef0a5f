"""What a spreadsheet engine must be able to do for a check, and which ones there are."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from rnnsheet.sheet.plan import Block


class Recalculated(Protocol):
    """A workbook after recalculation."""

    @property
    def sheets(self) -> Collection[str]:
        """The names of the sheets that the engine has read."""

    def value(self, sheet: str, row: int, col: int) -> Any:
        """The cell's value: float, str, bool, CellError, or None for an empty cell."""


Recalculate = Callable[[Path], Recalculated]
"""Recalculates every formula of a file, whatever values are stored in it; the file stays as it is."""


def values(recalculated: Recalculated, block: Block) -> Sequence[Sequence[Any]]:
    """The value of each cell of a block, row by row: what is known of it, or what the engine found."""
    if block.values is not None:
        return block.values
    area = block.area
    found = [
        [recalculated.value(area.sheet, area.row + down, area.col + right) for right in range(area.cols)]
        for down in range(area.rows)
    ]
    return [["" if value is None else value for value in row] for row in found]
