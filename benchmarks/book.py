"""The workbook of `hello` with its 200 epochs, against the least that writing its cells can take."""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import rnnsheet
from benchmarks.timing import line, ratio, rounds
from rnnsheet import engine
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook.write import write

_ROW, _NUMBER = re.compile(r"<row .*?</row>", re.DOTALL), re.compile(r"(?<=<v>)[^<]*(?=</v></c>)")
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")


class Floor:
    """A template for every row of a workbook, ready beforehand, with all that is no number."""

    def __init__(self, path: Path):
        self.path = path
        with zipfile.ZipFile(path) as book:
            names = [name for name in book.namelist() if _SHEET.fullmatch(name)]
            sheets = [_ROW.findall(book.read(name).decode()) for name in names]
        self.rows = [(_template(row), _values(row)) for sheet in sheets for row in sheet]

    def write(self) -> None:
        """The rows of all sheets into one part of a file."""
        with (
            zipfile.ZipFile(self.path.with_suffix(".floor"), "w", zipfile.ZIP_DEFLATED) as target,
            target.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
        ):
            for template, values in self.rows:
                part.write((template % values).encode())


def _template(row: str) -> str:
    return _NUMBER.sub(lambda found: "%r" if _is_number(found[0]) else found[0], row.replace("%", "%%"))


def _values(row: str) -> tuple[float, ...]:
    return tuple(float(found) for found in _NUMBER.findall(row) if _is_number(found))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def report(count: int) -> Iterator[str]:
    """The ratio of the whole export to its floor."""
    with tempfile.TemporaryDirectory() as folder:
        lesson, path = rnnsheet.load("hello"), Path(folder) / "hello.xlsx"

        def export() -> None:
            trace = engine.complete(lesson)
            write(plan(lesson, "en"), lambda block: block.expected(trace), path)

        export()
        times = rounds({"export": export, "floor": Floor(path).write}, count)
    yield line("hello, 200 epochs: export / hand-written rows", ratio(times, "export", "floor"), 2.0)
