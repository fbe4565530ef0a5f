"""What others read workbooks with: each finds every value of every lesson's book, and shows every sign."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import rnnsheet
from rnnsheet import engine
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.layout import plan
from tests.conftest import INSTALL

Found = Mapping[tuple[str, str], Any]
"""The value of each cell by its sheet and place; empty ones may be left out."""

NODE = Path(__file__).parent / "readers"
BOOKS = [("hello-gru", "en"), ("chinese-order", "zh"), ("mlp-to-rnn", "en"), ("caption", "zh")]
"""A lesson of each form: the others' cells are of the same kinds."""


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[Path, Found]]:
    """A lesson's workbook and what should be found in it; each is written once."""
    folder, written = tmp_path_factory.mktemp("books"), {}

    def one(name: str, language: str) -> tuple[Path, Found]:
        if (name, language) not in written:
            lesson = short(rnnsheet.load(name))
            path = rnnsheet.export(lesson, folder / f"{name}-{language}.xlsx", language)
            written[name, language] = path, expected(lesson, language)
        return written[name, language]

    return one


def short(lesson: rnnsheet.Lesson) -> rnnsheet.Lesson:
    """With few epochs: each row of a training is the one above, with other numbers."""
    return replace(lesson, settings=replace(lesson.settings, epochs=3))


def expected(lesson: rnnsheet.Lesson, language: str) -> Found:
    trace, found = engine.complete(lesson), {}
    for sheet in plan(lesson, language).sheets:
        for text in sheet.texts:
            found[sheet.name, f"{column_letters(text.col)}{text.row}"] = text.text
        for block in sheet.blocks:
            for down, row in enumerate(block.expected(trace)):
                for right, value in enumerate(row):
                    # An input may be empty.
                    found[sheet.name, block.area.part(down, right).a1] = "" if value is None else value
    return found


def by_place(sheet: str, rows: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """The cells of rows of values, the first of which is that of A1."""
    for down, row in enumerate(rows, start=1):
        for right, value in enumerate(row, start=1):
            yield (sheet, f"{column_letters(right)}{down}"), value


def by_openpyxl(path: Path) -> Found:
    sheets = openpyxl.load_workbook(path, data_only=True, read_only=True)
    return dict(each for sheet in sheets for each in by_place(sheet.title, sheet.values))


def by_pandas(path: Path) -> Found:
    sheets = pd.read_excel(path, None, header=None, engine="calamine", keep_default_na=False)
    return dict(each for name, frame in sheets.items() for each in by_place(name, frame.to_numpy()))


def by_calamine(path: Path) -> Found:
    calamine = pytest.importorskip("python_calamine", reason=f"python-calamine {INSTALL}")
    file = calamine.CalamineWorkbook.from_path(path)
    names = file.sheet_names
    return dict(each for name in names for each in by_place(name, file.get_sheet_by_name(name).iter_rows()))


def by_polars(path: Path, kind: str) -> Found:
    """The cells as "float" or as "string": a column has one type there."""
    polars = pytest.importorskip("polars", reason=f"polars {INSTALL}")
    pytest.importorskip("fastexcel", reason=f"fastexcel {INSTALL}")
    whole = {"drop_empty_rows": False, "drop_empty_cols": False, "read_options": {"dtypes": kind}}
    sheets = polars.read_excel(path, sheet_id=0, has_header=False, **whole)
    return dict(each for name, frame in sheets.items() for each in by_place(name, frame.iter_rows()))


def same(value: Any, got: Any) -> bool:
    """Whether a number is the same to the last bit (but for the sign of 0), or a text the same."""
    if isinstance(value, str):
        return ("" if got is None else str(got)) == value
    return got is not None and got != "" and float(got) == value


def differing(expected: Found, found: Found) -> list[tuple[tuple[str, str], Any, Any]]:
    cells = ((place, value, found.get(place)) for place, value in expected.items())
    return [cell for cell in cells if not same(*cell[1:])]


@pytest.mark.slow
@pytest.mark.parametrize("reader", [by_openpyxl, by_pandas, by_calamine])
@pytest.mark.parametrize(("name", "language"), BOOKS)
def test_python_s_readers_find_every_value(book, name, language, reader):
    path, values = book(name, language)
    assert differing(values, reader(path)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), BOOKS)
def test_polars_finds_every_value(book, name, language):
    path, values = book(name, language)
    texts = {place: value for place, value in values.items() if isinstance(value, str)}
    numbers = {place: value for place, value in values.items() if place not in texts}
    assert differing(texts, by_polars(path, "string")) == []
    assert differing(numbers, by_polars(path, "float")) == []


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the packages of tests/readers."""
    program = shutil.which("node")
    if not (program and (NODE / "node_modules").is_dir()):
        pytest.skip("Node, or its packages, are not installed: npm ci --prefix tests/readers")
    return str(program)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), BOOKS)
def test_node_s_readers_find_every_value_and_show_every_sign(book, node, name, language):
    path, values = book(name, language)
    command = [node, str(NODE / "read.cjs"), str(path)]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=300)
    for reader, cells in json.loads(ended.stdout).items():
        found = {(sheet, place): value for sheet, place, value, *_ in cells}
        assert differing(values, found) == [], reader
        shown = {(sheet, place): text for sheet, place, _, *text in cells if text}
        assert not unsigned(found, shown), reader


def unsigned(found: Found, shown: Mapping[tuple[str, str], list[str]]) -> list[tuple[tuple[str, str], Any]]:
    """Negative numbers that are shown as others; one that is shown as 0 needs no sign."""
    return [
        (place, found[place])
        for place, (text,) in shown.items()
        if isinstance(found[place], int | float)
        and found[place] < 0
        and re.search("[1-9]", text)
        and not text.startswith("-")
    ]
