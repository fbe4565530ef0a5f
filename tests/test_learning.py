"""The sheets of learning, recalculated: they learn, fail, vanish and explode as they should, and say so."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator

import rnnsheet
from rnnsheet import engine
from rnnsheet.experiments import Settings
from rnnsheet.labels import labels
from rnnsheet.network import Layer, Model
from rnnsheet.sheet.layout import plan
from tests.lessons import ANY_CELL, SMALL, hello, lessons
from tests.test_training import as_torch, found
from tests.typist import Typist, block

MESSAGE, LARGE = (labels("en")(f"message.{key}") for key in ("positive", "too_large"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The book as `rnnsheet export hello` writes it, with 200 epochs."""
    return rnnsheet.export("hello", tmp_path_factory.mktemp("whole") / "hello.xlsx", "en")


def training(name: str):
    return block(name, "Training", rnnsheet.load("hello"))


@pytest.mark.slow
def test_the_default_book_has_no_failing_cell_and_learns_to_spell_hello(whole):
    assert rnnsheet.check(whole).ok
    typist = Typist(whole)
    losses = [row[0] for row in typist.values(training("loss"))]
    said = ["".join(row) for row in typist.values(training("predicted"))]
    assert len(losses) == 201
    assert losses[0] > 6
    assert losses[200] < 0.2
    assert "ello" in said[:100]
    assert said[200] == "ello"


def test_at_rate_one_it_fails_and_clipping_saves_it(whole):
    typist = Typist(whole)
    typist.type(training("rate").area, "1")
    assert typist.values(training("loss"))[200][0] > 5
    assert "".join(typist.values(training("predicted"))[200]) != "ello"
    assert typist.errors("Training") == []
    typist.type(training("clip").area, "0.25")
    assert typist.values(training("loss"))[200][0] < 0.2
    assert "".join(typist.values(training("predicted"))[200]) == "ello"


@pytest.mark.parametrize("rate", ["1E+90", "1E+100", "1E+300", "abc", "-1", "0", ""])
def test_no_rate_and_no_threshold_makes_an_error_in_the_training(hello_xlsx, rate):
    typist = Typist(hello_xlsx)
    for name in ("rate", "clip"):
        area = block(name, "Training").area
        typist.type(area, rate)
        said = typist.value(area.part(0, 1))
        large = LARGE if rate == "1E+300" else ""
        assert said == (large if rate.startswith("1E") else MESSAGE)
    typist.type(block("update_rate", "Update").area, "1E+90")
    assert typist.errors("Training") == typist.errors("Update") == []


@pytest.mark.parametrize("weight", ["1E+200", "-1E+150"])
def test_huge_weights_make_no_error_in_the_training(hello_xlsx, weight):
    typist = Typist(hello_xlsx)
    for name in ("Whh", "Why", "bh"):
        typist.type(block(name, "Inputs").area, weight)
    assert typist.errors("Training") == []


@pytest.mark.slow
def test_every_epoch_has_the_same_formulas_so_that_one_fills_down(hello_xlsx):
    longer = engine.complete(replace(hello(), settings=replace(SMALL, epochs=10)))
    typist = Typist(hello_xlsx)
    for planned in plan(hello(), "en").blocks():
        area = planned.area
        if area.sheet == "Training" and area.row + area.rows - 1 == block("loss", "Training").area.row + 8:
            for right, formula in enumerate(planned.formulas()[-1]):
                last = area.part(area.rows - 1, right)
                for down in (1, 2):
                    below = last.part(down)
                    filled = Translator(f"={formula}", origin=last.a1).translate_formula(below.a1)
                    typist.type(below, filled)
    loss, said = block("loss", "Training").area, block("predicted", "Training").area
    assert typist.value(loss.part(10)) == pytest.approx(longer["training.loss"][10, 0], 1e-10)
    row = typist.values_of(said.part(9, 0, 1, 4)) + typist.values_of(said.part(10, 0, 1, 4))
    assert row == longer["training.predicted"][9:11, 0].tolist()


