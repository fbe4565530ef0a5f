"""What a spreadsheet engine must be able to do for a check, and which ones there are."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol


class Recalculated(Protocol):
    """A workbook after recalculation."""

    @property
    def sheets(self) -> Collection[str]:
        """The names of the sheets that the engine has read."""

    def value(self, sheet: str, row: int, col: int) -> Any:
        """The cell's value: float, str, bool, CellError, or None for an empty cell."""


Recalculate = Callable[[Path], Recalculated]
"""Recalculates every formula of a file, whatever values are stored in it; the file stays as it is."""
