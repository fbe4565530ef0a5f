"""Which cells of a plan are to be filled in, which the exercise keeps, and which come after a blank."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.classroom.references import Cell, is_link, references
from rnnsheet.errors import LessonError, unknown
from rnnsheet.lesson import LessonData
from rnnsheet.network import Model
from rnnsheet.sheet.bounds import a1
from rnnsheet.sheet.plan import Block, Plan
from rnnsheet.trace import Trace

_SAID = ("status", "state", "hint")
"""Styles of cells that only speak of what is typed into inputs, which nobody does in an exercise."""
_TEXTS = ("letter", "mark")
"""Formats of what would be an error as long as something is blank."""


@dataclass(frozen=True)
class Blank:
    """One cell to be filled in."""

    name: str
    """That of its block, by which the rubric goes."""
    cell: Cell
    formula: str
    """The right one, without `=`."""
    block: Block
    down: int
    right: int

    @property
    def place(self) -> str:
        """Such as Unrolled!H24."""
        return f"{self.cell[0]}!{a1(self.cell[1])}"

    def answer(self, trace: Trace) -> Any:
        """The right number or text, by what NumPy computes."""
        return self.block.expected(trace)[self.down][self.right]


class Blanks:
    """The blanks of an exercise in the order of the sheets, and what becomes of the plan's other cells.

    `names` are blocks as `known` lists them, `times` the time steps of those over time, () for all; with
    `example` the first cell of each block stays. Raises LessonError where there is no such block.
    """

    def __init__(
        self,
        plan: Plan,
        lesson: LessonData,
        trace: Trace,
        names: Collection[str],
        times: tuple[int, ...],
        example: bool,
    ):
        self.plan = plan
        self._formulas = _formulas(plan)
        self._blocks = {cell: block for block in plan.blocks() for cell in cells_of(block)}
        self._used: dict[Cell, tuple[Cell, ...]] = {}
        self.examples: set[Cell] = set()
        """The cells that stay as examples."""
        self.all = tuple(self._found(lesson, trace, names, times, example))
        if not self.all:
            raise LessonError("no_blanks", place=lesson.source)
        self.cells = {blank.cell: blank for blank in self.all}
        self.before = self._ancestors(self.cells)
        sheets = {blank.cell[0] for blank in self.all} | {sheet for sheet, _ in self.before}
        self.sheets = tuple(sheet for sheet in plan.sheets if sheet.name in sheets)
        self.after = self._descendants()
        self.kept = self._kept()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the blocks with blanks, in order."""
        return tuple(dict.fromkeys(blank.name for blank in self.all))

    @cached_property
    def operands(self) -> Mapping[Cell, tuple[Cell, ...]]:
        """Per blank those on which its formula depends by way of no other blank."""
        return {cell: tuple(self._nearest(cell)) for cell in self.cells}

    def is_kept(self, block: Block) -> bool:
        """Whether a block stands in the exercise."""
        return id(block) in self.kept

    def formulas(self) -> Iterator[tuple[Cell, str]]:
        """The formulas that stand in the exercise, without those of the blanks."""
        for cell, text in self._formulas.items():
            if cell not in self.cells and id(self._blocks.get(cell)) in self.kept:
                yield cell, text

    def _found(
        self, lesson: LessonData, trace: Trace, names: Collection[str], times: tuple[int, ...], example: bool
    ) -> Iterator[Blank]:
        blocks = known(self.plan)
        for name in names:
            if name not in blocks:
                raise unknown("unknown_block", name, blocks)
        homes = {blocks[name].area.sheet for name in names}
        steps, shown = set(lesson.sequences.values()), set[str]()
        for sheet in self.plan.sheets:
            for block in sheet.blocks:
                if sheet.name not in homes or block.name not in names or block.trace != block.name:
                    continue
                over_time = trace[block.trace].shape[-1] in steps and not block.transposed
                for down, line in enumerate(block.formulas()):
                    for right, text in enumerate(line):
                        if not text or is_link(text):
                            continue
                        if times and over_time and block.time + right not in times:
                            continue
                        cell = sheet.name, block.area.part(down, right).cells()[0]
                        if example and block.name not in shown:
                            shown.add(block.name)
                            self.examples.add(cell)
                            continue
                        yield Blank(block.name, cell, text, block, down, right)

    def _references(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells that the formula of a cell refers to."""
        if cell not in self._used:
            areas = references(self._formulas.get(cell, ""), cell[0])
            self._used[cell] = tuple((area.sheet, each) for area in areas for each in area.cells())
        return self._used[cell]

    def _ancestors(self, cells: Iterable[Cell]) -> set[Cell]:
        """Every cell on which some depend."""
        found: set[Cell] = set()
        waiting = list(cells)
        while waiting:
            new = set(self._references(waiting.pop())) - found
            found |= new
            waiting += new
        return found

    def _kept(self) -> set[int]:
        """The `id` of each block that stands in the exercise: all it refers to stands there too."""
        needed = {id(self._blocks[cell]) for cell in self.before | set(self.cells) if cell in self._blocks}
        kept = {
            id(block): block
            for sheet in self.sheets
            for block in sheet.blocks
            if id(block) in needed or not self._only_says(block)
        }
        sheets = {sheet.name for sheet in self.sheets}
        while dropped := [
            number
            for number, block in kept.items()
            if number not in needed and not self._stands(block, sheets, kept)
        ]:
            for number in dropped:
                del kept[number]
        return set(kept)

    def _only_says(self, block: Block) -> bool:
        """Whether a block is of no use there: about what was typed, or what the network says in the end."""
        says = block.format in _TEXTS and not self.after.isdisjoint(cells_of(block))
        return (
            block.style in _SAID
            or block.entry == "reveal"
            or (says and set(cells_of(block)).isdisjoint(self.cells))
        )

    def _stands(self, block: Block, sheets: set[str], kept: Mapping[int, Block]) -> bool:
        """Whether everything that a block refers to is kept."""
        used = {each for cell in cells_of(block) for each in self._references(cell)}
        return all(
            sheet in sheets and (id(self._blocks.get((sheet, cell), block)) in kept) for sheet, cell in used
        )

    def _descendants(self) -> set[Cell]:
        """Every cell that depends on a blank."""
        users: defaultdict[Cell, set[Cell]] = defaultdict(set)
        for cell in self._formulas:
            for used in self._references(cell):
                users[used].add(cell)
        found: set[Cell] = set()
        waiting = list(self.cells)
        while waiting:
            new = users[waiting.pop()] - found
            found |= new
            waiting += new
        return found - set(self.cells)

    def _nearest(self, cell: Cell) -> Iterator[Cell]:
        """The blanks that are met first on the way back from a cell."""
        seen, waiting = {cell}, [cell]
        while waiting:
            for used in self._references(waiting.pop()):
                if used not in seen:
                    seen.add(used)
                    if used in self.cells:
                        yield used
                    else:
                        waiting.append(used)


def known(plan: Plan) -> dict[str, Block]:
    """By its name each block that can be blank: one that the network computes, under its own name."""
    named = set(plan.names.values())
    blocks = (block for block in plan.blocks() if block.fills and block.trace == block.name)
    return {block.name: block for block in blocks if block.area in named}


def usual(plan: Plan, model: Model) -> tuple[str, ...]:
    """What is blank where nothing else is said, as far as the plan has it.

    The hidden state of the first recurrent layer (without one, the result of the first layer), the gradient
    of that layer's first weights, and the first probabilities: `h`, `p` and `dWxh`, by their full names.
    """
    layer = next((each for each in model if each.traits.states), next(iter(model)))
    blocks = known(plan)
    names = (layer.result, model.outputs[0].result, f"d{layer.sizing}")
    return tuple(name for name in names if name in blocks) or tuple(blocks)[-1:]


def cells_of(block: Block) -> list[Cell]:
    """The cells of a block, row by row."""
    return [(block.area.sheet, cell) for cell in block.area.cells()]


def _formulas(plan: Plan) -> dict[Cell, str]:
    return {
        (block.area.sheet, cell): text
        for block in plan.blocks()
        if block.fills
        for cell, text in zip(
            block.area.cells(), (text for line in block.formulas() for text in line), strict=True
        )
        if text
    }


def vector(answers: Iterable[Any]) -> NDArray[np.float64]:
    """Answers as numbers; those that are texts are NaN."""
    return np.array([float(each) if isinstance(each, int | float) else np.nan for each in answers])
