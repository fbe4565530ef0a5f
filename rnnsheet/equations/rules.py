"""The table of operations: cell formula, symbols and derivative of each; words stand in the label files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rnnsheet.equations.expr import (
    Expr,
    Leaf,
    Operation,
    Part,
    Value,
    dot,
    negative,
    outer,
    relu_slope,
    scale,
    sigmoid_slope,
    tanh_slope,
    total,
)
from rnnsheet.network.reading import END, LONGEST_TEXT

SPELLED = 8
"""Up to so many products a student reads them one by one; longer ones are an MMULT."""

SUM, PRODUCT, ATOM = 1, 2, 3
"""How strongly a text binds: a weaker one gets brackets inside a stronger one."""


class Place(Protocol):
    """How a cell's formula refers to a leaf.

    `here` is its number in this row; `column` all its rows, as a range or, where they do not lie
    in one (`is_range`), one by one between commas. Where blocks stand on pages of their own, there are
    also `block`, all its rows and columns, and `so_far`, its row up to this time step.
    """

    @property
    def here(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def is_range(self) -> bool: ...
    @property
    def row(self) -> str: ...
    @property
    def column_cells(self) -> list[str]: ...
    @property
    def row_cells(self) -> list[str]: ...


Pull = Callable[..., tuple[Expr | None, ...]]
"""From the gradient of an operation's result, the result and the operands: the gradient of each operand.

The chain rule for one operation; None for an operand of letters. Source: Griewank and Walther,
"Evaluating Derivatives" (2008), chapter 3.
"""


@dataclass(frozen=True)
class Rule:
    """One operation.

    `formula` is the cell's text, where {0} is the first operand in this row and at this time
    step and {0:column} all its rows; `symbol` the same for people. `whole` are the operands of
    which it reads all rows, or one more than once: they have to be leaves.
    """

    formula: str | Callable[..., str]
    symbol: str
    binds: int = ATOM
    pull: Pull | None = None
    whole: tuple[int, ...] = ()

    @property
    def within(self) -> int:
        """How strongly the operands are bound: those of an atom, such as a function's, need no brackets."""
        return 0 if self.binds == ATOM else self.binds


def _products(matrix: Place, vector: Place) -> str:
    pairs = list(zip(matrix.row_cells, vector.column_cells, strict=True))
    if len(pairs) <= SPELLED or not vector.is_range:
        return "+".join(f"{weight}*{number}" for weight, number in pairs)
    # SUM keeps Excel from marking the 1×1 array with an @.
    return f"SUM(MMULT({matrix.row},{vector.column}))"


def _dot(left: Place, right: Place) -> str:
    if left.is_range and right.is_range:
        return f"SUMPRODUCT({left.column},{right.column})"
    return "+".join(f"{a}*{b}" for a, b in zip(left.column_cells, right.column_cells, strict=True))


def _greatest(vector: Place, *letter: Place) -> str:
    found = f"MAX({vector.column})"
    return f'IF({letter[0].here}="","",{found})' if letter else found


def _argmax_label(vocabulary: Place, p: Place, best: Place, *letter: Place) -> str:
    if len(p.column_cells) == 1:
        # Gnumeric finds no row in a single cell.
        found = vocabulary.here
    elif p.is_range:
        found = f"INDEX({vocabulary.column},MATCH({best.here},{p.column},0),1)"
    else:
        # The first of the letters that are equally probable, as MATCH finds it.
        found = '""'
        for share, each in reversed(list(zip(p.column_cells, vocabulary.column_cells, strict=True))):
            found = f"IF({share}={best.here},{each},{found})"
    return f'IF({letter[0].here}="","",{found})' if letter else found


def _split(gradient: Expr, _: Expr, *vectors: Expr) -> tuple[Expr | None, ...]:
    """The parts of a gradient that belong to vectors put below each other."""
    assert isinstance(gradient, Value)  # noqa: S101
    starts = [sum(vector.rows.size for vector in vectors[:index]) for index in range(len(vectors))]
    return tuple(Part(gradient, start, vector.rows) for start, vector in zip(starts, vectors, strict=True))


def _word(number: str) -> str:
    """A word of a text, by its number from 0: with so many blanks between them each has its own stretch."""
    blanks = f'SUBSTITUTE({{0}}," ",REPT(" ",{LONGEST_TEXT}))'
    return f"TRIM(MID({blanks},{number}*{LONGEST_TEXT}+1,{LONGEST_TEXT}))"


