"""A book to practise with: beside each block of blanks a word that says, live, how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from rnnsheet import engine
from rnnsheet.classroom.blanks import Blank
from rnnsheet.classroom.numbers import tolerance
from rnnsheet.classroom.references import qualified
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Area, Block, Plan, Sheet

if TYPE_CHECKING:
    from rnnsheet.classroom.book import Exercise

KEY = "check"
"""The sheet on which the answers stand."""
_FIRST_ROW = 6
_TOLERANCE = 4
_PLACE, _RIGHT, _FOLLOW, _STATE = 1, 2, 3, 4
"""Columns: which cell, what is right, what follows from the cells above it, and how it stands."""
_EMPTY, _WRONG, _FOLLOWS, _IS_RIGHT = range(4)


def with_words(exercise: Exercise, planned: Plan, lesson: LessonData) -> Plan:
    """A student's book with a sheet that checks every blank, and a word beside each of their blocks."""
    page, trace = Page.of(KEY, exercise.words), engine.run(lesson)
    words = exercise.words
    page.title(words("practice.title"), words("practice.about"))
    page.text(_TOLERANCE, 1, words("practice.tolerance"), "caption")
    page.constants(
        "tolerance", _TOLERANCE, 2, [[tolerance(exercise.key.settings.digits)]], "label", form="general"
    )
    for col, name in enumerate(("place", "answer", "follows", "state"), start=1):
        page.text(_FIRST_ROW - 1, col, words(f"practice.{name}"), "heading")
    states: list[tuple[Block, Area]] = []
    row = _FIRST_ROW
    for _, group in groupby(exercise.blanks.all, lambda blank: id(blank.block)):
        blanks = list(group)
        states.append((blanks[0].block, page.area(row, _STATE, len(blanks))))
        for blank in blanks:
            _check(page, row, blank, blank.answer(trace))
            row += 1
    page.sheet.widths = {1: 18, 2: 14, 3: 26, 4: 50}
    sheets = [_spoken(sheet, states, exercise) for sheet in planned.sheets]
    return replace(planned, sheets=(*sheets, page.sheet))


def _check(page: Page, row: int, blank: Blank, right: object) -> None:
    """The row that checks a blank."""
    number, form = isinstance(right, int | float), blank.block.format
    page.constants("place", row, _PLACE, [[blank.place]], "plain", form="letter")
    page.constants("answer", row, _RIGHT, [[right]], "label", form=form)
    follow = qualified(blank.formula, blank.cell[0])
    page.formula("follows", page.area(row, _FOLLOW), follow, "label", values=[[None]], form=form)
    own, limit = qualified(blank.place.partition("!")[2], blank.cell[0]), page.area(_TOLERANCE, 2).fixed

    def near(col: int) -> str:
        other = page.area(row, col).a1
        return f"ABS({own}-{other})<={limit}*MAX(1,ABS({other}))" if number else f"EXACT({own},{other})"

    nearest = f"IF({near(_RIGHT)},{_IS_RIGHT},IF({near(_FOLLOW)},{_FOLLOWS},{_WRONG}))"
    text = f"IF(ISBLANK({own}),{_EMPTY},IFERROR({nearest},{_WRONG}))"
    page.formula("state", page.area(row, _STATE), text, "label", values=[[None]], form="whole")


def _spoken(sheet: Sheet, states: Sequence[tuple[Block, Area]], exercise: Exercise) -> Sheet:
    """A sheet with the words of its blocks, each to the right of all that stands in its first row."""
    page = Page(sheet.name, exercise.words)
    for block, area in states:
        if block.area.sheet == sheet.name:
            beside = [each.area for each in sheet.blocks if _meets(each.area, block.area.row)]
            col = max(area.col + area.cols for area in beside)
            if col <= LAST_COLUMN:
                place = page.area(block.area.row, col)
                page.formula("says", place, word(area, exercise), "status", values=[[None]], form="letter")
    return replace(sheet, blocks=[*sheet.blocks, *page.sheet.blocks])


def word(area: Area, exercise: Exercise) -> str:
    """The formula that says in a word how the blanks stand whose states stand in an area."""
    empty, wrong, follows, right = (
        exercise.words(f"practice.says_{name}") for name in ("empty", "wrong", "follows", "right")
    )

    def has(state: int) -> str:
        return f"COUNTIF({area.absolute},{state})>0"

    return (
        f'IF({has(_WRONG)},"{wrong}",IF({has(_EMPTY)},"{empty}",IF({has(_FOLLOWS)},"{follows}","{right}")))'
    )


def tally(exercise: Exercise) -> str:
    """The formula of how many blanks are right, or follow."""
    area = Area(exercise.words.sheets[KEY], _FIRST_ROW, _STATE, len(exercise.blanks.all)).absolute
    return f"COUNTIF({area},{_IS_RIGHT})+COUNTIF({area},{_FOLLOWS})"


def _meets(area: Area, row: int) -> bool:
    return area.row <= row < area.row + area.rows
