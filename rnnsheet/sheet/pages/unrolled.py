"""The worksheet of the whole network: weights on the left, time to the right, the derivation downwards."""

from rnnsheet.sheet.bands import Bands
from rnnsheet.sheet.context import Context
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.plan import Block, Chart, Series

NAME = "Unrolled"
_STEP = 4


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name."""
    network, labels = context.network, context.labels
    page = Page(NAME, labels)
    page.title(labels("unrolled.title"), labels("unrolled.about"))
    page.sheet.frozen = (_STEP + 1, 1)
    page.sheet.zoom = 85
    bands = Bands(page, context, _STEP)
    read = {equation.name: equation for equation in network.of("read")}
    bands.time()
    bands.lines([read["letter"]])
    bands.bands([read["x"], *network.of("cell", "output")])
    bands.row += 1
    bands.lines([*network.of("answer"), read["target"], *network.of("mark")])
    _chart(page, bands)
    return page, bands.blocks


def _chart(page: Page, bands: Bands) -> None:
    labels, p, where = page.labels, bands.blocks["p"].area, bands.where
    titles = page.area(p.row, where.label, p.rows)
    page.sheet.charts.append(
        Chart(
            kind="shares",
            title=labels("unrolled.chart"),
            series=tuple(Series(p.part(down, 0, 1, p.cols), titles.part(down)) for down in range(p.rows)),
            categories=bands.blocks["letter"].area,
            x_title=labels("unrolled.chart_x"),
            y_title=labels("unrolled.chart_y"),
            row=_STEP,
            col=where.after + 1,
        )
    )
