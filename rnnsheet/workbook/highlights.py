"""Colourings that follow the numbers: the conditional formats of each kind that a plan knows."""

from collections.abc import Callable, Mapping

from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule, Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat

from rnnsheet.experiments import FLOW
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Highlight
from rnnsheet.workbook.number_format import FITTING, FORMATS, NOTHING
from rnnsheet.workbook.style import BLUE, INK, YELLOW

_GREEN, _RED = "166534", "991B1B"
_PURPLE, _BLUE, _GOLD = "DCC6FA", "A9CCEE", "F5C25C"
"""Grounds, light enough for every colour of letters."""
_NUMBER_OF_NOTHING = 300
"""That of its format: programs know those before 164 as others."""


def rules(highlight: Highlight) -> list[Rule]:
    """The rules of a highlight, made anew for each: openpyxl numbers a rule on the sheet it comes to."""
    return _RULES[highlight.kind](highlight)


def large(form: str) -> Rule:
    """Shows a number that would not fit its column as a power of ten."""
    looks = DifferentialStyle(numFmt=NumberFormat(11, FORMATS["powers"]))
    rule: Rule = Rule("cellIs", operator="notBetween", formula=list(FITTING[form]), dxf=looks)
    return rule


def _shades(full: str, none: str = "FFFFFF") -> Rule:
    """`none` at 0, `full` at 1."""
    low = {"start_type": "num", "start_value": 0, "start_color": none}
    rule: Rule = ColorScaleRule(**low, end_type="num", end_value=1, end_color=full)  # type: ignore[no-untyped-call]
    return rule


def _around_one() -> Rule:
    """Less than 1 is one colour, more another."""
    points = {f"{part}_type": "num" for part in ("start", "mid", "end")}
    colors = {"start_color": "F7BFA5", "mid_color": "FFFFFF", "end_color": "A9CCEE"}
    rule: Rule = ColorScaleRule(**points, **colors, start_value=0, mid_value=1, end_value=2)  # type: ignore[no-untyped-call]
    return rule


def _equals(number: str, color: str) -> Rule:
    """Colours a number."""
    rule: Rule = CellIsRule("equal", [number], font=Font(color=color))  # type: ignore[no-untyped-call]
    return rule


def _same_letter(highlight: Highlight) -> Rule:
    """Marks the cells that hold the letter that the highlight's other row has in the same column."""
    cell, letter = highlight.area.part().a1, _of_other(highlight)
    looks = {"font": Font(color=_GREEN, bold=True), "fill": PatternFill(bgColor="DFF0D8")}
    condition = f'AND({cell}<>"",EXACT({cell},{letter}))'
    rule: Rule = FormulaRule([condition], **looks)  # type: ignore[no-untyped-call]
    return rule


def _same_text(highlight: Highlight) -> Rule:
    """Colours a text that is that of the highlight's other cell."""
    other = highlight.other or highlight.area
    condition = f"{highlight.area.a1}={other.absolute}"
    rule: Rule = FormulaRule([condition], font=Font(color=_GREEN, bold=False))  # type: ignore[no-untyped-call]
    return rule


def _note(highlight: Highlight) -> Rule:
    """Colours a text that begins with that of the highlight's other cell."""
    cell, other = highlight.area.a1, (highlight.other or highlight.area).absolute
    condition = f"LEFT({cell},LEN({other}))={other}"
    rule: Rule = FormulaRule([condition], font=Font(color=BLUE, bold=False))  # type: ignore[no-untyped-call]
    return rule


def _chosen(highlight: Highlight) -> Rule:
    """Marks the row that the highlight's other row has the number of, from 0."""
    looks = {"font": Font(bold=True, color=INK), "fill": PatternFill(bgColor=_GOLD)}
    condition = f"ROW()-{highlight.area.row}={_of_other(highlight)}"
    rule: Rule = FormulaRule([condition], **looks)  # type: ignore[no-untyped-call]
    return rule


def _beyond(highlight: Highlight) -> Rule:
    """Shows nothing of the cells; no other rule comes after it."""
    nothing = NumberFormat(_NUMBER_OF_NOTHING, NOTHING)
    white = Font(color="FFFFFF")
    looks = DifferentialStyle(numFmt=nothing, font=white, fill=PatternFill(bgColor="FFFFFF"))
    rule: Rule = Rule("expression", formula=[highlight.hidden_where], dxf=looks, stopIfTrue=True)
    return rule


def _of_other(highlight: Highlight) -> str:
    """The cell of the highlight's other row, in the same column."""
    other = highlight.other or highlight.area
    return f"{column_letters(other.col)}${other.row}"


_RULES: Mapping[str, Callable[[Highlight], list[Rule]]] = {
    "factor": lambda _: [_around_one()],
    "bar": lambda _: [DataBarRule("num", -FLOW, "num", FLOW, color=_GOLD)],  # type: ignore[no-untyped-call]
    "one_hot": lambda _: [_shades(_PURPLE)],
    "ink": lambda _: [_shades(_GOLD, none=YELLOW)],
    "share": lambda _: [_shades(_BLUE)],
    "mark": lambda _: [_equals("1", _GREEN), _equals("0", _RED)],
    "target": lambda highlight: [_same_letter(highlight)],
    "chosen": lambda highlight: [_chosen(highlight)],
    "fine": lambda highlight: [_same_text(highlight)],
    "note": lambda highlight: [_note(highlight)],
    "beyond": lambda highlight: [_beyond(highlight)],
}
