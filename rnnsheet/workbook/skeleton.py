"""A workbook without its cells, by openpyxl: sheets, widths, names, charts, print set-up."""

import math
from collections.abc import Callable, Mapping
from itertools import groupby, pairwise
from operator import itemgetter

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.axis import TextAxis
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef, StrRef
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series as Drawn
from openpyxl.chart.series import SeriesLabel
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule, Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
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
from rnnsheet.sheet.plan import Area, Block, Chart, Highlight, Plan, Series, Sheet, Text, quoted
from rnnsheet.workbook.number_format import FORMATS

WIDTH = 11.7
"""The default width of a column, in characters."""
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
        _dress(book.create_sheet(sheet.name), sheet, texts)
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
    width = sum(sheet.widths.get(col, WIDTH) for col in range(text.col, text.col + text.span))
    return math.ceil(1.08 * width_of(text.text) / width)


def _dress(worksheet: Worksheet, sheet: Sheet, texts: Labels) -> None:
    worksheet.sheet_format.defaultColWidth = WIDTH
    worksheet.sheet_view.showGridLines = False
    worksheet.sheet_view.zoomScale = sheet.zoom
    worksheet.sheet_state = "hidden" if sheet.hidden else "visible"
    # Every width said: Gnumeric takes the default width for something else.
    widths = [(sheet.widths.get(col, WIDTH), col) for col in range(1, _last_column(sheet) + 1)]
    for width, run in groupby(widths, key=itemgetter(0)):
        first, *rest = (col for _, col in run)
        name, last = column_letters(first), rest[-1] if rest else first
        worksheet.column_dimensions[name] = ColumnDimension(worksheet, width=width, min=first, max=last)
    rows, cols = sheet.frozen
    if rows or cols:
        worksheet.freeze_panes = f"{column_letters(cols + 1)}{rows + 1}"
    worksheet.protection.sheet = True
    worksheet.protection.formatColumns = worksheet.protection.formatRows = False
    _print_setup(worksheet, sheet, texts)
    for text in sheet.texts:
        _reach(worksheet, text)
    for block in sheet.blocks:
        if block.entry:
            _validate(worksheet, block, texts)
    for highlight in sheet.highlights:
        for rule in _RULES[highlight.kind](highlight):
            worksheet.conditional_formatting.add(highlight.area.a1, rule)
    if numbers := [block.area.a1 for block in sheet.blocks if block.format == "number"]:
        worksheet.conditional_formatting.add(" ".join(numbers), _large())
    for chart in sheet.charts:
        worksheet.add_chart(_chart(chart), f"{column_letters(chart.col)}{chart.row}")


def _large() -> Rule:
    """Shows a number that would not fit its column as a power of ten."""
    looks = DifferentialStyle(numFmt=NumberFormat(11, FORMATS["powers"]))
    rule: Rule = Rule("cellIs", operator="notBetween", formula=_FITS, dxf=looks)
    return rule


_FITS = ["-999.9999995", "9999.9999995"]
"""Between these a number with six decimals fits a column of the default width."""


def _shades(full: str) -> Rule:
    """White at 0, `full` at 1."""
    low = {"start_type": "num", "start_value": 0, "start_color": "FFFFFF"}
    rule: Rule = ColorScaleRule(**low, end_type="num", end_value=1, end_color=full)  # type: ignore[no-untyped-call]
    return rule


def _around_one() -> Rule:
    """Less than 1 is one colour, more another."""
    points = {f"{part}_type": "num" for part in ("start", "mid", "end")}
    colors = {"start_color": "F4A582", "mid_color": "FFFFFF", "end_color": "92C5DE"}
    rule: Rule = ColorScaleRule(**points, **colors, start_value=0, mid_value=1, end_value=2)  # type: ignore[no-untyped-call]
    return rule


def _equals(number: str, color: str) -> Rule:
    """Colours a number."""
    rule: Rule = CellIsRule("equal", [number], font=Font(color=color))  # type: ignore[no-untyped-call]
    return rule


def _same_letter(highlight: Highlight) -> Rule:
    """Marks the cells that hold the letter that the highlight's other row has in the same column."""
    cell, letter = highlight.area.part().a1, _of_other(highlight)
    looks = {"font": Font(color="166534"), "fill": PatternFill(bgColor="DFF0D8")}
    condition = f'AND({cell}<>"",EXACT({cell},{letter}))'
    rule: Rule = FormulaRule([condition], **looks)  # type: ignore[no-untyped-call]
    return rule


def _same_text(highlight: Highlight) -> Rule:
    """Colours a text that is that of the highlight's other cell."""
    other = highlight.other or highlight.area
    condition = f"{highlight.area.a1}={other.absolute}"
    rule: Rule = FormulaRule([condition], font=Font(color="166534", bold=False))  # type: ignore[no-untyped-call]
    return rule


def _note(highlight: Highlight) -> Rule:
    """Colours a text that begins with that of the highlight's other cell."""
    cell, other = highlight.area.a1, (highlight.other or highlight.area).absolute
    condition = f"LEFT({cell},LEN({other}))={other}"
    rule: Rule = FormulaRule([condition], font=Font(color="1F4E9E", bold=False))  # type: ignore[no-untyped-call]
    return rule


