"""The worksheet of one step of gradient descent: every weight before and after, the loss before and after."""

from collections.abc import Mapping

from rnnsheet.sheet.layout_context import LABEL, Context, columns
from rnnsheet.sheet.page_builder import PRECISE, Page, number_width
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.time_layout import TimeLayout

KEY = "update"
_PRINTED = 60
"""So many rows have room on a page; of more weights the first are printed."""
_MOST_ABREAST = 3
"""The columns of a weight that stands on one line with its gradient and the new weight."""


def place(context: Context, gradients: Mapping[str, Block]) -> tuple[Page, dict[str, Block]]:
    """The sheet, and its learning rate by name; `gradients` has those of the parameters by their names."""
    labels, given, network = context.labels, context.lesson.settings.update_rate, context.network
    page = Page.of(KEY, labels)
    layout = TimeLayout(page, context, columns(network), "update.")
    layout.open(KEY, context.over_time, [name for name in network.sequences if name != "answer"])
    top, col = layout.row, layout.where.first
    rate, used = page.positive(top, col, "update_rate", given, context.messages)
    # One step changes a loss little.
    page.sheet.widths[col] = number_width(6)
    layout.row += 5
    layout.heading(labels("update.weights"), labels("update.weights_about"))
    new = {name: _weight(layout, name, gradients[name], used) for name in network.gradients}
    layout.print_until(max(row for row in page.sheet.sections if row <= max(_PRINTED, top + 6)) - 1)
    layout.heading(labels("update.forward"), labels("update.forward_about"))
    layout.weight = None
    layout.scope |= {network.parameters[name]: block.area for name, block in new.items()}
    after = forward_again(layout, context.over_time)
    for row, name, loss in (
        (top + 2, "loss_before", context.over_time["loss"]),
        (top + 3, "loss_after", after),
    ):
        page.text(row, 1, labels(f"update.{name}"), "caption")
        page.link(loss, row, col, style="result", form=PRECISE)
    return page, {"update_rate": rate}


def forward_again(layout: TimeLayout, over_time: Mapping[str, Block]) -> Block:
    """The forward pass over the same letters with other weights, and its loss."""
    network = layout.network
    for sequence in network.sequences:
        layout.sequence(sequence)
        read = [each for each in network.of("read", sequence=sequence) if each.base != "target"]
        passed = network.of("cell", "output", sequence=sequence)
        # What is read may be what was said with other weights.
        own = sequence == "answer"
        if not own:
            for each in read:
                if each.base != "letter":
                    layout.show(over_time[each.name])
        layout.write(
            [*(read if own else []), *passed, *(network.of("answer", sequence=sequence) if own else [])]
        )
        layout.row += 1
        lost = network.of("loss", sequence=sequence)
        layout.targets(over_time, sequence)
        for each in lost:
            if each.base in ("goal", "asked"):
                layout.show(over_time[each.name])
        layout.write([each for each in lost if each.base not in ("goal", "asked")])
        layout.row += 1
    loss = layout.loss(network.sequences)
    layout.row += 1
    layout.finish()
    return loss


def _weight(layout: TimeLayout, name: str, gradient: Block, rate: Block) -> Block:
    """The weight - rate · its gradient = the new weight: on one line, or where they are wide, three below."""
    page, source = layout.page, layout.given[name]
    parameter = layout.network.parameters[name]
    rows, cols = parameter.rows.size, parameter.cols.size
    right, down = (cols + 1, 0) if cols <= _MOST_ABREAST else (0, rows + 2)
    page.sheet.sections.append(layout.row)

    def corner(number: int, sign: str, told: str) -> tuple[int, int]:
        """The first cell of one of the three matrices, under its name, behind its sign."""
        row, col = layout.row + number * down, layout.where.first + number * right
        page.text(row, col, told, "symbol")
        page.column_labels(parameter.cols, row + 1, col, layout.given)
        page.text(row + 2 + (rows - 1) // 2, col - 1, sign, "sign")
        if down or number == 0:
            page.row_labels(parameter.rows, row + 2, LABEL, layout.given)
        return row + 2, col

    old = page.link(source, *corner(0, "", name), style="weight")
    slope = page.link(gradient, *corner(1, "−η ·", f"d{name}"))
    row, col = corner(2, "=", page.labels("update.new", name=name))
    text = f"{page.reference(old.area)}-{rate.area.fixed}*{page.reference(slope.area)}"
    layout.row = row + rows + 1
    area = page.area(row, col, rows, cols)
    return page.formula(name, area, text, "result", trace=f"update.{name}", form="number")
