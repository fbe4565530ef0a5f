"""The file: numbers bit for bit, looks that protect, whole or not at all."""

import re
import shutil
import struct
import subprocess
import zipfile
from dataclasses import replace
from html import unescape

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import engine
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.labels import labels
from rnnsheet.network import Model
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Area, Block, Fill, Plan, Sheet, Text
from rnnsheet.workbook import write as writer
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.lessons import ANY_CELL, SMALL, hello, lessons
from tests.test_engines import skip_without
from tests.typist import marked


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


def values_of(book, area: Area) -> list[list[object]]:
    rows = book[area.sheet].iter_rows(
        min_row=area.row, max_row=area.row + area.rows - 1, min_col=area.col, max_col=area.col + area.cols - 1
    )
    return [[cell.value for cell in row] for row in rows]


@pytest.mark.slow
@settings(max_examples=3)
@given(lessons(cells=ANY_CELL))
def test_every_value_is_there_before_recalculation_bit_for_bit(tmp_path_factory, lesson):
    path, trace = tmp_path_factory.mktemp("book") / "book.xlsx", engine.complete(lesson)
    writer.write(plan(lesson, "en"), lambda block: block.expected(trace), path)
    stored = openpyxl.load_workbook(path, data_only=True)
    for block in plan(lesson, "en").blocks():
        found = values_of(stored, block.area)
        for row, expected in zip(found, block.expected(trace), strict=True):
            for got, value in zip(row, expected, strict=True):
                if value is None or isinstance(value, str):
                    assert (got or "") == (value or "")
                else:
                    assert bits(got) == bits(value)


@settings(max_examples=15)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_every_float_survives_as_input_and_as_cached_value(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("floats") / "floats.xlsx"
    sheet = Sheet("Floats", texts=[Text(1, 1, "floats", "title")])
    constants = Area("Floats", 2, 1, 1, len(numbers))
    formulas = Area("Floats", 3, 1, 1, len(numbers))
    fill = Fill(Formula("A2"), 0, 0, 1, len(numbers))
    sheet.blocks += [
        Block("given", constants, "input", "number", values=[numbers]),
        Block("copy", formulas, "link", "number", (fill,), values=[numbers]),
    ]
    writer.write(Plan((sheet,), {}, "en"), lambda block: block.values, path)
    stored = openpyxl.load_workbook(path, data_only=True)
    for area in (constants, formulas):
        assert [bits(float(number)) for number in values_of(stored, area)[0]] == [bits(n) for n in numbers]


def test_pandas_sees_the_engine_s_numbers(hello_xlsx):
    p = plan(hello(), "en").names["p"]
    frame = pd.read_excel(hello_xlsx, sheet_name=p.sheet, header=None)
    seen = frame.iloc[p.row - 1 : p.row - 1 + p.rows, p.col - 1 : p.col - 1 + p.cols].to_numpy(float)
    np.testing.assert_array_equal(seen, hello().run()["p"])


def test_programs_are_told_to_recalculate_on_opening(hello_xlsx):
    with zipfile.ZipFile(hello_xlsx) as parts:
        assert b'fullCalcOnLoad="1"' in parts.read("xl/workbook.xml")


def test_every_sheet_tells_its_true_dimension(hello_xlsx):
    book = openpyxl.load_workbook(hello_xlsx)
    with zipfile.ZipFile(hello_xlsx) as parts:
        for number, name in enumerate(book.sheetnames, start=1):
            part = parts.read(f"xl/worksheets/sheet{number}.xml").decode()
            cells = re.findall(r'<c r="([A-Z]+)(\d+)"', part)
            last = re.search(r'<dimension ref="A1:([A-Z]+)(\d+)"', part)
            assert last, name
            assert int(last[2]) == max(int(row) for _, row in cells)
            assert len({f"{col}{row}" for col, row in cells}) == len(cells)


def test_names_point_at_their_blocks(hello_xlsx):
    book = openpyxl.load_workbook(hello_xlsx)
    for name in ("Wxh", "Whh", "bh", "Why", "x", "z", "h", "y", "p"):
        ((sheet, cells),) = book.defined_names[name].destinations
        area = plan(hello(), "en").names[name]
        assert (sheet, cells.replace("$", "")) == (area.sheet, area.a1)


def test_inputs_are_unlocked_and_everything_else_is_locked_without_a_password(hello_xlsx):
    book = openpyxl.load_workbook(hello_xlsx)
    unlocked = {
        (sheet.title, cell.coordinate)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if not cell.protection.locked
    }
    inputs = {
        (block.area.sheet, block.area.part(down, right).a1)
        for block in plan(hello(), "en").blocks()
        if block.kind == "input"
        for down in range(block.area.rows)
        for right in range(block.area.cols)
    }
    assert unlocked == inputs
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
    # A number may be wider than its column.
    assert not any(sheet.protection.formatColumns or sheet.protection.formatRows for sheet in book)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_entry_is_refused_and_told_in_words(tmp_path, language):
    """Every cell that may be changed says what belongs in it, and with the same words refuses the rest."""
    book = openpyxl.load_workbook(rnnsheet.export(hello(), tmp_path / "hello.xlsx", language))
    words = labels(language)
    for block in plan(hello(), language).blocks():
        if block.kind == "input":
            (rule,) = [
                each
                for each in book[block.area.sheet].data_validations.dataValidation
                if block.area.a1 in str(each.sqref).split()
            ]
            assert rule.showErrorMessage and rule.showInputMessage
            assert rule.errorStyle in (None, "stop")
            assert rule.error == rule.prompt == words(f"entry.{block.entry}")
            assert rule.errorTitle == rule.promptTitle == words(f"entry.{block.entry}_title")


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("word", ["hello", "x" * 255], ["", "x" * 256]),
        ("Wxh", [0, -2.5, 1e100], ["much", 1e101, -1e101]),
        ("rate", [0.1, 1e-100, 1e100], [0, -0.1, 1.1e100, "much"]),
        ("clip", [0.1, 1e-100, 1e100], [0, -0.1, 1.1e100, "much"]),
        ("flow_Whh", [0, -5, 5], [5.1, -5.1, "much"]),
    ],
)
def test_an_input_takes_what_can_be_and_refuses_the_rest(hello_xlsx, name, taken, refused):
    area = next(b.area for b in plan(hello(), "en").blocks() if b.name == name and b.kind == "input")
    rules = openpyxl.load_workbook(hello_xlsx)[area.sheet].data_validations.dataValidation
    (rule,) = [rule for rule in rules if area.a1 in str(rule.sqref).split()]
    least, most = float(rule.formula1), float(rule.formula2)

    def takes(entry: object) -> bool:
        """As the manual of Office Open XML has it (ECMA-376, part 1, 18.3.1.33 and 18.18.21)."""
        assert rule.operator in (None, "between")
        if rule.type == "textLength":
            return least <= len(str(entry)) <= most
        assert rule.type == "decimal"
        return not isinstance(entry, str) and least <= entry <= most

    assert all(map(takes, taken))
    assert not any(map(takes, refused))


