"""A recurrence: the named equations of the time steps, in order, and the order in which to tell them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from rnnsheet.equations.expr import (
    AllSteps,
    At,
    Expr,
    Leaf,
    Next,
    Operation,
    Parameter,
    Part,
    Previous,
    Value,
    leaves,
    scale,
)
from rnnsheet.network import ONE, STATIC, Axis, Layer, on_sequence

STEP = Value("t", ONE)
"""The number of the time step, from 1."""

Chain = Sequence[tuple[str, Leaf]]


@dataclass(frozen=True)
class Equation:
    """`value = expr` at every time step of a sequence.

    `part` says where it stands: "read" (letters in), "cell", "output", "answer" (the letter
    said), "mark" (whether it is right), "loss" or "gradient". Of a gradient `of` is the value with respect
    to which it is, `kind` which part of it: "given", "pulled" back, "now" (by way of its own time step),
    "back" (of the time step after), "last" (handed to the last time step alone) or "whole" (all of these);
    `chain` has what was pulled back to it: ("y", hₜ) for the part of ∂L/∂h that is ∂L/∂y · ∂y/∂h.
    """

    value: Value
    expr: Expr
    part: str
    chain: Chain = ()
    sequence: str = "word"
    """The sequence: the name of an input, or `STATIC`."""
    base: str = ""
    """Its name without that of its layer, by which labels know it."""
    layer: Layer | None = None
    """The layer whose value it is; None of what is read, and of gradients."""
    of: Leaf | None = None
    kind: str = ""

    @property
    def name(self) -> str:
        return self.value.name

    def beside(self, base: str) -> str:
        """The name of another value of the same layer."""
        return self.layer.named(base) if self.layer else base

    @property
    def ending(self) -> str:
        """What its name has besides its base: the ending of its layer, or of what is read its sequence's."""
        return self.layer.ending if self.layer else on_sequence("", self.sequence)

    @property
    def weights(self) -> tuple[Parameter, ...]:
        """The network's weights that the right side uses, in reading order; not the letters."""
        if self.part not in ("cell", "output", "gradient"):
            return ()
        return tuple(leaf for leaf in leaves(self.expr) if isinstance(leaf, Parameter))

    @property
    def values(self) -> set[str]:
        """The names of the values over time that the right side uses."""
        return values(self.expr)


@dataclass(frozen=True)
class Share:
    """What the layers of one sequence add to the gradient of a parameter, at each time step.

    Of a matrix, `expr` is an outer product or a sum of such.
    """

    name: str
    expr: Expr
    sequence: str
    chain: Chain

    def column(self, col: int) -> Expr:
        """What one time step adds to one column of the gradient."""
        return _column(self.expr, col)


@dataclass(frozen=True)
class Gradient:
    """The gradient of a parameter: the sum over all time steps of each of its shares."""

    parameter: Parameter
    shares: tuple[Share, ...]

    @property
    def name(self) -> str:
        return f"d{self.parameter.name}"

    @property
    def values(self) -> set[str]:
        """The names of the values over time that it uses."""
        return set[str]().union(*(values(share.expr) for share in self.shares))


def values(expr: Expr) -> set[str]:
    """The names of the values over time in an expression."""
    return {leaf.name for leaf in leaves(expr) if not isinstance(leaf, Parameter)}


def _column(expr: Expr, col: int) -> Expr:
    if isinstance(expr, Operation) and expr.rule == "add":
        return _column(expr.operands[0], col) + _column(expr.operands[1], col)
    if isinstance(expr, Operation) and expr.rule == "outer":
        left, right = expr.operands
        return scale(_component(right, col), left)
    return expr


def _component(vector: Expr, row: int) -> Leaf:
    if isinstance(vector, Part):
        return Part(vector.vector, vector.start + row, ONE)
    if isinstance(vector, Operation | Parameter | AllSteps):
        raise ValueError(f"{vector} is no vector over time")
    return Part(vector, row, ONE)


