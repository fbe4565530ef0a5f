"""The worksheet of back-propagation through time: gradients of every value, then of every weight."""

from functools import partial

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.expr import At
from rnnsheet.equations.notation import symbols
from rnnsheet.equations.recurrence import Gradient, Recurrence, Share
from rnnsheet.equations.rules import formula
from rnnsheet.network import STATIC
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.layout_context import WEIGHTS, Context
from rnnsheet.sheet.page_builder import CHOICES, Page
from rnnsheet.sheet.plan import Area, Block, Fill
from rnnsheet.sheet.references import reference
from rnnsheet.sheet.time_layout import Bands

NAME = "Backward"


def place(context: Context) -> tuple[Page, dict[str, Block], dict[str, Block]]:
    """The sheet, its blocks over time by name, and the gradient of each parameter by its name."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page(NAME, labels)
    page.title(labels("backward.title"), labels("backward.about"))
    sequences = list(network.sequences)
    page.sheet.frozen = (6, 1) if len(sequences) == 1 else (1, 1)
    page.sheet.zoom = 85
    bands = Bands(page, context, 4)
    for sequence in sequences:
        bands.sequence(sequence)
        for each in network.of("read", sequence=sequence):
            if each.base in ("letter", "target"):
                bands.line_of(over_time[each.name])
        bands.row += 1
        if len(sequences) == 1:
            bands.heading(labels("backward.forward"))
        for name in _needed(network, sequence):
            bands.band_of(over_time[name])
        bands.row += 1
    bands.heading(labels("backward.values"), labels("backward.values_about"))
    for sequence in reversed(sequences):
        if own := network.of("gradient", sequence=sequence):
            if len(sequences) > 1:
                bands.sequence(sequence)
            bands.write(own)
            bands.row += 1
    bands.heading(labels("backward.weights"), labels("backward.weights_about"))
    placed = {name: _gradient(bands, gradient) for name, gradient in network.gradients.items()}
    return page, {equation.name: bands.blocks[equation.name] for equation in network.of("gradient")}, placed


def _needed(network: Recurrence, sequence: str) -> list[str]:
    """The values of the forward pass on a sequence that gradients are computed of, in its order."""
    used = set[str]().union(*(equation.values for equation in network.of("gradient")))
    used = used.union(*(gradient.values for gradient in network.gradients.values()))
    read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
    kept = [*read, *network.of("cell", "output", "loss", sequence=sequence)]
    # The state before the first time step may be that of another layer.
    used |= {leaf.name for name, leaf in network.states.items() if name in used and isinstance(leaf, At)}
    return [equation.name for equation in kept if equation.name in used]


def _gradient(bands: Bands, gradient: Gradient) -> Block:
    """A parameter's gradient: its matrix, and below, row by row, what each time step adds to it."""
    page, parameter = bands.page, gradient.parameter
    rows, cols = parameter.rows.size, parameter.cols.size
    top = bands.row
    page.sheet.sections.append(top)
    told = [
        f"Σₜ {symbols(each.expr)}" if each.sequence != STATIC else symbols(each.expr)
        for each in gradient.shares
    ]
    page.text(top, 1, f"{gradient.name} = {' + '.join(told)}", "symbol")
    page.text(top + 1, 1, " + ".join(map(chain_rule, gradient.shares)), "small")
    labelled = cols > 1
    if labelled:
        page.column_labels(parameter.cols, top, WEIGHTS, bands.given)
    bands.row = top + max(rows, 2) + 2
    added = [_contributions(bands, gradient, share) for share in gradient.shares]
    starts = [[block.area.part(col * rows, -1) for block in added] for col in range(cols)]
    fills = tuple(
        Fill(Formula("+".join(map(page.reference, parts))), 0, col, rows, 1)
        for col, parts in enumerate(starts)
    )
    area = page.area(top + labelled, WEIGHTS, rows, cols)
    return page.formulas(gradient.name, area, fills, "result", trace=gradient.name, form="number")


def _contributions(bands: Bands, gradient: Gradient, share: Share) -> Block:
    """Time runs right; a column of the parameter's follows below the other; left of them their sums."""
    page, where, parameter = bands.page, bands.where, gradient.parameter
    rows, cols, steps = parameter.rows.size, parameter.cols.size, bands.network.sequences[share.sequence]
    first = bands.row
    several = len(gradient.shares) > 1
    added = page.labels("backward.added") + (
        f" · {page.labels(f'sequence.{share.sequence}')}" if several else ""
    )
    page.text(first - 1, 1, added, "small")
    page.text(first - 1, where.first - 1, "Σ", "sign")
    area = page.area(first, where.first, rows * cols, steps)
    fills = []
    for col in range(cols):
        part = area.part(col * rows, 0, rows, steps)
        _label_rows(bands, gradient, part, col)
        text = formula(share.column(col), partial(reference, bands.scope, part))
        fills.append(Fill(Formula(text), col * rows, 0, rows, steps))
        line = area.part(col * rows, 0, 1, steps).a1
        sums = page.area(first + col * rows, where.first - 1, rows)
        trace = f"{share.name}_sum" if several else gradient.name
        page.formula(trace, sums, f"SUM({line})", "gradient", trace=trace, time=col + 1)
    bands.row = first + rows * cols + 1
    return page.formulas(share.name, area, tuple(fills), "gradient", trace=share.name)


def _label_rows(bands: Bands, gradient: Gradient, part: Area, col: int) -> None:
    """Left of a column's rows: the rows' labels, and before them the column's own."""
    page, parameter = bands.page, gradient.parameter
    page.row_labels(parameter.rows, part.row, bands.where.label, bands.given)
    if parameter.cols.size == 1:
        return
    page.text(part.row, 1, page.labels("backward.column", name=parameter.name, col=col + 1), "caption")
    if parameter.cols.name in CHOICES:
        vocabulary = bands.given[CHOICES[parameter.cols.name]]
        source = vocabulary.area.part(col)
        letter = [[vocabulary.values[col][0]]] if vocabulary.values else None
        place = page.area(part.row, bands.where.label - 1)
        page.formula("letter", place, page.reference(source), "label", values=letter)
