"""What a page shows at first sight, of every lesson and of random networks, as `tests.screen` measures it."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings

import rnnsheet
from rnnsheet import templates
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook import printing
from tests import lessons
from tests.imported_networks import counter, moods, speller
from tests.screen import LEAST_CONTRAST, MOST_SERIES, Measured, measured

QUICK = ("hello", "hello-lstm", "sentiment")
LESSONS = [
    pytest.param(name, language, marks=[] if name in QUICK and language == "en" else [pytest.mark.slow])
    for name in templates.names()
    for language in ("en", "zh")
]
SHORT = {"epochs": 1, "flow_steps": 3}


def check(pages: list[Measured]) -> None:
    """What holds on every sheet of every workbook."""
    assert pages
    for page in pages:
        assert page.untold == [], page.name
        assert all(1 <= series <= MOST_SERIES for series in page.series), page.name
        assert page.contrast[0] >= LEAST_CONTRAST, (page.name, page.contrast)


@pytest.mark.parametrize(("name", "language"), LESSONS)
def test_lessons(tmp_path: Path, name: str, language: str) -> None:
    lesson = rnnsheet.load(name)
    lesson = replace(lesson, settings=replace(lesson.settings, **SHORT))
    check(measured(rnnsheet.export(lesson, tmp_path / "book.xlsx", language)))


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


@settings(max_examples=2)
@given(lesson=lessons.networks(hidden=3, steps=4))
def test_random_networks(tmp_path_factory: pytest.TempPathFactory, lesson: rnnsheet.Lesson) -> None:
    check(measured(rnnsheet.export(lesson, tmp_path_factory.mktemp("book") / "book.xlsx", "en")))


@pytest.mark.parametrize("make", [moods, speller, counter])
def test_imported_networks(tmp_path: Path, make) -> None:
    check(measured(rnnsheet.export(make(), tmp_path / "book.xlsx", "en")))
