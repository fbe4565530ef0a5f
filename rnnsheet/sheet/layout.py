"""A lesson or an imported network into its plan: the order of the sheets, and what each knows of others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rnnsheet.equations.lesson import network
from rnnsheet.errors import LessonError, ModelError, RnnsheetError
from rnnsheet.labels import Labels, labels, sheet_called
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.captions import title
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.pages import (
    backward,
    checks,
    examples,
    flow,
    gradient_check,
    inputs,
    loss,
    manifest,
    overview,
    steps,
    training,
    try_this,
    unrolled,
    update,
)
from rnnsheet.sheet.plan import Plan, Sheet

if TYPE_CHECKING:
    from rnnsheet.network.imported import ImportedNetwork

_PARTS = {
    inputs.KEY: "input",
    try_this.KEY: "input",
    steps.KEY: "hidden",
    unrolled.KEY: "hidden",
    loss.KEY: "loss",
}
"""The style that gives the tab of a sheet its colour; that of gradients the others."""


def plan(source: LessonData | ImportedNetwork, language: str) -> Plan:
    """The plan of the workbook of a lesson or an imported network, its texts in one of `labels.languages()`.

    The formulas and their places depend on the lesson's sizes alone, never on a text. Raises
    LessonError or ModelError where the network has no room on a worksheet.
    """
    if isinstance(source, LessonData):
        return _fitting(_plan(source, language), LessonError, source.source)
    # A lesson's workbook is made, and proved, without it.
    from rnnsheet.sheet.imported import book

    return _fitting(book.plan(source, language), ModelError, source.source)


def _plan(lesson: LessonData, language: str) -> Plan:
    words, equations = labels(language), network(lesson)
    about_page = manifest.place(lesson, words)
    messages = manifest.messages(about_page, lesson.steps + lesson.reads_ahead)
    typed = inputs.place(lesson, equations, words)
    examples.place(typed, lesson, equations)
    given = {**typed.blocks, **typed.choices}
    context = Context(equations, words, given, lesson.settings.digits, lesson, messages, {})
    unrolled_page, over_time, below = unrolled.place(context)
    context = replace(context, over_time=over_time)
    steps_page = steps.place(context)
    loss_page, losses = loss.place(context)
    context = replace(context, over_time=over_time | losses)
    unrolled.draw(context, unrolled_page, below)
    inputs.answer(typed, lesson, equations, context.over_time, messages)
    backward_page, gradients, matrices = backward.place(context)
    check_page = gradient_check.place(context, matrices)
    update_page, rates = update.place(context, matrices)
    training_page, settings = training.place(context) or (None, {})
    learning = (loss_page, backward_page, check_page, update_page, training_page, flow.place(context))
    every = [typed.page, steps_page, unrolled_page, *(page for page in learning if page)]
    asked = _asked_for(every, lesson, words)
    shown = [page for page in every if not asked or page.sheet.name in (*asked, typed.page.sheet.name)]
    every.insert(1, try_this.place(lesson, shown, words))
    state = checks.place(typed, context, _wanted(every, asked))
    # The checks read cells as well.
    pages = _wanted(every, asked)
    overview_page = overview.place(context, pages)
    for page in (overview_page, *pages[1:]):
        page.state(page.reference(state.area), state.values, messages)
    for page in pages:
        page.sheet.part = _PARTS.get(page.key, "gradient")
    sheets = tuple(page.sheet for page in (overview_page, *pages))
    for sheet in sheets:
        sheet.keep_paragraphs_in_sight()
    manifest.list_blocks(about_page, sheets)
    named = {**typed.blocks, **context.over_time, **gradients, **rates, **settings}
    named |= {f"d{name}": block for name, block in matrices.items()}
    kept = {sheet.name for sheet in sheets}
    names = {defined_name(name): block.area for name, block in named.items() if block.area.sheet in kept}
    planned = Plan((*sheets, about_page.sheet), names, language, title(lesson, words))
    return planned.with_digits(lesson.settings.digits)


def _asked_for(pages: list[Page], lesson: LessonData, labels: Labels) -> list[str]:
    """The sheets that a lesson asks for, whatever the language in which it does. Raises LessonError."""
    others = (labels.sheets[key] for key in (overview.KEY, try_this.KEY))
    names = [*others, *(page.sheet.name for page in pages)]
    asked = []
    for name in lesson.settings.sheets:
        if not (found := sheet_called(name, names)):
            raise LessonError("no_such_sheet", place=lesson.source, got=name, known=", ".join(names))
        asked.append(found)
    return asked


def _wanted(pages: list[Page], asked: list[str]) -> list[Page]:
    """The pages that are asked for, and those that formulas and charts of these refer to."""
    names = [page.sheet.name for page in pages]
    kept, waiting = set[str](), [*(asked or names), pages[0].sheet.name]
    while waiting:
        name = waiting.pop()
        if name in names and name not in kept:
            kept.add(name)
            waiting += _referred(pages[names.index(name)].sheet)
    return [page for page in pages if page.sheet.name in kept]


def _referred(sheet: Sheet) -> set[str]:
    """The sheets that formulas and charts of one refer to."""
    formulas = (fill.formula.text for block in sheet.blocks for fill in block.fills)
    found = {quoted or plain for text in formulas for quoted, plain in _SHEET.findall(text)}
    return found | {area.sheet for area in sheet.drawn()}


_SHEET = re.compile(r"(?:'([^']+)'|(\w+))!")


def _fitting(planned: Plan, error: type[RnnsheetError], place: str) -> Plan:
    """The plan, if all of it has room on its worksheets."""
    for sheet in planned.sheets:
        for block in sheet.blocks:
            area = block.area
            if area.row + area.rows - 1 > LAST_ROW or area.col + area.cols - 1 > LAST_COLUMN:
                limit = {"rows": LAST_ROW, "columns": LAST_COLUMN}
                raise error("no_room", place=place, name=block.name, sheet=sheet.name, **limit)
    return planned
