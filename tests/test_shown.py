"""What a reader sees: a right number that is hidden, or shown as another, is found; the rest is free."""

import json
import re
import shutil
from functools import cache
from pathlib import Path

import ironcalc
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formatting.rule import ColorScaleRule, DataBarRule, FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from typer.testing import CliRunner

import rnnsheet
from rnnsheet.checking.shown import ShownCells
from rnnsheet.cli import app
from rnnsheet.console.verdicts import verdict
from rnnsheet.errors import WorkbookError
from rnnsheet.labels import labels
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Plan
from rnnsheet.workbook.input_reader import read_inputs
from rnnsheet.workbook.manifest_reader import Manifest
from rnnsheet.workbook.number_format import FORMATS, alike, shown
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import Contents, read
from tests.imported_networks import counter, moods
from tests.test_checking import edit, saved_by_gnumeric, saved_by_libreoffice, sheet_part
from tests.test_reading import parts
from tests.test_reading import save as saved
from tests.typist import block

CELL = block("h", "Unrolled").area.part().a1
"""A number in the middle of the sheet Unrolled."""
COLUMN, ROW = re.fullmatch(r"([A-Z]+)(\d+)", CELL).groups()


def found(path: Path) -> dict[str, str]:
    """By what cells are shown otherwise, each cause with the first cell of a block."""
    report = rnnsheet.check(path)
    first = [each.first_failure for each in report.blocks if each.first_failure]
    assert {failure.reason for failure in first} <= {"shown"}
    assert report.ok == (not first)
    return {failure.cause: failure.cell for failure in reversed(first)}


@cache
def known(path: Path) -> tuple[Contents, Plan]:
    """A workbook and its plan."""
    contents = read(opened(path))
    source = read_inputs(Manifest(contents), contents.value)
    return contents, plan(source, "en")


def looked_at(path: Path, original: Path) -> dict[str, str]:
    """As `found`, of some sheets of a workbook that has the values of another one; no engine is asked."""
    (values, planned), contents = known(original), read(opened(path))
    first: list[tuple[str, str]] = []
    for sheet in planned.sheets:
        if sheet.hidden or sheet.name not in contents.sheets:
            continue
        seen, grid = ShownCells(contents, sheet), values.grid(sheet.name)
        for each in sheet.blocks:
            has = list(map(grid.values.get, each.area.cells()))
            for index, otherwise in list(seen.otherwise(each, seen.causes(each), has).items())[:1]:
                place = each.area.part(*divmod(index, each.area.cols))
                first.append((otherwise.cause, place.a1))
    return dict(reversed(first))


@pytest.fixture(scope="module")
def unrolled(hello_xlsx, tmp_path_factory) -> Path:
    """The sheet Unrolled of a workbook, beside another that is always seen."""
    book, path = openpyxl.load_workbook(hello_xlsx), tmp_path_factory.mktemp("unrolled") / "unrolled.xlsx"
    for sheet in book.worksheets:
        if sheet.title not in ("Overview", "Unrolled"):
            book.remove(sheet)
    book.save(path)
    return path


@pytest.fixture
def dressed(hello_xlsx, unrolled, tmp_path):
    """Changes the looks of a sheet by openpyxl, and looks at it."""

    def dress(change) -> dict[str, str]:
        book = openpyxl.load_workbook(unrolled)
        change(book["Unrolled"])
        book.save(tmp_path / "dressed.xlsx")
        return looked_at(tmp_path / "dressed.xlsx", hello_xlsx)

    return dress


FORMATS_OF_OTHERS = ('"42.0"', ";;;", "0.00", "General", "0.000000%", '"-"0.000000', "0.000000;0.000000")
MORE_FORMATS = (
    "#,##0.000000",
    "[White]0.000000",
    '[<1]"0.1";0.000000',
    "hh:mm",
    "0.000000,",
    "[DBNum1]0.000000",
)


@pytest.mark.slow
@pytest.mark.parametrize("code", FORMATS_OF_OTHERS + MORE_FORMATS)
def test_a_number_format_that_shows_something_else_is_found(dressed, code):
    def change(sheet):
        sheet[CELL].number_format = code

    assert dressed(change) == {"format": CELL}


