"""Compares a workbook, cell by cell, with its plan and its trace."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.checking.recalculate import Values
from rnnsheet.checking.report import BlockReport, Failure, Report
from rnnsheet.checking.shown import ShownCells
from rnnsheet.checking.spelling import same
from rnnsheet.errors import WorkbookError
from rnnsheet.experiments import RUNS
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array, Layer, Model
from rnnsheet.network.imported import ImportedNetwork
from rnnsheet.network.layers import on_sequence
from rnnsheet.network.reading import END
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.sheet.plan import Block, Plan
from rnnsheet.trace import Trace
from rnnsheet.workbook import outside
from rnnsheet.workbook.drawings import not_ours
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import CellError

_NUMBERS = {float, int}
_FURTHER = (1, -1, 2, -2, 3, -3)


class Comparison:
    """A workbook beside its plan: everything that a cell is compared with.

    `trace` is what NumPy says; without it formulas are compared, and the stored values with the
    recalculated. `find_roundings` finds by how much, at most, roundings make each of the trace's
    numbers differ; it takes a while, and is asked only where a cell differs. `source` is what the workbook
    is of.
    """

    def __init__(
        self,
        contents: Contents,
        plan: Plan,
        trace: Trace | None,
        find_roundings: Callable[[], Mapping[str, Array]],
        source: LessonData | ImportedNetwork,
        tolerance: float,
    ):
        self.contents, self.plan, self.trace = contents, plan, trace
        self.by_hand = "manual" in contents.settings
        self._find_roundings, self.choices, self.tolerance = find_roundings, source.labels, tolerance
        self.choosing = {
            f"{run}{name}": (run, layer, base)
            for layer in source.model.outputs
            for base, name in _chosen(source.model, layer).items()
            for run in RUNS
        }
        """By the names of their arrays, what a softmax chooses: of which run, which softmax, and what."""
        for sheet in plan.sheets:
            contents.grid(sheet.name)
        # Before the engine is waited for.
        seen = {sheet.name: ShownCells(contents, sheet) for sheet in plan.sheets if not sheet.hidden}
        looks = [(block, _Shown(block, seen.get(block.area.sheet))) for block in plan.blocks()]
        self._blocks = [_BlockCells(self, *each) for each in looks if each[0].kind != "input"]
        self._inputs = [_InputCells(self, *each) for each in looks if each[0].kind == "input"]
        self._names = self._compared_names()
        drawn = {sheet.name: not_ours(contents.drawn.get(sheet.name, ()), sheet) for sheet in plan.sheets}
        self._drawn_on = tuple(sheet for sheet, others in drawn.items() if others)
        found = ((sheet.name, contents.grid(sheet.name).further) for sheet in plan.sheets)
        self._further = {sheet: names for sheet, names in found if names}

    def report(self, lesson: str, engine: str, values: Values) -> Report:
        """The verdict on every block and on the defined names, after a recalculation."""
        path = str(self.contents.path)
        for sheet in self.plan.sheets:
            if sheet.name not in values.sheets:
                raise WorkbookError("missing_sheet", place=path, sheet=sheet.name)
        blocks = [block.report(values) for block in self._blocks]
        inputs = [report for cells in self._inputs if (report := cells.report(values))]
        proved = self.trace is not None
        checked = (*blocks, *inputs, self._names)
        return Report(
            *(path, lesson, engine, self.tolerance, checked, proved),
            displaced=self._displaced(blocks),
            drawn_on=self._drawn_on,
            further=self._further,
        )

    def _displaced(self, reports: Sequence[BlockReport]) -> tuple[tuple[str, int, int], ...]:
        """Per sheet on which rows seem to be inserted or deleted: the first row moved, and how far down."""
        wrong = [block for block, told in zip(self._blocks, reports, strict=True) if told.failed]
        found = []
        for sheet in self.plan.sheets:
            own = [block for block in wrong if block.block.area.sheet == sheet.name]
            moved = [block for block in own if not block.stands_at(0)]
            ways = (by for by in _FURTHER if all(block.stands_at(by) for block in moved))
            if len(moved) > 2 and (by := next(ways, 0)):
                found.append((sheet.name, min(block.block.area.row for block in moved), by))
        return tuple(found)

    @cached_property
    def roundings(self) -> Mapping[str, Array]:
        """By how much, at most, roundings make each of the trace's numbers differ."""
        return self._find_roundings()

    def matches(self, got: Any, expected: Any, rounding: float = 0.0) -> bool:
        """Whether a value is the expected one: texts exactly, numbers within tolerance and rounding."""
        if isinstance(got, CellError | bool):
            return False
        if isinstance(expected, str):
            return bool(expected == ("" if got is None else got))
        if not isinstance(got, int | float):
            return False
        return bool(abs(got - expected) <= self.tolerance * max(1.0, abs(expected)) + rounding)

    def _compared_names(self) -> BlockReport:
        failures = []
        # A name of one of our sheets alone counts there instead of ours, whatever its case; programs that
        # copy a sheet make such names for the copy.
        ours = {sheet.name.lower() for sheet in self.plan.sheets}
        parts = [(*name.lower().rpartition("!"), text) for name, text in self.contents.names.items()]
        names = {name: text for sheet, _, name, text in parts if not sheet}
        names |= {name: text for sheet, _, name, text in parts if sheet in ours}
        for name, area in self.plan.names.items():
            got = names.get(name.lower(), "")
            if not (same(got, area.absolute) or same(got, _spread(area.absolute))):
                failures.append(Failure(name, "name", "", area.absolute, got))
        first = failures[0] if failures else None
        return BlockReport("defined names", "", "", len(self.plan.names), len(failures), 0.0, first)


