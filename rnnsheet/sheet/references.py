"""How the cells of a block refer to the values that their equation reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from rnnsheet.equations.expr import AllSteps, At, Leaf, Parameter, Part, Value
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Area, quoted

Scope = Mapping[Leaf, Area]
"""Where each leaf of an equation stands; of a value over time, the column of the block's first step."""


def reference(scope: Scope, target: Area, leaf: Leaf) -> "_Reference":
    """How the cells of a block refer to a leaf."""
    return _Reference(leaf, located(scope, leaf), target)


def located(scope: Scope, leaf: Leaf) -> Area:
    """Where a leaf stands; of what stands at every time step, the column of the first."""
    if leaf in scope:
        return scope[leaf]
    if isinstance(leaf, Part):
        return located(scope, leaf.vector).part(leaf.start, 0, leaf.rows.size)
    value = scope[Value(leaf.name, leaf.rows)]
    if isinstance(leaf, At):
        return value.column(leaf.step - 1)
    assert isinstance(leaf, AllSteps)  # noqa: S101
    return value.part(0, 0, value.rows, leaf.steps)


@dataclass(frozen=True)
class _Reference:
    """How the cells of the block `target` refer to a leaf at `area` (rules.Place)."""

    leaf: Leaf
    area: Area
    target: Area

    @property
    def here(self) -> str:
        return self._cell(0, 0, fixed_row=self.area.rows == 1)

    @property
    def column(self) -> str:
        first = self._cell(0, 0, True)
        last = self._cell(self.area.rows - 1, 0, True, sheet=False)
        return f"{first}:{last}" if self.area.rows > 1 else first

    @property
    def is_range(self) -> bool:
        return True

    @property
    def row(self) -> str:
        last = self._cell(0, self.area.cols - 1, self.area.rows == 1, sheet=False)
        return f"{self._cell(0, 0, self.area.rows == 1)}:{last}"

    @property
    def block(self) -> str:
        return self.area.fixed if self.area.sheet == self.target.sheet else self.area.absolute

    @property
    def so_far(self) -> str:
        return f"${self._cell(0, 0, False)}:{self._cell(0, 0, False)}"

    @property
    def column_cells(self) -> list[str]:
        return [self._cell(down, 0, True) for down in range(self.area.rows)]

    @property
    def row_cells(self) -> list[str]:
        return [self._cell(0, right, False) for right in range(self.area.cols)]

    def _cell(self, down: int, right: int, fixed_row: bool, sheet: bool = True) -> str:
        # A `$` only where filling would move what must stay: a student reads fewer signs.
        of = self.leaf.vector if isinstance(self.leaf, Part) else self.leaf
        stays = isinstance(of, Parameter | At | AllSteps) and self.target.cols > 1
        column = ("$" if stays else "") + column_letters(self.area.col + right)
        row = ("$" if fixed_row and self.target.rows > 1 else "") + str(self.area.row + down)
        other = sheet and self.area.sheet != self.target.sheet
        return (f"{quoted(self.area.sheet)}!" if other else "") + column + row
