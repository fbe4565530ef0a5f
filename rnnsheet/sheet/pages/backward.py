"""The worksheet of back-propagation through time: gradients of every value, then of every weight."""

from functools import partial

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.expr import At
from rnnsheet.equations.notation import symbols
from rnnsheet.equations.recurrence import Gradient, Recurrence, Share
from rnnsheet.equations.rules import formula
from rnnsheet.network import STATIC
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.layout_context import LABEL, Context, columns
from rnnsheet.sheet.page_builder import CHOICES, STATE_ROW, Page, weight_name
from rnnsheet.sheet.plan import Area, Block, Fill
from rnnsheet.sheet.references import reference
from rnnsheet.sheet.time_layout import TimeLayout

KEY = "backward"


def place(context: Context) -> tuple[Page, dict[str, Block], dict[str, Block]]:
    """The sheet, its blocks over time by name, and the gradient of each parameter by its name."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page.of(KEY, labels)
    layout = TimeLayout(page, context, columns(network, "gradient"))
    sequences = list(network.sequences)
    layout.open(KEY, over_time, sequences)
    for sequence in sequences:
        layout.sequence(sequence)
        if len(sequences) == 1:
            layout.heading(labels("backward.forward"))
        layout.targets(over_time, sequence)
        for name in _needed(network, sequence):
            layout.show(over_time[name])
        layout.row += 1
    layout.heading(labels("backward.values"), labels("backward.values_about"))
    layout.numbering.open = True
    for sequence in reversed(sequences):
        if own := network.of("gradient", sequence=sequence):
            if len(sequences) > 1:
                layout.sequence(sequence)
            layout.write(own)
            layout.row += 1
    placed = _gradients(layout)
    return page, {equation.name: layout.blocks[equation.name] for equation in network.of("gradient")}, placed


def _needed(network: Recurrence, sequence: str) -> list[str]:
    """The values of the forward pass on a sequence that gradients are computed of, in its order."""
    used = set[str]().union(*(equation.values for equation in network.of("gradient")))
    used = used.union(*(gradient.values for gradient in network.gradients.values()))
    read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
    kept = [*read, *network.of("cell", "output", "loss", sequence=sequence)]
    # The state before the first time step may be that of another layer.
    used |= {leaf.name for name, leaf in network.states.items() if name in used and isinstance(leaf, At)}
    return [equation.name for equation in kept if equation.name in used]


def _gradients(layout: TimeLayout) -> dict[str, Block]:
    """The matrices, and at the foot, row by row, what each time step adds to each."""
    page, gradients = layout.page, layout.network.gradients
    layout.heading(page.labels("backward.weights"), page.labels("backward.weights_about"))
    tops = {}
    for name, gradient in gradients.items():
        tops[name] = layout.row
        layout.row += gradient.parameter.rows.size + 2 + (gradient.parameter.cols.size > 1)
        layout.numbering.add(gradient.name, tops[name], layout.row - 2)
    layout.finish()
    layout.print_until(layout.row - 1)
    layout.heading(page.labels("backward.added"), page.labels("backward.added_about"))
    placed = {name: _gradient(layout, gradient, tops[name]) for name, gradient in gradients.items()}
    layout.numbering.reveal(page, STATE_ROW - 1, layout.where.first)
    return placed


def _gradient(layout: TimeLayout, gradient: Gradient, top: int) -> Block:
    """A parameter's gradient: its matrix at `top`, and from the next free row on what makes it."""
    page, where, parameter = layout.page, layout.where, gradient.parameter
    rows, cols = parameter.rows.size, parameter.cols.size
    page.sheet.sections.append(top)
    told = [
        f"Σₜ {symbols(each.expr)}" if each.sequence != STATIC else symbols(each.expr)
        for each in gradient.shares
    ]
    symbolic = layout.numbering.told(gradient.name, f"{gradient.name} = {' + '.join(told)}")
    layout.page.head(top, symbolic, " + ".join(map(chain_rule, gradient.shares)))
    first = top + 1
    if cols > 1:
        page.column_labels(parameter.cols, first, where.first, layout.given)
        first += 1
    page.row_labels(parameter.rows, first, LABEL, layout.given)
    added = [_contributions(layout, gradient, share) for share in gradient.shares]
    starts = [[block.area.part(col * rows, -1) for block in added] for col in range(cols)]
    fills = tuple(
        Fill(Formula("+".join(map(page.reference, parts))), 0, col, rows, 1)
        for col, parts in enumerate(starts)
    )
    area = page.area(first, where.first, rows, cols)
    return page.formulas(gradient.name, area, fills, "result", trace=gradient.name, form="number")


def _contributions(layout: TimeLayout, gradient: Gradient, share: Share) -> Block:
    """Time runs right; a column of the parameter's follows below the other; left of them their sums."""
    page, where, parameter = layout.page, layout.where, gradient.parameter
    rows, cols, steps = parameter.rows.size, parameter.cols.size, layout.network.sequences[share.sequence]
    several = len(gradient.shares) > 1
    page.sheet.sections.append(layout.row)
    told = page.labels(f"sequence.{share.sequence}") if several else ""
    layout.page.head(layout.row, f"{gradient.name}: {symbols(share.expr)}", told)
    first = layout.row + 1
    area = page.area(first, where.first, rows * cols, steps)
    fills = []
    for col in range(cols):
        part = area.part(col * rows, 0, rows, steps)
        _label_rows(layout, gradient, part, col)
        text = formula(share.column(col), partial(reference, layout.scope, part))
        fills.append(Fill(Formula(text), col * rows, 0, rows, steps))
        line = area.part(col * rows, 0, 1, steps).a1
        sums = page.area(first + col * rows, where.first - 1, rows)
        trace = f"{share.name}_sum" if several else gradient.name
        page.formula(trace, sums, f"SUM({line})", "gradient", trace=trace, time=col + 1)
    layout.row = first + rows * cols + 1
    return page.formulas(share.name, area, tuple(fills), "gradient", trace=share.name)


def _label_rows(layout: TimeLayout, gradient: Gradient, part: Area, col: int) -> None:
    """Left of a column's rows which weights they are; behind them the letter that the column is for."""
    page, parameter = layout.page, gradient.parameter
    names = [[weight_name(parameter.name, row, col)] for row in range(parameter.rows.size)]
    page.constants("weight", part.row, LABEL, names, "small")
    if parameter.cols.name in CHOICES:
        choices = layout.given[CHOICES[parameter.cols.name]]
        letter = [[choices.values[col][0]]] if choices.values else None
        place = page.area(part.row, part.col + part.cols)
        page.formula("letter", place, page.reference(choices.area.part(col)), "label", values=letter)
