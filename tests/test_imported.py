"""The engine for trained networks against plain loops and properties; frameworks judge it elsewhere."""

import math
import string
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsheet.engine import imported
from rnnsheet.errors import ModelError
from rnnsheet.importers.network_input import never_typed
from rnnsheet.importers.vocabulary import is_special
from rnnsheet.network.imported import (
    ACTIVATIONS,
    ANSWER,
    INPUT,
    Answer,
    ImportedLayer,
    ImportedNetwork,
    Numbers,
    Text,
)
from rnnsheet.network.reading import SIGNS
from tests.imported_networks import texts

WORDS = ("<pad>", "<unk>", "good", "bad", "film", "isn't")


def reading(text: Text, typed: str):
    """The trace of a network that only looks tokens up."""
    rows = np.arange(2.0 * len(text.tokens)).reshape(-1, 2)
    return imported.run(
        ImportedNetwork("look", text, (ImportedLayer("embedding", "e", weights={"E": rows}),)), typed
    )


def row(trace, name: str) -> list:
    return trace[name][0].tolist()


def test_words_are_read_whatever_their_capitals_signs_and_blanks():
    text = Text("words", WORDS, steps=6, unknown=1)
    trace = reading(text, "  GOOD film--isn't (bad)   Wow!")
    assert row(trace, "piece")[:6] == ["good", "film", "isn't", "bad", "wow", ""]
    assert row(trace, "number")[:6] == [2, 4, 5, 3, 1, ""]
    assert row(trace, "count")[:7] == [1, 2, 3, 4, 5, 5, 5]
    assert row(trace, "k") == [0, 2, 4, 5, 3, 1]
    assert row(trace, "mask") == [0, 1, 1, 1, 1, 1]
    assert row(trace, "token") == ["", "good", "film", "isn't", "bad", "<unk>"]
    assert trace["x_e"].T.tolist() == [[2.0 * k, 2.0 * k + 1] for k in row(trace, "k")]


@given(texts())
def test_the_tokens_that_are_told_as_never_typed_are_those_that_no_text_is_read_as(text):
    text = replace(text, begin=None, end=None, forms={}, steps=3)
    special = {text.pad, text.unknown}
    readable = [
        token
        for number, token in enumerate(text.tokens)
        if number not in special and token and not is_special(token)
    ]
    found = [token for token in readable if token not in row(reading(text, token), "token")]
    assert never_typed(text) == found


def test_a_longer_text_loses_its_beginning_or_its_end():
    for padding, k in (("before", [4, 2]), ("after", [3, 4])):
        text = Text("words", WORDS, 2, padding=padding)
        for typed in ("bad film good", "bad film" + " film" * 200 + " film good"):
            assert row(reading(text, typed), "k") == k


def test_words_that_are_not_in_the_vocabulary_are_left_out():
    trace = reading(Text("words", WORDS, 3, padding="after"), "good unheard bad")
    assert row(trace, "number")[:3] == [2, "", 3]
    assert row(trace, "count")[:3] == [1, 1, 2]
    assert row(trace, "k") == [2, 3, 0]


def test_what_begins_and_ends_a_text_is_put_around_it():
    text = Text("letters", ("<s>", "</s>", "a", "b"), 5, padding="after", pad=3, begin=0, end=1)
    assert row(reading(text, "ab"), "k") == [0, 2, 3, 1, 3]
    assert row(reading(text, "ab"), "mask") == [1, 1, 1, 1, 0]
    assert row(reading(text, "abab"), "k") == [0, 2, 3, 2, 3]
    before = Text("letters", ("<s>", "</s>", "a", "b"), 3, begin=0, end=1)
    assert row(reading(before, "ab"), "k") == [2, 3, 1]


def test_letters_keep_their_capitals_where_a_token_is_one():
    assert row(reading(Text("letters", ("<PAD>", "a", "b"), 2), "AB"), "k") == [1, 2]
    assert row(reading(Text("letters", ("<PAD>", "a", "A"), 2), "aA"), "k") == [1, 2]


def test_word_forms_are_read_as_their_lemma():
    assert row(reading(Text("words", WORDS, 2, forms={"films": 4}), "films film"), "k") == [4, 4]


def test_a_curly_apostrophe_is_a_plain_one_unless_a_token_has_it():
    read = Text("words", (*WORDS, "aren’t", "aren't"), 3)
    assert row(reading(read, "isn’t aren’t aren't"), "k") == [5, 6, 7]
    assert row(reading(Text("letters", ("", "a", "'"), 2), "a’"), "k") == [1, 2]


