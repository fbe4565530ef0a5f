"""What a lesson's workbook lets one try: an update, a gradient check, a training, the gradient's flow.

The arrays of each have a prefix of their own, as in `update.h`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from rnnsheet.engine import output
from rnnsheet.engine.gates import bound
from rnnsheet.engine.layers import only_for_backward
from rnnsheet.engine.propagation import Batch, backward, batch, forward
from rnnsheet.engine.training import as_columns, gradients, losses, norm
from rnnsheet.experiments import GREATEST_FLOW_WEIGHT, LIMIT, WIDTH, weight_of
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Layer, Model
from rnnsheet.progress import Advance, unheard

Arrays = dict[str, Array]
Texts = dict[str, np.ndarray[Any, Any]]

SMALLEST = 1e-45
"""What a norm is drawn as at least: a chart with a scale of powers of ten has no place for 0."""


@dataclass(frozen=True)
class Experiments:
    """The arrays of all experiments by their names: the numbers, and the texts."""

    numbers: Arrays
    texts: Texts
    over_epochs: frozenset[str]
    """The names of the numbers whose first axis are the epochs of the training."""


def all_of(
    lesson: LessonData,
    parameters: Mapping[str, Array],
    given: Batch,
    advance: Advance = unheard,
) -> Experiments:
    """Every experiment with these weights."""
    tried = _Tried(lesson, given)
    with np.errstate(over="ignore", invalid="ignore"):
        updated, updated_texts = update(tried, parameters)
        checked, checked_texts = gradient_check(tried, parameters)
        trained, trained_texts = training(tried, parameters, advance)
        numbers = {**updated, **checked, **trained, **flow(tried, parameters)}
    return Experiments(numbers, {**updated_texts, **checked_texts, **trained_texts}, frozenset(trained))


class _Tried:
    """What is tried with other weights: a lesson's network on its texts."""

    def __init__(self, lesson: LessonData, given: Batch):
        self.lesson, self.settings, self.batch = lesson, lesson.settings, given

    def model(self, parameters: Mapping[str, Array]) -> Model:
        """The network with these weights."""
        return self.lesson.model.with_parameters(parameters)

    def learn(self, parameters: Mapping[str, Array], limit: float = np.inf) -> Arrays:
        """`training.gradients` with these weights."""
        return gradients(self.model(parameters), self.batch, limit)

    def forward(self, parameters: Mapping[str, Array], prefix: str) -> tuple[Arrays, Texts]:
        """The forward pass and the loss, under the prefix, with the parameters; and what is said."""
        model = self.model(parameters)
        found = forward(model, self.batch)
        numbers = {**parameters, **as_columns(model, {**found, **losses(model, self.batch, found)})}
        numbers |= confidences(model, numbers)
        return (
            {f"{prefix}.{name}": array for name, array in numbers.items()},
            {f"{prefix}.{name}": row for name, row in texts(self.lesson, numbers).items()},
        )


def confidences(model: Model, found: Mapping[str, Array]) -> Arrays:
    """Per softmax the greatest probability of each step, (..., 1, steps); p is (..., labels, steps)."""
    return {
        layer.named("confidence"): found[layer.named("p")].max(axis=-2, keepdims=True)
        for layer in model.outputs
    }


def texts(lesson: LessonData, found: Mapping[str, Array]) -> Texts:
    """What every softmax says, and what is read where that is the network's own answer.

    Each (..., 1, steps), from p (..., labels, steps).
    """
    rows = {}
    for layer in lesson.model.outputs:
        p, sequence = found[layer.named("p")], lesson.model.sequence(layer)
        if sequence == "answer":
            rows["letter_answer"], says = output.answered(p, lesson.labels)
        else:
            read = lesson.read(sequence) if sequence in ("word", "second") else None
            says = output.said(p, lesson.labels, read)
        rows[layer.named("predicted")] = says
    return rows


def update(tried: _Tried, parameters: Mapping[str, Array]) -> tuple[Arrays, Texts]:
    """One step of gradient descent, W - rate·dW, and the forward pass after it."""
    slopes = tried.learn(parameters)
    rate = tried.settings.update_rate
    return tried.forward(
        {name: array - rate * slopes[f"d{name}"] for name, array in parameters.items()}, "update"
    )


