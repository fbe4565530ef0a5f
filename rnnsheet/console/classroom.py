"""The commands of a class: exercises for it, their solutions, and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from rnnsheet.console.command import (
    Force,
    Json,
    Language,
    LessonName,
    argument,
    errors,
    help_text,
    option,
    print_json,
    print_lines,
)
from rnnsheet.errors import RnnsheetError
from rnnsheet.labels import Labels, labels

if TYPE_CHECKING:
    from rnnsheet.classroom.grading import Grading

_MOST_TOLD = 20
"""Of those who have handed in nothing."""
KeyFile = Annotated[str, option("key", "--key", of="KEY.toml")]
Roster = Annotated[str, option("roster", of="R.csv")]


def add(app: typer.Typer) -> None:
    """Gives the command line what a class needs."""
    app.command(help=help_text("help.exercise"))(exercise)
    app.command(help=help_text("help.grade"))(grade)
    app.command(help=help_text("help.solve"))(solve)


def exercise(
    lesson: LessonName,
    folder: Annotated[str, option("handed_out", "-o", "--output", of="DIR")],
    roster: Roster = "",
    count: Annotated[int | None, option("count", of="N")] = None,
    blanks: Annotated[str, option("blanks", of="h,p,dWxh")] = "",
    times: Annotated[str, option("times", of="1-2")] = "",
    mode: Annotated[str, option("mode", of="graded|practice")] = "graded",
    paper: Annotated[bool, option("on_paper", "--paper")] = False,
    words: Annotated[bool, option("own_words", "--words")] = False,
    example: Annotated[bool, option("example", "--example")] = False,
    digits: Annotated[int, option("digits", of="N")] = 3,
    key: KeyFile = "",
    force: Force = False,
    as_json: Json = False,
    lang: Language = "",
) -> None:
    with errors(lang) as language:
        from rnnsheet.classroom import handing_out
        from rnnsheet.classroom.key import PAPER, PRACTICE, Settings
        from rnnsheet.console import progress

        texts = labels(language)
        students = handing_out.students(roster, count)
        if paper and mode == PRACTICE:
            raise RnnsheetError("paper_says_nothing")
        mode = PAPER if paper else mode
        settings = Settings(_names(blanks), _numbers(times), mode, example, digits, language, words)
        done = handing_out.exercise(lesson, folder, students, settings, key, force, progress.bars(texts))
        if as_json:
            files = {student: str(file) for student, file in done.books.items()}
            print_json({"folder": str(done.folder), "key": str(done.key), "books": files})
        else:
            told = "exercise.printed" if paper else "exercise.done"
            print_lines([texts(told, count=len(done.books), folder=done.folder, key=done.key)])


def solve(
    student: Annotated[str, argument("code", "CODE")],
    key: KeyFile = "",
    output: Annotated[str, option("solved", "-o", "--output", of="FILE.xlsx")] = "",
    force: Force = False,
    lang: Language = "",
) -> None:
    with errors(lang) as language:
        from rnnsheet.classroom import handing_out

        solved = handing_out.solve(student, _needed(key), output, force)
        print_lines([labels(language)("exercise.written", file=solved)])


def grade(
    places: Annotated[list[str], argument("submissions", "FILES|ZIP|DIR...")],
    folder: Annotated[str, option("marks", "-o", "--output", of="DIR")],
    key: KeyFile = "",
    roster: Roster = "",
    platform: Annotated[str, option("platform", of="moodle|canvas|gradescope")] = "",
    worksheet: Annotated[str, option("worksheet", of="W.csv")] = "",
    strict: Annotated[bool, option("strict", "--strict")] = False,
    tolerance: Annotated[float | None, option("answer_tolerance")] = None,
    jobs: Annotated[int | None, option("jobs", "-j", "--jobs", of="N")] = None,
    force: Force = False,
    as_json: Json = False,
    lang: Language = "",
) -> None:
    with errors(lang) as language:
        from rnnsheet.classroom import grading
        from rnnsheet.console import progress

        texts = labels(language)
        found = grading.grade(
            places,
            _needed(key),
            folder,
            roster=roster,
            platform=platform,
            worksheet=worksheet,
            strict=strict,
            tolerance=tolerance,
            jobs=jobs,
            language=language,
            force=force,
            progress=progress.bars(texts),
        )
        if as_json:
            print_json(found.as_dict(language))
        else:
            print_lines(_told(found, texts))
    raise typer.Exit(1 if found.refused else 0)


def _told(found: Grading, texts: Labels) -> Iterator[str]:
    """How many were marked, what should be looked at, and what could not be."""
    flagged = sum(bool(mark.flags) for mark in found.marks)
    yield texts("grade.done", count=len(found.marks), flagged=flagged, folder=found.folder)
    if found.absent:
        names = [student.name or student.id for _, student in found.absent]
        more = "…" if len(names) > _MOST_TOLD else ""
        yield texts("grade.absent", count=len(names), names=", ".join(names[:_MOST_TOLD]) + more)
    for submission, reason in found.refused:
        yield texts("grade.refused", file=submission.name, reason=reason.text(texts.language))


def _needed(key: str) -> str:
    """The key's file. Raises RnnsheetError where none is given."""
    if not key:
        raise RnnsheetError("needs_key")
    return key


def _names(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in re.split("[,，]", text) if name.strip())


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of such as 1-2,5. Raises RnnsheetError for another text."""
    found: set[int] = set()
    for part in _names(text):
        if not (bounds := re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part)):
            raise RnnsheetError("wrong_times", got=text)
        first = int(bounds[1])
        found |= set(range(first, int(bounds[2] or first) + 1))
    if text and not found:
        raise RnnsheetError("wrong_times", got=text)
    return tuple(sorted(found))
