"""A recurrence: the named equations of one time step, in order, and the order in which to tell them."""

from dataclasses import dataclass, field

from rnnsheet.equations.expr import (
    ONE,
    Axis,
    Component,
    Expr,
    Leaf,
    Operation,
    Parameter,
    Previous,
    Value,
    scale,
)

STEP = Value("t", ONE)
"""The number of the time step, from 1."""


@dataclass(frozen=True)
class Equation:
    """`value = expr` at every time step.

    `part` says where it stands: "read" (letters in), "cell", "output", "answer" (the letter
    said), "mark" (whether it is right), "loss" or "gradient". A gradient's `chain` has the names
    of what was pulled back to it: (y, h) for the part of ∂L/∂h that is ∂L/∂y · ∂y/∂h.
    """

    value: Value
    expr: Expr
    part: str
    chain: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return self.value.name

    @property
    def weights(self) -> tuple[Parameter, ...]:
        """The network's weights that the right side uses, in reading order; not the letters."""
        return tuple(_parameters(self.expr)) if self.part in ("cell", "output", "gradient") else ()

    @property
    def values(self) -> set[str]:
        """The names of the values over time that the right side uses."""
        return values(self.expr)


@dataclass(frozen=True)
class Gradient:
    """The gradient of a parameter: the sum over all time steps of `expr`.

    Of a matrix, `expr` is an outer product or a sum of such.
    """

    parameter: Parameter
    expr: Expr
    chain: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"d{self.parameter.name}"

    @property
    def values(self) -> set[str]:
        """The names of the values over time that it uses."""
        return values(self.expr)

    def column(self, col: int) -> Expr:
        """What one time step adds to one column of the gradient."""
        return _column(self.expr, col)


def values(expr: Expr) -> set[str]:
    """The names of the values over time in an expression."""
    if isinstance(expr, Operation):
        return {name for operand in expr.operands for name in values(operand)}
    return set() if isinstance(expr, Parameter) else {expr.name}


def _column(expr: Expr, col: int) -> Expr:
    if isinstance(expr, Operation) and expr.rule == "add":
        return _column(expr.operands[0], col) + _column(expr.operands[1], col)
    if isinstance(expr, Operation) and expr.rule == "outer":
        left, right = expr.operands
        return scale(_component(right, col), left)
    return expr


def _component(vector: Expr, row: int) -> Leaf:
    if not isinstance(vector, Value | Previous):
        raise ValueError(f"{vector} is no vector over time")
    return Component(vector, row)


@dataclass
class Recurrence:
    """Parameters, states and equations of one time step; later equations may use earlier ones."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    states: dict[str, Parameter] = field(default_factory=dict)
    """Per state, the parameter that holds its value before the first time step."""
    equations: dict[str, Equation] = field(default_factory=dict)
    given: dict[str, Expr] = field(default_factory=dict)
    """Per value, the gradient of the loss with respect to it, where it is not to be derived."""
    gradients: dict[str, Gradient] = field(default_factory=dict)

    def parameter(self, name: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        """A parameter of the shape (rows, cols)."""
        self.parameters[name] = Parameter(name, rows, cols)
        return self.parameters[name]

    def state(self, name: str, rows: Axis) -> Value:
        """A value that the next time step remembers; usable as `previous(...)` before its `let`."""
        self.states[name] = self.parameter(f"{name}_0", rows)
        return Value(name, rows)

    def let(self, name: str, expr: Expr, part: str, chain: tuple[tuple[str, str], ...] = ()) -> Value:
        """Names an expression: it becomes a block that a student sees."""
        if name in self.equations:
            raise ValueError(f"{name} has an equation already")
        value = Value(name, expr.rows)
        self.equations[name] = Equation(value, expr, part, chain)
        return value

    def of(self, *parts: str) -> list[Equation]:
        """The equations of some parts, in order."""
        return [equation for equation in self.equations.values() if equation.part in parts]


@dataclass(frozen=True)
class WalkStep:
    """One step of the walkthrough: some equations at one time step (from 1)."""

    number: int
    time: int
    equations: tuple[Equation, ...]
    again: bool
    """Told at the time step before already, with the same weights."""


def walkthrough(recurrence: Recurrence, steps: int) -> list[WalkStep]:
    """The recurrence told step by step: the cell at two time steps, then the output.

    An equation with weights is a step of its own, those without that follow it are one more.
    The second time, all equations with weights are one step: they are the same weights.
    """
    cell = _groups(recurrence.of("cell"))
    told = [(1, group, False) for group in cell]
    if steps > 1:
        weighing = [equation for group in cell for equation in group if equation.weights]
        plain = [equation for group in cell for equation in group if not equation.weights]
        told += [(2, group, True) for group in (weighing, plain) if group]
    last = min(steps, 2)
    told += [(last, group, False) for group in _groups(recurrence.of("output", "answer"))]
    return [
        WalkStep(number, time, tuple(group), again)
        for number, (time, group, again) in enumerate(told, start=1)
    ]


def _groups(equations: list[Equation]) -> list[list[Equation]]:
    groups: list[list[Equation]] = []
    for equation in equations:
        if not groups or equation.weights or groups[-1][-1].weights:
            groups.append([])
        groups[-1].append(equation)
    return groups


def _parameters(expr: Expr) -> list[Parameter]:
    if isinstance(expr, Operation):
        return [parameter for operand in expr.operands for parameter in _parameters(operand)]
    return [expr] if isinstance(expr, Parameter) else []