def _chosen(highlight: Highlight) -> Rule:
    """Marks the row that the highlight's other row has the number of, from 0."""
    looks = {"font": Font(bold=True), "fill": PatternFill(bgColor="F2B233")}
    condition = f"ROW()-{highlight.area.row}={_of_other(highlight)}"
    rule: Rule = FormulaRule([condition], **looks)  # type: ignore[no-untyped-call]
    return rule


def _of_other(highlight: Highlight) -> str:
    """The cell of the highlight's other row, in the same column."""
    other = highlight.other or highlight.area
    return f"{column_letters(other.col)}${other.row}"


# Made anew for each area: openpyxl numbers a rule on the sheet to which it comes first.
_RULES: Mapping[str, Callable[[Highlight], list[Rule]]] = {
    "factor": lambda _: [_around_one()],
    "bar": lambda _: [DataBarRule("num", -FLOW, "num", FLOW, color="F2B233")],  # type: ignore[no-untyped-call]
    "one_hot": lambda _: [_shades("C9A6F5")],
    "share": lambda _: [_shades("5B9BD5")],
    "mark": lambda _: [_equals("1", "166534"), _equals("0", "B91C1C")],
    "target": lambda highlight: [_same_letter(highlight)],
    "chosen": lambda highlight: [_chosen(highlight)],
    "fine": lambda highlight: [_same_text(highlight)],
    "note": lambda highlight: [_note(highlight)],
}


def _print_setup(worksheet: Worksheet, sheet: Sheet, texts: Labels) -> None:
    """A4: a sheet of sections upright, page by page; any other lying, on one page if legible there."""
    page = worksheet.page_setup
    page.paperSize = worksheet.PAPERSIZE_A4
    worksheet.page_margins.left = worksheet.page_margins.right = 0.4
    worksheet.page_margins.top, worksheet.page_margins.bottom = 0.5, 0.8
    footer = worksheet.oddFooter
    footer.left.text, footer.right.text = "&A", texts("style.footer")  # type: ignore[union-attr]
    width, heights = _size(sheet)
    if sheet.printed:
        heights = heights[: sheet.printed_rows or None]
        worksheet.print_area = f"A1:{column_letters(sheet.printed)}{len(heights)}"
    # A scale of our own: Excel forgets page breaks where it fits a sheet to the page.
    if sheet.sections:
        page.orientation, scale = "portrait", max(_LEGIBLE, min(1.0, _SHORT / width))
        worksheet.print_title_rows = "1:1"
        for row in _page_ends(sheet.sections, heights, _LONG / scale):
            worksheet.row_breaks.append(Break(row))
    else:
        page.orientation, scale = "landscape", min(1.0, _LONG / width, _SHORT / sum(heights))
        worksheet.print_options.horizontalCentered = True
    if scale < _LEGIBLE or sheet.sections:
        page.scale = int(100 * max(_LEGIBLE, scale))
    else:
        worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


_SHORT, _LONG = 595 - 0.8 * 72, 842 - 1.3 * 72 - 26
"""The sides of an A4 page less its margins and a line of title, in points."""
_LEGIBLE = 0.4
"""No sheet is printed smaller; it takes more pages instead."""
_POINTS_PER_CHARACTER = 7.1
"""The width of a character where Calibri is missing; with it 5.6."""


def _size(sheet: Sheet) -> tuple[float, list[float]]:
    """The width of all used columns and the height of each used row, in points."""
    columns = range(1, (sheet.printed or _last_column(sheet)) + 1)
    width = _POINTS_PER_CHARACTER * sum(sheet.widths.get(col, WIDTH) for col in columns)
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
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quoted(text.link)}!A1", display=text.text)


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


def _chart(chart: Chart) -> BarChart | LineChart:
    drawn = _column_chart() if chart.kind == "shares" else _line_chart(chart)
    drawn.title, drawn.x_axis.title, drawn.y_axis.title = chart.title, chart.x_title, chart.y_title
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.width, drawn.height = 15, 9
    for number, series in enumerate(chart.series):
        drawn.series.append(_series(series, number, chart))
    return drawn


def _column_chart() -> BarChart:
    drawn = BarChart()
    drawn.y_axis.scaling.min, drawn.y_axis.scaling.max = 0, 1
    drawn.y_axis.number_format = "0.0"
    return drawn


def _line_chart(chart: Chart) -> LineChart:
    drawn = LineChart()
    drawn.x_axis = TextAxis(tickLblSkip=max(1, max(chart.categories.rows, chart.categories.cols) // 10))
    drawn.y_axis.number_format = "General"
    if chart.kind == "powers":
        drawn.y_axis.scaling.logBase = 10
        drawn.y_axis.number_format = "0E+00"
        # Below all powers, not at 1 = 10⁰.
        drawn.x_axis.tickLblPos = "low"
    return drawn


def _series(series: Series, number: int, chart: Chart) -> Drawn:
    values, categories = NumRef(f=series.values.absolute), NumRef(f=chart.categories.absolute)
    drawn = Drawn(idx=number, order=number, val=NumDataSource(values), cat=AxDataSource(categories))
    if isinstance(series.title, Area):
        drawn.tx = SeriesLabel(strRef=StrRef(series.title.absolute))
    else:
        drawn.tx = SeriesLabel(v=series.title)
    if chart.kind != "shares":
        drawn.smooth = False
        drawn.marker = Marker("none")
    return drawn
