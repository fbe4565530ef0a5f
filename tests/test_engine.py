"""The oracle against the article, against plain loops, and against PyTorch."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import engine
from rnnsheet.engine import output
from rnnsheet.network import Model
from tests.lessons import PUBLISHED, PUBLISHED_TOLERANCE, SMALL, hello, lessons


@pytest.mark.parametrize(("name", "step"), PUBLISHED)
def test_the_engine_gives_the_published_figures(name, step):
    computed = hello().run()[name][:, step - 1]
    assert np.abs(computed - PUBLISHED[name, step]).max() <= PUBLISHED_TOLERANCE


def test_the_untrained_network_says_h_after_e_as_the_article_shows():
    trace = hello().run()
    assert trace["predicted"][0, 1] == "h"
    assert trace["confidence"][0, 1] == pytest.approx(0.4197, abs=5e-5)
    assert trace["target"][0, 1] == "l"
    assert trace["right"][0, 1] == 0


def by_loops(lesson):
    """The forward pass once more, number by number, with no array arithmetic at all."""
    w = {name: array.tolist() for name, array in lesson.model.parameters.items()}
    hidden, letters = range(lesson.model.hidden), range(len(lesson.vocabulary))

    def entry(name, row):
        if name not in w:
            return 0.0
        return w[name][0][0] if len(w[name]) == 1 else w[name][row][0]

    h, columns = [row[0] for row in lesson.initial["h_0"].tolist()], {"h": [], "y": [], "p": []}
    for letter in lesson.letters:
        x = [1.0 if known == letter else 0.0 for known in lesson.vocabulary]
        scalar = len(w["Whh"]) == 1 and len(w["Whh"][0]) == 1
        memory = [
            w["Whh"][0][0] * h[i] if scalar else math.fsum(w["Whh"][i][j] * h[j] for j in hidden)
            for i in hidden
        ]
        h = [
            math.tanh(math.fsum(w["Wxh"][i][j] * x[j] for j in letters) + memory[i] + entry("bh", i))
            for i in hidden
        ]
        y = [math.fsum(w["Why"][k][i] * h[i] for i in hidden) + entry("by", k) for k in letters]
        total = math.fsum(math.exp(score) for score in y)
        columns["h"].append(h)
        columns["y"].append(y)
        columns["p"].append([math.exp(score) / total for score in y])
    return {name: np.array(column).T for name, column in columns.items()}


@given(lessons())
def test_any_network_agrees_with_plain_loops(lesson):
    trace, loops = lesson.__class__.run(lesson), by_loops(lesson)
    for name, expected in loops.items():
        np.testing.assert_allclose(trace[name], expected, rtol=1e-12, atol=1e-13)


@settings(max_examples=25)
@given(lessons())
def test_any_network_agrees_with_pytorch(lesson):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    parameters, hidden = lesson.model.parameters, lesson.model.hidden
    whh = parameters["Whh"] * np.eye(hidden) if parameters["Whh"].size == 1 else parameters["Whh"]
    bh = np.broadcast_to(parameters.get("bh", np.zeros((1, 1))), (hidden, 1))[:, 0]
    rnn = torch.nn.RNN(len(lesson.vocabulary), hidden, dtype=torch.float64)
    values = {
        "weight_ih_l0": parameters["Wxh"],
        "weight_hh_l0": whh,
        "bias_ih_l0": bh,
        "bias_hh_l0": 0 * bh,
    }
    rnn.load_state_dict({name: torch.tensor(np.array(value)) for name, value in values.items()})
    x = np.array([[known == letter for known in lesson.vocabulary] for letter in lesson.letters], float)
    with torch.no_grad():
        states, _ = rnn(torch.tensor(x), torch.tensor(np.array(lesson.initial["h_0"].T)))
        scores = states @ torch.tensor(np.array(parameters["Why"])).T
        scores += torch.tensor(np.array(parameters.get("by", np.zeros((1, 1)))))[:, 0]
        p = torch.softmax(scores, dim=1)
    trace = lesson.run()
    np.testing.assert_allclose(trace["h"].T, states.numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(trace["p"].T, p.numpy(), rtol=1e-12, atol=1e-12)


def test_a_step_past_the_end_of_the_word_reads_nothing():
    lesson = hello()
    roomy = rnnsheet.Lesson("roomy", lesson.model, lesson.vocabulary, "hello", steps=7)
    trace = roomy.run()
    assert list(trace["letter"][0]) == ["h", "e", "l", "l", "o", "", ""]
    assert list(trace["target"][0]) == ["e", "l", "l", "o", "", "", ""]
    assert trace["x"][:, 5:].sum() == 0
    assert list(trace["predicted"][0, 5:]) == ["", ""]
    assert list(trace["right"][0, 4:]) == ["", "", ""]
    np.testing.assert_array_equal(trace["h"][:, :4], lesson.run()["h"])


def test_softmax_takes_scores_that_exp_would_not():
    model = Model("elman", {"Wxh": [[1.0, 1.0]], "Whh": 0.0, "Why": [[2000.0], [1000.0]]})
    p = rnnsheet.Lesson("steep", model, ("a", "b"), "ab").run()["p"]
    np.testing.assert_array_equal(p, [[1.0], [0.0]])


@given(st.lists(st.floats(-1e5, 1e5), min_size=2, max_size=6), st.data())
def test_the_loss_is_right_where_the_probability_is_too_small_for_a_number(scores, data):
    """The witness is softmax itself, in decimal numbers of sixty digits."""
    right = data.draw(st.integers(0, len(scores) - 1))
    y, goal = np.array(scores)[None, None], np.eye(len(scores))[None, [right]]
    said = output.probabilities({"Why": np.eye(len(scores))}, y)
    found = output.loss(said, goal, output.asked(goal))["loss_t"].item()
    with localcontext(prec=60):
        powers = [(Decimal(score) - Decimal(max(scores))).exp() for score in scores]
        expected = -(powers[right] / sum(powers)).ln()
    assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


def test_scores_a_thousand_apart_have_the_loss_of_pytorch_and_the_sheets_agree(tmp_path):
    """Source of the numbers: torch.nn.functional.cross_entropy in float64."""
    weights = {"Wxh": [[1.0, 0.0]], "Whh": 0.0, "Why": [[1000.0], [-1000.0]]}
    lesson = rnnsheet.Lesson("steep", Model("elman", weights), ("a", "b"), "aab", settings=SMALL)
    trace = engine.complete(lesson)
    assert trace["loss"].item() == pytest.approx(1523.188312, abs=1e-6)
    assert trace["dWxh"][0, 0] == pytest.approx(839.9486832, abs=1e-6)
    assert trace["check.central"].item() == pytest.approx(trace["check.gradient"].item(), rel=1e-6)
    assert rnnsheet.check(rnnsheet.export(lesson, tmp_path / "steep.xlsx")).ok


def test_numbers_that_overflow_are_reported_with_their_name_and_step():
    model = Model("elman", {"Wxh": [[1.0], [1.0]], "Whh": 0.5, "Why": [[1.7e308, 1.7e308]]})
    with pytest.raises(rnnsheet.LessonError, match="y at time step 1"):
        rnnsheet.Lesson("huge", model, ("a",), "aaa").run()


def test_frames_are_labelled_with_letters_units_and_time_steps():
    frames = hello().run().frames
    assert list(frames["p"].index) == ["h", "e", "l", "o"]
    assert list(frames["h"].index) == ["1", "2", "3"]
    assert list(frames["h"].columns) == [1, 2, 3, 4]
    assert frames["h"].columns.name == "time step"
    assert frames["p"].loc["h", 2] == pytest.approx(PUBLISHED["p", 2][0], abs=PUBLISHED_TOLERANCE)
