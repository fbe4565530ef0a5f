"""The check: right books pass, whoever saved them; every planted mistake is found, for its own reason."""

import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import ironcalc
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import api, engine
from rnnsheet.console.verdicts import verdict
from rnnsheet.errors import RnnsheetError
from rnnsheet.experiments import Settings
from rnnsheet.labels import labels
from rnnsheet.network import Layer, Model
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Numbers
from rnnsheet.network.reading import END
from rnnsheet.sheet.layout import plan
from tests.lessons import (
    ANY_CELL,
    EVERY_FORM,
    PUBLISHED,
    PUBLISHED_TOLERANCE,
    SMALL,
    SPOKEN,
    hello,
    lessons,
    networks,
)
from tests.typist import Typist, block


def edit(source: Path, target: Path, part: str, pattern: str, replacement: str) -> Path:
    """A copy of a workbook with one place of one part's XML changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.namelist():
            text = old.read(item)
            if item == part:
                changed, count = re.subn(pattern, replacement, text.decode(), count=1)
                assert count == 1, f"{pattern} is not in {part}"
                text = changed.encode()
            new.writestr(item, text)
    return target


@cache
def sheet_part(path: Path, sheet: str) -> str:
    return f"xl/worksheets/sheet{openpyxl.load_workbook(path).sheetnames.index(sheet) + 1}.xml"


def edit_cell(source: Path, target: Path, sheet: str, cell: str, pattern: str, replacement: str) -> Path:
    """A copy of a workbook with one cell's XML changed."""
    head = f'(<c r="{cell}"[^>]*>(?:(?!</c>).)*?){pattern}'
    return edit(source, target, sheet_part(source, sheet), head, rf"\g<1>{replacement}")


def failures(report) -> list[tuple[str, str, str]]:
    return [
        (block.sheet, block.first_failure.cell, block.first_failure.reason)
        for block in report.blocks
        if block.first_failure
    ]


@pytest.mark.slow
@settings(max_examples=5)
@given(lessons(cells=ANY_CELL) | networks())
def test_any_network_s_workbook_is_right(tmp_path_factory, lesson):
    every_cell_is_right(lesson, tmp_path_factory)


@pytest.mark.slow
@pytest.mark.parametrize("form", EVERY_FORM)
def test_a_network_of_every_form_is_right(tmp_path_factory, form):
    every_cell_is_right(EVERY_FORM[form], tmp_path_factory)


@pytest.mark.slow
@settings(max_examples=2)
@given(networks(hidden=16, steps=20))
def test_any_large_network_s_workbook_is_right(tmp_path_factory, lesson):
    every_cell_is_right(lesson, tmp_path_factory)


def every_cell_is_right(lesson, tmp_path_factory):
    path = rnnsheet.export(lesson, tmp_path_factory.mktemp("book") / "book.xlsx", "en")
    report = rnnsheet.check(path, tolerance=1e-12)
    assert failures(report) == []
    assert report.ok
    planned = sum(b.area.rows * b.area.cols for b in plan(lesson, "en").blocks() if b.kind != "input")
    assert report.cells == planned + len(plan(lesson, "en").names)


def test_the_cell_that_was_changed_is_named_before_what_follows_from_it(hello_xlsx, tmp_path):
    # Gradients flow from the last time step to those before it in the same rows.
    area = block("dz", "Backward").area
    last = area.part(0, area.cols - 1).a1
    changed = edit_cell(hello_xlsx, tmp_path / "changed.xlsx", "Backward", last, "<f>", "<f>2*")
    assert ("Backward", last, "formula") in failures(rnnsheet.check(changed))


@pytest.mark.slow
def test_a_network_wide_enough_for_matrix_products_is_right(tmp_path):
    weights = np.random.default_rng(0)
    shapes = {"Wxh": (10, 27), "Whh": (10, 10), "bh": (10, 1), "Why": (27, 10), "by": (27, 1)}
    model = Model("elman", {name: weights.normal(size=shape) for name, shape in shapes.items()})
    letters = tuple("abcdefghijklmnopqrstuvwxyz ")
    lesson = rnnsheet.Lesson("wide", model, letters, "the cat sat", steps=14, settings=SMALL)
    path = rnnsheet.export(lesson, tmp_path / "wide.xlsx", "zh")
    assert "MMULT" in block("xh", "Unrolled", lesson).formulas()[0][0]
    assert rnnsheet.check(path, tolerance=1e-12).ok


