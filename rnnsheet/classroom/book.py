"""An exercise as a student's workbook: a lesson's plan with blanks, and a first page that says what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from rnnsheet import engine
from rnnsheet.classroom import numbers, paper
from rnnsheet.classroom.blanks import Blanks, cells_of, usual
from rnnsheet.classroom.key import PAPER, PRACTICE, Key, Settings
from rnnsheet.classroom.practice import tally, with_words
from rnnsheet.classroom.references import Cell
from rnnsheet.equations.lesson import network
from rnnsheet.errors import LessonError
from rnnsheet.labels import labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import Model
from rnnsheet.sheet.captions import meaning, title
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Area, Block, Fill, Plan, Sheet, Text
from rnnsheet.trace import Trace
from rnnsheet.workbook.write import write

EXERCISE, CODE, SEAL, TOLD = 4, 5, 6, 2
"""The rows of the first sheet in which it stands of which exercise the book is, whose, and the seal over
what it gives, and their column."""
_LIST, _WIDE = 8, 5
"""The first row of the list of blocks, and how many columns it has."""
_GIVEN, _TO_FILL = "weight", "input"
"""The styles of what an exercise gives, and of what is blank: the only cells that are not locked."""
_NUMBERED = 2.0**-20
"""By which weights are numbered: with numbers so small that nothing is said of them."""
_CAPTIONS = ("caption", "heading", "small")


class Exercise:
    """What the books of a key have in common, and how each is made."""

    def __init__(self, key: Key, blanks: Blanks | None = None):
        self.key = key
        self.words = labels(key.settings.language)
        self.first = self.words.sheets["exercise"]
        """The sheet on which the exercise says what it is."""
        self.blanks = blanks or blanks_of(key.lesson, key.settings)

    def lesson(self, code: str) -> LessonData:
        """The lesson with a student's own numbers."""
        return numbers.own(self.key, code, self.blanks)

    def seal(self, code: str, given: Iterable[Any]) -> str:
        """The seal over a code, what its book gives, and the formulas, which are the same for all."""
        return self.key.seal(code, [*given, *self._formulas])

    def given(self, planned: Plan) -> Iterator[Any]:
        """Every number and text that a plan of the lesson gives, in order."""
        for _, block in self._kept(planned):
            if block.entry:
                yield from chain.from_iterable(block.values or ())

    @cached_property
    def given_cells(self) -> tuple[Cell, ...]:
        """The cells of what is given, in the order of `given`."""
        return tuple(cell for block in self._entries for cell in cells_of(block))

    @cached_property
    def word_cell(self) -> Cell:
        """The cell of the text that is read."""
        return next(cells_of(block)[0] for block in self._entries if block.name == "word")

    @cached_property
    def parameter_cells(self) -> Mapping[str, list[list[Cell]]]:
        """The cells of each weight, row by row."""
        return {
            block.name: [[(block.area.sheet, cell) for cell in line] for line in _lines(block.area)]
            for block in self._entries
            if block.name in self.key.lesson.model.parameters
        }

    @cached_property
    def constants(self) -> Mapping[Cell, Any]:
        """What stands in the cells that hold no formula and are not given: labels, and the like."""
        return {
            cell: value
            for block, _ in self._kept(self.blanks.plan)
            if block.kind == "constant"
            for cell, value in zip(cells_of(block), chain.from_iterable(block.values or ()), strict=True)
        }

    @cached_property
    def _entries(self) -> tuple[Block, ...]:
        return tuple(block for block, _ in self._kept(self.blanks.plan) if block.entry)

    def given_of(self, lesson: LessonData) -> list[Any]:
        """Every number and text that the book of a lesson gives, in order."""
        return list(self.given(self.plan(lesson)))

    def book(self, code: str, lesson: LessonData, solved: bool = False) -> Plan:
        """A student's workbook; with every answer, and not a blank, where it is `solved`."""
        planned = self.blank_book(code, lesson, solved)
        return with_words(self, planned, lesson) if self.is_practice and not solved else planned

    @property
    def is_practice(self) -> bool:
        """Whether the books say what is right."""
        return self.key.settings.mode == PRACTICE

    def blank_book(self, code: str, lesson: LessonData, solved: bool = False) -> Plan:
        """The same without what a book to practise with says."""
        planned, trace = self.plan(lesson), engine.complete(lesson)
        own = {sheet.name: sheet for sheet in planned.sheets}
        kept = [self._sheet(sheet, own[sheet.name], trace, solved) for sheet in self.blanks.sheets]
        here = {sheet.name for sheet in kept}
        names = {name: area for name, area in planned.names.items() if area.sheet in here}
        first = self._first(code, self.seal(code, self.given(planned)), solved)
        return Plan((first, *kept), names, planned.language, first.texts[0].text, locked=True)

    def write(self, planned: Plan, path: Path) -> None:
        """Writes a book. Raises OutputError where it cannot."""
        write(planned, lambda block: block.values or (), path)

    @cached_property
    def _formulas(self) -> list[str]:
        return [f"{sheet}!{cell}={text}" for (sheet, cell), text in self.blanks.formulas()]

    def _kept(self, planned: Plan) -> Iterator[tuple[Block, Block]]:
        """The blocks of the exercise: as the first plan has them, and as this one of the same lesson has."""
        own = {sheet.name: sheet.blocks for sheet in planned.sheets}
        for sheet in self.blanks.sheets:
            pairs = zip(sheet.blocks, own[sheet.name], strict=True)
            yield from (pair for pair in pairs if self.blanks.is_kept(pair[0]))

    def plan(self, lesson: LessonData) -> Plan:
        """The workbook of a lesson of the key's: planned once, with the weights of each put in."""
        if lesson.word != self.key.lesson.word:
            return plan(lesson, self.key.settings.language)
        weights = np.concatenate([array.ravel() for array in lesson.model.parameters.values()]).tolist()
        sheets = (
            replace(
                sheet, blocks=[_weighted(block, lesson.model.parameters, weights) for block in sheet.blocks]
            )
            for sheet in self._numbered.sheets
        )
        return replace(self._numbered, sheets=tuple(sheets))

    @cached_property
    def _numbered(self) -> Plan:
        """The sheets of the exercise, with the number of each weight in its place."""
        numbered, first = {}, 0
        for name, array in self.key.lesson.model.parameters.items():
            count = np.arange(first, first + array.size, dtype=np.float64)
            numbered[name] = _NUMBERED * count.reshape(array.shape)
            first += array.size
        model = Model(self.key.lesson.model.layers, numbered)
        planned = plan(replace(self.key.lesson, model=model), self.key.settings.language)
        kept = {sheet.name for sheet in self.blanks.sheets}
        return replace(planned, sheets=tuple(sheet for sheet in planned.sheets if sheet.name in kept))

    def _sheet(self, sheet: Sheet, own: Sheet, trace: Trace, solved: bool) -> Sheet:
        """A sheet of the exercise: of the lesson's own what is kept, with blanks."""
        blocks = [
            piece
            for block, filled in zip(sheet.blocks, own.blocks, strict=True)
            if self.blanks.is_kept(block)
            for piece in self._pieces(filled, filled.expected(trace), solved)
        ]
        rows = {block.area.row + down for block in blocks for down in range(block.area.rows)}
        empty = {block.area.row + down for block in sheet.blocks for down in range(block.area.rows)} - rows
        areas = {block.area for block in sheet.blocks if self.blanks.is_kept(block)}
        gives = any(block.entry and self.blanks.is_kept(block) for block in sheet.blocks)
        about = self.words("exercise.given") if gives else ""
        return replace(
            own,
            blocks=blocks,
            texts=[
                replace(text, text=about) if about and text.style == "about" else self._linked(text)
                for text in own.texts
                if text.style not in _CAPTIONS or not (text.row in empty or text.row > max(rows))
                if not text.link or self._linked(text).link
            ],
            charts=[],
            highlights=[each for each in own.highlights if each.area in areas and each.other is None],
        )

    def _linked(self, text: Text) -> Text:
        """A text that leads to a sheet of the exercise, or to no other one."""
        if text.link == self.blanks.plan.sheets[0].name:
            return replace(text, text=self.words("style.back", sheet=self.first), link=self.first)
        return text if text.link in {sheet.name for sheet in self.blanks.sheets} else replace(text, link="")

    def _pieces(self, block: Block, values: Sequence[Sequence[Any]], solved: bool) -> Iterator[Block]:
        """A block of the lesson as blocks of the exercise: what is blank is one of its own."""
        if block.entry:
            yield replace(block, style=_GIVEN, entry="", choices=None, values=values)
            return
        cells = list(_lines(block.area))
        blank = [[(block.area.sheet, cell) in self.blanks.cells for cell in line] for line in cells]
        if not solved:
            hidden = self.blanks.after | set(self.blanks.cells)
            values = [
                [
                    None if (block.area.sheet, cell) in hidden else value
                    for cell, value in zip(*each, strict=True)
                ]
                for each in zip(cells, values, strict=True)
            ]
        for (down, right, rows, cols), is_blank in _rectangles(blank):
            own = [list(line[right : right + cols]) for line in values[down : down + rows]]
            area = block.area.part(down, right, rows, cols)
            fills = tuple(_clipped(block.fills, down, right, rows, cols))
            if not is_blank:
                yield replace(block, area=area, fills=fills, values=own)
            else:
                # A text that is typed there may be a formula.
                form = "general" if block.format == "letter" else block.format
                fills = fills if solved else ()
                yield replace(block, area=area, fills=fills, values=own, style=_TO_FILL, format=form)

    def _first(self, code: str, seal: str, solved: bool) -> Sheet:
        """The sheet that says what to do, and how much is done."""
        words, page = self.words, Page.of("exercise", self.words)
        heading = words(
            "exercise.solved" if solved else "exercise.title", lesson=title(self.key.lesson, words)
        )
        page.text(1, 1, heading, "title")
        page.text(2, 1, self._about(), "about", span=_WIDE)
        for name, row, value in (
            ("exercise", EXERCISE, self.key.exercise),
            ("code", CODE, code),
            ("seal", SEAL, seal),
        ):
            page.text(row, 1, words(f"exercise.{name}"), "caption")
            page.constants(name, row, TOLD, [[value]], "label", form="letter")
        for col, name in enumerate(("block", "meaning", "where", "count", "filled"), start=1):
            page.text(_LIST, col, words(f"exercise.{name}"), "heading")
        for row, (name, sheet, areas) in enumerate(self._listed(), start=_LIST + 1):
            page.text(row, 1, name, "symbol")
            page.text(row, 2, self._meaning(name))
            where = f"{sheet} {areas[0].a1}{' …' if areas[1:] else ''}"
            page.text(row, 3, where, "link_text", link=sheet, at=areas[0].part().a1)
            count = sum(area.rows * area.cols for area in areas)
            page.constants("count", row, 4, [[count]], "label", form="whole")
            counted = f"COUNTA({','.join(area.absolute for area in areas)})"
            done = [[count if solved else 0]]
            page.formula("filled", page.area(row, 5), counted, "label", values=done, form="whole")
        if self.is_practice and not solved:
            page.text(row + 2, 1, self.words("practice.tally"), "caption")
            page.constants("count", row + 2, 4, [[len(self.blanks.all)]], "label", form="whole")
            counted = tally(self)
            page.formula("filled", page.area(row + 2, 5), counted, "label", values=[[None]], form="whole")
        page.sheet.widths = {1: 16, 2: 48, 3: 26}
        return page.sheet

    def _meaning(self, name: str) -> str:
        """What a block is, in a few words."""
        equations = network(self.key.lesson)
        if name in equations.equations:
            return meaning(equations.equations[name], equations, self.words)
        of = {gradient.name: parameter for parameter, gradient in equations.gradients.items()}
        return self.words("gradient.pulled", name=of[name])

    def _about(self) -> str:
        settings = self.key.settings
        return self.words(f"exercise.about_{settings.mode}", digits=settings.digits)

    def _listed(self) -> Iterator[tuple[str, str, list[Area]]]:
        """Each block with blanks on each sheet, and their areas."""
        found = [
            (name, sheet.name, block.area.part(down, right, rows, cols))
            for sheet in self.blanks.sheets
            for block in sheet.blocks
            if (name := block.name) in self.blanks.names and self.blanks.is_kept(block)
            for (down, right, rows, cols), is_blank in _rectangles(
                [[(sheet.name, cell) in self.blanks.cells for cell in line] for line in _lines(block.area)]
            )
            if is_blank
        ]
        found.sort(key=lambda each: self.blanks.names.index(each[0]))
        for (name, sheet), group in groupby(found, itemgetter(0, 1)):
            yield name, sheet, [area for _, _, area in group]


