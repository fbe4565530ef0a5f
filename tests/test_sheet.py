"""The plan: places that do not collide, formulas that refer to planned cells, names that Excel takes."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator

import rnnsheet
from rnnsheet.errors import RnnsheetError
from rnnsheet.labels import languages
from rnnsheet.network import KINDS, Model
from rnnsheet.sheet import layout
from rnnsheet.sheet.formula import Formula, column_letters, column_number
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.names import CALLED, defined_name
from rnnsheet.sheet.plan import CHART_WIDTH, NUMBERS
from tests.imported_networks import counter
from tests.lessons import ANY_CELL, hello, lessons
from tests.planned import blocks_in_english, filled, referred, taken
from tests.screen import WIDTH

EXCEL_ROWS, EXCEL_COLUMNS, EXCEL_FORMULA, EXCEL_SHEET_NAME = 1_048_576, 16_384, 8_192, 31


LARGE = lessons(letters=12, hidden=10, steps=12, cells=ANY_CELL)
"""Lessons in which sums of products are written both ways: one by one, and as an MMULT."""


@pytest.mark.slow
@settings(max_examples=6)
@given(LARGE)
def test_the_plan_of_any_lesson_is_whole(lesson):
    planned = plan(lesson, "en")
    places = taken(planned)
    assert len(places) == len(set(places)), "two things stand in one cell"
    assert referred(planned) <= filled(planned), "a formula refers to a cell that is not planned"
    for block in planned.blocks():
        formulas = [text for row in block.formulas() for text in row]
        assert all(formulas) if block.fills else not any(formulas)
        assert all(len(text) < EXCEL_FORMULA for text in formulas), "Excel takes no formula as long"
        assert block.area.row + block.area.rows <= EXCEL_ROWS
        assert block.area.col + block.area.cols <= EXCEL_COLUMNS


@pytest.mark.slow
@settings(max_examples=4)
@given(lessons())
def test_formulas_and_places_are_the_same_in_every_language_but_for_the_names_of_sheets(lesson):
    first, *others = (blocks_in_english(plan(lesson, language)) for language in languages())
    assert others
    assert all(other == first for other in others)


@pytest.mark.slow
@settings(max_examples=10)
@given(lessons(), st.text(min_size=1), st.sampled_from(["h", "p", "predicted"]))
def test_formulas_and_places_do_not_depend_on_the_lesson_s_own_texts(lesson, text, name):
    text = "".join(letter for letter in text if letter.isprintable()) or "=1+1"
    texts = {"en": text, "zh": text}
    told = replace(lesson, name="another", title=texts, about=texts, notes={name: texts})
    silent = plan(replace(lesson, title={}, about={}, notes={}), "en")
    assert [(block.name, block.area, block.formulas()) for block in plan(told, "en").blocks()] == [
        (block.name, block.area, block.formulas()) for block in silent.blocks()
    ]


@pytest.mark.slow
@settings(max_examples=10)
@given(lessons())
def test_names_point_at_blocks_and_are_legal(lesson):
    planned = plan(lesson, "en")
    expected = {"x", "z", "h", "y", "p", "Wxh", "Whh", "Why", *lesson.model.parameters}
    assert expected <= planned.names.keys()
    areas = {block.area for block in planned.blocks()}
    for name, area in planned.names.items():
        assert area in areas
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name)
        assert not re.fullmatch(r"[A-Za-z]{1,3}[0-9]+|[RrCc]|[Rr][0-9]*[Cc][0-9]*", name)
    assert planned.names["h"].rows == lesson.model.hidden
    assert planned.names["h"].cols == lesson.steps
    assert planned.names["Wxh"].cols == len(lesson.vocabulary)


def test_sheet_names_are_legal():
    names = [sheet.name for sheet in plan(hello(), "zh").sheets]
    assert len(set(names)) == len(names)
    assert all(len(name) <= EXCEL_SHEET_NAME and not set(name) & set("[]:*?/\\'") for name in names)


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        *((name, name) for name in ("h", "Wxh", "h_0", "dWhh", "loss_t", "XFE1", "abcd1")),
        *((name, f"{name}_") for name in ("c", "R", "h1", "dc1", "XFD9", "r1c1", "C2", "true")),
        *((name, f"{name}_") for name in ("count", "Max", "EXP")),
    ],
)
def test_names_that_look_like_cells_or_functions_get_an_underline(name, legal):
    assert defined_name(name) == legal


def excel_takes(name: str) -> bool:
    """Excel's rules for names, as its manual puts them: no cell in A1 or R1C1 style, no R, C, TRUE, FALSE."""
    if not re.fullmatch(r"[^\W\d][\w.]*", name, re.ASCII) or name.upper() in ("R", "C", "TRUE", "FALSE"):
        return False
    if re.fullmatch(r"R\d*(C\d*)?|C\d*", name, re.IGNORECASE):
        return False
    letters = name.rstrip("0123456789")
    is_cell = (
        letters != name and letters.isalpha() and len(letters) <= 3 and letters.upper().rjust(3) <= "XFD"
    )
    return not is_cell


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,6}", fullmatch=True))
def test_any_name_becomes_one_that_excel_takes_and_stays_if_it_is_one(name):
    legal = defined_name(name)
    assert excel_takes(legal)
    assert legal == (name if excel_takes(name) and not CALLED.fullmatch(name) else f"{name}_")


