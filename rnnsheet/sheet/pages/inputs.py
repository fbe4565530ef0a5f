"""The worksheet of everything a reader may change: word, vocabulary, weights; and what follows from it."""

from collections.abc import Mapping

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.page import Page, Values
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block

NAME = "Inputs"
ANSWERS = ("t", "letter", "predicted", "target", "right")

_LABEL, _FIRST = 2, 3
_WORD, _STATUS, _ANSWERS = 4, 5, 6
_FROZEN = _ANSWERS + len(ANSWERS)
_VOCABULARY = _FROZEN + 1


def place(lesson: Lesson, network: Recurrence, labels: Labels) -> tuple[Page, dict[str, Block]]:
    """The sheet with its editable blocks, and these by name."""
    page = Page(NAME, labels)
    page.sheet.widths = {1: 30, _LABEL: 6}
    page.sheet.frozen = (_FROZEN, 0)
    page.title(labels("inputs.title"), labels("inputs.about"))
    page.text(_WORD, 1, labels("meaning.word"), "caption")
    word = page.constants("word", _WORD, _FIRST, [[lesson.word]], "input", "word")
    vocabulary = _vocabulary(page, lesson, word)
    blocks = {"word": word, "vocabulary": vocabulary}
    numbers = {**lesson.model.parameters, **{f"{name}_0": array for name, array in lesson.initial.items()}}
    row = vocabulary.area.row + vocabulary.area.rows + 1
    page.sheet.sections.append(1)
    for name, parameter in network.parameters.items():
        if name in numbers:
            page.sheet.sections.append(row)
            blocks[name] = _parameter(page, row, parameter, numbers[name].tolist(), vocabulary)
            row = blocks[name].area.row + parameter.rows.size + 1
    return page, blocks


def answer(page: Page, lesson: Lesson, over_time: Mapping[str, Block], messages: Mapping[str, Area]) -> None:
    """The rows under the word that answer it at once, and what is to be said of the word."""
    for row, name in enumerate(ANSWERS, start=_ANSWERS):
        page.text(row, 1, page.labels(f"meaning.{name}"), "caption")
        style = "result" if name in ("predicted", "right") else "label"
        page.mark(page.link(over_time[name], row, _FIRST, style=style))
    _status(page, lesson, messages)


def _vocabulary(page: Page, lesson: Lesson, word: Block) -> Block:
    row = _VOCABULARY + 1
    page.text(_VOCABULARY, 1, page.labels("meaning.vocabulary"), "caption")
    page.text(_VOCABULARY, _FIRST + 1, page.labels("inputs.count"), "small")
    letters = [[letter] for letter in lesson.vocabulary]
    block = page.constants("vocabulary", row, _FIRST, letters, "input", "letter")
    cell, letter = f"$C${word.area.row}", block.area.part().a1
    counts = [[lesson.word.count(letter)] for letter in lesson.vocabulary]
    text = f'LEN({cell})-LEN(SUBSTITUTE({cell},{letter},""))'
    area = page.area(row, _FIRST + 1, len(counts))
    page.formula("count", area, text, "label", values=counts)
    return block


def _parameter(page: Page, row: int, parameter: Parameter, numbers: Values, vocabulary: Block) -> Block:
    """A block under a line with its name, shape and meaning; its rows and columns labelled."""
    page.text(row, 1, parameter.name, "symbol")
    page.text(row, _FIRST, page.described(parameter), "small")
    labelled = parameter.cols.size > 1
    if labelled:
        page.column_labels(parameter.cols, row + 1, _FIRST, vocabulary)
    page.row_labels(parameter.rows, row + 1 + labelled, _LABEL, vocabulary)
    return page.constants(parameter.name, row + 1 + labelled, _FIRST, numbers, "input", "number")


def _status(page: Page, lesson: Lesson, messages: Mapping[str, Area]) -> None:
    """Says below the word whether the network can read it."""
    count = page.area(_VOCABULARY + 1, _FIRST + 1, len(lesson.vocabulary)).a1
    length, room = f"LEN(C{_WORD})", lesson.steps + 1
    cells = {key: area.absolute for key, area in messages.items()}
    said_of_length = (
        f"IF({length}>{room},{cells['long']},IF({length}<{room},{cells['short']},{cells['fits']}))"
    )
    text = f"IF(SUM({count})<{length},{cells['unknown']},{said_of_length})"
    said = "long" if len(lesson.word) > room else "short" if len(lesson.word) < room else "fits"
    values = [[message(said, lesson, page.labels)]]
    page.formula("status", page.area(_STATUS, _FIRST), text, "status", values=values, words=True)