class _BlockCells:
    """The cells of a block, row by row: what they should be, and what the file has."""

    def __init__(self, comparison: Comparison, block: Block, shown: "_Shown"):
        self.its, self.block, self._shown = comparison, block, shown
        self._grid = grid = comparison.contents.grid(block.area.sheet)
        cells = block.area.cells()
        self.formulas = list(chain.from_iterable(block.formulas()))
        self.has = list(map(grid.formulas.get, cells))
        self.stored = list(map(grid.values.get, cells))
        self._cells = cells
        known = block.values if comparison.trace is None else block.expected(comparison.trace)
        self._expected = None if known is None else list(chain.from_iterable(known))
        self._right = None if self._expected is None else _numbers(self._expected)
        self._has_truths = bool in set(map(type, self.stored))
        """Python takes TRUE for 1."""
        self._same_formulas = [text or None for text in self.formulas] == self.has
        self._off_stored = self._off(self._differences(self.stored)) if self._same_formulas else None

    def stands_at(self, by: int) -> bool:
        """Whether each value that is expected is stored in its place, or so many rows further down."""
        moved = map(self._grid.values.get, (cell + by * LAST_COLUMN for cell in self._cells))
        fits = self.its.matches
        pairs = zip(self.stored, moved, self._expected or (), strict=False)
        return all(fits(here, right) or fits(there, right) for here, there, right in pairs)

    def report(self, values: Values) -> BlockReport:
        """The verdict after a recalculation; where nothing is known, what the engine found is expected."""
        got = list(map(values.sheets[self.block.area.sheet].get, self._cells))
        shown = self._shown.failures(got, self.formulas)
        same = self._same_formulas and self._expected == got == self.stored
        if same and not shown and not self._has_truths:
            return self._verdict(0, 0.0, None)
        expected = self._expected or ["" if value is None else value for value in got]
        differences = self._differences(got)
        suspects = self._suspects(len(got), differences)
        cells = [_Cell(self, index, expected[index], got[index]) for index in suspects]
        found = [(cell, cell.failure()) for cell in cells]
        wrong = {cell.index: failure for cell, failure in found if failure}
        failures = [*wrong.values(), *(each for index, each in shown.items() if index not in wrong)]
        amplified = sum(failure is None and cell.is_off for cell, failure in found)
        error = _greatest_error(got, expected) if differences is None else float(differences.max())
        # What was changed comes before what follows from it.
        first = min(failures, key=lambda failure: failure.follows, default=None)
        return self._verdict(len(failures), error, first, amplified)

    def _verdict(self, failed: int, error: float, first: Failure | None, amplified: int = 0) -> BlockReport:
        area = self.block.area
        size = len(self._cells)
        return BlockReport(self.block.name, area.sheet, area.a1, size, failed, error, first, amplified)

    def _suspects(self, count: int, differences: NDArray[np.float64] | None) -> Iterable[int]:
        """The cells that have to be looked at one by one; most blocks are seen to be right as a whole."""
        if self._same_formulas:
            off = self._off(differences)
            if off is not None and self._off_stored is not None:
                return map(int, np.flatnonzero(off | self._off_stored))
        return range(count)

    def _differences(self, values: list[Any]) -> NDArray[np.float64] | None:
        """How far numbers are from the expected ones, relative above 1; None where there are other values."""
        numbers = _numbers(values)
        if numbers is None or self._right is None:
            return None
        return abs(numbers - self._right) / np.maximum(1.0, abs(self._right))

    def _off(self, differences: NDArray[np.float64] | None) -> NDArray[np.bool_] | None:
        """Which numbers are not within tolerance."""
        return None if differences is None else ~(differences <= self.its.tolerance)


