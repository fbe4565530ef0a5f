"""Expressions over one time step: the leaves, the operations, and the shapes they must have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rnnsheet.network import ONE, Axis


class _Term:
    def __add__(self: Expr, other: Expr) -> Operation:  # type: ignore[misc]
        _same(self, other, "+")
        return Operation("add", (self, other), self.rows)

    def __mul__(self: Expr, other: Expr) -> Operation:  # type: ignore[misc]
        _same(self, other, "*")
        return Operation("mul", (self, other), self.rows)


@dataclass(frozen=True)
class Parameter(_Term):
    """Numbers or letters that are the same at every time step: (rows, cols)."""

    name: str
    rows: Axis
    cols: Axis = ONE
    transposed: bool = False
    """Its rows are the columns of the weight of that name."""

    @property
    def T(self) -> Parameter:  # noqa: N802
        """The parameter with its rows as columns."""
        return Parameter(self.name, self.cols, self.rows, not self.transposed)

    def __matmul__(self, vector: Leaf) -> Operation:
        _leaf(vector, "@")
        if self.cols != vector.rows:
            raise ValueError(f"{self.name} has {self.cols} columns, {vector.name} has {vector.rows} rows")
        return Operation("matvec", (self, vector), self.rows)


@dataclass(frozen=True)
class Value(_Term):
    """The value of a named equation at this time step."""

    name: str
    rows: Axis
    once: bool = field(default=False, compare=False)
    """It has no time steps."""
    symbol: str = field(default="", compare=False)
    """How people write it, without its time step, where that is not its name."""


@dataclass(frozen=True)
class Previous(_Term):
    """The value of a state at the time step before; before the first, its initial value."""

    name: str
    rows: Axis


@dataclass(frozen=True)
class Next(_Term):
    """What the time step after hands back; nothing after the last."""

    name: str
    rows: Axis


@dataclass(frozen=True)
class At(_Term):
    """The value of an equation of another sequence at one of its time steps, from 1."""

    name: str
    rows: Axis
    step: int
    once: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class AllSteps(_Term):
    """The values of an equation of another sequence at all its time steps."""

    name: str
    rows: Axis
    steps: int


@dataclass(frozen=True)
class Part(_Term):
    """Some rows of a vector, from `start` on, counted from 0."""

    vector: Value | Previous | Next | At
    start: int
    rows: Axis

    @property
    def name(self) -> str:
        return self.vector.name


@dataclass(frozen=True)
class Operation(_Term):
    """One operation of `rules.RULES` on its operands."""

    rule: str
    operands: tuple[Expr, ...]
    rows: Axis


Leaf = Parameter | Value | Previous | Next | At | AllSteps | Part
Expr = Leaf | Operation


def leaves(expr: Expr) -> Iterator[Leaf]:
    """Parameters and values in an expression, in reading order."""
    if isinstance(expr, Operation):
        for operand in expr.operands:
            yield from leaves(operand)
    else:
        yield expr


def _each(rule: str) -> Callable[[Expr], Operation]:
    """An operation that makes of each number of a vector another one."""

    def operation(vector: Expr) -> Operation:
        return Operation(rule, (vector,), vector.rows)

    operation.__name__ = rule
    return operation


def _one_of(rule: str) -> Callable[..., Operation]:
    """An operation that makes one number, or one text, of its operands."""

    def operation(*operands: Leaf) -> Operation:
        return Operation(rule, operands, ONE)

    operation.__name__ = rule
    return operation


tanh = _each("tanh")
"""The hyperbolic tangent."""
relu = _each("relu")
"""Each number, or 0 where it is below."""
relu_slope = _each("relu_slope")
"""The derivative of relu where its value is `result`; 0 at 0."""
hard_sigmoid = _each("hard_sigmoid")
"""v/6 + 1/2, kept between 0 and 1: the form of Keras 3 and PyTorch."""
hard_sigmoid_keras2 = _each("hard_sigmoid_keras2")
"""v/5 + 1/2, kept between 0 and 1: the form of Keras 2 and ONNX."""
sigmoid = _each("sigmoid")
"""1 / (1 + exp(-v))."""
sigmoid_slope = _each("sigmoid_slope")
"""The derivative of the sigmoid where its value is `result`."""
negative = _each("negative")
"""-v: a term to be subtracted from the others of its sum."""
tanh_slope = _each("tanh_slope")
"""The derivative of tanh where its value is `result`."""
exp_below_greatest = _each("exp_below_greatest")
"""exp(v - max v): what softmax adds up, safe from overflow."""
share = _each("share")
"""Each number's share in the sum of all."""
limit = _each("limit")
"""Each number, or the nearest that is within the bounds of a training."""
total = _one_of("total")
"""(vector): the sum of a vector."""
letter_at = _one_of("letter_at")
"""(word, step): the letter of a word at a time step; "" past its end."""
letter_after = _one_of("letter_after")
"""(word, step): the letter of a word after a time step; "" at its end."""
word_at = _one_of("word_at")
"""(text, step): the word of a text at a time step; "" past its end."""
word_after = _one_of("word_after")
"""(text, step): the word of a text after a time step; "" at its end."""
typed = _one_of("typed")
"""(text): a text as someone typed it; "" where nothing is typed."""
fed_back = _one_of("fed_back")
"""(said): the word said before; "" after the end."""
same_letter = _one_of("same_letter")
"""(guess, target): 1 where both are the same letter, else 0; "" where there is no target."""
row_with = _one_of("row_with")
"""(vector, number): the number, from 0, of the first row that is `number`."""
label_of = _one_of("label_of")
"""(labels, said): the label with this number, from 0."""
label_before_end = _one_of("label_before_end")
"""(labels, said, end): the label with this number, from 0; "" from the time step on that has said `end`."""
greatest = _one_of("greatest")
"""(vector, *letter): the greatest number of a vector; "" where there is no `letter`, if one is asked for."""