WHITE, INK = "FFFFFFFF", "FF1F2933"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "look", "cause"),
    [
        ("font", Font(color=WHITE), "letters"),
        ("font", Font(color="00FEFEFE"), "letters"),
        ("font", Font(color=openpyxl.styles.colors.Color(theme=0)), "letters"),
        ("font", Font(color=openpyxl.styles.colors.Color(theme=1, tint=1.0)), "letters"),
        ("font", Font(color=openpyxl.styles.colors.Color(indexed=9)), "letters"),
        ("font", Font(color=INK, size=1), "letters"),
        ("font", Font(color=INK, name="Wingdings 3"), "letters"),
        ("font", Font(color=INK, name="ITC Zapf Dingbats"), "letters"),
        ("font", Font(color=INK, name="Noto Emoji"), "letters"),
        ("font", Font(color=INK, name="Any", charset=2), "letters"),
        ("font", Font(color=INK, name="MS Outlook"), "letters"),
        ("fill", PatternFill("solid", fgColor=INK), "letters"),
        ("fill", PatternFill("darkGray", fgColor=INK, bgColor=WHITE), "letters"),
        ("alignment", Alignment(horizontal="fill"), "place"),
        ("alignment", Alignment(text_rotation=90), "place"),
        ("alignment", Alignment(indent=200), "place"),
        ("alignment", Alignment(indent=5), "place"),
        ("alignment", Alignment(horizontal="centerContinuous"), "place"),
        ("alignment", Alignment(readingOrder=2), "place"),
        ("font", Font(color=INK, size=400), "letters"),
    ],
)
def test_what_cannot_be_read_is_found(dressed, name, look, cause):
    def change(sheet):
        if name == "font":
            sheet[CELL].fill = PatternFill()
        setattr(sheet[CELL], name, look)

    assert dressed(change) == {cause: CELL}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "value", "cause"),
    [
        ("row", "hidden", True, "row"),
        ("row", "height", 0.5, "row"),
        ("row", "height", 8, "row"),
        ("column", "hidden", True, "column"),
        ("column", "width", 0.2, "column"),
        ("column", "width", 4, "column"),
        ("sheet", "sheet_state", "hidden", "sheet"),
        ("sheet", "sheet_state", "veryHidden", "sheet"),
        ("view", "showFormulas", True, "formulas"),
        ("view", "showZeros", False, "zeros"),
        ("view", "zoomScale", 10, "sheet"),
        ("format", "defaultRowHeight", 1, "row"),
        ("format", "zeroHeight", True, "row"),
    ],
)
def test_what_is_hidden_is_found(dressed, kind, name, value, cause):
    def change(sheet):
        places = {
            "row": sheet.row_dimensions[int(ROW)],
            "column": sheet.column_dimensions[COLUMN],
            "sheet": sheet,
            "view": sheet.sheet_view,
            "format": sheet.sheet_format,
        }
        setattr(places[kind], name, value)

    assert set(dressed(change)) == {cause}


def looks(**different) -> DifferentialStyle:
    return DifferentialStyle(**different)


RULES = {
    "another number": looks(numFmt=NumberFormat(200, '"42.0"')),
    "nothing": looks(numFmt=NumberFormat(200, ";;;")),
    "white letters": looks(font=Font(color=WHITE)),
    "a ground like the letters": looks(fill=PatternFill(bgColor=INK)),
    "letters too large for their row": looks(font=Font(size=40)),
    "letters like their ground": looks(font=Font(color="FFAA0000"), fill=PatternFill(bgColor="FFAA0000")),
}


@pytest.mark.parametrize("look", RULES.values(), ids=RULES)
def test_a_rule_that_may_hide_a_number_is_found(dressed, look):
    def change(sheet):
        rule = FormulaRule(["TRUE"])
        rule.dxf = look
        sheet.conditional_formatting.add(f"{CELL} ZZ5:ZZ9", rule)

    assert dressed(change) == {"rule": CELL}


@pytest.mark.parametrize(
    "rule",
    [
        DataBarRule("min", 0, "max", 1, color=WHITE, showValue=False),
        ColorScaleRule(start_type="min", start_color=INK, end_type="max", end_color=WHITE),
    ],
)
def test_a_bar_or_a_scale_that_hides_a_number_is_found(dressed, rule):
    assert dressed(lambda sheet: sheet.conditional_formatting.add(CELL, rule)) == {"rule": CELL}


def test_two_rules_that_hide_a_number_together_are_found(dressed):
    def change(sheet):
        for look in (looks(font=Font(color="FFFFAAAA")), looks(fill=PatternFill(bgColor="FFFFAAAA"))):
            rule = FormulaRule(["TRUE"])
            rule.dxf = look
            sheet.conditional_formatting.add(CELL, rule)

    assert dressed(change) == {"rule": CELL}


def test_other_looks_are_the_reader_s(dressed):
    def change(sheet):
        sheet[CELL].number_format = r"0.0000;\-0.0000;0"
        sheet[CELL].font = Font(color=WHITE, size=20, italic=True, name="Arial")
        sheet[CELL].fill = PatternFill("solid", fgColor="FF000000")
        sheet[CELL].alignment = Alignment(horizontal="center", vertical="top", indent=2)
        # A column of its own beside the group that it is in would be said twice.
        for columns in list(sheet.column_dimensions.values()):
            columns.width = 40
        sheet.row_dimensions[int(ROW)].height = 60
        sheet.row_dimensions[400].hidden = sheet.column_dimensions["ZZ"].hidden = True
        sheet["ZZ401"], sheet["ZZ401"].number_format = 1, '"42.0"'
        sheet.sheet_view.zoomScale = 50
        sheet.conditional_formatting.add(CELL, ColorScaleRule("min", 0, "FF000000", "max", 1, "FF102030"))

    assert dressed(change) == {}


def styled(path: Path, target: Path, styles: dict[str, str], sheet: dict[str, str] | None = None) -> Path:
    """A copy of a workbook with places of its styles, and of the sheet Unrolled, replaced."""
    contents = parts(path)
    for part, places in (
        ("xl/styles.xml", styles),
        (sheet_part(path, "Unrolled"), sheet or {}),
    ):
        text = contents[part].decode()
        for pattern, replacement in places.items():
            text, count = re.subn(pattern, replacement, text, count=1)
            assert count == 1, pattern
        contents[part] = text.encode()
    return saved(contents, target)


FONT = '<font><sz val="11"/><color rgb="FF1F2933"/><name val="Calibri"/></font>'
FOREIGN = ' xmlns:z="urn:z"'
AFTER_ROWS = "</sheetData>"
WITH_ONE = (
    '<conditionalFormatting sqref="A900"><cfRule type="expression" priority="9"{}</conditionalFormatting>'
)