def test_a_letter_that_is_none_or_twice_is_refused(hello_xlsx, tmp_path):
    """Each entry in a sheet of its own, with the formula of the rule in a cell, as LibreOffice takes it."""
    skip_without("libreoffice")
    area = next(b.area for b in plan(hello(), "en").blocks() if b.name == "vocabulary")
    rules = openpyxl.load_workbook(hello_xlsx)[area.sheet].data_validations.dataValidation
    (rule,) = [rule for rule in rules if area.a1 in str(rule.sqref).split()]
    book, entries = openpyxl.Workbook(), ["h", "1", "H", "*", "e", "l", "he", ""]
    book.remove(book.worksheets[0])
    for number, entry in enumerate(entries):
        sheet = book.create_sheet(f"n{number}")
        for row, letter in enumerate([entry, "e", "l", "o"], start=area.row):
            sheet.cell(row, area.col, letter)
        sheet["A1"] = f"=IF({rule.formula1},1,0)"
    book.save(tmp_path / "rules.xlsx")
    with recalculations([ENGINES["libreoffice"]], read(opened(tmp_path / "rules.xlsx"))) as running:
        values = running["libreoffice"].values()
    assert [values.value(f"n{number}", 1, 1) for number in range(8)] == [1, 1, 1, 1, 0, 0, 0, 0]


