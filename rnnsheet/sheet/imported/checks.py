"""What can be wrong with what is typed into the workbook of a trained network."""

from collections.abc import Iterator, Mapping, Sequence

from rnnsheet.labels import Labels
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.state import Check, faults_found, said_beside, write

_COLUMNS = (3, 2)
"""Of the first sheet, those of the flags and of the texts."""


def place(pages: Sequence[Page], row: int, messages: Mapping[str, Area], labels: Labels) -> None:
    """The lines at the foot of the first page, and on every page in its third row what they say."""
    first, *others = pages
    checks = [check for page in pages for check in _checks(page, first, messages, labels)]
    _, state = write(first, row, checks, messages, _COLUMNS)
    for page in others:
        page.state(page.reference(state.area), state.values, messages)


def _checks(page: Page, first: Page, messages: Mapping[str, Area], labels: Labels) -> Iterator[Check]:
    """What was said of the text that is typed, and the columns of faults."""
    blocks = page.sheet.blocks
    if page is first:
        typed = next((block for block in blocks if block.entry == "text"), None)
        for block in (block for block in blocks if block.name == "status"):
            if typed:
                yield said_beside(first, labels("state.word"), typed.area, block)
    for faults in (block for block in blocks if block.name == "fault"):
        area = _before(faults, blocks)
        key = "twice" if area.name == "vocabulary" else "no_number"
        named = {"vocabulary": labels("state.vocabulary"), "numbers": labels("network.numbers")}
        of = named.get(area.name, area.name)
        yield faults_found(first, of, area.area, faults, (key,), messages)


def _before(faults: Block, blocks: Sequence[Block]) -> Block:
    """The input whose rows a column of faults stands behind."""
    row = faults.area.row
    inputs = (block for block in blocks if block.entry and block.area.row == row)
    return max(
        (block for block in inputs if block.area.col < faults.area.col), key=lambda each: each.area.col
    )