def test_the_spreadsheet_itself_gives_the_published_figures(hello_xlsx):
    model = ironcalc.load_from_xlsx(str(hello_xlsx), "en", "UTC", "en")
    model.evaluate()
    sheet = [entry["name"] for entry in model.get_worksheets_properties()].index("Unrolled")
    for (name, step), expected in PUBLISHED.items():
        area = block(name, "Unrolled").area
        for down, value in enumerate(expected):
            got = model.get_cell_value(sheet, area.row + down, area.col + step - 1)
            assert got == pytest.approx(value, abs=PUBLISHED_TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["hello", "hhhhh", "he", "h", "hellohello"])
def test_typing_another_word_gives_what_the_engine_gives(hello_xlsx, tmp_path, word):
    typist = Typist(hello_xlsx)
    typist.type(block("word", "Inputs").area, word)
    lesson = hello()
    trace = rnnsheet.Lesson("typed", lesson.model, lesson.vocabulary, word, steps=4).run()
    for name in ("x", "h", "p"):
        np.testing.assert_allclose(typist.values(block(name, "Unrolled")), trace[name], rtol=1e-12)
    for name in ("letter", "predicted", "target", "right"):
        assert [value or "" for value in typist.values(block(name, "Unrolled"))[0]] == [
            v or "" for v in trace[name][0]
        ]
    typist.model.save_to_xlsx(str(tmp_path / "typed.xlsx"))
    assert rnnsheet.check(tmp_path / "typed.xlsx").ok


@pytest.mark.parametrize(
    ("word", "message"), [("hello", "fits"), ("help", "short"), ("he", "short"), ("hellohello", "long")]
)
def test_the_sheet_says_what_it_makes_of_the_word(hello_xlsx, word, message):
    typist = Typist(hello_xlsx)
    typist.type(block("word", "Inputs").area, word)
    typist.model.evaluate()
    status = block("status", "Inputs").area
    said = typist.model.get_cell_value(typist.sheets.index("Inputs"), status.row, status.col)
    assert said == labels("en")(f"message.{message}", room=5)


@pytest.mark.slow
@settings(max_examples=5)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), st.integers(0, 2), st.integers(0, 3))
def test_typing_other_weights_gives_what_the_engine_gives(hello_xlsx, numbers, row, col):
    typist, lesson = Typist(hello_xlsx), hello()
    parameters = {name: array.copy() for name, array in lesson.model.parameters.items()}
    places = {"Wxh": (row, col), "Whh": (0, 0), "bh": (0, 0), "Why": (col, row)}
    for number, (name, place) in zip(numbers, places.items(), strict=True):
        typist.type(block(name, "Inputs").area.part(*place), repr(number))
        parameters[name][place] = number
    trace = rnnsheet.Lesson("typed", Model("elman", parameters), lesson.vocabulary, "hello").run()
    for name in ("z", "h", "y", "p"):
        np.testing.assert_allclose(
            typist.values(block(name, "Unrolled")), trace[name], rtol=1e-12, atol=1e-12
        )


def test_a_formula_typed_into_an_input_counts_with_its_value(hello_xlsx, tmp_path):
    typist = Typist(hello_xlsx)
    typist.type(block("Whh", "Inputs").area, "=1/3")
    typist.values(block("h", "Unrolled"))
    typist.model.save_to_xlsx(str(tmp_path / "third.xlsx"))
    assert rnnsheet.check(tmp_path / "third.xlsx").ok


def lesson_of(weights, word: str) -> rnnsheet.Lesson:
    few = Settings(epochs=1, flow_steps=2)
    return rnnsheet.Lesson("chaos", Model("elman", weights), tuple("abc"), word, settings=few)


