"""A trained network as named equations: what is read, its layers, what it says. No loss, no gradients."""

import operator
from collections.abc import Callable
from functools import reduce

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
    scale,
    share,
    share_in_time,
    weighted_in_time,
)
from rnnsheet.equations.layer import LayerEquations, activated
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.network import ONE, STATIC, Axis, Layer, named
from rnnsheet.network.imported import ANSWER, INPUT, ImportedLayer, ImportedNetwork, Text

MASK = Value("mask", ONE)
"""1 where the text has a token, 0 at padding."""
K = Value("k", ONE)
"""The number of the token that is read."""
_LINES = {INPUT: "word", ANSWER: "answer", "": STATIC}
"""What the lines of a trained network are called in its equations."""


def network(trained: ImportedNetwork) -> Recurrence:
    """The equations of a trained network; `K` and `MASK`, or the numbers `x`, stand elsewhere.

    The sequence that is read is called "word", as in lessons.
    """
    return _Network(trained).r


def result(recurrence: Recurrence) -> Equation:
    """The equation of the last layer's result, of which the greatest row is said."""
    return [equation for equation in recurrence.equations.values() if equation.part != "answer"][-1]


class _Network:
    """Writes the equations of one layer after the other."""

    def __init__(self, trained: ImportedNetwork):
        self.trained = trained
        sequences = {self._line(layer.name) for layer in trained} | {self._line(INPUT)}
        steps = {
            "word": trained.read.steps,
            STATIC: 1,
            "answer": trained.answer.steps if trained.answer else 0,
        }
        unit = trained.read.unit if isinstance(trained.read, Text) else "numbers"
        self.r = Recurrence(
            {sequence: count for sequence, count in steps.items() if sequence in sequences}, unit
        )
        self.results: dict[str, Value] = {}
        """Per input and layer, what others read of it."""
        self.labelled = set() if trained.says_numbers else {trained.result.name}
        if self.labelled and trained.result.kind == "activation" and len(trained.result.reads) == 1:
            self.labelled.add(trained.result.names_read[0])
        self._inputs()
        for layer in trained:
            self.results[layer.name] = self._layer(layer)
        if not trained.says_numbers:
            self._say(self.results[trained.result.name])

    def _inputs(self) -> None:
        is_text = isinstance(self.trained.read, Text)
        self.results[INPUT] = K if is_text else Value("x", Axis("hidden", self.trained.size(INPUT)))
        if self.trained.answer:
            self.r.states["said"] = self.r.parameter("start", ONE)
            said = self.r.before("said", ONE)
            self.results[ANSWER] = self.r.let("k_answer", said, "read", sequence="answer", base="k")

    def _line(self, name: str) -> str:
        return _LINES[self.trained.sequence(name)]

    def _layer(self, layer: ImportedLayer) -> Value:
        if layer.kind in CELLS:
            return self._weighing(layer)
        write: dict[str, Callable[[ImportedLayer], Value]] = {
            "embedding": self._embedding,
            "activation": self._activation,
            "attention": self._attention,
        }
        if layer.kind in write:
            return write[layer.kind](layer)
        return self._let(layer, "out", self._put_together(layer), base=layer.kind)

    def _let(self, layer: ImportedLayer, name: str, expr: Expr, sequence: str = "", base: str = "") -> Value:
        """Names one of a layer's values."""
        sequence, key = sequence or self._line(layer.name), f"{layer.kind}_{layer.name}"
        full = named(name, f"_{layer.name}")
        return self.r.let(full, expr, self._part(layer), (), sequence, base or name, key)

    def _part(self, layer: ImportedLayer) -> str:
        return "output" if layer is self.trained.result else "cell"

    def _parameter(self, layer: ImportedLayer, base: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        name = named(base, f"_{layer.name}")
        self.r.bases[name] = base
        return self.r.parameter(name, rows, cols)

    def _axis(self, layer: ImportedLayer) -> Axis:
        """The axis of a layer's rows: the labels, where it says them."""
        size = self.trained.size(layer.name)
        return Axis("labels" if layer.name in self.labelled and size > 1 else "hidden", size)

    def _along(self, layer: ImportedLayer) -> str:
        """The sequence along which a layer reads."""
        return _LINES[self.trained.along(layer)]

    def _reads(self, layer: ImportedLayer) -> list[Leaf]:
        """What a layer reads at a time step."""
        return [self._at(name, self._along(layer)) for name in layer.names_read]

    def _at(self, name: str, sequence: str) -> Leaf:
        """A result at a time step of a sequence; one that is computed once is the same at each."""
        value = self.results[name]
        if value.once and sequence != STATIC:
            return At(value.name, value.rows, 1, once=True)
        return value

    def _read(self, layer: ImportedLayer) -> Leaf:
        """What a layer reads, as one vector."""
        found = self._reads(layer)
        if len(found) == 1:
            return found[0]
        return self._let(layer, "both", concat(found), self._along(layer), "concat")

    def _weighing(self, layer: ImportedLayer) -> Value:
        """A recurrent or a dense layer."""
        activation = layer.activation or ("linear" if layer.kind == "dense" else "tanh")
        r = LayerEquations(
            self.r,
            Layer(layer.kind, layer.name, reverse=layer.reverse, activation=activation),
            {name: (array.shape[0], array.shape[1]) for name, array in layer.weights.items()},
            self._line(layer.name),
            self._axis(layer),
            self._initial(layer),
            layer.gate_activation or "sigmoid",
            self._mask(layer) if layer.traits.states else None,
            self._part(layer),
        )
        x = self._read(layer)
        if activation != "softmax":
            return CELLS[layer.kind](r, x)
        return self._softmax(layer, r.let("y", r.plus_bias(r.parameter("Wa", r.hidden, x.rows) @ x, "ba")))

    def _initial(self, layer: ImportedLayer) -> dict[str, Leaf | None]:
        """Each state before the first time step: the last of another layer, or zeros."""
        found: dict[str, Leaf | None] = dict.fromkeys(layer.traits.states)
        if layer.starts:
            before = self.trained.layer(layer.starts)
            for state in found:
                if state in before.traits.states:
                    value = self.r.equations[named(state, f"_{before.name}")].value
                    found[state] = self._last(value, before.name)
            found["h"] = self._last(self.results[before.name], before.name)
        return found

    def _last(self, value: Value, name: str) -> Leaf:
        """The value of a layer, or of an input, at the last time step that is computed."""
        reverse = name not in (INPUT, ANSWER) and self.trained.layer(name).reverse
        steps = self.r.sequences[self._line(name)]
        return At(value.name, value.rows, 1 if reverse else steps, value.once)

    def _mask(self, layer: ImportedLayer) -> Leaf | None:
        """What is 0 at padding, where that matters to what the layer computes of the text."""
        read = self.trained.read
        of_text = self._along(layer) == "word"
        return MASK if isinstance(read, Text) and read.masked and of_text else None

    def _embedding(self, layer: ImportedLayer) -> Value:
        tokens, size = layer.weights["E"].shape
        table = self._parameter(layer, "E", Axis("tokens", tokens), Axis("hidden", size))
        return self._let(layer, "x", embedded(table, self._read(layer)), base="embedded")

    def _activation(self, layer: ImportedLayer) -> Value:
        x = self._read(layer)
        if layer.activation == "softmax":
            return self._softmax(layer, x)
        return self._let(layer, "a", activated(x, layer.activation), base="activated")

    def _softmax(self, layer: ImportedLayer, y: Leaf) -> Value:
        # Subtracting the greatest score changes no share and keeps EXP from overflowing.
        e = self._let(layer, "e", exp_below_greatest(y))
        return self._let(layer, "p", share(e))

    def _attention(self, layer: ImportedLayer) -> Value:
        """The average of the time steps, weighted by a softmax over time.

        Source: Felbo et al., "Using millions of emoji occurrences to learn any-domain
        representations" (2017).
        """
        x, sequence = self._read(layer), self._along(layer)
        steps, mask = self.r.sequences[sequence], self._mask(layer)
        score = self._let(layer, "score", self._parameter(layer, "Wq", ONE, x.rows) @ x, sequence)
        e: Expr = exp_below_greatest_in_time(score, steps)
        positive = self._let(layer, "e", mask * e if mask else e, sequence, "e_in_time")
        part = self._let(layer, "share", share_in_time(positive, steps), sequence)
        return self._let(layer, "out", weighted_in_time(part, x, steps), base="attention")

    def _put_together(self, layer: ImportedLayer) -> Expr:
        """What a layer without weights makes of what it reads."""
        if layer.kind == "last":
            return _below_each_other([self._last(self.results[name], name) for name in layer.names_read])
        if layer.kind == "flatten":
            x = self._read(layer)
            steps = self.r.sequences[self._along(layer)]
            return _below_each_other([At(x.name, x.rows, step) for step in range(1, steps + 1)])
        if layer.kind == "masked":
            x, mask = self._read(layer), self._mask(layer)
            return scale(mask, x) if mask else x
        found = self._reads(layer)
        if layer.kind == "concat":
            return _below_each_other(found)
        if layer.kind == "mean":
            return mean(found)
        combine = operator.add if layer.kind == "add" else operator.mul
        return reduce(combine, found)

    def _say(self, result: Value) -> None:
        """What the network says: the number of its greatest row, and its label."""
        sequence = self._line(self.trained.result.name)
        probable = self.trained.gives_probabilities(self.trained.result.name)
        certain = "confidence" if probable else "greatest"

        def let(name: str, expr: Expr, base: str = "") -> Value:
            return self.r.let(name, expr, "answer", sequence=sequence, base=base)

        size = max(2, result.rows.size)
        labels = self.r.parameter("labels", Axis("labels", size))
        if result.rows.size == 1:
            said = let("said", at_least_half(result))
            let("confidence", certainty(result, said), certain)
        else:
            let("confidence", greatest(result), certain)
            said = let("said", row_with(result, greatest(result)))
        if self.trained.answer:
            let("says", label_before_end(labels, said, self.r.parameter("end", ONE)))
        else:
            let("says", label_of(labels, said))


def _below_each_other(vectors: list[Leaf]) -> Expr:
    return vectors[0] if len(vectors) == 1 else concat(vectors)
