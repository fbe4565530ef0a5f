"""An .xlsx file into its cells, and the inputs that stand in it into a lesson."""

import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from rnnsheet.errors import LessonError, WorkbookError
from rnnsheet.files import is_file
from rnnsheet.lesson import Lesson, Settings
from rnnsheet.model import Model
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import LAYOUT, Area

# What openpyxl raises on a file that is damaged or no workbook at all, as far as we have seen.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,  # what lxml raises, where it is installed
)

Value = Callable[[str, int, int], Any]
"""(sheet, row, column) to the cell's value: float, str, bool, CellError or None."""


class CellError(str):
    """The error that a cell shows, such as #DIV/0!."""


@dataclass(frozen=True)
class Contents:
    """A workbook as its file has it: formulas, and the values stored beside them."""

    path: Path
    _formulas: Workbook
    _values: Workbook

    def formula(self, sheet: str, row: int, col: int) -> str | None:
        """The cell's formula without `=`; None where it holds none."""
        cell = self._cell(self._formula_sheets, sheet, row, col)
        if cell.data_type != "f":
            return None
        text: str = getattr(cell.value, "text", None) or str(cell.value)
        return text.removeprefix("=")

    def value(self, sheet: str, row: int, col: int) -> Any:
        """The cell's constant, or the value stored beside its formula; None where there is none."""
        cell = self._cell(self._value_sheets, sheet, row, col)
        return CellError(cell.value) if cell.data_type == "e" else cell.value

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The workbook-level defined names and what they point at."""
        return {name: defined.attr_text or "" for name, defined in self._formulas.defined_names.items()}

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """What the hidden sheet says of the lesson. Raises WorkbookError where it does not."""
        if manifest.NAME not in self._formulas.sheetnames:
            raise WorkbookError("foreign_workbook", place=str(self.path))
        facts = {}
        for row, key in enumerate(manifest.KEYS, start=1):
            if self.value(manifest.NAME, row, 1) != key:
                raise self._damaged(f"A{row}")
            facts[key] = str(self.value(manifest.NAME, row, 2))
            # Before the keys that another layout may not have.
            if key == "layout" and facts[key] != str(LAYOUT):
                raise WorkbookError(
                    "other_layout",
                    place=str(self.path),
                    version=facts["rnnsheet"],
                    got=facts["layout"],
                    expected=LAYOUT,
                )
        return facts

    def inputs(self) -> Iterator[tuple[str, Area]]:
        """The name and the place of every input block, as the hidden sheet lists them."""
        table = self._values[manifest.NAME]
        for row, entries in enumerate(
            table.iter_rows(min_col=manifest.TABLE, max_col=manifest.TABLE + 3), start=1
        ):
            name, sheet, cells, kind = (cell.value for cell in entries)
            if kind == "input":
                yield str(name), self._area(row, str(sheet), str(cells))

    def _area(self, row: int, sheet: str, cells: str) -> Area:
        if sheet not in self._formulas.sheetnames:
            raise WorkbookError("missing_sheet", place=str(self.path), sheet=sheet)
        try:
            left, top, right, bottom = (int(bound or 0) for bound in range_boundaries(cells))
        except ValueError:
            raise self._damaged(f"F{row}") from None
        worksheet = self._formulas[sheet]
        if not (1 <= left <= right <= worksheet.max_column and 1 <= top <= bottom <= worksheet.max_row):
            raise self._damaged(f"F{row}")
        return Area(sheet, top, left, bottom - top + 1, right - left + 1)

    # Looked up once: openpyxl goes through all sheets to find one by name.
    @cached_property
    def _formula_sheets(self) -> Mapping[str, Worksheet]:
        return {sheet.title: sheet for sheet in self._formulas.worksheets}

    @cached_property
    def _value_sheets(self) -> Mapping[str, Worksheet]:
        return {sheet.title: sheet for sheet in self._values.worksheets}

    def _cell(self, sheets: Mapping[str, Worksheet], sheet: str, row: int, col: int) -> Cell | MergedCell:
        if sheet not in sheets:
            raise WorkbookError("missing_sheet", place=str(self.path), sheet=sheet)
        return sheets[sheet].cell(row, col)

    def _damaged(self, cell: str) -> WorkbookError:
        return WorkbookError("damaged_manifest", place=str(self.path), reason=f"{manifest.NAME}!{cell}")


def read(path: Path) -> Contents:
    """The contents of a workbook file. Raises WorkbookError where it is none."""
    if not is_file(path):
        raise WorkbookError("no_workbook", place=str(path))
    try:
        with warnings.catch_warnings(action="ignore"):
            return Contents(path, openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True))
    except OSError as error:
        raise WorkbookError("unreadable", place=str(path), reason=error.strerror or error) from None
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkbookError("not_a_workbook", place=str(path), reason=reason) from None


def lesson(contents: Contents, recalculated: Value) -> Lesson:
    """The lesson with the inputs as they stand in the file.

    An input cell that holds a formula counts with its recalculated value. Raises LessonError,
    with the file and the cell, where an input is empty or no number, letter or word.
    """
    facts = contents.facts
    places = dict(contents.inputs())
    found = {
        name: [_entry(name, *entry) for entry in _entries(contents, recalculated, area)]
        for name, area in places.items()
    }
    settings = {name: values[0] for name, values in found.items() if name in SETTINGS}
    try:
        numbers = {
            name: np.reshape(values, (places[name].rows, places[name].cols))
            for name, values in found.items()
            if name not in (*TEXTS, *settings)
        }
        picture = numbers.pop("picture", None)
        sizes: dict[str, Any] = {name: int(facts[name]) for name in ("epochs", "flow_steps")}
        states = {name: numbers.pop(name) for name in list(numbers) if name.endswith("_0")}
        return Lesson(
            name=facts["lesson"],
            model=Model(manifest.layers(facts["network"]), numbers),
            vocabulary=tuple(found.get("vocabulary", ())),
            word=found.get("word", [""])[0],
            steps=int(facts["steps"]) if "word" in found else 0,
            initial=states,
            split=facts["split"],
            labels=tuple(found.get("labels", ())),
            target=found.get("wanted", [""])[0],
            second=found.get("second", [""])[0],
            second_target=found.get("wanted_second", [""])[0],
            picture=picture,
            answer_steps=int(facts["answer_steps"]),
            source=str(contents.path),
            settings=Settings(**sizes, **{name.lower(): value for name, value in settings.items()}),
        )
    except LessonError as error:
        named = {"target": "wanted", "second_target": "wanted_second"}
        name = str(error.values.get("name"))
        area = places.get(named.get(name, name))
        raise error.at(f"{contents.path}: {area.sheet}!{area.a1}" if area else str(contents.path)) from None
    except (KeyError, ValueError, TypeError):
        raise WorkbookError("damaged_manifest", place=str(contents.path), reason=manifest.NAME) from None


def _entries(contents: Contents, recalculated: Value, area: Area) -> Iterator[tuple[str, Any]]:
    """The place and the value of each cell of an input block, row by row."""
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


def _entry(name: str, place: str, value: Any) -> Any:
    """A number, or a text where the input is one. Raises LessonError for anything else."""
    kind = {**TEXTS, **SETTINGS}.get(name, "number")
    if name in UNASKED and value in (None, ""):
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in ("word", "letter", "label", "weight"):
        if is_number:
            return f"{value:.15g}"
        if isinstance(value, str) and value and not isinstance(value, CellError):
            return value
    elif is_number and (value > 0 or kind != "positive"):
        return float(value)
    state = "empty" if value in (None, "") else "other"
    raise LessonError(f"{state}_{kind}", place=place, name=name, got=repr(str(value)))
