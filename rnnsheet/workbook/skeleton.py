"""A workbook without its cells, by openpyxl: sheets, widths, names, charts, print set-up."""

import math
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from rnnsheet.experiments import FLOW, LIMIT
from rnnsheet.labels import Labels, labels
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.page_builder import width_of
from rnnsheet.sheet.plan import Block, Plan, Sheet, Text, quoted
from rnnsheet.workbook.charts import drawn
from rnnsheet.workbook.highlights import FITTING, large, rules

LINE = 15.0
"""The height of a line of text, in points."""


def skeleton(plan: Plan) -> Workbook:
    """The workbook of a plan, without its cells."""
    book, texts = Workbook(), labels(plan.language)
    book.remove(book.worksheets[0])
    book.properties.creator = "rnnsheet"
    book.properties.title = plan.title
    book.calculation.fullCalcOnLoad = True
    for sheet in plan.sheets:
        worksheet = book.create_sheet(sheet.name)
        _dress(worksheet, sheet, texts)
        _print_setup(worksheet, sheet, plan, texts)
    for name, area in plan.names.items():
        book.defined_names[name] = DefinedName(name, attr_text=area.absolute)
    return book


def row_heights(sheet: Sheet) -> dict[int, float]:
    """The height of every row that is not of the default height, in points."""
    heights = dict(sheet.heights)
    for text in sheet.texts:
        if text.style == "title":
            heights[text.row] = 26
        elif text.style == "about":
            heights[text.row] = LINE * _lines_needed(sheet, text) + 3
    return heights


def _lines_needed(sheet: Sheet, text: Text) -> int:
    """How many lines a wrapped text needs at most."""
    width = sum(sheet.widths.get(col, sheet.width) for col in range(text.col, text.col + text.span))
    return math.ceil(1.08 * width_of(text.text) / width)


def _dress(worksheet: Worksheet, sheet: Sheet, texts: Labels) -> None:
    worksheet.sheet_format.defaultColWidth = sheet.width
    worksheet.sheet_view.showGridLines = False
    worksheet.sheet_view.zoomScale = sheet.zoom
    worksheet.sheet_state = "hidden" if sheet.hidden else "visible"
    # Every width said: Gnumeric takes the default width for something else.
    widths = [(sheet.widths.get(col, sheet.width), col) for col in range(1, _last_column(sheet) + 1)]
    for width, run in groupby(widths, key=itemgetter(0)):
        first, *rest = (col for _, col in run)
        name, last = column_letters(first), rest[-1] if rest else first
        worksheet.column_dimensions[name] = ColumnDimension(worksheet, width=width, min=first, max=last)
    rows, cols = sheet.frozen
    if rows or cols:
        worksheet.freeze_panes = f"{column_letters(cols + 1)}{rows + 1}"
    worksheet.protection.sheet = True
    worksheet.protection.formatColumns = worksheet.protection.formatRows = False
    for text in sheet.texts:
        _reach(worksheet, text)
    for block in sheet.blocks:
        if block.entry:
            _validate(worksheet, block, texts)
    for highlight in sheet.highlights:
        for rule in rules(highlight):
            worksheet.conditional_formatting.add(highlight.area.a1, rule)
    for form in FITTING:
        if numbers := [block.area.a1 for block in sheet.blocks if block.format == form]:
            worksheet.conditional_formatting.add(" ".join(numbers), large(form))
    for chart in sheet.charts:
        worksheet.add_chart(drawn(chart), f"{column_letters(chart.col)}{chart.row}")


def _print_setup(worksheet: Worksheet, sheet: Sheet, plan: Plan, texts: Labels) -> None:
    """A sheet of sections upright, page by page; any other lying, on one page if legible there."""
    page, paper = worksheet.page_setup, PAPERS[plan.paper]
    page.paperSize = paper.number
    worksheet.page_margins.left = worksheet.page_margins.right = 0.4
    worksheet.page_margins.top, worksheet.page_margins.bottom = 0.7, 0.7
    header, footer = worksheet.oddHeader, worksheet.oddFooter
    header.left.text, header.right.text = _literal(plan.title), "&A"  # type: ignore[union-attr]
    footer.left.text, footer.right.text = "rnnsheet", texts("style.footer")  # type: ignore[union-attr]
    width, heights = _size(sheet)
    if sheet.printed:
        heights = heights[: sheet.printed_rows or None]
        worksheet.print_area = f"A1:{column_letters(sheet.printed)}{len(heights)}"
    # A scale of our own: Excel forgets page breaks where it fits a sheet to the page.
    if sheet.sections:
        page.orientation, scale = "portrait", max(_LEGIBLE, min(1.0, paper.short / width))
        worksheet.print_title_rows = "1:1"
        for row in _page_ends(sheet.sections, heights, paper.long / scale):
            worksheet.row_breaks.append(Break(row))
    else:
        page.orientation, scale = "landscape", min(1.0, paper.long / width, paper.short / sum(heights))
        worksheet.print_options.horizontalCentered = True
    if scale < _LEGIBLE or sheet.sections:
        page.scale = int(100 * max(_LEGIBLE, scale))
    else:
        worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _literal(text: str) -> str:
    """A text as a header takes it: `&` begins a code there."""
    return text.replace("&", "&&")