def trained_of(weights, word: str) -> ImportedNetwork:
    """The same network, as a framework would have it."""
    numbers = Numbers(np.array([[float(letter == own) for letter in word[:-1]] for own in "abc"]))
    rnn = ImportedLayer("elman", "rnn", ("input",), weights={name: weights[name] for name in ("Wxh", "Whh")})
    says = ImportedLayer("dense", "says", ("rnn",), weights={"Wa": weights["Why"]})
    return ImportedNetwork("chaos", numbers, (rnn, says))


def test_an_error_is_found_among_amplified_roundings(tmp_path):
    """Strong recurrent weights are chaotic: the last bit of the first step is a large part of the last.

    A right book passes. A number that is off by a hundred times what roundings may amount to does not,
    which is 64 times what a last digit of every weight makes of it, as is tried out here.
    """
    chance = np.random.default_rng(0)
    shapes = {"Wxh": (20, 3), "Whh": (20, 20), "Why": (3, 20)}
    weights = {key: chance.normal(0, 0.1 if key == "Wxh" else 0.8, shape) for key, shape in shapes.items()}
    word = "".join(chance.choice(list("abc"), 61))
    last = [lesson_of(weights, word).run()["y"][0, -1]]
    for _ in range(4):
        moved = {key: np.nextafter(a, a + chance.choice([-1, 1], a.shape)) for key, a in weights.items()}
        last.append(lesson_of(moved, word).run()["y"][0, -1])
    network = trained_of(weights, word)
    path = api.export(network, tmp_path / "chaos.xlsx", "en")
    report = rnnsheet.check(path)
    assert failures(report) == []
    assert 0 < report.amplified < report.cells
    first, told = verdict(report, labels("en"), with_blocks=False)
    assert f"amplifies, may amount to: {report.amplified}." in told
    assert f"all {report.cells} cells right" in first
    y = next(each for each in plan(network, "en").blocks() if each.name == "a_says" and each.area.cols == 60)
    cell = y.area.part(0, 59).a1
    off = float(last[0] + 6400 * np.ptp(last))
    wrong = edit_cell(path, tmp_path / "wrong.xlsx", y.area.sheet, cell, "<v>[^<]*", f"<v>{off!r}")
    assert failures(rnnsheet.check(wrong)) == [(y.area.sheet, cell, "cached")]


def test_what_roundings_may_do_to_a_training_grows_from_epoch_to_epoch():
    """Two trainings that have parted may meet by chance; it says nothing about the epochs after that."""
    wild = replace(hello(), settings=Settings(epochs=40, flow_steps=2, rate=1.0))
    for name, amounts in engine.roundings(wild).items():
        if name.startswith("training."):
            assert (np.diff(amounts.reshape(len(amounts), -1), axis=0) >= 0).all(), name


def test_scores_that_cancel_are_no_failure(tmp_path):
    """1e12·h₁ - 1e12·h₂: the sum's own rounding is greater than the tolerance, in any program."""
    why = [[1e12, -1e12, 1.0], [3e12, -3e12, 2.0]]
    model = Model("elman", {"Wxh": [[1.0, 2.0], [1.0, 2.0], [0.3, 0.1]], "Whh": 0.0, "Why": why})
    lesson = rnnsheet.Lesson("cancel", model, ("a", "b"), "abab")
    assert failures(rnnsheet.check(rnnsheet.export(lesson, tmp_path / "cancel.xlsx"))) == []


def test_what_is_most_probable_after_the_end_is_not_said(tmp_path):
    """At step 2 the right word is the most probable one, but the answer has ended at step 1."""
    layers = Layer("dense", "m", "picture", activation="linear"), Layer("elman", "n", "answer", "m")
    parameters = {"Wa_m": [[1.0]], "Wxh_n": np.zeros((1, 3)), "Whh_n": -2.0, "Why": [[0.0], [5.0], [-5.0]]}
    lesson = rnnsheet.Lesson(
        name="ended",
        model=Model((*layers, Layer("softmax", "", "n")), parameters),
        picture=np.ones((1, 1)),
        settings=SMALL,
        **SPOKEN,
    )
    assert lesson.run()["predicted"].tolist() == [[END, "", ""]]
    assert lesson.run()["p"].argmax(axis=0).tolist() == [2, 1, 2]
    path = rnnsheet.export(lesson, tmp_path / "ended.xlsx")
    openpyxl.load_workbook(path).save(tmp_path / "recalculated.xlsx")
    assert failures(rnnsheet.check(tmp_path / "recalculated.xlsx")) == []
    right = block("right", "Unrolled", lesson).area.part(0, 1).a1
    wrong = edit_cell(path, tmp_path / "wrong.xlsx", "Unrolled", right, "<v>0", "<v>1")
    assert failures(rnnsheet.check(wrong)) == [("Unrolled", right, "cached")]