class _Shown:
    """How the cells of a block are shown; those of a hidden sheet of ours are not."""

    def __init__(self, block: Block, seen: ShownCells | None):
        self._block, self._seen = block, seen
        self._causes = seen.causes(block) if seen else {}

    def failures(self, values: Sequence[Any], formulas: Sequence[str] = ()) -> Mapping[int, Failure]:
        """Of the cells that are shown otherwise than they are, by their places in the block."""
        block, failures = self._block, {}
        found = self._seen.otherwise(block, self._causes, values) if self._seen else {}
        for index, each in found.items():
            cell = block.area.part(*divmod(index, block.area.cols)).a1
            formula = f"={formulas[index]}" if formulas and formulas[index] else ""
            failures[index] = Failure(cell, "shown", formula, each.expected, each.got, each.cause)
        return failures


class _InputCells:
    """The cells of an input block: whatever stands there is right, if it is what it seems."""

    def __init__(self, comparison: Comparison, block: Block, shown: _Shown):
        self.its, self._block, self._shown = comparison, block, shown

    def report(self, values: Values) -> BlockReport | None:
        """The verdict after a recalculation, where some are not what they seem."""
        area = self._block.area
        got = list(map(values.sheets[area.sheet].get, area.cells()))
        failures = [*self._doubtful(got), *self._shown.failures(got).values()]
        if not failures:
            return None
        size = area.rows * area.cols
        return BlockReport(self._block.name, area.sheet, area.a1, size, len(failures), 0.0, failures[0])

    def _doubtful(self, values: Sequence[Any]) -> Iterator[Failure]:
        """Those that are formulas, and may give another value though no cell changes, or store another."""
        area, formulas = self._block.area, self.its.contents.grid(self._block.area.sheet).formulas
        for index, (cell, value) in enumerate(zip(area.cells(), values, strict=True)):
            if cell in formulas:
                reason, right, got = self._doubt(cell, value)
                place = area.part(*divmod(index, area.cols)).a1
                if reason:
                    yield Failure(place, reason, f"={formulas[cell]}", right, got)

    def _doubt(self, cell: int, value: Any) -> tuple[str, str, str]:
        """The reason, what is right, and what was found instead; a reason "" for no doubt."""
        contents = self.its.contents
        grid = contents.grid(self._block.area.sheet)
        formula, stored = grid.formulas[cell], grid.values.get(cell)
        if own := next(outside.volatile({cell: formula}), None):
            return "volatile", "", own[1]
        # What is referred to may refer further, by names and in other ways than by cells.
        if outside.refers(formula) and contents.volatile[0]:
            return "volatile", "", ": ".join(contents.volatile)
        if stored in (None, value) or self.its.matches(stored, value):
            return "", "", ""
        return "cached", str(value), str(stored)


def _numbers(values: list[Any]) -> NDArray[np.float64] | None:
    """The values as an array; None where there are not only numbers."""
    return np.array(values, np.float64) if set(map(type, values)) <= _NUMBERS else None


def _greatest_error(got: list[Any], expected: list[Any]) -> float:
    """The greatest difference between two numbers, relative above 1; texts have none."""
    if got == expected:
        return 0.0
    pairs = [pair for pair in zip(got, expected, strict=True) if set(map(type, pair)) <= _NUMBERS]
    return max((abs(value - right) / max(1.0, abs(right)) for value, right in pairs), default=0.0)


