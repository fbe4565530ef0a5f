"""A trained network as named equations: what is read, its layers, what it says. No loss, no gradients."""

from collections.abc import Callable

from rnnsheet.equations.cells import CELLS
from rnnsheet.equations.expr import (
    At,
    Expr,
    Leaf,
    Parameter,
    Value,
    at_least_half,
    certainty,
    concat,
    embedded,
    exp_below_greatest,
    exp_below_greatest_in_time,
    greatest,
    label_before_end,
    label_of,
    mean,
    row_with,
    share,
    share_in_time,
    weighted_in_time,
)
from rnnsheet.equations.layer import LayerEquations, squashed
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.model import ONCE, ONE, Axis, Layer, named
from rnnsheet.trained import ANSWER, INPUT, STATES, Numbers, Text, Trained, TrainedLayer

MASK = Value("mask", ONE)
"""1 where the text has a token, 0 at padding."""
K = Value("k", ONE)
"""The number of the token that is read."""


def network(trained: Trained) -> Recurrence:
    """The equations of a trained network; `K` and `MASK`, or the numbers `x`, stand elsewhere.

    The line that is read is called "word", as in lessons.
    """
    return _Network(trained).r


class _Network:
    """Writes the equations of one layer after the other."""

    def __init__(self, trained: Trained):
        self.trained = trained
        lines = {self._line(layer.name) for layer in trained} | {self._line(INPUT)}
        steps = {"word": trained.read.steps, ONCE: 1, "answer": trained.answer.steps if trained.answer else 0}
        unit = trained.read.unit if isinstance(trained.read, Text) else "numbers"
        self.r = Recurrence({line: count for line, count in steps.items() if line in lines}, unit)
        self.results: dict[str, Value] = {}
        """Per input and layer, what others read of it."""
        self.labelled = {trained.result.name}
        if trained.result.kind == "activation":
            self.labelled.add(trained.result.reads[0])
        self._inputs()
        for layer in trained:
            self.results[layer.name] = self._layer(layer)
        self._say(self.results[trained.result.name])

    def _inputs(self) -> None:
        is_text = isinstance(self.trained.read, Text)
        self.results[INPUT] = K if is_text else Value("x", Axis("hidden", self.trained.size(INPUT)))
        if self.trained.answer:
            self.r.states["said"] = self.r.parameter("start", ONE)
            said = self.r.before("said", ONE)
            self.results[ANSWER] = self.r.let("k_answer", said, "read", line="answer", base="k")

    def _line(self, name: str) -> str:
        return {INPUT: "word", ANSWER: "answer", "": ONCE}[self.trained.line(name)]

    def _layer(self, layer: TrainedLayer) -> Value:
        if layer.kind in STATES or layer.kind == "dense":
            return self._weighing(layer)
        write: dict[str, Callable[[TrainedLayer], Value]] = {
            "embedding": self._embedding,
            "activation": self._activation,
            "attention": self._attention,
        }
        if layer.kind in write:
            return write[layer.kind](layer)
        return self._let(layer, "out", self._put_together(layer), base=layer.kind)

    def _let(self, layer: TrainedLayer, name: str, expr: Expr, line: str = "", base: str = "") -> Value:
        """Names one of a layer's values."""
        part = "output" if layer is self.trained.result else "cell"
        line = line or self._line(layer.name)
        key = f"{layer.kind}_{layer.name}"
        return self.r.let(named(name, f"_{layer.name}"), expr, part, (), line, base or name, key)

    def _parameter(self, layer: TrainedLayer, base: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        name = named(base, f"_{layer.name}")
        self.r.bases[name] = base
        return self.r.parameter(name, rows, cols)

    def _axis(self, layer: TrainedLayer) -> Axis:
        """The axis of a layer's rows: the labels, where it says them."""
        size = self.trained.size(layer.name)
        return Axis("labels" if layer.name in self.labelled and size > 1 else "hidden", size)

    def _reads(self, layer: TrainedLayer) -> list[Leaf]:
        """What a layer reads at a time step of its own."""
        line = self._line(layer.name)
        return [self._at(name, line) for name in layer.reads]

    def _at(self, name: str, line: str) -> Leaf:
        """A result at a time step of a line; one that is computed once is the same at each."""
        value = self.results[name]
        if value.once and line != ONCE:
            return At(value.name, value.rows, 1, once=True)
        return value

    def _read(self, layer: TrainedLayer) -> Leaf:
        """What a layer reads, as one vector."""
        found = self._reads(layer)
        return found[0] if len(found) == 1 else self._let(layer, "both", concat(found), base="concat")

    def _weighing(self, layer: TrainedLayer) -> Value:
        """A recurrent or a dense layer."""
        shapes = {name: (array.shape[0], array.shape[1]) for name, array in layer.weights.items()}
        activation = "linear" if layer.activation == "softmax" else layer.activation
        r = _LayerEquations(
            self.r,
            Layer(layer.kind, layer.name, reverse=layer.reverse, activation=activation or "linear"),
            shapes,
            self._line(layer.name),
            self._axis(layer),
            self._initial(layer),
            layer.gate_activation or "linear",
            MASK if self._is_masked(layer) else None,
        )
        x = self._read(layer)
        if layer.activation != "softmax":
            return CELLS[layer.kind](r, x)
        y = self._let(layer, "y", r.plus_bias(r.parameter("Wa", r.hidden, x.rows) @ x, "ba"))
        return self._softmax(layer, y)