@pytest.mark.parametrize(
    ("styles", "sheet"),
    [
        ({"</cellXfs>": f'<z:xf{FOREIGN} numFmtId="0"/></cellXfs>'}, {}),
        ({"</cellXfs>": "<more/></cellXfs>"}, {}),
        ({"</numFmts>": f'<z:numFmt{FOREIGN} numFmtId="199" formatCode="0"/></numFmts>'}, {}),
        ({"<color rgb=": f'<z:color{FOREIGN} rgb="FF000000"/><color rgb='}, {}),
        ({"<color rgb=": '<color rgb="FF000000"/><color rgb='}, {}),
        ({"<sz val": '<sz val="9"/><sz val'}, {}),
        ({"<patternFill": "<gradientFill/><patternFill"}, {}),
        ({"</dxfs>": f"<dxf><z:numFmt{FOREIGN}/></dxf></dxfs>"}, {}),
        ({"<fonts": f"<z:fonts{FOREIGN}/><fonts"}, {}),
        ({"<fonts": "<more><fonts/></more><fonts"}, {}),
        ({r"<styleSheet ": '<z:styleSheet xmlns:z="urn:z" ', "</styleSheet>": "</z:styleSheet>"}, {}),
        ({'color rgb="': 'color theme="1" rgb="'}, {}),
        ({'color rgb="': 'color auto="1" rgb="'}, {}),
        ({'color rgb="FF': 'color rgb="FF000000'}, {}),
        ({'color rgb="F': 'color rgb="F '}, {}),
        ({'<sz val="11"/>': '<sz val="1_1"/>'}, {}),
        ({'<sz val="11"/>': '<sz val=" 11"/>'}, {}),
        ({'<sz val="11"/>': '<sz val="١١"/>'}, {}),
        ({'<sz val="11"/>': '<sz val="nan"/>'}, {}),
        ({' numFmtId="165" fontId': ' numFmtId="1_65" fontId'}, {}),
        ({' fontId="1"': ' fontId="01"'}, {}),
        ({' fillId="2"': ' fillId="+2"'}, {}),
        ({"<alignment ": '<alignment textRotation="0_0" '}, {}),
        ({"<alignment ": '<alignment indent=" 1" '}, {}),
        ({}, {AFTER_ROWS: AFTER_ROWS + WITH_ONE.format("><dxf><font/><font/></dxf></cfRule>")}),
        ({}, {AFTER_ROWS: AFTER_ROWS + WITH_ONE.format(' dxfId="0_0"/>')}),
        ({}, {AFTER_ROWS: AFTER_ROWS + WITH_ONE.format('><dataBar showValue="off"/></cfRule>')}),
        *(
            ({}, {f'<row r="{ROW}"': rf'\g<0> {name}="{value}"'})
            for name, values in {
                "hidden": ["t", "2", " 1 ", "TRUE", "on"],
                "collapsed": ["yes", ""],
                "outlineLevel": ["1_0", "-1"],
                "ht": ["1_5", "15 ", "0x10", "1E999"],
            }.items()
            for value in values
        ),
        *(({}, {"<sheetView ": f'<sheetView {name}="t" '}) for name in ("showFormulas", "showZeros")),
        ({}, {r"<sheetFormatPr [^>]*>": '<sheetFormatPr defaultColWidth="1_1"/>'}),
        ({}, {"<cols>": '<cols><col min="8_0" max="81" width="0"/>'}),
        ({}, {"<cols>": '<cols><col min="80" max="81" width="0_9"/>'}),
        ({}, {"<cols>": '<cols><col min="80" max="81" hidden="t"/>'}),
        ({}, {"<cols>": '<cols><col min="80" max="81" style="9999"/>'}),
        ({}, {f'<row r="{ROW}"': r'\g<0> s="9999"'}),
    ],
)
def test_looks_that_programs_could_read_in_two_ways_are_refused(hello_xlsx, tmp_path, styles, sheet):
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", styles, sheet)
    with pytest.raises(WorkbookError, match="not a readable"):
        rnnsheet.check(path)


THEME = "xl/theme/theme1.xml"
THEMED = {r'<color rgb="FF1F2933"/>': '<color theme="1"/>'}
BLACK, WINDOW = '<a:sysClr val="windowText" lastClr="000000"/>', '<a:sysClr val="window" lastClr="FFFFFF"/>'
SCHEME = "<a:clrScheme.*?</a:clrScheme>"


def themed(path: Path, target: Path, change, styles: dict[str, str] = THEMED) -> Path:
    contents = parts(styled(path, target, styles))
    text = contents[THEME].decode()
    contents[THEME] = change(text).encode()
    assert change is str or contents[THEME].decode() != text
    return saved(contents, target)


@pytest.mark.parametrize(
    "black",
    [
        '<a:sysClr val="window" lastClr="000000"/>',
        '<a:sysClr val="windowText" lastClr="FFFFFF"/>',
        '<a:sysClr val="btnFace" lastClr="000000"/>',
        '<a:srgbClr val="000000"><a:lumMod val="0"/><a:lumOff val="100000"/></a:srgbClr>',
        '<a:prstClr val="black"/>',
        f"{BLACK}{WINDOW}",
    ],
)
def test_a_colour_of_a_theme_that_is_no_plain_one_is_refused_where_it_is_used(hello_xlsx, tmp_path, black):
    """Of several readings of it one may be the ground."""

    def change(text: str) -> str:
        return text.replace(BLACK, black, 1)

    with pytest.raises(WorkbookError, match="theme: dk1"):
        rnnsheet.check(themed(hello_xlsx, tmp_path / "wrong.xlsx", change))