class Paper(NamedTuple):
    """A size of paper: its number in the file, and its sides less the margins and a line, in points."""

    number: str
    short: float
    long: float


PAPERS = {
    "a4": Paper(Worksheet.PAPERSIZE_A4, 595 - 0.8 * 72, 842 - 1.4 * 72 - 26),
    "letter": Paper(Worksheet.PAPERSIZE_LETTER, 612 - 0.8 * 72, 792 - 1.4 * 72 - 26),
}
_LEGIBLE = 0.4
"""No sheet is printed smaller; it takes more pages instead."""
_POINTS_PER_CHARACTER = 7.1
"""The width of a character where Calibri is missing; with it 5.6."""


def _size(sheet: Sheet) -> tuple[float, list[float]]:
    """The width of all used columns and the height of each used row, in points."""
    columns = range(1, (sheet.printed or _last_column(sheet)) + 1)
    width = _POINTS_PER_CHARACTER * sum(sheet.widths.get(col, sheet.width) for col in columns)
    last = max([text.row for text in sheet.texts] + [b.area.row + b.area.rows - 1 for b in sheet.blocks])
    heights = row_heights(sheet)
    return width, [heights.get(row, LINE) for row in range(1, last + 1)]


def _last_column(sheet: Sheet) -> int:
    texts = [text.col + text.span - 1 for text in sheet.texts]
    return max(texts + [block.area.col + block.area.cols - 1 for block in sheet.blocks])


def _page_ends(sections: list[int], heights: list[float], room: float) -> list[int]:
    """The rows after which a page ends, so that each section stands on one page if it can."""
    ends, used = [], 0.0
    for start, end in pairwise([*sections, len(heights) + 1]):
        height = sum(heights[start - 1 : end - 1])
        if used and used + height > room:
            ends.append(start - 1)
            used = 0.0
        used += height
    return ends


def _reach(worksheet: Worksheet, text: Text) -> None:
    """Gives a text the cells it wraps in, and the sheet it leads to."""
    if text.span > 1:
        first, last = column_letters(text.col), column_letters(text.col + text.span - 1)
        # Not merge_cells: it would make cells, and ours are written later.
        worksheet.merged_cells.add(f"{first}{text.row}:{last}{text.row}")
    if text.link:
        cell = worksheet.cell(text.row, text.col)
        cell.hyperlink = Hyperlink(
            ref=cell.coordinate, location=f"{quoted(text.link)}!A{text.at}", display=text.text
        )


def _validate(worksheet: Worksheet, block: Block, texts: Labels) -> None:
    title, prompt = texts(f"entry.{block.entry}_title"), texts(f"entry.{block.entry}")
    if block.entry in _BOUNDS:
        least, most = _BOUNDS[block.entry]
        rule = DataValidation("decimal", operator="between", formula1=least, formula2=most)
    elif block.choices:
        rule = DataValidation("list", formula1=block.choices.fixed, allow_blank=block.entry == "label")
    elif block.entry in ("letter", "label", "token", "answer"):
        first, length = (
            block.area.part().a1,
            "=1" if block.entry == "letter" else f"<={_LONGEST[block.entry]}",
        )
        # Programs that check what is typed know EXACT of a whole column.
        times = f"SUMPRODUCT(--EXACT({first},{block.area.fixed}))"
        rule = DataValidation("custom", formula1=f"AND(LEN({first}){length},{times}=1)")
    else:
        rule = DataValidation("textLength", operator="between", formula1="1", formula2=_LONGEST[block.entry])
    rule.errorTitle = rule.promptTitle = title
    rule.error = rule.prompt = prompt
    rule.showErrorMessage = rule.showInputMessage = True
    rule.add(block.area.a1)
    worksheet.add_data_validation(rule)


_LONGEST = {"letter": "1", "label": "60", "word": "255", "token": "255", "answer": "255", "text": "32000"}
_BOUNDS = {
    "number": (f"-{LIMIT:G}", f"{LIMIT:G}"),
    "positive": ("1E-100", f"{LIMIT:G}"),
    "slider": (f"{-FLOW:g}", f"{FLOW:g}"),
}