def gradient_check(tried: _Tried, parameters: Mapping[str, Array]) -> tuple[Arrays, Texts]:
    """The central difference (L(w + ε) - L(w - ε)) / 2ε of the chosen weight, and its gradient.

    Source: Goodfellow et al., "Deep Learning" (2016), eq. 11.6.
    """
    name, row, col = weight_of(tried.lesson.chosen, tried.lesson.model)
    place = (row - 1, col - 1)
    found: Arrays = {}
    says: Texts = {}
    for prefix, change in (("plus", WIDTH), ("minus", -WIDTH)):
        moved = parameters[name].copy()
        moved[place] += change
        numbers, rows = tried.forward({**parameters, name: moved}, prefix)
        found |= numbers
        says |= rows
    central = (found["plus.loss"] - found["minus.loss"]) / (2 * WIDTH)
    gradient = tried.learn(parameters)[f"d{name}"][place].reshape(1, 1)
    checked = {"central": central, "gradient": gradient, "difference": central - gradient}
    return {**found, **{f"check.{key}": array for key, array in checked.items()}}, says


def training(
    tried: _Tried, parameters: Mapping[str, Array], advance: Advance = unheard
) -> tuple[Arrays, Texts]:
    """Gradient descent with a clipped norm: every number of every epoch, (epochs + 1, rows, steps).

    Nothing overflows: weights and the gradients of states stay within ±`LIMIT`. Weights and their
    gradients are (epochs + 1, numbers), what is said (epochs + 1, 1, steps).
    """
    settings, epochs = tried.settings, []
    now = {name: array.copy() for name, array in parameters.items()}
    for _ in range(tried.lesson.epochs + 1):
        for array in now.values():
            bound(array, LIMIT)
        found = tried.learn(now, LIMIT)
        slopes = {name: found[f"d{name}"] for name in now}
        length = norm(slopes.values())
        scale = settings.clip / length if length > settings.clip else 1.0
        epochs.append({**found, **now, "norm": np.array([length]), "scale": np.array([scale])})
        step = settings.rate * scale
        now = {name: array - step * slopes[name] for name, array in now.items()}
        advance(1)
    hidden = only_for_backward(tried.lesson.model)
    stacked = {name: np.array([epoch[name] for epoch in epochs]) for name in epochs[0] if name not in hidden}
    # Over time (epochs, steps, 1, rows); all others are numbers of an epoch as a whole.
    columns = {
        name: array[:, :, 0].swapaxes(1, 2) if array.ndim == 4 else array.reshape(len(epochs), -1)
        for name, array in stacked.items()
    }
    columns |= confidences(tried.lesson.model, columns)
    said = texts(tried.lesson, columns)
    return {f"training.{name}": array for name, array in columns.items()}, {
        f"training.{name}": row for name, row in said.items()
    }


GRADIENT_PATHS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"elman": {"h": ("dh", "dz", "dh_back")}}
"""Per cell and state, where the state's gradient passes on its way to the time step before."""


def flow(tried: _Tried, parameters: Mapping[str, Array]) -> Arrays:
    """How much of the last step's loss reaches the states of each step before, over a long text.

    The lesson's text is repeated; the recurrent weights are those that the settings say. `norm_dh` is
    Euclidean, as are those of the other gradients on a state's path from its own time step to the one
    before; `by_dz` is the factor by which the norm changes on the way to dz. `through` is what the last
    factor of the last state alone would leave; it is there where there is one recurrent layer. Source:
    Pascanu et al., "On the difficulty of training recurrent neural networks" (2013), section 2.
    """
    lesson = tried.lesson
    layers = lesson.flow_layers
    if not layers:
        return {}
    changed = {**parameters, **_strengthened(lesson, parameters)}
    model, long = tried.model(changed), _long(lesson, tried.batch)
    seen = forward(model, long)
    back = backward(model, long, seen, LIMIT)
    found = as_columns(model, {name: array for name, array in {**seen, **back}.items() if array.ndim == 3})
    for layer in model.outputs:
        wanted = {"goal": long.goals[layer.ending], "asked": long.asked[layer.ending]}
        found |= as_columns(model, {layer.named(base): array for base, array in wanted.items()})
    rows: Arrays = {}
    for path in (path for layer in layers for path in _paths(layer)):
        rows |= {f"norm_{name}": np.sqrt((found[name] ** 2).sum(axis=0)) for name in path}
        for before, after in pairwise(path):
            rows[f"by_{after}"] = _ratio(rows[f"norm_{after}"], rows[f"norm_{before}"])
    if len(layers) == 1:
        rows["through"] = _through(rows, _paths(layers[0])[-1])
        rows["clipped"] = np.minimum(rows["through"], tried.settings.flow_clip)
    norms = [f"norm_{path[0]}" for layer in layers for path in _paths(layer)]
    drawn = [*norms, *(name for name in ("through", "clipped") if name in rows)]
    rows |= {f"drawn_{name}": np.maximum(rows[name], SMALLEST) for name in drawn}
    recurrent = {name: changed[name] for name in lesson.model.recurrent}
    found |= {name: row[None] for name, row in rows.items()} | recurrent
    return {f"flow.{name}": array for name, array in found.items()}


