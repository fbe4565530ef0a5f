"""What roundings may do: as much as other programs do, in a network of weights of any size, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import engine
from rnnsheet.checking import check
from rnnsheet.checking.engines import ALL, chosen
from rnnsheet.experiments import Settings
from rnnsheet.network import Model
from rnnsheet.sheet.layout import plan
from rnnsheet.trace import Trace
from tests.lessons import ANY_CELL, EVERY_FORM, lessons, networks
from tests.test_checking import edit_cell, failures

SIZES = st.integers(-600, 200).map(lambda hundredths: 10 ** (hundredths / 100))
"""Of weights: from 1e-6 to 1e2, each power of ten as likely as another."""


@st.composite
def of_any_size(draw) -> rnnsheet.Lesson:
    """A small lesson with weights of any size."""
    largest = draw(SIZES)
    one = lessons(letters=3, hidden=3, steps=5, largest=largest, cells=ANY_CELL)
    return draw(one | networks(hidden=2, steps=4, largest=largest))


def vanishing() -> rnnsheet.Lesson:
    """A gradient whose squares are too small for a float64, not for what some programs add up in.

    There its norm is 0 and so are the factors, here it is 1e-170 and they are 3e-4.
    """
    wxh, whh = [[12.3, 11.8], [11.7, 12.1]], [[3e-4, -2e-4], [1e-4, 4e-4]]
    model = Model("elman", {"Wxh": wxh, "Whh": whh, "Why": [[0.5, -0.3], [0.2, 0.9]]})
    few = Settings(epochs=1, flow_steps=40, flow_whh=1.0)
    return rnnsheet.Lesson("vanishing", model, ("a", "b"), "abbab", settings=few)


def saturated() -> rnnsheet.Lesson:
    """h is so near 1 that 1 - h² is a few roundings, and 0 in programs that take such a difference for 0."""
    wxh, whh = [[18.3, 18.8], [18.1, 18.6]], [[1.5, -1.0], [0.5, 2.0]]
    model = Model("elman", {"Wxh": wxh, "Whh": whh, "Why": [[0.5, -0.3], [0.2, 0.9]]})
    return rnnsheet.Lesson("saturated", model, ("a", "b"), "abbab", settings=Settings(epochs=1, flow_steps=6))


@pytest.mark.slow
def test_no_program_is_wrong_where_all_is_roundings(tmp_path):
    for make in (vanishing, saturated):
        path = rnnsheet.export(make(), tmp_path / f"{make.__name__}.xlsx")
        for report in check.checks(path, check.TOLERANCE, chosen(ALL)):
            assert failures(report) == [], report.engine


@pytest.mark.slow
@settings(max_examples=3)
@given(of_any_size())
def test_no_program_is_wrong_with_weights_of_any_size(tmp_path_factory, lesson):
    """Of formulon, which loads slowly, the two networks above are asked."""
    path = tmp_path_factory.mktemp("book") / "book.xlsx"
    engines = [engine for engine in chosen(ALL) if engine.NAME != "formulon"]
    # The tolerance is that of the 15 digits in which some programs write: nothing else hides roundings.
    for report in check.checks(rnnsheet.export(lesson, path, "en"), 1e-14, engines):
        assert failures(report) == [], report.engine


def allowed(lesson) -> Trace:
    """How far from NumPy's number each may be."""
    known = engine.complete(lesson)
    far = {
        name: check.TOLERANCE * np.maximum(1, np.abs(known[name].astype(float))) + slack
        for name, slack in engine.roundings(lesson).items()
        if known[name].dtype == np.float64
    }
    return Trace(far, {})


@pytest.mark.slow
@settings(max_examples=4)
@given(of_any_size(), st.data())
def test_ten_times_what_is_allowed_is_found_in_any_cell(tmp_path_factory, lesson, data):
    far, trace = allowed(lesson), engine.complete(lesson)
    computed = [b for b in plan(lesson, "en").blocks() if b.kind == "formula" and b.trace in far.arrays]
    block = data.draw(st.sampled_from(computed))
    down, right = (data.draw(st.integers(0, size - 1)) for size in (block.area.rows, block.area.cols))
    number, most = block.expected(trace)[down][right], block.expected(far)[down][right]
    # Of a quotient of nothing but roundings any number is right.
    assume(most < np.inf)
    folder, cell = tmp_path_factory.mktemp("book"), block.area.part(down, right).a1
    path = rnnsheet.export(lesson, folder / "book.xlsx", "en")
    off = f"<v>{number + 10 * most!r}"
    wrong = edit_cell(path, folder / "wrong.xlsx", block.area.sheet, cell, "<v>[^<]*", off)
    assert failures(rnnsheet.check(wrong)) == [(block.area.sheet, cell, "cached")]


@pytest.mark.slow
@settings(max_examples=4)
@given(of_any_size(), st.data())
def test_a_weight_that_moves_a_number_ten_times_as_far_is_found(tmp_path_factory, lesson, data):
    """The stored numbers are those of the weight before; some number is ten times too far from them."""
    name = data.draw(st.sampled_from(sorted(lesson.model.parameters)))
    rows, cols = lesson.model.parameters[name].shape
    place = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, cols - 1))
    far, trace = allowed(lesson), engine.complete(lesson)
    weight = lesson.model.parameters[name][place]
    for exponent in range(-48, 1, 6):
        parameters = {key: array.copy() for key, array in lesson.model.parameters.items()}
        parameters[name][place] = weight * (1 + 2.0**exponent)
        moved = engine.complete(replace(lesson, model=replace(lesson.model, parameters=parameters)))
        if any((abs(moved[key] - trace[key]) > 10 * most).any() for key, most in far.arrays.items()):
            break
    else:
        assume(False)
    folder = tmp_path_factory.mktemp("book")
    path = rnnsheet.export(lesson, folder / "book.xlsx", "en")
    block = next(b for b in plan(lesson, "en").blocks() if b.kind == "input" and b.name == name)
    cell, now = block.area.part(*place).a1, f"<v>{float(parameters[name][place])!r}"
    wrong = edit_cell(path, folder / "wrong.xlsx", block.area.sheet, cell, "<v>[^<]*", now)
    assert not rnnsheet.check(wrong).ok


def test_what_saturates_keeps_its_roundings():
    """tanh(c) is exactly 1 here, and 1 - 1e-16 elsewhere: 1 - tanh(c)² is not certainly 0."""
    for cell, gradient in (
        ("elman", "dz_n"),
        ("lstm", "dc_n_now"),
        ("gru", "dzn_n"),
        ("gru-before", "dzn_n"),
    ):
        lesson = EVERY_FORM[cell]
        parameters = {
            name: np.abs(array) * (1 if name == "Why" else 100)
            for name, array in lesson.model.parameters.items()
            if not name.startswith("Wc")
        }
        full = {"c_n_0": 40.0} if cell == "lstm" else {}
        wide = replace(lesson, model=replace(lesson.model, parameters=parameters), initial=full)
        received = engine.complete(wide)["dh_n"] != 0
        assert received.any()
        assert (engine.roundings(wide)[gradient][received] > 0).all(), cell


def test_what_is_exact_has_no_roundings():
    """One-hot letters, and what the mask of a step without a target makes 0."""
    roundings = engine.roundings(EVERY_FORM["elman"])
    assert not roundings["x"].any()
    assert not roundings["asked"].any()
