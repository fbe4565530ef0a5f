"""A lesson in, its trace out."""

from collections.abc import Mapping

import numpy as np

from rnnsheet.engine import elman, output
from rnnsheet.errors import LessonError
from rnnsheet.lesson import Array, Lesson, Trace

CELLS = {"elman": elman}
"""Per kind of cell, the module with its `forward` and `backward`."""


def run(lesson: Lesson) -> Trace:
    """Every number that the lesson's network computes, forward.

    Raises LessonError where a number grows past what a float64 holds.
    """
    letters, targets, vocabulary = lesson.letters, lesson.targets, tuple(lesson.vocabulary)
    numbers = _numbers(lesson, lesson.model.parameters, lesson.h_0)
    _check_finite(numbers, lesson.source)
    arrays = {
        "letter": output.row_of(letters),
        "target": output.row_of(targets),
        **numbers,
        **output.answers(numbers["p"], letters, targets, vocabulary),
    }
    units = tuple(str(unit + 1) for unit in range(lesson.model.hidden))
    rows = dict.fromkeys(arrays, ("",)) | dict.fromkeys(numbers, units)
    return Trace(arrays, rows | dict.fromkeys(("x", "y", "e", "p"), vocabulary))


def roundings(lesson: Lesson) -> dict[str, Array]:
    """How far roundings may carry each number, (rows, steps): what a right computation may differ by.

    Two programs round differently, and a network may amplify that: strong recurrent weights are
    chaotic, large scores cancel. So every weight is moved by one rounding, up or down by chance; the
    greatest change that this makes, in four trials, times 64, is the answer.
    """
    generator, exact = np.random.default_rng(0), _numbers(lesson, lesson.model.parameters, lesson.h_0)
    changes = {name: np.zeros_like(array) for name, array in exact.items()}

    def rounded(array: Array) -> Array:
        return array * (1 + _EPSILON * generator.choice([-1.0, 1.0], array.shape))

    for _ in range(4):
        parameters = {name: rounded(array) for name, array in lesson.model.parameters.items()}
        for name, array in _numbers(lesson, parameters, rounded(lesson.h_0)).items():
            changes[name] = np.fmax(changes[name], 64 * np.abs(array - exact[name]))
    return {**changes, "confidence": changes["p"].max(axis=0, keepdims=True)}


_EPSILON = float(np.finfo(np.float64).eps)


def _numbers(lesson: Lesson, parameters: Mapping[str, Array], h_0: Array) -> dict[str, Array]:
    """x and everything computed of it, each (rows, steps)."""
    x = output.one_hot(lesson.letters, lesson.vocabulary)
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = CELLS[lesson.model.cell].forward(parameters, x, h_0.T)
        outputs = output.probabilities(parameters, hidden["h"])
    return {name: array[:, 0].T for name, array in {"x": x, **hidden, **outputs}.items()}


def _check_finite(arrays: dict[str, np.ndarray], place: str) -> None:
    for name, array in arrays.items():
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            raise LessonError("overflow", place=place, name=name, step=bad[0][1] + 1)
