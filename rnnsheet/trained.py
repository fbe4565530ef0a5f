"""Trained networks as data: layers that another framework learned, their weights, what is read.

No arithmetic. Column vectors throughout, as in `model`; a weight matrix has the shape (out, in). A value is
either over the time steps of a line ("input" or "answer"), one column per step, or computed once, one column.

What the engine and the sheets call the values (those of a layer end with its name: `h_lstm1`):

- of a text, (1, room): `piece`, its words or letters, "" past the end; `number`, the token number of each, ""
  where it is left out; `count`, how many there were so far. Then (1, steps): `k`, the token number that is
  read; `mask`, 1 where the text has a token and 0 at padding; `token`, its text, "" at padding. Of numbers:
  `x`.
- on the line "answer": `k_answer`, the token number that is read, `start` first, then what was said before.
- embedding: `x`. Recurrent: as the equations of `equations.cells`: elman `xh hh z h`; lstm `zi i zf f zg g c
  zo o h`; gru `zr r zu u m zn n h`; gru-before `zr r zu u s zn n h`. Dense: `za`, `a` (`a` alone where
  linear; where softmax `y` the sums, `e` exp of each less the greatest, `p`). Activation: `a` (softmax: `e`,
  `p`). Attention: `score`, `e` (less the greatest of all steps; 0 at masked ones), `share`, each (1, steps),
  and `out`. All others: `out`. Where any other than a merge or `last` reads several results: also `both`,
  these below each other.
- where a text is masked, `h` and `c` at padding are those of the step before; all else is computed as usual.
- of a result that is more than numbers alone (`Trained.says_numbers`): `said`, the number (from 0) of the
  greatest row, or of one row 1 where it is at least 1/2; `confidence`, the greatest row, or of one row it
  where `said` is 1, else 1 less it; `says`, the label of `said`, on the line "answer" "" from `end` on, and
  `so_far`, all labels up to the step, with a blank between two unless all labels are single letters. Of more
  than `FEW` rows that are computed once also `top`, the greatest `TOP` in order, and `top_says`, of each the
  label of the first row that is equal, (TOP, 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.model import KINDS, Array

INPUT, ANSWER = "input", "answer"
"""What layers may read besides layers: what is typed, and what the network itself has just said."""

STATES = {cell: kind.states for cell, kind in KINDS.items() if kind.states}
"""Per recurrent kind its states, the hidden state h first."""

ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2", "softmax")
"""What a layer may do with its sums. `hard_sigmoid` is max(0, min(1, x/6 + 1/2)), as in Keras 3 and PyTorch;
in Keras 2, and in ONNX by default, it is max(0, min(1, x/5 + 1/2))."""

PROBABILITIES = ("sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
"""Activations that make of one sum what can be a probability; a softmax of one is always 1."""

FEW, TOP = 12, 10
"""So many rows of a result are all told at once; of more, so many."""

SIGNS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~“”–—…，。！？；：、（）\x01\t\n\xa0\u3000'
"""Signs that stand for a space where a text is split into words: those that the Tokenizer of Keras takes out,
and their like. An apostrophe stays in its word. LibreOffice makes U+0001 of a tab in a cell of several
lines."""

CURLY, STRAIGHT = "’", "'"
"""An apostrophe as some programs write it, which is read as the plain one where no token has it."""

LONGEST_TOKEN = 255
"""MATCH looks up no longer text in Excel."""

WEIGHTS = {
    "embedding": ("E",),
    "dense": ("Wa", "ba"),
    "attention": ("Wq",),
    **{cell: tuple(spec.name for spec in KINDS[cell].parameters) for cell in STATES},
}
"""Per kind, the names of its weights; of the recurrent ones as in `model.KINDS`."""

ELEMENTWISE = ("sum", "mean", "product")
"""Kinds whose result has as many rows as each of those that it reads, not as all together."""
MERGES = ("concat", *ELEMENTWISE)
LAYER_KINDS = (*WEIGHTS, "activation", "last", "flatten", "masked", *MERGES)


def is_capital(token: str) -> bool:
    """Whether a token is one letter that has a small one; of İ, programs differ in what that is."""
    return len(token) == len(token.lower()) == 1 and token != token.lower()


@dataclass(frozen=True)
class Text:
    """A text that is typed into one cell and read token by token.

    Number k, from 0, stands for the token `tokens[k]`; "" for a number that no text has, such as that
    of the padding. The text is split into `unit`s: "letters", or "words", which blanks and `SIGNS` part.
    """

    unit: str
    tokens: tuple[str, ...]
    steps: int
    sample: str = ""
    """What stands in the cell."""
    forms: Mapping[str, int] = field(default_factory=dict)
    """Texts that are read as a token with another text, and its number: "loved" as "love"."""
    padding: str = "before"
    """Where the time steps that the text does not fill are: "before" (a longer text loses its beginning,
    as `pad_sequences` of Keras does by default) or "after" (it loses its end)."""
    pad: int = 0
    """The number that is read there."""
    unknown: int | None = None
    """The number of a token that is not in the vocabulary; None leaves such tokens out."""
    begin: int | None = None
    """The number of what is put before the first token, if anything is; `count` does not count it."""
    end: int | None = None
    """The number of what is put behind the last token, if anything is; `count` does not count it."""
    masked: bool = False
    """At padding the states of recurrent layers stay as they are."""

    @property
    def numbers(self) -> dict[str, int]:
        """The number of every text that is in the vocabulary; of one that is there twice, the first."""
        entries = [*((token, number) for number, token in enumerate(self.tokens)), *self.forms.items()]
        return {text: number for text, number in reversed(entries) if text}

    @property
    def lower(self) -> bool:
        """Whether what is typed is put into small letters: words are; letters, if no token is a capital."""
        return self.unit == "words" or not any(map(is_capital, self.tokens))

    @property
    def room(self) -> int:
        """How many words or letters are looked at: of a longer text the last, or padded "after" the first."""
        return max(2 * self.steps, 64)

    def looked_at(self, pieces: Sequence[str]) -> Sequence[str]:
        """Of all words or letters of a text those for which there is room."""
        return pieces[-self.room :] if self.padding == "before" else pieces[: self.room]


@dataclass(frozen=True)
class Numbers:
    """Numbers that are typed, (features, steps)."""

    sample: Array

    @property
    def steps(self) -> int:
        return int(self.sample.shape[1])


@dataclass(frozen=True)
class Answer:
    """Tokens that the network says one by one; each is read at the next step, number `start` first.

    It ends with number `end`, or after `steps`.
    """

    start: int
    end: int
    steps: int


@dataclass(frozen=True)
class TrainedLayer:
    """One layer.

    Per kind, with r what it reads (several results below each other, where it reads several layers):

    - embedding: column r of Eᵀ; `E` has a row for each token. It reads INPUT (token numbers) or ANSWER.
    - elman, lstm, gru, gru-before: as in `model.KINDS`, but with `activation` for tanh and
      `gate_activation` for the sigmoid; over time. `reverse` reads from the end of the line. `starts`
      names the layer whose last state is this one's first, else zeros.
    - dense: activation(Wa·r + ba), at each step, or once where r is computed once.
    - activation: activation(r).
    - last: r at the last step that a layer computes, which for a reverse one is the first.
    - flatten: the columns of r below each other, step by step.
    - masked: r, but 0 at padding where a text is masked.
    - concat, sum, mean, product: of the results of the layers that it reads, number by number.
    - attention: s_t = Wq·r_t (Wq has one row), a = softmax of s over time, the sum over time of a_t·r_t.
      At masked steps a is 0.
    """

    name: str
    """What the names of its values end with: letters and digits, a letter first."""
    kind: str
    reads: tuple[str, ...] = (INPUT,)
    weights: Mapping[str, Array] = field(default_factory=dict)
    activation: str = ""
    gate_activation: str = ""
    reverse: bool = False
    starts: str = ""
    source: str = ""
    """What the framework calls it, for messages and captions."""

    @property
    def parameters(self) -> int:
        """How many numbers its weights are."""
        return sum(array.size for array in self.weights.values())


@dataclass(frozen=True)
class Trained:
    """A trained network, checked: its input, its layers in the order in which they are computed.

    The last layer's result is what the network says, of which the greatest row counts. `labels` name its
    rows, or of one probability what it says below and from 1/2 on; () numbers them from 0. Numbers that are
    no probabilities and have no labels stand for themselves; one alone can have none. `precision` is the
    float type in which the framework computes it. Raises ModelError, with the layer, where something does not
    fit.
    """

    name: str
    read: Text | Numbers
    layers: tuple[TrainedLayer, ...]
    labels: tuple[str, ...] = ()
    answer: Answer | None = None
    precision: str = "float32"
    source: str = ""
    """The file and the framework that it is from."""

    def __post_init__(self) -> None:
        _check(self)

    def __iter__(self) -> Iterator[TrainedLayer]:
        return iter(self.layers)

    @property
    def result(self) -> TrainedLayer:
        """The layer that says."""
        return self.layers[-1]

    @property
    def lines(self) -> dict[str, int]:
        """The number of time steps of each line."""
        return {INPUT: self.read.steps, **({ANSWER: self.answer.steps} if self.answer else {})}

    @property
    def sizes(self) -> dict[str, int]:
        """How many `layers` and `weights` it has, and how many time `steps` it reads."""
        weights = sum(layer.parameters for layer in self.layers)
        return {"layers": len(self.layers), "weights": weights, "steps": self.read.steps}

    @property
    def says_numbers(self) -> bool:
        """Whether the result is numbers that stand for themselves, not for what is likely."""
        return not (self.answer or self.labels or self.gives_probabilities(self.result.name))

    def gives_probabilities(self, name: str) -> bool:
        """Whether the rows of a result are probabilities; a softmax of one row is always 1, and is none."""
        if name in (INPUT, ANSWER):
            return False
        layer = self.layer(name)
        if layer.kind in ("last", "mean"):
            return all(map(self.gives_probabilities, layer.reads))
        return layer.activation in PROBABILITIES or (layer.activation == "softmax" and self.size(name) > 1)

    @property
    def ranks(self) -> bool:
        """Whether the greatest rows of the result are told in order."""
        return not self.line(self.result.name) and self.size(self.result.name) > FEW

    @property
    def speaks_letters(self) -> bool:
        """Whether each label is one letter."""
        return all(len(label) == 1 for label in self.labels)

    def layer(self, name: str) -> TrainedLayer:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)

    def line(self, name: str) -> str:
        """Along what a layer's result, or an input, lies: INPUT, ANSWER, or "" where it is computed once."""
        if name in (INPUT, ANSWER):
            return name
        layer = self.layer(name)
        if layer.kind in ("last", "flatten", "attention"):
            return ""
        return next((line for read in layer.reads if (line := self.line(read))), "")

    def size(self, name: str) -> int:
        """The number of rows of a layer's result, or of an input."""
        if name in (INPUT, ANSWER):
            return self.read.sample.shape[0] if isinstance(self.read, Numbers) and name == INPUT else 1
        layer = self.layer(name)
        sizes = [self.size(read) for read in layer.reads]
        if layer.kind == "embedding":
            return int(layer.weights["E"].shape[1])
        if layer.kind in STATES or layer.kind == "dense":
            return int(layer.weights[WEIGHTS[layer.kind][0]].shape[0])
        if layer.kind == "flatten":
            return sizes[0] * self.lines.get(self.line(layer.reads[0]), 1)
        return sizes[0] if layer.kind in ELEMENTWISE else sum(sizes)


