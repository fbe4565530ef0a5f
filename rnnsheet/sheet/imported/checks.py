"""What can be wrong with what is typed into the workbook of an imported network."""

from collections.abc import Iterator, Mapping, Sequence

from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.state import TOKENS, Check, at, faults_found, said_beside, write

_COLUMNS = (3, 2)
"""Of the first sheet, those of the flags and of the texts."""
_KEYS = {
    "vocabulary": TOKENS.keys[:2],
    "forms": TOKENS.keys,
    "labels": TOKENS.keys[:2],
    "numbers": ("large", "no_number", "ignored_large"),
}
"""What is said of the rows of an input by the number of the fault; of weights see `_OF_WEIGHTS`."""
_OF_WEIGHTS = ("large", "unusable", "unusable_large")


def place(pages: Sequence[Page], row: int, messages: Mapping[str, Area], result: Block, usual: float) -> None:
    """The lines at the foot of the first page, and on every page in its third row what they say.

    The causes come before what follows from them; `result` is the block of what the network says.
    """
    first, *others = pages
    found = [(block, page) for page in pages for block in page.sheet.blocks if block.name == "fault"]
    faults = [(_before(block, page.sheet.blocks), block) for block, page in found]
    faults.sort(key=lambda each: each[0].name not in _KEYS)
    checks = [_of_faults(first, *each, messages, usual) for each in faults]
    checks += _of_text(first)
    checks.append(_overflow(first, result.area, messages))
    _, state = write(first, row, checks, messages, _COLUMNS)
    for page in others:
        page.state(page.reference(state.area), state.values, messages)


def _of_text(first: Page) -> Iterator[Check]:
    """What is said of the text that is typed."""
    blocks = first.sheet.blocks
    for typed in (block for block in blocks if block.entry == "text"):
        for status in (block for block in blocks if block.name == "status"):
            yield said_beside(first, first.labels("state.word"), typed.area, status)


def _of_faults(first: Page, typed: Block, faults: Block, messages: Mapping[str, Area], usual: float) -> Check:
    """What is said of the rows of an input."""
    named = {name: f"state.{name}" for name in ("vocabulary", "forms", "labels")}
    named["numbers"] = "network.numbers"
    of = first.labels(named[typed.name]) if typed.name in named else typed.name
    keys = _KEYS.get(typed.name, _OF_WEIGHTS)
    told = {key: message(key, first.labels, usual=usual) for key in keys}
    return faults_found(first, of, typed.area, faults, told, messages)


def _overflow(first: Page, result: Area, messages: Mapping[str, Area]) -> Check:
    """Numbers that have no end."""
    said = f'"{at(result)}: "&{messages["overflows"].absolute}'
    return Check(first.labels("meaning.says"), f"IF(ISERROR(SUM({result.absolute})),1,0)", said)


def _before(faults: Block, blocks: Sequence[Block]) -> Block:
    """The input whose rows a column of faults stands behind."""
    row = faults.area.row
    inputs = (block for block in blocks if block.entry and block.area.row == row)
    return max(
        (block for block in inputs if block.area.col < faults.area.col), key=lambda each: each.area.col
    )
