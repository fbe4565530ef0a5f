"""What a page shows at first sight, of every lesson and of random networks, as `tests.screen` measures it."""

import re
import shutil
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from openpyxl.utils import column_index_from_string, range_boundaries

import rnnsheet
from rnnsheet import templates
from rnnsheet.labels import labels, languages
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Text
from rnnsheet.rendering import render
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import CHART_WIDTH, Sheet
from rnnsheet.workbook import printing
from tests import lessons
from tests.imported_networks import counter, moods, recurrent, speller, weights
from tests.screen import LEAST_CONTRAST, MOST_SERIES, Measured, measured
from tests.test_engines import skip_without

LESSONS = [
    *((name, "en") for name in templates.names()),
    # Of each form one: the others' sheets have the same texts.
    *((name, "zh") for name in ("hello-lstm", "mlp-to-rnn", "caption", "translate")),
]
MOST_LEFT, LEAST_STEPS, MOST_FROZEN = 480, 4, 1 / 3
"""Pixels left of the first time step, time steps on the first screen, and the share of it that stays."""
WINDOW = 1181, 536
"""So many pixels of a sheet LibreOffice shows in a window of 1280×720, across and down."""
OVER_EPOCHS = {labels(language).sheets["training"] for language in languages()}
SHORT = {"epochs": 1, "flow_steps": 3}


def check(pages: list[Measured]) -> None:
    """What holds on every sheet of every workbook."""
    assert pages
    for page in pages:
        assert page.untold == [], page.name
        assert all(1 <= series <= MOST_SERIES for series in page.series), page.name
        assert page.contrast[0] >= LEAST_CONTRAST, (page.name, page.contrast)
        assert page.frozen <= MOST_FROZEN, (page.name, page.frozen)
        assert (page.headless, page.cut, page.covered) == (0, 0, 0), page.name
        assert page.widest <= WINDOW[0] and (page.first_epoch or 0) <= WINDOW[1], page.name
        if page.name not in OVER_EPOCHS:
            assert (page.first_step or 0) <= MOST_LEFT, (page.name, page.first_step)
            assert page.steps[0] >= min(LEAST_STEPS, page.steps[1]), (page.name, page.steps)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), LESSONS)
def test_lessons(tmp_path: Path, name: str, language: str) -> None:
    lesson = rnnsheet.load(name)
    lesson = replace(lesson, settings=replace(lesson.settings, **SHORT))
    path = rnnsheet.export(lesson, tmp_path / "book.xlsx", language)
    check(measured(path))
    book = openpyxl.load_workbook(path)
    for sheet in plan(lesson, language).sheets:
        for end in book[sheet.name].row_breaks.brk:
            assert not is_under_heading_alone(sheet, end.id), (sheet.name, end.id)
        if not sheet.hidden:
            _, rows, cols = _told_on_paper(book[sheet.name])
            drawn = [(each.row, each.col, each.width) for each in sheet.drawings]
            for row, col, width in drawn + [(each.row, each.col, CHART_WIDTH) for each in sheet.charts]:
                room = sum(int(7 * sheet.widths.get(each, sheet.width)) + 5 for each in cols if each >= col)
                assert row not in rows or width <= room, (sheet.name, row)


def is_under_heading_alone(sheet: Sheet, row: int) -> bool:
    """Whether nothing stands between the last heading above a row and the end of the row."""
    last = max((text.row for text in sheet.texts if text.style == "heading" and text.row <= row), default=0)
    shown = [each.area.row for each in sheet.blocks] + [each.row for each in (*sheet.charts, *sheet.drawings)]
    return last > 0 and not any(last <= each <= row for each in shown)


