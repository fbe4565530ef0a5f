"""A lesson in, its trace out."""

import numpy as np

from rnnsheet.engine import elman, output
from rnnsheet.errors import LessonError
from rnnsheet.lesson import Lesson, Trace

CELLS = {"elman": elman}
"""Per kind of cell, the module with its `forward` and `backward`."""


def run(lesson: Lesson) -> Trace:
    """Every number that the lesson's network computes, forward.

    Raises LessonError where a number grows past what a float64 holds.
    """
    letters, targets, vocabulary = lesson.letters, lesson.targets, lesson.vocabulary
    parameters = lesson.model.parameters
    x = output.one_hot(letters, vocabulary)
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = CELLS[lesson.model.cell].forward(parameters, x, lesson.h_0.T)
        outputs = output.probabilities(parameters, hidden["h"])
    numbers = {name: array[:, 0].T for name, array in {"x": x, **hidden, **outputs}.items()}
    _check_finite(numbers, lesson.source)
    arrays = {
        "letter": output.row_of(letters),
        "target": output.row_of(targets),
        **numbers,
        **output.answers(numbers["p"], letters, targets, vocabulary),
    }
    units = tuple(str(unit) for unit in range(1, lesson.model.hidden + 1))
    labels = (
        dict.fromkeys(arrays, ("",))
        | dict.fromkeys(hidden, units)
        | dict.fromkeys(["x", *outputs], vocabulary)
    )
    return Trace(arrays, labels)


def _check_finite(arrays: dict[str, np.ndarray], place: str) -> None:
    for name, array in arrays.items():
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            raise LessonError("overflow", place=place, name=name, step=bad[0][1] + 1)