def test_a_colour_of_a_theme_that_is_not_used_may_be_any(hello_xlsx, tmp_path):
    def change(text: str) -> str:
        return text.replace('<a:srgbClr val="F79646"/>', '<a:prstClr val="red"/>')

    assert found(themed(hello_xlsx, tmp_path / "unused.xlsx", change)) == {}


def test_a_second_scheme_of_colours_does_not_count(hello_xlsx, tmp_path):
    def change(text: str) -> str:
        scheme = re.search(SCHEME, text, re.DOTALL)[0]
        more = f"<a:extraClrSchemeLst><a:extraClrScheme>{scheme}</a:extraClrScheme></a:extraClrSchemeLst>"
        white = text.replace(BLACK, '<a:srgbClr val="FFFFFF"/>')
        return re.sub(r"<a:extraClrSchemeLst\s*/>", lambda _: more, white)

    assert found(themed(hello_xlsx, tmp_path / "right.xlsx", str)) == {}
    assert set(found(themed(hello_xlsx, tmp_path / "wrong.xlsx", change))) == {"letters"}


@pytest.mark.parametrize("scheme", ["minor", "major"])
def test_a_font_of_the_theme_that_has_signs_for_letters_is_found(hello_xlsx, tmp_path, scheme):
    def change(text: str) -> str:
        return re.sub(rf'(<a:{scheme}Font>\s*<a:latin typeface=)"[^"]*"', r'\1"Wingdings"', text)

    styles = {re.escape(FONT): FONT.replace("</font>", f'<scheme val="{scheme}"/></font>')}
    assert set(found(themed(hello_xlsx, tmp_path / "wrong.xlsx", change, styles))) == {"letters"}
    assert found(themed(hello_xlsx, tmp_path / "right.xlsx", str, styles)) == {}


def rows_as(*levels: str) -> dict[str, str]:
    """Of the row of CELL, the next and the one after it, what is said of outlines."""
    return {f'<row r="{int(ROW) + down}"': rf"\g<0> {said}" for down, said in enumerate(levels)}


OUTLINED, COLLAPSED = 'outlineLevel="1"', 'collapsed="1"'


def columns_as(*columns: str) -> dict[str, str]:
    cols = "".join('<col min="{}" max="{}" {}/>'.format(*column.split(" ", 2)) for column in columns)
    return {"<cols>.*?</cols>": f"<cols>{cols}</cols>"}


def viewed(corner: str, pane: str) -> dict[str, str]:
    view = f'<sheetView topLeftCell="{corner}" workbookViewId="0"><pane {pane}/></sheetView>'
    return {"<sheetView .*?</sheetView>": view}


def formatted(said: str) -> dict[str, str]:
    return {"<sheetFormatPr [^>]*>": f"<sheetFormatPr {said}/>"}


NARROW = formatted('defaultColWidth="0"')


def filtering(criteria: str) -> dict[str, str]:
    return {"</sheetData>": rf'\g<0><autoFilter ref="A1:Z99">{criteria}</autoFilter>'}


@pytest.mark.parametrize(
    ("sheet", "cause"),
    [
        (filtering('<filterColumn colId="0"><filters blank="1"/></filterColumn>'), "row"),
        (filtering(""), ""),
        ({"</sheetData>": rf'\g<0><autoFilter ref="A{int(ROW) - 1}:Z{ROW}"><x/></autoFilter>'}, "row"),
        (rows_as(OUTLINED, OUTLINED, COLLAPSED), "row"),
        (rows_as(OUTLINED, f"{OUTLINED} {COLLAPSED}"), "row"),
        (rows_as(COLLAPSED, OUTLINED), "row"),
        (rows_as(OUTLINED, OUTLINED), ""),
        (rows_as(OUTLINED, 'hidden="0" outlineLevel="0" collapsed="false"', COLLAPSED), ""),
        (columns_as(f"8 9 {OUTLINED}", f"10 10 {COLLAPSED}"), "column"),
        (columns_as(f"8 9 {OUTLINED} hidden='false'", f"10 10 {OUTLINED}", f"11 12 {COLLAPSED}"), "column"),
        (columns_as(f"8 9 {OUTLINED}", f"11 11 {COLLAPSED}"), ""),
        (NARROW | columns_as("1 1 width='9'"), "column"),
        (formatted('baseColWidth="0"') | columns_as("1 1 width='9'"), "column"),
        (formatted('defaultRowHeight="8" customHeight="1"'), "row"),
        (NARROW | columns_as("1 99 width='9'"), ""),
        (viewed("A90", 'ySplit="1" topLeftCell="A91" state="frozen"'), "row"),
        (viewed("ZA1", 'xSplit="1" topLeftCell="ZB1" state="frozenSplit"'), "column"),
        (viewed("A90", 'ySplit="900" topLeftCell="A91" state="split"'), ""),
        (viewed("A1", 'ySplit="1" topLeftCell="A91" state="frozen"'), ""),
        (viewed("A1", 'xSplit="7" ySplit="800" topLeftCell="H801" state="frozen"'), "sheet"),
        (viewed("A1", 'xSplit="40" topLeftCell="ZB1" state="frozen"'), "sheet"),
    ],
)
def test_what_is_folded_too_narrow_or_out_of_sight_is_found(hello_xlsx, tmp_path, sheet, cause):
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, sheet)
    assert set(looked_at(path, hello_xlsx)) == ({cause} if cause else set())


ALTERNATIVE = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice Requires="x15">{}</mc:Choice></mc:AlternateContent>'
)


