"""Handing out: a folder with a workbook for each student, and one for the teacher with the key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rnnsheet import templates
from rnnsheet.classroom import key as keys
from rnnsheet.classroom import paper, tables
from rnnsheet.classroom.book import Exercise, blanks_of
from rnnsheet.classroom.key import PAPER, Key, KeyFileError, Rule, Settings
from rnnsheet.classroom.tables import Student
from rnnsheet.errors import LessonError, OutputError
from rnnsheet.files import made_folder
from rnnsheet.lesson import LessonData
from rnnsheet.progress import Advance, Progress, silent

STUDENTS, TEACHER = "students", "teacher"
KEY, CODES = "key.toml", "roster-codes.csv"
PAGES, SOLUTIONS = "exercise.html", "solutions.html"
"""What is printed."""
_COLUMNS = ("code", "id", "name", "file")
MOST_STUDENTS = 100_000


@dataclass(frozen=True)
class HandedOut:
    """What `exercise` has written."""

    folder: Path
    key: Path
    books: Mapping[str, Path]
    """The workbook of each student, by their ids; on paper the file with the pages of all."""


def exercise(
    lesson: str | Path | LessonData,
    folder: str | Path,
    students: Sequence[Student],
    settings: Settings,
    key: str | Path = "",
    force: bool = False,
    progress: Progress = silent,
) -> HandedOut:
    """Writes a workbook with numbers of their own for each student, and the teacher's key.

    On paper it is one file with a page for each, and one for the teacher with the solutions.
    With the `key` of an exercise that was handed out before, it is for those who come late: the settings
    must be the same. Raises RnnsheetError where something given cannot be used, OutputError where the folder
    exists already (unless `force`) or cannot be written.
    """
    source = lesson if isinstance(lesson, LessonData) else templates.load(lesson)
    root = Path(folder)
    place = Path(key) if key else root / TEACHER / KEY
    if settings.mode == PAPER and len(students) > paper.MOST_PAGES:
        raise LessonError("too_many_pages", got=len(students), most=paper.MOST_PAGES)
    # Without it nothing that was handed out could be marked: a key is kept, also with `force`.
    known = keys.load(place) if place.exists() and (key or force) else None
    prepared = prepare(source, settings, known, place)
    made = prepared.key
    if root.exists() and not force:
        raise OutputError("folder_exists", place=str(root))
    codes = {student.id: made.code(student.id) for student in students}
    with progress("exercise", len(students)) as advance:
        # Before anything is written: there may be no numbers for someone.
        pages = list(_pages(prepared, students, advance)) if settings.mode == PAPER else []
        with made_folder(root / STUDENTS), made_folder(root / TEACHER):
            if known is None:
                made.save(place)
            files = _write(prepared, codes, pages, root, advance)
    rows = [(codes[s.id], s.id, s.name, f"{STUDENTS}/{files[s.id].name}") for s in students]
    _list(root / TEACHER, rows, known is not None)
    if place.parent.resolve() != (root / TEACHER).resolve() and (place.parent / CODES).exists():
        _list(place.parent, rows, True)
    return HandedOut(root, place, files)


def _write(
    prepared: Exercise, codes: Mapping[str, str], pages: Sequence[paper.Page], root: Path, advance: Advance
) -> dict[str, Path]:
    """Writes the pages, or where there are none the workbook of each code; the file of each student."""
    if pages:
        paper.write(prepared, pages, root / STUDENTS / PAGES, solved=False)
        paper.write(prepared, pages, root / TEACHER / SOLUTIONS, solved=True)
        return dict.fromkeys(codes, root / STUDENTS / PAGES)
    files = {student: root / STUDENTS / f"{code}.xlsx" for student, code in codes.items()}
    for student, code in codes.items():
        prepared.write(prepared.book(code, prepared.lesson(code)), files[student])
        advance(1)
    return files


def _pages(prepared: Exercise, students: Sequence[Student], advance: Advance) -> Iterator[paper.Page]:
    """The page of each student. Raises LessonError where there are no numbers for one."""
    for student in students:
        code = prepared.key.code(student.id)
        yield paper.Page(code, prepared.lesson(code), f"{student.id} {student.name}")
        advance(1)


def students(roster: str | Path = "", count: int | None = None) -> list[Student]:
    """Those of a roster, or so many with numbers for ids.

    Raises RnnsheetError where neither or both are given, or the roster cannot be used.
    """
    if bool(roster) == (count is not None):
        raise LessonError("roster_or_count")
    if roster:
        return tables.roster(Path(roster))
    if not 1 <= (count or 0) <= MOST_STUDENTS:
        raise LessonError("wrong_size", name="--count", got=count, least=1, most=MOST_STUDENTS)
    return [Student(str(number)) for number in range(1, (count or 0) + 1)]


def solve(student: str, key: str | Path, path: str | Path = "", force: bool = False) -> Path:
    """Writes the solved workbook, or page, of a student, by code or id. Raises RnnsheetError if it cannot."""
    from rnnsheet.api import page_file, workbook_file

    made = keys.load(Path(key))
    code = _code(student.strip(), Path(key).parent)
    prepared = Exercise(made)
    if made.settings.mode == PAPER:
        target = page_file(path or f"{code}-solved.html", force)
        paper.write(prepared, [paper.Page(code, prepared.lesson(code))], target, solved=True)
    else:
        target = workbook_file(path or f"{code}-solved.xlsx", force)
        prepared.write(prepared.book(code, prepared.lesson(code), solved=True), target)
    return target


def _code(student: str, folder: Path) -> str:
    """A student's code. Raises KeyFileError where the list beside the key has nobody of that code or id."""
    listed = {row[0]: row[1] for row in _listed(folder)}
    found = [code for code, own in listed.items() if student in (code, own) or student.upper() == code]
    if listed and not found:
        raise KeyFileError("no_student", place=str(folder / CODES), got=student)
    if not listed and not keys.is_code(student.upper()):
        raise KeyFileError("no_code", got=student)
    return found[0] if found else student.upper()


