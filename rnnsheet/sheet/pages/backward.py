"""The worksheet of back-propagation through time: gradients of every value, then of every weight."""

from dataclasses import dataclass
from functools import partial

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.recurrence import Gradient, Recurrence
from rnnsheet.equations.rules import formula, symbols
from rnnsheet.sheet.bands import Bands
from rnnsheet.sheet.context import WEIGHTS, Context
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.page import Page, reference
from rnnsheet.sheet.plan import Area, Block, Fill

NAME = "Backward"


@dataclass(frozen=True)
class Placed:
    """The gradient of a parameter: in the parameter's shape, and as one sum for each column of it."""

    matrix: Block
    sums: tuple[Block, ...]


def place(context: Context) -> tuple[Page, dict[str, Block], dict[str, Placed]]:
    """The sheet, its blocks over time by name, and the gradient of each parameter by its name."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page(NAME, labels)
    page.title(labels("backward.title"), labels("backward.about"))
    page.sheet.frozen = (6, 1)
    page.sheet.zoom = 85
    bands = Bands(page, context, 4)
    bands.time()
    page.text(4, context.where.after, labels("backward.after"), "small")
    bands.line_of(over_time["letter"])
    bands.line_of(over_time["target"])
    bands.row += 1
    bands.heading(labels("backward.forward"))
    for name in _needed(network):
        bands.band_of(over_time[name])
    bands.row += 1
    bands.heading(labels("backward.values"), labels("backward.values_about"))
    bands.bands(network.of("gradient"))
    bands.row += 1
    bands.heading(labels("backward.weights"), labels("backward.weights_about"))
    placed = {name: _gradient(bands, gradient) for name, gradient in network.gradients.items()}
    return page, {equation.name: bands.blocks[equation.name] for equation in network.of("gradient")}, placed


def _needed(network: Recurrence) -> list[str]:
    """The values of the forward pass that gradients are computed of, in its order."""
    used = set[str]().union(*(equation.values for equation in network.of("gradient")))
    used = used.union(*(gradient.values for gradient in network.gradients.values()))
    kept = [*network.of("read"), *network.of("cell", "output", "loss")]
    return [equation.name for equation in kept if equation.name in used and equation.name != "target"]


def _gradient(bands: Bands, gradient: Gradient) -> Placed:
    """A parameter's gradient: its matrix, and below, row by row, what each time step adds to it."""
    page, where, parameter = bands.page, bands.where, gradient.parameter
    rows, cols = parameter.rows.size, parameter.cols.size
    top = bands.row
    page.sheet.sections.append(top)
    page.text(top, 1, f"{gradient.name} = Σₜ {symbols(gradient.expr)}", "symbol")
    page.text(top + 1, 1, chain_rule(gradient), "small")
    labelled = cols > 1
    if labelled:
        page.column_labels(parameter.cols, top, WEIGHTS, bands.given["vocabulary"])
    first = top + max(rows, 2) + 2
    page.text(first - 1, 1, page.labels("backward.added"), "small")
    page.text(first - 1, where.first - 1, "Σ", "sign")
    added = _contributions(bands, gradient, first)
    sums = tuple(
        page.formula(
            gradient.name,
            page.area(first + col * rows, where.first - 1, rows),
            f"SUM({added.area.part(col * rows, 0, 1, where.steps).a1})",
            "gradient",
            trace=gradient.name,
            time=col + 1,
        )
        for col in range(cols)
    )
    fills = tuple(
        Fill(Formula(page.reference(block.area)), 0, col, rows, 1) for col, block in enumerate(sums)
    )
    area = page.area(top + labelled, WEIGHTS, rows, cols)
    matrix = page.formulas(gradient.name, area, fills, "result", trace=gradient.name, form="number")
    bands.row = first + rows * cols + 1
    return Placed(matrix, sums)


def _contributions(bands: Bands, gradient: Gradient, first: int) -> Block:
    """Time runs right; a column of the parameter's follows below the other."""
    page, where, parameter = bands.page, bands.where, gradient.parameter
    rows, cols = parameter.rows.size, parameter.cols.size
    area = page.area(first, where.first, rows * cols, where.steps)
    fills = []
    for col in range(cols):
        part = area.part(col * rows, 0, rows, where.steps)
        _label_rows(bands, gradient, part, col)
        text = formula(gradient.column(col), partial(reference, bands.scope, part))
        fills.append(Fill(Formula(text), col * rows, 0, rows, where.steps))
    return page.formulas(f"{gradient.name}_t", area, tuple(fills), "gradient", trace=f"{gradient.name}_t")


def _label_rows(bands: Bands, gradient: Gradient, part: Area, col: int) -> None:
    """Left of a column's rows: the rows' labels, and before them the column's own."""
    page, parameter, vocabulary = bands.page, gradient.parameter, bands.given["vocabulary"]
    page.row_labels(parameter.rows, part.row, bands.where.label, vocabulary)
    if parameter.cols.size == 1:
        return
    page.text(part.row, 1, page.labels("backward.column", name=parameter.name, col=col + 1), "caption")
    if parameter.cols.name == "letters":
        source = vocabulary.area.part(col)
        letter = [[vocabulary.values[col][0]]] if vocabulary.values else None
        place = page.area(part.row, bands.where.label - 1)
        page.formula("letter", place, page.reference(source), "label", values=letter)