MOST_PAGES = {
    **dict.fromkeys(("hello", "by-hand", "chinese-phrase"), 12),
    **dict.fromkeys(("order", "chinese-order"), 16),
    **dict.fromkeys(("hello-lstm", "hello-gru", "mlp-to-rnn"), 18),
    **dict.fromkeys(("long-memory", "translate", "caption"), 40),
    "sentiment": 24,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", templates.names())
def test_a_lesson_takes_few_sheets_of_paper(name: str) -> None:
    """By our own measure; LibreOffice and Excel print as many."""
    lesson = rnnsheet.load(name)
    for language, paper in product(("en", "zh"), printing.PAPERS):
        seen = [sheet for sheet in plan(lesson, language).sheets if not sheet.hidden]
        assert sum(printing.pages(sheet, paper) for sheet in seen) <= MOST_PAGES[name], (language, paper)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hello", "order"])
def test_libreoffice_prints_as_many_pages_as_are_counted(tmp_path: Path, name: str) -> None:
    skip_without("libreoffice")
    if not shutil.which("pdfinfo"):
        pytest.skip("poppler is not installed: apt-get install poppler-utils")
    path = rnnsheet.export(name, tmp_path / "book.xlsx", "en")
    (printed,) = render(path, tmp_path, pdf=True)
    told = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
    pages = sum(page.pages for page in measured(path))
    assert int(re.search(r"Pages: +(\d+)", told)[1]) == pages
    text = subprocess.run(["pdftotext", printed, "-"], capture_output=True, text=True, check=True).stdout
    assert [text.count(f"Page {number} of {pages}") for number in range(1, pages + 1)] == [1] * pages
    assert text.count(plan(rnnsheet.load(name), "en").title) >= pages


@settings(max_examples=2)
@given(lesson=lessons.networks(hidden=3, steps=4))
def test_random_networks(tmp_path_factory: pytest.TempPathFactory, lesson: rnnsheet.Lesson) -> None:
    check(measured(rnnsheet.export(lesson, tmp_path_factory.mktemp("book") / "book.xlsx", "en")))


@pytest.mark.parametrize("make", [moods, speller, counter])
def test_imported_networks(tmp_path: Path, make) -> None:
    check(measured(rnnsheet.export(make(), tmp_path / "book.xlsx", "en")))


@pytest.mark.slow
def test_of_much_the_first_rows_are_printed_and_the_footer_names_the_rest(tmp_path: Path) -> None:
    """Of each kind of large block: many units over time, a large vocabulary, wide weights, many epochs."""
    words = tuple(f"word{number}" for number in range(150))
    layers = (
        ImportedLayer("embedding", "emb", weights={"E": weights(150, 3)}),
        ImportedLayer("elman", "rnn", ("emb",), weights=recurrent("h", 70, 3)),
        ImportedLayer("last", "last", ("rnn",)),
        ImportedLayer("dense", "says", ("last",), weights={"Wa": weights(2, 70)}, activation="softmax"),
    )
    network = ImportedNetwork("large", Text("words", words, 4, "word7"), layers, ("no", "yes"))
    large = openpyxl.load_workbook(rnnsheet.export(network, tmp_path / "large.xlsx", "en"))
    by_hand = openpyxl.load_workbook(rnnsheet.export("by-hand", tmp_path / "by-hand.xlsx", "en"))
    for sheet in [*large.worksheets, *by_hand.worksheets]:
        if sheet.sheet_state == "visible":
            told = _told_on_paper(sheet)
            seen = [cell for row in sheet.iter_rows() for cell in row if cell.value and not cell.hyperlink]
            assert {cell.row for cell in seen} <= told[0], sheet.title
            assert {cell.column for cell in seen if cell.row in told[1]} <= told[2], sheet.title
    assert large["L2_rnn"].print_area.count(":") > 1
    first, *_ = (cell.row for cell in large["L2_rnn"]["A"] if cell.value == 1)
    printed = _told_on_paper(large["L2_rnn"])[1]
    assert {*range(first, first + 60)} <= printed and not {*range(first + 60, first + 70)} & printed
    assert "rows 121 to" in large["Vocabulary"].oddFooter.center.text
    assert "columns M to" in large["W4_says"].oddFooter.center.text


def _told_on_paper(sheet) -> tuple[set[int], set[int], set[int]]:
    """The rows that are printed or named in the footer, those that are printed, and as the first columns."""
    rows, cols = set[int](), set[int]()
    for area in sheet.print_area.split(","):
        left, top, right, bottom = range_boundaries(area.rpartition("!")[2].replace("$", ""))
        rows |= {*range(top, bottom + 1)}
        cols |= {*range(left, right + 1)}
    footer = sheet.oddFooter.center.text or ""
    named = {row for a, b in re.findall(r"(\d+) to (\d+)", footer) for row in range(int(a), int(b) + 1)}
    for a, b in re.findall(r"columns ([A-Z]+) to ([A-Z]+)", footer):
        cols |= {*range(column_index_from_string(a), column_index_from_string(b) + 1)}
    return rows | named, rows, cols
