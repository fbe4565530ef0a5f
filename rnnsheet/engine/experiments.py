"""What a lesson's workbook lets one try: an update, a gradient check, a training, the gradient's flow.

The arrays of each have a prefix of their own, as in `update.h`.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from rnnsheet.engine import output
from rnnsheet.engine.training import CELLS, as_columns, gradients, norm, transposed
from rnnsheet.lesson import FLOW, LIMIT, STATES, WIDTH, Array, Lesson, weight_of

Arrays = dict[str, Array]
Rounded = Callable[[Array], Array]
"""As in `training.gradients`."""

SMALLEST = 1e-45
"""What a norm is drawn as at least: a chart with a scale of powers of ten has no place for 0."""


def all_of(
    lesson: Lesson,
    parameters: Mapping[str, Array],
    initial: Mapping[str, Array],
    rounded: Rounded = np.asarray,
) -> tuple[Arrays, dict[str, np.ndarray]]:
    """The arrays of every experiment with these weights: the numbers, and the letters."""
    word = _Word(lesson, initial, rounded)
    with np.errstate(over="ignore", invalid="ignore"):
        trained, letters = training(word, parameters)
        return {
            **update(word, parameters),
            **gradient_check(word, parameters),
            **trained,
            **flow(word, parameters),
        }, letters


class _Word:
    """What a network is to learn, as arrays (steps, 1, letters), and how."""

    def __init__(self, lesson: Lesson, initial: Mapping[str, Array], rounded: Rounded):
        self.rounded = rounded
        self.lesson, self.settings, self.initial = lesson, lesson.settings, transposed(initial)
        self.x = output.one_hot(lesson.letters, lesson.vocabulary)
        self.goal = output.one_hot(lesson.targets, lesson.vocabulary)

    def learn(self, parameters: Mapping[str, Array], limit: float = np.inf) -> Arrays:
        """`training.gradients` of this word."""
        cell = self.lesson.model.cell
        return gradients(cell, parameters, self.x, self.initial, self.goal, limit, self.rounded)

    def forward(self, parameters: Mapping[str, Array], prefix: str) -> Arrays:
        """The forward pass and the loss, under the prefix, with the parameters."""
        states = CELLS[self.lesson.model.cell].forward(parameters, self.x, self.initial)
        outputs = output.probabilities(parameters, states["h"])
        losses = output.loss(outputs["p"], self.goal)
        found = {**parameters, **as_columns({**states, **outputs, **losses})}
        found["loss"] = losses["loss_t"].sum().reshape(1, 1)
        return {f"{prefix}.{name}": array for name, array in found.items()}


def update(word: _Word, parameters: Mapping[str, Array]) -> Arrays:
    """One step of gradient descent, W - rate·dW, and the forward pass after it."""
    slopes = word.learn(parameters)
    rate = word.settings.update_rate
    return word.forward(
        {name: array - rate * slopes[f"d{name}"] for name, array in parameters.items()}, "update"
    )


def gradient_check(word: _Word, parameters: Mapping[str, Array]) -> Arrays:
    """The central difference (L(w + ε) - L(w - ε)) / 2ε of the chosen weight, and its gradient.

    Source: Goodfellow et al., "Deep Learning" (2016), eq. 11.6.
    """
    name, row, col = weight_of(word.lesson.chosen, word.lesson.model)
    place = (row - 1, col - 1)
    found: Arrays = {}
    for prefix, change in (("plus", WIDTH), ("minus", -WIDTH)):
        moved = parameters[name].copy()
        moved[place] += change
        found |= word.forward({**parameters, name: moved}, prefix)
    central = (found["plus.loss"] - found["minus.loss"]) / (2 * WIDTH)
    gradient = word.learn(parameters)[f"d{name}"][place].reshape(1, 1)
    return {
        **found,
        "check.central": central,
        "check.gradient": gradient,
        "check.difference": central - gradient,
    }


def training(word: _Word, parameters: Mapping[str, Array]) -> tuple[Arrays, dict[str, np.ndarray]]:
    """Gradient descent with a clipped norm: every number of every epoch, (epochs + 1, rows, steps).

    Nothing overflows: weights and the gradients of states stay within ±`LIMIT`. Weights and their
    gradients are (epochs + 1, numbers), the letters said (epochs + 1, 1, steps).
    """
    settings, epochs = word.settings, []
    now = {name: np.clip(array, -LIMIT, LIMIT) for name, array in parameters.items()}
    for _ in range(settings.epochs + 1):
        found = word.learn(now, LIMIT)
        slopes = {name: found[f"d{name}"] for name in now}
        length = norm(slopes.values())
        scale = settings.clip / length if length > settings.clip else 1.0
        numbers = {"loss": found["loss_t"].sum(), "norm": length, "scale": scale}
        epochs.append({**found, **now, **{name: np.array([[value]]) for name, value in numbers.items()}})
        step = settings.rate * scale
        now = {name: np.clip(array - step * slopes[name], -LIMIT, LIMIT) for name, array in now.items()}
    found = {}
    for name, first in epochs[0].items():
        stacked = np.stack([epoch[name] for epoch in epochs])
        found[name] = (
            stacked[:, :, 0].transpose(0, 2, 1) if first.ndim == 3 else stacked.reshape(len(epochs), -1)
        )
    found["confidence"] = found["p"].max(axis=1, keepdims=True)
    vocabulary = np.array(word.lesson.vocabulary, dtype=object)
    said = vocabulary[found["p"].argmax(axis=1)]
    said[:, np.array(word.lesson.letters) == ""] = ""
    letters = {"training.predicted": said[:, None, :]}
    return {f"training.{name}": array for name, array in found.items()}, letters


PATHS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"elman": {"h": ("dh", "dz", "dh_back")}}
"""Per cell and state, where the state's gradient passes on its way to the time step before."""


