"""One submission, in the sandbox: what stands in its blanks, beside what is right and what follows."""

from __future__ import annotations

import math
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from rnnsheet import engine
from rnnsheet.checking import ironcalc
from rnnsheet.checking.recalculate import Values, recalculations
from rnnsheet.checking.spelling import same
from rnnsheet.classroom import key as keys
from rnnsheet.classroom.book import CODE, EXERCISE, SEAL, TOLD, Exercise
from rnnsheet.classroom.numbers import Own
from rnnsheet.classroom.references import Cell, qualified
from rnnsheet.errors import RnnsheetError, WorkbookError
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.bounds import a1, key
from rnnsheet.workbook.package import package_of
from rnnsheet.workbook.read import Contents, read
from rnnsheet.workbook.worksheet import CellError, Grid

EMPTY, TEXT, NUMBER, FORMULA, ARRAY = "empty", "text", "number", "formula", "array"
"""What stands in a blank."""
_MOST_TOLD = 5
"""Of places that were changed."""
_MOST_TIMES = 16
"""So often a book is recalculated, each time without the errors with which something began."""
_NUMBER = re.compile(
    r"([-+]?(?:\d{1,20}(?:[.,]\d{0,20})?|[.,]\d{1,20})(?:[eE][-+]?\d{1,3})?)(\s*%)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A blank of a submission."""

    kind: str
    own: Any
    """The number or text that the student has; None for none, or an error."""
    right: Any
    follow: Any
    """What the student's own earlier answers give; None where they give nothing."""
    unused: bool = False
    """Whether a formula does not follow the numbers that it should."""
    varies: bool = False
    """Whether a formula follows other numbers, too, and to another answer."""

    @property
    def says(self) -> bool:
        """Whether it is of the kind that is asked for, a number or a text: no error, no other text."""
        return self.own is not None and isinstance(self.own, str) == isinstance(self.right, str)

    @property
    def used(self) -> Any:
        """With what later answers are computed: 0 for none, and as if it followed for what says nothing."""
        return 0.0 if self.kind == EMPTY else self.own if self.says else self.follow


@dataclass(frozen=True)
class Evaluation:
    """What is found in a submission; plain data, which goes from process to process."""

    code: str
    answers: tuple[Answer, ...]
    places: tuple[str, ...] = ()
    """The first places of given numbers that are not those of the code, of formulas that were changed."""
    count: int = 0
    """How many such places there are."""
    sealed: bool = True
    own: Own = field(default_factory=Own)
    """What the student's lesson has of its own."""


@dataclass(frozen=True)
class Refused:
    """A submission that cannot be marked, and why."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """The reason as one line."""
        return RnnsheetError(self.key, **self.values).text(language)


def evaluate(secret: bytes, name: str, data: bytes, tolerance: float) -> Evaluation | Refused:
    """What is found in a submission of this content; `secret` is what `Key.dumped` gave.

    It never raises: whatever is wrong with a file is an answer, so that one file stops no other.
    """
    try:
        return _Submitted(exercise_of(secret), name, data).evaluation(tolerance)
    except RnnsheetError as error:
        return Refused(error.key, {name: _plain(value) for name, value in error.values.items()})
    except Exception as error:
        return Refused("not_marked", {"reason": f"{type(error).__name__}: {error}"[:200]})


def right_answers(secret: bytes, code: str) -> list[Any]:
    """What is right in the blanks of a code, by NumPy."""
    exercise = exercise_of(secret)
    trace = engine.run(exercise.lesson(code))
    return [blank.answer(trace) for blank in exercise.blanks.all]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float) else str(value)


@lru_cache(2)
def exercise_of(secret: bytes) -> Exercise:
    """The exercise of a key, prepared once in each process."""
    return Exercise(keys.loads(secret))


class _Submitted:
    """A file that was handed in, beside the exercise it should be of."""

    def __init__(self, exercise: Exercise, name: str, data: bytes):
        self.exercise, self.blanks = exercise, exercise.blanks
        self.contents = read(package_of(Path(name), data))
        self._beside = f"_{secrets.token_hex(12)}"
        self.code = self._told(CODE)
        if exercise.first not in self.contents.sheets or not keys.is_code(self.code):
            raise WorkbookError("not_exercise")
        if (found := self._told(EXERCISE)) != exercise.key.exercise:
            raise WorkbookError("other_exercise", got=found, expected=exercise.key.exercise)

    def evaluation(self, tolerance: float) -> Evaluation:
        """What is found."""
        given = dict(self._given())
        # The seal of a number is that of the same number as a text, with which nothing computes.
        weights = (given[cell] for lines in self.exercise.parameter_cells.values() for cell in chain(*lines))
        numbers = all(type(value) in (int, float) for value in weights)
        sealed = numbers and self.exercise.seal(self.code, given.values()) == self._told(SEAL)
        changed: list[Cell] = []
        if sealed:
            lesson = self._lesson(given)
        else:
            lesson = self.exercise.lesson(self.code)
            found, given = given, dict(zip(given, self.exercise.given_of(lesson), strict=True))
            changed += [cell for cell, value in given.items() if not _same(found[cell], value)]
        changed += [cell for cell, text in self.blanks.formulas() if self._is_changed(cell, text)]
        trace = engine.run(lesson)
        rights = [blank.answer(trace) for blank in self.blanks.all]
        answers = self._answers(self._restored(given, rights), rights, tolerance)
        places = tuple(f"{sheet}!{a1(cell)}" for sheet, cell in changed[:_MOST_TOLD])
        drawn = {name: array.tolist() for name, array in lesson.model.parameters.items()}
        own = Own(drawn, lesson.word)
        return Evaluation(self.code, answers, places, len(changed), sealed, own)

    def _told(self, row: int) -> str:
        first = self.exercise.first
        value = self.contents.value(first, row, TOLD) if first in self.contents.sheets else None
        return value.strip() if isinstance(value, str) else ""

    def _given(self) -> Iterator[tuple[Cell, Any]]:
        """What stands in the cells of what is given, in order; None for a formula."""
        for cell in self.exercise.given_cells:
            grid = self.contents.sheets.get(cell[0], Grid())
            yield cell, None if cell[1] in grid.formulas else grid.values.get(cell[1])

    def _lesson(self, found: Mapping[Cell, Any]) -> LessonData:
        """The lesson with what stands in the file, which the seal says is the student's own."""
        whole = self.exercise.key.lesson
        weights = {
            name: [[found[cell] for cell in line] for line in cells]
            for name, cells in self.exercise.parameter_cells.items()
        }
        word = found[self.exercise.word_cell] if self.exercise.key.settings.words else whole.word
        return Own(weights, word).of(whole)

    def _is_changed(self, cell: Cell, text: str) -> bool:
        grid = self.contents.sheets.get(cell[0])
        has = grid.formulas.get(cell[1], "") if grid else ""
        return has != text and not same(has, text)

    def _restored(self, given: Mapping[Cell, Any], rights: Sequence[Any]) -> Contents:
        """The book with the student's answers, all else as it was handed out, and a sheet of what follows.

        What stands elsewhere stays: a formula may use it. On the sheet, which has a name that nobody can
        know, stands the right formula of each blank, which uses the student's own answers where it uses any:
        so all is found in one evaluation, without a circle. A number that is typed as a text is one.
        """
        sheets = {
            name: replace(grid, formulas=dict(grid.formulas), values=dict(grid.values))
            for name, grid in self.contents.sheets.items()
        }
        for planned in self.blanks.sheets:
            sheets.setdefault(planned.name, Grid())
        formulas = dict(self.blanks.formulas())
        for (sheet, cell), value in {**self.exercise.constants, **given}.items():
            sheets[sheet].formulas.pop(cell, None)
            sheets[sheet].values.pop(cell, None)
            if value is not None:
                sheets[sheet].values[cell] = float(value) if isinstance(value, int) else value
        for (sheet, cell), text in formulas.items():
            sheets[sheet].formulas[cell] = text
        for (sheet, cell), right in zip(self.blanks.cells, rights, strict=True):
            number = _number(sheets[sheet].values.get(cell))
            if number is not None and not isinstance(right, str) and cell not in sheets[sheet].formulas:
                sheets[sheet].values[cell] = number
        own = {*given, *self.exercise.constants, *formulas}
        for name, grid in sheets.items():
            restored = {cell for sheet, cell in own if sheet == name}
            sheets[name] = replace(grid, filled=grid.filled - restored, arrays=grid.arrays - restored)
        follows = {
            key(row, 1): qualified(blank.formula, blank.cell[0])
            for row, blank in enumerate(self.blanks.all, start=1)
        }
        return replace(self.contents, sheets={**sheets, self._beside: Grid(formulas=follows)})

    def _answers(self, book: Contents, rights: Sequence[Any], tolerance: float) -> tuple[Answer, ...]:
        book, answers = self._gone_on(book, rights, tolerance)
        if any(answer.kind == FORMULA for answer in answers):
            others = self._found(self._with_other_inputs(book), rights)
            answers = [
                _beside_other(answer, other, tolerance) if answer.kind == FORMULA else answer
                for answer, other in zip(answers, others, strict=True)
            ]
        return tuple(answers)

    def _gone_on(
        self, book: Contents, rights: Sequence[Any], tolerance: float
    ) -> tuple[Contents, list[Answer]]:
        """The book as if no answer were an error or left out on the way, and what is found in it.

        All that is computed with an error is one, however right it is. So an answer that says nothing where
        the earlier ones give something is taken for that, and what comes after it is seen; what is empty is
        taken for right where a formula has nothing else to compute with.
        """
        answers, met = self._found(book, rights), dict[int, Answer]()
        for _ in range(_MOST_TIMES):
            new = self._taken(answers, met, tolerance)
            if not new:
                break
            met |= {number: answers[number] for number in new}
            book = self._with(book, {self.blanks.all[number].cell: value for number, value in new.items()})
            answers = [met.get(number, answer) for number, answer in enumerate(self._found(book, rights))]
        return book, answers

    def _taken(self, answers: Sequence[Answer], met: Collection[int], tolerance: float) -> dict[int, Any]:
        """For what answers are taken, by their numbers; nothing where no other one would change by that."""
        new = {
            number: answer.follow
            for number, answer in enumerate(answers)
            if answer.kind != EMPTY and not answer.says and answer.follow is not None
        }
        new |= {number: answers[number].right for number in self._left_out(answers, tolerance)}
        new = {number: value for number, value in new.items() if number not in met}
        others = [each for number, each in enumerate(answers) if number not in met and number not in new]
        may_change = any(
            (each.says or each.kind == FORMULA) and not is_near(each.own, each.right, tolerance)
            for each in others
        )
        return new if may_change else {}

    def _left_out(self, answers: Sequence[Answer], tolerance: float) -> set[int]:
        """The empty answers with which alone a formula computes that is not right."""
        numbers = {cell: number for number, cell in enumerate(self.blanks.cells)}
        found: set[int] = set()
        for cell, answer in zip(self.blanks.cells, answers, strict=True):
            if answer.kind == FORMULA and not is_near(answer.own, answer.right, tolerance):
                used = [numbers[each] for each in self.blanks.operands[cell]]
                if all(answers[number].kind == EMPTY for number in used):
                    found.update(used)
        return found

    def _found(self, book: Contents, rights: Sequence[Any]) -> list[Answer]:
        values = _recalculated(book)
        return [self._answer(number, values, right) for number, right in enumerate(rights)]

    def _answer(self, number: int, values: Values, right: Any) -> Answer:
        sheet, cell = self.blanks.all[number].cell
        grid = self.contents.sheets.get(sheet, Grid())
        follow = _known(values.sheets[self._beside].get(key(number + 1, 1)))
        if cell in grid.filled:
            kind = ARRAY
        elif cell in grid.formulas:
            kind = FORMULA
        elif str(grid.values.get(cell, "")).strip() == "":
            kind = EMPTY
        else:
            kind = TEXT if isinstance(grid.values[cell], str) else NUMBER
        own = None if kind == EMPTY else _known(values.sheets[sheet].get(cell))
        return Answer(kind, own, right, follow)

    def _with(self, book: Contents, values: Mapping[Cell, Any]) -> Contents:
        """The book with other values in some cells, whatever stands there."""
        sheets = dict(book.sheets)
        for name in {sheet for sheet, _ in values}:
            grid, own = (
                sheets[name],
                {cell: value for (sheet, cell), value in values.items() if sheet == name},
            )
            sheets[name] = replace(
                grid,
                formulas={cell: text for cell, text in grid.formulas.items() if cell not in own},
                values={**grid.values, **own},
                filled=grid.filled - own.keys(),
                arrays=grid.arrays - own.keys(),
            )
        return replace(book, sheets=sheets)

    def _with_other_inputs(self, book: Contents) -> Contents:
        """The book with other weights: what does not follow them uses none."""
        lines = chain.from_iterable(self.exercise.parameter_cells.values())
        cells = {(sheet, cell): book.sheets[sheet].values[cell] for sheet, cell in chain.from_iterable(lines)}
        return self._with(book, {cell: 1.25 * value + 0.0625 for cell, value in cells.items()})


def _recalculated(book: Contents) -> Values:
    with recalculations([ironcalc], book) as running:
        return running[ironcalc.NAME].values()


def _number(text: Any) -> float | None:
    """The number that a text is, as 0,319 or 31.9 %, or as a Chinese input method types it; None for none."""
    if not isinstance(text, str):
        return None
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("。", ".").strip()
    if not (found := _NUMBER.fullmatch(plain)):
        return None
    number = float(found[1].replace(",", ".")) / (100 if found[2] else 1)
    return number if math.isfinite(number) else None


def _known(value: Any) -> Any:
    return None if isinstance(value, CellError | bool) or value == "" else value


def _same(found: Any, given: Any) -> bool:
    numbers = (int, float)
    if isinstance(given, numbers):
        return isinstance(found, numbers) and abs(found - given) <= 1e-9 * max(1.0, abs(given))
    return bool(found == given) or (found is None and given == "")


def is_near(own: Any, other: Any, tolerance: float) -> bool:
    """Whether an answer is another one: a text but for blanks and width, a number within the tolerance,
    relative above 1.
    """
    if isinstance(own, str) and isinstance(other, str):
        return _letters(own) == _letters(other)
    if isinstance(own, str) or isinstance(other, str):
        return False
    if own is None or other is None:
        return False
    return bool(abs(own - other) <= tolerance * max(1.0, abs(other)) * (1 + 1e-9))


def _letters(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _beside_other(answer: Answer, other: Answer, tolerance: float) -> Answer:
    """A formula's answer, seen beside what it gives with other numbers."""
    if other.follow is None or not is_near(answer.own, answer.follow, tolerance):
        return answer
    follows = is_near(other.own, other.follow, tolerance)
    varies = follows and not is_near(other.follow, answer.follow, tolerance)
    return replace(answer, unused=not follows, varies=varies)
