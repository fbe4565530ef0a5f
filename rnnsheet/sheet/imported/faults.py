"""Beside what is typed into an imported network's workbook: the numbers of what is wrong with each row."""

from collections.abc import Container, Sequence
from itertools import groupby

from rnnsheet.network.imported import LARGEST
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Block, Fill
from rnnsheet.sheet.state import NUMBERS, TOKENS

LARGE, NO_NUMBER, TOO_LARGE = NUMBERS.numbers
NO_ENTRY, TWICE, NO_TOKEN = TOKENS.numbers


def of_numbers(page: Page, block: Block, usual: float) -> Block:
    """Behind each row of numbers whether one is none, beyond what there may be, or beyond what is usual."""
    area, cells = block.area, block.area.part(0, 0, 1, block.area.cols).a1

    def within(most: float) -> str:
        return f"AND(MAX({cells})<={most:G},MIN({cells})>=-{most:G})"

    # Of squares that add up to so little none is beyond it: one look at each number instead of two.
    small = f"IFERROR(SUMPRODUCT({cells},{cells}),1E+300)<={usual**2:G}"
    large = f"IF({small},0,IF({within(usual)},0,IF({within(LARGEST)},{LARGE},{TOO_LARGE})))"
    text = f"IF(COUNT({cells})<{area.cols},{NO_NUMBER},{large})"
    codes = [LARGE if max(map(abs, row)) > usual else 0 for row in block.values or ()]
    place = page.area(area.row, area.col + area.cols, area.rows)
    return page.formula("fault", place, text, "status", values=[[code] for code in codes])


def of_texts(
    page: Page, block: Block, col: int, twice: str, repeated: Sequence[bool], textless: Container[int] = ()
) -> Block:
    """In a column beside texts which is none, or stands there twice: where `twice`, if given, is true.

    `repeated` are those of which it is, `textless` those that may be empty.
    """
    area, cell, fills = block.area, block.area.part().a1, []
    texts = [text for (text,) in block.values or ()]
    for may_be_empty, rows in groupby(range(area.rows), textless.__contains__):
        first, *others = rows
        empty = 0 if may_be_empty else NO_ENTRY
        other = f"IF({twice},{TWICE},0)" if twice else "0"
        text = f'IF(ISERROR({cell}),{NO_ENTRY},IF({cell}="",{empty},{other}))'
        fills.append(Fill(Formula(Formula(text).moved(first, 0)), first, 0, 1 + len(others), 1))
    codes = [
        (0 if row in textless else NO_ENTRY) if not text else TWICE if repeated[row] else 0
        for row, text in enumerate(texts)
    ]
    place = page.area(area.row, col, area.rows)
    return page.formulas("fault", place, tuple(fills), "status", values=[[code] for code in codes])


def of_forms(page: Page, block: Block, col: int, number: str, count: int) -> Block:
    """In a column beside texts whose first is read as `number` says which is none, or has another's number.

    There are so many tokens that it may be the number of.
    """
    area, cell = block.area, block.area.part().a1
    is_one = f"AND({number}>=0,{number}<{count},{number}=INT({number}))"
    is_none = f"IF(ISNUMBER({number}),IF({is_one},0,{NO_TOKEN}),{NO_TOKEN})"
    text, place = f"IF(ISERROR({cell}),{NO_ENTRY},{is_none})", page.area(area.row, col, area.rows)
    return page.formula("fault", place, text, "status", values=[[0]] * area.rows)
