"""A student's own numbers: weights drawn from the key's secret until the exercise with them is a good one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rnnsheet import engine
from rnnsheet.classroom.blanks import Blanks, vector
from rnnsheet.classroom.key import Key
from rnnsheet.errors import LessonError
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Model
from rnnsheet.trace import Trace

MOST_TRIES = 100
_PLACES = 2
"""The decimals of a weight: few enough to type."""
_LEAST, _GREATEST = 0.1, 1.0
_APART, _VISIBLE, _LEAD, _SATURATED = 2.0, 0.02, 0.05, 0.97
"""By how many tolerances two answers of a block differ; by how much a slip moves an answer; by how much the
greatest probability leads; the greatest value of a tanh or a sigmoid."""

Demand = Callable[[], bool]


def tolerance(digits: int) -> float:
    """By how much an answer may differ that is asked for with so many decimals."""
    return float(10.0**-digits)


def own(key: Key, code: str, blanks: Blanks) -> LessonData:
    """The lesson with the numbers of a student: of the first try that meets every demand, or the most."""
    best, met = key.lesson, -1
    for attempt in range(MOST_TRIES):
        generator = np.random.default_rng(key.seed(code, attempt))
        lesson = replace(key.lesson, model=_drawn(key.lesson.model, generator))
        try:
            found, demands = _met(lesson, blanks, tolerance(key.settings.digits))
        except LessonError:
            # Numbers that grow past what a computer holds are nobody's.
            continue
        if found > met:
            best, met = lesson, found
        if found == demands:
            break
    return best


def _drawn(model: Model, generator: np.random.Generator) -> Model:
    """A network of the same shapes; what reads much has smaller weights, so that nothing saturates."""
    drawn = {}
    for name, array in model.parameters.items():
        size = max(_LEAST * 2, _GREATEST * min(1.0, 2 * array.shape[1] ** -0.5))
        sign = generator.choice((-1.0, 1.0), array.shape)
        drawn[name] = np.round(sign * generator.uniform(_LEAST, size, array.shape), _PLACES)
    return Model(model.layers, drawn)


def _met(lesson: LessonData, blanks: Blanks, tolerance: float) -> tuple[int, int]:
    """How many demands a draw meets before the first that it does not, and how many there are."""
    trace = engine.run(lesson)
    answers = {name: vector(b.answer(trace) for b in blanks.all if b.name == name) for name in blanks.names}
    demands: list[Demand] = [
        *(lambda own=own: _are_apart(own, _APART * tolerance) for own in answers.values()),
        lambda: _leads(lesson, trace),
        lambda: _unsaturated(trace),
        *(
            lambda slip=slip: _shows(replace(lesson, model=slip), trace, blanks)
            for slip in slips(lesson.model)
        ),
    ]
    found = next((number for number, demand in enumerate(demands) if not demand()), len(demands))
    return found, len(demands)


def _are_apart(answers: NDArray[np.float64], enough: float) -> bool:
    """Whether the answers of a block differ so much, or as much as so many can; 0 and equal ones left out."""
    numbers = np.unique(answers[np.isfinite(answers) & (answers != 0)])
    if len(numbers) < 2:
        return True
    return bool(np.diff(numbers).min() > min(enough, np.ptp(numbers) / len(numbers) ** 2))


def _leads(lesson: LessonData, trace: Trace) -> bool:
    """Whether every softmax says clearly what it says."""
    for layer in lesson.model.outputs:
        ordered = np.sort(np.asarray(trace[layer.named("p")], dtype=np.float64), axis=0)
        if len(ordered) > 1 and (ordered[-1] - ordered[-2]).min() < _LEAD:
            return False
    return True


def _unsaturated(trace: Trace) -> bool:
    """Whether no state is so near to its end that a mistake would not show."""
    states = (array for name, array in trace.arrays.items() if name.partition("_")[0] == "h")
    return all(float(np.abs(array).max()) < _SATURATED for array in states)


def _shows(slip: LessonData, trace: Trace, blanks: Blanks) -> bool:
    """Whether a slip moves an answer visibly, where it moves one at all."""
    wrong = engine.run(slip)
    moved = np.abs(
        vector(blank.answer(wrong) for blank in blanks.all)
        - vector(blank.answer(trace) for blank in blanks.all)
    )
    greatest = float(np.nan_to_num(moved).max(initial=0.0))
    return greatest == 0 or greatest > _VISIBLE


def slips(model: Model) -> Iterator[Model]:
    """The network as by typical slips: without a bias, without memory, with one gate taken for another."""
    specs = model.specs()
    biases = {name for name, spec in specs.items() if spec.cols == "one"}
    memory = {name for name, spec in specs.items() if spec.recurrent}
    for forgotten in (biases, memory):
        if forgotten:
            yield _with(model, {name: np.zeros_like(model.parameters[name]) for name in forgotten})
    groups: defaultdict[tuple[str, str, tuple[int, ...]], list[str]] = defaultdict(list)
    for name, spec in specs.items():
        ending = name.removeprefix(spec.name)
        groups[spec.name[:-1], ending, model.parameters[name].shape].append(name)
    swapped: dict[str, Array] = {}
    for names in groups.values():
        if len(names) > 1:
            swapped |= {names[0]: model.parameters[names[1]], names[1]: model.parameters[names[0]]}
    if swapped:
        yield _with(model, swapped)


def _with(model: Model, changed: Mapping[str, Array]) -> Model:
    return Model(model.layers, {**model.parameters, **changed})