_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def _check(network: Trained) -> None:
    _check_texts(network)
    known: list[str] = [INPUT, *([ANSWER] if network.answer else [])]
    if not network.layers:
        raise ModelError("no_layers")
    for layer in network.layers:
        told = layer.source or layer.name
        # Programs take the names of blocks for the same that differ in capitals alone.
        if not _NAME.fullmatch(layer.name) or layer.name.lower() in map(str.lower, known):
            raise ModelError("bad_layer", layer=told, reason=repr(layer.name))
        if layer.kind not in LAYER_KINDS:
            raise ModelError("unsupported_layer", layer=told, kind=layer.kind)
        for read in (*layer.reads, *([layer.starts] if layer.starts else [])):
            if read not in known:
                raise ModelError("bad_layer", layer=told, reason=repr(read))
        for activation in (layer.activation, layer.gate_activation):
            if activation and activation not in ACTIVATIONS:
                raise ModelError("unsupported_activation", layer=told, activation=activation)
        if "softmax" in (layer.activation, layer.gate_activation) and layer.kind in STATES:
            raise ModelError("unsupported_activation", layer=told, activation="softmax")
        known.append(layer.name)
        object.__setattr__(layer, "weights", _weights(network, layer, told))
    result = network.result.name
    alone = network.size(result) == 1 and not network.answer
    if network.labels and alone and not network.gives_probabilities(result):
        told = network.result.source or network.result.name
        raise ModelError("labels_of_number", layer=told)
    expected = max(2, network.size(result))
    if network.labels and len(network.labels) != expected:
        raise ModelError("wrong_labels", got=len(network.labels), expected=expected)
    if "" in network.labels:
        raise ModelError("blank_label", number=network.labels.index(""))


