"""A lesson into its plan: the order of the worksheets, and what each may know of the others."""

from rnnsheet.equations.cells import network
from rnnsheet.errors import LessonError
from rnnsheet.labels import labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.pages import inputs, manifest, overview, steps, unrolled
from rnnsheet.sheet.plan import LAST_COLUMN, LAST_ROW, Plan, Sheet
from rnnsheet.version import VERSION


def plan(lesson: Lesson, language: str) -> Plan:
    """The plan of the lesson's workbook, its texts in one of `labels.languages()`.

    The formulas and their places depend on the lesson's sizes alone, never on a text. Raises
    LessonError where the network has no room on a worksheet.
    """
    words, equations = labels(language), network(lesson)
    about_page = manifest.place(lesson, words, VERSION)
    inputs_page, given = inputs.place(lesson, equations, words)
    unrolled_page, over_time = unrolled.place(lesson, equations, given, words)
    inputs.answer(inputs_page, lesson, over_time, manifest.messages(about_page, lesson))
    steps_page = steps.place(lesson, equations, given, over_time, words)
    pages = (inputs_page, steps_page, unrolled_page)
    overview_page = overview.place(lesson, over_time, tuple(page.sheet.name for page in pages), words)
    sheets = tuple(page.sheet for page in (overview_page, *pages))
    _check_room(sheets, lesson)
    manifest.list_blocks(about_page, sheets)
    names = {defined_name(name): block.area for name, block in {**given, **over_time}.items()}
    return Plan((*sheets, about_page.sheet), names, language, overview.title(lesson, words))


def _check_room(sheets: tuple[Sheet, ...], lesson: Lesson) -> None:
    for sheet in sheets:
        for block in sheet.blocks:
            area = block.area
            if area.row + area.rows - 1 > LAST_ROW or area.col + area.cols - 1 > LAST_COLUMN:
                limit = {"rows": LAST_ROW, "columns": LAST_COLUMN}
                raise LessonError("no_room", place=lesson.source, name=block.name, sheet=sheet.name, **limit)