def test_what_is_read_of_an_answer_may_be_any_of_equally_probable_words(tmp_path):
    """Programs round differently, so one may say another of them, and reads it at the next step."""
    layers = Layer("dense", "m", "picture", activation="linear"), Layer("elman", "n", "answer", "m")
    parameters = {"Wa_m": [[1.0]], "Wxh_n": np.zeros((1, 3)), "Whh_n": 0.1, "Why": np.zeros((3, 1))}
    model = Model((*layers, Layer("softmax", "", "n")), parameters)
    lesson = rnnsheet.Lesson(name="alike", model=model, picture=np.ones((1, 1)), settings=SMALL, **SPOKEN)
    said, other, _ = lesson.labels
    path = rnnsheet.export(lesson, tmp_path / "alike.xlsx")
    area = block("letter_answer", "Unrolled", lesson).area
    first, second = area.part(0, 0).a1, area.part(0, 1).a1
    stored = f"<v>{said}"
    fine = edit_cell(path, tmp_path / "fine.xlsx", "Unrolled", second, stored, f"<v>{other}")
    assert failures(rnnsheet.check(fine)) == []
    wrong = edit_cell(path, tmp_path / "wrong.xlsx", "Unrolled", second, stored, "<v>unknown")
    assert failures(rnnsheet.check(wrong)) == [("Unrolled", second, "cached")]
    wrong = edit_cell(path, tmp_path / "first.xlsx", "Unrolled", first, "<v>[^<]*", f"<v>{other}")
    assert [place for _, place, _ in failures(rnnsheet.check(wrong))] == [first]


def test_equal_probabilities_are_no_failure(tmp_path):
    model = Model("elman", {"Wxh": np.zeros((2, 3)), "Whh": 0.0, "Why": np.zeros((3, 2)), "by": 0.1})
    lesson = rnnsheet.Lesson("ties", model, tuple("abc"), "abcab")
    assert rnnsheet.check(rnnsheet.export(lesson, tmp_path / "ties.xlsx")).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sheet", "name", "pattern", "replacement", "reason"),
    [
        ("Unrolled", "xh", r"\*([A-Z]+)\$8", r"*\g<2>$9", "formula"),
        ("Unrolled", "z", r"\+", "-", "formula"),
        ("Unrolled", "h", "TANH", "SINH", "formula"),
        ("Unrolled", "x", ",1,0", ",0,1", "formula"),
        ("Steps", "xh", r"\*", "/", "formula"),
        ("Overview", "predicted", r"<f>Unrolled!([A-Z]+)(\d+)</f>", r"<f>Unrolled!A\g<3></f>", "formula"),
        ("Unrolled", "h", "<f>[^<]*</f>", "", "constant"),
        ("Unrolled", "predicted", "<f>[^<]*</f>", "", "constant"),
        ("Unrolled", "t", "<v>1</v>", "<v>2</v>", "constant"),
        ("Unrolled", "p", "<v>[^<]*</v>", "<v>0.5</v>", "cached"),
        ("Unrolled", "predicted", "<v>h</v>", "<v>e</v>", "cached"),
        ("Unrolled", "y", r"(<f>[^<]*</f>)<v>([0-9.]{9})", r"\g<2><v>\g<3>9", "cached"),
    ],
)
def test_a_planted_mistake_is_found(hello_xlsx, tmp_path, sheet, name, pattern, replacement, reason):
    cell = block(name, sheet).area.part().a1
    wrong = edit_cell(hello_xlsx, tmp_path / "wrong.xlsx", sheet, cell, pattern, replacement)
    report = rnnsheet.check(wrong)
    assert not report.ok
    assert (sheet, cell, reason) in failures(report)
    assert report.failed == sum(block.failed for block in report.blocks)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "unit", "blank"), [(1e-3, 1.0, ""), (1.0, 1.0, " "), (1e6, 1e6, ""), (1e6, 1e6, " ")]
)
def test_the_tolerance_is_absolute_below_one_and_relative_above(tmp_path, size, unit, blank):
    """Also where the formulas are spelled otherwise, so that the cells are looked at one by one."""
    weights = {"Wxh": np.eye(2), "Whh": 0.5, "Why": [[size, 0.0], [0.0, size / 2]]}
    lesson = rnnsheet.Lesson("sized", Model("elman", weights), ("a", "b"), "abab", settings=SMALL)
    y = float(lesson.run()["y"][0, 0])
    cell = block("y", "Unrolled", lesson).area.part().a1
    written = rnnsheet.export(lesson, tmp_path / "written.xlsx")
    path = edit_cell(written, tmp_path / "sized.xlsx", "Unrolled", cell, "<f>", f"<f>{blank}")
    for off, found in ((5e-10, []), (2e-9, [("Unrolled", cell, "cached")])):
        value = f"<v>{y + off * unit!r}"
        changed = edit_cell(path, tmp_path / "off.xlsx", "Unrolled", cell, "<v>[^<]*", value)
        assert failures(rnnsheet.check(changed)) == found


