"""Marking a class: the time that a submission of `hello` takes, and whether memory grows with the class."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import run
from benchmarks.startup import RNNSHEET, process
from benchmarks.timing import line, ratio, rounds
from rnnsheet.classroom import handing_out
from rnnsheet.classroom.book import Exercise
from rnnsheet.classroom.key import Settings, load

CLASS, DIFFERENT = 200, 4
"""How many submissions there are, and how many students' files they are copies of."""
_LOAD_AND_EVALUATE = """
import sys, ironcalc
for file in sys.argv[1:]:
    model = ironcalc.load_from_xlsx(file, "en", "UTC", "en")
    model.evaluate()
"""


def report(count: int, most: int = CLASS) -> Iterator[str]:
    """The ratio of marking to a script that only recalculates each file, and of memory for many to few."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, books = _solved(folder)
        few, many = (_class(folder / str(size), books, size) for size in (most // 10, most))
        tasks = {
            "grade": process(_grade(few, key, folder)),
            "ironcalc": process([sys.executable, "-c", _LOAD_AND_EVALUATE, *map(str, few.iterdir())]),
        }
        what = f"grade {most // 10} submissions of hello / loading and evaluating each"
        yield line(what, ratio(rounds(tasks, count), "grade", "ironcalc"))
        peaks = [run(_grade(each, key, folder), folder)[1] for each in (few, many)]
        yield line(f"grade, memory: {most} submissions / {most // 10}", peaks[1] / peaks[0], 1.25)


def _grade(submissions: Path, key: Path, folder: Path) -> list[str]:
    options = ["--key", str(key), "-j", "1", "--force", "-o", str(folder / "marks")]
    return [RNNSHEET, "grade", str(submissions), *options]


def _solved(folder: Path) -> tuple[Path, list[Path]]:
    """A key, and what students without a mistake hand in."""
    students = handing_out.students(count=DIFFERENT)
    done = handing_out.exercise("hello", folder / "class", students, Settings())
    exercise = Exercise(load(done.key))
    for file in done.books.values():
        exercise.write(exercise.book(file.stem, exercise.lesson(file.stem), solved=True), file)
    return done.key, list(done.books.values())


def _class(folder: Path, books: list[Path], size: int) -> Path:
    """A folder with so many submissions."""
    folder.mkdir()
    for number in range(size):
        shutil.copy(books[number % len(books)], folder / f"{number}.xlsx")
    return folder