@pytest.mark.parametrize(
    "window",
    [
        '<bookViews><workbookView visibility="hidden"/></bookViews>',
        '<bookViews><workbookView visibility="veryHidden"/></bookViews>',
        '<bookViews><workbookView showSheetTabs="0"/></bookViews>',
        ALTERNATIVE.format('<bookViews><workbookView visibility="hidden"/></bookViews>'),
    ],
)
def test_a_window_that_hides_sheets_is_found(hello_xlsx, tmp_path, window):
    pattern = "<bookViews>.*?</bookViews>"
    path = edit(hello_xlsx, tmp_path / "wrong.xlsx", "xl/workbook.xml", pattern, window)
    assert set(looked_at(path, hello_xlsx)) == {"sheet"}


def test_a_cell_without_a_font_that_has_one_by_its_style_s_name_is_refused(hello_xlsx, tmp_path):
    """Gnumeric takes that of the name, which may be white, others the first."""
    styles = {
        r"<cellStyleXfs.*?</cellStyleXfs>": '<cellStyleXfs><xf/><xf fontId="1"/></cellStyleXfs>',
        r"</cellXfs>": '<xf numFmtId="0" fillId="0" xfId="1"/></cellXfs>',
    }
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", styles)
    with pytest.raises(WorkbookError, match="xf: fontId"):
        read(opened(path))


def test_an_alignment_of_a_style_s_name_counts(hello_xlsx, tmp_path):
    contents = parts(hello_xlsx)
    text = re.sub("<alignment [^>]*/>", "", contents["xl/styles.xml"].decode())
    turned = '<cellStyleXfs><xf fontId="0"><alignment textRotation="90"/></xf></cellStyleXfs>'
    contents["xl/styles.xml"] = re.sub("<cellStyleXfs.*?</cellStyleXfs>", turned, text).encode()
    assert set(looked_at(saved(contents, tmp_path / "wrong.xlsx"), hello_xlsx)) == {"place"}


@pytest.mark.parametrize(("height", "cause"), [("", set()), (' ht="200"', set()), (' ht="15"', {"row"})])
def test_a_text_that_is_wrapped_needs_a_row_of_its_height(hello_xlsx, tmp_path, height, cause):
    """In a row of one line its last words are all that is seen."""
    style = re.search(r'<c r="A3" s="(\d+)"', parts(hello_xlsx)[sheet_part(hello_xlsx, "Unrolled")].decode())[
        1
    ]
    styles = {rf"(<cellXfs[^>]*>(?:<xf[^>]*/>|<xf.*?</xf>){{{style}}}<xf.*?<alignment)": r'\1 wrapText="1"'}
    sheet = {'(<row r="3")[^>]*>': rf"\1{height}>"}
    assert set(looked_at(styled(hello_xlsx, tmp_path / "wrong.xlsx", styles, sheet), hello_xlsx)) == cause


def test_columns_measured_by_tiny_letters_are_too_narrow(hello_xlsx, tmp_path):
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {'<sz val="11"/>': '<sz val="2"/>'})
    assert "column" in looked_at(path, hello_xlsx)


@pytest.mark.parametrize(
    ("table", "cause"),
    [
        (f'<table ref="{CELL}:ZZ{ROW}"/>', {"rule"}),
        ('<table ref="ZZ1:ZZ9"><autoFilter ref="ZZ1:ZZ9"/></table>', set()),
        (f'<table ref="ZZ9:ZZ{ROW}"><autoFilter ref="ZZ9:ZZ{ROW}"><x/></autoFilter></table>', {"row"}),
    ],
)
def test_a_table_over_numbers_is_found(hello_xlsx, tmp_path, table, cause):
    """Its style gives letters of no colour of their own white ones, in Excel; its filter hides whole rows."""
    contents = parts(hello_xlsx)
    part = sheet_part(hello_xlsx, "Unrolled")
    name = f"xl/worksheets/_rels/{Path(part).name}.rels"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/table"
    link = f'<Relationship Id="t" Type="{kind}" Target="/xl/tables/table1.xml"/></Relationships>'
    contents[name] = contents[name].replace(b"</Relationships>", link.encode())
    contents["xl/tables/table1.xml"] = table.encode()
    path = saved(contents, tmp_path / "wrong.xlsx")
    assert looked_at(path, hello_xlsx).keys() == cause


@pytest.mark.parametrize("space", ["", "urn:other"])
def test_other_rows_in_another_namespace_are_refused(hello_xlsx, tmp_path, space):
    sheet = {"<sheetData>": f'<sheetData xmlns="{space}"><row r="4"/></sheetData><sheetData>'}
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, sheet)
    with pytest.raises(WorkbookError, match="sheetData"):
        read(opened(path))


def test_a_number_too_large_for_its_column_needs_our_rule_of_powers(hello_xlsx, tmp_path):
    """It is #### without it."""
    book, (_, planned) = openpyxl.load_workbook(hello_xlsx), known(hello_xlsx)
    book["Unrolled"].conditional_formatting = ConditionalFormattingList()
    book.save(tmp_path / "without.xlsx")
    (sheet,) = (sheet for sheet in planned.sheets if sheet.name == "Unrolled")
    own = block("h", "Unrolled")
    values = [1e12] * (own.area.rows * own.area.cols)
    for path, cause in ((hello_xlsx, set()), (tmp_path / "without.xlsx", {"column"})):
        seen = ShownCells(read(opened(path)), sheet)
        found = seen.otherwise(own, seen.causes(own), values)
        assert {each.cause for each in found.values()} == cause


