"""An exercise on paper: one page for each student to print, in numbers for the head; and the solutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, groupby
from math import tanh
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsheet import engine
from rnnsheet.classroom.blanks import cells_of
from rnnsheet.classroom.numbers import END_OF_TABLE
from rnnsheet.classroom.references import Cell
from rnnsheet.errors import LessonError
from rnnsheet.files import write_whole
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.captions import title
from rnnsheet.sheet.plan import Block, Text

if TYPE_CHECKING:
    from rnnsheet.classroom.book import Exercise

USUAL = ("xh", "hh", "z", "h", "y", "predicted")
"""The blocks that can be computed in one's head, all of which are blank where nothing else is said."""
MOST_PAGES = 1_000
"""In one file: a browser lays out all of them before it prints."""
_UNITS, _STEPS, _LETTERS = 3, 4, 4
"""The most that fit on a page, A4 or Letter, in letters that can be read."""
_TEXTS = ("caption", "symbol", "small")


def check(lesson: LessonData, names: Sequence[str]) -> None:
    """Raises LessonError where a lesson, or one of these blocks, is nothing for paper."""
    kinds = [layer.kind for layer in lesson.model]
    fits = kinds == ["elman", "softmax"] and set(lesson.sequences) == {"word"}
    if fits:
        (units, letters), steps = lesson.model.parameters["Wxh"].shape, lesson.steps
        own_labels = lesson.choice.name != "letters"
        begins = any(state.any() for state in lesson.initial.values())
        fits = units <= _UNITS and steps <= _STEPS and letters <= _LETTERS and not (own_labels or begins)
    if not fits:
        most = {"units": _UNITS, "steps": _STEPS, "letters": _LETTERS}
        raise LessonError("not_for_paper", place=lesson.name, **most)
    if other := next((name for name in names if name not in USUAL), ""):
        raise LessonError("block_not_for_paper", given=other, known=", ".join(USUAL))


@dataclass(frozen=True)
class Page:
    """A student's page."""

    code: str
    lesson: LessonData
    """With the numbers of the code."""
    whose: str = ""
    """Who has the code; it stands on solutions alone."""


def write(exercise: Exercise, pages: Iterable[Page], path: Path, solved: bool) -> None:
    """Writes pages as HTML, which every browser prints. Raises OutputError where that cannot be."""
    words, kind = exercise.words, "solved" if solved else "title"
    heading = words(f"exercise.{kind}", lesson=title(exercise.key.lesson, words))
    head = _HEAD.format(language=words.language, title=escape(heading), style=_STYLE)
    texts = chain([head], (_section(exercise, page, heading, solved) for page in pages), ["</html>\n"])
    write_whole(path, lambda file: file.writelines(text.encode() for text in texts))


def _section(exercise: Exercise, page: Page, heading: str, solved: bool) -> str:
    words, lesson = exercise.words, page.lesson
    is_tanh = next(iter(lesson.model)).activation == "tanh"
    about = words("paper.about", word=lesson.word) + (words("paper.about_tanh") if is_tanh else "")
    name = escape(page.whose) if solved and page.whose else "<i></i>"
    told = (
        escape(words("exercise.code")) + f" <b>{page.code}</b>",
        escape(words("paper.name")) + f" {name}",
        escape(words("paper.right", count=len(exercise.blanks.all))) + " <i></i>",
    )
    return (
        f"<section><h1>{escape(heading)}</h1>"
        f"<p class=who>{''.join(f'<span>{each}</span>' for each in told)}</p>"
        f"<p>{escape(about)}</p>"
        f"<div><table>{''.join(_Grid(exercise, lesson, solved).rows())}</table>"
        f"{_table_of_tanh(words) if is_tanh else ''}</div></section>\n"
    )


