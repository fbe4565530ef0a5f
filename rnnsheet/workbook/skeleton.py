"""A workbook without its cells, by openpyxl: sheets, widths, names, charts, print set-up."""

from itertools import groupby
from operator import itemgetter

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from rnnsheet.experiments import GREATEST_FLOW_WEIGHT, LIMIT
from rnnsheet.labels import Labels, labels
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.page_builder import width_of
from rnnsheet.sheet.plan import Area, Block, Plan, Sheet, Text, quoted
from rnnsheet.workbook import printing
from rnnsheet.workbook.charts import drawn
from rnnsheet.workbook.style import LOOKS


def skeleton(plan: Plan) -> Workbook:
    """The workbook of a plan, without its cells."""
    book, texts = Workbook(), labels(plan.language)
    book.remove(book.worksheets[0])
    book.properties.creator = "rnnsheet"
    book.properties.title = plan.title
    book.calculation.fullCalcOnLoad = True
    book.security.lockStructure = plan.locked or None
    for sheet in plan.sheets:
        worksheet = book.create_sheet(sheet.name)
        _dress(worksheet, sheet, texts)
        if not sheet.hidden:
            printing.set_up(worksheet, sheet, plan, texts)
    for name, area in plan.names.items():
        book.defined_names[name] = DefinedName(name, attr_text=area.absolute)
    return book


def _dress(worksheet: Worksheet, sheet: Sheet, texts: Labels) -> None:
    worksheet.sheet_format.defaultColWidth = sheet.width
    worksheet.sheet_view.showGridLines = False
    worksheet.sheet_view.zoomScale = sheet.zoom
    worksheet.sheet_state = "hidden" if sheet.hidden else "visible"
    # Every width said: Gnumeric takes the default width for something else.
    widths = [(sheet.widths.get(col, sheet.width), col) for col in range(1, printing.last_column(sheet) + 1)]
    for width, run in groupby(widths, key=itemgetter(0)):
        first, *rest = (col for _, col in run)
        name, last = column_letters(first), rest[-1] if rest else first
        worksheet.column_dimensions[name] = ColumnDimension(worksheet, width=width, min=first, max=last)
    rows, cols = sheet.frozen
    if rows or cols:
        worksheet.freeze_panes = f"{column_letters(cols + 1)}{rows + 1}"
    if sheet.cursor:
        for selection in worksheet.sheet_view.selection:
            selection.activeCell = selection.sqref = sheet.cursor
    if sheet.part:
        worksheet.sheet_properties.tabColor = LOOKS[sheet.part].fill
    worksheet.protection.sheet = True
    worksheet.protection.formatColumns = worksheet.protection.formatRows = False
    for text in sheet.texts:
        _reach(worksheet, text)
    for block in sheet.blocks:
        if block.entry:
            _validate(worksheet, block, texts)
    for (row, col), note in sheet.notes.items():
        lines = sum(1 + width_of(line) // _NOTE_LETTERS for line in note.splitlines())
        height = _NOTE_LINE * (lines + 1)
        worksheet.cell(row, col).comment = Comment(note, "rnnsheet", height, _NOTE_WIDTH)
    for chart in sheet.charts:
        worksheet.add_chart(drawn(chart), f"{column_letters(chart.col)}{chart.row}")


_NOTE_WIDTH, _NOTE_LINE, _NOTE_LETTERS = 260, 18, 36
"""Of a note, the width and the height of a line in pixels, and how many letters a line has."""


def _reach(worksheet: Worksheet, text: Text) -> None:
    """Gives a text the cells it wraps in, and the sheet it leads to."""
    if text.span > 1:
        first, last = column_letters(text.col), column_letters(text.col + text.span - 1)
        # Not merge_cells: it would make cells, and ours are written later.
        worksheet.merged_cells.add(f"{first}{text.row}:{last}{text.row}")
    if text.link:
        cell = worksheet.cell(text.row, text.col)
        cell.hyperlink = Hyperlink(
            ref=cell.coordinate, location=f"{quoted(text.link)}!{text.at}", display=text.text
        )


def _validate(worksheet: Worksheet, block: Block, texts: Labels) -> None:
    title, prompt = texts(f"entry.{block.entry}_title"), texts(f"entry.{block.entry}")
    if block.entry in _BOUNDS:
        least, most = _BOUNDS[block.entry]
        rule = DataValidation("decimal", operator="between", formula1=least, formula2=most)
    elif block.entry == "reveal":
        rule = DataValidation("whole", operator="between", formula1="0", formula2="999", allow_blank=True)
    elif block.choices:
        rule = DataValidation(
            "list", formula1=_source(block, block.choices), allow_blank=block.entry == "label"
        )
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


def _source(block: Block, choices: Area) -> str:
    """Where the entries stand that a cell offers, as a rule of that cell refers to them."""
    return choices.fixed if choices.sheet == block.area.sheet else choices.absolute


_LONGEST = {"letter": "1", "label": "60", "word": "255", "token": "255", "answer": "255", "text": "32000"}
_BOUNDS = {
    "number": (f"-{LIMIT:G}", f"{LIMIT:G}"),
    "positive": ("1E-100", f"{LIMIT:G}"),
    "slider": (f"{-GREATEST_FLOW_WEIGHT:g}", f"{GREATEST_FLOW_WEIGHT:g}"),
}