@pytest.mark.parametrize("name", ["", "1h", "h t", "中", "h-1"])
def test_names_that_cannot_be_mended_are_refused(name):
    with pytest.raises(ValueError, match="defined name"):
        defined_name(name)


@given(st.integers(1, EXCEL_COLUMNS))
def test_column_letters_and_numbers_are_inverse(number):
    assert column_number(column_letters(number)) == number


CELL = st.builds(
    lambda fixed_col, col, fixed_row, row: f"{fixed_col}{column_letters(col)}{fixed_row}{row}",
    st.sampled_from(["", "$"]),
    st.integers(1, 800),
    st.sampled_from(["", "$"]),
    st.integers(1, 5000),
)
FRAME = st.sampled_from(
    [
        "{0}",
        "{0}*Inputs!{1}+{2}",
        "SUM(Inputs!{0}:{1})",
        "'展开'!{0}*'A1 b'!{1}+SUM('展开'!{1}:{2})",
        'IF({0}="A1",TANH({1}),LOG10({2}))',
        '"a""B2"&{0}',
        "{0}%+1E5*{1}",
    ]
)


@given(FRAME, CELL, CELL, CELL, st.integers(0, 50), st.integers(0, 50))
def test_formulas_fill_as_openpyxl_translates_them(frame, first, second, third, down, right):
    text = frame.format(first, second, third)
    corner = Translator(f"={text}", origin="A1").translate_formula(f"{column_letters(right + 1)}{down + 1}")
    width = right + 1
    below = Formula(text).rows(0, down + 1, width)
    assert len(below) == (down + 1) * width
    assert "=" + below[-1] == corner
    assert Formula(text).rows(down, 1, width) == below[-width:]


@pytest.mark.parametrize("source", [hello(), counter()], ids=["a lesson", "an imported network"])
@pytest.mark.parametrize("limit", ["LAST_ROW", "LAST_COLUMN"])
def test_a_worksheet_is_filled_up_to_its_last_cell_and_no_further(monkeypatch, source, limit):
    areas = [block.area for block in plan(source, "en").blocks()]
    ends = {
        "LAST_ROW": [a.row + a.rows - 1 for a in areas],
        "LAST_COLUMN": [a.col + a.cols - 1 for a in areas],
    }
    monkeypatch.setattr(layout, limit, max(ends[limit]))
    assert plan(source, "en").sheets
    monkeypatch.setattr(layout, limit, max(ends[limit]) - 1)
    with pytest.raises(RnnsheetError, match="has no room on the sheet"):
        plan(source, "en")


def test_the_page_is_the_same_formula_in_every_column():
    h = next(block for block in plan(hello(), "en").blocks() if block.name == "h" and block.area.cols == 4)
    assert len(h.fills) == 1
    assert re.fullmatch(r"TANH\([A-Z]+\d+\)", h.fills[0].formula.text)


@pytest.mark.parametrize(("name", "typed"), [("by-hand", "word"), ("caption", "picture"), ("order", "word")])
def test_the_first_screen_says_where_to_type_and_has_its_charts(name, typed):
    planned = plan(rnnsheet.load(name), "en")
    (link,) = (text for text in planned.sheets[0].texts if text.style == "type_here")
    entry = next(block.area.part().a1 for block in planned.blocks() if block.name == typed and block.entry)
    assert (link.link, link.at) == ("Inputs", entry)
    assert f"Inputs!{entry}" in link.text
    for sheet in planned.sheets:
        for chart in (each for each in sheet.charts if sheet.name in ("Training", "Gradient flow")):
            assert sheet.left_of(chart.col) + CHART_WIDTH < WIDTH, (sheet.name, chart.col)


def test_whole_numbers_are_shown_whole_where_no_digits_are_asked_for():
    blocks = list(plan(rnnsheet.load("by-hand"), "en").blocks())
    fixed = {"narrow", *(form for digits, form in NUMBERS.items() if digits)}
    shown = {block.format for block in blocks if block.area.sheet != "Training"}
    assert "general" in shown
    assert shown.isdisjoint(fixed)
    # What is learned is not whole, and all its digits would touch those of the next column.
    rows = {block.format for block in blocks if block.area.sheet == "Training" and block.area.rows == 21}
    assert rows == {"number4", "precise", "letter"}


@pytest.mark.parametrize("kind", ["elman", "lstm", "gru"])
def test_a_large_network_s_book_stays_small(kind):
    letters = tuple("abcdefghijklmnopqrstuvwxyz ")
    lesson = rnnsheet.Lesson("large", random_model(kind, 10, 27), letters, "abcdefghijklmno")
    assert 80_000 < plan(lesson, "en").cells < 150_000
    assert rnnsheet.load("hello").epochs == 200
    assert replace(lesson, settings=replace(lesson.settings, epochs=7)).epochs == 7


def random_model(kind: str, hidden: int, letters: int) -> Model:
    sizes = {"hidden": hidden, "input": letters, "one": 1}
    random, arrays = np.random.default_rng(0), {}
    for spec in KINDS[kind].parameters:
        arrays[spec.name] = random.normal(size=(sizes[spec.rows], sizes[spec.cols]))
    arrays["Why"] = random.normal(size=(letters, hidden))
    return Model(kind, arrays)
