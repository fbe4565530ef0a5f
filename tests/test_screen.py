"""What a page shows at first sight, of every lesson and of random networks, as `tests.screen` measures it."""

import re
import shutil
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings

import rnnsheet
from rnnsheet import templates
from rnnsheet.labels import labels, languages
from rnnsheet.rendering import render
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook import printing
from tests import lessons
from tests.imported_networks import counter, moods, speller
from tests.screen import LEAST_CONTRAST, MOST_SERIES, Measured, measured
from tests.test_engines import skip_without

QUICK = ("hello", "hello-lstm", "sentiment")
LESSONS = [
    pytest.param(name, language, marks=[] if name in QUICK and language == "en" else [pytest.mark.slow])
    for name in templates.names()
    for language in ("en", "zh")
]
MOST_LEFT, LEAST_STEPS, MOST_FROZEN = 480, 4, 1 / 3
"""Pixels left of the first time step, time steps on the first screen, and the share of it that stays."""
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
        assert (page.headless, page.cut) == (0, 0), page.name
        if page.name not in OVER_EPOCHS:
            assert (page.first_step or 0) <= MOST_LEFT, (page.name, page.first_step)
            assert page.steps[0] >= min(LEAST_STEPS, page.steps[1]), (page.name, page.steps)


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hello", "order"])
def test_libreoffice_prints_as_many_pages_as_are_counted(tmp_path: Path, name: str) -> None:
    skip_without("libreoffice")
    if not shutil.which("pdfinfo"):
        pytest.skip("poppler is not installed: apt-get install poppler-utils")
    path = rnnsheet.export(name, tmp_path / "book.xlsx", "en")
    (printed,) = render(path, tmp_path, pdf=True)
    told = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"Pages: +(\d+)", told)[1]) == sum(page.pages for page in measured(path))


@settings(max_examples=2)
@given(lesson=lessons.networks(hidden=3, steps=4))
def test_random_networks(tmp_path_factory: pytest.TempPathFactory, lesson: rnnsheet.Lesson) -> None:
    check(measured(rnnsheet.export(lesson, tmp_path_factory.mktemp("book") / "book.xlsx", "en")))


@pytest.mark.parametrize("make", [moods, speller, counter])
def test_imported_networks(tmp_path: Path, make) -> None:
    check(measured(rnnsheet.export(make(), tmp_path / "book.xlsx", "en")))
