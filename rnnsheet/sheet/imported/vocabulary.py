"""The worksheet of what can be read and said: tokens with their numbers, labels with theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnsheet.labels import Labels
from rnnsheet.network.imported import FEW, ImportedNetwork, Text, is_capital
from rnnsheet.sheet.imported import faults, first_page
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Area, Block

KEY = "vocabulary"
_HEAD, _FIRST = 4, 5
_NUMBER, _TOKEN, _KEY, _CAPITAL = 1, 2, 3, 4
_LABEL_NUMBER, _LABEL, _ENDS_COLUMN = 6, 7, 9
_BACK = 6
_WIDEST = 40
_PRINTED = 120
"""So many rows are printed at most: a vocabulary may have tens of thousands."""
_COMPARED = 1000
"""Of so many words each is compared with all others; of more, those alone that are read."""

Texts = Sequence[str]


@dataclass(frozen=True)
class Vocabulary:
    """Where the texts stand that can be read; `forms` follow the tokens in each column."""

    tokens: Block
    numbers: Area
    keys: Block
    """What each is looked up by: one that has no key cannot be typed."""
    capitals: Block | None
    """1 for each capital letter; None of words, which are read in small letters."""


def place(network: ImportedNetwork, labels: Labels) -> tuple[Page, dict[str, Block], Vocabulary | None]:
    """The sheet, by name the blocks that equations use, and the vocabulary of a text."""
    page = Page.of(KEY, labels)
    read = network.read
    reads = read.unit if isinstance(read, Text) else "numbers"
    page.title(labels("vocabulary.title"), labels(f"vocabulary.about_{reads}"))
    page.back(1, _BACK, first_page.KEY)
    page.sheet.part = "input"
    page.sheet.frozen = (_HEAD, 0)
    page.sheet.widths[_ENDS_COLUMN] = 40
    given = {} if network.says_numbers else {"labels": _labels(page, network)}
    for row, name in enumerate(("start", "end") if network.answer else (), start=_FIRST):
        page.text(row, _ENDS_COLUMN, page.labels(f"vocabulary.{name}"), "caption")
        number = [[getattr(network.answer, name)]]
        given[name] = page.constants(name, row, _ENDS_COLUMN + 1, number, "label", form="whole")
    vocabulary = _vocabulary(page, read) if isinstance(read, Text) else None
    if max((block.area.row + block.area.rows for block in page.sheet.blocks), default=0) > _PRINTED:
        page.sheet.printed_rows = ((1, _PRINTED),)
    return page, given, vocabulary


def _labels(page: Page, network: ImportedNetwork) -> Block:
    texts = network.answers
    page.text(_HEAD, _LABEL_NUMBER, page.labels("vocabulary.number"), "caption")
    page.text(_HEAD, _LABEL, page.labels("vocabulary.label"), "caption")
    page.sheet.widths[_LABEL] = min(_WIDEST, max(map(len, texts)) + 6)
    page.constants("unit", _FIRST, _LABEL_NUMBER, [[number] for number in range(len(texts))], "label")
    block = page.constants("labels", _FIRST, _LABEL, [[text] for text in texts], "input", "answer")
    twice = ""
    if few := len(texts) <= FEW:
        cell = block.area.part().a1
        same = "+".join(f"EXACT({cell},{block.area.part(row).fixed})" for row in range(len(texts)))
        twice = f"IFERROR({same},0)>1"
    faults.of_texts(page, block, _LABEL + 1, twice, [few and texts.count(text) > 1 for text in texts])
    return block


def _vocabulary(page: Page, read: Text) -> Vocabulary:
    """The tokens, below them other texts that are read as one of them, and what each is looked up by."""
    letters = read.unit == "letters"
    heads = ("number", "token", "code" if letters else "key", *(["capital"] if letters else []))
    for col, head in enumerate(heads, start=_NUMBER):
        page.text(_HEAD, col, page.labels(f"vocabulary.{head}"), "caption")
    texts = (*read.tokens, *read.forms)
    page.sheet.widths |= {_TOKEN: min(_WIDEST, max(map(len, texts)) + 6), _KEY: 14, _CAPITAL: 14}
    numbers = [[number] for number in range(len(read.tokens))]
    page.constants("unit", _FIRST, _NUMBER, numbers, "label")
    tokens = page.constants("vocabulary", _FIRST, _TOKEN, [[text] for text in read.tokens], "input", "token")
    if read.forms:
        below = _FIRST + len(read.tokens)
        values = [[number] for number in read.forms.values()]
        page.constants("form_numbers", below, _NUMBER, values, "input", "number")
        forms = page.constants("forms", below, _TOKEN, [[text] for text in read.forms], "input", "token")
        faults.of_forms(page, forms, _fault_column(read), page.area(below, _NUMBER).a1, len(read.tokens))
    keys = _letter_keys(page, texts) if letters else _word_keys(page, texts)
    capitals = _capitals(page, read.tokens) if letters else None
    return Vocabulary(tokens, page.area(_FIRST, _NUMBER, len(texts)), keys, capitals)


def mark_unreadable(page: Page, read: Text, known: Vocabulary, blocks: Mapping[str, Block]) -> None:
    """Beside the tokens which is none, or there twice, so that one of them is not read.

    Where there are too many words to compare each with all: of those that are read, one that is found in
    another row. `blocks` are those of the text.
    """
    tokens, key = known.tokens, known.keys.area.part().a1
    if read.unit == "letters":
        own = known.keys.area.part(0, 0, len(read.tokens))
        twice = f'IF({key}="",0,COUNTIF({own.fixed},{key}))>1'
        repeated = [len(text) == 1 and read.tokens.count(text) > 1 for text in read.tokens]
        faults.of_texts(page, tokens, _fault_column(read), twice, repeated, read.textless)
        return
    looked = {text for text in read.tokens if text == text.lower()}
    if len(read.tokens) <= _COMPARED:
        words = known.keys.area.part(0, 0, len(read.tokens)).fixed
        first = at = f"MATCH({key},{words},0)"
        found = f"INDEX({words},{at},1)"
    else:
        words, places = (blocks[name].area.absolute for name in ("piece", "place"))
        at = f"MATCH({key},{words},0)"
        found, first = f"INDEX({words},1,{at})", f"INDEX({places},1,{at})"
        looked &= set(read.looked_at(read.pieces(read.sample)))
    # MATCH takes signs for more than themselves.
    earlier = f"IF(EXACT({found},{key}),{first}-1-{page.area(_FIRST, _NUMBER).a1},0)"
    twice = f'IF({key}="",0,IFERROR({earlier},0))<0'
    rows = {text: row for row, text in reversed(list(enumerate(read.tokens))) if text in looked - {""}}
    repeated = [rows.get(text, row) < row for row, text in enumerate(read.tokens)]
    faults.of_texts(page, tokens, _fault_column(read), twice, repeated, read.textless)


def _fault_column(read: Text) -> int:
    return _CAPITAL + 1 if read.unit == "letters" else _CAPITAL


# MATCH does not tell capitals from small letters, so what is looked up must.
def _letter_keys(page: Page, texts: Texts) -> Block:
    """The number of each letter in Unicode; "" of what is not one letter."""
    text = f'IFERROR(IF(LEN({_cell(page)})=1,_xlfn.UNICODE({_cell(page)}),""),"")'
    return _column(page, "code", _KEY, text, [ord(text) if len(text) == 1 else "" for text in texts])


def _word_keys(page: Page, texts: Texts) -> Block:
    """Each text that has small letters alone, as words are read; "" of others."""
    text = f'IFERROR(IF(EXACT({_cell(page)},LOWER({_cell(page)})),{_cell(page)}&"",""),"")'
    return _column(page, "key", _KEY, text, [text if text == text.lower() else "" for text in texts])


def _capitals(page: Page, texts: Texts) -> Block:
    """1 for each that is one capital letter."""
    cell = _cell(page)
    small = f"IF(EXACT({cell},LOWER({cell})),0,1)"
    text = f"IFERROR(IF(LEN({cell})=1,IF(LEN(LOWER({cell}))=1,{small},0),0),0)"
    return _column(page, "capital", _CAPITAL, text, [int(is_capital(text)) for text in texts])


def _cell(page: Page) -> str:
    return page.area(_FIRST, _TOKEN).a1


def _column(page: Page, name: str, col: int, text: str, values: Sequence[Any]) -> Block:
    area = page.area(_FIRST, col, len(values))
    return page.formula(name, area, text, "label", values=[[value] for value in values])
