"""From what is found in submissions to marks: verdicts, follow-through and its guards, flags."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
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
_BY_CHANCE = 1e-3
"""How probable it may be that answers are those of anyone in the class without being copied."""
_MOST_TOLD = 5
"""Of other files."""
_CODE = re.compile(r"(?=([A-Z2-7]{5}-[A-Z2-7]{5}))")
"""What may be a code: HOMEWORK-SOLUTION has one, too."""


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
    def is_of_another(self) -> bool:
        """Whether the file is that of someone else than who has handed it in."""
        return any(flag.name == "other_student" for flag in self.flags)

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
    """Those of the class by their codes; none where nobody tells."""


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
    others = _Others(rights, scheme)
    holders: defaultdict[str, list[Submission]] = defaultdict(list)
    for submission, evaluation in found:
        holders[evaluation.code].append(submission)
    known = scheme.students.keys() | rights.keys()
    return [_mark(*each, scheme, others, _Holders(holders[each[1].code], known)) for each in found]


def _mark(
    submission: Submission, evaluation: Evaluation, scheme: Scheme, others: _Others, holders: _Holders
) -> Mark:
    answers, code = evaluation.answers, evaluation.code
    verdicts = _verdicts(answers, scheme)
    flags = list(_flags(submission, evaluation, scheme, holders))
    flag, copied = others.copied(code, answers, verdicts)
    if flag:
        flags.append(flag)
        verdicts = [WRONG if number in copied else verdict for number, verdict in enumerate(verdicts)]
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
    return _without_trivial(found, answers, scheme)


def _without_trivial(found: list[str], answers: Sequence[Answer], scheme: Scheme) -> list[str]:
    """The verdicts, in which a block does not follow that the student's earlier answers have made trivial.

    Whoever types 1 and -1 for the states needs not compute a gradient of tanh: it is 0. Whoever types states
    that are nearly 0 needs not compute a softmax: it is the same for all. A formula that varies computes it.
    """
    for name in scheme.blanks.names:
        follow = [
            number
            for number, blank in enumerate(scheme.blanks.all)
            if blank.name == name and found[number] == FOLLOWS
        ]
        trivial = set(_trivial(follow, answers, scheme.tolerance))
        if 2 * len(trivial) > len(follow):
            found = [WRONG if number in trivial else verdict for number, verdict in enumerate(found)]
    return found


def _trivial(numbers: Sequence[int], answers: Sequence[Answer], tolerance: float) -> Iterator[int]:
    """Of a block's answers that follow those that are 0, 1 or -1, or repeat one, where right ones do not."""
    met: list[Answer] = []
    for number in numbers:
        answer = answers[number]
        if answer.varies:
            continue
        if any(
            is_near(answer.follow, other, tolerance) and not is_near(answer.right, right, tolerance)
            for other, right in [(-1.0, -1.0), (0.0, 0.0), (1.0, 1.0), *((m.follow, m.right) for m in met)]
        ):
            yield number
        else:
            met.append(answer)


def _follows(answer: Answer, operands: Sequence[Answer], tolerance: float) -> bool:
    """Whether an answer is what the student's own earlier ones give, and those are no mere filling."""
    if not is_near(answer.own, answer.follow, tolerance):
        return False
    used = {each.used for each in operands}
    if not any(used):
        return False
    return len(operands) < 2 or len(used) > 1 or len({each.right for each in operands}) == 1