@given(st.text(st.sampled_from(string.ascii_letters + SIGNS + " '"), max_size=300))
def test_every_sign_parts_words(typed):
    pieces = [piece for piece in row(reading(Text("words", WORDS, 3), typed), "piece") if piece]
    spaced = "".join(" " if sign in SIGNS else sign for sign in typed)
    assert pieces == spaced.lower().split()[:64]


def weights(random, shapes: dict[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


def gated(random, gates: str, more: str = "") -> dict[str, np.ndarray]:
    """Weights of a layer of 3 units that reads 2 numbers."""
    shapes = {
        f"{base}{gate}": shape
        for gate in gates
        for base, shape in (("Wx", (3, 2)), ("Wh", (3, 3)), ("b", (3, 1)))
    }
    return weights(random, {**shapes, **({more: (3, 1)} if more else {})})


PLAIN = {
    "linear": lambda z: z,
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "hard_sigmoid": lambda z: max(0.0, min(1.0, z / 6 + 0.5)),
    "hard_sigmoid_keras2": lambda z: max(0.0, min(1.0, 0.2 * z + 0.5)),
}
"""Activations of one number."""


def by_loops(kind: str, w, x, mask, activation, gate, reverse: bool):
    """The hidden states, number by number, from the formulas of the manuals."""
    h, c, units = [0.0] * 3, [0.0] * 3, range(3)
    steps = range(x.shape[1])
    found = [None] * len(steps)
    for t in reversed(steps) if reverse else steps:

        def z(name, hidden, i, t=t):
            into = sum(w[f"Wx{name}"][i][j] * x[j][t] for j in range(2))
            return into + sum(w[f"Wh{name}"][i][j] * hidden[j] for j in units) + w[f"b{name}"][i][0]

        new_c = c
        if kind == "elman":
            new = [activation(z("h", h, i)) for i in units]
        elif kind == "lstm":
            g = {name: [z(name, h, i) for i in units] for name in "ifgo"}
            new_c = [gate(g["f"][i]) * c[i] + gate(g["i"][i]) * activation(g["g"][i]) for i in units]
            new = [gate(g["o"][i]) * activation(new_c[i]) for i in units]
        else:
            r, u = ([gate(z(name, h, i)) for i in units] for name in "ru")
            if kind == "gru":
                inner = [sum(w["Whn"][i][j] * h[j] for j in units) + w["bm"][i][0] for i in units]
                n = [
                    activation(
                        sum(w["Wxn"][i][j] * x[j][t] for j in range(2)) + w["bn"][i][0] + r[i] * inner[i]
                    )
                    for i in units
                ]
            else:
                n = [activation(z("n", [r[j] * h[j] for j in units], i)) for i in units]
            new = [(1 - u[i]) * n[i] + u[i] * h[i] for i in units]
        if mask[t]:
            h, c = new, new_c
        found[t] = h
    return np.array(found).T


CELLS = {"elman": ("h", ""), "lstm": ("ifgo", ""), "gru": ("run", "bm"), "gru-before": ("run", "")}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
@pytest.mark.parametrize("kind", CELLS)
def test_a_masked_layer_agrees_with_plain_loops(kind, activation, reverse):
    random = np.random.default_rng(4)
    gate = "" if kind == "elman" else random.choice(["sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"])
    own = gated(random, *CELLS[kind])
    table = random.normal(size=(6, 2))
    layers = (
        ImportedLayer("embedding", "e", weights={"E": table}),
        ImportedLayer(
            kind, "r", ("e",), weights=own, activation=activation, gate_activation=gate, reverse=reverse
        ),
    )
    for padding in ("before", "after"):
        text = Text("words", WORDS, 6, padding=padding, unknown=1, masked=True)
        trace = imported.run(ImportedNetwork("plain", text, layers), "bad film was good")
        x, mask = trace["x_e"], row(trace, "mask")
        loops = by_loops(kind, own, x, mask, PLAIN[activation], PLAIN.get(gate), reverse)
        np.testing.assert_allclose(trace["h_r"], loops, rtol=1e-12, atol=1e-12)


def test_masked_before_or_after_a_text_ends_in_the_same_state():
    random = np.random.default_rng(7)
    ends = []
    for padding, steps in (("before", 9), ("after", 9), ("after", 3)):
        random = np.random.default_rng(7)
        layers = (
            ImportedLayer("embedding", "e", weights={"E": random.normal(size=(6, 2))}),
            ImportedLayer(
                "lstm",
                "there",
                ("e",),
                weights=gated(random, "ifgo"),
                activation="tanh",
                gate_activation="sigmoid",
            ),
            ImportedLayer(
                "gru",
                "back",
                ("e",),
                weights=gated(random, "run", "bm"),
                activation="tanh",
                gate_activation="sigmoid",
                reverse=True,
            ),
            ImportedLayer("last", "t", ("there",)),
            ImportedLayer("last", "b", ("back",)),
            ImportedLayer("attention", "share", ("there",), weights={"Wq": random.normal(size=(1, 3))}),
            ImportedLayer("concat", "all", ("t", "b", "share")),
        )
        text = Text("words", WORDS, steps, padding=padding, masked=True)
        ends.append(imported.run(ImportedNetwork("ends", text, layers), "good bad film")["out_all"])
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-14)
    np.testing.assert_allclose(ends[2], ends[0], rtol=1e-14)


def test_layers_without_memory_and_what_joins_them():
    x = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, 2.0]])
    layers = (
        ImportedLayer(
            "dense",
            "d",
            (INPUT,),
            weights={"Wa": [[1.0, 2.0], [0.0, -1.0]], "ba": [0.5, 0.0]},
            activation="relu",
        ),
        ImportedLayer("activation", "s", ("d",), activation="softmax"),
        ImportedLayer("add", "plus", ("d", "s", INPUT)),
        ImportedLayer("mean", "mid", ("d", INPUT)),
        ImportedLayer("product", "times", ("d", INPUT)),
        ImportedLayer("concat", "below", ("d", INPUT)),
        ImportedLayer("flatten", "flat", ("below",)),
        ImportedLayer("attention", "a", (INPUT,), weights={"Wq": [[1.0, -1.0]]}),
        ImportedLayer("last", "end", ("mid",)),
        ImportedLayer("concat", "both", ("end", "d")),
        ImportedLayer("dense", "p", ("both",), weights={"Wa": np.ones((2, 4))}, activation="softmax"),
    )
    trace = imported.run(ImportedNetwork("plain", Numbers(x), layers, ("no", "yes")), x)
    d = np.maximum([[1 + 1 + 0.5, -2 + 0.5, 3 + 4 + 0.5], [-0.5, 0.0, -2.0]], 0)
    s = np.exp(d) / np.exp(d).sum(axis=0)
    shares = np.exp(x[0] - x[1]) / np.exp(x[0] - x[1]).sum()
    expected = {
        "x": x,
        "a_d": d,
        "p_s": s,
        "out_plus": d + s + x,
        "out_mid": (d + x) / 2,
        "out_times": d * x,
        "out_flat": np.concatenate([d, x]).T.reshape(-1, 1),
        "share_a": shares[None],
        "out_a": x @ shares[:, None],
        "out_end": (d + x)[:, 2:] / 2,
        "out_both": np.concatenate([np.repeat((d + x)[:, 2:] / 2, 3, axis=1), d]),
        "p_p": np.full((2, 3), 0.5),
    }
    for name, array in expected.items():
        np.testing.assert_allclose(trace[name], array, rtol=1e-13, atol=1e-13, err_msg=name)
    assert row(trace, "says") == ["no"] * 3
    assert list(trace.frame("p_p").index) == ["no", "yes"]


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "", "softmax"])
def test_one_number_that_is_no_probability_stands_for_itself(activation):
    layer = ImportedLayer("dense", "a", weights={"Wa": np.full((1, 1), 3.0)}, activation=activation)
    network = ImportedNetwork("size", Numbers(np.full((1, 2), 0.5)), (layer,))
    trace = imported.run(network, network.read.sample)
    assert {"said", "says", "confidence"}.isdisjoint(trace.arrays)
    with pytest.raises(ModelError, match="layer a gives one number that is no probability"):
        replace(network, labels=("low", "high"))


