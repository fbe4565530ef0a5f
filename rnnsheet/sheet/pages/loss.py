"""The worksheet of the loss: how much each answer surprises, and the sum over all of them."""

from rnnsheet.sheet.layout_context import Context, columns
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.time_layout import Bands

KEY = "loss"


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name, `loss` among them."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page.of(KEY, labels)
    bands = Bands(page, context, columns(network))
    bands.begin(labels("loss.title"))
    sequences = [each.sequence for each in network.of("loss")]
    bands.times(*sequences)
    bands.letters(over_time, sequences)
    bands.freeze(labels("loss.about"))
    for sequence in network.sequences:
        own = network.of("loss", sequence=sequence)
        if not own:
            continue
        bands.sequence(sequence)
        for each in network.of("read", sequence=sequence):
            if each.base == "target":
                bands.line_of(over_time[each.name])
        for each in network.of("output", sequence=sequence):
            if each.base in ("y", "e", "p"):
                bands.band_of(over_time[each.name])
        bands.write(own)
        bands.row += 1
    loss = bands.loss(network.sequences)
    page.text(bands.row, 1, labels("loss.sums"), "about", page.span)
    bands.row += 2
    bands.finish()
    return page, {**{each.name: bands.blocks[each.name] for each in network.of("loss")}, "loss": loss}
