"""The hidden worksheet by which the workbook describes itself: its lesson, its blocks, its messages."""

import json
from dataclasses import asdict

from rnnsheet.labels import Labels
from rnnsheet.lesson import FLOW, Lesson
from rnnsheet.model import Layer, Source
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.plan import LAYOUT, Area, Sheet

NAME = "rnnsheet"
KEYS = (
    *("rnnsheet", "layout", "lesson", "network", "language", "split"),
    *("steps", "answer_steps", "epochs", "flow_steps"),
)
MESSAGES = (
    *("unknown", "long", "short", "fits", "unknown_words", "long_words", "short_words", "fits_words"),
    *("fits_whole", "not_known", "positive", "slider"),
)
"""What formulas may say of what was typed."""
TABLE = 4
"""The first column of the table of blocks: name, sheet, range, kind."""


def place(lesson: Lesson, labels: Labels, version: str) -> Page:
    """The sheet with everything but its table of blocks."""
    page = Page(NAME, labels)
    page.sheet.hidden = True
    sizes = (lesson.steps, lesson.answer_steps, lesson.settings.epochs, lesson.settings.flow_steps)
    facts = (version, LAYOUT, lesson.name, _layers(lesson), labels.language, lesson.split, *sizes)
    for row, (key, fact) in enumerate(zip(KEYS, facts, strict=True), start=1):
        page.text(row, 1, key)
        page.text(row, 2, str(fact))
    return page


def _layers(lesson: Lesson) -> str:
    """The layers of the network as JSON, without what is left out."""
    layers = []
    for layer in lesson.model:
        entries = {**asdict(layer), "reads": [[source.of, source.at] for source in layer.reads]}
        layers.append({key: value for key, value in entries.items() if value not in (None, False)})
    return json.dumps(layers)


def layers(text: str) -> tuple[Layer, ...]:
    """The layers that `place` wrote. Raises ValueError, KeyError or TypeError where it did not."""
    found = json.loads(text)
    return tuple(
        Layer(**{**each, "reads": tuple(Source(*source) for source in each["reads"])}) for each in found
    )


def messages(page: Page, lesson: Lesson) -> dict[str, Area]:
    """Where each of `MESSAGES` stands."""
    places = {}
    for row, key in enumerate(MESSAGES, start=len(KEYS) + 1):
        page.text(row, 1, key)
        page.text(row, 2, message(key, lesson, page.labels))
        places[key] = page.area(row, 2)
    return places


def message(key: str, lesson: Lesson, labels: Labels) -> str:
    """One of `MESSAGES`, as words."""
    return labels(f"message.{key}", room=lesson.steps + lesson.reads_ahead, most=f"{FLOW:g}")


def list_blocks(page: Page, sheets: tuple[Sheet, ...]) -> None:
    """The table of every block in the workbook but this one."""
    blocks = [block for sheet in sheets for block in sheet.blocks]
    entries = [[block.name, block.area.sheet, block.area.a1, block.kind] for block in blocks]
    page.constants("blocks", 1, TABLE, entries, "plain")