@pytest.mark.parametrize(("activation", "says"), [("linear", []), ("relu", []), ("softmax", ["1"])])
def test_several_numbers_mean_what_is_likely_if_they_are_shares_or_have_labels(activation, says):
    weights = {"Wa": np.array([[1.0], [3.0], [2.0]])}
    layers = (
        ImportedLayer("dense", "a", weights=weights, activation=activation),
        ImportedLayer("last", "end", ("a",)),
    )
    network = ImportedNetwork("size", Numbers(np.full((1, 2), 0.5)), layers)
    trace = imported.run(network, network.read.sample)
    assert (row(trace, "says") if "says" in trace.arrays else []) == says
    labelled = replace(network, labels=("low", "high", "middle"))
    assert row(imported.run(labelled, network.read.sample), "says") == ["high"]


def test_one_number_says_which_of_two_labels():
    layer = ImportedLayer("dense", "d", (INPUT,), weights={"Wa": [[1.0]]}, activation="sigmoid")
    trace = imported.run(
        ImportedNetwork("one", Numbers(np.zeros((1, 3))), (layer,), ("bad", "good")), [[-1.0, 0.0, 1.0]]
    )
    assert row(trace, "says") == ["bad", "good", "good"]


def test_an_answer_reads_what_was_said_and_ends():
    """It says the token after the one that it reads, from the text's first one on, and ends with the last."""
    count = 5
    follows = np.roll(np.eye(count), 1, axis=0)
    layers = (
        ImportedLayer("embedding", "e", weights={"E": np.eye(count)}),
        ImportedLayer(
            "elman",
            "first",
            ("e",),
            weights={"Wxh": 9 * np.eye(count), "Whh": np.eye(count)},
            activation="tanh",
        ),
        ImportedLayer("embedding", "said", (ANSWER,), weights={"E": follows.T}),
        ImportedLayer(
            "elman",
            "d",
            ("said",),
            weights={"Wxh": np.eye(count), "Whh": np.zeros((count, count))},
            activation="linear",
            starts="first",
        ),
    )
    text = Text("letters", tuple("abcde"), 3, padding="after", masked=True)
    trace = imported.run(ImportedNetwork("next", text, layers, tuple("abcde"), Answer(1, 4, 6)), "ab")
    assert row(trace, "k_answer") == [1, 2, 3, 4, 0, 1]
    assert row(trace, "said") == [2, 3, 4, 0, 1, 2]
    assert row(trace, "says") == ["c", "d", "", "", "", ""]


