"""Ways to lay a large dense layer out in cells, recalculated by every engine; ours is "matrix product"."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import xlsxwriter
from numpy.typing import NDArray
from xlsxwriter.worksheet import Worksheet

from benchmarks.processes import run
from benchmarks.timing import line, ratio, rounds
from rnnsheet.checking.engines import ALL, chosen
from rnnsheet.checking.recalculate import Engine
from rnnsheet.sheet.formula import column_letters

SIZES = (100, 1000, 500, 2)
"""Of the values that are read, and of each layer: about 613,000 weights."""
SMALL = (10, 20, 10, 2)
"""Of these, to see that the benchmark runs."""
NETWORKS = 5
"""So many networks with the same weights, so that formulas weigh as much as loading the numbers."""

Matrix = NDArray[np.float64]
Sizes = Sequence[int]
Layer = Callable[[Worksheet, Sizes, int, int], None]
"""Writes the units of a layer below each other in a column, from the values in the one before."""


def _values(sizes: Sizes, layer: int) -> str:
    """The values that a layer reads, below each other."""
    col = column_letters(layer + 1)
    return f"${col}$1:${col}${sizes[layer]}"


def _by_matrix_product(sheet: Worksheet, sizes: Sizes, layer: int, unit: int) -> None:
    last = column_letters(sizes[layer])
    weights = f"W{layer}!A{unit + 1}:{last}{unit + 1}"
    sheet.write_formula(unit, layer + 1, f"=TANH(SUM(MMULT({weights},{_values(sizes, layer)})))")


def _by_sum_of_products(sheet: Worksheet, sizes: Sizes, layer: int, unit: int) -> None:
    """The weights of a unit stand below each other too, so that both ranges have one orientation."""
    col = column_letters(unit + 1)
    weights = f"T{layer}!{col}$1:{col}${sizes[layer]}"
    sheet.write_formula(unit, layer + 1, f"=TANH(SUMPRODUCT({weights},{_values(sizes, layer)}))")


def _by_linked_row(sheet: Worksheet, sizes: Sizes, layer: int, unit: int) -> None:
    """The values that are read stand beside each other as well: a row of links in every layer."""
    if unit == 0:
        for number in range(sizes[layer]):
            source = f"={column_letters(layer + 1)}{number + 1}"
            sheet.write_formula(max(sizes) + layer, 10 + number, source)
    row, last = max(sizes) + layer + 1, column_letters(sizes[layer])
    linked = f"$K${row}:${column_letters(10 + sizes[layer])}${row}"
    weights = f"W{layer}!A{unit + 1}:{last}{unit + 1}"
    sheet.write_formula(unit, layer + 1, f"=TANH(SUMPRODUCT({weights},{linked}))")


def _by_array(sheet: Worksheet, sizes: Sizes, layer: int, unit: int) -> None:
    if unit == 0:
        weights = f"W{layer}!A1:{column_letters(sizes[layer])}{sizes[layer + 1]}"
        text = f"{{=TANH(MMULT({weights},{_values(sizes, layer)}))}}"
        sheet.write_array_formula(0, layer + 1, sizes[layer + 1] - 1, layer + 1, text)


LAYOUTS: dict[str, Layer] = {
    "matrix product": _by_matrix_product,
    "sum of products": _by_sum_of_products,
    "linked row": _by_linked_row,
    "array formula": _by_array,
}


def _write(path: Path, layout: Layer, sizes: Sizes) -> None:
    random = np.random.default_rng(0)
    book = xlsxwriter.Workbook(str(path))
    for number in range(NETWORKS):
        sheet = book.add_worksheet(f"Net{number}")
        sheet.write_column(0, 0, random.uniform(-1, 1, sizes[0]))
        for layer, units in enumerate(sizes[1:]):
            for unit in range(units):
                layout(sheet, sizes, layer, unit)
    transposed = layout is _by_sum_of_products
    for layer, units in enumerate(sizes[1:]):
        weights = random.uniform(-0.05, 0.05, (units, sizes[layer]))
        sheet = book.add_worksheet(f"{'T' if transposed else 'W'}{layer}")
        for row, numbers in enumerate(weights.T if transposed else weights):
            sheet.write_row(row, 0, numbers)
    book.close()


def report(count: int, sizes: Sizes = SIZES, engines: str = ALL) -> Iterator[str]:
    """Per engine, the time that each layout takes, as a ratio to the matrix product's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths = {}
        for name, layout in LAYOUTS.items():
            paths[name] = folder / f"{name.replace(' ', '-')}.xlsx"
            _write(paths[name], layout, sizes)
        ours = next(iter(LAYOUTS))
        for engine in chosen(engines):
            tasks = {name: _recalculated(engine, path) for name, path in paths.items()}
            times = rounds(tasks, count)
            for name in list(LAYOUTS)[1:]:
                yield line(f"{engine.NAME}, dense layers: {name} / {ours}", ratio(times, name, ours))


def _recalculated(engine: Engine, path: Path) -> Callable[[], object]:
    def recalculate() -> None:
        with tempfile.TemporaryDirectory() as own:
            run(engine.command(path, Path(own)), Path(own))

    return recalculate