def test_the_training_in_cells_follows_the_training_of_the_engine(hello_xlsx):
    losses = [row[0] for row in Typist(hello_xlsx).values(block("loss", "Training"))]
    epochs = hello().train(SMALL.epochs, SMALL.rate, SMALL.clip)
    assert losses == pytest.approx([epoch.loss for epoch in epochs], 1e-10)


@pytest.mark.slow
def test_every_weight_can_be_chosen_and_its_gradient_is_the_difference_quotient(hello_xlsx):
    typist = Typist(hello_xlsx)
    chosen = block("chosen", "Gradient check")
    names = [row[0] for row in typist.values_of(chosen.choices)]
    assert len(names) == 12 + 1 + 1 + 12
    for name in names:
        typist.type(chosen.area, name)
        gradient, central, difference = (
            typist.value(block(key, "Gradient check").area) for key in ("gradient", "central", "difference")
        )
        assert central == pytest.approx(gradient, 1e-6, 1e-8)
        assert difference == pytest.approx(central - gradient, abs=1e-15)
    typist.type(chosen.area, "Wxh[9,9]")
    assert typist.value(block("difference", "Gradient check").area) == ""
    assert typist.errors("Gradient check") == []


def test_another_chosen_weight_is_checked_like_the_first(hello_xlsx, tmp_path):
    typist = Typist(hello_xlsx)
    typist.type(block("chosen", "Gradient check").area, "Why[4,2]")
    typist.type(block("update_rate", "Update").area, "0.7")
    typist.type(block("rate", "Training").area, "0.5")
    typist.type(block("clip", "Training").area, "0.9")
    typist.type(block("flow_Whh", "Gradient flow").area, "-1.75")
    typist.type(block("flow_clip", "Gradient flow").area, "2")
    typist.model.evaluate()
    typist.model.save_to_xlsx(str(tmp_path / "set.xlsx"))
    report = rnnsheet.check(tmp_path / "set.xlsx")
    assert [b.first_failure for b in report.blocks if b.failed] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hello-lstm", "translate"])
def test_the_step_that_is_chosen_is_told_below_the_others(tmp_path, name):
    lesson = rnnsheet.load(name)
    lesson = replace(lesson, settings=replace(SMALL, sheets=("Steps",)))
    typist, trace = Typist(rnnsheet.export(lesson, tmp_path / "book.xlsx")), lesson.run()
    step, *below = _from("step", plan(lesson, "en").blocks())
    told = [block for block in below if block.style in ("hidden", "output", "result")]
    assert {block.name for block in told} >= {"h" if name == "hello-lstm" else "h_decoder", "p", "predicted"}
    for chosen in (2, max(lesson.sequences.values())):
        typist.type(step.area, str(chosen))
        for each in told:
            array = trace[each.name]
            right = array[:, min(chosen, array.shape[1]) - 1]
            found = [row[0] for row in typist.values(each)]
            assert found == (pytest.approx(right) if array.dtype == float else list(right)), each.name


def _from(name, blocks):
    """The blocks of a sheet from the one of that name on."""
    every = list(blocks)
    first = next(place for place, block in enumerate(every) if block.name == name)
    return [block for block in every[first:] if block.area.sheet == every[first].area.sheet]


