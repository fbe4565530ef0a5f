"""Compares a workbook, cell by cell, with its plan and its trace."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from rnnsheet.checking.recalculate import Recalculated, values
from rnnsheet.checking.report import BlockReport, Failure, Report
from rnnsheet.lesson import Trace
from rnnsheet.model import Array
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Block, Plan
from rnnsheet.workbook.read import CellError, Contents

_STRING_OR_REST = re.compile(r'("(?:[^"]|"")*")')


@dataclass(frozen=True)
class Comparison:
    """Everything that a cell is compared with."""

    contents: Contents
    recalculated: Recalculated
    plan: Plan
    trace: Trace | None
    """What NumPy says; without it formulas are compared, and the stored values with the recalculated."""
    roundings: Mapping[str, Array]
    """By how much, at most, roundings make each of the trace's numbers differ."""
    choices: tuple[str, ...]
    """What a softmax chooses from."""
    tolerance: float

    def report(self, lesson: str, engine: str) -> Report:
        """The verdict on every block and on the defined names."""
        blocks = [self._block(block) for block in self.plan.blocks() if block.kind != "input"]
        proved = self.trace is not None
        path = str(self.contents.path)
        return Report(path, lesson, engine, self.tolerance, (*blocks, self._names()), proved)

    def _expected(self, block: Block) -> Sequence[Sequence[Any]]:
        return block.expected(self.trace) if self.trace else values(self.recalculated, block)

    def _block(self, block: Block) -> BlockReport:
        formulas, expected = block.formulas(), self._expected(block)
        failures: list[Failure] = []
        greatest = 0.0
        for down in range(block.area.rows):
            for right in range(block.area.cols):
                cell = _Cell(self, block, down, right, formulas[down][right], expected[down][right])
                if failure := cell.failure():
                    failures.append(failure)
                greatest = max(greatest, cell.error())
        area = block.area
        first = failures[0] if failures else None
        return BlockReport(
            block.name, area.sheet, area.a1, area.rows * area.cols, len(failures), greatest, first
        )

    def _names(self) -> BlockReport:
        failures = []
        for name, area in self.plan.names.items():
            got = self.contents.names.get(name, "")
            if _normal(got) != _normal(area.absolute) and _normal(got) != _normal(_spread(area.absolute)):
                failures.append(Failure(name, "name", "", area.absolute, got))
        first = failures[0] if failures else None
        return BlockReport("defined names", "", "", len(self.plan.names), len(failures), 0.0, first)

    def matches(self, got: Any, expected: Any, rounding: float = 0.0) -> bool:
        """Whether a value is the expected one: texts exactly, numbers within tolerance and rounding."""
        if isinstance(got, CellError):
            return False
        if isinstance(expected, str):
            return bool(expected == ("" if got is None else got))
        if not isinstance(got, int | float):
            return False
        return bool(abs(got - expected) <= self.tolerance * max(1.0, abs(expected)) + rounding)


class _Cell:
    """One cell of a block, with what it should be."""

    def __init__(
        self, comparison: Comparison, block: Block, down: int, right: int, formula: str, expected: Any
    ):
        self.its, self.block, self.down, self.right = comparison, block, down, right
        self.formula, self.expected = formula, expected
        self.sheet, row, col = block.area.sheet, block.area.row + down, block.area.col + right
        self.name = f"{column_letters(col)}{row}"
        self.has_formula = comparison.contents.formula(self.sheet, row, col)
        self.stored = comparison.contents.value(self.sheet, row, col)
        self.got = comparison.recalculated.value(self.sheet, row, col)

    def failure(self) -> Failure | None:
        """What is wrong with the cell, the gravest first."""
        found = "" if self.has_formula is None else f"={self.has_formula}"
        if self.formula and self.has_formula is None:
            return self._failure("constant", f"={self.formula}", self.stored)
        has = self.has_formula or ""
        if self.formula != has and _normal(self.formula) != _normal(has):
            return self._failure("formula", f"={self.formula}" if self.formula else self.expected, found)
        right = self._acceptable()
        if not self._matches(self.got, right):
            return self._failure("value" if self.formula else "constant", self.expected, self.got)
        # Nothing stored beside a formula: a library saved the file; programs recalculate it on opening.
        if self.stored is not None and not self._matches(self.stored, right):
            return self._failure("cached", self.expected, self.stored)
        return None

    def _matches(self, got: Any, right: Iterable[Any]) -> bool:
        amounts = self.its.roundings.get(self.block.trace)
        rounding = 0.0 if amounts is None else self._of(amounts)
        return any(self.its.matches(got, value, rounding) for value in right)

    def _of(self, array: NDArray[Any]) -> Any:
        """The entry of an array like the block's trace that belongs to the cell."""
        return (array.T if self.block.transposed else array)[self.down].ravel()[
            self.block.time - 1 + self.right
        ]

    def error(self) -> float:
        """How far the recalculated number is from the expected one; 0 for texts."""
        numbers = isinstance(self.got, int | float) and isinstance(self.expected, int | float)
        return abs(self.got - self.expected) if numbers else 0.0

    def _acceptable(self) -> Iterable[Any]:
        """The values that are right: the expected one, but any of them where probabilities tie.

        Sentences may have been put otherwise by the version that wrote the file, so there the
        recalculated one counts unless it is an error.
        """
        if self.block.words:
            return [self.got]
        run, _, name = self.block.trace.rpartition(".")
        base = next((base for base in ("predicted", "right") if name.startswith(base)), "")
        trace = self.its.trace
        if trace is None or not base or self.expected in ("", None):
            return [self.expected]
        prefix, ending = run and f"{run}.", name.removeprefix(base)
        step = self.block.time - 1 + self.right
        p, slack = trace[f"{prefix}p{ending}"], self.its.roundings[f"{prefix}confidence{ending}"]
        # Of a training there is one such array for each epoch.
        shares, rounding = (p[self.down], slack[self.down]) if p.ndim == 3 else (p, slack)
        tied = [
            label
            for label, share in zip(self.its.choices, shares[:, step], strict=True)
            if share >= shares[:, step].max() - self.its.tolerance - rounding[0, step]
        ]
        target = trace[f"target{ending}"][0, step]
        said = trace[f"{prefix}predicted{ending}"]
        if base == "right" and said.reshape(-1, said.shape[-1])[self.down, step] == "":
            # After the end nothing is said, however probable.
            return [self.expected]
        return tied if base == "predicted" else [float(label == target) for label in tied]

    def _failure(self, reason: str, expected: Any, got: Any) -> Failure:
        return Failure(self.name, reason, f"={self.formula}" if self.formula else "", str(expected), str(got))


# A number that is no part of a reference or a name.
_NUMBER = re.compile(r"(?<![\w.$])\d+(?:\.\d*)?(?:E[+-]?\d+)?")


def _normal(formula: str) -> str:
    """The formula in one spelling.

    Programs differ in blanks, in case, in quotes around sheet names, and in the digits of 1E-300.
    """
    texts = _STRING_OR_REST.split(formula)
    texts[::2] = [_NUMBER.sub(_shortest, _plain(text)) for text in texts[::2]]
    return "".join(texts)


def _plain(text: str) -> str:
    return re.sub(r"\s|'(?=[^']*'?!)|(?<=\w)'(?=!)", "", text).upper()


def _shortest(number: re.Match[str]) -> str:
    return repr(float(number[0]))


def _spread(absolute: str) -> str:
    """`Sheet!$A$1` as some programs write it: `Sheet!$A$1:$A$1`."""
    return absolute if ":" in absolute else f"{absolute}:{absolute.split('!')[1]}"
