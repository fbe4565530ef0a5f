"""The same cells, half numbers and half formulas with stored values, by rnnsheet and by others."""

import random
import tempfile
import tracemalloc
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
    """The writers' ratios; `sizes` gives the rounds for each number of cells."""
    with tempfile.TemporaryDirectory() as folder:
        for size, count in sizes.items():
            cells = Cells(size)
            writers = {
                "rnnsheet": cells.rnnsheet,
                "XlsxWriter": cells.xlsxwriter,
                "openpyxl": cells.openpyxl,
                "floor": cells.floor,
            }
            paths = {name: Path(folder) / f"{name}.xlsx" for name in writers}
            times = rounds({name: _to(writer, paths[name]) for name, writer in writers.items()}, count)
            _check(cells, paths["rnnsheet"])
            goal = 0.2 if size == 100_000 else None
            yield line(
                f"{size:,} cells: rnnsheet / XlsxWriter constant_memory",
                ratio(times, "rnnsheet", "XlsxWriter"),
                goal,
            )
            yield line(
                f"{size:,} cells: rnnsheet / openpyxl write_only", ratio(times, "rnnsheet", "openpyxl")
            )
            yield line(f"{size:,} cells: rnnsheet / hand-written rows", ratio(times, "rnnsheet", "floor"))
            yield line(f"{size:,} cells: memory beyond the data, MB", _memory(cells, paths["rnnsheet"]))


def _to(writer: Callable[[Path], None], path: Path) -> Callable[[], None]:
    return lambda: writer(path)


def _memory(cells: Cells, path: Path) -> float:
    tracemalloc.start()
    cells.rnnsheet(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def _check(cells: Cells, path: Path) -> None:
    """The last row reads back as it was given, formulas and values."""
    for values_only in (False, True):
        book = openpyxl.load_workbook(path, read_only=True, data_only=values_only)
        (last,) = book["Data"].iter_rows(min_row=cells.rows, max_row=cells.rows, values_only=True)
        results = [f"={FORMULA.format(col, cells.rows)}" for col in LETTERS[:COLUMNS]]
        expected = [*cells.numbers[-1], *(cells.results[-1] if values_only else results)]
        if list(last) != expected:
            raise ValueError(f"{path} reads back wrong in row {cells.rows}")
