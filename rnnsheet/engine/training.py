"""Learning: the loss of a word, its gradients, and gradient descent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsheet.engine import elman, gru, lstm, output
from rnnsheet.errors import LessonError
from rnnsheet.lesson import Array, Lesson, Model

Arrays = Mapping[str, Array]

CELLS: Mapping[str, Any] = {
    "elman": elman,
    "lstm": lstm,
    "gru": gru.cell(reset_after=True),
    "gru-before": gru.cell(reset_after=False),
}
"""Per kind of cell, its `forward`, `backward` and `contributions`."""


@dataclass(frozen=True)
class Epoch:
    """A network after `number` updates of its weights, with its loss over the word."""

    number: int
    loss: float
    model: Model


def gradients(
    cell: str,
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    goal: Array,
    limit: float = np.inf,
    rounded: Callable[[Array], Array] = np.asarray,
) -> dict[str, Array]:
    """The forward pass, the loss and every gradient of a network.

    Takes x and the one-hot targets goal (steps, batch, letters), and each state before the first step
    (batch, hidden). Gives what the cell's `forward` and `backward` give; y, e, p, q, loss_t, dy (steps,
    batch, rows); and the gradient of every parameter, in its shape and summed over the batch. `limit`
    as in the cell's `backward`. `rounded` may change the states in their last digits on the way back.
    """
    states = CELLS[cell].forward(parameters, x, initial)
    states = {name: rounded(array) for name, array in states.items()}
    outputs = output.probabilities(parameters, states["h"])
    outer = output.backward(parameters, states["h"], outputs["p"], goal)
    inner = CELLS[cell].backward(parameters, x, initial, states, outer["dh_now"], limit)
    return {**states, **outputs, **output.loss(outputs["p"], goal), **outer, **inner}


def transposed(columns: Arrays) -> dict[str, Array]:
    """Column vectors (rows, 1) as one sample each, (1, rows)."""
    return {name: array.T for name, array in columns.items()}


def as_columns(found: Arrays) -> dict[str, Array]:
    """Arrays over time of one word, (steps, 1, rows), as columns (rows, steps); others as they are.

    Those whose name begins with an underline are for the cell alone.
    """
    shown = {name: array for name, array in found.items() if not name.startswith("_")}
    return {name: array[:, 0].T if array.ndim == 3 else array for name, array in shown.items()}


def norm(slopes: Iterable[Array]) -> float:
    """The Euclidean norm of several gradients as one."""
    return float(np.sqrt(sum(np.vdot(slope, slope) for slope in slopes)))


def train(lesson: Lesson, epochs: int, rate: float, clip: float, optimizer: str) -> Iterator[Epoch]:
    """Learns the lesson's word: first the network as it is, then one after each update.

    `rate` is the learning rate. A gradient whose norm, over all weights, is above `clip` is scaled
    down to it (Pascanu et al., "On the difficulty of training recurrent neural networks", 2013);
    infinity never clips. Raises LessonError where a number grows past what a float64 holds.
    """
    parameters = {name: array.copy() for name, array in lesson.model.parameters.items()}
    x = output.one_hot(lesson.letters, lesson.vocabulary)
    goal = output.one_hot(lesson.targets, lesson.vocabulary)
    update = OPTIMIZERS[optimizer](rate)
    for number in range(epochs + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            found = gradients(lesson.model.cell, parameters, x, transposed(lesson.initial), goal)
            slopes = {name: found[f"d{name}"] for name in parameters}
            length = norm(slopes.values())
        loss = float(found["loss_t"].sum())
        if not np.isfinite([loss, length]).all():
            raise LessonError("diverged", place=lesson.source, epoch=number)
        model = Model(lesson.model.cell, {name: array.copy() for name, array in parameters.items()})
        yield Epoch(number, loss, model)
        scale = clip / length if length > clip else 1.0
        for name, slope in slopes.items():
            parameters[name] -= update(name, slope * scale)


def random_model(model: Model, seed: int) -> Model:
    """A model of the same shapes, its weights uniform within ±1/√hidden, as PyTorch starts an RNN."""
    generator, bound = np.random.default_rng(seed), model.hidden**-0.5
    return Model(
        model.cell,
        {name: generator.uniform(-bound, bound, array.shape) for name, array in model.parameters.items()},
    )


Update = Callable[[str, Array], Array]
"""From a weight's name and gradient what to take off the weight."""


def _sgd(rate: float) -> Update:
    """Gradient descent: rate·g."""
    return lambda _, slope: rate * slope


def _adagrad(rate: float) -> Update:
    """rate·g / (√Σg² + 1e-8). Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011)."""
    squares: dict[str, Array] = {}

    def update(name: str, slope: Array) -> Array:
        squares[name] = squares.get(name, 0.0) + slope * slope
        return rate * slope / (np.sqrt(squares[name]) + 1e-8)

    return update


def _adam(rate: float) -> Update:
    """Source: Kingma and Ba, "Adam" (2015), algorithm 1 with β₁ 0.9, β₂ 0.999, ε 1e-8."""
    moments: dict[str, tuple[int, Array | float, Array | float]] = {}

    def update(name: str, slope: Array) -> Array:
        count, mean, square = moments.get(name, (0, 0.0, 0.0))
        count, mean, square = count + 1, 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope * slope
        moments[name] = count, mean, square
        step: Array = (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8)
        return rate * step

    return update


OPTIMIZERS: Mapping[str, Callable[[float], Update]] = {"sgd": _sgd, "adagrad": _adagrad, "adam": _adam}
