"""Marking: every submission of a class evaluated side by side, marked, and told as tables."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from rnnsheet.classroom import key as keys
from rnnsheet.classroom import platforms, tables
from rnnsheet.classroom.book import Exercise
from rnnsheet.classroom.evaluation import Evaluation, Refused, evaluate, right_answers
from rnnsheet.classroom.feedback import feedback
from rnnsheet.classroom.handing_out import listed_students
from rnnsheet.classroom.marks import VERDICTS, Mark, Scheme, marked
from rnnsheet.classroom.numbers import tolerance as usual_tolerance
from rnnsheet.classroom.overview import write_overview
from rnnsheet.classroom.submissions import PLATFORMS, Submission, found
from rnnsheet.classroom.tables import Student
from rnnsheet.errors import OutputError, RnnsheetError, known_language
from rnnsheet.files import made_folder, put_bytes, write_whole
from rnnsheet.labels import Labels, labels
from rnnsheet.progress import Progress, silent

MARKS, CELLS, UNREADABLE = "marks.csv", "cells.csv", "not-marked.csv"
FEEDBACK = "feedback"
_AT_ONCE = 64
"""So many submissions are in memory, read and not yet evaluated."""


@dataclass(frozen=True)
class Grading:
    """What `grade` has found."""

    marks: tuple[Mark, ...]
    refused: tuple[tuple[Submission, Refused], ...]
    """The submissions that could not be marked, and why."""
    folder: Path
    absent: tuple[tuple[str, Student], ...] = ()
    """The codes of those on the roster who have handed in nothing that could be marked, and who they are."""

    def as_dict(self, language: str = "en") -> dict[str, object]:
        """The marks as plain data for JSON."""
        words = labels(language)
        return {
            "folder": str(self.folder),
            "marks": [dict(zip(_HEADER, row, strict=True)) for row in _rows(self.marks, words)],
            "not_marked": [{"file": s.name, "reason": reason.text(language)} for s, reason in self.refused],
            "absent": [{"code": code, "id": each.id, "name": each.name} for code, each in self.absent],
        }


def grade(
    places: str | Path | Sequence[str | Path],
    key: str | Path,
    folder: str | Path,
    *,
    roster: str | Path = "",
    platform: str = "",
    worksheet: str | Path = "",
    strict: bool = False,
    tolerance: float | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    language: str = "",
    force: bool = False,
    progress: Progress = silent,
) -> Grading:
    """Marks what a class has handed in, and writes the marks into a folder.

    `places` are files, folders, or zips as platforms give them. Each is recalculated in the sandbox of
    `check`, in `jobs` processes (by default one for each processor) or by an `executor`: any of
    `concurrent.futures`, such as a cluster's. `tolerance` is absolute up to 1, relative above; by default one
    unit of the last decimal that is asked for. `worksheet` is the platform's own table of marks, to be filled
    in. Without a `roster` the list of codes beside the key tells who there is. Raises RnnsheetError where
    something given cannot be used; a submission that cannot be marked is told in the result, and stops no
    other.
    """
    made, words = _key(Path(key)), labels(known_language(language))
    tolerance = usual_tolerance(made.settings.digits) if tolerance is None else tolerance
    target = Path(folder)
    _check(tolerance, platform, jobs, target, force)
    students = _students(made, Path(key), roster)
    submissions = found([places] if isinstance(places, str | Path) else places, target)
    platform = platform or next((each.platform for each in submissions if each.platform), "")
    sheet = platforms.worksheet(platform, Path(worksheet)) if worksheet else None
    scheme = Scheme(Exercise(made).blanks, made.rubric, tolerance, strict, students)
    with made_folder(target), _executor(executor, jobs) as pool:
        grading = _graded(pool, submissions, made.dumped(), scheme, target, progress)
        _write(grading, scheme, words)
        _give_back(pool, grading, made, platform)
    if sheet:
        sheet.write(target, grading.marks, words)
    if platform == "gradescope":
        platforms.write_results(target, grading.marks, words)
    return grading


def _key(path: Path) -> keys.Key:
    """The key. Raises KeyFileError where it is none, or one of pages that were printed."""
    if (made := keys.load(path)).settings.mode == keys.PAPER:
        raise keys.KeyFileError("paper_key", place=str(path))
    return made


def _check(tolerance: float, platform: str, jobs: int | None, target: Path, force: bool) -> None:
    """Raises RnnsheetError where something given cannot be."""
    if not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise RnnsheetError("bad_tolerance", got=tolerance)
    if platform and platform not in PLATFORMS:
        raise RnnsheetError("wrong_choice", key="--platform", got=platform, known=", ".join(PLATFORMS))
    if jobs is not None and not 1 <= jobs <= 1_000:
        raise RnnsheetError("wrong_size", name="-j", got=jobs, least=1, most=1_000)
    if target.exists() and not force:
        raise OutputError("folder_exists", place=str(target))


def _students(key: keys.Key, place: Path, roster: str | Path) -> Mapping[str, Student]:
    """Those of the roster by their codes; without one those of the list beside the key, if it is there."""
    if not roster:
        return listed_students(place.parent)
    return {key.code(student.id): student for student in tables.roster(Path(roster))}


def _graded(
    pool: Executor,
    submissions: Sequence[Submission],
    secret: bytes,
    scheme: Scheme,
    target: Path,
    progress: Progress,
) -> Grading:
    """Everything evaluated, and marked in view of the whole class."""
    evaluated: list[tuple[Submission, Evaluation]] = []
    refused: list[tuple[Submission, Refused]] = []
    with progress("grade", len(submissions)) as advance:
        for submission, result in _evaluated(pool, submissions, secret, scheme.tolerance):
            if isinstance(result, Refused):
                refused.append((submission, result))
            else:
                evaluated.append((submission, result))
            advance(1)
    silent_ones = sorted(scheme.students.keys() - {each.code for _, each in evaluated})
    rest = dict(zip(silent_ones, pool.map(partial(right_answers, secret), silent_ones), strict=True))
    absent = tuple((code, student) for code, student in scheme.students.items() if code in rest)
    return Grading(tuple(marked(evaluated, scheme, rest)), tuple(refused), target, absent)


@contextmanager
def _executor(given: Executor | None, jobs: int | None) -> Iterator[Executor]:
    """The executor that is given, or a pool of processes of our own."""
    if given is not None:
        yield given
        return
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        yield pool


def _evaluated(
    pool: Executor, submissions: Iterable[Submission], secret: bytes, tolerance: float
) -> Iterator[tuple[Submission, Evaluation | Refused]]:
    """What is found in each, in order; so many at once that memory does not grow with their number."""
    waiting: deque[tuple[Submission, Future[Evaluation | Refused] | Refused]] = deque()
    left = iter(submissions)
    while True:
        for submission in islice(left, _AT_ONCE - len(waiting)):
            try:
                data = submission.read()
            except RnnsheetError as error:
                waiting.append((submission, Refused(error.key, dict(error.values))))
                continue
            waiting.append((submission, pool.submit(evaluate, secret, submission.name, data, tolerance)))
        if not waiting:
            return
        submission, begun = waiting.popleft()
        yield submission, begun if isinstance(begun, Refused) else _result(begun)


def _result(begun: Future[Evaluation | Refused]) -> Evaluation | Refused:
    try:
        return begun.result()
    except Exception as error:
        # Its process was ended from outside, or could not begin.
        return Refused("not_marked", {"reason": f"{type(error).__name__}: {error}"[:200]})


_HEADER = ("code", "id", "name", "file", "mark", "max", *VERDICTS, "flags")
_OF_CELLS = ("code", "id", "file", "cell", "block", "kind", "answer", "right", "follows", "verdict", "points")


def _give_back(pool: Executor, grading: Grading, key: keys.Key, platform: str) -> None:
    """Writes the feedback of each student, and for a platform all of it in a zip with its names."""
    place, words, secret = grading.folder / FEEDBACK, labels(key.settings.language), key.dumped()
    place.mkdir(exist_ok=True)
    said = [platforms.comment(mark, words) for mark in grading.marks]
    ways = [(m.code, m.own, m.answers, m.verdicts, line) for m, line in zip(grading.marks, said, strict=True)]
    stems = platforms.file_stems(grading.marks)
    with platforms.feedback_zip(grading.folder, platform) as put:
        for start in range(0, len(ways), _AT_ONCE):
            some = grading.marks[start : start + _AT_ONCE]
            made = pool.map(partial(feedback, secret), *zip(*ways[start : start + _AT_ONCE], strict=True))
            for mark, data in zip(some, made, strict=True):
                write_whole(place / f"{next(stems)}.xlsx", partial(put_bytes, data))
                put(mark.submission, data)


def _rows(marks: Iterable[Mark], words: Labels) -> Iterator[Sequence[object]]:
    for mark in marks:
        counts = [mark.counts.get(verdict, 0) for verdict in VERDICTS]
        flags = "; ".join(words(f"flag.{flag.name}", **flag.evidence) for flag in mark.flags)
        student = mark.student
        yield (
            mark.code,
            student.id,
            student.name,
            mark.submission.name,
            mark.mark,
            mark.most,
            *counts,
            flags,
        )


def _of_cells(marks: Iterable[Mark], scheme: Scheme) -> Iterator[Sequence[object]]:
    for mark in marks:
        each = zip(scheme.blanks.all, mark.answers, mark.verdicts, mark.points, strict=True)
        for blank, answer, verdict, points in each:
            own = "" if answer.own is None else answer.own
            follows = "" if answer.follow is None else answer.follow
            place = (mark.code, mark.student.id, mark.submission.name, blank.place, blank.name)
            yield (*place, answer.kind, own, answer.right, follows, verdict, round(points, 6))


def _write(grading: Grading, scheme: Scheme, words: Labels) -> None:
    missing = [(code, each.id, each.name) + ("",) * (len(_HEADER) - 3) for code, each in grading.absent]
    tables.write(grading.folder / MARKS, _HEADER, [*_rows(grading.marks, words), *missing])
    write_overview(grading.folder, grading.marks, words)
    tables.write(grading.folder / CELLS, _OF_CELLS, _of_cells(grading.marks, scheme))
    rows = [(submission.name, reason.text(words.language)) for submission, reason in grading.refused]
    if rows or (grading.folder / UNREADABLE).exists():
        tables.write(grading.folder / UNREADABLE, ("file", "reason"), rows)
