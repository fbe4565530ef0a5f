"""What learning platforms take back: Moodle's grading worksheet, Canvas' gradebook, Gradescope's results."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from rnnsheet.classroom import tables
from rnnsheet.classroom.marks import RIGHT, VERDICTS, Mark
from rnnsheet.classroom.submissions import CANVAS, GRADESCOPE, MOODLE, Submission
from rnnsheet.errors import DataError
from rnnsheet.files import put_bytes, write_whole
from rnnsheet.labels import Labels

FEEDBACK_ZIP = "feedback.zip"
_OF_MOODLE = "_assignsubmission_file"
_COMMENTS = (
    "feedback",
    "comment",
    "kommentar",
    "comentario",
    "commentaire",
    "反馈",
    "评语",
    "回饋",
    "コメント",
)
"""In how the column of comments is called, in some languages."""
_ASSIGNMENT = re.compile(r".+ \(\d+\)")
_POSSIBLE = "Points Possible"
_CANVAS_COLUMNS = 5
"""Those by which Canvas knows a student."""


@dataclass(frozen=True)
class Worksheet:
    """A platform's own table of marks, to be filled in and given back."""

    platform: str
    name: str
    rows: list[list[str]]
    grade: int
    """The column of the mark."""
    most: float
    """The greatest mark that it takes; 0 where it does not say."""

    def write(self, folder: Path, marks: Sequence[Mark], words: Labels) -> None:
        """Writes the table with the marks, scaled to what it takes; all else stays as it was."""
        # Of several files of one student the best, before one that is another's.
        ranked = sorted(marks, key=lambda mark: (not mark.is_of_another, mark.mark))
        by_number = {mark.submission.number: mark for mark in ranked if mark.submission.number}
        comments = self._comments()
        rows = []
        for row in self.rows[1:]:
            filled = list(row)
            if mark := by_number.get(self._number(row)):
                scale = self.most / mark.most if self.most and mark.most else 1.0
                filled[self.grade] = f"{mark.mark * scale:.2f}"
                if comments is not None:
                    filled[comments] = comment(mark, words)
            rows.append(self._kept(filled))
        tables.write(folder / f"{self.platform}-{self.name}", self._kept(self.rows[0]), rows)

    def _number(self, row: Sequence[str]) -> str:
        if self.platform == CANVAS:
            return row[1].strip()
        found = re.search(r"\d+", row[0])
        return found[0] if found else ""

    def _comments(self) -> int | None:
        last = self.rows[0][-1].casefold()
        named = self.platform == MOODLE and any(word in last for word in _COMMENTS)
        return len(self.rows[0]) - 1 if named else None

    def _kept(self, row: Sequence[str]) -> list[str]:
        """All of a row; of Canvas the columns that it needs: another one would change other marks."""
        return list(row) if self.platform == MOODLE else [*row[:_CANVAS_COLUMNS], row[self.grade]]


def worksheet(platform: str, path: Path) -> Worksheet:
    """A platform's table of marks. Raises DataError where it is none."""
    rows = [row for row in tables.read(path) if any(map(str.strip, row))]
    if platform not in (MOODLE, CANVAS):
        raise DataError("no_worksheet", place=str(path), known=f"{MOODLE}, {CANVAS}")
    width = len(rows[0]) if rows else 0
    if len(rows) < 2 or any(len(row) != width for row in rows):
        raise DataError("bad_worksheet", place=str(path))
    found = _of_moodle(rows) if platform == MOODLE else _of_canvas(rows)
    if found is None:
        raise DataError("bad_worksheet", place=str(path))
    return Worksheet(platform, path.name, rows, *found)


def _of_moodle(rows: Sequence[Sequence[str]]) -> tuple[int, float] | None:
    """The column of the grade is left of that of the maximum, in whatever language: the same for all."""
    for col in range(2, len(rows[0])):
        most = {_number(row[col]) for row in rows[1:]}
        grades = {row[col - 1].strip() for row in rows[1:]}
        if len(most) == 1 and (greatest := most.pop()) and all(_fits(each, greatest) for each in grades):
            return col - 1, greatest
    return None


