"""What a student has of their own: weights, and a word, drawn until they make a good exercise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rnnsheet import engine
from rnnsheet.classroom.blanks import Blanks, vector
from rnnsheet.classroom.key import PAPER, Key
from rnnsheet.errors import LessonError
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Model
from rnnsheet.trace import Trace

MOST_TRIES, _TRIES_ON_PAPER = 100, 2000
_PLACES = 2
"""The decimals of a weight: few enough to type."""
_LEAST, _GREATEST = 0.1, 1.0
_APART, _VISIBLE, _LEAD, _SATURATED = 2.0, 0.02, 0.05, 0.97
"""By how many tolerances two answers of a block differ; by how much a slip moves an answer; by how much the
greatest probability leads; the greatest value of a tanh or a sigmoid."""
_WHOLE, _IN_THE_HEAD, END_OF_TABLE = 2, 12, 3.0
"""On paper the greatest weight, the greatest number that is computed, and what tanh is asked for at most."""

Demand = Callable[[], bool]


def tolerance(digits: int) -> float:
    """By how much an answer may differ that is asked for with so many decimals."""
    return float(10.0**-digits)


@dataclass(frozen=True)
class Own:
    """What a student's lesson has of its own, as plain data, which goes from process to process."""

    weights: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)
    word: str = ""

    def of(self, lesson: LessonData) -> LessonData:
        """The lesson with it."""
        parameters = {name: np.array(rows, dtype=np.float64) for name, rows in self.weights.items()}
        return replace(lesson, model=Model(lesson.model.layers, parameters), word=self.word)


def own(key: Key, code: str, blanks: Blanks) -> LessonData:
    """The lesson with what is a student's own: of the first try that meets every demand, or the most.

    On paper every demand must be met. Raises LessonError where no try does.
    """
    best, met, on_paper = key.lesson, -1, key.settings.mode == PAPER
    for attempt in range(_TRIES_ON_PAPER if on_paper else MOST_TRIES):
        generator = np.random.default_rng(key.seed(code, attempt))
        lesson = replace(key.lesson, model=(_whole if on_paper else _drawn)(key.lesson.model, generator))
        try:
            if key.settings.words:
                lesson = replace(lesson, word=_word(key.lesson, generator))
            demands = _on_paper(lesson) if on_paper else _demands(lesson, blanks, key.settings.digits)
            found = next((number for number, demand in enumerate(demands) if not demand()), len(demands))
        except LessonError:
            # Numbers that grow past what a computer holds are nobody's.
            continue
        if found > met:
            best, met = lesson, found
        if found == len(demands):
            return lesson
    if on_paper:
        raise LessonError("no_numbers_for_paper", place=key.lesson.name)
    return best


def _drawn(model: Model, generator: np.random.Generator) -> Model:
    """A network of the same shapes; what reads much has smaller weights, so that nothing saturates."""
    drawn = {}
    for name, array in model.parameters.items():
        size = max(_LEAST * 2, _GREATEST * min(1.0, 2 * array.shape[1] ** -0.5))
        sign = generator.choice((-1.0, 1.0), array.shape)
        drawn[name] = np.round(sign * generator.uniform(_LEAST, size, array.shape), _PLACES)
    return Model(model.layers, drawn)


def _whole(model: Model, generator: np.random.Generator) -> Model:
    """A network of the same shapes with small whole numbers."""
    drawn = {
        name: generator.integers(-_WHOLE, _WHOLE, array.shape, endpoint=True).astype(np.float64)
        for name, array in model.parameters.items()
    }
    return Model(model.layers, drawn)


def can_vary(lesson: LessonData) -> bool:
    """Whether any word of its letters has a right answer: what comes next."""
    return lesson.reads_ahead and not lesson.wants_answer and set(lesson.inputs) <= {"word", "answer"}


def _word(lesson: LessonData, generator: np.random.Generator) -> str:
    """A text as long as the lesson's, which reads nearly as many different letters, or words."""
    parts, drawn = lesson.parts(lesson.word), ("",)
    least = max(2, len(set(parts[:-1])) - 1) if len(set(parts[:-1])) > 1 else 1
    while drawn == ("",) or len(set(drawn[:-1])) < least:
        drawn = tuple(generator.choice(np.array(lesson.vocabulary), len(parts)).tolist())
    return (" " if lesson.split == "words" else "").join(drawn)


def _demands(lesson: LessonData, blanks: Blanks, digits: int) -> list[Demand]:
    """What an exercise on a computer should be like."""
    trace, apart = engine.run(lesson), _APART * tolerance(digits)
    answers = {name: vector(b.answer(trace) for b in blanks.all if b.name == name) for name in blanks.names}
    return [
        *(lambda own=own: _are_apart(own, apart) for own in answers.values()),
        lambda: _leads(lesson, trace),
        lambda: _unsaturated(lesson.model, trace),
        *(
            lambda slip=slip: _shows(replace(lesson, model=slip), trace, blanks)
            for slip in slips(lesson.model)
        ),
    ]


def _on_paper(lesson: LessonData) -> list[Demand]:
    """What an exercise on paper should be like, so that it can be done in one's head and slips show."""
    trace = engine.by_table(lesson)
    z, h, y = (np.asarray(trace[name], dtype=np.float64) for name in ("z", "h", "y"))
    is_relu = next(iter(lesson.model)).activation == "relu"
    step, ordered = 1.0 if is_relu else 0.1, np.sort(y, axis=0)

    def shows(slip: Model) -> bool:
        moved = np.abs(engine.by_table(replace(lesson, model=slip))["h"] - h)
        return bool(moved.max() > step / 2)

    return [
        lambda: max(float(np.abs(trace[name]).max()) for name in ("xh", "hh", "z", "y")) <= _IN_THE_HEAD,
        lambda: bool((z < 0).any() if is_relu else np.abs(z).max() < END_OF_TABLE),
        lambda: bool((np.abs(h).max(axis=0) > 0).all()),
        # No two letters are read alike.
        lambda: len(np.unique(trace["xh"], axis=1).T) == len(set(lesson.letters)),
        # No two letters have the greatest score, and not one letter has it always.
        lambda: len(y) == 1 or (ordered[-1] - ordered[-2]).min() > (0.5 if is_relu else 1.5 * step),
        lambda: 1 in y.shape or len(set(y.argmax(axis=0))) > 1,
        *(lambda slip=slip: shows(slip) for slip in slips(lesson.model)),
    ]


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


def _unsaturated(model: Model, trace: Trace) -> bool:
    """Whether no result that has an end, as tanh has 1, is so near to it that a slip would not show."""
    bounded = (each for each in model if not each.traits.says and each.activation not in ("relu", "linear"))
    return all(float(np.abs(trace[layer.result]).max()) < _SATURATED for layer in bounded)


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
    for layer in (layer for layer in model if layer.shares is None):
        for base, array in model.of(layer).items():
            groups[base[:-1], layer.ending, array.shape].append(layer.parameter_names[base])
    swapped: dict[str, Array] = {}
    for names in groups.values():
        if len(names) > 1:
            swapped |= {names[0]: model.parameters[names[1]], names[1]: model.parameters[names[0]]}
    if swapped:
        yield _with(model, swapped)


def _with(model: Model, changed: Mapping[str, Array]) -> Model:
    return Model(model.layers, {**model.parameters, **changed})
