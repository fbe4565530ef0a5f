"""What stands in the input cells of a workbook, as a lesson; the hidden sheet says where they are."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnnsheet.entries import Example
from rnnsheet.errors import LessonError, WorkbookError
from rnnsheet.experiments import Settings
from rnnsheet.lesson import Lesson
from rnnsheet.network import Model
from rnnsheet.network.reading import picture_of, reading
from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import LAYOUT, Area, Plan
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import CellError, corners

Value = Callable[[str, int, int], Any]
"""(sheet, row, column) to the cell's value: float, str, bool, CellError or None."""


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
                raise self.damaged(f"A{row}")
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
        if any(not size.isdecimal() or int(size) > self.contents.cells for size in sizes):
            raise self.damaged_fact("steps")

    def check_plan(self, plan: Plan) -> None:
        """Raises WorkbookError where the plan of what is described has no place in the workbook."""
        if sum(block.area.rows * block.area.cols for block in plan.blocks()) > 2 * self.contents.cells:
            raise self.damaged_fact("network")
        listed = sum(block.area.sheet != manifest.NAME for block in plan.blocks())
        # Its own cells are compared as others are; one more would be believed.
        for cell in self.contents.grid(manifest.NAME).values:
            row, right = cell // LAST_COLUMN, cell % LAST_COLUMN + 1 - manifest.TABLE
            if row > listed and 0 <= right < manifest.COLUMNS:
                raise self.damaged(f"{column_letters(manifest.TABLE + right)}{row}")
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
            raise self.damaged(f"F{row}") from None
        if not (1 <= left <= right <= LAST_COLUMN and 1 <= top <= bottom <= LAST_ROW):
            raise self.damaged(f"F{row}")
        return Area(sheet, top, left, bottom - top + 1, right - left + 1)

    def damaged_fact(self, key: str) -> WorkbookError:
        """The error of a fact that cannot be what it says."""
        return self.damaged(f"B{manifest.KEYS.index(key) + 1}")

    def changed(self, name: str) -> WorkbookError:
        """The error of a block of constants that cannot be what was written."""
        area = next(area for own, area in self._blocks("constant") if own == name)
        return WorkbookError("changed_block", place=f"{self.contents.path}: {area.sheet}!{area.a1}")

    def damaged(self, cell: str) -> WorkbookError:
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


def lesson(described: Manifest, recalculated: Value) -> Lesson:
    """The lesson with the inputs as they stand in the file.

    An input cell that holds a formula counts with its recalculated value. Raises LessonError,
    with the file and the cell, where an input is empty or no number, letter or word.
    """
    facts, contents = described.facts, described.contents
    places = dict(described.inputs())
    found = {name: _entries(contents, recalculated, name, area) for name, area in places.items()}
    settings = {name: values[0] for name, values in found.items() if name in SETTINGS}
    try:
        numbers = {
            name: np.reshape(values, (places[name].rows, places[name].cols))
            for name, values in found.items()
            if name not in (*TEXTS, *settings)
        }
        picture = numbers.pop("picture", None)
        sizes: dict[str, Any] = {name: int(facts[name]) for name in ("epochs", "flow_steps", "digits")}
        states = {name: numbers.pop(name) for name in list(numbers) if name.endswith("_0")}
        return Lesson(
            name=facts["lesson"],
            model=Model(manifest.layers(json.loads(facts["network"])), numbers),
            vocabulary=tuple(found.get("vocabulary", ())),
            word=found.get("word", [""])[0],
            steps=int(facts["steps"]) if "word" in found else 0,
            initial=states,
            split=facts["split"],
            labels=tuple(found.get("labels", ())),
            second=found.get("second", [""])[0],
            given=found.get("wanted", [""])[0],
            second_given=found.get("wanted_second", [""])[0],
            examples=_examples(described, facts["split"]),
            picture=picture,
            answer_steps=int(facts["answer_steps"]),
            source=str(contents.path),
            settings=Settings(
                **sizes, sheets=described.sheets, **{name.lower(): value for name, value in settings.items()}
            ),
        )
    except LessonError as error:
        if "example_number" in error.values:
            # The sheet does not let one change them.
            raise described.changed("examples") from None
        named = {"target": "wanted", "second_target": "wanted_second"}
        name = str(error.values.get("name"))
        area = places.get(named.get(name, name))
        raise error.at(f"{contents.path}: {area.sheet}!{area.a1}" if area else str(contents.path)) from None
    except (KeyError, ValueError, TypeError, RecursionError):
        raise WorkbookError("damaged_manifest", place=str(contents.path), reason=manifest.NAME) from None