@pytest.mark.parametrize(
    ("name", "code"),
    [("predicted", 'General;General;General;"h"'), ("predicted", '@"d"'), ("t", '"1"'), ("t", '0"0"')],
)
def test_a_sign_of_the_format_s_own_does_not_pass_for_the_value(dressed, name, code):
    """It would stand there whatever is typed next."""

    def change(sheet):
        sheet[block(name, "Unrolled").area.part().a1].number_format = code

    assert set(dressed(change)) == {"format"}


def test_a_rule_over_cells_from_the_last_to_the_first_is_found(hello_xlsx, tmp_path):
    rule = WITH_ONE.replace("A900", f"ZZ99:{CELL}").format(
        '><dxf><numFmt numFmtId="200" formatCode=";;;"/></dxf></cfRule>'
    )
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, {AFTER_ROWS: AFTER_ROWS + rule})
    assert "rule" in found(path)


REVEAL = block("reveal", "Unrolled").area
OWN = re.escape(f"AND(ISNUMBER({REVEAL.fixed}),6&gt;{REVEAL.fixed})")
"""The condition of our rule for the sixth equation, as it stands in the file."""


@pytest.fixture(scope="module")
def revealed(hello_xlsx, tmp_path_factory):
    """A book of which someone shows three equations of Unrolled."""
    book = openpyxl.load_workbook(hello_xlsx)
    book["Unrolled"][REVEAL.a1] = 3
    path = tmp_path_factory.mktemp("revealed") / "revealed.xlsx"
    book.save(path)
    return path


def test_equations_that_someone_has_not_shown_yet_are_right(revealed):
    assert found(revealed) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "save"), [("soffice", saved_by_libreoffice), ("ssconvert", saved_by_gnumeric)]
)
def test_so_they_are_where_another_program_has_saved_them(revealed, tmp_path, program, save):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    (path,) = save(tmp_path, revealed)
    assert found(path) == {}


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (OWN, "TRUE"),
        (OWN, OWN.replace("6", "0").replace("\\", "")),
        (OWN, f"AND(ISNUMBER({REVEAL.fixed}),6&lt;{REVEAL.fixed})"),
        (OWN, f"OR(ISNUMBER({REVEAL.fixed}),6&gt;{REVEAL.fixed})"),
        (OWN, OWN.replace("\\", "").replace(REVEAL.fixed, "$Z$99")),
        (rf'(sqref=")A(\d+:[A-Z]+)\d+("><cfRule[^>]*><formula>{OWN})', r"\g<1>A\g<2>99\g<3>"),
        (rf'(type=")expression("[^>]*><formula>{OWN})', r"\g<1>containsText\g<2>"),
        (f"<formula>{OWN}</formula>", r"\g<0><formula>TRUE</formula>"),
    ],
)
def test_a_rule_that_hides_otherwise_than_ours_is_found(hello_xlsx, tmp_path, pattern, replacement):
    assert "rule" in found(styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, {pattern: replacement}))


def test_our_rule_with_other_looks_is_found(hello_xlsx, tmp_path):
    path = styled(
        hello_xlsx, tmp_path / "wrong.xlsx", {'formatCode=";;;"': 'formatCode="&quot;42&quot;"'}, {}
    )
    assert "rule" in found(path)


@pytest.mark.parametrize("number", ["1", "14", "44"])
def test_a_rule_with_a_format_that_others_know_as_another_is_found(hello_xlsx, tmp_path, number):
    code = FORMATS[block("h", "Unrolled").format]
    rule = WITH_ONE.replace("A900", CELL).format(
        f'><dxf><numFmt numFmtId="{number}" formatCode="{code}"/></dxf></cfRule>'
    )
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, {AFTER_ROWS: AFTER_ROWS + rule})
    assert found(path) == {"rule": CELL}


@pytest.mark.parametrize(
    ("value", "code", "shown_as"),
    [
        (0.01, "0.00%", None),
        (0.5, "0%", None),
        (0.001, "0.00E+00", None),
        (0.25, "General", None),
        (0.0123, "0%", "1%"),
        (0.285, "0%", "29%"),
        (0.0012345, "0.00E+00", "1.23E-03"),
        (0.5, '"5"0%', "550%"),
    ],
)
def test_a_rate_in_the_format_in_which_it_was_typed_is_shown_as_it_is(
    hello_xlsx, tmp_path, value, code, shown_as
):
    """LibreOffice sets the format of 1E-3 or 1% with the number, also in the cell below, which reads it."""
    book = openpyxl.load_workbook(hello_xlsx)
    cell = block("rate", "Training").area
    sheet = book["Training"]
    sheet[cell.a1], sheet[cell.a1].number_format = value, code
    sheet[cell.part(1).a1].number_format = code
    book.save(tmp_path / "typed.xlsx")
    report = rnnsheet.check(tmp_path / "typed.xlsx")
    first = [each.first_failure for each in report.blocks if each.first_failure]
    assert {(failure.reason, failure.got) for failure in first} == (
        {("shown", shown_as)} if shown_as else set()
    )


def test_white_letters_are_found_in_whatever_format(hello_xlsx, tmp_path):
    book = openpyxl.load_workbook(hello_xlsx)
    cell = book["Training"][block("rate", "Training").area.a1]
    cell.value, cell.number_format = 0.01, "0.00%"
    cell.font, cell.fill = Font(color=WHITE), PatternFill()
    book.save(tmp_path / "typed.xlsx")
    assert set(found(tmp_path / "typed.xlsx")) == {"letters"}