def test_a_formula_in_small_letters_is_the_same(hello_xlsx, tmp_path):
    cell = block("h", "Unrolled").area.part().a1
    small = edit_cell(hello_xlsx, tmp_path / "small.xlsx", "Unrolled", cell, "TANH", "tanh")
    assert failures(rnnsheet.check(small)) == []


@pytest.mark.slow
def test_a_reference_from_one_zero_to_another_is_found(hello_xlsx, tmp_path):
    """The value stays the same: only the formula tells."""
    xh, x = block("xh", "Unrolled").area, block("x", "Unrolled").area
    wrong = edit_cell(
        hello_xlsx,
        tmp_path / "wrong.xlsx",
        "Unrolled",
        xh.part().a1,
        rf"\${x.row + 1}(?=\D)",
        f"${x.row + 2}",
    )
    assert failures(rnnsheet.check(wrong)) == [("Unrolled", xh.part().a1, "formula")]


EVERYWHERE = {
    "constant": (r"<f>[^<]*</f>", ""),
    "formula": (r'(<c r="[A-Z]+\d+" s="\d+">)<f>([^<]*)</f>', r"\1<f>(\2)+0</f>"),
    "cached": (r'(<c r="[A-Z]+\d+" s="\d+"><f>[^<]*</f>)<v>[^<]*</v>', r"\1<v>12345.678</v>"),
}
"""A mistake in every formula, or in every one that gives a number; the values it computes stay right."""


@pytest.mark.parametrize("reason", EVERYWHERE)
def test_a_mistake_is_found_in_every_single_cell(hello_xlsx, tmp_path, reason):
    pattern, replacement = EVERYWHERE[reason]
    planted = 0
    with zipfile.ZipFile(hello_xlsx) as old, zipfile.ZipFile(tmp_path / "wrong.xlsx", "w") as new:
        for item in old.namelist():
            content = old.read(item)
            if item.startswith("xl/worksheets/sheet"):
                text, count = re.subn(pattern, replacement, content.decode())
                content, planted = text.encode(), planted + count
            new.writestr(item, content)
    report = rnnsheet.check(tmp_path / "wrong.xlsx")
    assert planted > 250
    assert report.failed == planted
    assert {block.first_failure.reason for block in report.blocks if block.failed} == {reason}


def test_what_follows_from_a_mistake_is_told_as_a_value(hello_xlsx, tmp_path):
    h, y = (block(name, "Unrolled").area.part().a1 for name in "hy")
    pattern = "<f>[^<]*</f><v>[^<]*"
    wrong = edit_cell(hello_xlsx, tmp_path / "wrong.xlsx", "Unrolled", h, pattern, "<v>0.5")
    found = failures(rnnsheet.check(wrong))
    assert ("Unrolled", h, "constant") in found
    assert ("Unrolled", y, "value") in found


