"""What the equations of one layer are written with: its parameters, its states, names that end in its own."""

from dataclasses import dataclass

from rnnsheet.equations.expr import Expr, Leaf, Next, Parameter, Previous, Value, scale, spread
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.model import ONCE, ONE, Axis, Layer, named


@dataclass(frozen=True)
class LayerEquations:
    """One layer of a network while its equations are written, by the names of its kind: `Wxh`, `h`."""

    network: Recurrence
    layer: Layer
    forms: dict[str, tuple[int, int]]
    """The shape of each parameter that the model has of it."""
    line: str
    hidden: Axis
    initial: dict[str, Leaf]
    """The first value of each state that another layer gives."""

    def has(self, base: str) -> bool:
        """Whether the model has this parameter; a bias may be left out."""
        return base in self.forms

    def parameter(self, base: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        """A parameter of the shape (rows, cols)."""
        name = named(base, self.layer.owner)
        self.network.bases[name] = base
        return self.network.parameter(name, rows, cols)

    def state(self, base: str) -> Value:
        """A value of as many rows as the layer has units, that the next time step remembers."""
        name = self.layer.named(base)
        start = self.initial.get(base) or self.network.parameter(f"{name}_0", self.hidden)
        self.network.bases[f"{name}_0"] = f"{base}_0"
        self.network.states[name] = start
        if self.layer.reverse:
            self.network.reverse.add(name)
        return Value(name, self.hidden, self.line == ONCE)

    def before(self, state: Value) -> Previous | Next:
        """The state as the time step before left it."""
        return self.network.before(state.name, state.rows)

    def let(self, base: str, expr: Expr, part: str = "cell") -> Value:
        """Names an expression: it becomes a block that a student sees."""
        key = f"{self.layer.cell}{self.layer.ending}"
        return self.network.let(self.layer.named(base), expr, part, (), self.line, base, key)

    def recurrent(self, base: str, state: Leaf) -> Expr:
        """A matrix times the state, or one number times all of it, whichever the model has."""
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
