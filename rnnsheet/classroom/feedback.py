"""What a student gets back: the own workbook, each answer in a colour, and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsheet.classroom.evaluation import Answer, exercise_of, lesson_of
from rnnsheet.classroom.marks import FOLLOWS, WRONG
from rnnsheet.classroom.references import Cell
from rnnsheet.files import own_folder
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Sheet

if TYPE_CHECKING:
    from rnnsheet.classroom.book import Exercise

SHEET = "Feedback"
_FIRST_ROW = 6
_WIDE = 6


def feedback(
    secret: bytes,
    code: str,
    weights: Mapping[str, Sequence[Sequence[float]]],
    answers: Sequence[Answer],
    verdicts: Sequence[str],
    said: str,
) -> bytes:
    """The workbook that goes back to a student; `said` is the mark in one line."""
    exercise = exercise_of(secret)
    planned = exercise.blank_book(code, lesson_of(exercise, weights))
    by_cell = dict(zip(exercise.blanks.cells, zip(answers, verdicts, strict=True), strict=True))
    sheets = (_colored(sheet, by_cell) for sheet in planned.sheets)
    first = _first(exercise, list(zip(answers, verdicts, strict=True)), said)
    with own_folder("feedback") as folder:
        file = folder / "feedback.xlsx"
        exercise.write(replace(planned, sheets=(first, *sheets)), file)
        return Path(file).read_bytes()


def _colored(sheet: Sheet, by_cell: Mapping[Cell, tuple[Answer, str]]) -> Sheet:
    """A sheet with the answers in the place of its blanks, as numbers and texts, which do nothing."""
    blocks = []
    for block in sheet.blocks:
        cells = [(sheet.name, cell) for cell in block.area.cells()]
        if cells[0] not in by_cell:
            blocks.append(block)
            continue
        for index, cell in enumerate(cells):
            answer, verdict = by_cell[cell]
            area = block.area.part(*divmod(index, block.area.cols))
            blocks.append(replace(block, area=area, fills=(), values=[[answer.own]], style=f"is_{verdict}"))
    return replace(sheet, blocks=blocks)


def _first(exercise: Exercise, found: Sequence[tuple[Answer, str]], said: str) -> Sheet:
    """The sheet that lists every answer, with what was expected given the student's numbers."""
    words, page = exercise.words, Page(SHEET, exercise.words)
    page.text(1, 1, words("feedback.title"), "title")
    page.text(2, 1, said, "symbol")
    wrong = next(
        (blank.place for blank, (_, v) in zip(exercise.blanks.all, found, strict=True) if v == WRONG), ""
    )
    page.text(3, 1, words("feedback.first", place=wrong) if wrong else "", "status")
    for col, name in enumerate(("place", "answer", "verdict", "right", "note"), start=1):
        page.text(_FIRST_ROW - 1, col, words(f"feedback.{name}"), "heading")
    for row, (blank, (answer, verdict)) in enumerate(
        zip(exercise.blanks.all, found, strict=True), start=_FIRST_ROW
    ):
        form = blank.block.format
        page.constants("place", row, 1, [[blank.place]], "plain", form="letter")
        page.constants("answer", row, 2, [[answer.own]], f"is_{verdict}", form=form)
        page.constants("verdict", row, 3, [[words(f"feedback.is_{verdict}")]], "plain", form="letter")
        page.constants("right", row, 4, [[answer.right]], "label", form=form)
        page.text(row, 5, "; ".join(_notes(exercise, answer, verdict)))
    page.sheet.widths = {1: 18, 2: 14, 3: 30, 4: 14, 5: 60}
    return page.sheet


def _notes(exercise: Exercise, answer: Answer, verdict: str) -> Iterator[str]:
    if verdict == FOLLOWS:
        yield exercise.words("feedback.note_follow")
    if verdict == WRONG and isinstance(answer.follow, int | float):
        yield exercise.words("feedback.note_wrong", number=f"{answer.follow:.6g}")
    if answer.kind in ("text", "array") and not isinstance(answer.right, str):
        yield exercise.words(f"feedback.note_{answer.kind}")
    if answer.unused:
        yield exercise.words("feedback.note_unused")
