"""What is wrong with what was typed: a line for each thing that can be, and one for every sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rnnsheet.sheet.page_builder import SPAN, Page
from rnnsheet.sheet.plan import Area, Block, quoted


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong: a formula that is 1 where it is, else 0, and one that says it in words."""

    of: str
    """What is looked at, in the reader's language."""
    wrong: str
    said: str
    found: str = ""
    """What it says of the lesson as it is; "" where nothing is wrong."""
    causes: bool = False
    """Other things are wrong because of it."""


@dataclass(frozen=True)
class Faults:
    """What can be wrong with a row of an input, by the keys of what is said of it.

    A cell beside the row has its number, from 1; 0 where nothing is wrong.
    """

    keys: tuple[str, ...]

    @property
    def numbers(self) -> range:
        """The numbers of the faults, in the order of their keys."""
        return range(1, len(self.keys) + 1)


NUMBERS = Faults(("large", "no_number", "too_large"))
"""Of a row of numbers; the greatest counts, and from the second on the numbers cannot be used as they are."""
CHOICES = Faults(("no_entry", "no_letter", "never_read", "twice"))
"""Of an entry of what a lesson reads or says."""
TOKENS = Faults(("no_entry", "twice", "no_token"))
"""Of an entry of an imported network's vocabulary or of its answers, and of another form of an entry."""


def write(
    page: Page, row: int, checks: Sequence[Check], messages: Mapping[str, Area], cols: tuple[int, int]
) -> tuple[int, Block]:
    """The lines, and in the third row what the first of them says that is wrong, or that none is.

    `cols` are those of the flags and of the texts. Gives the next free row, and the cell that says it.
    """
    page.sheet.sections.append(row)
    # On paper the third row says it.
    page.sheet.printed_rows = page.sheet.printed_rows or ((1, row - 1),)
    page.text(row, 1, page.labels("state.title"), "heading", SPAN)
    top, (flag, text) = row + 1, cols
    for line, check in enumerate(checks, start=top):
        page.text(line, 1, check.of, "caption")
        is_wrong = [[int(bool(check.found))]]
        wrong = page.formula("wrong", page.area(line, flag), check.wrong, "status", values=is_wrong)
        said = f'IF({wrong.area.a1}=1,{check.said},"")'
        page.formula("status", page.area(line, text), said, "status", values=[[check.found]], words=True)
    flags, texts = (page.area(top, col, len(checks)) for col in (flag, text))
    first = f"MATCH(1,{flags.a1},0)"
    found = next((check.found for check in checks if check.found), page.labels("message.fine"))
    formula = f"IF(ISNUMBER({first}),INDEX({texts.a1},{first},1),{messages['fine'].absolute})"
    return top + len(checks) + 1, page.state(formula, [[found]], messages)


def at(area: Area) -> str:
    """Where cells stand, in words."""
    return f"{area.sheet} {area.a1}"


def said_beside(page: Page, of: str, typed: Area, status: Block) -> Check:
    """The check of an entry of which a cell says what is wrong with it, or nothing."""
    place, cell = f"{at(typed)}: ", page.reference(status.area)
    ((said,),) = status.values or [[""]]
    return Check(of, f'IF({cell}="",0,1)', f'"{place}"&{cell}', f"{place}{said}" if said else "")


def faults_found(
    page: Page, of: str, area: Area, faults: Block, told: Mapping[str, str], messages: Mapping[str, Area]
) -> Check:
    """The check of an area's rows, beside which stands the number of what is wrong with each.

    `told` has by its key what is said of each fault, in the order of their numbers.
    """
    here = faults.area.sheet == page.sheet.name
    column = faults.area.a1 if here else f"{quoted(faults.area.sheet)}!{faults.area.a1}"
    # Gnumeric and IronCalc find no row in a single cell.
    row = f"{area.row - 1}+MATCH(MAX({column}),{column},0)" if area.rows > 1 else str(area.row)
    first, last = (area.part(0, right).a1.rstrip("0123456789") for right in (0, area.cols - 1))
    cells = f'"{area.sheet} {first}"&{row}' + (f'&":{last}"&{row}' if area.cols > 1 else "")
    said = f"CHOOSE(MAX({column}),{','.join(messages[key].absolute for key in told)})"
    check = Check(of, f"IF(SUM({column})>0,1,0)", f'{cells}&": "&{said}')
    numbers = [number for (number,) in faults.values or ()]
    if not (worst := max(numbers)):
        return check
    line = area.part(numbers.index(worst), 0, 1, area.cols)
    return replace(check, found=f"{at(line)}: {list(told.values())[worst - 1]}")
