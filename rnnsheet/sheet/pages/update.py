"""The worksheet of one step of gradient descent: every weight before and after, the loss before and after."""

from collections.abc import Mapping

from rnnsheet.sheet.layout_context import LABEL, Context, columns
from rnnsheet.sheet.page_builder import PRECISE, Page, number_width
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.time_layout import Bands

KEY = "update"
_PRINTED = 60
"""So many rows have room on a page; of more weights the first are printed."""
_MOST_ABREAST = 3
"""The columns of a weight that stands on one line with its gradient and the new weight."""


def place(context: Context, gradients: Mapping[str, Block]) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its learning rate by name; `gradients` has those of the parameters by their names."""
    labels, given, network = context.labels, context.lesson.settings.update_rate, context.network
    page = Page.of(KEY, labels)
    bands = Bands(page, context, columns(network), "update.")
    bands.begin(labels("update.title"))
    bands.times()
    bands.letters(context.over_time, [name for name in network.sequences if name != "answer"])
    bands.freeze(labels("update.about"))
    top, col = bands.row, bands.where.first
    rate, used = page.positive(top, col, "update_rate", given, context.messages)
    # One step changes a loss little.
    page.sheet.widths[col] = number_width(6)
    bands.row += 5
    bands.heading(labels("update.weights"), labels("update.weights_about"))
    new = {name: _weight(bands, name, gradients[name], used) for name in network.gradients}
    bands.print_until(max(row for row in page.sheet.sections if row <= max(_PRINTED, top + 6)) - 1)
    bands.heading(labels("update.forward"), labels("update.forward_about"))
    bands.weight = None
    bands.scope |= {network.parameters[name]: block.area for name, block in new.items()}
    after = forward_again(bands, context.over_time)
    for row, name, loss in (
        (top + 2, "loss_before", context.over_time["loss"]),
        (top + 3, "loss_after", after),
    ):
        page.text(row, 1, labels(f"update.{name}"), "caption")
        page.link(loss, row, col, style="result", form=PRECISE)
    return page, {"update_rate": rate}


def forward_again(bands: Bands, over_time: Mapping[str, Block]) -> Block:
    """The forward pass over the same letters with other weights, and its loss."""
    network = bands.network
    for sequence in network.sequences:
        bands.sequence(sequence)
        read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
        passed = network.of("cell", "output", sequence=sequence)
        # What is read may be what was said with other weights.
        own = sequence == "answer"
        if not own:
            for each in read:
                if each.base != "letter":
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
    bands.finish()
    return loss


def _weight(bands: Bands, name: str, gradient: Block, rate: Block) -> Block:
    """The weight - rate · its gradient = the new weight: on one line, or where they are wide, three below."""
    page, source = bands.page, bands.given[name]
    parameter = bands.network.parameters[name]
    rows, cols = parameter.rows.size, parameter.cols.size
    right, down = (cols + 1, 0) if cols <= _MOST_ABREAST else (0, rows + 2)
    page.sheet.sections.append(bands.row)

    def corner(number: int, sign: str, told: str) -> tuple[int, int]:
        """The first cell of one of the three matrices, under its name, behind its sign."""
        row, col = bands.row + number * down, bands.where.first + number * right
        page.text(row, col, told, "symbol")
        page.column_labels(parameter.cols, row + 1, col, bands.given)
        page.text(row + 2 + (rows - 1) // 2, col - 1, sign, "sign")
        if down or number == 0:
            page.row_labels(parameter.rows, row + 2, LABEL, bands.given)
        return row + 2, col

    old = page.link(source, *corner(0, "", name), style="weight")
    slope = page.link(gradient, *corner(1, "−η ·", f"d{name}"))
    row, col = corner(2, "=", page.labels("update.new", name=name))
    text = f"{page.reference(old.area)}-{rate.area.fixed}*{page.reference(slope.area)}"
    bands.row = row + rows + 1
    area = page.area(row, col, rows, cols)
    return page.formula(name, area, text, "result", trace=f"update.{name}", form="number")
