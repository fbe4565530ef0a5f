"""What is drawn over the cells of a worksheet, as data: diagrams of boxes and arrows, and flows of states."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A box in a diagram, in pixels from its corner: a name, below it how it is computed."""

    name: str
    text: str
    style: str
    """That of the cells of the same part of the network."""
    x: int
    y: int
    width: int
    height: int
    dashed: bool = False


@dataclass(frozen=True)
class Arrow:
    """A line in a diagram from one point to another, in pixels."""

    x: int
    y: int
    to_x: int
    to_y: int
    dashed: bool = False
    """It leads from or to another time step."""
    head: bool = True


@dataclass(frozen=True)
class Diagram:
    """Boxes and arrows, with the cell of their corner, their size in pixels, and what they show in words."""

    row: int
    col: int
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    told: str

    @property
    def rows(self) -> int:
        """How many rows of the usual height it covers."""
        return -(-self.height // _ROW)


_ROW = 20
"""The usual height of a row, in pixels."""


@dataclass(frozen=True)
class Flow:
    """A state that goes on: from a cell of one time step into cells of the one that is computed next.

    Rows count in halves: 4.5 is the middle of the row 4, 5 the line below it.
    """

    row: float
    col: int
    into: tuple[float, ...]
    """The rows of those that read it."""
    to_col: int
    told: str
