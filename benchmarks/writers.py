"""The same cells, half numbers and half formulas with stored values, by rnnsheet and by others."""

import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import openpyxl
import xlsxwriter
from openpyxl.cell import WriteOnlyCell

from benchmarks.timing import line, ratio, rounds
from rnnsheet.sheet.formula import Formula, column_letters
from rnnsheet.sheet.plan import Area, Block, Fill, Plan, Sheet
from rnnsheet.workbook.write import write

COLUMNS = 10
LETTERS = [column_letters(col) for col in range(1, 2 * COLUMNS + 1)]
FORMULA = "{}{}*1.5+$A$1*0+0.25"


class Cells:
    """`rows` × 20 cells: ten random numbers and, of each, a formula with its value."""

    def __init__(self, cells: int):
        self.rows = cells // (2 * COLUMNS)
        numbers = random.Random(1)
        self.numbers = [[numbers.uniform(-1, 1) for _ in range(COLUMNS)] for _ in range(self.rows)]
        self.results = [[number * 1.5 + 0.25 for number in row] for row in self.numbers]

    def rnnsheet(self, path: Path) -> None:
        """By a plan of two blocks."""
        fill = Fill(Formula(FORMULA.format("A", 1)), 0, 0, self.rows, COLUMNS)
        blocks = [
            Block("numbers", Area("Data", 1, 1, self.rows, COLUMNS), "link", "number", values=self.numbers),
            Block(
                *("results", Area("Data", 1, COLUMNS + 1, self.rows, COLUMNS), "link", "number"),
                fills=(fill,),
                values=self.results,
            ),
        ]
        write(Plan((Sheet("Data", blocks),), {}, "en"), lambda block: block.values or (), path)

    def xlsxwriter(self, path: Path) -> None:
        """By XlsxWriter with constant memory."""
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        sheet, form = book.add_worksheet("Data"), book.add_format({"num_format": "0.000000"})
        for row, (numbers, results) in enumerate(zip(self.numbers, self.results, strict=True)):
            for col, number in enumerate(numbers):
                sheet.write_number(row, col, number, form)
            for col, result in enumerate(results):
                formula = "=" + FORMULA.format(LETTERS[col], row + 1)
                sheet.write_formula(row, COLUMNS + col, formula, form, result)
        book.close()

    def openpyxl(self, path: Path) -> None:
        """By openpyxl's write-only mode, which can store no values beside formulas."""
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Data")
        for row, numbers in enumerate(self.numbers, start=1):
            cells = [*numbers, *("=" + FORMULA.format(letters, row) for letters in LETTERS[:COLUMNS])]
            styled = [WriteOnlyCell(sheet, value=value) for value in cells]
            for cell in styled:
                cell.number_format = "0.000000"
            sheet.append(styled)
        book.save(path)

    def floor(self, path: Path) -> None:
        """By one hand-written template per row: the least that Python can do."""
        cells = [f'<c r="{col}#" s="1"><v>%r</v></c>' for col in LETTERS[:COLUMNS]]
        cells += [
            f'<c r="{col}#" s="1"><f>{FORMULA.format(source, "#")}</f><v>%r</v></c>'
            for source, col in zip(LETTERS[:COLUMNS], LETTERS[COLUMNS:], strict=True)
        ]
        template = '<row r="#">' + "".join(cells) + "</row>"
        lines = zip(self.numbers, self.results, strict=True)
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
            target.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
        ):
            for row, (numbers, results) in enumerate(lines, start=1):
                part.write((template.replace("#", str(row)) % (*numbers, *results)).encode())


def report(sizes: Mapping[int, int]) -> Iterator[str]:
    """The writers' ratios; `sizes` gives the rounds for each number of cells, from the least to the most."""
    with tempfile.TemporaryDirectory() as folder:
        for size, count in sizes.items():
            yield from _compared(Cells(size), size, count, Path(folder))
        *_, middle, largest = sizes
        yield _growth(middle, largest, Path(folder) / "growing.xlsx")


def _compared(cells: Cells, size: int, count: int, folder: Path) -> Iterator[str]:
    writers = {"rnnsheet": cells.rnnsheet, "floor": cells.floor}
    # These take half a minute each for a million cells.
    peers = {"rnnsheet": cells.rnnsheet, "XlsxWriter": cells.xlsxwriter, "openpyxl": cells.openpyxl}
    paths = {name: folder / f"{name}.xlsx" for name in (*writers, *peers)}
    times = rounds({name: _to(writer, paths[name]) for name, writer in writers.items()}, count)
    slow = rounds({name: _to(peer, paths[name]) for name, peer in peers.items()}, max(1, count // 5))
    _check(cells, paths["rnnsheet"])
    most = size == 1_000_000
    what = f"{size:,} cells: rnnsheet /"
    yield line(f"{what} hand-written rows", ratio(times, "rnnsheet", "floor"), 1.25 if most else None)
    compared = ratio(slow, "rnnsheet", "XlsxWriter")
    yield line(f"{what} XlsxWriter constant_memory", compared, 0.15 if most else None)
    yield line(f"{what} openpyxl write_only", ratio(slow, "rnnsheet", "openpyxl"))
    yield line(f"{size:,} cells: microseconds per cell", 1e6 * min(times["rnnsheet"]) / size)
    yield line(f"{size:,} cells: memory beyond the data, MB", _memory(size), 40.0)


def _growth(middle: int, largest: int, path: Path) -> str:
    """The seconds per cell of the largest size as against those of the middle one."""
    many, few = Cells(largest), Cells(middle)

    def repeated() -> None:
        for _ in range(largest // middle):
            few.rnnsheet(path)

    times = rounds({"many": _to(many.rnnsheet, path), "few": repeated}, 3)
    what = f"seconds per cell: {largest:,} cells / {middle:,} cells"
    return line(what, ratio(times, "many", "few"), 1.25)


def _to(writer: Callable[[Path], None], path: Path) -> Callable[[], None]:
    return lambda: writer(path)


def _memory(size: int) -> float:
    """What a process of its own takes beyond its data."""
    program = f"from benchmarks.writers import grown; print(grown({size}))"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(ended.stdout)


def grown(size: int) -> float:
    """By how many MB this process grows at most while it writes so many cells; Linux tells it."""
    cells = Cells(size)
    before = _peak()
    with tempfile.TemporaryDirectory() as folder:
        cells.rnnsheet(Path(folder) / "grown.xlsx")
    return _peak() - before


def _peak() -> float:
    """The most that this process has had in memory so far, in MB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def _check(cells: Cells, path: Path) -> None:
    """The last row reads back as it was given, formulas and values."""
    for values_only in (False, True):
        book = openpyxl.load_workbook(path, read_only=True, data_only=values_only)
        (last,) = book["Data"].iter_rows(min_row=cells.rows, max_row=cells.rows, values_only=True)
        results = [f"={FORMULA.format(col, cells.rows)}" for col in LETTERS[:COLUMNS]]
        expected = [*cells.numbers[-1], *(cells.results[-1] if values_only else results)]
        if list(last) != expected:
            raise ValueError(f"{path} reads back wrong in row {cells.rows}")
