"""What is no trained network is told in one line, with the layer; what is one, its engine can run."""

from dataclasses import replace

import numpy as np
import pytest

from rnnsheet.engine import imported
from rnnsheet.errors import ModelError
from rnnsheet.importers.draft import Draft
from rnnsheet.network import KINDS
from rnnsheet.network.imported import (
    ANSWER,
    INPUT,
    LAYER_KINDS,
    Answer,
    ImportedLayer,
    ImportedNetwork,
    Numbers,
    Text,
)
from tests.imported_networks import recurrent

CELLS = ("elman", "lstm", "gru", "gru-before")
NUMBERS = Numbers(np.ones((2, 3)))
TEXT = Text("words", ("", "a", "b"), 3)
ANSWERED = Answer(0, 1, 4)
EMBEDDED = ImportedLayer("embedding", "emb", weights={"E": np.ones((3, 2))})
SAID = ImportedLayer("embedding", "said", (ANSWER,), weights={"E": np.ones((2, 2))})
RNN = ImportedLayer("elman", "rnn", weights=recurrent("h", 2, 2))
RNN_OF_WORDS = replace(RNN, reads=("emb",))


def dense(name: str, reads: str, units: int, size: int, **more) -> ImportedLayer:
    return ImportedLayer("dense", name, (reads,), weights={"Wa": np.ones((units, size))}, **more)


def refused(layers, told: str, read=NUMBERS, answer=None) -> None:
    with pytest.raises(ModelError) as caught:
        ImportedNetwork("bad", read, tuple(layers), answer=answer)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (replace(RNN, name="bad", starts="wide"), "bad, of 2 units, starts from wide, which has 3"),
        (replace(RNN, name="bad", starts="next"), "layer bad: 'next'"),
        (replace(RNN, name="bad", reads=("end",)), "elman reads time steps, but end is computed once"),
        (replace(RNN, name="bad", activation="softmax"), "the activation softmax"),
        (replace(RNN, name="bad", gate_activation="relu"), "kind elman has no gate_activation"),
        (ImportedLayer("activation", "bad"), "layer bad: activation is missing; expected one of: linear"),
        (ImportedLayer("last", "bad", reverse=True), "kind last has no reverse"),
        (ImportedLayer("concat", "bad", (INPUT, "wide"), activation="relu"), "kind concat has no activation"),
        (dense("bad", INPUT, 2, 2, starts="rnn"), "kind dense has no starts"),
        (ImportedLayer("last", "bad", ("end",)), "kind last reads time steps, but end is computed once"),
        (ImportedLayer("masked", "bad", ("end",)), "kind masked reads time steps, but end is computed once"),
        (ImportedLayer("add", "bad", ("rnn", "wide")), "expected equal ones, got rnn (2), wide (3)"),
        (ImportedLayer("mean", "bad", ("wide", "rnn")), "expected equal ones, got wide (3), rnn (2)"),
        (ImportedLayer("product", "bad", ("one", "rnn")), "expected equal ones, got one (1), rnn (2)"),
        (ImportedLayer("add", "bad", ()), "layer bad reads nothing"),
        (ImportedLayer("add", "bad"), "layer bad: a layer of the kind add puts several results together"),
        (replace(EMBEDDED, name="bad"), "layer bad: an embedding reads"),
        (ImportedLayer("dense", "bad", (ANSWER,)), "layer bad reads the answer, but there is none"),
        (ImportedLayer("gru", "bad"), "layer bad: weights are missing: Wxr, Whr"),
    ],
)
def test_a_layer_that_cannot_be_is_told(layer, told):
    before = (
        RNN,
        ImportedLayer("last", "end", ("rnn",)),
        dense("wide", INPUT, 3, 2),
        dense("one", INPUT, 1, 2),
    )
    refused((*before, layer), told)


@pytest.mark.parametrize("name", ["RNN", "Rnn", "INPUT", "Answer"])
def test_names_that_differ_in_capitals_only_are_the_same(name):
    """They are in a workbook, where both would be one defined name."""
    refused(
        (EMBEDDED, SAID, RNN_OF_WORDS, ImportedLayer("last", name, ("rnn",))),
        f"layer {name}: '{name}'",
        TEXT,
        ANSWERED,
    )


