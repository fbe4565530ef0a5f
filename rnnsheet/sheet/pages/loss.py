"""The worksheet of the loss: how much each answer surprises, and the sum over all of them."""

from rnnsheet.sheet.layout_context import Context, columns
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.time_layout import TimeLayout

KEY = "loss"


def place(context: Context) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its blocks over time by name, `loss` among them."""
    network, labels, over_time = context.network, context.labels, context.over_time
    page = Page.of(KEY, labels)
    layout = TimeLayout(page, context, columns(network))
    sequences = [each.sequence for each in network.of("loss")]
    layout.open(KEY, over_time, sequences, sequences)
    for sequence in network.sequences:
        own = network.of("loss", sequence=sequence)
        if not own:
            continue
        layout.sequence(sequence)
        layout.targets(over_time, sequence)
        for each in network.of("output", sequence=sequence):
            if each.base in ("y", "e", "p"):
                layout.band_of(over_time[each.name])
        layout.write(own)
        layout.row += 1
    loss = layout.loss(network.sequences)
    page.text(layout.row, 1, labels("loss.sums"), "about", page.span)
    layout.row += 2
    layout.finish()
    return page, {**{each.name: layout.blocks[each.name] for each in network.of("loss")}, "loss": loss}
