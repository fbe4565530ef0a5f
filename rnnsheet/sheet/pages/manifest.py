"""The hidden worksheet by which the workbook describes itself: its lesson, its blocks, its messages."""

from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.pages.inputs import MESSAGES, message
from rnnsheet.sheet.plan import LAYOUT, Area, Sheet

NAME = "rnnsheet"
KEYS = ("rnnsheet", "layout", "lesson", "cell", "language", "steps")
TABLE = 4
"""The first column of the table of blocks: name, sheet, range, kind."""


def place(lesson: Lesson, labels: Labels, version: str) -> Page:
    """The sheet with everything but its table of blocks; the messages are its first block."""
    page = Page(NAME, labels)
    page.sheet.hidden = True
    facts = (version, LAYOUT, lesson.name, lesson.model.cell, labels.language, lesson.steps)
    for row, (key, fact) in enumerate(zip(KEYS, facts, strict=True), start=1):
        page.text(row, 1, key)
        page.text(row, 2, str(fact))
    return page


def messages(page: Page, lesson: Lesson) -> Area:
    """Where the messages about the word stand."""
    row = len(KEYS) + 1
    for line, key in enumerate(MESSAGES):
        page.text(row + line, 1, key)
        page.text(row + line, 2, message(key, lesson, page.labels))
    return page.area(row, 2, len(MESSAGES))


def list_blocks(page: Page, sheets: tuple[Sheet, ...]) -> None:
    """The table of every block in the workbook."""
    blocks = [block for sheet in sheets for block in sheet.blocks]
    for row, block in enumerate(blocks, start=1):
        for col, entry in enumerate((block.name, block.area.sheet, block.area.a1, block.kind), start=TABLE):
            page.text(row, col, entry)