def test_an_embedding_reads_one_line_of_tokens():
    refused((EMBEDDED, replace(EMBEDDED, name="bad", reads=("emb",))), "embedding reads", TEXT)
    refused((replace(EMBEDDED, reads=(INPUT, INPUT)),), "not input, input", TEXT)
    refused((replace(EMBEDDED, weights={"E": np.ones((2, 2))}),), "has 2 rows; expected 3", TEXT)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([SAID, ImportedLayer("last", "bad", ("said",))], "layer bad would read all of the answer"),
        ([SAID, ImportedLayer("flatten", "bad", ("said",))], "layer bad would read all of the answer"),
        ([SAID, replace(RNN, name="bad", reads=("said",), reverse=True)], "layer bad would read all"),
        (
            [
                SAID,
                replace(RNN, reads=("said",)),
                replace(RNN, name="bad", reads=("emb",), starts="rnn"),
                replace(SAID, name="end"),
            ],
            "layer bad would read all of the answer",
        ),
        ([SAID, ImportedLayer("concat", "bad", ("said", "emb"))], "layer bad reads the text, step by step,"),
        ([], "the last layer, emb, does not say the answer"),
        ([replace(SAID, weights={"E": np.ones((5, 2))})], "layer said: E has 5 rows; expected 2"),
    ],
)
def test_an_answer_is_said_step_by_step(layers, told):
    refused((EMBEDDED, *layers), told, TEXT, ANSWERED)


@pytest.mark.parametrize("answer", [Answer(2, 1, 4), Answer(0, -1, 4)])
def test_an_answer_s_tokens_are_among_those_it_can_say(answer):
    refused((EMBEDDED, SAID), "answer", TEXT, answer)


@pytest.mark.parametrize("field", ["pad", "unknown", "begin", "end"])
def test_the_numbers_of_a_text_are_those_of_tokens(field):
    refused((EMBEDDED,), field, replace(TEXT, **{field: 3}))


READS = [(INPUT,), ("rnn",), ("end",), ("end", "rnn"), ("flat", "rnn")]


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("kind", sorted(LAYER_KINDS))
def test_a_network_that_is_taken_can_be_run(kind, reads):
    """Every kind over time steps, over what is computed once, and over both."""
    sizes = {INPUT: 2, "rnn": 2, "end": 2, "flat": 6}
    size = sum(sizes[name] for name in reads)
    own = {
        "embedding": {"E": np.ones((3, 2))},
        "dense": {"Wa": np.ones((2, size))},
        "attention": {"Wq": np.ones((1, size))},
        **{
            cell: recurrent(gates, 2, size)
            for cell, gates in zip(CELLS, ("h", "ifgo", "run", "run"), strict=True)
        },
    }
    activation = "tanh" if kind == "activation" else ""
    layers = (
        RNN,
        ImportedLayer("last", "end", ("rnn",)),
        ImportedLayer("flatten", "flat", ("rnn",)),
        ImportedLayer(
            kind,
            "it",
            reads,
            weights=own.get(kind, {}) if KINDS[kind].parameters else {},
            activation=activation,
        ),
    )
    try:
        network = ImportedNetwork("any", NUMBERS, layers)
    except ModelError as error:
        assert error.values["layer"] == "it"
        return
    trace = imported.run(network, NUMBERS.sample)
    name = f"{'a' if kind in ('dense', 'activation') else 'h' if kind in CELLS else 'out'}_it"
    assert trace[name].shape[0] == network.size("it")


def test_results_that_meet_again_and_again_are_followed_once():
    """As where blocks are added to what they read: of the paths through 200 of them no end would be seen."""
    end = ImportedLayer("last", "end", ("rnn",))
    for first in ("rnn", "end"):
        layers, draft = [RNN, end, dense("m0", first, 2, 2, activation="sigmoid")], Draft("a test")
        for layer in layers:
            draft.add(layer.kind, layer.reads, layer.name, weights=layer.weights)
        for number in range(200):
            layers.append(ImportedLayer("mean", f"m{number + 1}", (f"m{number}", f"m{number}")))
            draft.add("mean", layers[-1].reads, layers[-1].name)
        network = ImportedNetwork("deep", NUMBERS, tuple(layers))
        assert network.size("m200") == draft.size("m200") == 2
        assert (network.sequence("m200") == "") == draft.once("m200") == (first == "end")
        assert network.gives_probabilities("m200")
        assert draft._facts["m200"].stays