def flow(word: _Word, parameters: Mapping[str, Array]) -> Arrays:
    """How much of the last step's loss reaches the states of each step before, over a long word.

    The lesson's word is repeated; the recurrent weights are those that the settings say. `norm_dh` is
    Euclidean, as are those of the other gradients on a state's path from its own time step to the one
    before; `by_dz` is the factor by which the norm changes on the way to dz. `through` is what the last
    factor of the last state alone would leave. Source: Pascanu et al., "On the difficulty of training
    recurrent neural networks" (2013), section 2.
    """
    lesson, settings = word.lesson, word.settings
    kind, steps = lesson.model.cell, settings.flow_steps
    text = (lesson.word * (steps + 1))[: steps + 1]
    x, goal = (output.one_hot(letters, lesson.vocabulary) for letters in (list(text[:-1]), list(text[1:])))
    changed = {**parameters, **_strengthened(lesson, parameters)}
    states = CELLS[kind].forward(changed, x, word.initial)
    states = {name: word.rounded(array) for name, array in states.items()}
    outputs = output.probabilities(changed, states["h"])
    last = output.backward(changed, states["h"], outputs["p"], goal)
    last["dh_now"][:-1] = 0.0
    back = CELLS[kind].backward(changed, x, word.initial, states, last["dh_now"], LIMIT)
    found = as_columns({"x": x, "goal": goal, **states, **outputs, "dy": last["dy"], **back})
    found = {name: array for name, array in found.items() if array.shape[1] == steps}
    rows: Arrays = {}
    for state in STATES[kind]:
        path = PATHS.get(kind, {}).get(state, (f"d{state}", f"d{state}_back"))
        rows |= {f"norm_{name}": np.sqrt((found[name] ** 2).sum(axis=0)) for name in path}
        for before, after in pairwise(path):
            rows[f"by_{after}"] = _ratio(rows[f"norm_{after}"], rows[f"norm_{before}"])
        through = [rows[f"norm_{path[0]}"][-1]]
        for factor in rows[f"by_{path[-1]}"][:0:-1]:
            through.append(min(LIMIT, through[-1] * factor))
        rows["through"] = np.array(through[::-1])
    rows["clipped"] = np.minimum(rows["through"], settings.flow_clip)
    drawn = (*(f"norm_d{state}" for state in STATES[kind]), "through", "clipped")
    rows |= {f"drawn_{name}": np.maximum(rows[name], SMALLEST) for name in drawn}
    recurrent = {name: changed[name] for name in lesson.model.recurrent}
    found |= {name: row[None] for name, row in rows.items()} | recurrent
    return {f"flow.{name}": array for name, array in found.items()}


def _strengthened(lesson: Lesson, parameters: Mapping[str, Array]) -> Arrays:
    """The recurrent weights for the flow: Whh itself where that is one number, else multiples."""
    strength = min(FLOW, max(-FLOW, lesson.flow_whh))
    if lesson.flow_is_whh:
        return {"Whh": np.array([[strength]])}
    return {name: strength * parameters[name] for name in lesson.model.recurrent}


def _ratio(left: Array, right: Array) -> Array:
    return np.divide(left, right, out=np.zeros_like(left), where=right > 0)
