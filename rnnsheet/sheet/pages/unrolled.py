"""The worksheet of the whole network: time to the right, the derivation downwards, weights beside it."""

from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.diagram import flows
from rnnsheet.sheet.layout_context import LABEL, Context, columns
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block, Chart, Series
from rnnsheet.sheet.time_layout import Bands

NAME = "Unrolled"
_FEW_STEPS, _ROWS_OF_CHART = 4, 19
"""So many time steps leave room for a chart on the first screen; and the rows that it takes."""


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name."""
    network, labels = context.network, context.labels
    page = Page(NAME, labels)
    bands = Bands(page, context, columns(network, "cell", "output"))
    bands.begin(labels("unrolled.title"))
    bands.times()
    bands.write([each for each in network.of("read") if each.base == "letter"])
    bands.freeze(labels("unrolled.about"))
    for sequence in network.sequences:
        bands.sequence(sequence)
        bands.write(_of_sequence(network, sequence))
        bands.row += 1
    chart = _chart_place(network, bands)
    bands.finish()
    _chart(context, page, bands, chart)
    page.sheet.flows += flows(network, bands.blocks, labels)
    return page, bands.blocks


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


def _last_softmax(network: Recurrence) -> Equation:
    return next(each for each in reversed(network.of("output")) if each.base == "p")


def _chart_place(network: Recurrence, bands: Bands) -> tuple[int, int]:
    """The row and the column of the chart: right of the time steps, or beside what is computed once."""
    p, steps = _last_softmax(network), max(network.sequences.values())
    if p.sequence != STATIC or steps <= _FEW_STEPS:
        return bands.page.sheet.frozen[0] + 2, bands.where.first + steps + 1
    row = bands.scope[p.value].row
    bands.row = max(bands.row, row + _ROWS_OF_CHART)
    return row, bands.where.first + 3


def _chart(context: Context, page: Page, bands: Bands, place: tuple[int, int]) -> None:
    """The probabilities of the last softmax, over time or of each one that is computed once."""
    labels, network = page.labels, context.network
    p = _last_softmax(network)
    block = bands.blocks[p.name].area
    titles = page.area(block.row, LABEL, block.rows)
    if p.sequence == STATIC:
        # One column for each label.
        series = [Series(block, labels("unrolled.chart_y"))]
        categories, x_title = titles, labels("unrolled.chart_label")
    else:
        rows = range(block.rows)
        series = [Series(block.part(down, 0, 1, block.cols), titles.part(down)) for down in rows]
        categories = bands.blocks[on_sequence("letter", p.sequence)].area
        x_title = labels("unrolled.chart_x")
    page.sheet.charts.append(
        Chart(
            kind="shares",
            title=labels("unrolled.chart"),
            series=tuple(series),
            categories=categories,
            x_title=x_title,
            y_title=labels("unrolled.chart_y"),
            row=place[0],
            col=place[1],
        )
    )