def _chosen(model: Model, layer: Layer) -> dict[str, str]:
    """What follows from what a softmax says, with its name: of an answer also what is read of it."""
    names = {base: layer.named(base) for base in ("predicted", "right")}
    return names | ({"letter": on_sequence("letter", "answer")} if model.sequence(layer) == "answer" else {})


class _Cell:
    """One cell of a block, with what it should be."""

    def __init__(self, cells: _BlockCells, index: int, expected: Any, got: Any):
        self.its, self.block, self.index = cells.its, cells.block, index
        self.down, self.right = divmod(index, self.block.area.cols)
        self.formula, self.expected, self.got = cells.formulas[index], expected, got
        self.has_formula, self.stored = cells.has[index], cells.stored[index]

    @property
    def is_off(self) -> bool:
        """Whether it has a number that is not the expected one within the tolerance."""
        return {type(self.got), type(self.expected)} <= _NUMBERS and not self.its.matches(
            self.got, self.expected
        )

    def failure(self) -> Failure | None:
        """What is wrong with the cell, the gravest first."""
        found = "" if self.has_formula is None else f"={self.has_formula}"
        if self.formula and self.has_formula is None:
            return self._failure("constant", f"={self.formula}", self.stored)
        has = self.has_formula or ""
        if self.formula != has and not same(self.formula, has):
            return self._failure("formula", f"={self.formula}" if self.formula else self.expected, found)
        right = self._acceptable()
        if not self._matches(self.got, right):
            return self._failure("value" if self.formula else "constant", self.expected, self.got)
        # Nothing stored beside a formula: a library saved the file; programs recalculate it on opening.
        if (self.stored is not None or self.its.by_hand) and not self._matches(self.stored, right):
            return self._failure("cached", self.expected, self.stored)
        return None

    def _matches(self, got: Any, right: Sequence[Any]) -> bool:
        if any(self.its.matches(got, value) for value in right):
            return True
        amounts = self.its.roundings.get(self.block.trace)
        return amounts is not None and any(self.its.matches(got, value, self._of(amounts)) for value in right)

    def _of(self, array: NDArray[Any]) -> Any:
        """The entry of an array like the block's trace that belongs to the cell."""
        rows = array.T if self.block.transposed else array
        return rows[self.block.epoch + self.down].ravel()[self.block.time - 1 + self.right]

    def _acceptable(self) -> Sequence[Any]:
        """The values that are right: the expected one, but any of them where probabilities tie.

        Sentences may have been put otherwise by the version that wrote the file, so there the
        recalculated one counts unless it is an error.
        """
        if self.block.words:
            return ["" if self.got is None else self.got]
        trace, chosen = self.its.trace, self.its.choosing.get(self.block.trace)
        if trace is None or chosen is None or self.expected == self.got == self.stored:
            return [self.expected]
        run, layer, base = chosen
        # What is read of an answer was said a step before.
        step = self.block.time - 1 + self.right - (base == "letter")
        # Of a training there is one line for each epoch.
        epoch = self.block.epoch + self.down
        said = trace[f"{run}{layer.named('predicted')}"]
        nothing_said = step < 0 or said.reshape(-1, said.shape[-1])[epoch, step] == ""
        if nothing_said or (base == "right" and self.expected in ("", None)):
            # Before the first step and after the end nothing is said, however probable.
            return [self.expected]
        p = trace[f"{run}{layer.named('p')}"]
        slack = self.its.roundings[f"{run}{layer.named('confidence')}"]
        shares, rounding = (p[epoch], slack[epoch]) if p.ndim == 3 else (p, slack)
        tied = [
            label
            for label, share in zip(self.its.choices, shares[:, step], strict=True)
            if share >= shares[:, step].max() - self.its.tolerance - rounding[0, step]
        ]
        if base == "right":
            target = trace[layer.named("target")][0, step]
            return [float(label == target) for label in tied]
        return tied if base == "predicted" else ["" if label == END else label for label in tied]

    def _failure(self, reason: str, expected: Any, got: Any) -> Failure:
        return Failure(
            self.block.area.part(self.down, self.right).a1,
            reason,
            f"={self.formula}" if self.formula else "",
            *("" if value is None else str(value) for value in (expected, got)),
        )


def _spread(absolute: str) -> str:
    """`Sheet!$A$1` as some programs write it: `Sheet!$A$1:$A$1`."""
    return absolute if ":" in absolute else f"{absolute}:{absolute.split('!')[1]}"