@pytest.mark.slow
def test_formulas_shared_as_excel_saves_them_are_right(hello_xlsx, tmp_path):
    """Excel writes the first formula of a block and lets the other cells refer to it."""
    parts = {}
    with zipfile.ZipFile(hello_xlsx) as old:
        parts = {item: old.read(item).decode() for item in old.namelist()}
    for number, shared in enumerate(b for b in plan(hello(), "en").blocks() if len(b.fills) == 1):
        area, part = shared.area, sheet_part(hello_xlsx, shared.area.sheet)
        for cell in [area.part(i, j).a1 for i in range(area.rows) for j in range(area.cols)]:
            head = f'<f t="shared" si="{number}"'
            first = cell == area.part().a1
            formula = rf'{head} ref="{area.a1}">\2</f>' if first else f"{head}/>"
            pattern = rf'(<c r="{cell}"[^>]*>)<f>([^<]*)</f>'
            parts[part], count = re.subn(pattern, rf"\g<1>{formula}", parts[part])
            assert count == 1
    with zipfile.ZipFile(tmp_path / "shared.xlsx", "w") as new:
        for item, text in parts.items():
            new.writestr(item, text)
    report = rnnsheet.check(tmp_path / "shared.xlsx")
    assert failures(report) == []
    assert report.cells == rnnsheet.check(hello_xlsx).cells


@pytest.mark.slow
def test_what_a_reader_adds_beside_it_does_no_harm(hello_xlsx, tmp_path):
    book = openpyxl.load_workbook(hello_xlsx)
    book.create_sheet("My notes", 0)["A1"] = "=Unrolled!A1"
    book["Unrolled"]["A200"] = "=NOSUCHFUNCTION(1)"
    book.save(tmp_path / "more.xlsx")
    assert rnnsheet.check(tmp_path / "more.xlsx").ok


def test_a_moved_name_is_found(hello_xlsx, tmp_path):
    wrong = edit(
        hello_xlsx,
        tmp_path / "wrong.xlsx",
        "xl/workbook.xml",
        r'(name="Wxh"[^>]*>Inputs!)\$C',
        r"\g<1>$D",
    )
    assert failures(rnnsheet.check(wrong)) == [("", "Wxh", "name")]


def test_wrong_values_stored_everywhere_are_found_everywhere(hello_xlsx, tmp_path):
    part = sheet_part(hello_xlsx, "Unrolled")
    with zipfile.ZipFile(hello_xlsx) as old, zipfile.ZipFile(tmp_path / "stale.xlsx", "w") as new:
        for item in old.namelist():
            text = old.read(item).decode("utf-8", "surrogateescape")
            if item == part:
                text = re.sub(r"(<f>[^<]*</f>)<v>[^<]*</v>", r"\1<v>12345.678</v>", text)
            new.writestr(item, text.encode("utf-8", "surrogateescape"))
    report = rnnsheet.check(tmp_path / "stale.xlsx")
    for name in ("x", "xh", "hh", "z", "h", "y", "e", "p", "confidence"):
        (found,) = [b for b in report.blocks if (b.name, b.sheet) == (name, "Unrolled") and b.cells > 3][-1:]
        assert found.failed == found.cells
        assert found.first_failure.reason == "cached"
        assert found.max_error < 1e-12


@pytest.mark.slow
def test_a_file_without_stored_values_is_no_error(hello_xlsx, tmp_path):
    openpyxl.load_workbook(hello_xlsx).save(tmp_path / "library.xlsx")
    assert rnnsheet.check(tmp_path / "library.xlsx").ok


@pytest.mark.slow
def test_the_inputs_count_as_they_stand_in_the_file(hello_xlsx, tmp_path):
    book = openpyxl.load_workbook(hello_xlsx)
    area = block("Wxh", "Inputs").area
    book[area.sheet].cell(area.row, area.col).value = -2.5
    book.save(tmp_path / "changed.xlsx")
    assert rnnsheet.check(tmp_path / "changed.xlsx").ok


LIBREOFFICE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item
oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""