@pytest.mark.parametrize(
    ("name", "sheet", "typed", "said"),
    [
        ("rate", "Training", "0", "this cell of rate holds '0'; expected a number greater than 0"),
        ("clip", "Training", "much", "this cell of clip holds 'much'; expected a number greater than 0"),
        ("update_rate", "Update", "", "this cell of update_rate is empty; expected a number greater than 0"),
        ("chosen", "Gradient check", "Wxh[4,1]", "there is no weight 'Wxh[4,1]'; expected one such as"),
        ("flow_Whh", "Gradient flow", "x", "this cell of flow_Whh holds 'x'; expected a number"),
        ("step", "Steps", "1.5", "this cell of step holds '1.5'; expected the number of a time step"),
        ("step", "Steps", "5", "settings.step is 5; expected a whole number from 1 to 4"),
        ("flow_clip", "Gradient flow", "-2", "this cell of flow_clip holds '-2'; expected a number greater"),
    ],
)
def test_a_setting_that_is_none_is_named_with_its_cell(hello_xlsx, tmp_path, name, sheet, typed, said):
    typist, area = Typist(hello_xlsx), block(name, sheet).area
    typist.type(area, typed)
    typist.model.evaluate()
    typist.model.save_to_xlsx(str(tmp_path / "wrong.xlsx"))
    with pytest.raises(rnnsheet.RnnsheetError) as caught:
        rnnsheet.check(tmp_path / "wrong.xlsx")
    assert f"{sheet}!{area.a1}: {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("epochs", 0, "epochs is 0; expected a whole number from 1"),
        ("epochs", 2.5, "epochs is 2.5"),
        ("flow_steps", 1, "flow_steps is 1; expected a whole number from 2 to 300"),
        ("step", 5, "step is 5; expected a whole number from 1 to 4"),
        ("rate", float("nan"), "rate is nan; expected a number greater than 0"),
        ("clip", -1.0, "clip is -1.0"),
        ("update_rate", "fast", "update_rate is fast"),
        ("epochs", 1_000_001, "epochs is 1000001; expected a whole number from 1 to 1000000"),
        ("flow_steps", 301, "flow_steps is 301; expected a whole number from 2 to 300"),
        *(
            (field, 1.1e100, rf"{field} is 1.1e+100; expected a number greater than 0 and at most 1e+100")
            for field in ("rate", "clip", "update_rate", "flow_clip")
        ),
        ("chosen", "Whx[1,1]", "there is no weight 'Whx[1,1]'"),
        # A truth value is a 1 to Python.
        *(
            (field.name, True, f"{field.name} is True")
            for field in fields(Settings)
            if field.name not in ("chosen", "sheets")
        ),
        ("sheets", True, 'settings.sheets must be ["Overview", "Unrolled"]'),
        ("chosen", True, "settings.chosen is missing or not a text"),
    ],
)
def test_settings_that_cannot_be_are_refused(field, value, said):
    with pytest.raises(rnnsheet.LessonError, match=re.escape(said)):
        replace(hello(), settings=replace(Settings(), **{field: value}))


@pytest.mark.parametrize("name", ["steps", "answer_steps"])
def test_a_truth_value_is_no_number_of_time_steps(name):
    with pytest.raises(rnnsheet.LessonError, match=f"data.{name} is True; expected a whole number"):
        replace(hello(), **{name: True})


def test_a_flow_that_explodes_past_the_limit_is_right(tmp_path):
    """By a factor of 5 at each of 200 steps: 5²⁰⁰ is more than the limit of 1E+100."""
    parameters = {"Wxh": [[1.0, 1.0]], "Whh": 1.0, "Why": [[0.0], [1.0]]}
    layers = Layer("elman", activation="relu"), Layer("softmax")
    strong = Settings(epochs=1, flow_steps=200, flow_whh=5.0)
    lesson = rnnsheet.Lesson("explodes", Model(layers, parameters), ("a", "b"), "ab", settings=strong)
    assert engine.complete(lesson)["flow.through"].max() == 1e100
    assert rnnsheet.check(rnnsheet.export(lesson, tmp_path / "explodes.xlsx")).ok