def blanks_of(lesson: LessonData, settings: Settings) -> Blanks:
    """What is blank of a lesson. Raises LessonError where that cannot be."""
    if not engine.knows(lesson.model):
        raise LessonError("own_cell_exercise", place=lesson.source)
    if settings.times and max(settings.times) > (most := max(lesson.sequences.values())):
        raise LessonError("no_such_time", got=max(settings.times), most=most)
    on_paper, planned = settings.mode == PAPER, plan(lesson, settings.language)
    if on_paper:
        paper.check(lesson, settings.blanks)
    if settings.words and not numbers.can_vary(lesson):
        raise LessonError("own_words", place=lesson.name)
    names = settings.blanks or (paper.USUAL if on_paper else usual(planned, lesson.model))
    return Blanks(planned, lesson, engine.run(lesson), names, settings.times, settings.example)


def _weighted(block: Block, names: Collection[str], weights: Sequence[float]) -> Block:
    """A block with weights in place of their numbers, if it shows any."""
    if not block.values or block.name not in names:
        return block
    values = [[weights[round(value / _NUMBERED)] for value in line] for line in block.values]
    return replace(block, values=values)


def _lines(area: Area) -> Iterator[Sequence[int]]:
    """The keys of an area's cells, row by row."""
    return (area.part(down, 0, 1, area.cols).cells() for down in range(area.rows))


def _rectangles(marks: Sequence[Sequence[bool]]) -> Iterator[tuple[tuple[int, int, int, int], bool]]:
    """Parts a rectangle into ones that are marked or not: (down, right, rows, cols), and which."""

    def runs(line: Sequence[bool]) -> list[tuple[int, int, bool]]:
        found, right = [], 0
        for mark, run in groupby(line):
            cols = len(list(run))
            found.append((right, cols, mark))
            right += cols
        return found

    down = 0
    for own, lines in groupby(map(runs, marks)):
        rows = len(list(lines))
        yield from (((down, right, rows, cols), mark) for right, cols, mark in own)
        down += rows


def _clipped(fills: Sequence[Fill], down: int, right: int, rows: int, cols: int) -> Iterator[Fill]:
    """The fills of a part of a block, measured from its first cell."""
    for fill in fills:
        top, bottom = max(down, fill.down), min(down + rows, fill.down + fill.rows)
        left, end = max(right, fill.right), min(right + cols, fill.right + fill.cols)
        if top < bottom and left < end:
            moved = Formula(fill.formula.moved(top - fill.down, left - fill.right))
            yield Fill(moved, top - down, left - right, bottom - top, end - left)