def scale(number: Leaf, vector: Expr) -> Operation:
    """One number times every number of a vector."""
    _one(number)
    return Operation("scale", (number, vector), vector.rows)


def spread(number: Parameter, rows: Axis) -> Operation:
    """One number in every row."""
    _one(number)
    return Operation("spread", (number,), rows)


def concat(vectors: Sequence[Leaf]) -> Operation:
    """Vectors below each other."""
    rows = Axis("hidden", sum(vector.rows.size for vector in vectors))
    return Operation("concat", tuple(vectors), rows)


def over_time(vector: Value, steps: int) -> Operation:
    """The sum of a vector over all time steps of its sequence."""
    return Operation("over_time", (AllSteps(vector.name, vector.rows, steps),), vector.rows)


def one_minus(vector: Leaf) -> Operation:
    """1 - v, number by number."""
    _leaf(vector, "one_minus")
    return Operation("one_minus", (vector,), vector.rows)


def minus(left: Expr, right: Expr) -> Operation:
    """The difference of two vectors; the right one no sum, as a formula has no brackets there."""
    _same(left, right, "-")
    if isinstance(right, Operation) and right.rule != "mul":
        raise ValueError(f"minus: a leaf or a product was expected, not {right.rule}")
    return Operation("minus", (left, right), left.rows)


def dot(left: Leaf, right: Leaf) -> Operation:
    """The sum of the products of two vectors, row by row."""
    _same(left, right, "dot")
    return Operation("dot", (left, right), ONE)


def outer(left: Leaf, right: Leaf) -> Operation:
    """The matrix of each row of `left` times each row of `right`: (left.rows, right.rows)."""
    return Operation("outer", (left, right), left.rows)


def one_hot(vocabulary: Parameter, letter: Leaf) -> Operation:
    """1 in the row of the letter, 0 in every other."""
    return Operation("one_hot", (vocabulary, letter), vocabulary.rows)


def argmax_label(vocabulary: Parameter, p: Leaf, best: Leaf, *letter: Leaf) -> Operation:
    """The letter in the row of p that is `best`; "" where there is no `letter`, if one is asked for."""
    _same(vocabulary, p, "argmax_label")
    return Operation("argmax_label", (vocabulary, p, best, *letter), ONE)


def cross_entropy(y: Leaf, right: Leaf, e: Leaf, asked: Leaf) -> Operation:
    """-ln softmax of `right`, one of the scores y, with e = exp(y - max y); 0 where nothing is asked."""
    _same(y, e, "cross_entropy")
    return Operation("cross_entropy", (y, right, e, asked), ONE)


def softmax_error(p: Leaf, goal: Leaf, asked: Leaf) -> Operation:
    """p - goal, row by row; 0 where nothing is asked."""
    _same(p, goal, "softmax_error")
    return Operation("softmax_error", (p, goal, asked), p.rows)


def mean(vectors: Sequence[Leaf]) -> Operation:
    """The mean of vectors, number by number."""
    for vector in vectors:
        _same(vectors[0], vector, "mean")
    return Operation("mean", tuple(vectors), vectors[0].rows)


def embedded(table: Parameter, number: Leaf) -> Operation:
    """The row of a table that has this number, from 0, as a column."""
    return Operation("embedded", (table, number, unit_numbers(table.cols)), table.cols)


def unit_numbers(rows: Axis) -> Parameter:
    """The numbers, from 1, that stand beside the rows of a block."""
    return Parameter("unit", rows)


def masked(mask: Leaf, new: Expr, old: Leaf) -> Operation:
    """The new numbers where the mask is 1, the old ones where it is 0."""
    _one(mask)
    _same(new, old, "masked")
    return Operation("masked", (mask, new, old), old.rows)


def exp_below_greatest_in_time(score: Value, steps: int) -> Operation:
    """exp(s - max s) of one number per time step: what a softmax over time adds up."""
    return Operation("exp_below_greatest_in_time", (score, AllSteps(score.name, ONE, steps)), ONE)


def share_in_time(number: Value, steps: int) -> Operation:
    """One number's share in the sum over all time steps; 0 where all are 0."""
    return Operation("share_in_time", (number, AllSteps(number.name, ONE, steps)), ONE)


def weighted_in_time(weight: Value, vector: Leaf, steps: int) -> Operation:
    """The sum over all time steps of one number times a vector."""
    operands = (AllSteps(weight.name, ONE, steps), AllSteps(vector.name, vector.rows, steps))
    return Operation("weighted_in_time", operands, vector.rows)


def at_least_half(number: Leaf) -> Operation:
    """1 where the number is at least 1/2, else 0."""
    _one(number)
    return Operation("at_least_half", (number,), ONE)


def certainty(number: Leaf, said: Leaf) -> Operation:
    """The number where what is said is 1, else 1 less it."""
    _one(number)
    return Operation("certainty", (number, said), ONE)


def _leaf(vector: Leaf, what: str) -> None:
    if isinstance(vector, Operation) or not isinstance(vector, _Term):
        raise ValueError(f"{what}: a value with a name of its own was expected (give it one with let)")


def _same(left: Expr, right: Expr, what: str) -> None:
    if not isinstance(right, _Term):
        raise ValueError(f"{what}: a value was expected, not {right!r}")
    if left.rows != right.rows:
        raise ValueError(f"{what}: {left.rows} rows meet {right.rows} rows")


def _one(number: Leaf) -> None:
    if number.rows.size != 1 or (isinstance(number, Parameter) and number.cols.size != 1):
        raise ValueError(f"{number.name} has {number.rows} rows; one number was expected")