class _Grid:
    """The sheet of an exercise as the rows of a table: what is given, and what is computed by hand."""

    def __init__(self, exercise: Exercise, lesson: LessonData, solved: bool):
        self._blanks, self._solved = exercise.blanks, solved
        self._trace = engine.by_table(lesson)
        name = self._blanks.all[0].cell[0]
        known = next(sheet for sheet in self._blanks.plan.sheets if sheet.name == name)
        own = next(sheet for sheet in exercise.plan(lesson).sheets if sheet.name == name)
        self._blocks = [
            (ours if self._is_shown(block) else None, block.area.row)
            for block, ours in zip(known.blocks, own.blocks, strict=True)
        ]
        self._texts = own.texts
        self._last = max(block.area.col + block.area.cols for block, _ in self._blocks if block)

    def rows(self) -> Iterator[str]:
        """The rows as HTML, without those of sections in which something does not stand on paper."""
        starts = sorted({text.row for text in self._texts if text.col == 1})
        ends = [*starts[1:], max(row for _, row in self._blocks) + 1]
        for start, end in zip(starts, ends, strict=True):
            blocks = [block for block, row in self._blocks if start <= row < end]
            if blocks and all(blocks):
                texts = [text for text in self._texts if start <= text.row < end and text.style in _TEXTS]
                yield from self._section(list(filter(None, blocks)), texts)

    def _is_shown(self, block: Block) -> bool:
        """Whether a block is given, or is computed in one's head, for itself or on the way to a blank."""
        own, blanks = cells_of(block), self._blanks
        if not blanks.is_kept(block):
            return False
        wanted = block.name in USUAL and not (blanks.before | blanks.cells.keys()).isdisjoint(own)
        return wanted or blanks.after.isdisjoint(own)

    def _section(self, blocks: Sequence[Block], texts: Sequence[Text]) -> Iterator[str]:
        placed: dict[tuple[int, int], tuple[str, str]] = {}
        has_weights = any(block.style == "narrow" for block in blocks)
        blocks = [block for block in blocks if block.area.col > 1 or has_weights]
        for text in texts:
            placed[text.row, text.col] = ("text", f"<span class={text.style}>{escape(text.text)}</span>")
        for block in blocks:
            cells = iter(cells_of(block))
            for down, line in enumerate(block.expected(self._trace)):
                for right, value in enumerate(line):
                    area = block.area.part(down, right)
                    placed[area.row, area.col] = self._cell(block, next(cells), value)
        for row, group in groupby(sorted(placed), key=lambda place: place[0]):
            yield f"<tr>{''.join(self._row({col: placed[row, col] for _, col in group}))}</tr>"

    def _row(self, cells: dict[int, tuple[str, str]]) -> Iterator[str]:
        """The cells of a row; a text reaches to the next one."""
        col = 1
        while col < self._last:
            kind, inside = cells.get(col, ("", ""))
            end = col + 1
            if kind == "text":
                end = min((each for each in cells if each > col), default=self._last)
            yield f"<td class='{kind}' colspan={end - col}>{inside}</td>" if kind else "<td></td>"
            col = end

    def _cell(self, block: Block, cell: Cell, value: Any) -> tuple[str, str]:
        """The class of a cell and what stands in it: a box for a blank, or for what is on the way to one."""
        is_blank = cell in self._blanks.cells
        if not is_blank and (cell in self._blanks.examples or cell not in self._blanks.after):
            return ("given" if block.name in USUAL else block.style), shown(value)
        return "blank" if is_blank else "way", shown(value) if self._solved else ""


def shown(value: Any) -> str:
    """A number with at most one decimal, or a letter, in HTML."""
    if isinstance(value, str):
        return escape(value)
    return f"{round(float(value), 1) + 0.0:g}".replace("-", "−")


def _table_of_tanh(words: Labels) -> str:
    """Every tanh that is asked for: the whole number across, the decimal down."""
    wholes = range(int(END_OF_TABLE))
    head = "".join(f"<th>{whole}</th>" for whole in wholes)
    rows = "".join(
        f"<tr><th>.{tenth}</th>"
        + "".join(f"<td>{shown(tanh(whole + tenth / 10))}</td>" for whole in wholes)
        + "</tr>"
        for tenth in range(10)
    )
    about, table = escape(words("paper.table")), f"<tr><th>tanh</th>{head}</tr>{rows}"
    return f"<aside><p>{about}</p><table class=tanh>{table}</table></aside>"


_HEAD = '<!doctype html>\n<html lang="{language}"><meta charset="utf-8"><title>{title}</title>\n{style}\n'
_STYLE = """<style>
@page { margin: 12mm }
body { font: 11pt/1.25 Calibri, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1f2933; margin: 0 }
section { break-after: page; max-width: 186mm; margin: 0 auto }
section:last-child { break-after: auto }
h1 { font-size: 15pt; margin: 0 0 2mm }
p { margin: 0 0 2mm }
.who { display: flex; justify-content: space-between }
.who i { display: inline-block; width: 4em; border-bottom: 1px solid }
.who span:nth-child(2) i { width: 14em }
table { border-collapse: collapse }
div { display: flex; justify-content: space-between }
aside { width: 46mm; font-size: 9pt }
td { height: 6mm; min-width: 6mm; padding: 0 1mm; text-align: center; print-color-adjust: exact }
.text { text-align: left; white-space: nowrap; vertical-align: bottom }
.symbol { font-weight: bold; color: #1f4e9e }
.small, .label { color: #52606d; font-size: 9pt }
.narrow, .weight { border: 1px solid #1f4e9e; color: #1f4e9e }
.given { min-width: 14mm; border: 1px dotted #6b21a8 }
.blank, .way { min-width: 14mm }
.blank { background: #fff9db; border: 1.5px solid #1f2933 }
.way { border: 1px dashed #9aa5b1 }
.tanh td, .tanh th { min-width: 9mm; border: 1px solid #9aa5b1; font-size: 9pt; height: 5mm }
</style>"""
