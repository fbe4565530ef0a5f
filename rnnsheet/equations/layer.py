"""What the equations of one layer are written with: its parameters, its states, names that end in its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnsheet.equations.expr import (
    Expr,
    Leaf,
    Next,
    Operation,
    Parameter,
    Previous,
    Value,
    hard_sigmoid,
    hard_sigmoid_keras2,
    masked,
    relu,
    scale,
    sigmoid,
    spread,
    tanh,
)
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.network import ONE, STATIC, Axis, Layer

ACTIVATIONS: Mapping[str, Callable[[Expr], Operation]] = {
    "tanh": tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "hard_sigmoid_keras2": hard_sigmoid_keras2,
}


def activated(expr: Expr, activation: str) -> Expr:
    """The activation of an expression, number by number; "linear" leaves it as it is."""
    return expr if activation == "linear" else ACTIVATIONS[activation](expr)


@dataclass(frozen=True)
class LayerEquations:
    """One layer of a network while its equations are written, by the names of its kind: `Wxh`, `h`."""

    network: Recurrence
    layer: Layer
    forms: dict[str, tuple[int, int]]
    """The shape of each parameter that the model has of it."""
    sequence: str
    """Along what it is computed."""
    along: str
    """Along what it reads."""
    hidden: Axis
    initial: Mapping[str, Leaf | None]
    """The first value of each state that no parameter gives: of another layer, or None for zeros."""
    mask: Leaf | None = None
    """A number per time step: where it is 0, states stay as they were."""
    part: str = "cell"
    """The part of the network that the layer's values are."""

    @property
    def steps(self) -> int:
        """The number of time steps of what it reads."""
        return self.network.sequences[self.along]

    def axes(self, base: str, rows: str, cols: str) -> tuple[Axis, Axis]:
        """Axes of these names, of the sizes that a parameter has."""
        return Axis(rows, self.forms[base][0]), Axis(cols, self.forms[base][1])

    def has(self, base: str) -> bool:
        """Whether the model has this parameter; a bias may be left out."""
        return base in self.forms

    def parameter(self, base: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        """A parameter of the shape (rows, cols)."""
        name = f"{base}{self.layer.owner}"
        self.network.bases[name] = base
        return self.network.parameter(name, rows, cols)

    def state(self, base: str) -> Value:
        """A value of as many rows as the layer has units, that the next time step remembers."""
        if base not in self.layer.traits.states:
            raise ValueError(f"there is no state {base}; known: {', '.join(self.layer.traits.states)}")
        name = self.layer.named(base)
        if base in self.initial:
            self.network.states[name] = self.initial[base]
        else:
            first = self.layer.initial(base)
            self.network.bases[first] = f"{base}_0"
            self.network.states[name] = self.network.parameter(first, self.hidden)
        if self.layer.reverse:
            self.network.reverse.add(name)
        return Value(name, self.hidden, self.sequence == STATIC)

    def before(self, state: Value) -> Previous | Next:
        """The state as the time step before left it."""
        return self.network.before(state.name, state.rows)

    def let(self, name: str, expr: Expr, part: str = "", sequence: str = "", base: str = "") -> Value:
        """Names an expression: it becomes a block that a student sees.

        It is one of the layer's `part`, along its `sequence`, and known to labels by its name as `base`,
        unless these are given.
        """
        full, part, sequence = self.layer.named(name), part or self.part, sequence or self.sequence
        if self.mask and full in self.network.states:
            expr = masked(self.mask, expr, self.network.before(full, self.hidden))
        return self.network.let(full, expr, part, sequence, base or name, self.layer)

    def activate(self, expr: Expr) -> Expr:
        """The layer's activation of an expression, number by number."""
        return activated(expr, self.layer.activation or "tanh")

    def gate_activate(self, expr: Expr) -> Expr:
        """How far a gate is open: its activation of an expression, number by number."""
        return activated(expr, self.layer.gate_activation or "sigmoid")

    def recurrent(self, base: str, state: Leaf) -> Expr:
        """A matrix times the state, or one number times all of it, whichever the model has."""
        if base not in self.forms:
            raise ValueError(f"there is no parameter {base}")
        if self.forms[base] == (1, 1):
            return scale(self.parameter(base, ONE), state)
        return self.parameter(base, self.hidden, state.rows) @ state

    def plus_bias(self, expr: Expr, base: str) -> Expr:
        """The expression plus the bias of that name: a vector, one number, or none."""
        if not self.has(base):
            return expr
        if self.forms[base] == (1, 1):
            return expr + spread(self.parameter(base, ONE), expr.rows)
        return expr + self.parameter(base, expr.rows)

    def weighted(self, gate: str, x: Leaf, state: Leaf) -> Expr:
        """A gate's weights times what is read and times the state, plus its bias."""
        read = self.parameter(f"Wx{gate}", self.hidden, x.rows) @ x
        return self.plus_bias(read + self.recurrent(f"Wh{gate}", state), f"b{gate}")
