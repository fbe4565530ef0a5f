"""The recurrent cells as equations, and the letters on both ends of them."""

from collections.abc import Callable

from rnnsheet.equations.backward import differentiate
from rnnsheet.equations.expr import (
    ONE,
    Axis,
    Expr,
    Leaf,
    Operation,
    Parameter,
    Value,
    dot,
    excess,
    exp_below_greatest,
    greatest,
    letter_after,
    letter_at,
    letter_with,
    one_hot,
    one_minus,
    previous,
    same_letter,
    scale,
    share,
    sigmoid,
    spread,
    surprise,
    tanh,
)
from rnnsheet.equations.recurrence import STEP, Recurrence
from rnnsheet.errors import LessonError
from rnnsheet.lesson import Lesson, Model


def elman(r: Recurrence, x: Value, model: Model) -> Value:
    """The hidden state of the Elman cell. Source: Elman, "Finding Structure in Time" (1990)."""
    hidden = Axis("hidden", model.hidden)
    h = r.state("h", hidden)
    xh = r.let("xh", r.parameter("Wxh", hidden, x.rows) @ x, "cell")
    hh = r.let("hh", _plus_bias(r, _recurrent(r, "Whh", previous(h), model), "bh", model), "cell")
    z = r.let("z", xh + hh, "cell")
    return r.let("h", tanh(z), "cell")


def lstm(r: Recurrence, x: Value, model: Model) -> Value:
    """The hidden state of the LSTM with a forget gate. Source: Gers et al., "Learning to Forget" (2000)."""
    hidden = Axis("hidden", model.hidden)
    h, c = r.state("h", hidden), r.state("c", hidden)

    def gate(name: str, squash: Callable[[Expr], Operation]) -> Value:
        return r.let(
            name, squash(r.let(f"z{name}", _weighted(r, name, x, previous(h), model), "cell")), "cell"
        )

    i, f, g, o = gate("i", sigmoid), gate("f", sigmoid), gate("g", tanh), gate("o", sigmoid)
    c = r.let("c", f * previous(c) + i * g, "cell")
    return r.let("h", o * tanh(c), "cell")


def gru(r: Recurrence, x: Value, model: Model) -> Value:
    """The hidden state of the GRU whose reset gate acts after the recurrent product, as in PyTorch."""
    h, reset, update = _gru_gates(r, x, model)
    memory = _plus_bias(r, _recurrent(r, "Whn", previous(h), model), "bm", model)
    m = r.let("m", memory, "cell")
    new = r.parameter("Wxn", h.rows, x.rows) @ x
    return _gru_state(r, h, update, _plus_bias(r, new, "bn", model) + reset * m)


def gru_before(r: Recurrence, x: Value, model: Model) -> Value:
    """The hidden state of the GRU whose reset gate acts before the recurrent product.

    Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), eq. 5 to 8.
    """
    h, reset, update = _gru_gates(r, x, model)
    kept = r.let("s", reset * previous(h), "cell")
    return _gru_state(r, h, update, _weighted(r, "n", x, kept, model))


def _gru_gates(r: Recurrence, x: Value, model: Model) -> tuple[Value, Value, Value]:
    h = r.state("h", Axis("hidden", model.hidden))
    gates = [
        r.let(name, sigmoid(r.let(f"z{name}", _weighted(r, name, x, previous(h), model), "cell")), "cell")
        for name in ("r", "u")
    ]
    return h, gates[0], gates[1]


def _gru_state(r: Recurrence, h: Value, update: Value, candidate: Expr) -> Value:
    n = r.let("n", tanh(r.let("zn", candidate, "cell")), "cell")
    return r.let("h", one_minus(update) * n + update * previous(h), "cell")


CELLS = {"elman": elman, "lstm": lstm, "gru": gru, "gru-before": gru_before}


def network(lesson: Lesson) -> Recurrence:
    """The whole network of a lesson: letters in, the cell, probabilities and letters out, loss, gradients.

    Raises LessonError where a note belongs to no equation.
    """
    r = Recurrence()
    letters = Axis("letters", len(lesson.vocabulary))
    word, vocabulary = r.parameter("word", ONE), r.parameter("vocabulary", letters)
    letter = r.let("letter", letter_at(word, STEP), "read")
    target = r.let("target", letter_after(word, STEP), "read")
    x = r.let("x", one_hot(vocabulary, letter), "read")
    h = CELLS[lesson.model.cell](r, x, lesson.model)
    scores = r.parameter("Why", letters, h.rows) @ h
    y = r.let("y", _plus_bias(r, scores, "by", lesson.model), "output")
    # softmax: subtracting the greatest score changes no share and keeps EXP from overflowing.
    e = r.let("e", exp_below_greatest(y), "output")
    p = r.let("p", share(e), "output")
    confidence = r.let("confidence", greatest(p), "answer")
    predicted = r.let("predicted", letter_with(vocabulary, p, confidence, letter), "answer")
    r.let("right", same_letter(predicted, target), "mark")
    goal = r.let("goal", one_hot(vocabulary, target), "loss")
    q = r.let("q", dot(p, goal), "loss")
    r.let("loss_t", surprise(q, target), "loss")
    # Softmax and cross-entropy together. Source: Goodfellow et al., "Deep Learning" (2016), eq. 10.18.
    r.given["y"] = excess(p, goal, target)
    differentiate(r)
    for name in lesson.notes:
        if name not in r.equations:
            raise LessonError("unknown_note", place=lesson.source, name=name, known=", ".join(r.equations))
    return r


def _recurrent(r: Recurrence, name: str, state: Leaf, model: Model) -> Expr:
    """A matrix times the state, or one number times all of it, whichever the model has."""
    if model.parameters[name].size == 1:
        return scale(r.parameter(name, ONE), state)
    return r.parameter(name, state.rows, state.rows) @ state


def _weighted(r: Recurrence, gate: str, x: Value, state: Leaf, model: Model) -> Expr:
    """A gate's weights times the letter and times the state, plus its bias."""
    letters = r.parameter(f"Wx{gate}", state.rows, x.rows) @ x
    return _plus_bias(r, letters + _recurrent(r, f"Wh{gate}", state, model), f"b{gate}", model)


def _plus_bias(r: Recurrence, expr: Expr, name: str, model: Model) -> Expr:
    """The expression plus the model's bias of that name: a vector, one number, or none."""
    if name not in model.parameters:
        return expr
    if model.parameters[name].size == 1:
        return expr + spread(r.parameter(name, ONE), expr.rows)
    bias: Parameter = r.parameter(name, expr.rows)
    return expr + bias