@pytest.mark.slow
def test_any_letter_survives(tmp_path):
    vocabulary = " ab<>&\"'=你好吗_%é"
    every = len(vocabulary)
    model = Model("elman", {"Wxh": np.ones((2, every)), "Whh": 0.5, "Why": np.ones((every, 2))})
    word = vocabulary + vocabulary[0]
    lesson = rnnsheet.Lesson("letters", model, tuple(vocabulary), word, settings=SMALL)
    path = rnnsheet.export(lesson, tmp_path / "letters.xlsx", "zh")
    letters = values_of(openpyxl.load_workbook(path, data_only=True), plan(lesson, "zh").names["vocabulary"])
    assert [row[0] for row in letters] == list(vocabulary)
    assert rnnsheet.check(path).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "about", "note", "language"),
    [
        ("a & b < c > \"d\" 'e'", "  two  blanks  ", "=1+1", "en"),
        ("=1+1", "&amp;", "{not} %s a \\place", "zh"),
        ("{not} %s a \\place", "读“hello”", "€ ½ 𝛼", "zh"),
    ],
)
def test_the_lesson_s_texts_survive_as_they_are(tmp_path, title, about, note, language):
    told = ({"en": text, "zh": text} for text in (title, about, note))
    lesson = replace(hello(), title=next(told), about=next(told), notes={"xh": next(told)})
    path = rnnsheet.export(lesson, tmp_path / "texts.xlsx", language)
    book, sheets = openpyxl.load_workbook(path), labels(language).sheets
    first, steps = book[sheets["overview"]], book[sheets["steps"]]
    assert [first[cell].value for cell in ("A1", "A2")] == [title, about]
    assert first["A1"].data_type == "s"
    assert book.properties.title == title
    told = [cell.value for row in steps.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert [cell for cell in told if cell.endswith(note)]
    assert rnnsheet.check(path).ok


def test_every_sheet_has_a_title_and_a_print_set_up(hello_xlsx):
    for sheet in openpyxl.load_workbook(hello_xlsx):
        if sheet.sheet_state == "visible":
            assert sheet["A1"].value
            assert sheet.page_setup.orientation in ("portrait", "landscape")
            assert sheet.oddFooter.right.text == "Page &P of &N"
            # Each page has the heads of its columns and, over time, the labels of its rows.
            first, last = sheet.print_title_rows.replace("$", "").split(":")
            over_time = sheet["A4"].value == "time step"
            assert (first, last) == ("4", "5" if sheet.title != "Gradient flow" else "6") or not over_time
            assert sheet.print_title_cols == "$A:$A" or not over_time


def test_a_page_ends_between_sections_and_not_before_the_first(tmp_path):
    """Of two sections a page has no room, of each alone it has; two short ones share one."""
    texts = [Text(row, 1, "line", "title" if row == 1 else "caption") for row in range(1, 141)]
    sheet = Sheet("Long", texts=texts, sections=[1, 61, 121, 131])
    writer.write(Plan((sheet,), {}, "en"), lambda block: block.values, tmp_path / "long.xlsx")
    breaks = openpyxl.load_workbook(tmp_path / "long.xlsx")["Long"].row_breaks
    assert [each.id for each in breaks.brk] == [60]


def test_the_gradient_s_flow_is_drawn_over_powers_of_ten(hello_xlsx):
    (chart,) = openpyxl.load_workbook(hello_xlsx)["Gradient flow"]._charts
    assert chart.y_axis.scaling.logBase == 10


@pytest.mark.slow
def test_letters_that_are_right_are_marked_and_steps_without_a_letter_are_not(tmp_path):
    lesson = replace(hello(), steps=6)
    path = rnnsheet.export(lesson, tmp_path / "hello.xlsx")
    marks = [
        mark for sheet in plan(lesson, "en").sheets for mark in sheet.highlights if mark.kind == "target"
    ]
    trace = engine.complete(lesson)
    target, said = trace["target"][0], trace["training.predicted"][:, 0]
    last, every = sorted({mark.area for mark in marks}, key=lambda area: area.rows)
    right = {tuple(cell) for cell in np.argwhere((said == target) & (said != "")).tolist()}
    assert right and len(right) < said.size
    assert marked(path, every) == right
    before = len(said) - last.rows
    assert marked(path, last) == {(epoch - before, step) for epoch, step in right if epoch >= before}


def test_the_chart_has_axis_titles_and_live_series(hello_xlsx):
    (chart,) = openpyxl.load_workbook(hello_xlsx)["Unrolled"]._charts
    assert chart.x_axis.title is not None
    assert chart.y_axis.title is not None
    p = plan(hello(), "en").names["p"]
    assert [series.val.numRef.f.replace("'", "") for series in chart.series] == [
        p.part(down, 0, 1, p.cols).absolute for down in range(p.rows)
    ]


SHOWN = {
    "soffice": ["-0.500000", "-1.250000", "-999.500000", "-20000.500000", "0.500000", "20000.500000"],
    "ssconvert": ["-0.500000", "-1.250000", "-999.500000", "−2.00E+04", "0.500000", "2.00E+04"],
}
"""LibreOffice leaves conditional formats out of HTML; on the screen it shows what Gnumeric shows."""


@pytest.mark.slow
@pytest.mark.parametrize("program", SHOWN)
def test_numbers_are_shown_with_their_sign_and_large_ones_as_powers_of_ten(tmp_path, program):
    """What people see, not what is stored: a number format may drop the sign."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    values = [-0.5, -1.25, -999.5, -20000.5, 0.5, 20000.5]
    sheet = Sheet("Shown", [Block("given", Area("Shown", 1, 1, 1, 6), "link", "number", values=[values])])
    book, page = tmp_path / "shown.xlsx", tmp_path / "shown.html"
    writer.write(Plan((sheet,), {}, "en"), lambda block: block.values, book)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = {
        "soffice": [profile, "--headless", "--convert-to", "html", "--outdir", str(tmp_path), str(book)],
        "ssconvert": ["--export-type", "Gnumeric_html:html40", str(book), str(page)],
    }
    subprocess.run([program, *command[program]], check=True, capture_output=True, timeout=120)
    cells = re.findall("<td[^>]*>(.*?)</td>", page.read_text("utf-8"), re.DOTALL)
    shown = [unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in cells]
    assert [text for text in shown if text] == SHOWN[program]


def test_the_titles_of_printed_pages_are_columns_before_rows(hello_xlsx):
    """As Excel has them: LibreOffice saves the names of others twice."""
    names = zipfile.ZipFile(hello_xlsx).read("xl/workbook.xml").decode()
    titles = re.findall(r'name="_xlnm.Print_Titles"[^>]*>([^<]*)<', names)
    both = [each.split(",") for each in titles if "," in each]
    assert both
    assert all(re.search(r"!\$A:\$[A-Z]+$", columns) for columns, _ in both)