@dataclass
class Recurrence:
    """Parameters, states and equations of the time steps; later equations may use earlier ones."""

    sequences: dict[str, int] = field(default_factory=lambda: {"word": 1})
    """The number of time steps of each sequence."""
    split: str = "letters"
    """What one of the time steps reads: "letters", "words" or "numbers"."""
    bases: dict[str, str] = field(default_factory=dict)
    """Per parameter its name without that of its layer."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    states: dict[str, Leaf | None] = field(default_factory=dict)
    """Per state its value before the first time step: a parameter, another layer's state, or None for 0."""
    reverse: set[str] = field(default_factory=set)
    """The states whose first time step is the last one."""
    equations: dict[str, Equation] = field(default_factory=dict)
    given: dict[str, Expr] = field(default_factory=dict)
    """Per value, the gradient of the loss with respect to it, where it is not to be derived."""
    final_state_grad: dict[str, At] = field(default_factory=dict)
    """Per gradient `dh_back`, what another layer hands back to the last state."""
    gradients: dict[str, Gradient] = field(default_factory=dict)

    def parameter(self, name: str, rows: Axis, cols: Axis = ONE) -> Parameter:
        """A parameter of the shape (rows, cols)."""
        self.parameters[name] = Parameter(name, rows, cols)
        return self.parameters[name]

    def let(
        self,
        name: str,
        expr: Expr,
        part: str,
        sequence: str = "word",
        base: str = "",
        layer: Layer | None = None,
        symbol: str = "",
    ) -> Value:
        """Names an expression: it becomes a block that a student sees."""
        if name in self.equations:
            raise ValueError(f"{name} has an equation already")
        value = Value(name, expr.rows, sequence == STATIC, symbol)
        self.equations[name] = Equation(value, expr, part, (), sequence, base or name, layer)
        return value

    def gradient(self, of: Leaf, kind: str, expr: Expr, chain: Chain, sequence: str) -> Value:
        """Names an expression as the gradient with respect to a value, or a part of it."""
        suffix = f"_{kind}" if kind in ("now", "back", "last") else ""
        value = self.let(f"d{of.name}{suffix}", expr, "gradient", sequence)
        self.equations[value.name] = replace(self.equations[value.name], of=of, kind=kind, chain=tuple(chain))
        return value

    def before(self, state: str, rows: Axis) -> Previous | Next:
        """A state at the time step that its layer computed before."""
        return Next(state, rows) if state in self.reverse else Previous(state, rows)

    def of(self, *parts: str, sequence: str = "") -> list[Equation]:
        """The equations of some parts, in order; of one sequence, or of all."""
        found = self.equations.values()
        return [each for each in found if each.part in parts and sequence in ("", each.sequence)]

    def beyond(self, name: str) -> Leaf | None:
        """What stands beyond a state's first time step, or the last of a `dh_back`; None for nothing."""
        return self.states.get(name) or self.final_state_grad.get(name)

    def steps(self, name: str) -> int:
        """The number of time steps of an equation's value."""
        return self.sequences[self.equations[name].sequence]

    def runs_back(self, name: str) -> bool:
        """Whether what is beyond stands behind the last time step, not before the first."""
        state = self.equations[name].of
        return name in self.reverse if state is None else state.name not in self.reverse


@dataclass(frozen=True)
class WalkStep:
    """One step of the walkthrough: some equations at one time step (from 1)."""

    number: int
    time: int
    equations: tuple[Equation, ...]
    again: bool
    """Told at the time step before already, with the same weights."""


def walkthrough(recurrence: Recurrence) -> list[WalkStep]:
    """The recurrence told step by step: each recurrent layer at two time steps, the others at one.

    An equation with weights is a step of its own, and so is one of a cell, unless it is of a sum alone.
    The second time, all equations with weights are one step: they are the same weights. Layers that
    use the weights of another one are not told.
    """
    told = [step for equations in told_layers(recurrence) for step in _told(recurrence, equations)]
    return [
        WalkStep(number, time, tuple(group), again)
        for number, (time, group, again) in enumerate(told, start=1)
    ]


def told_layers(recurrence: Recurrence) -> Iterator[list[Equation]]:
    """The equations of each layer that has weights of its own, or none."""
    known: set[frozenset[str]] = set()
    for _, layer in groupby(recurrence.of("cell", "output", "answer"), key=lambda each: each.layer):
        equations = list(layer)
        weights = frozenset(weight.name for each in equations for weight in each.weights)
        if weights not in known:
            yield equations
        known |= {weights} if weights else set()


def _told(recurrence: Recurrence, equations: list[Equation]) -> Iterator[tuple[int, list[Equation], bool]]:
    """The groups of a layer's equations, each with its time step."""
    steps = recurrence.sequences[equations[0].sequence]
    groups = _groups(equations)
    if not any(equation.name in recurrence.states for equation in equations):
        yield from ((min(steps, 2), group, False) for group in groups)
        return
    first, second = (steps, steps - 1) if any(e.name in recurrence.reverse for e in equations) else (1, 2)
    yield from ((first, group, False) for group in groups)
    if steps > 1:
        weighing = [equation for group in groups for equation in group if equation.weights]
        plain = [equation for group in groups for equation in group if not equation.weights]
        yield from ((second, group, True) for group in (weighing, plain) if group)


def _groups(equations: list[Equation]) -> list[list[Equation]]:
    groups: list[list[Equation]] = []
    for equation in equations:
        if not groups or not _belongs(equation, groups[-1][-1]):
            groups.append([])
        groups[-1].append(equation)
    return groups


def _belongs(equation: Equation, before: Equation) -> bool:
    """Whether an equation is told in one step with the one before it."""
    if equation.weights or before.weights:
        return False
    of_it_alone = isinstance(equation.expr, Operation) and equation.expr.operands == (before.value,)
    return equation.part != "cell" or of_it_alone
