"""A lesson in, its trace out: everything that its network computes, and the experiments with it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnsheet.engine import experiments, output
from rnnsheet.engine.experiments import Rounded
from rnnsheet.engine.training import CELLS, as_columns, gradients, transposed
from rnnsheet.errors import LessonError
from rnnsheet.lesson import PARAMETERS, WIDTH, Array, Lesson, Trace

Arrays = Mapping[str, Array]


def run(lesson: Lesson) -> Trace:
    """Every number that the lesson's network computes, forward and backward.

    Raises LessonError where a number grows past what a float64 holds.
    """
    numbers = _numbers(lesson, lesson.model.parameters, lesson.initial)
    _check_finite(numbers, lesson.source)
    return _trace(lesson, numbers, {})


def complete(lesson: Lesson) -> Trace:
    """The trace of `run`, and of `experiments.all_of`, which are set by the lesson's settings."""
    numbers = _numbers(lesson, lesson.model.parameters, lesson.initial)
    _check_finite(numbers, lesson.source)
    further, letters = experiments.all_of(lesson, lesson.model.parameters, lesson.initial)
    _check_finite(further, lesson.source)
    return _trace(lesson, numbers, {**further, **letters})


def _trace(lesson: Lesson, numbers: dict[str, Array], more: Mapping[str, Any]) -> Trace:
    vocabulary = tuple(lesson.vocabulary)
    answers = output.answers(numbers["p"], lesson.letters, lesson.targets, vocabulary)
    letters = {"letter": output.row_of(lesson.letters), "target": output.row_of(lesson.targets)}
    units = tuple(str(unit + 1) for unit in range(lesson.model.hidden))
    labels = {"letters": vocabulary, "hidden": units, "one": ("",)}
    outer = ("x", "y", "e", "p", "goal", "dy")
    rows = {name: units for name, array in numbers.items() if array.shape == (len(units), lesson.steps)}
    rows |= dict.fromkeys(outer, vocabulary) | dict.fromkeys(("q", "loss_t", "loss"), ("",))
    columns: dict[str, tuple[str, ...]] = {"loss": ("",)}
    for spec in PARAMETERS[lesson.model.cell]:
        if spec.name in lesson.model.parameters:
            rows[f"d{spec.name}"], columns[f"d{spec.name}"] = (
                labels[axis] if size > 1 else ("",)
                for axis, size in zip(
                    (spec.rows, spec.cols), lesson.model.parameters[spec.name].shape, strict=True
                )
            )
            rows[f"d{spec.name}_t"] = tuple(
                f"{row} {col}".strip() for col in columns[f"d{spec.name}"] for row in rows[f"d{spec.name}"]
            )
    arrays = {**letters, **numbers, **answers}
    return Trace({**arrays, **more}, dict.fromkeys(arrays, ("",)) | rows, columns)


def roundings(lesson: Lesson) -> dict[str, Array]:
    """How far roundings may carry each number: what a right computation may differ by.

    Two programs round differently, and a network may amplify that: strong recurrent weights are
    chaotic, large scores cancel, 1 - h² keeps little of an h near 1, a training goes on from what it
    had. So every weight and every state is moved by one rounding, up or down by chance; the greatest
    change that this makes, in four trials, times 64, is the answer. Of a training it is the greatest
    of all numbers of an array up to each epoch: once two trainings have parted, chance alone says
    which of their numbers are still close.
    """
    generator = np.random.default_rng(0)
    exact = _all_numbers(lesson, lesson.model.parameters, lesson.initial)
    changes = {name: np.zeros_like(array) for name, array in exact.items()}

    def rounded(array: Array) -> Array:
        return array * (1 + _EPSILON * generator.choice([-1.0, 1.0], array.shape))

    for _ in range(4):
        parameters = {name: rounded(array) for name, array in lesson.model.parameters.items()}
        initial = {name: rounded(array) for name, array in lesson.initial.items()}
        for name, array in _all_numbers(lesson, parameters, initial, rounded).items():
            changes[name] = np.fmax(changes[name], 64 * np.abs(array - exact[name]))
    # A difference of two losses keeps the roundings of both, however small it is.
    for name in ("check.central", "check.difference"):
        changes[name] = changes[name] + 64 * _EPSILON * np.abs(exact["plus.loss"]) / WIDTH
    return {
        name: _so_far(array) if name.startswith("training.") else array for name, array in changes.items()
    }


def _so_far(changes: Array) -> Array:
    """Per epoch the greatest change of any number until then, for each number."""
    greatest = np.maximum.accumulate(changes.reshape(len(changes), -1).max(axis=1))
    return np.broadcast_to(greatest.reshape(-1, *[1] * (changes.ndim - 1)), changes.shape)


_EPSILON = float(np.finfo(np.float64).eps)


def _numbers(
    lesson: Lesson, parameters: Mapping[str, Array], initial: Arrays, rounded: Rounded = np.asarray
) -> dict[str, Array]:
    """x, goal and all that is computed of them, (rows, steps); a gradient in its parameter's shape."""
    x = output.one_hot(lesson.letters, lesson.vocabulary)
    goal = output.one_hot(lesson.targets, lesson.vocabulary)
    cell = CELLS[lesson.model.cell]
    with np.errstate(over="ignore", invalid="ignore"):
        found = gradients(lesson.model.cell, parameters, x, transposed(initial), goal, rounded=rounded)
        added = cell.contributions(parameters, x, transposed(initial), found, found)
        added |= output.contributions(parameters, found["h"], found["dy"])
        loss = found["loss_t"].sum().reshape(1, 1)
    return {**as_columns({"x": x, "goal": goal, **found, **added}), "loss": loss}


def _check_finite(arrays: Mapping[str, Array], place: str) -> None:
    for name, array in arrays.items():
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            raise LessonError("overflow", place=place, name=name, step=bad[0][1] + 1)


def _all_numbers(
    lesson: Lesson, parameters: Mapping[str, Array], initial: Arrays, rounded: Rounded = np.asarray
) -> dict[str, Array]:
    numbers = _numbers(lesson, parameters, initial, rounded)
    confidence = {"confidence": numbers["p"].max(axis=0, keepdims=True)}
    return {**numbers, **confidence, **experiments.all_of(lesson, parameters, initial, rounded)[0]}
