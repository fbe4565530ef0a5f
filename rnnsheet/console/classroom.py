"""The commands of a class: exercises for it, and their solutions."""

import re
from typing import Annotated

import typer

from rnnsheet.console.command import (
    Force,
    Json,
    Language,
    LessonName,
    errors,
    help_text,
    print_json,
    print_lines,
)
from rnnsheet.errors import RnnsheetError
from rnnsheet.labels import labels

KeyFile = Annotated[str, typer.Option("--key", metavar="KEY.toml", help=help_text("help.key"))]


def add(app: typer.Typer) -> None:
    """Gives the command line what a class needs."""
    app.command(help=help_text("help.exercise"))(exercise)
    app.command(help=help_text("help.solve"))(solve)


def exercise(
    lesson: LessonName,
    folder: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help=help_text("help.handed_out"))],
    roster: Annotated[str, typer.Option(metavar="R.csv", help=help_text("help.roster"))] = "",
    count: Annotated[int | None, typer.Option(metavar="N", help=help_text("help.count"))] = None,
    blanks: Annotated[str, typer.Option(metavar="h,p,dWxh", help=help_text("help.blanks"))] = "",
    times: Annotated[str, typer.Option(metavar="1-2", help=help_text("help.times"))] = "",
    mode: Annotated[str, typer.Option(metavar="graded", help=help_text("help.mode"))] = "graded",
    example: Annotated[bool, typer.Option("--example", help=help_text("help.example"))] = False,
    digits: Annotated[int, typer.Option(metavar="N", help=help_text("help.digits"))] = 3,
    key: KeyFile = "",
    force: Force = False,
    as_json: Json = False,
    lang: Language = "",
) -> None:
    with errors(lang) as language:
        from rnnsheet.classroom import handing_out
        from rnnsheet.classroom.key import Settings
        from rnnsheet.console import progress

        texts = labels(language)
        students = handing_out.students(roster, count)
        settings = Settings(_names(blanks), _numbers(times), mode, example, digits, language)
        done = handing_out.exercise(lesson, folder, students, settings, key, force, progress.bars(texts))
        if as_json:
            files = {student: str(file) for student, file in done.books.items()}
            print_json({"folder": str(done.folder), "key": str(done.key), "books": files})
        else:
            print_lines([texts("exercise.done", count=len(done.books), folder=done.folder, key=done.key)])


def solve(
    code: Annotated[str, typer.Argument(metavar="CODE", help=help_text("help.code"))],
    key: KeyFile = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE.xlsx", help=help_text("help.solved"))
    ] = "",
    force: Force = False,
    lang: Language = "",
) -> None:
    with errors(lang) as language:
        from rnnsheet.classroom import handing_out

        print_lines(
            [labels(language)("export.done", file=handing_out.solve(code, _needed(key), output, force))]
        )


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
