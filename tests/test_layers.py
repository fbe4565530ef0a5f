"""Lessons of several layers: what they are named, what is refused and how, what a file keeps."""

from dataclasses import replace

import numpy as np
import pytest

import rnnsheet
from rnnsheet import Layer, Model
from rnnsheet.errors import LessonError
from rnnsheet.network.kinds import Kind, ParameterSpec, bias
from rnnsheet.network.reading import END
from rnnsheet.sheet.layout import plan
from tests.lessons import EVERY_FORM


def numbers(*shape: int) -> np.ndarray:
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape) / 10


LSTM = {f"{base}{gate}": numbers(2, size) for gate in "ifgo" for base, size in (("Wx", 3), ("Wh", 2))}
OUT = {"Why": numbers(3, 2)}
DENSE = {"Wa": numbers(2, 3), **OUT}


def lesson(*layers: Layer, parameters=None, **data) -> rnnsheet.Lesson:
    given = {"vocabulary": ("a", "b", "c"), "word": "abca", **data}
    return rnnsheet.Lesson("bad", Model(layers, parameters or {}), **given)


SOFTMAX = Layer("softmax")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: lesson(Layer("lstm"), SOFTMAX, parameters={**LSTM, **OUT, "Wxf": numbers(2, 4)}),
            "Wxf has the shape 2×4; expected 2×3 (hidden units × letters)",
        ),
        (
            lambda: lesson(
                Layer("lstm"), SOFTMAX, parameters={k: v for k, v in {**LSTM, **OUT}.items() if k != "Whg"}
            ),
            "the parameter Whg of the cell lstm is missing; expected 2×2 (hidden units × hidden units)",
        ),
        (
            lambda: lesson(Layer("lstm"), SOFTMAX, parameters={**OUT}),
            "the parameter Wxi of the cell lstm is missing; expected n×3 (hidden units × letters)",
        ),
        (
            lambda: lesson(Layer("lstm"), SOFTMAX, parameters={**LSTM, **OUT, "Wci": numbers(3, 1)}),
            "Wci has the shape 3×1; expected 2×1 (hidden units × 1)",
        ),
        (
            lambda: lesson(
                Layer("lstm"), Layer("gru"), SOFTMAX, parameters={**LSTM, **OUT, "Wxr2": numbers(4, 3)}
            ),
            "Wxr2 has the shape 4×3; expected 4×2 (hidden units × hidden units)",
        ),
        (
            lambda: lesson(Layer("lstm"), SOFTMAX, parameters={**LSTM, "Why": numbers(3, 4)}),
            "Why has the shape 3×4; expected 3×2 (letters × hidden units)",
        ),
        (lambda: lesson(Layer("lstn"), SOFTMAX), "unknown cell 'lstn'; did you mean 'lstm'?"),
        (lambda: lesson(Layer("attention"), SOFTMAX), "unknown cell 'attention'; known cells: elman, lstm"),
        (lambda: lesson(Layer("dense", "one two"), SOFTMAX), "a layer is named 'one two'; expected letters"),
        (
            lambda: lesson(Layer("dense", "back"), SOFTMAX),
            "none of the names word, second, picture, answer, back",
        ),
        (lambda: lesson(Layer("dense", "now"), SOFTMAX), "a layer is named 'now'; expected letters"),
        (lambda: lesson(Layer("dense", "t"), SOFTMAX), "a layer is named 't'; expected letters"),
        (
            lambda: lesson(Layer("lstm"), SOFTMAX, parameters={**LSTM, **OUT}, labels=("x", "y", "z")),
            "labels name the one answer to a text, but a softmax here reads at each step",
        ),
        (lambda: lesson(Layer("dense", "a"), Layer("dense", "a"), SOFTMAX), "two layers are named 'a'"),
        (
            lambda: lesson(Layer("dense", activation="gelu"), SOFTMAX),
            "no activation 'gelu'; known: tanh",
        ),
        (
            lambda: lesson(Layer("dense", reads="words"), SOFTMAX),
            "'words', which is none of the inputs",
        ),
        (
            lambda: lesson(Layer("dense", reads="word[first]"), SOFTMAX),
            "'word[first]'; expected an input",
        ),
        (
            lambda: lesson(Layer("dense"), Layer("softmax", reads="[last]"), parameters=DENSE),
            "reads '[last]'; expected an input",
        ),
        (lambda: lesson(Layer("dense"), parameters=DENSE), "no layer says anything"),
        (
            lambda: lesson(Layer("dense", "a"), Layer("dense", "b", "word"), SOFTMAX),
            "no other layer reads the layer 'a' (dense)",
        ),
        (
            lambda: lesson(Layer("gru", starts="b"), SOFTMAX),
            "starts from 'b'; expected a layer",
        ),
        (
            lambda: lesson(Layer("gru", shares="b"), SOFTMAX),
            "shares the weights of 'b'; expected",
        ),
        (
            lambda: lesson(
                Layer("dense", "a"),
                Layer("elman", "b", "word", "a"),
                SOFTMAX,
                parameters={"Wa_a": numbers(3, 3), "Wxh_b": numbers(2, 3), "Whh_b": 0.1, **OUT},
            ),
            "a layer elman of 2 units starts from 'a', which has 3",
        ),
        (
            lambda: lesson(Layer("dense", reads="word[9]"), SOFTMAX, parameters=DENSE, target="a", steps=4),
            "there is no time step word[9]: the text has 4",
        ),
        (lambda: lesson(Layer("dense"), SOFTMAX, parameters=DENSE, split="signs"), "data.split is 'signs'"),
        (
            lambda: lesson(Layer("elman", "d", "answer"), SOFTMAX, labels=("x", "y"), parameters={}),
            "the parameter Wxh_d of the cell elman is missing; expected n×2 (hidden units × answers)",
        ),
        (
            lambda: lesson(
                Layer("elman", "d", "answer"),
                SOFTMAX,
                labels=("x", "y"),
                parameters={"Wxh_d": numbers(2, 2), "Whh_d": 0.1, "Why": numbers(2, 2)},
            ),
            f"needs the entry {END} among data.labels",
        ),
        (
            lambda: lesson(Layer("dense", reads="word[sum]"), SOFTMAX, parameters=DENSE, target="q"),
            "target has 'q', which is none of the answers: a, b, c",
        ),
        (
            lambda: lesson(SOFTMAX, vocabulary=("Not", "b"), word="b b", split="words"),
            "'Not' in data.vocabulary can never be read",
        ),
    ],
)
def test_a_bad_network_is_told_with_its_key_and_what_was_expected(make, said):
    with pytest.raises(rnnsheet.LessonError) as error:
        make()
    assert said in str(error.value)


