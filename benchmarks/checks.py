"""The check of `hello` with its 200 epochs as a whole process, against the spreadsheet engine alone."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.startup import RNNSHEET, process
from benchmarks.timing import line, ratio, rounds
from rnnsheet.checking import gnumeric, ironcalc, libreoffice
from rnnsheet.checking.recalculate import Engine

_LOAD_AND_EVALUATE = """
import sys, ironcalc
model = ironcalc.load_from_xlsx(sys.argv[1], "en", "UTC", "en")
model.evaluate()
"""


def report(count: int, engines: Sequence[Engine] = (libreoffice, gnumeric)) -> Iterator[str]:
    """The ratio of the check to a script that only loads and evaluates, and to the bare conversions."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        book = Path(folder) / "hello.xlsx"
        subprocess.run([RNNSHEET, "export", "hello", "-o", str(book)], check=True, capture_output=True)
        tasks = {
            "check ironcalc": process([RNNSHEET, "check", str(book)]),
            "ironcalc": process([sys.executable, "-c", _LOAD_AND_EVALUATE, str(book)]),
        }
        for engine in engines:
            if engine.installed():
                name = engine.NAME
                tasks[f"check {name}"] = process([RNNSHEET, "check", str(book), "--engine", name])
                tasks[name] = _conversion(engine, book, Path(folder))
        times = rounds(tasks, count)
    targets = {ironcalc.NAME: 1.5, libreoffice.NAME: 1.3, gnumeric.NAME: 1.5}
    for name in (ironcalc.NAME, libreoffice.NAME, gnumeric.NAME):
        if name in times:
            what = "loading and evaluating" if name == ironcalc.NAME else "the bare conversion"
            value = ratio(times, f"check {name}", name)
            yield line(f"check hello.xlsx with {name} / {what}", value, targets.get(name))


def _conversion(engine: Engine, book: Path, folder: Path) -> Callable[[], object]:
    """Of the file itself, not of the copy that a check makes of it."""

    def convert() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            subprocess.run(engine.command(book, Path(own)), check=True, capture_output=True)

    return convert
