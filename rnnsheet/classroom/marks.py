"""From what is found in submissions to marks: verdicts, follow-through and its guards, flags."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnsheet.classroom.blanks import Blanks, vector
from rnnsheet.classroom.evaluation import ARRAY, EMPTY, FORMULA, TEXT, Answer, Evaluation, is_near
from rnnsheet.classroom.key import Rule
from rnnsheet.classroom.numbers import Own
from rnnsheet.classroom.submissions import Submission, is_other
from rnnsheet.classroom.tables import Student

RIGHT, FOLLOWS, WRONG = "right", "follow", "wrong"
VERDICTS = (RIGHT, FOLLOWS, WRONG, EMPTY)
_SUSPECT, _SHARE = 4, 0.5
"""So many wrong answers, and so many of them with another student's numbers, are copied."""
_CODE = re.compile(r"[A-Z2-7]{5}-[A-Z2-7]{5}")


@dataclass(frozen=True)
class Flag:
    """Something that a teacher should look at: never a mark."""

    name: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """A submission that was marked."""

    submission: Submission
    code: str
    student: Student
    answers: tuple[Answer, ...]
    verdicts: tuple[str, ...]
    """Of each blank one of `VERDICTS`."""
    points: tuple[float, ...]
    scheme: Scheme
    flags: tuple[Flag, ...] = ()
    own: Own = field(default_factory=Own)
    """What the student's lesson has of its own."""

    @property
    def most(self) -> float:
        """All points that there are."""
        return sum(rule.points for rule in self.scheme.rubric.values())

    @property
    def mark(self) -> float:
        """The points together."""
        return round(sum(self.points), 6)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many blanks have each verdict."""
        return Counter(self.verdicts)


@dataclass(frozen=True)
class Scheme:
    """How an exercise is marked."""

    blanks: Blanks
    rubric: Mapping[str, Rule]
    tolerance: float
    strict: bool = False
    students: Mapping[str, Student] = field(default_factory=dict)
    """Those of the roster by their codes; none without a roster."""


def marked(
    found: Sequence[tuple[Submission, Evaluation]],
    scheme: Scheme,
    rest: Mapping[str, Sequence[Any]] | None = None,
) -> list[Mark]:
    """The marks of a class, whose submissions are also compared with each other's right answers.

    `rest` are the right answers of those who have handed in nothing, by their codes.
    """
    rights = {code: vector(answers) for code, answers in (rest or {}).items()}
    rights |= {evaluation.code: vector(each.right for each in evaluation.answers) for _, evaluation in found}
    others = _Others(rights, scheme.tolerance)
    holders: defaultdict[str, list[Submission]] = defaultdict(list)
    for submission, evaluation in found:
        holders[evaluation.code].append(submission)
    return [_mark(*each, scheme, others, holders[each[1].code]) for each in found]


def _mark(
    submission: Submission,
    evaluation: Evaluation,
    scheme: Scheme,
    others: _Others,
    holders: Sequence[Submission],
) -> Mark:
    answers, code = evaluation.answers, evaluation.code
    verdicts = _verdicts(answers, scheme)
    flags = list(_flags(submission, evaluation, scheme, holders))
    if copied := others.copied(code, answers, verdicts):
        flags.append(copied)
        verdicts = [WRONG if verdict == FOLLOWS else verdict for verdict in verdicts]
    counts = Counter(blank.name for blank in scheme.blanks.all)
    points = tuple(
        scheme.rubric[blank.name].points
        / counts[blank.name]
        * _share(answer, verdict, scheme.rubric[blank.name])
        for blank, answer, verdict in zip(scheme.blanks.all, answers, verdicts, strict=True)
    )
    student = scheme.students.get(code, Student(""))
    rest = (tuple(verdicts), points, scheme, tuple(flags), evaluation.own)
    return Mark(submission, code, student, answers, *rest)


def is_typed(answer: Answer) -> bool:
    """Whether an answer is given, and not as a formula."""
    return answer.kind not in (EMPTY, FORMULA)


def _share(answer: Answer, verdict: str, rule: Rule) -> float:
    """Which part of its points a blank gets."""
    if rule.formula and (answer.kind != FORMULA or answer.unused):
        return 0.0
    return {RIGHT: 1.0, FOLLOWS: rule.follow}.get(verdict, 0.0)


def _verdicts(answers: Sequence[Answer], scheme: Scheme) -> list[str]:
    by_cell = dict(zip(scheme.blanks.cells, answers, strict=True))
    found = []
    for cell, answer in by_cell.items():
        operands = [by_cell[operand] for operand in scheme.blanks.operands[cell]]
        if answer.kind == EMPTY:
            found.append(EMPTY)
        elif is_near(answer.own, answer.right, scheme.tolerance):
            found.append(RIGHT)
        elif not scheme.strict and _follows(answer, operands, scheme.tolerance):
            found.append(FOLLOWS)
        else:
            found.append(WRONG)
    return found


def _follows(answer: Answer, operands: Sequence[Answer], tolerance: float) -> bool:
    """Whether an answer is what the student's own earlier ones give, and those are no mere filling."""
    if not is_near(answer.own, answer.follow, tolerance):
        return False
    own = {each.own for each in operands}
    if not any(own):
        return False
    return len(operands) < 2 or len(own) > 1 or len({each.right for each in operands}) == 1


