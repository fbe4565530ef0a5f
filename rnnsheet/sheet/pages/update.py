"""The worksheet of one step of gradient descent: every weight before and after, the loss before and after."""

from collections.abc import Mapping

from rnnsheet.equations.expr import Parameter
from rnnsheet.sheet.layout_context import WEIGHTS, Context
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.time_layout import Bands

NAME = "Update"
_RATE, _BEFORE, _AFTER = 4, 6, 7


def place(context: Context, gradients: Mapping[str, Block]) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its learning rate by name; `gradients` has those of the parameters by their names."""
    labels, given = context.labels, context.lesson.settings.update_rate
    page = Page(NAME, labels)
    page.title(labels("update.title"), labels("update.about"))
    page.sheet.frozen = (_AFTER, 1)
    rate, used = page.positive(_RATE, WEIGHTS, "update_rate", given, context.messages)
    bands = Bands(page, context, _AFTER + 2, "update.")
    bands.heading(labels("update.weights"), labels("update.weights_about"))
    new = {name: _weight(bands, name, gradients[name], used) for name in context.network.gradients}
    bands.heading(labels("update.forward"), labels("update.forward_about"))
    after = forward_again(bands, {**context.inputs, **new}, context.over_time)
    for row, name, loss in (
        (_BEFORE, "loss_before", context.over_time["loss"]),
        (_AFTER, "loss_after", after),
    ):
        page.text(row, 1, labels(f"update.{name}"), "caption")
        page.link(loss, row, WEIGHTS, style="result")
    return page, {"update_rate": rate}


def forward_again(bands: Bands, given: Mapping[str, Block], over_time: Mapping[str, Block]) -> Block:
    """The forward pass over the same letters with the weights that are `given`, and its loss."""
    bands.given = given
    network = bands.network
    for sequence in network.sequences:
        bands.sequence(sequence)
        read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
        passed = network.of("cell", "output", sequence=sequence)
        # What is read may be what was said with other weights.
        own = sequence == "answer"
        if not own:
            for each in read:
                bands.show(over_time[each.name])
        bands.write(
            [*(read if own else []), *passed, *(network.of("answer", sequence=sequence) if own else [])]
        )
        bands.row += 1
        lost = network.of("loss", sequence=sequence)
        for each in network.of("read", sequence=sequence):
            if each.base == "target":
                bands.line_of(over_time[each.name])
        for each in lost:
            if each.base in ("goal", "asked"):
                bands.show(over_time[each.name])
        bands.write([each for each in lost if each.base not in ("goal", "asked")])
        bands.row += 1
    loss = bands.loss(network.sequences)
    bands.row += 1
    return loss


def _weight(bands: Bands, name: str, gradient: Block, rate: Block) -> Block:
    """One line: the weight - rate · its gradient = the new weight."""
    page, source = bands.page, bands.given[name]
    parameter: Parameter = bands.network.parameters[name]
    row, cols, rate_cell = bands.row, parameter.cols.size, rate.area.fixed
    page.text(row, WEIGHTS, name, "symbol")
    old = page.link(source, row + 1, WEIGHTS, style="weight")
    minus = bands.where.label
    page.text(row + 1, minus, "−η ·", "sign")
    page.text(row, minus + 1, f"d{name}", "symbol")
    slope = page.link(gradient, row + 1, minus + 1)
    page.text(row + 1, minus + 1 + cols, "=", "sign")
    page.text(row, minus + 2 + cols, page.labels("update.new", name=name), "symbol")
    text = f"{page.reference(old.area)}-{rate_cell}*{page.reference(slope.area)}"
    area = page.area(row + 1, minus + 2 + cols, parameter.rows.size, cols)
    bands.row += parameter.rows.size + 2
    return page.formula(name, area, text, "result", trace=f"update.{name}", form="number")
