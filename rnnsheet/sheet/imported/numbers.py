"""The worksheet of the numbers that a network reads, as they are typed on the first one."""

from rnnsheet.equations.expr import Leaf, Value
from rnnsheet.labels import Labels
from rnnsheet.network import Axis
from rnnsheet.network.imported import LARGEST
from rnnsheet.sheet.imported import first_page
from rnnsheet.sheet.layout_context import LABEL, Columns
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.time_layout import HEAD_ROW

KEY = "numbers"
_TOP, _FIRST = HEAD_ROW, HEAD_ROW + 2


def place(typed: Block, labels: Labels) -> tuple[Page, dict[str, Block], dict[Leaf, Area]]:
    """The sheet, its blocks by name, and where the equations' leaves stand."""
    page, where = Page.of(KEY, labels), Columns()
    rows, steps = typed.area.rows, typed.area.cols
    page.text(1, 1, labels("numbers.title"), "title")
    page.back(2, 1, first_page.KEY)
    page.sheet.part = "given"
    page.sheet.widths |= where.widths(1)
    page.sheet.frozen = (_TOP, LABEL)
    page.text(_TOP, 1, labels("meaning.t"), "caption")
    page.constants("t", _TOP, where.first, [list(range(1, steps + 1))], "label")
    page.text(_TOP + 1, 1, labels("numbers.about"), "about", page.span)
    page.text(_FIRST, where.first - 1, "xₜ", "symbol")
    page.units(_FIRST, LABEL, rows)
    # An empty cell is 0: products of matrices take no empty ones.
    cell = page.reference(typed.area)
    text, area = (
        f"IF(ISNUMBER({cell}),IF(ABS({cell})>{LARGEST:G},0,{cell}),0)",
        page.area(_FIRST, where.first, rows, steps),
    )
    x = page.formula("x", area, text, "given", values=typed.values, form="number")
    return page, {"x": x}, {Value("x", Axis("hidden", rows)): area.column(0)}
