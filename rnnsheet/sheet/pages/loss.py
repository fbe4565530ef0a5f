"""The worksheet of the loss: how much each time step's answer surprises, and the sum over the word."""

from rnnsheet.sheet.bands import Bands
from rnnsheet.sheet.context import Context
from rnnsheet.sheet.page import SPAN, Page
from rnnsheet.sheet.plan import Block

NAME = "Loss"


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name, `loss` among them."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page(NAME, labels)
    page.title(labels("loss.title"), labels("loss.about"))
    page.sheet.frozen = (6, 1)
    bands = Bands(page, context, 4)
    bands.time()
    bands.line_of(over_time["letter"])
    bands.line_of(over_time["target"])
    bands.band_of(over_time["p"])
    goal, *losses = network.of("loss")
    bands.bands([goal, *losses])
    bands.row += 1
    loss = bands.total("loss", over="loss_t")
    page.text(bands.row, 1, labels("loss.sums"), "about", SPAN)
    return page, {**{name: bands.blocks[name] for name in ("goal", "q", "loss_t")}, "loss": loss}