def test_layers_without_a_name_are_numbered_and_twins_read_backwards():
    one = {f"{b}{e}": numbers(*s) for e in ("", "_rev") for b, s in (("Wxh", (2, 3)), ("Whh", (2, 2)))}
    two = {f"{b}2{e}": numbers(*s) for e in ("", "_rev") for b, s in (("Wxh", (1, 4)), ("Whh", (1, 1)))}
    made = lesson(
        Layer("elman"),
        Layer("elman", reverse=True),
        Layer("elman"),
        Layer("elman", reverse=True),
        SOFTMAX,
        parameters={**one, **two, **OUT},
    )
    told = [(layer.name, [str(source) for source in layer.reads]) for layer in made.model]
    assert told == [
        ("", ["word"]),
        ("rev", ["word"]),
        ("2", ["", "rev"]),
        ("2_rev", ["", "rev"]),
        ("", ["2", "2_rev"]),
    ]


@pytest.mark.parametrize("name", EVERY_FORM)
def test_a_saved_network_of_any_form_is_the_same(name, tmp_path):
    made = EVERY_FORM[name]
    again = rnnsheet.load(rnnsheet.Lesson(**vars(made)).save(tmp_path / "saved.toml"))
    assert tuple(again.model) == tuple(made.model)
    first, second = made.run(), again.run()
    for array in first.arrays:
        np.testing.assert_array_equal(first[array], second[array])


