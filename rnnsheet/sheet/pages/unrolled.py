"""The worksheet of the whole network: time to the right, the derivation downwards, weights beside it."""

from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import of_layer
from rnnsheet.sheet.diagram import diagrams, flows
from rnnsheet.sheet.layout_context import Context, columns, is_tall
from rnnsheet.sheet.page_builder import CHOICES, STATE_ROW, WHOLE, Page
from rnnsheet.sheet.plan import CHART_WIDTH, MOST_SERIES, SCREEN, Block, Chart, Series
from rnnsheet.sheet.time_layout import TimeLayout

KEY = "unrolled"
Places = dict[str, tuple[int, int]]
"""The rows and columns of charts, by what they show."""
_CELLS = "cells"
"""What the diagrams of the cells are called there."""
_FEW_STEPS, _ROWS_OF_CHART, _BEHIND_HEADS = 4, 18, 6
"""So many time steps leave room for a chart on the first screen; the rows that it takes; and behind so many
columns what the heads of blocks say ends."""


def place(context: Context) -> tuple[Page, dict[str, Block], Places]:
    """The sheet, its blocks over time by name, and the places of charts that stand below."""
    network, labels = context.network, context.labels
    page = Page.of(KEY, labels)
    layout = TimeLayout(page, context, columns(network, "cell", "output"))
    layout.begin(labels("unrolled.title"))
    layout.times()
    layout.write([each for each in network.of("read") if each.base == "letter"])
    layout.freeze(labels("unrolled.about"))
    places: dict[str, int] = {}
    rows: dict[str, range] = {}
    layout.numbering.open = True
    for sequence in network.sequences:
        top = layout.row
        layout.sequence(sequence)
        own = _of_sequence(network, sequence)
        tall = [each for each in own if each.base == "x" and is_tall(each)]
        layout.write(tall)
        places |= {each.name: layout.row for each in tall}
        layout.row += len(tall)
        layout.write([each for each in own if each not in tall])
        rows[sequence] = range(top, layout.row)
        layout.row += 1
    below = _places_below(context, layout, rows.get(STATIC, range(0)))
    layout.finish()
    for name, row in places.items():
        _place_of_letter(layout, network.equations[name], row)
    # No conditional format hides what is drawn.
    layout.numbering.reveal(page, STATE_ROW - 1, layout.where.first, "about_drawn")
    return page, layout.blocks, below


def _place_of_letter(layout: TimeLayout, x: Equation, row: int) -> None:
    """Of a tall one-hot column, which stands elsewhere, a line that says in which row its 1 stands, or 0."""
    page, column = layout.page, layout.scope[x.value].a1
    page.text(row, 1, page.labels("steps.place"), "caption")
    area = page.area(row, layout.where.first, 1, layout.network.sequences[x.sequence])
    name = on_sequence("place", x.sequence)
    text = f"IFERROR(MATCH(1,{column},0),0)"
    layout.blocks[name] = page.formula(name, area, text, "label", trace=name, form=WHOLE)


def _of_sequence(network: Recurrence, sequence: str) -> list[Equation]:
    """What is read, computed and said on a sequence; the letters stand above all."""
    read = [each for each in network.of("read", sequence=sequence) if each.base not in ("letter", "target")]
    said = [
        each
        for part in ("answer", "read", "mark")
        for each in network.of(part, sequence=sequence)
        if part != "read" or each.base == "target"
    ]
    return [*read, *network.of("cell", "output", sequence=sequence), *said]


def _softmaxes(network: Recurrence) -> list[Equation]:
    return [each for each in network.of("output") if each.base == "p"]


def _places_below(context: Context, layout: TimeLayout, once: range) -> Places:
    """Where time steps fill the screen: beside what is computed once, in its rows, or in free ones below."""
    places: Places = {}
    network, page, first = context.network, layout.page, layout.where.first
    steps = max(network.sequences.values())
    if steps <= _FEW_STEPS:
        return places
    beside = page.sheet.left_of(first + steps)
    for p in _softmaxes(network):
        if p.sequence == STATIC:
            after = [row + _ROWS_OF_CHART for row, _ in places.values()]
            places[p.name] = max([layout.scope[p.value].row, *after]), first + 3
            layout.row = max(layout.row, places[p.name][0] + _ROWS_OF_CHART)
    for p in _softmaxes(network):
        if p.name not in places and beside + CHART_WIDTH > SCREEN:
            if not places and len(once) >= _ROWS_OF_CHART:
                places[p.name] = once.start + 1, first + _BEHIND_HEADS
            else:
                places[p.name] = layout.row, first
                layout.row += _ROWS_OF_CHART
    drawn = list(diagrams(network, context.labels, layout.row, first))
    if any(beside + each.width > SCREEN for each in drawn):
        # On paper the Overview has them.
        layout.print_until(layout.row - 2)
        places[_CELLS] = layout.row, first
        layout.row = drawn[-1].row + drawn[-1].rows + 2
    if below := [row for row, _ in places.values() if row > once.start + 1]:
        row = min(below)
        told = context.labels("unrolled.below", row=row)
        page.jump(1, first + 2, told, row)
    return places


def draw(context: Context, page: Page, below: Places) -> None:
    """Beside the time steps a chart of each softmax and the inside of the cells; the ways of the states.

    `context` has the values of the loss as well, `below` the places that `place` gave.
    """
    row, col = page.sheet.frozen[0] + 2, _free_column(page, context)
    outputs = _softmaxes(context.network)
    for p in outputs:
        own = below.get(p.name, (row, col))
        page.sheet.charts.append(_chart(context, p, len(outputs) > 1, *own))
        row += 0 if p.name in below else _ROWS_OF_CHART
    page.sheet.drawings += diagrams(context.network, page.labels, *below.get(_CELLS, (row, col)))
    page.sheet.flows += flows(context.network, context.over_time, page.labels)


def _free_column(page: Page, context: Context) -> int:
    """The first column right of all time steps and of what the rows above blocks say."""
    behind = [
        block.area.col + block.area.cols for block in page.sheet.blocks if block.name in context.over_time
    ]
    told = [text.col + 1 for text in page.sheet.texts if text.span == 1 and text.row > page.sheet.frozen[0]]
    return max([*behind, *told])


def _chart(context: Context, p: Equation, named: bool, row: int, col: int) -> Chart:
    """The probabilities of a softmax: over time, or of one that is computed once of each answer."""
    labels, block = context.labels, context.over_time[p.name].area
    titles = context.inputs[CHOICES[p.value.rows.name]].area
    rows = [block.part(down, 0, 1, block.cols) for down in range(block.rows)]
    if p.sequence == STATIC:
        # One column for each label.
        series = [Series(block, labels("unrolled.chart_y"))]
        categories, x_title = titles, labels("unrolled.chart_label")
    else:
        series = [Series(line, titles.part(down)) for down, line in enumerate(rows)]
        categories = context.over_time[on_sequence("letter", p.sequence)].area
        x_title = labels("unrolled.chart_x")
    if len(series) > MOST_SERIES:
        told = (("confidence", "chart_says"), ("q", "chart_right"))
        series = [
            Series(context.over_time[p.beside(base)].area, labels(f"unrolled.{key}")) for base, key in told
        ]
    title = labels("unrolled.chart") + (of_layer(p, labels) if named else "")
    return Chart("shares", title, tuple(series), categories, x_title, labels("unrolled.chart_y"), row, col)
