"""The worksheet that checks a gradient: move one weight a little up and down, and see what the loss does."""

from collections.abc import Mapping

from rnnsheet.equations.expr import Parameter
from rnnsheet.experiments import WIDTH
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.layout_context import Context, columns
from rnnsheet.sheet.page_builder import PRECISE, Page, number_or_zero, number_width, weight_name
from rnnsheet.sheet.pages.update import forward_again
from rnnsheet.sheet.plan import Area, Block, Fill
from rnnsheet.sheet.time_layout import TimeLayout, Weight

KEY = "gradient_check"
_LINES = ("chosen", "width", "plus_loss", "minus_loss", "central", "gradient", "difference")
_WIDEST_NAME = 20.0


def place(context: Context, gradients: Mapping[str, Block]) -> Page:
    """The sheet; `gradients` has those of the parameters by their names."""
    labels, inputs = context.labels, context.inputs
    page = Page.of(KEY, labels)
    layout = TimeLayout(page, context, columns(context.network))
    layout.open(KEY, context.over_time, [name for name in context.network.sequences if name != "answer"])
    verdict = page.area(layout.row, layout.where.first, len(_LINES))
    chosen = verdict.part()
    width = page.constants("width", verdict.row + 1, verdict.col, [[WIDTH]], "link")
    layout.row += len(_LINES) + 1
    layout.print_until(layout.row - 1)
    losses = []
    for run, sign in (("plus", "+"), ("minus", "-")):
        layout.run = f"{run}."
        layout.heading(labels(f"gradient_check.{run}"))
        layout.weight = _moved(
            inputs, run, f'{{source}}{sign}IF(IFERROR({chosen.fixed},"")={{label}},{width.area.fixed},0)'
        )
        losses.append(forward_again(layout, context.over_time))
    layout.heading(labels("gradient_check.weights"))
    choices = _table(page, inputs, gradients, layout)
    entry = page.constants(
        "chosen", chosen.row, chosen.col, [[context.lesson.chosen]], "input", "weight", choices
    )
    longest = max(
        len(weight_name(name, block.area.rows, block.area.cols)) for name, block in gradients.items()
    )
    page.sheet.widths[chosen.col] = max(number_width(6), min(_WIDEST_NAME, longest + 2.0))
    _verdict(page, verdict, entry, width, losses, choices, context.messages["no_weight"])
    return page


def _moved(inputs: Mapping[str, Block], run: str, text: str) -> Weight:
    """Weights of which the chosen one is moved."""

    def weight(page: Page, parameter: Parameter, row: int, col: int, form: str) -> Block:
        source, name = inputs[parameter.name].area, parameter.name
        fills = tuple(
            Fill(
                Formula(
                    text.format(
                        source=number_or_zero(page.reference(source.part(down, right))),
                        label=f'"{weight_name(name, down, right)}"',
                    )
                ),
                down,
                right,
                1,
                1,
            )
            for down in range(source.rows)
            for right in range(source.cols)
        )
        area = page.area(row, col, source.rows, source.cols)
        return page.formulas(name, area, fills, "weight", trace=f"{run}.{name}", form=form)

    return weight


def _table(
    page: Page, inputs: Mapping[str, Block], gradients: Mapping[str, Block], layout: TimeLayout
) -> Area:
    """Every weight with its gradient, column by column of each parameter; where their names stand."""
    top, first = layout.row, layout.where.first
    for right, key in enumerate(("weight", "value", "by_backward")):
        page.text(top, first + right, page.labels(f"gradient_check.{key}"), "small")
    row = top + 1
    for name, gradient in gradients.items():
        block = inputs[name]
        rows = block.area.rows
        for right in range(block.area.cols):
            names = [[weight_name(name, down, right)] for down in range(rows)]
            page.constants("weight", row, first, names, "label")
            page.link(block, row, first + 1, right, 1)
            page.link(gradient, row, first + 2, right, 1)
            row += rows
    return page.area(top + 1, first, row - top - 1)


def _verdict(
    page: Page, lines: Area, entry: Block, width: Block, losses: list[Block], choices: Area, no_weight: Area
) -> None:
    """The two losses, the difference quotient, the gradient, and how far they are apart."""
    for row, key in enumerate(_LINES, start=lines.row):
        page.text(row, 1, page.labels(f"gradient_check.{key}"), "caption")
    plus, minus = (
        page.link(loss, lines.row + down, lines.col, style="loss", form=PRECISE)
        for down, loss in enumerate(losses, start=2)
    )
    central, gradient, difference = (lines.part(down) for down in range(4, 7))
    chosen, found = entry.area, f"MATCH({entry.area.a1},{choices.a1},0)"
    # MATCH takes * and ? for any signs.
    is_one = f"INDEX({choices.a1},{found},1)={chosen.a1}"
    text = f'IFERROR(IF({is_one},INDEX({choices.column(2).a1},{found},1),""),"")'
    page.formula("gradient", gradient, text, "gradient", trace="check.gradient", form=PRECISE)
    status = f'IF({gradient.a1}="",{no_weight.absolute},"")'
    page.formula("status", chosen.part(0, 1), status, "status", values=[[""]], words=True)
    nothing = f'OR({gradient.a1}="",{plus.area.a1}="")'
    text = f'IF({nothing},"",({plus.area.a1}-{minus.area.a1})/(2*{width.area.a1}))'
    page.formula("central", central, text, "gradient", trace="check.central", form=PRECISE)
    text = f'IF({central.a1}="","",{central.a1}-{gradient.a1})'
    page.formula("difference", difference, text, "result", trace="check.difference")