def test_an_answer_s_states_start_from_the_text_s():
    random = np.random.default_rng(2)
    own = gated(random, "ifgo")
    layers = (
        ImportedLayer("embedding", "e", weights={"E": random.normal(size=(6, 2))}),
        ImportedLayer(
            "lstm",
            "enc",
            ("e",),
            weights=gated(random, "ifgo"),
            activation="tanh",
            gate_activation="sigmoid",
            reverse=True,
        ),
        ImportedLayer("embedding", "said", (ANSWER,), weights={"E": random.normal(size=(3, 2))}),
        ImportedLayer(
            "lstm", "dec", ("said",), weights=own, activation="tanh", gate_activation="sigmoid", starts="enc"
        ),
    )
    network = ImportedNetwork(
        "s2s", Text("words", WORDS, 2, masked=True), layers, ("a", "b", "c"), Answer(0, 2, 4)
    )
    trace = imported.run(network, "bad film")
    z = {
        gate: own[f"Wx{gate}"] @ trace["x_said"][:, :1]
        + own[f"Wh{gate}"] @ trace["h_enc"][:, :1]
        + own[f"b{gate}"]
        for gate in "ifgo"
    }
    sigmoid = PLAIN["sigmoid"]
    c = [
        sigmoid(f) * was + sigmoid(i) * math.tanh(g)
        for f, was, i, g in zip(z["f"][:, 0], trace["c_enc"][:, 0], z["i"][:, 0], z["g"][:, 0], strict=True)
    ]
    np.testing.assert_allclose(trace["c_dec"][:, 0], c, rtol=1e-13)


def test_roundings_cover_what_another_order_of_sums_gives():
    random = np.random.default_rng(1)
    own = gated(random, "ifgo")
    layers = (
        ImportedLayer("lstm", "r", (INPUT,), weights=own, activation="tanh", gate_activation="sigmoid"),
        ImportedLayer("dense", "d", ("r",), weights={"Wa": random.normal(size=(2, 3))}, activation="softmax"),
    )
    x = random.normal(size=(2, 8))
    network = ImportedNetwork("r", Numbers(x), layers)
    slack, trace = imported.roundings(network, x), imported.run(network, x)
    loops = by_loops("lstm", own, x, [1] * 8, math.tanh, PLAIN["sigmoid"], False)
    assert (np.abs(loops - trace["h_r"]) <= slack["h_r"] + 1e-16).all()
    assert slack["h_r"].max() < 1e-12
    assert slack.keys() == {name for name, array in trace.arrays.items() if array.dtype == np.float64}


def test_bad_numbers_are_told():
    layer = ImportedLayer("dense", "d", (INPUT,), weights={"Wa": [[1e100, 1e100]]}, activation="linear")
    network = ImportedNetwork("big", Numbers(np.zeros((2, 1))), (layer,), source="big.npz")
    with pytest.raises(ModelError, match=r"big.npz: .*1×1; expected 2×1"):
        imported.run(network, [[1.0]])
    with pytest.raises(ModelError, match=r"big.npz: a_d at time step 1"):
        imported.run(network, [[1e208], [1e208]])
