"""The equations of every kind of layer, recurrent or not: one table, by the names of the kinds."""

import operator
from collections.abc import Callable
from functools import reduce

from rnnsheet.equations.expr import (
    At,
    Expr,
    Leaf,
    Value,
    concat,
    embedded,
    exp_below_greatest,
    exp_below_greatest_in_time,
    mean,
    one_minus,
    scale,
    share,
    share_in_time,
    weighted_in_time,
)
from rnnsheet.equations.layer import LayerEquations, activated
from rnnsheet.equations.own import Cell, check_kind, reporting_mistakes
from rnnsheet.network import KINDS, ONE, ParameterSpec
from rnnsheet.network.kinds import recurrent

CELLS: dict[str, Cell] = {}
"""The equations of every kind of layer: from its own names and what it reads to what others read of it."""
BUILT_IN = frozenset(KINDS)


def cell(name: str, *parameters: ParameterSpec, states: tuple[str, ...] = ("h",)) -> Callable[[Cell], Cell]:
    """Adds a recurrent cell: its parameters, what it remembers, and the equations that it stands above.

    The first of the parameters has as many rows as the layer has units, the first of the states is h.
    Raises LessonError where the name is taken, or a parameter or state is none.
    """
    check_kind(name, parameters, states)

    def add(equations: Cell) -> Cell:
        KINDS[name] = recurrent(parameters, states)
        CELLS[name] = reporting_mistakes(name, equations)
        return equations

    return add


def elman(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the Elman cell. Source: Elman, "Finding Structure in Time" (1990)."""
    h = r.state("h")
    xh = r.let("xh", r.parameter("Wxh", r.hidden, x.rows) @ x)
    hh = r.let("hh", r.plus_bias(r.recurrent("Whh", r.before(h)), "bh"))
    z = r.let("z", xh + hh)
    return r.let("h", r.activate(z))


def lstm(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the LSTM with a forget gate. Source: Gers et al., "Learning to Forget" (2000).

    Its peepholes, if it has any, are those of Gers and Schmidhuber, "Recurrent Nets that Time and
    Count" (2000): the output gate sees the cell state of its own time step.
    """
    h, c = r.state("h"), r.state("c")

    def gate(name: str, activate: Callable[[Expr], Expr], seen: Leaf) -> Value:
        z = r.weighted(name, x, r.before(h))
        if r.has(f"Wc{name}"):
            z = z + r.parameter(f"Wc{name}", r.hidden) * seen
        return r.let(name, activate(r.let(f"z{name}", z)))

    i, f, g = (
        gate(name, activate, r.before(c))
        for name, activate in (("i", r.gate_activate), ("f", r.gate_activate), ("g", r.activate))
    )
    c = r.let("c", f * r.before(c) + i * g)
    o = gate("o", r.gate_activate, c)
    return r.let("h", o * r.activate(c))


def gru(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the GRU whose reset gate acts after the recurrent product, as in PyTorch."""
    h, reset, update = _gru_gates(r, x)
    m = r.let("m", r.plus_bias(r.recurrent("Whn", r.before(h)), "bm"))
    new = r.parameter("Wxn", r.hidden, x.rows) @ x
    return _gru_state(r, h, update, r.plus_bias(new, "bn") + reset * m)


def gru_before(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the GRU whose reset gate acts before the recurrent product.

    Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), eq. 5 to 8.
    """
    h, reset, update = _gru_gates(r, x)
    kept = r.let("s", reset * r.before(h))
    return _gru_state(r, h, update, r.weighted("n", x, kept))


def _gru_gates(r: LayerEquations, x: Leaf) -> tuple[Value, Value, Value]:
    h = r.state("h")
    gates = [
        r.let(name, r.gate_activate(r.let(f"z{name}", r.weighted(name, x, r.before(h)))))
        for name in ("r", "u")
    ]
    return h, gates[0], gates[1]


def _gru_state(r: LayerEquations, h: Value, update: Value, candidate: Expr) -> Value:
    n = r.let("n", r.activate(r.let("zn", candidate)))
    return r.let("h", one_minus(update) * n + update * r.before(h))


def dense(r: LayerEquations, x: Leaf) -> Value:
    """A layer without memory: its activation of Wa·x + ba."""
    z = r.plus_bias(r.parameter("Wa", r.hidden, x.rows) @ x, "ba")
    if r.layer.activation == "softmax":
        return _probabilities(r, r.let("y", z), r.part)
    linear = r.layer.activation in ("", "linear")
    return r.let("a", z if linear else r.activate(r.let("za", z)))


def softmax(r: LayerEquations, x: Leaf) -> Value:
    """The probabilities of what a lesson says, from the scores Why·x + by."""
    y = r.let("y", r.plus_bias(r.parameter("Why", r.hidden, x.rows) @ x, "by"), "output")
    return _probabilities(r, y, "output")


def _probabilities(r: LayerEquations, y: Leaf, part: str) -> Value:
    # Subtracting the greatest score changes no share and keeps EXP from overflowing.
    e = r.let("e", exp_below_greatest(y), part)
    return r.let("p", share(e), part)


def embedding(r: LayerEquations, x: Leaf) -> Value:
    """The numbers that stand for a token: a row of E."""
    return r.let("x", embedded(r.parameter("E", *r.axes("E", "tokens", "hidden")), x), base="embedded")


def activation(r: LayerEquations, x: Leaf) -> Value:
    """An activation alone."""
    if r.layer.activation == "softmax":
        return _probabilities(r, x, r.part)
    return r.let("a", activated(x, r.layer.activation), base="activated")


def attention(r: LayerEquations, x: Leaf) -> Value:
    """The average of the time steps, weighted by a softmax over time.

    Source: Felbo et al., "Using millions of emoji occurrences to learn any-domain
    representations" (2017).
    """
    score = r.let("score", r.parameter("Wq", ONE, x.rows) @ x, sequence=r.along)
    e: Expr = exp_below_greatest_in_time(score, r.steps)
    positive = r.let("e", r.mask * e if r.mask else e, sequence=r.along, base="e_in_time")
    part = r.let("share", share_in_time(positive, r.steps), sequence=r.along)
    return r.let("out", weighted_in_time(part, x, r.steps), base="attention")


def flatten(r: LayerEquations, x: Leaf) -> Value:
    """All time steps of what it reads, below each other."""
    return _out(r, _below_each_other([At(x.name, x.rows, step) for step in range(1, r.steps + 1)]))


def masked(r: LayerEquations, x: Leaf) -> Value:
    """What it reads, but 0 at padding."""
    return _out(r, scale(r.mask, x) if r.mask else x)


def joined(r: LayerEquations, *reads: Leaf) -> Value:
    """All that it reads, below each other."""
    return _out(r, _below_each_other(list(reads)))


def _out(r: LayerEquations, expr: Expr) -> Value:
    return r.let("out", expr, base=r.layer.kind)


def _below_each_other(vectors: list[Leaf]) -> Expr:
    return vectors[0] if len(vectors) == 1 else concat(vectors)


CELLS |= {
    "elman": elman,
    "lstm": lstm,
    "gru": gru,
    "gru-before": gru_before,
    "dense": dense,
    "softmax": softmax,
    "embedding": embedding,
    "attention": attention,
    "activation": activation,
    "last": joined,
    "flatten": flatten,
    "masked": masked,
    "concat": joined,
    "add": lambda r, *reads: _out(r, reduce(operator.add, reads)),
    "mean": lambda r, *reads: _out(r, mean(list(reads))),
    "product": lambda r, *reads: _out(r, reduce(operator.mul, reads)),
}