@pytest.mark.parametrize(
    "name", ["two directions", "an answer to a text", "an answer to a text read backwards"]
)
def test_to_read_backwards_is_to_read_the_text_from_its_end(name):
    """What is handed on is what a layer made of the whole text, whichever time step it read last."""
    made = EVERY_FORM[name]
    turned = [
        replace(layer, reverse=not layer.reverse) if made.model.sequence(layer) == "word" else layer
        for layer in made.model
    ]
    words = " ".join(reversed(made.word.split()))
    mirrored = replace(made, model=Model(turned, made.model.parameters), word=words)
    np.testing.assert_array_equal(mirrored.run()["p"], made.run()["p"])


@pytest.mark.parametrize("name", EVERY_FORM)
def test_most_of_a_screen_is_left_below_the_rows_that_stay(name):
    sheets = {sheet.name: sheet for sheet in plan(EVERY_FORM[name], "en").sheets}
    assert all(sheet.frozen[0] <= 12 for sheet in sheets.values())
    headings = [text.text for text in sheets["Steps"].texts if text.style == "heading"]
    # A heading tells what three values mean at most.
    assert max(heading.count(": ") for heading in headings) <= 3


LONG = replace(EVERY_FORM["elman"], word="abcabcabca", steps=0, name="long")


@pytest.mark.parametrize(
    ("made", "drawn"),
    [
        (EVERY_FORM["lstm"], ["h_n₀ → h_n₁ → h_n₂ → h_n₃"]),
        (EVERY_FORM["backwards"], ["h₁ Whh ← h₂ Whh ← h₃"]),
        (
            EVERY_FORM["two directions"],
            [
                *("a_n3", "a_n2", "a_n1", "a_n0", "h_m₁ Whh_m ← h_m₂ Whh_m ← h_m₃"),
                "h_n₀ → h_n₁ Whh_n → h_n₂ Whh_n → h_n₃",
            ],
        ),
        (EVERY_FORM["an answer to a text"], ["h_m₃ → h_n₁ → h_n₂ → h_n₃", "h_m₀ → h_m₁ → h_m₂ → h_m₃"]),
        (
            EVERY_FORM["an answer to a text read backwards"],
            ["h_m₁ → h_n₁ → h_n₂ → h_n₃ → …", "h_m₁ ← h_m₂ ← h_m₃"],
        ),
        (EVERY_FORM["words for a picture"], ["a_m → h_n₁ → h_n₂ → h_n₃", "a_m"]),
        (LONG, [f"h_n₀ → {' '.join(f'h_n{step} Whh_n →' for step in '₁₂₃₄₅')} h_n₆ → …"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else value.name,
)
def test_the_picture_s_arrows_point_the_way_a_state_is_handed_on(made, drawn):
    overview = next(sheet for sheet in plan(made, "en").sheets if sheet.name == "Overview")
    rows = {text.row: "" for text in overview.texts if text.style == "hidden" and text.col > 1}
    for text in sorted(overview.texts, key=lambda text: text.col):
        if text.row in rows and text.style in ("hidden", "arrow"):
            rows[text.row] += f" {text.text}"
    assert [rows[row].strip() for row in sorted(rows)] == drawn


def test_a_word_read_letter_by_letter_is_not_called_a_sentence():
    made = lesson(Layer("dense", reads="word[sum]"), SOFTMAX, parameters=DENSE, target="a")
    texts = {s.name: [text.text for text in s.texts] for s in plan(made, "en").sheets}
    assert "word to read" in texts["Overview"]
    assert "word to read" in texts["Inputs"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            (bias("b"), ParameterSpec("Wx", "units", "input")),
            "Wx has the axis units; expected one of: input, one,",
        ),
        (
            (ParameterSpec("g", "input", "one"), bias("b")),
            "b has the axis hidden; expected one of: input, one; ",
        ),
    ],
)
def test_a_parameter_of_which_nothing_tells_how_long_it_is_is_refused(parameters, said):
    with pytest.raises(LessonError, match=said):
        Kind(parameters, rows="all")
