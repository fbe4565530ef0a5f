"""Reverse mode over one time step: the equations of all gradients, from those of the network.

Back-propagation through time follows: what a time step hands back to a state before it is that
state's gradient, in part, at the time step before. Source: Werbos, "Backpropagation Through Time"
(1990); Griewank and Walther, "Evaluating Derivatives" (2008), chapter 3.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from rnnsheet.equations.expr import Expr, Leaf, Next, Operation, Previous, limit, minus
from rnnsheet.equations.recurrence import Equation, Gradient, Recurrence
from rnnsheet.equations.rules import RULES


@dataclass
class _Sum:
    """What a gradient adds up, and what it was pulled back from."""

    terms: list[Expr]
    chain: list[tuple[str, str]]

    @property
    def expr(self) -> Expr:
        signed = [(_positive(term), term) for term in self.terms]
        less = [term.operands[0] for positive, term in signed if not positive]  # type: ignore[union-attr]
        more = [term for positive, term in signed if positive]
        if not more:
            raise ValueError(
                f"{less[0]} would be a gradient with a minus sign before it, which no rule writes"
            )
        return reduce(minus, less, reduce(add, more))


def _positive(term: Expr) -> bool:
    return not (isinstance(term, Operation) and term.rule == "negative")


def differentiate(r: Recurrence) -> None:
    """Adds the equations of every gradient, from the last equation back to the first.

    `dv` is the gradient of the loss with respect to the value `v`. That of a state `h` has two
    parts: `dh_now` by way of its own time step, and `dh_back` of the time step after, which is
    what that one hands back. A gradient that equals another one gets no equation of its own.
    """
    found: defaultdict[Leaf, _Sum] = defaultdict(lambda: _Sum([], []))
    for equation in reversed(r.of("cell", "output")):
        gradient = _adjoint(r, equation, found)
        if gradient is not None:
            for leaf, term in _pulled(equation.expr, gradient, equation.value):
                found[leaf].terms.append(term)
                found[leaf].chain.append((gradient.name.removeprefix("d"), leaf.name))
    for leaf, total in found.items():
        if isinstance(leaf, Previous):
            r.let(f"d{leaf.name}_back", total.expr, "gradient", tuple(total.chain))
    for parameter in r.parameters.values():
        if parameter in found:
            r.gradients[parameter.name] = Gradient(
                parameter, found[parameter].expr, tuple(found[parameter].chain)
            )


def limited(r: Recurrence, equation: Equation) -> Equation:
    """The equation; that of a state's gradient kept within bounds, so that nothing overflows."""
    is_gradient_of_state = equation.name in {f"d{state}" for state in r.states}
    return replace(equation, expr=limit(equation.expr)) if is_gradient_of_state else equation


def path_back(r: Recurrence, state: str) -> tuple[str, ...]:
    """The gradients that a state's passes on its way to the time step before, as far as there is one way.

    `dh, dz, dh_back` of the Elman cell; `dc, dc_back` of the LSTM's cell state.
    """
    path, end = [f"d{state}"], f"d{state}_back"
    gradients = {equation.name: equation for equation in r.of("gradient")}
    while True:
        users = [name for name, each in gradients.items() if each.values & gradients.keys() == {path[-1]}]
        if end in users:
            return (*path, end)
        if len(users) != 1:
            return (f"d{state}", end)
        path += users


def chain_rule(item: Equation | Gradient) -> str:
    """The term of the chain rule that a gradient is: `∂L/∂yₜ · ∂yₜ/∂hₜ`."""
    before = "₋₁" if item.name.endswith("_back") else ""
    terms = [
        f"∂L/∂{of}ₜ · ∂{of}ₜ/∂{by}" + ("" if isinstance(item, Gradient) else f"ₜ{before}")
        for of, by in item.chain
        if of not in ("", "now", "back")
    ]
    if isinstance(item, Gradient):
        return "Σₜ " + " + ".join(terms)
    return " + ".join(terms) or f"∂L/∂{item.chain[0][1]}ₜ"


def _adjoint(r: Recurrence, equation: Equation, found: defaultdict[Leaf, _Sum]) -> Leaf | None:
    """The gradient with respect to an equation's value; None where the loss does not depend on it."""
    name, rows = equation.name, equation.value.rows
    if name in r.given:
        return r.let(f"d{name}", r.given[name], "gradient", (("", name),))
    if equation.value not in found and name not in r.states:
        return None
    total = found[equation.value]
    if name not in r.states:
        return _named(r, f"d{name}", total.expr, total.chain)
    handed_back = Next(f"d{name}_back", rows)
    if not total.terms:
        return r.let(f"d{name}", handed_back, "gradient", (("back", name),))
    now = _named(r, f"d{name}_now", total.expr, total.chain)
    return r.let(f"d{name}", now + handed_back, "gradient", (("now", name), ("back", name)))


def _named(r: Recurrence, name: str, expr: Expr, chain: list[tuple[str, str]]) -> Leaf:
    """The expression under a name, unless it is nothing but another gradient."""
    return r.let(name, expr, "gradient", tuple(chain)) if isinstance(expr, Operation) else expr


def _pulled(expr: Expr, gradient: Expr, result: Expr) -> Iterator[tuple[Leaf, Expr]]:
    """Each leaf of the expression with what the chain rule gives it of the result's gradient."""
    if not isinstance(expr, Operation):
        yield expr, gradient
        return
    pull = RULES[expr.rule].pull
    if pull is None:
        raise ValueError(f"{expr.rule} has no derivative")
    for operand, part in zip(expr.operands, pull(gradient, result, *expr.operands), strict=True):
        if part is not None:
            yield from _pulled(operand, part, operand)