def _check_texts(network: Trained) -> None:
    """Raises ModelError where a text is longer than what spreadsheets look up, or no cell can hold it."""
    read = network.read
    tokens = (*read.tokens, *read.forms) if isinstance(read, Text) else ()
    sample = read.sample if isinstance(read, Text) else ""
    for text in (sample, *tokens, *network.labels):
        if found := _NO_TEXT.search(text):
            raise ModelError("no_text", given=repr(text)[:50], sign=f"U+{ord(found[0]):04X}")
    for key, texts in (("token_too_long", tokens), ("label_too_long", network.labels)):
        for number, text in enumerate(texts):
            if len(text) > LONGEST_TOKEN:
                raise ModelError(key, number=number, got=len(text), most=LONGEST_TOKEN)


def _weights(network: Trained, layer: TrainedLayer, told: str) -> Mapping[str, Array]:
    """The layer's weights as read-only float64 arrays of two dimensions and of the right shapes."""
    expected = _shapes(network, layer)
    fitted: dict[str, Array] = {}
    for name, given in layer.weights.items():
        if name not in expected:
            raise ModelError("bad_layer", layer=told, reason=name)
        array = np.atleast_2d(np.asarray(given, dtype=np.float64))
        if 1 in expected[name] and array.size == expected[name][0] * expected[name][1]:
            array = array.reshape(expected[name])
        if array.shape != expected[name]:
            raise ModelError(
                "wrong_weights",
                layer=told,
                name=name,
                got=_shape(array.shape),
                expected=_shape(expected[name]),
            )
        if not np.isfinite(array).all():
            row, col = np.argwhere(~np.isfinite(array))[0] + 1
            raise ModelError("weights_not_finite", layer=told, name=name, row=row, col=col)
        array = array.copy()
        array.flags.writeable = False
        fitted[name] = array
    for name in expected:
        if name not in fitted and name.startswith(("W", "E")) and not name.startswith("Wc"):
            raise ModelError("missing_weights", layer=told, name=name)
    # One order for all, wherever they come from: the workbook has them in it.
    return MappingProxyType({name: fitted[name] for name in expected if name in fitted})


def _shapes(network: Trained, layer: TrainedLayer) -> dict[str, tuple[int, int]]:
    """The shape that each of a layer's weights must have; the first one's rows are the layer's units."""
    read = sum(network.size(each) for each in layer.reads)
    if layer.kind == "embedding":
        return {"E": np.atleast_2d(layer.weights.get("E", np.zeros((1, 1)))).shape[:2]}
    if layer.kind == "attention":
        return {"Wq": (1, read)}
    if layer.kind not in WEIGHTS:
        return {}
    first = layer.weights.get(WEIGHTS[layer.kind][0])
    units = 1 if first is None else len(np.atleast_2d(first))
    sizes = {"hidden": units, "input": read, "one": 1}
    return {spec.name: (sizes[spec.rows], sizes[spec.cols]) for spec in KINDS[layer.kind].parameters}


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
