"""Learning: the loss of a word, its gradients, and gradient descent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from rnnsheet.engine import output
from rnnsheet.engine.layers import only_for_backward
from rnnsheet.engine.propagation import Batch, OwnWords, backward, batch, forward
from rnnsheet.errors import LessonError
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Layer, Model

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Epoch:
    """A network after `number` updates of its weights, with its loss over the word."""

    number: int
    loss: float
    model: Model


def gradients(model: Model, batch: Batch, limit: float = np.inf) -> dict[str, Array]:
    """The forward pass, the losses and every gradient of a network.

    Gives what `network.forward`, `losses` and `network.backward` give. A parameter's gradient is summed
    over the batch.
    """
    found = forward(model, batch)
    found |= losses(model, batch, found)
    return {**found, **backward(model, batch, found, limit)}


def losses(model: Model, batch: Batch, found: Arrays) -> dict[str, Array]:
    """Per softmax what `output.loss` gives, (steps, batch, 1); the sum of all losses "loss" (1, 1)."""
    lost: dict[str, Array] = {}
    total = 0.0
    for layer in model.outputs:
        said = {base: found[layer.named(base)] for base in ("y", "p", *output.FOR_LOSS)}
        own = output.loss(said, batch.goals[layer.ending], batch.asked[layer.ending])
        lost |= {layer.named(base): array for base, array in own.items()}
        total += own["loss_t"].sum()
    return {**lost, "loss": np.array([[total]])}


def as_columns(model: Model, found: Arrays) -> dict[str, Array]:
    """Arrays over time of one word, (steps, 1, rows), as columns (rows, steps); others as they are.

    Without those that only the way back needs.
    """
    hidden = only_for_backward(model)
    shown = {name: array for name, array in found.items() if name not in hidden}
    return {name: array[:, 0].T if array.ndim == 3 else array for name, array in shown.items()}


def norm(slopes: Iterable[Array]) -> float:
    """The Euclidean norm of several gradients as one."""
    return float(np.sqrt(sum(np.vdot(slope, slope) for slope in slopes)))


def train(lesson: LessonData, epochs: int, rate: float, clip: float, optimizer: str) -> Iterator[Epoch]:
    """Learns the lesson's word: first the network as it is, then one after each update.

    `rate` is the learning rate. A gradient whose norm, over all weights, is above `clip` is scaled
    down to it (Pascanu et al., "On the difficulty of training recurrent neural networks", 2013);
    infinity never clips. Raises LessonError where a number grows past what a float64 holds.
    """
    parameters = {name: array.copy() for name, array in lesson.model.parameters.items()}
    learned, update = to_learn(lesson), OPTIMIZERS[optimizer](rate)
    for number in range(epochs + 1):
        model = lesson.model.with_parameters(parameters)
        with np.errstate(over="ignore", invalid="ignore"):
            found = gradients(model, learned)
            slopes = {name: found[f"d{name}"] for name in parameters}
            length = norm(slopes.values())
        loss = float(found["loss"].item())
        if not (isfinite(loss) and isfinite(length)):
            raise LessonError("diverged", place=lesson.source, epoch=number)
        yield Epoch(number, loss, model)
        if length > clip:
            slopes = {name: slope * (clip / length) for name, slope in slopes.items()}
        parameters = {name: array - update(name, slopes[name]) for name, array in parameters.items()}


def to_learn(lesson: LessonData) -> Batch:
    """The examples of a lesson as one batch, or the lesson itself; of an answer the right words are read.

    Source for the latter, teacher forcing: Williams and Zipser, "A Learning Algorithm for Continually
    Running Fully Recurrent Neural Networks" (1989).
    """
    batches = [batch(each) for each in lesson.each_example()]
    x = {name: np.concatenate([one.x[name] for one in batches], axis=1) for name in batches[0].x}
    goals = {name: np.concatenate([one.goals[name] for one in batches], axis=1) for name in batches[0].goals}
    if isinstance(answers := batches[0].answers, OwnWords):
        said = goals[lesson.model.output_on("answer").ending]
        ends = said[:, :, [answers.end]]
        # At each step the word before; nothing at first, and nothing after the end.
        x["answer"] = np.concatenate([np.zeros_like(said[:1]), (said * (1 - ends))[:-1]])
    initial = {name: np.repeat(array, len(batches), axis=0) for name, array in batches[0].initial.items()}
    return Batch(x, goals, initial, answers)


def random_model(model: Model, seed: int) -> Model:
    """A model of the same shapes, its weights uniform within ±1/√units, as PyTorch starts an RNN.

    Of a recurrent layer these are its own units, else those that it reads.
    """
    generator, drawn = np.random.default_rng(seed), {}
    for layer in model:
        for base, array in model.of(layer).items():
            units = model.size(layer) if layer.traits.states else layer_input(model, layer)
            name = layer.parameter_names[base]
            if name not in drawn:
                drawn[name] = generator.uniform(-(units**-0.5), units**-0.5, array.shape)
    return Model(model.layers, drawn)


def layer_input(model: Model, layer: Layer) -> int:
    """The number of values that a layer reads."""
    return int(model.of(layer)[layer.traits.parameters[0].name].shape[1])


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
