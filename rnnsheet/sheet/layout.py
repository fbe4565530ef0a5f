"""A lesson into its plan: the order of the worksheets, and what each may know of the others."""

from rnnsheet.equations.cells import network
from rnnsheet.errors import LessonError
from rnnsheet.labels import labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.bands import columns
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.pages import (
    backward,
    flow,
    gradient_check,
    inputs,
    loss,
    manifest,
    overview,
    steps,
    training,
    unrolled,
    update,
)
from rnnsheet.sheet.plan import LAST_COLUMN, LAST_ROW, Plan, Sheet
from rnnsheet.version import VERSION


def plan(lesson: Lesson, language: str) -> Plan:
    """The plan of the lesson's workbook, its texts in one of `labels.languages()`.

    The formulas and their places depend on the lesson's sizes alone, never on a text. Raises
    LessonError where the network has no room on a worksheet.
    """
    words, equations = labels(language), network(lesson)
    where = columns(equations, lesson.steps)
    about_page = manifest.place(lesson, words, VERSION)
    messages = manifest.messages(about_page, lesson)
    inputs_page, given = inputs.place(lesson, equations, words)
    unrolled_page, over_time = unrolled.place(equations, given, where, words)
    inputs.answer(inputs_page, lesson, over_time, messages)
    steps_page = steps.place(lesson, equations, given, over_time, words)
    loss_page, losses = loss.place(equations, given, over_time, where, words)
    over_time |= losses
    backward_page, gradients, placed = backward.place(equations, given, over_time, where, words)
    check_page = gradient_check.place(lesson, equations, given, over_time, placed, where, words)
    matrices = {gradient.matrix.name: gradient.matrix for gradient in placed.values()}
    update_page, rates = update.place(lesson, equations, given, over_time, matrices, where, messages, words)
    trained = training.place(lesson, equations, {**given, **over_time}, messages, words)
    training_pages, settings = ((trained[0],), trained[1]) if trained else ((), {})
    flow_page = flow.place(lesson, equations, given, where, messages, words)
    pages = (
        *(inputs_page, steps_page, unrolled_page, loss_page, backward_page, check_page, update_page),
        *training_pages,
        flow_page,
    )
    overview_page = overview.place(lesson, over_time, tuple(page.sheet.name for page in pages), words)
    sheets = tuple(page.sheet for page in (overview_page, *pages))
    _check_room(sheets, lesson)
    manifest.list_blocks(about_page, sheets)
    named = {**given, **over_time, **gradients, **matrices, **rates, **settings}
    names = {defined_name(name): block.area for name, block in named.items()}
    return Plan((*sheets, about_page.sheet), names, language, overview.title(lesson, words))


def _check_room(sheets: tuple[Sheet, ...], lesson: Lesson) -> None:
    for sheet in sheets:
        for block in sheet.blocks:
            area = block.area
            if area.row + area.rows - 1 > LAST_ROW or area.col + area.cols - 1 > LAST_COLUMN:
                limit = {"rows": LAST_ROW, "columns": LAST_COLUMN}
                raise LessonError("no_room", place=lesson.source, name=block.name, sheet=sheet.name, **limit)
