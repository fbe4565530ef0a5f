"""Ways to lay a large dense layer out in cells, recalculated by every engine; ours is "matrix product"."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xlsxwriter
from numpy.typing import NDArray
from xlsxwriter.worksheet import Worksheet

from benchmarks.processes import run
from benchmarks.timing import line, ratio, rounds
from rnnsheet.checking.engines import ALL, chosen
from rnnsheet.sheet.formula import column_letters

SIZES = (100, 1000, 500, 2)
"""Of the values that are read, and of each layer: about 613,000 weights."""
NETWORKS = 5
"""So many networks with the same weights, so that formulas weigh as much as loading the numbers."""

Matrix = NDArray[np.float64]
Layer = Callable[[Worksheet, int, int], None]
"""Writes the units of a layer below each other in a column, from the values in the one before."""


def _values(layer: int) -> str:
    """The values that a layer reads, below each other."""
    col = column_letters(layer + 1)
    return f"${col}$1:${col}${SIZES[layer]}"


def _by_matrix_product(sheet: Worksheet, layer: int, unit: int) -> None:
    last = column_letters(SIZES[layer])
    weights = f"W{layer}!A{unit + 1}:{last}{unit + 1}"
    sheet.write_formula(unit, layer + 1, f"=TANH(SUM(MMULT({weights},{_values(layer)})))")


def _by_sum_of_products(sheet: Worksheet, layer: int, unit: int) -> None:
    """The weights of a unit stand below each other too, so that both ranges have one orientation."""
    col = column_letters(unit + 1)
    sheet.write_formula(
        unit, layer + 1, f"=TANH(SUMPRODUCT(T{layer}!{col}$1:{col}${SIZES[layer]},{_values(layer)}))"
    )


def _by_linked_row(sheet: Worksheet, layer: int, unit: int) -> None:
    """The values that are read stand beside each other as well: a row of links in every layer."""
    if unit == 0:
        for number in range(SIZES[layer]):
            source = f"={column_letters(layer + 1)}{number + 1}"
            sheet.write_formula(max(SIZES) + layer, 10 + number, source)
    row, last = max(SIZES) + layer + 1, column_letters(SIZES[layer])
    linked = f"$K${row}:${column_letters(10 + SIZES[layer])}${row}"
    weights = f"W{layer}!A{unit + 1}:{last}{unit + 1}"
    sheet.write_formula(unit, layer + 1, f"=TANH(SUMPRODUCT({weights},{linked}))")


def _by_array(sheet: Worksheet, layer: int, unit: int) -> None:
    if unit == 0:
        weights = f"W{layer}!A1:{column_letters(SIZES[layer])}{SIZES[layer + 1]}"
        text = f"{{=TANH(MMULT({weights},{_values(layer)}))}}"
        sheet.write_array_formula(0, layer + 1, SIZES[layer + 1] - 1, layer + 1, text)


LAYOUTS: dict[str, Layer] = {
    "matrix product": _by_matrix_product,
    "sum of products": _by_sum_of_products,
    "linked row": _by_linked_row,
    "array formula": _by_array,
}


def _write(path: Path, layout: Layer) -> None:
    random = np.random.default_rng(0)
    book = xlsxwriter.Workbook(str(path))
    for number in range(NETWORKS):
        sheet = book.add_worksheet(f"Net{number}")
        sheet.write_column(0, 0, random.uniform(-1, 1, SIZES[0]))
        for layer, units in enumerate(SIZES[1:]):
            for unit in range(units):
                layout(sheet, layer, unit)
    transposed = layout is _by_sum_of_products
    for layer, units in enumerate(SIZES[1:]):
        weights = random.uniform(-0.05, 0.05, (units, SIZES[layer]))
        sheet = book.add_worksheet(f"{'T' if transposed else 'W'}{layer}")
        for row, numbers in enumerate(weights.T if transposed else weights):
            sheet.write_row(row, 0, numbers)
    book.close()


def report(count: int) -> Iterator[str]:
    """Per engine, the time that each layout takes, as a ratio to the matrix product's."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name.replace(' ', '-')}.xlsx" for name in LAYOUTS}
        for name, path in paths.items():
            _write(path, LAYOUTS[name])
        ours = next(iter(LAYOUTS))
        for engine in chosen(ALL):
            tasks = {name: _recalculated(engine.command, path) for name, path in paths.items()}
            times = rounds(tasks, count)
            for name in list(LAYOUTS)[1:]:
                yield line(f"{engine.NAME}, dense layers: {name} / {ours}", ratio(times, name, ours))


def _recalculated(command: Callable[[Path, Path], object], path: Path) -> Callable[[], object]:
    def recalculate() -> None:
        with tempfile.TemporaryDirectory() as own:
            run(command(path, Path(own)), Path(own))

    return recalculate