class _Others:
    """The right answers of everyone in a class."""

    def __init__(self, rights: Mapping[str, Any], tolerance: float):
        self._codes = list(rights)
        self._rights = np.array(list(rights.values()))
        self._tolerance = tolerance

    def copied(self, code: str, answers: Sequence[Answer], verdicts: Sequence[str]) -> Flag | None:
        """Whose right answers many of the wrong ones are, if they are anyone's."""
        wrong = [number for number, verdict in enumerate(verdicts) if verdict in (WRONG, FOLLOWS)]
        if len(wrong) < _SUSPECT:
            return None
        own, rights = vector(answers[number].own for number in wrong), self._rights[:, wrong]
        with np.errstate(invalid="ignore"):
            near = abs(rights - own) <= self._tolerance * np.maximum(1.0, abs(rights))
        counts = near.sum(axis=1)
        counts[self._codes.index(code)] = 0
        best = int(counts.argmax())
        if counts[best] < _SUSPECT or counts[best] < _SHARE * len(wrong):
            return None
        evidence = {"code": self._codes[best], "count": int(counts[best]), "wrong": len(wrong)}
        return Flag("neighbour", evidence)


def _flags(
    submission: Submission, evaluation: Evaluation, scheme: Scheme, holders: Sequence[Submission]
) -> Iterable[Flag]:
    """What of a submission by itself, and of who has handed it in, a teacher should look at."""
    code, answers = evaluation.code, evaluation.answers
    if evaluation.count:
        yield Flag("changed", {"count": evaluation.count, "places": ", ".join(evaluation.places)})
    elif not evaluation.sealed:
        yield Flag("seal", {})
    if scheme.students and code not in scheme.students:
        yield Flag("unknown_code", {"code": code})
    owner = _is_owner(submission, code, scheme)
    if owner is False:
        told = submission.student or submission.name
        yield Flag("other_student", {"code": code, "told": told})
    elif owner is None and len(holders) > 1:
        rest = ", ".join(each.name for each in holders if each != submission)
        yield Flag("same_code", {"code": code, "others": rest})
    kinds = Counter(answer.kind for answer in answers)
    blanks = zip(scheme.blanks.all, answers, strict=True)
    typed = sum(scheme.rubric[blank.name].formula and is_typed(answer) for blank, answer in blanks)
    texts = sum(_is_number(answer) for answer in answers)
    unused = sum(answer.unused for answer in answers)
    for name, count in (("text", texts), ("array", kinds[ARRAY]), ("unused", unused), ("typed", typed)):
        if count:
            yield Flag(name, {"count": count})


def _is_owner(submission: Submission, code: str, scheme: Scheme) -> bool | None:
    """Whether whoever has handed a file in is who has its code; None where nothing tells."""
    if submission.student and (name := scheme.students.get(code, Student("")).name):
        return not is_other(submission.student, name)
    told = _CODE.search(submission.name.rpartition("/")[2].upper())
    return told[0] == code if told else None


def _is_number(answer: Answer) -> bool:
    """Whether a number was typed as a text."""
    if answer.kind != TEXT or isinstance(answer.right, str) or not isinstance(answer.own, str):
        return False
    return bool(re.fullmatch(r"\s*[-+−]?\d*[.,]?\d+\s*", answer.own))