def test_an_input_that_is_shown_as_another_is_found(hello_xlsx, tmp_path):
    book = openpyxl.load_workbook(hello_xlsx)
    place = block("Whh", "Inputs").area.a1
    book["Inputs"][place].number_format = '"0.9"'
    book.save(tmp_path / "input.xlsx")
    assert found(tmp_path / "input.xlsx") == {"format": place}


def test_letters_within_a_text_that_cannot_be_read_are_found(hello_xlsx, tmp_path):
    """The word, of which a part is white."""
    cell = block("word", "Inputs").area.a1
    white = '<r><rPr><color rgb="FFFFF2CC"/></rPr><t>hel</t></r>'
    runs = f'<is>{white}<r><rPr><sz val="11"/></rPr><t>lo</t></r></is>'
    pattern = rf'(<c r="{cell}" s="\d+") t="s"><v>\d+</v>'
    part = sheet_part(hello_xlsx, "Inputs")
    path = edit(hello_xlsx, tmp_path / "runs.xlsx", part, pattern, rf'\1 t="inlineStr">{runs}')
    assert found(path) == {"text": cell}
    readable = runs.replace("FFFFF2CC", "FF000000")
    path = edit(hello_xlsx, tmp_path / "runs.xlsx", part, pattern, rf'\1 t="inlineStr">{readable}')
    assert found(path) == {}


@pytest.mark.parametrize("make", [moods, counter])
def test_an_imported_network_that_is_shown_otherwise_is_found(tmp_path, make):
    path = rnnsheet.export(make(), tmp_path / "book.xlsx", "en")
    assert found(path) == {}
    pattern = 'formatCode="0.0000;-0.0000;0"'
    edit(path, tmp_path / "wrong.xlsx", "xl/styles.xml", pattern, 'formatCode="&quot;1&quot;"')
    assert set(found(tmp_path / "wrong.xlsx")) == {"format"}


@pytest.mark.parametrize(("language", "told"), [("en", "shown otherwise"), ("zh", "显示不符")])
def test_it_is_told_in_words_and_in_json(hello_xlsx, tmp_path, language, told):
    book = openpyxl.load_workbook(hello_xlsx)
    book["Unrolled"][CELL].number_format = '"42.0"'
    # openpyxl stores nothing beside a formula in what it saves.
    value = openpyxl.load_workbook(hello_xlsx, data_only=True)["Unrolled"][CELL].value
    book.save(tmp_path / "wrong.xlsx")
    said = CliRunner().invoke(app, ["check", str(tmp_path / "wrong.xlsx"), "--lang", language])
    (line,) = (line for line in said.output.splitlines() if told in line)
    assert said.exit_code == 1
    assert f"Unrolled!{CELL}" in line
    assert "42.0" in line
    if language == "zh":
        return
    report = json.loads(CliRunner().invoke(app, ["check", str(tmp_path / "wrong.xlsx"), "--json"]).output)
    (failure,) = (each["first_failure"] for each in report["blocks"] if each["failed"])
    assert (failure["reason"], failure["cause"], failure["got"]) == ("shown", "format", "42.0")
    assert failure["expected"] == f"{value:.4f}"
    assert (report["failed"], report["ok"]) == (1, False)


def saved_by_openpyxl(folder: Path, *paths: Path) -> list[Path]:
    for path in paths:
        openpyxl.load_workbook(path).save(folder / f"saved-{path.name}")
    return [folder / f"saved-{path.name}" for path in paths]


def saved_by_ironcalc(folder: Path, *paths: Path) -> list[Path]:
    for path in paths:
        book = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        book.save_to_xlsx(str(folder / f"saved-{path.name}"))
    return [folder / f"saved-{path.name}" for path in paths]


NEEDED = {saved_by_libreoffice: "soffice", saved_by_gnumeric: "ssconvert"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("save", "names"),
    [
        (saved_by_openpyxl, ("order", "moods")),
        (saved_by_ironcalc, ("order", "moods")),
        (saved_by_libreoffice, ("translate", "caption", "moods")),
        (saved_by_gnumeric, ("order", "moods", "counter")),
    ],
)
def test_what_a_program_saves_untouched_is_shown_as_it_is(tmp_path, save, names):
    """Lessons of other forms than `test_a_book_saved_by_another_program_is_still_right` has, and networks."""
    if (program := NEEDED.get(save)) and not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    written = []
    for name in names:
        source = {"moods": moods, "counter": counter}.get(name, lambda name=name: rnnsheet.load(name))()
        small = {} if name in ("moods", "counter") else {"epochs": 3, "steps": 3}
        written.append(rnnsheet.export(source, tmp_path / f"{name}.xlsx", "en", **small))
    for path in save(tmp_path, *written):
        first = [each.first_failure for each in rnnsheet.check(path).blocks if each.first_failure]
        assert [failure for failure in first if failure.reason == "shown"] == [], path.name


@settings(max_examples=30)
@given(
    value=st.floats(-1e6, 1e6).map(lambda number: round(number, 5)),
    code=st.sampled_from(
        [*FORMATS.values(), "0.00", "0.0E+00", "000.0", "0%", "0.00%", '"a"0.00;"b"0.0;"zero"', r"\x0;\y0"]
    ),
)
def test_a_format_shows_what_another_program_shows(tmp_path_factory, value, code):
    path = tmp_path_factory.mktemp("format") / "book.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A1"].number_format = value, code
    book.save(path)
    # IronCalc shows 0.999 as 1.00E-00, and what rounds to -1 as 1 where no digits follow the point.
    if code == "General" or "E+" in code or (code in ("0", "000.0") and -1.5 <= value < 0):
        return
    if repr(value).endswith("5") or (code in ("0", "0%") and -1 < value < 0):  # 2.5 as 2, -0.7 as 1
        return
    text = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en").get_formatted_cell_value(0, 1, 1)
    assert shown(value, code) == text