class _Others:
    """The right answers of everyone in a class."""

    def __init__(self, rights: Mapping[str, Any], scheme: Scheme):
        self._codes = list(rights)
        self._rights = np.array(list(rights.values()))
        self._tolerance, self._blanks = scheme.tolerance, scheme.blanks

    def copied(
        self, code: str, answers: Sequence[Answer], verdicts: Sequence[str]
    ) -> tuple[Flag | None, set[int]]:
        """Whose right answers many of the wrong ones are, of all or of a block, if they are anyone's; and
        the numbers of these wrong ones."""
        wrong = [number for number, verdict in enumerate(verdicts) if verdict in (WRONG, FOLLOWS)]
        blocks = ([n for n in wrong if self._blanks.all[n].name == name] for name in self._blanks.names)
        for some in (wrong, *blocks):
            if len(some) >= _SUSPECT and (flag := self._copied(code, answers, some)):
                return flag, set(some)
        return None, set()

    def _copied(self, code: str, answers: Sequence[Answer], wrong: Sequence[int]) -> Flag | None:
        own, rights = vector(answers[number].own for number in wrong), self._rights[:, wrong]
        with np.errstate(invalid="ignore", divide="ignore"):
            limits = self._tolerance * np.maximum(1.0, abs(rights))
            near = abs(rights - own) <= limits
            likely = np.nan_to_num(2 * limits.mean(axis=0) / np.ptp(rights, axis=0), nan=0.0, posinf=1.0)
        counts = near.sum(axis=1)
        counts[self._codes.index(code)] = 0
        best = int(counts.argmax())
        count, chance = int(counts[best]), float(np.minimum(likely, 1.0).mean())
        if count < _SUSPECT or count < _SHARE * len(wrong):
            return None
        if len(self._codes) * _at_least(count, len(wrong), chance) > _BY_CHANCE:
            return None
        return Flag("neighbour", {"code": self._codes[best], "count": count, "wrong": len(wrong)})


def _at_least(count: int, of: int, chance: float) -> float:
    """How probable so many are at most, each by a chance: Chernoff's bound (Hoeffding 1963, theorem 1)."""
    share = count / of
    if share <= chance:
        return 1.0
    if not chance:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return math.exp(-of * (share * math.log(share / chance) + rest))


@dataclass(frozen=True)
class _Holders:
    """The submissions that have one code, and every code of the class."""

    submissions: Sequence[Submission]
    known: Set[str]


def _flags(
    submission: Submission, evaluation: Evaluation, scheme: Scheme, holders: _Holders
) -> Iterable[Flag]:
    """What of a submission by itself, and of who has handed it in, a teacher should look at."""
    code, answers = evaluation.code, evaluation.answers
    if evaluation.count:
        yield Flag("changed", {"count": evaluation.count, "places": ", ".join(evaluation.places)})
    elif not evaluation.sealed:
        yield Flag("seal", {})
    if scheme.students and code not in scheme.students:
        yield Flag("unknown_code", {"code": code})
    owner = _is_owner(submission, code, scheme, holders.known)
    others = [each for each in holders.submissions if each != submission]
    if owner:
        own = [each for each in others if each.of_whom == submission.of_whom]
        others = [each for each in own if _is_owner(each, code, scheme, holders.known)]
    if owner is False:
        told = submission.student or submission.name
        yield Flag("other_student", {"code": code, "told": told})
    elif others:
        yield Flag(
            "same_code", {"code": code, "others": ", ".join(each.name for each in others[:_MOST_TOLD])}
        )
    kinds = Counter(answer.kind for answer in answers)
    blanks = zip(scheme.blanks.all, answers, strict=True)
    typed = sum(scheme.rubric[blank.name].formula and is_typed(answer) for blank, answer in blanks)
    texts = sum(answer.kind == TEXT and not isinstance(answer.own, str) for answer in answers)
    unused = sum(answer.unused for answer in answers)
    for name, count in (("text", texts), ("array", kinds[ARRAY]), ("unused", unused), ("typed", typed)):
        if count:
            yield Flag(name, {"count": count})


def _is_owner(submission: Submission, code: str, scheme: Scheme, known: Set[str]) -> bool | None:
    """Whether whoever has handed a file in is who has its code; None where nothing tells."""
    if submission.student and (name := scheme.students.get(code, Student("")).name):
        return not is_other(submission.student, name)
    told = known & set(_CODE.findall(submission.name.rpartition("/")[2].upper()))
    return code in told if told else None
