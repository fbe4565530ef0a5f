"""Reverse mode over one time step: the equations of all gradients, from those of the network.

Back-propagation through time follows: what a time step hands back to a state before it is that
state's gradient, in part, at the time step before. Source: Werbos, "Backpropagation Through Time"
(1990); Griewank and Walther, "Evaluating Derivatives" (2008), chapter 3.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from operator import add

from rnnsheet.equations.expr import At, Expr, Leaf, Next, Operation, Parameter, Previous, Value, limit, minus
from rnnsheet.equations.notation import symbol
from rnnsheet.equations.recurrence import Equation, Gradient, Recurrence, Share
from rnnsheet.equations.rules import RULES
from rnnsheet.network import STATIC, share_name


@dataclass
class _Sum:
    """What a gradient adds up, and what it was pulled back from."""

    terms: list[Expr]
    chain: list[tuple[str, Leaf]]
    sequence: str = ""

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


_Found = defaultdict[Leaf, _Sum]


def _positive(term: Expr) -> bool:
    return not (isinstance(term, Operation) and term.rule == "negative")


def differentiate(r: Recurrence, weights: Collection[str]) -> None:
    """Adds the equations of every gradient, from the last equation back to the first.

    `dv` is the gradient of the loss with respect to the value `v`. That of a state `h` has two
    parts: `dh_now` by way of its own time step, and `dh_back` of the time step after, which is
    what that one hands back; beyond the last time step it is what other layers hand back. A gradient
    that equals another one gets no equation of its own. `weights` are the parameters that are learned.
    """
    found: _Found = defaultdict(lambda: _Sum([], []))
    learned: defaultdict[tuple[Leaf, str], _Sum] = defaultdict(lambda: _Sum([], []))
    for _, layer in groupby(reversed(r.of("cell", "output")), key=lambda equation: equation.layer):
        for equation in layer:
            gradient = _adjoint(r, equation, found)
            if gradient is not None:
                for leaf, term in _pulled(equation.expr, gradient, equation.value):
                    is_weight = isinstance(leaf, Parameter)
                    total = learned[leaf, equation.sequence] if is_weight else found[leaf]
                    total.terms.append(term)
                    total.chain.append((_with_respect_to(r, gradient), leaf))
                    total.sequence = equation.sequence
        _hand_back(r, found)
    for parameter in r.parameters.values():
        if parameter.name in weights:
            shares = [
                Share(share_name(parameter.name, sequence), total.expr, sequence, tuple(total.chain))
                for (leaf, sequence), total in learned.items()
                if leaf == parameter
            ]
            r.gradients[parameter.name] = Gradient(parameter, tuple(shares))


def _hand_back(r: Recurrence, found: _Found) -> None:
    """What states hand back to the time step before, and the first to the layer that it starts from."""
    for leaf in [leaf for leaf in found if isinstance(leaf, Previous | Next)]:
        total = found.pop(leaf)
        back = r.gradient(leaf, "back", total.expr, total.chain, total.sequence)
        start = r.states[leaf.name]
        if isinstance(start, At):
            first = r.sequences[total.sequence] if leaf.name in r.reverse else 1
            handed = At(back.name, back.rows, first, total.sequence == STATIC)
            if start.name in r.states:
                r.final_state_grad[f"d{start.name}_back"] = handed
            else:
                source = found[Value(start.name, start.rows)]
                source.terms.append(handed)
                source.chain.append((leaf.name, r.equations[start.name].value))


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


def chain_rule(item: Equation | Share) -> str:
    """The term of the chain rule that a gradient is: `∂L/∂yₜ · ∂yₜ/∂hₜ`."""
    time = "" if item.sequence == STATIC else "ₜ"
    terms = " + ".join(f"∂L/∂{of}{time} · ∂{of}{time}/∂{symbol(by)}" for of, by in item.chain)
    if isinstance(item, Share):
        return f"Σₜ {terms}" if time else terms
    assert item.of  # noqa: S101
    return terms or f"∂L/∂{symbol(item.of)}"


def _adjoint(r: Recurrence, equation: Equation, found: _Found) -> Leaf | None:
    """The gradient with respect to an equation's value; None where the loss does not depend on it."""
    name, value = equation.name, equation.value
    if name in r.given:
        return r.gradient(value, "given", r.given[name], (), equation.sequence)
    for leaf in [leaf for leaf in found if isinstance(leaf, At) and leaf.name == name]:
        total = found.pop(leaf)
        last = r.gradient(leaf, "last", total.expr, total.chain, total.sequence)
        r.final_state_grad[f"d{name}_back"] = At(last.name, last.rows, 1, once=True)
    if value not in found and name not in r.states:
        return None
    total = found[value]
    if name not in r.states:
        return _named(r, value, "pulled", total, equation.sequence)
    back = f"d{name}_back"
    handed = Previous(back, value.rows) if name in r.reverse else Next(back, value.rows)
    if not total.terms:
        return r.gradient(value, "whole", handed, (), equation.sequence)
    now = _named(r, value, "now", total, equation.sequence)
    return r.gradient(value, "whole", now + handed, (), equation.sequence)


def _named(r: Recurrence, of: Value, kind: str, total: _Sum, sequence: str) -> Leaf:
    """The sum under a name, unless it is nothing but another gradient of the same sequence."""
    expr = total.expr
    return expr if isinstance(expr, Value) else r.gradient(of, kind, expr, total.chain, sequence)


def _with_respect_to(r: Recurrence, gradient: Leaf) -> str:
    """The name of the value with respect to which a gradient is."""
    of = r.equations[gradient.name].of
    assert of  # noqa: S101
    return of.name


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