def listed_students(folder: Path) -> dict[str, Student]:
    """The students of the list in a teacher's folder by their codes; none where there is no list."""
    return {row[0]: Student(row[1], row[2]) for row in _listed(folder)}


def _list(folder: Path, rows: Sequence[Sequence[str]], more: bool) -> None:
    """Writes the list of whose a code is; with `more` it grows."""
    listed = {row[0]: row for row in _listed(folder) if more} | {row[0]: row for row in rows}
    tables.write(folder / CODES, _COLUMNS, listed.values())


def _listed(folder: Path) -> list[list[str]]:
    """The students of a teacher's folder: code, id, name and file of each; none where there is no list."""
    place = folder / CODES
    rows = tables.read(place)[1:] if place.exists() else []
    return [[tables.plain(value) for value in row] for row in rows if len(row) == len(_COLUMNS)]


def prepare(lesson: LessonData, settings: Settings, known: Key | None, place: Path) -> Exercise:
    """A new exercise, or that of a key which is known, if it is of the same.

    Raises LessonError or KeyFileError, with the key's place, where it cannot be.
    """
    keys.check_settings(settings)
    # A note may tell a number; nothing of the training is shown.
    shown = replace(lesson, notes={}, settings=replace(lesson.settings, epochs=1, flow_steps=2, sheets=()))
    blanks = blanks_of(shown, settings)
    settings = replace(settings, blanks=blanks.names)
    if known is None:
        counts = Counter(blank.name for blank in blanks.all)
        rubric = {name: Rule(float(count)) for name, count in counts.items()}
        return Exercise(keys.new(shown, settings, rubric), blanks)
    if known.settings != settings or templates.tree(known.lesson) != templates.tree(shown):
        raise KeyFileError("other_settings", place=str(place), lesson=known.lesson.name)
    return Exercise(known, blanks)