def unsettled(lesson: LessonData, numbers: Mapping[str, Array], roundings: Mapping[str, Array]) -> Arrays:
    """The roundings of the flow's factors, infinite where the divisor may be nothing but roundings itself.

    Where it is, it may be 0 in another program, and the factor too, or be any number. `numbers` and
    `roundings` are those of all experiments.
    """
    found: Arrays = {}
    paths = [path for layer in lesson.flow_layers for path in _paths(layer)]
    for before, after in (pair for path in paths for pair in pairwise(path)):
        norm, slack = (arrays[f"flow.norm_{before}"] for arrays in (numbers, roundings))
        unsure = (slack > 0) & (slack >= norm)
        found[f"flow.by_{after}"] = np.where(unsure, np.inf, roundings[f"flow.by_{after}"])
    if "flow.through" in numbers:
        # At each step the product of the factors of all later steps.
        later = np.isinf(found[f"flow.by_{paths[-1][-1]}"][:, :0:-1])
        unsure = np.pad(np.logical_or.accumulate(later, axis=1)[:, ::-1], ((0, 0), (0, 1)))
        for name in ("flow.through", "flow.clipped", "flow.drawn_through", "flow.drawn_clipped"):
            found[name] = np.where(unsure, np.inf, roundings[name])
    return found


def _long(lesson: LessonData, given: Batch) -> Batch:
    """The lesson's text over and over; what follows counts at the last step only."""
    steps, parts = lesson.settings.flow_steps, lesson.parts(lesson.word)
    text = [parts[step % len(parts)] for step in range(steps + 1)]
    goals = dict(batch(lesson.over(max(steps, lesson.least_steps))).goals)
    for layer in lesson.model.outputs:
        if lesson.model.sequence(layer) == "word":
            goals[layer.ending] = output.one_hot([*[""] * (steps - 1), text[-1]], lesson.labels)
    return replace(given, x={"word": output.one_hot(text[:-1], lesson.vocabulary)}, goals=goals)


def _paths(layer: Layer) -> list[tuple[str, ...]]:
    """Per state of a layer, the gradients from its own time step to the one before."""
    known = GRADIENT_PATHS.get(layer.kind, {})
    return [
        tuple(layer.named(base) for base in known.get(state, (f"d{state}", f"d{state}_back")))
        for state in layer.traits.states
    ]


def _through(rows: Arrays, path: tuple[str, ...]) -> Array:
    through = [rows[f"norm_{path[0]}"][-1]]
    for factor in rows[f"by_{path[-1]}"][:0:-1]:
        through.append(min(LIMIT, through[-1] * factor))
    return np.array(through[::-1])


def _strengthened(lesson: LessonData, parameters: Mapping[str, Array]) -> Arrays:
    """The recurrent weights for the flow: Whh itself where that is one number, else multiples."""
    strength = min(GREATEST_FLOW_WEIGHT, max(-GREATEST_FLOW_WEIGHT, lesson.flow_whh))
    if lesson.flow_is_whh:
        return {"Whh": np.array([[strength]])}
    return {name: strength * parameters[name] for name in lesson.model.recurrent}


def _ratio(left: Array, right: Array) -> Array:
    return left / np.where(right > 0, right, np.inf)
