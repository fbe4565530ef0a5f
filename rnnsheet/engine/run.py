"""A lesson in, its trace out: everything that its network computes, and the experiments with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rnnsheet.engine import experiments, output
from rnnsheet.engine.experiments import Experiments, confidences, texts
from rnnsheet.engine.propagation import Batch, batch, contributions
from rnnsheet.engine.rounding import Watched, allowances
from rnnsheet.engine.training import as_columns, gradients
from rnnsheet.errors import LessonError
from rnnsheet.lesson import LessonData
from rnnsheet.network import ONE, Array, Model, on_sequence, share_name
from rnnsheet.progress import Advance, unheard
from rnnsheet.trace import Trace

Arrays = Mapping[str, Array]


def run(lesson: LessonData) -> Trace:
    """Every number that the lesson's network computes, forward and backward.

    The loss is "" where nothing is asked. Raises LessonError where a number grows past what a float64
    holds.
    """
    return _run(lesson, lesson.model)


def by_table(lesson: LessonData) -> Trace:
    """The trace of `run` as it is computed on paper, each tanh taken from a table with one decimal."""
    layers = [
        replace(layer, activation="tanh_table") if layer.activation == "tanh" else layer
        for layer in lesson.model
    ]
    return _run(lesson, Model(tuple(layers), lesson.model.parameters))


def complete(lesson: LessonData, advance: Advance = unheard) -> Trace:
    """The trace of `run`, and of `experiments.all_of`, which are set by the lesson's settings.

    `advance` is told each epoch of the training.
    """
    given = batch(lesson)
    numbers = _numbers(lesson.model, given)
    _check_finite(numbers, lesson.source)
    further = experiments.all_of(lesson, lesson.model.parameters, given, advance=advance)
    _check_finite(further.numbers, lesson.source)
    return _trace(lesson, numbers, {**further.numbers, **further.texts, **_picked(lesson, numbers)})


def _run(lesson: LessonData, model: Model) -> Trace:
    numbers = _numbers(model, batch(lesson))
    _check_finite(numbers, lesson.source)
    return _trace(lesson, numbers, {})


def _trace(lesson: LessonData, numbers: dict[str, Array], more: Mapping[str, Any]) -> Trace:
    words = _texts(lesson, numbers)
    more = {**more, **_unasked(lesson, {**numbers, **more})}
    rows = {name: tuple(str(row + 1) for row in range(len(array))) for name, array in numbers.items()}
    rows |= dict.fromkeys((*words, "loss"), ("",))
    for sequence in ("word", "second", "answer"):
        name = on_sequence("x", sequence)
        if name in rows:
            rows[name] = lesson.labels_of(lesson.inputs[sequence])
    for layer in lesson.model.outputs:
        for base in ("y", "e", "p", "goal", "dy"):
            rows[layer.named(base)] = lesson.labels_of(lesson.choice)
        for base in ("asked", "q", "y_goal", "loss_t", "confidence"):
            rows[layer.named(base)] = ("",)
    columns: dict[str, tuple[str, ...]] = {"loss": ("",)}
    for name, (down, right) in _labels_of_parameters(lesson).items():
        rows[f"d{name}"], columns[f"d{name}"] = down, right
        flat = tuple(f"{row} {col}".strip() for col in right for row in down)
        rows |= {
            share: flat for sequence in lesson.sequences if (share := share_name(name, sequence)) in numbers
        }
    arrays = {**words, **numbers}
    return Trace({**arrays, **more}, rows, columns)


def _picked(lesson: LessonData, numbers: Arrays) -> dict[str, Array]:
    """Of each one-hot column the row of its 1, from 1, or 0; and the column that it picks of each weight."""
    found: dict[str, Array] = {}
    for layer in lesson.model:
        x = numbers.get(lesson.model.value(layer.reads[0]))
        sequence = str(layer.reads[0].of)
        if x is None or sequence not in lesson.sequences or layer.gathered:
            continue
        found[on_sequence("place", sequence)] = x.max(axis=0) * (x.argmax(axis=0, keepdims=True) + 1.0)
        for spec in layer.traits.parameters:
            weight = layer.parameter_names[spec.name]
            if spec.cols == "input" and weight in lesson.model.parameters:
                columns = lesson.model.parameters[weight] @ x
                found[f"{weight}·{on_sequence('x', sequence)}"] = columns
    return found


def _texts(lesson: LessonData, numbers: Arrays) -> dict[str, Any]:
    """The rows of letters and words, and whether an answer is right; "" where there is nothing."""
    found: dict[str, Any] = {}
    for sequence in ("word", "second"):
        if sequence in lesson.sequences:
            found[on_sequence("letter", sequence)] = output.row_of(lesson.read(sequence))
    found |= texts(lesson, numbers)
    for layer in lesson.model.outputs:
        targets, said = lesson.should_say(layer), found[layer.named("predicted")][0]
        right = [target and float(target == guess) for target, guess in zip(targets, said, strict=True)]
        found |= {layer.named("target"): output.row_of(targets), layer.named("right"): output.row_of(right)}
    return found


_OF_LOSSES = (
    *("loss", "update.loss", "plus.loss", "minus.loss", "training.loss"),
    *("check.central", "check.difference"),
)


def _unasked(lesson: LessonData, numbers: Arrays) -> dict[str, Any]:
    """Where nothing is asked there is no loss, which is not a loss of 0: "" in the place of each number."""
    if any(numbers[layer.named("asked")].any() for layer in lesson.model.outputs):
        return {}
    return {name: np.full(numbers[name].shape, "", object) for name in _OF_LOSSES if name in numbers}


def _labels_of_parameters(lesson: LessonData) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """What the rows and the columns of each parameter are called."""
    found = {}
    for layer in lesson.model:
        axes = {"hidden": lesson.model.axis(layer), "input": lesson.model.axis_read(layer, lesson.inputs)}
        if layer.traits.says:
            axes["hidden"] = lesson.choice
        axes["one"] = ONE
        own = lesson.model.of(layer)
        for spec in layer.traits.parameters:
            if spec.name in own:
                labels = [
                    lesson.labels_of(axes[axis]) if size == axes[axis].size else ("",)
                    for axis, size in zip((spec.rows, spec.cols), own[spec.name].shape, strict=True)
                ]
                found[layer.parameter_names[spec.name]] = (labels[0], labels[1])
    return found


def roundings(lesson: LessonData) -> dict[str, Array]:
    """How far roundings may carry each number: what a right computation may differ by.

    Found as in `rounding.allowances`. Of a training it is the greatest of all numbers of an array up to
    each epoch: once two trainings have parted, chance alone says which of their numbers are still close.
    Infinite where a factor of the gradient's flow is a quotient of what may be nothing but roundings.
    """
    given = batch(lesson)

    def compute(watched: Watched) -> tuple[dict[str, Array], Experiments]:
        parameters = {name: watched(array) for name, array in lesson.model.parameters.items()}
        numbers = _numbers(lesson.model.with_parameters(parameters), given)
        tried = experiments.all_of(lesson, parameters, given)
        return {**numbers, **tried.numbers}, tried

    exact, tried = compute(np.asarray)
    found = allowances(exact, lambda watched: compute(watched)[0])
    found |= experiments.unsettled(lesson, exact, found)
    return found | {name: _so_far(found[name]) for name in tried.over_epochs}


def _so_far(changes: Array) -> Array:
    """Per epoch the greatest change of any number until then, for each number."""
    greatest = np.maximum.accumulate(changes.reshape(len(changes), -1).max(axis=1))
    return np.broadcast_to(greatest.reshape(-1, *[1] * (changes.ndim - 1)), changes.shape)


def _numbers(model: Model, given: Batch) -> dict[str, Array]:
    """All that is computed, and the goals, (rows, steps); a gradient in its parameter's shape."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = gradients(model, given)
        found |= contributions(model, given, found)
    for layer in model.outputs:
        for base, array in (("goal", given.goals), ("asked", given.asked)):
            found[layer.named(base)] = array[layer.ending]
    columns = as_columns(model, found)
    return {**columns, **confidences(model, columns)}


def _check_finite(arrays: Mapping[str, Array], place: str) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            step = np.argwhere(~np.isfinite(array))[0][1] + 1
            raise LessonError("overflow", place=place, name=name, step=step)
