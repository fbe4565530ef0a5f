"""What a student gets back: the own workbook, each answer in a colour, and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rnnsheet.classroom.blanks import Blank
from rnnsheet.classroom.evaluation import EMPTY, Answer, exercise_of
from rnnsheet.classroom.marks import FOLLOWS, RIGHT, WRONG, is_typed
from rnnsheet.classroom.numbers import Own
from rnnsheet.classroom.references import Cell
from rnnsheet.files import temporary_folder
from rnnsheet.sheet.bounds import a1
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Sheet

if TYPE_CHECKING:
    from rnnsheet.classroom.book import Exercise

_FIRST_ROW = 6


class Marked(NamedTuple):
    """A blank with what stands in it, and the verdict on that."""

    blank: Blank
    answer: Answer
    verdict: str


Found = Mapping[Cell, Marked]
"""By the cells, in the order of the blanks."""


def feedback(
    secret: bytes, code: str, own: Own, answers: Sequence[Answer], verdicts: Sequence[str], said: str
) -> bytes:
    """The workbook that goes back to a student; `said` is the mark in one line."""
    exercise = exercise_of(secret)
    planned = exercise.blank_book(code, own.of(exercise.key.lesson))
    every = zip(exercise.blanks.all, answers, verdicts, strict=True)
    found = {marked[0].cell: Marked(*marked) for marked in every}
    sheets = (_colored(sheet, exercise, found) for sheet in planned.sheets)
    first = _first(exercise, found, said)
    with temporary_folder("feedback") as folder:
        file = folder / "feedback.xlsx"
        exercise.write(replace(planned, sheets=(first, *sheets)), file)
        return Path(file).read_bytes()


def _colored(sheet: Sheet, exercise: Exercise, found: Found) -> Sheet:
    """A sheet with the answers in place of its blanks, as numbers and texts, which do nothing; with notes."""
    blocks, notes = [], {}
    for block in sheet.blocks:
        cells = [(sheet.name, cell) for cell in block.area.cells()]
        if cells[0] not in found:
            blocks.append(block)
            continue
        for index, cell in enumerate(cells):
            _, answer, verdict = found[cell]
            area = block.area.part(*divmod(index, block.area.cols))
            blocks.append(replace(block, area=area, fills=(), values=[[answer.own]], style=f"is_{verdict}"))
            notes[area.row, area.col] = "\n".join(_notes(exercise, found, cell))
    return replace(sheet, blocks=blocks, notes=notes)


def _first(exercise: Exercise, found: Found, said: str) -> Sheet:
    """The sheet that lists every answer, with what was expected given the student's numbers."""
    words, page = exercise.words, Page.of("feedback", exercise.words)
    page.text(1, 1, words("feedback.title"), "title")
    page.text(2, 1, said, "symbol")
    wrong = next((each.blank.place for each in found.values() if each.verdict == WRONG), "")
    page.text(3, 1, words("feedback.first", place=wrong) if wrong else "", "status")
    for col, name in enumerate(("place", "answer", "verdict", "right", "note"), start=1):
        page.text(_FIRST_ROW - 1, col, words(f"feedback.{name}"), "heading")
    for row, (blank, answer, verdict) in enumerate(found.values(), start=_FIRST_ROW):
        form = blank.block.format
        told, *remarks = _notes(exercise, found, blank.cell)
        page.text(row, 1, blank.place, "link_text", link=blank.cell[0], at=a1(blank.cell[1]))
        page.constants("answer", row, 2, [[answer.own]], f"is_{verdict}", form=form)
        page.constants("verdict", row, 3, [[told]], "plain", form="letter")
        page.constants("right", row, 4, [[answer.right]], "label", form=form)
        page.text(row, 5, "; ".join(remarks))
    page.sheet.widths = {1: 18, 2: 14, 3: 30, 4: 14, 5: 60}
    return page.sheet


def _notes(exercise: Exercise, found: Found, cell: Cell) -> Iterator[str]:
    """The verdict on an answer in words, and what is to be said of it besides."""
    (blank, answer, verdict), words = found[cell], exercise.words
    yield words(f"feedback.is_{verdict}")
    if verdict == FOLLOWS and (place := _began(exercise, found, cell)):
        yield words("feedback.note_follow", place=place)
    elif verdict != RIGHT:
        wanted = answer.right if answer.follow is None else answer.follow
        number = wanted if isinstance(wanted, str) else f"{wanted:.6g}"
        yield words("feedback.note_wrong", number=number)
    if answer.kind in ("text", "array") and not isinstance(answer.right, str):
        yield words(f"feedback.note_{answer.kind}")
    if answer.unused:
        yield words("feedback.note_unused")
    if exercise.key.rubric[blank.name].formula and is_typed(answer):
        yield words("feedback.note_typed")


def _began(exercise: Exercise, found: Found, cell: Cell) -> str:
    """Where it first went wrong, of what an answer follows from; "" where nothing of that did."""
    seen, waiting = {cell}, [cell]
    while waiting:
        new = [each for each in exercise.blanks.operands[waiting.pop()] if each not in seen]
        seen.update(new)
        waiting += [each for each in new if found[each].verdict != RIGHT]
    wrong = {each for each in seen if found[each].verdict in (WRONG, EMPTY)}
    return next((each.blank.place for place, each in found.items() if place in wrong), "")