RULES: dict[str, Rule] = {
    "matvec": Rule(_products, "{0}·{1}", SUM, lambda g, _, w, v: (outer(g, v), w.T @ g), (1,)),
    "scale": Rule("{0}*{1}", "{0}·{1}", PRODUCT, lambda g, _, s, v: (dot(g, v), scale(s, g))),
    "spread": Rule("{0}", "{0}", pull=lambda g, _, s: (total(g),)),
    "add": Rule("{0}+{1}", "{0} + {1}", SUM, lambda g, *_: (g, g)),
    "mul": Rule("{0}*{1}", "{0} ⊙ {1}", PRODUCT, lambda g, _, a, b: (g * b, g * a)),
    "minus": Rule("{0}-{1}", "{0} − {1}", SUM),
    "one_minus": Rule("1-{0}", "1 − {0}", SUM, lambda g, *_: (negative(g),)),
    # No overflow where 1/(1+EXP(-x)) has one.
    "sigmoid": Rule("(1+TANH({0}/2))/2", "σ({0})", PRODUCT, lambda g, out, _: (g * sigmoid_slope(out),)),
    "sigmoid_slope": Rule("{0}*(1-{0})", "{0} ⊙ (1 − {0})", PRODUCT),
    "tanh": Rule("TANH({0})", "tanh({0})", pull=lambda g, out, _: (g * tanh_slope(out),)),
    "tanh_slope": Rule("1-{0}*{0}", "1 − {0}²", SUM),
    "relu": Rule("MAX(0,{0})", "relu({0})", pull=lambda g, out, _: (g * relu_slope(out),)),
    "relu_slope": Rule("IF({0}>0,1,0)", "[{0} > 0]"),
    "hard_sigmoid": Rule("MAX(0,MIN(1,{0}/6+1/2))", "σ̂({0})", PRODUCT),
    "hard_sigmoid_keras2": Rule("MAX(0,MIN(1,{0}/5+1/2))", "σ̂({0})", PRODUCT),
    # Written row by row: each row is a link to one of the vectors.
    "concat": Rule("", "[{…}]", pull=_split),
    "mean": Rule(lambda *vectors: f"AVERAGE({','.join(each.here for each in vectors)})", "mean({…})"),
    "over_time": Rule("SUM({0:row})", "Σₜ {0}", pull=lambda *_: (None,)),
    "dot": Rule(_dot, "{0}·{1}", SUM, whole=(0, 1)),
    "total": Rule("SUM({0:column})", "sum({0})", whole=(0,)),
    # Written as one `scale` for each column.
    "outer": Rule("", "{0}·{1}ᵀ", PRODUCT),
    "exp_below_greatest": Rule("EXP({0}-MAX({0:column}))", "exp({0} − max {0})", whole=(0,)),
    "share": Rule("{0}/SUM({0:column})", "{0} / sum({0})", PRODUCT, whole=(0,)),
    "letter_at": Rule("MID({0},{1},1)", "{0}[{1}]"),
    "letter_after": Rule("MID({0},{1}+1,1)", "{0}[{1}+1]"),
    "word_at": Rule(_word("({1}-1)"), "{0}[{1}]"),
    "word_after": Rule(_word("{1}"), "{0}[{1}+1]"),
    "typed": Rule('IF({0}="","",{0})', "{0}"),
    "fed_back": Rule(f'IF(EXACT({{0}},"{END}"),"",{{0}})', "{0}"),
    "one_hot": Rule("IF(EXACT({0},{1}),1,0)", "[{0} = {1}]"),
    "greatest": Rule(_greatest, "max {0}", whole=(0,)),
    "argmax_label": Rule(_argmax_label, "argmax {1}", whole=(0, 1, 2, 3)),
    "same_letter": Rule('IF({1}="","",IF(EXACT({0},{1}),1,0))', "[{0} = {1}]"),
    # Brackets around a sum of products in the place of the right one's score.
    "cross_entropy": Rule(
        "IF({3}=0,0,MAX({0:column})-{1}+LN(SUM({2:column})))",
        "max {0} − {1} + ln sum({2})",
        PRODUCT,
        whole=(0, 2),
    ),
    "limit": Rule("MAX(-1E+100,MIN(1E+100,{0}))", "{0}"),
    # Of imported networks, which nothing is pulled back through.
    "embedded": Rule("INDEX({0:block},{1}+1,{2})", "{0}[{1}]"),
    "masked": Rule("IF({0}=1,{1},{2})", "{0}·({1}) + (1 − {0})·{2}", SUM),
    "exp_below_greatest_in_time": Rule("EXP({0}-MAX({1:row}))", "exp({0} − maxₜ {0})"),
    "share_in_time": Rule("{0}/MAX(SUM({1:row}),1E-300)", "{0} / Σₜ {0}", PRODUCT),
    "weighted_in_time": Rule("SUMPRODUCT({0:row},{1:row})", "Σₜ {0}·{1}"),
    "at_least_half": Rule("IF({0}>=0.5,1,0)", "[{0} ≥ ½]"),
    "certainty": Rule("IF({1}=1,{0},1-{0})", "{1}·{0} + (1 − {1})·(1 − {0})", SUM),
    "row_with": Rule("MATCH({1},{0:column},0)-1", "argmax {0}", SUM),
    "label_of": Rule('INDEX({0:column},{1}+1,1)&""', "{0}[{1}]"),
    "label_before_end": Rule('IF(COUNTIF({1:so_far},{2})>0,"",INDEX({0:column},{1}+1,1)&"")', "{0}[{1}]"),
    "softmax_error": Rule("IF({2}=0,0,{0}-{1})", "{0} − {1}"),
}


class _Operand:
    """An operand inside a rule's text: formatted plainly, or by one of Place's properties."""

    def __init__(self, text: str, place: Place | None):
        self.text, self.place = text, place

    def __format__(self, which: str) -> str:
        return str(getattr(self.place, which)) if which else self.text


def formula(expr: Expr, place: Callable[[Leaf], Place], outer: int = 0) -> str:
    """The text of the cell in the first row and at the first time step, without its `=`."""
    if not isinstance(expr, Operation):
        return place(expr).here
    rule = RULES[expr.rule]
    places = [None if isinstance(operand, Operation) else place(operand) for operand in expr.operands]
    if callable(rule.formula):
        text = rule.formula(*places)
    else:
        texts = [formula(operand, place, rule.within) for operand in expr.operands]
        text = rule.formula.format(*map(_Operand, texts, places))
    return f"({text})" if rule.binds < outer else text


def stretches(expr: Expr) -> list[tuple[int, Expr]]:
    """The rows, from 0, at which another formula begins, each with its expression."""
    if not (isinstance(expr, Operation) and expr.rule == "concat"):
        return [(0, expr)]
    starts = [sum(part.rows.size for part in expr.operands[:index]) for index in range(len(expr.operands))]
    return list(zip(starts, expr.operands, strict=True))