@pytest.mark.parametrize("strength", [-5.0, -1.5, 0.0, 0.427043, 1.0, 1.5, 5.0])
def test_the_flow_vanishes_or_explodes_with_whh(strength):
    lesson = replace(hello(), settings=Settings(epochs=1, flow_steps=30, flow_whh=strength, flow_clip=1.0))
    trace = engine.complete(lesson)
    alone = trace["flow.through"][0]
    last = trace["flow.norm_dh"][0, -1]
    steps = np.arange(29, -1, -1)
    gone = trace["flow.norm_dz"][0] == 0
    expected = last * np.abs(strength) ** steps
    first = gone[::-1].argmax() if gone.any() else 30
    np.testing.assert_allclose(alone[::-1][:first], expected[::-1][:first], rtol=1e-9)
    assert (trace["flow.clipped"] <= 1.0).all()
    product = trace["flow.by_dz"] * trace["flow.by_dh_back"]
    arrived = trace["flow.norm_dh"][0, :-1]
    np.testing.assert_allclose(arrived, (trace["flow.norm_dh"] * product)[0, 1:], rtol=1e-9)


@settings(max_examples=25)
@given(lessons(largest=1.5))
def test_the_flow_is_the_gradient_of_the_last_loss_by_pytorch(lesson):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    strength = min(5.0, max(-5.0, lesson.settings.flow_whh))
    whh = lesson.model.parameters["Whh"]
    changed = {**lesson.model.parameters, "Whh": strength * (np.ones((1, 1)) if whh.size == 1 else whh)}
    steps = lesson.settings.flow_steps
    text = (lesson.word * (steps + 1))[: steps + 1]
    model = replace(lesson.model, parameters=changed)
    _, _, kept = as_torch(torch, replace(lesson.over(steps), word=text, model=model), last_only=True)
    by_torch = np.stack([value.grad.numpy() for value in kept["h"]])[:, :, 0].T
    np.testing.assert_allclose(engine.complete(lesson)["flow.dh"], by_torch, rtol=1e-10, atol=1e-13)


@given(lessons(cells=ANY_CELL))
def test_what_the_time_steps_add_makes_up_each_gradient(lesson):
    trace = lesson.run()
    for name, array in lesson.model.parameters.items():
        sums = trace[f"d{name}_t"].sum(axis=1).reshape(array.shape[::-1]).T
        np.testing.assert_allclose(trace[f"d{name}"], sums, rtol=1e-10, atol=1e-12)
        assert trace.frame(f"d{name}").shape == array.shape
        assert len(trace.rows[f"d{name}_t"]) == array.size


@given(lessons(largest=1.5, cells=ANY_CELL), st.floats(1e-3, 0.5))
def test_an_update_is_one_step_of_gradient_descent(lesson, rate):
    trace = engine.complete(replace(lesson, settings=replace(lesson.settings, update_rate=rate)))
    *_, after = lesson.train(epochs=1, rate=rate)
    assert trace["update.loss"].item() == pytest.approx(after.loss, 1e-9)
    for name, array in after.model.parameters.items():
        np.testing.assert_allclose(trace[f"update.{name}"], array, rtol=1e-9, atol=1e-12)


def test_a_network_too_wide_for_a_row_has_no_sheet_training(tmp_path):
    weights = np.random.default_rng(0)
    shapes = {"Wxh": (60, 10), "Whh": (60, 60), "Why": (10, 60)}
    model = rnnsheet.Model("elman", {name: weights.normal(0, 0.1, shape) for name, shape in shapes.items()})
    lesson = rnnsheet.Lesson("wide", model, tuple("abcdefghij"), "abcdefghij" * 4, settings=SMALL)
    names = [sheet.name for sheet in plan(lesson, "en").sheets]
    assert "Training" not in names
    assert {"Backward", "Update", "Gradient flow"} <= set(names)


def test_the_gradients_of_the_article_s_network_are_those_of_pytorch(whole):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    loss, leaves, _ = as_torch(torch, hello())
    typist = Typist(whole)
    assert typist.value(block("loss", "Loss").area) == pytest.approx(loss.item(), 1e-12)
    for name, leaf in leaves.items():
        result = next(b for b in plan(hello(), "en").blocks() if b.name == f"d{name}" and b.style == "result")
        np.testing.assert_allclose(typist.values(result), leaf.grad.numpy(), rtol=1e-10)
    assert found(hello())["loss_t"].sum() == pytest.approx(loss.item(), 1e-12)