def _of_canvas(rows: Sequence[Sequence[str]]) -> tuple[int, float] | None:
    """The one column of an assignment, whose name ends in its number; behind it, none other may be."""
    columns = [col for col, title in enumerate(rows[0]) if _ASSIGNMENT.fullmatch(title.strip())]
    if len(columns) != 1 or rows[0][1].strip() != "ID":
        return None
    possible = [row for row in rows[1:] if row[0].strip() == _POSSIBLE]
    return columns[0], (_number(possible[0][columns[0]]) or 0.0) if possible else 0.0


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _fits(text: str, greatest: float) -> bool:
    number = _number(text)
    return text in ("", "-") or (number is not None and 0 <= number <= greatest)


def comment(mark: Mark, words: Labels) -> str:
    """A mark in one line, for the student."""
    counts = {verdict: mark.counts.get(verdict, 0) for verdict in VERDICTS}
    said = words("grade.comment", mark=mark.mark, most=mark.most, **counts)
    typed = next((flag for flag in mark.flags if flag.name == "typed"), None)
    return said + words("grade.typed", **typed.evidence) if typed else said


def write_results(folder: Path, marks: Sequence[Mark], words: Labels) -> None:
    """Writes what Gradescope takes of an autograder, one file for each code."""
    place = folder / GRADESCOPE
    place.mkdir(exist_ok=True)
    for mark, stem in zip(marks, file_stems(marks), strict=True):
        text = json.dumps(_results(mark, words), ensure_ascii=False, indent=2).encode()
        write_whole(place / f"{stem}.json", partial(put_bytes, text))


def file_stems(marks: Sequence[Mark]) -> Iterator[str]:
    """What the files of each mark are called: its code, and its number where a code has several."""
    met: Counter[str] = Counter()
    for mark in marks:
        met[mark.code] += 1
        yield mark.code if met[mark.code] == 1 else f"{mark.code}-{met[mark.code]}"


@contextmanager
def feedback_zip(folder: Path, platform: str) -> Iterator[Callable[[Submission, bytes], None]]:
    """Writes the zip by which a platform gives feedback back, under the names that it gave; what puts one in.

    Moodle skips a file that is the one that was handed in; its folder is what it goes by. Canvas goes by the
    whole name.
    """
    if platform not in (MOODLE, CANVAS):
        yield lambda submission, data: None
        return
    kept: dict[str, bytes] = {}

    def put(submission: Submission, data: bytes) -> None:
        name = _feedback_name(submission, platform)
        names = chain([name], (f"{name.removesuffix('.xlsx')}-{again}.xlsx" for again in count(2)))
        kept[next(each for each in names if each not in kept)] = data

    yield put

    def fill(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in kept.items():
                archive.writestr(name, data)

    write_whole(folder / FEEDBACK_ZIP, fill)


def _feedback_name(submission: Submission, platform: str) -> str:
    parts = submission.name.split("/")
    if platform == CANVAS:
        own = next((part for part in parts if Submission(Path(), name=part).platform == CANVAS), parts[-1])
        return own if own.lower().endswith(".xlsx") else f"{own}.xlsx"
    own = next((part for part in parts if _OF_MOODLE in part), parts[0])
    if own != parts[-1]:
        return f"{own}/feedback.xlsx"
    return f"{own.partition(_OF_MOODLE)[0]}{_OF_MOODLE}_feedback.xlsx"


def _results(mark: Mark, words: Labels) -> dict[str, object]:
    tests, blanks = [], mark.scheme.blanks
    for number, name in enumerate(blanks.names, start=1):
        own = [index for index, blank in enumerate(blanks.all) if blank.name == name]
        right = sum(mark.verdicts[index] == RIGHT for index in own)
        tests.append(
            {
                "name": name,
                "number": str(number),
                "score": round(sum(mark.points[index] for index in own), 6),
                "max_score": mark.scheme.rubric[name].points,
                "output": words("grade.block", right=right, count=len(own)),
                "visibility": "visible",
            }
        )
    return {"score": mark.mark, "output": comment(mark, words), "visibility": "visible", "tests": tests}
