"""An equation as people read it: in symbols, and in words of their language."""

import re
from string import Formatter

from rnnsheet.equations.expr import At, Expr, Leaf, Next, Operation, Parameter, Part, Previous, Value
from rnnsheet.equations.recurrence import STEP
from rnnsheet.equations.rules import RULES
from rnnsheet.labels import Labels

_CHINESE = "[\u3000-\u9fff\uff00-\uffef]"
_BLANK_BETWEEN = re.compile(f"(?<={_CHINESE}) (?={_CHINESE})")
"""Chinese is written without blanks; one parts it from a symbol."""


def pieces(expr: Expr, outer: int = 0) -> list[str | Leaf]:
    """The right side as people write it, in reading order: signs, and the leaves between them."""
    if not isinstance(expr, Operation):
        return [expr]
    rule = RULES[expr.rule]
    found: list[str | Leaf] = []
    for sign, operand, _, _ in Formatter().parse(rule.symbol):
        found.append(sign)
        if operand == "…":
            found += _listed(expr.operands)
        elif operand:
            in_brackets = sign.endswith("(")
            found += pieces(expr.operands[int(operand)], 0 if in_brackets else rule.within)
    return ["(", *found, ")"] if rule.binds < outer else found


def _listed(operands: tuple[Expr, ...]) -> list[str | Leaf]:
    """All operands between semicolons; of many, the first two and the last."""
    shown = operands if len(operands) <= 4 else (*operands[:2], operands[-1])
    found = [piece for operand in shown for piece in ("; ", *pieces(operand))][1:]
    if len(shown) < len(operands):
        found.insert(-2, "; …")
    return found


def symbol(leaf: Leaf) -> str:
    """A leaf as people write it: `Whh`, `xₜ`, `hₜ₋₁`, `Whyᵀ`, `h₆`."""
    if isinstance(leaf, Parameter):
        return f"{leaf.name}ᵀ" if leaf.transposed else leaf.name
    if isinstance(leaf, Part):
        rows = (
            f"{leaf.start + 1}" if leaf.rows.size == 1 else f"{leaf.start + 1}…{leaf.start + leaf.rows.size}"
        )
        return f"{symbol(leaf.vector)}[{rows}]"
    name = (isinstance(leaf, Value) and leaf.symbol) or leaf.name
    if leaf == STEP or (isinstance(leaf, Value | At) and leaf.once):
        return name
    if isinstance(leaf, At):
        return name + subscript(leaf.step)
    return name + {Previous: "ₜ₋₁", Next: "ₜ₊₁"}.get(type(leaf), "ₜ")


def subscript(number: int) -> str:
    """A number in small digits below the line."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def symbols(expr: Expr) -> str:
    """The equation's right side as people write it: `Whh·hₜ₋₁ + bh`."""
    return "".join(piece if isinstance(piece, str) else symbol(piece) for piece in pieces(expr))


def words(expr: Expr, labels: Labels) -> str:
    """The equation's right side in words that a student knows."""
    if isinstance(expr, Operation):
        parts = [words(operand, labels) for operand in expr.operands]
        return _BLANK_BETWEEN.sub("", labels.get(f"words.{expr.rule}").format(*parts))
    if isinstance(expr, Previous):
        return labels("words.previous", state=expr.name)
    if isinstance(expr, Next):
        return labels("words.next", state=expr.name)
    if isinstance(expr, At):
        return labels("words.at", state=expr.name, step=expr.step)
    if isinstance(expr, Part):
        rows = f"{expr.start + 1}…{expr.start + expr.rows.size}"
        return labels("words.part", rows=rows, of=words(expr.vector, labels))
    return symbol(expr) if isinstance(expr, Parameter) else expr.name