@pytest.mark.parametrize("code", FORMATS.values())
@pytest.mark.parametrize("other", [*FORMATS_OF_OTHERS, *MORE_FORMATS, *FORMATS.values()])
def test_formats_are_alike_where_they_say_the_same(code, other):
    same = {code, "@"} if code == "General" else {code}
    assert alike(other, code) == (other in same)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ("</cellXfs>", '</cellXfs><cellXfs count="1"><xf numFmtId="0"/></cellXfs>'),
        ('fontId="1"', 'fontId="9999"'),
        ('fillId="2"', 'fillId="-1"'),
        ('<sz val="11"/>', '<sz val="large"/>'),
    ],
)
def test_styles_that_programs_could_read_in_two_ways_are_refused(hello_xlsx, tmp_path, pattern, replacement):
    edit(hello_xlsx, tmp_path / "wrong.xlsx", "xl/styles.xml", pattern, replacement)
    with pytest.raises(WorkbookError, match="not a readable"):
        rnnsheet.check(tmp_path / "wrong.xlsx")


def test_a_format_that_two_programs_could_know_as_another_is_found(hello_xlsx, tmp_path):
    """Of the number 1, which every program knows as "0"."""
    path = edit(
        hello_xlsx,
        tmp_path / "wrong.xlsx",
        "xl/styles.xml",
        "(<numFmts[^>]*>)",
        r'\1<numFmt numFmtId="1" formatCode="&quot;4&quot;"/>',
    )
    assert set(found(path)) == {"format"}


def test_a_row_too_many_in_the_table_of_blocks_is_told(hello_xlsx, tmp_path):
    """The last place that the table has for a name would count."""
    book = openpyxl.load_workbook(hello_xlsx)
    table = book["rnnsheet"]
    last = max(row for row in range(1, table.max_row + 1) if table.cell(row, 4).value)
    for col, text in enumerate(("Whh", "Inputs", "Z90", "input"), start=4):
        table.cell(last + 1, col, text)
    book["Inputs"]["Z90"] = 5
    book.save(tmp_path / "wrong.xlsx")
    with pytest.raises(WorkbookError, match=f"rnnsheet!D{last + 1}"):
        rnnsheet.check(tmp_path / "wrong.xlsx")


@pytest.mark.parametrize(
    ("areas", "rules", "colors"),
    [("A1:ZZ1000 ", 6000, 1), ("A1:B2 " * 100, 100, 1), ("A1:ZZ1000 ", 300, 300)],
    ids=str,
)
def test_more_rules_than_can_be_looked_at_are_refused(hello_xlsx, tmp_path, areas, rules, colors):
    drawn = "".join(
        f'<cfRule type="dataBar"><dataBar><color rgb="FFAA{number % colors:04X}"/></dataBar></cfRule>'
        for number in range(rules)
    )
    added = f'<conditionalFormatting sqref="{areas.strip()}">{drawn}</conditionalFormatting>'
    pattern = "</sheetData>"
    edit(hello_xlsx, tmp_path / "wrong.xlsx", sheet_part(hello_xlsx, "Unrolled"), pattern, pattern + added)
    with pytest.raises(WorkbookError, match="conditionalFormatting"):
        rnnsheet.check(tmp_path / "wrong.xlsx")


COVER = (
    "<xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>5</xdr:row></xdr:from>"
    "<xdr:to><xdr:col>9</xdr:col><xdr:row>40</xdr:row></xdr:to>"
    '<xdr:sp><xdr:spPr><a:prstGeom prst="rect"/></xdr:spPr></xdr:sp><xdr:clientData/></xdr:twoCellAnchor>'
)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ("</xdr:wsDr>", f"{COVER}</xdr:wsDr>"),
        ("</xdr:wsDr>", f"<mc:AlternateContent xmlns:mc='urn:mc'>{COVER}</mc:AlternateContent></xdr:wsDr>"),
        ("(?<=</xdr:to>)<xdr:cxnSp", '<xdr:pic xmlns:of="another"><xdr:blipFill/></xdr:pic><xdr:cxnSp'),
        ("(<xdr:oneCellAnchor>.*?<xdr:col>)[0-9]+", r"\g<1>2"),
    ],
)
def test_what_others_have_drawn_over_cells_is_told(hello_xlsx, tmp_path, pattern, replacement):
    """What it covers is not looked at: it may be beside the cells as well as over them."""
    drawing = next(name for name, xml in parts(hello_xlsx).items() if b"<xdr:twoCellAnchor" in xml)
    report = rnnsheet.check(edit(hello_xlsx, tmp_path / "drawn.xlsx", drawing, pattern, replacement))
    assert report.ok
    assert report.drawn_on == ("Unrolled",)
    assert any(
        "not looked at: Unrolled." in line for line in verdict(report, labels("en"), with_blocks=False)
    )


def test_a_note_or_a_picture_of_others_is_told_by_its_sheet(hello_xlsx, tmp_path):
    book = openpyxl.load_workbook(hello_xlsx)
    book["Loss"]["A1"].comment = Comment("mine", "me")
    book.save(tmp_path / "noted.xlsx")
    # openpyxl keeps charts, and loses all other shapes.
    assert set(rnnsheet.check(tmp_path / "noted.xlsx").drawn_on) == {"Loss"}