def saved_by_libreoffice(folder: Path, *paths: Path) -> list[Path]:
    """All in one start of the program."""
    settings = folder / "profile/user/registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(LIBREOFFICE)
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore"]
    command += [
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(folder / "out"),
        *map(str, paths),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return [folder / "out" / path.name for path in paths]


def saved_by_gnumeric(folder: Path, *paths: Path) -> list[Path]:
    (folder / "out").mkdir()
    for path in paths:
        command = ["ssconvert", "--recalc", "-T", "Gnumeric_Excel:xlsx2", path, folder / "out" / path.name]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return [folder / "out" / path.name for path in paths]


def of_letters(vocabulary: str, word: str, hidden: int) -> rnnsheet.Lesson:
    weights, letters = np.random.default_rng(0), len(vocabulary)
    shapes = {"Wxh": (hidden, letters), "Whh": (hidden, hidden), "bh": (hidden, 1), "Why": (letters, hidden)}
    model = Model("elman", {name: weights.normal(size=shape) for name, shape in shapes.items()})
    few = Settings(epochs=1, flow_steps=2)
    return rnnsheet.Lesson("other", model, tuple(vocabulary), word, len(word) + 2, settings=few)


SAVED = {
    "English": (hello(), "en"),
    "Chinese": (hello(), "zh"),
    "matrix products": (of_letters("abcdefghijklmnopqr ", "a cab", 10), "zh"),
    "signs": (of_letters(" &<>'\"=%", "=\"&<> '%", 3), "en"),
    "digits": (of_letters("01.E", "10.0E1", 1), "zh"),
    "one letter": (of_letters("a", "aaaa", 2), "zh"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "save"), [("soffice", saved_by_libreoffice), ("ssconvert", saved_by_gnumeric)]
)
def test_a_book_saved_by_another_program_is_still_right(tmp_path, program, save):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    written = [rnnsheet.export(made[0], tmp_path / f"{name}.xlsx", made[1]) for name, made in SAVED.items()]
    for path, saved in zip(written, save(tmp_path, *written), strict=True):
        report = rnnsheet.check(saved)
        assert failures(report) == [], path.name
        assert (report.drawn_on, report.further) == ((), {}), path.name
    assert report.cells == rnnsheet.check(path).cells


def test_a_sentence_that_was_put_otherwise_is_no_wrong_cell(hello_xlsx, tmp_path):
    """As another version may have put it; what is computed is not said in sentences."""
    book, fine = openpyxl.load_workbook(hello_xlsx), labels("en")("message.fine")
    (cell,) = [cell for row in book["rnnsheet"] for cell in row if cell.value == fine]
    cell.value = "Nothing to say."
    book.save(tmp_path / "otherwise.xlsx")
    assert failures(rnnsheet.check(tmp_path / "otherwise.xlsx")) == []


def test_the_report_as_json_has_the_promised_keys(hello_xlsx):
    report = json.loads(json.dumps(rnnsheet.check(hello_xlsx).as_dict()))
    assert list(report) == [
        *("file", "lesson", "engine", "tolerance", "cells", "failed", "amplified", "max_error"),
        *("ok", "proved", "framework", "notes", "displaced", "drawn_on", "further", "blocks"),
    ]
    keys = ["name", "sheet", "range", "cells", "failed", "max_error", "first_failure", "amplified"]
    assert all(list(block) == keys for block in report["blocks"])
    assert report["engine"] == "ironcalc"
    assert report["lesson"] == "hello"


@pytest.mark.parametrize(
    ("name", "wanted"), [("hello", ("Loss",)), ("translate", ("Overview", "Inputs", "Unrolled"))]
)
def test_a_book_of_some_sheets_has_those_that_they_need_and_is_proved(tmp_path, name, wanted):
    path = rnnsheet.export(name, tmp_path / "book.xlsx", "en", epochs=2, steps=2, sheets=wanted)
    book = openpyxl.load_workbook(path)
    assert {"Overview", "Inputs", "Unrolled", "Loss"} == set(book.sheetnames) - {"rnnsheet"}
    assert {area.attr_text.split("!")[0] for area in book.defined_names.values()} <= set(book.sheetnames)
    report = rnnsheet.check(path)
    assert report.ok and report.proved
    with pytest.raises(RnnsheetError, match=r"^sheets: there is no sheet 'Los'; expected some of: Overview"):
        rnnsheet.export(name, tmp_path / "other.xlsx", "en", sheets=["Los"])
