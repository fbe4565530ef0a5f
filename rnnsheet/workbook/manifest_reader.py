"""What a workbook says of itself on its hidden sheet: what it is of, and where its blocks stand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnnsheet.errors import WorkbookError
from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import LAYOUT, Area, Plan
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import corners

_SIZE = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class Manifest:
    """What the hidden sheet of a workbook says of the others."""

    contents: Contents

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """What it says of the lesson. Raises WorkbookError where it does not."""
        if manifest.NAME not in self.contents.sheets:
            raise WorkbookError("foreign_workbook", place=str(self.contents.path))
        facts = {}
        for row, key in enumerate(manifest.KEYS, start=1):
            if self.contents.value(manifest.NAME, row, 1) != key:
                raise self.damaged_error(f"A{row}")
            facts[key] = as_typed(self.contents.value(manifest.NAME, row, 2))
            # Before the keys that another layout may not have.
            if key == "layout" and facts[key] != str(LAYOUT):
                raise WorkbookError(
                    "other_layout",
                    place=str(self.contents.path),
                    version=facts["rnnsheet"],
                    got=facts["layout"],
                    expected=LAYOUT,
                )
        return facts

    def check(self) -> None:
        """Raises WorkbookError where the workbook is none of ours, or claims sizes that it cannot have."""
        sizes = [self.facts[name] for name in ("steps", "answer_steps", "epochs", "flow_steps")]
        if any(not _SIZE.fullmatch(size) or int(size) > self.contents.cells for size in sizes):
            raise self.damaged_fact_error("steps")

    def check_plan(self, plan: Plan) -> None:
        """Raises WorkbookError where the plan of what is described has no place in the workbook."""
        if sum(block.area.rows * block.area.cols for block in plan.blocks()) > 2 * self.contents.cells:
            raise self.damaged_fact_error("network")
        listed = sum(block.area.sheet != manifest.NAME for block in plan.blocks())
        # Its own cells are compared as others are; one more would be believed.
        for cell in self.contents.grid(manifest.NAME).values:
            row, right = cell // LAST_COLUMN, cell % LAST_COLUMN + 1 - manifest.TABLE
            if row > listed and 0 <= right < manifest.COLUMNS:
                raise self.damaged_error(f"{column_letters(manifest.TABLE + right)}{row}")
        for block in plan.blocks():
            self.contents.check_unmerged(block.area)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets of which it lists blocks, in their order."""
        rows = self.contents.grid(manifest.NAME).values
        last = max(rows, default=0) // LAST_COLUMN
        named = map(rows.get, Area(manifest.NAME, 1, manifest.TABLE + 1, max(1, last)).cells())
        return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))

    def inputs(self) -> Iterator[tuple[str, Area]]:
        """The name and the place of every input block."""
        yield from self._blocks("input")

    def column(self, name: str) -> list[str]:
        """What a column of constant texts holds; none where there is no such block."""
        return [
            as_typed(self.contents.value(area.sheet, area.row + down, area.col))
            for own, area in self._blocks("constant")
            if own == name
            for down in range(area.rows)
        ]

    def _blocks(self, wanted: str) -> Iterator[tuple[str, Area]]:
        values = self.contents.grid(manifest.NAME).values
        last = max(values, default=0) // LAST_COLUMN
        for row in range(1, last + 1):
            line = Area(manifest.NAME, row, manifest.TABLE, 1, manifest.COLUMNS)
            name, sheet, cells, kind = (values.get(key) for key in line.cells())
            if kind == wanted:
                yield str(name), self._area(row, str(sheet), str(cells))

    def _area(self, row: int, sheet: str, cells: str) -> Area:
        self.contents.grid(sheet)
        try:
            left, top, right, bottom = corners(cells)
        except ValueError:
            raise self.damaged_error(f"F{row}") from None
        if not (1 <= left <= right <= LAST_COLUMN and 1 <= top <= bottom <= LAST_ROW):
            raise self.damaged_error(f"F{row}")
        return Area(sheet, top, left, bottom - top + 1, right - left + 1)

    def damaged_fact_error(self, key: str) -> WorkbookError:
        """The error of a fact that cannot be what it says."""
        return self.damaged_error(f"B{manifest.KEYS.index(key) + 1}")

    def changed_error(self, name: str) -> WorkbookError:
        """The error of a block of constants that cannot be what was written."""
        area = next(area for own, area in self._blocks("constant") if own == name)
        return WorkbookError("changed_block", place=f"{self.contents.path}: {area.sheet}!{area.a1}")

    def damaged_error(self, cell: str) -> WorkbookError:
        """The error of a cell of the hidden sheet that cannot be what it says."""
        place = str(self.contents.path)
        return WorkbookError("damaged_manifest", place=place, reason=f"{manifest.NAME}!{cell}")


def as_typed(value: Any) -> str:
    """The text of a cell's value; some programs save numbers for texts of digits."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return "" if value is None else str(value)
