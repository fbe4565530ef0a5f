"""The worksheet of the whole network: weights on the left, time to the right, the derivation downwards."""

from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block, Chart, Series
from rnnsheet.sheet.time_layout import Bands

NAME = "Unrolled"
_STEP = 4


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name."""
    network, labels = context.network, context.labels
    page = Page(NAME, labels)
    page.title(labels("unrolled.title"), labels("unrolled.about"))
    page.sheet.frozen = (_STEP + 1, 1) if len(network.sequences) == 1 else (1, 1)
    page.sheet.zoom = 85
    bands = Bands(page, context, _STEP)
    for sequence in network.sequences:
        bands.sequence(sequence)
        read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
        said = [
            each
            for part in ("answer", "read", "mark")
            for each in network.of(part, sequence=sequence)
            if part != "read" or each.base == "target"
        ]
        bands.write([*read, *network.of("cell", "output", sequence=sequence), *said])
        bands.row += 1
    _chart(context, page, bands)
    return page, bands.blocks


def _chart(context: Context, page: Page, bands: Bands) -> None:
    """The probabilities of the last softmax, over time or of each one that is computed once."""
    labels, network = page.labels, context.network
    p = next(each for each in reversed(network.of("output")) if each.base == "p")
    block = bands.blocks[p.name].area
    titles = page.area(block.row, bands.where.label, block.rows)
    texts = {"title": labels("unrolled.chart"), "y_title": labels("unrolled.chart_y")}
    if p.sequence == STATIC:
        # One column for each label.
        chart = Chart(
            kind="shares",
            **texts,
            series=(Series(block, labels("unrolled.chart_y")),),
            categories=titles,
            x_title=labels("unrolled.chart_label"),
            row=block.row,
            col=bands.where.first + 3,
        )
    else:
        letters = bands.blocks[on_sequence("letter", p.sequence)].area
        chart = Chart(
            kind="shares",
            **texts,
            series=tuple(
                Series(block.part(down, 0, 1, block.cols), titles.part(down)) for down in range(block.rows)
            ),
            categories=letters,
            x_title=labels("unrolled.chart_x"),
            row=_STEP if len(network.sequences) == 1 else block.row,
            col=bands.where.first + network.sequences[p.sequence] + 1,
        )
    page.sheet.charts.append(chart)
