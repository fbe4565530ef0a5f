"""The check of a page: compiled again from the lesson that it carries, computed by Node, beside NumPy.

Nothing that a file says is ever run: what Node computes is the script that we compile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsheet.checking import node
from rnnsheet.checking.compare import Comparison
from rnnsheet.checking.process import StoppedError
from rnnsheet.checking.recalculate import Values
from rnnsheet.checking.report import BlockReport, Failure, Report
from rnnsheet.equations.lesson import network
from rnnsheet.errors import LessonError, WorkbookError
from rnnsheet.files import content
from rnnsheet.labels import languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array
from rnnsheet.network.imported import ImportedNetwork
from rnnsheet.sheet.bounds import key
from rnnsheet.sheet.pages.manifest import COLUMNS, KEYS, NAME, TABLE
from rnnsheet.sheet.plan import LAYOUT, Area, Plan
from rnnsheet.templates import lesson_of
from rnnsheet.webpage.document import Page
from rnnsheet.workbook.input_reader import read_inputs
from rnnsheet.workbook.manifest_reader import Manifest
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import Grid

if TYPE_CHECKING:
    from rnnsheet.trace import Trace

_MOST = 64 << 20
"""In bytes; a page of ours has a tenth of that at most."""
_DATA = re.compile(r'(?<=<script type="application/json" id="data">)[^<]*(?=</script>)')

Witness = Callable[["LessonData | ImportedNetwork"], tuple["Trace | None", Callable[[], Mapping[str, Array]]]]


def report(path: Path, tolerance: float, witness: Witness) -> Report:
    """The verdict on a page. Raises WorkbookError, LessonError or ModelError where it is none of ours."""
    text = content(path, WorkbookError, _MOST).decode("utf-8", "replace")
    found = _DATA.search(text)
    carried = _carried(path, found[0] if found else "")
    source = _network(path, carried) if carried["lesson"] is None else _lesson(path, carried)
    page = Page(source, carried["language"])
    contents = _contents(page, carried["values"])
    computed = _computed(path, page)
    planned = _without_looks(page.plan) if computed else _stored_alone(page)
    comparison = Comparison(contents, planned, *witness(source), source, tolerance)
    verdict = comparison.report(source.name, node.NAME if computed else "", computed or _stored(contents))
    return replace(verdict, blocks=(_pieces(page, text, carried), *verdict.blocks))


def _carried(path: Path, text: str) -> dict[str, Any]:
    """What a page was given, if its kind is right."""

    def refused(sign: str) -> float:
        raise ValueError(sign)

    def whole(digits: str) -> int:
        float(number := int(digits))
        return number

    try:
        carried = json.loads(text, parse_constant=refused, parse_int=whole)
        version, layout = str(carried["rnnsheet"]), carried["layout"]
        of = carried["network"] if carried["lesson"] is None else carried["lesson"]
        same_kinds = isinstance(of, dict) and isinstance(carried["values"], dict)
        if not same_kinds or not isinstance(carried["name"], str) or carried["language"] not in languages():
            raise ValueError
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise WorkbookError("not_a_page", place=str(path)) from None
    if layout != LAYOUT:
        facts = {"version": version, "got": layout, "expected": LAYOUT}
        raise WorkbookError("other_layout", place=str(path), **facts)
    return dict(carried)


def _lesson(path: Path, carried: Mapping[str, Any]) -> LessonData:
    try:
        lesson = lesson_of(carried["lesson"], path, LessonData)
        lesson = replace(lesson, name=carried["name"], source=str(path))
        network(lesson)
        return lesson
    except LessonError as error:
        raise error.at(str(path)) from None
    except (TypeError, AttributeError, RecursionError):
        raise WorkbookError("not_a_page", place=str(path)) from None


def _network(path: Path, carried: Mapping[str, Any]) -> ImportedNetwork:
    """The imported network whose inputs stand in a page: read as those of a workbook are."""
    try:
        manifest = Manifest(_inputs(path, carried))
        manifest.check()
        source = read_inputs(manifest, lambda *_: None)
        if isinstance(source, ImportedNetwork):
            return source
        raise ValueError(source)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise WorkbookError("not_a_page", place=str(path)) from None


def _inputs(path: Path, carried: Mapping[str, Any]) -> Contents:
    """What a page says of itself, and its constants, as a workbook would hold them."""
    names = [str(name) for name, *_ in carried["book"]["sheets"]]
    grids = {name: Grid() for name in (*names, NAME)}
    for number, row, col, cols, values in carried["book"]["constants"]:
        cells = Area(names[number], row, col, len(values) // cols, cols).cells()
        if not cells or cells[0] < key(1, 1):
            raise ValueError(row)
        known = ((cell, value) for cell, value in zip(cells, values, strict=True) if value is not None)
        grids[names[number]].values.update(known)
    told = grids[NAME].values
    told.clear()
    for row, pair in enumerate(zip(KEYS, carried["network"]["facts"], strict=True), start=1):
        told[key(row, 1)], told[key(row, 2)] = pair
    for row, entry in enumerate(carried["network"]["inputs"], start=1):
        told.update(zip(Area(NAME, row, TABLE, 1, COLUMNS).cells(), entry, strict=True))
    return Contents(path, grids, {})


def _contents(page: Page, values: Mapping[str, Any]) -> Contents:
    """The page as a workbook would hold it: its formulas, and the values that it carries beside them.

    That its formulas are those of the plan is seen by its text, which `_pieces` compares.
    """
    grids = {sheet.name: Grid() for sheet in page.plan.sheets}
    for block in page.plan.blocks():
        grid = grids[block.area.sheet]
        texts = (text for row in block.formulas() for text in row)
        grid.formulas.update(
            (cell, text) for cell, text in zip(block.area.cells(), texts, strict=True) if text
        )
        if not block.fills and block.values is not None:
            constants = (value for row in block.values for value in row)
            grid.values.update(zip(block.area.cells(), constants, strict=True))
    for block in page.compared():
        given = values.get(block.name)
        cells = block.area.cells()
        told = given if isinstance(given, list) else []
        known = [told[index] if index < len(told) else None for index in range(len(cells))]
        # Something else than a number or a text is none of the values.
        kinds = (each if type(each) in (int, float, str) else f"{each}" for each in known)
        grids[block.area.sheet].values.update(zip(cells, kinds, strict=True))
    names = {name: area.absolute for name, area in page.plan.names.items()}
    return Contents(Path(page.source.source), grids, names)


def _computed(path: Path, page: Page) -> Values | None:
    """What Node finds; None where there is no Node."""
    if not node.installed():
        return None
    try:
        return _with_described(page, node.computed(page)[0])
    except StoppedError as error:
        raise WorkbookError("engine_failed", place=str(path), engine=node.NAME, reason=error) from None


def _with_described(page: Page, values: Values) -> Values:
    """The values, and those of the hidden sheet, which a page has no use for."""
    sheets = dict(values.sheets)
    for block in page.plan.blocks():
        if not block.fills and block.values is not None:
            constants = (value for row in block.values for value in row)
            sheets[block.area.sheet] = {
                **dict(zip(block.area.cells(), constants, strict=True)),
                **sheets[block.area.sheet],
            }
    return Values(sheets)


def _stored(contents: Contents) -> Values:
    return Values({name: grid.values for name, grid in contents.sheets.items()})


def _without_looks(planned: Plan) -> Plan:
    """The plan with sheets of which nothing is said how they are shown."""
    return replace(planned, sheets=tuple(replace(sheet, hidden=True) for sheet in planned.sheets))


def _stored_alone(page: Page) -> Plan:
    """The same with those blocks alone of which the page carries the values."""
    blocks = page.compared()
    sheets = _without_looks(page.plan).sheets
    kept = ([block for block in blocks if block.area.sheet == sheet.name] for sheet in sheets)
    return replace(
        page.plan, sheets=tuple(replace(sheet, blocks=own) for sheet, own in zip(sheets, kept, strict=True))
    )


def _pieces(page: Page, text: str, carried: Mapping[str, Any]) -> BlockReport:
    """Whether the file is, piece by piece, what is compiled of its lesson: script, and what it reads."""
    expected = page.html(lambda _: [])
    right = json.loads(_DATA.findall(expected)[0])
    given, expected_of = ({key: json.dumps(each) for key, each in data.items()} for data in (carried, right))
    # As texts: to Python True is 1 and -0 is 0, to a browser they are others.
    wrong = [key for key in expected_of | given if key != "values" and given.get(key) != expected_of.get(key)]
    sizes = {block.name: block.area.rows * block.area.cols for block in page.compared()}
    values = carried["values"].items()
    if {name: len(each) if isinstance(each, list) else 0 for name, each in values} != sizes:
        wrong.append("values")
    if _DATA.sub("", text) != _DATA.sub("", expected):
        wrong.insert(0, "script")
    failure = Failure(wrong[0], "page", "", "", "") if wrong else None
    return BlockReport("page", "", "", len(right), len(wrong), 0.0, failure)