def _examples(described: Manifest, split: str) -> list[Example]:
    """The examples with their right answers, as `Lesson.answers` has them."""
    texts, answers = described.column("examples"), described.column("example_answers")
    pictures = not any(name == "word" for name, _ in described.inputs())
    found: list[Example] = [
        (picture_of(text) if pictures else text, answer) for text, answer in zip(texts, answers, strict=True)
    ]
    if [reading(read, split) for read, _ in found] != texts or len(set(texts)) < len(texts):
        raise described.changed("examples")
    return found


def _entries(contents: Contents, recalculated: Value, name: str, area: Area) -> Sequence[Any]:
    """What stands in an input block, row by row."""
    numbers = plain_numbers(contents, area) if KINDS.get(name, "number") == "number" else None
    if numbers is not None:
        return numbers
    return [_entry(name, *entry) for entry in one_by_one(contents, recalculated, area)]


def plain_numbers(contents: Contents, area: Area) -> list[float] | None:
    """The numbers of an area, row by row; None where not every cell holds one as it is."""
    grid = contents.grid(area.sheet)
    # Before a list of all cells is made of an area that is far too large.
    if area.rows * area.cols > len(grid.values):
        return None
    cells = area.cells()
    values = [grid.values.get(cell) for cell in cells]
    if set(map(type, values)) != {float} or not grid.formulas.keys().isdisjoint(cells):
        return None
    return values  # type: ignore[return-value]


def one_by_one(contents: Contents, recalculated: Value, area: Area) -> Iterator[tuple[str, Any]]:
    """The place and what counts of each cell of an area, row by row: of a formula its recalculated value."""
    for down in range(area.rows):
        for right in range(area.cols):
            cell = area.part(down, right)
            has_formula = contents.formula(cell.sheet, cell.row, cell.col) is not None
            value = (recalculated if has_formula else contents.value)(cell.sheet, cell.row, cell.col)
            yield f"{contents.path}: {cell.sheet}!{cell.a1}", value


TEXTS = {
    "word": "word",
    "second": "word",
    "wanted": "label",
    "wanted_second": "label",
    "vocabulary": "letter",
    "labels": "label",
}
"""What the cells of the texts hold."""

UNASKED = ("wanted", "wanted_second")
"""Texts that may be empty: then there is no right answer."""

SETTINGS = {
    "rate": "positive",
    "clip": "positive",
    "update_rate": "positive",
    "flow_clip": "positive",
    "flow_Whh": "slider",
    "chosen": "weight",
}
"""What the cells of the settings hold."""

KINDS = {**TEXTS, **SETTINGS}
"""What the cells of an input hold; a number where it is not named here."""


def _entry(name: str, place: str, value: Any) -> Any:
    """A number, or a text where the input is one. Raises LessonError for anything else."""
    kind = KINDS.get(name, "number")
    if name in UNASKED and value in (None, ""):
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in ("word", "letter", "label", "weight"):
        if is_number or isinstance(value, bool):
            return as_typed(value)
        if isinstance(value, str) and value and not isinstance(value, CellError):
            return value
    elif is_number and (value > 0 or kind != "positive"):
        return float(value)
    state = "empty" if value in (None, "") else "other"
    raise LessonError(f"{state}_{kind}", place=place, name=name, got=repr(as_typed(value)))
