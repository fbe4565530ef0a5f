"""Colourings that follow the numbers: the conditional formats of each kind that a plan knows, as XML.

Source of the elements: ECMA-376, part 1, 18.3.1 and 18.8.14.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from rnnsheet.experiments import GREATEST_FLOW_WEIGHT
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.plan import Highlight, Sheet
from rnnsheet.workbook.number_format import FITTING, FORMATS, NOTHING
from rnnsheet.workbook.style import BLUE, INK, YELLOW, Styles
from rnnsheet.workbook.texts import markup

_GREEN, _RED = "166534", "991B1B"
_PURPLE, _BLUE, _GOLD = "DCC6FA", "A9CCEE", "F5C25C"
"""Grounds, light enough for every colour of letters."""
_NUMBER_OF_NOTHING, _NUMBER_OF_POWERS = 300, 11
"""Those of formats: programs know those before 164 as others than ours."""


def conditional_formats(sheet: Sheet, styles: Styles) -> str:
    """All that a sheet has; `styles` learns how they change cells."""
    highlights = sorted(sheet.highlights, key=lambda each: each.kind != "beyond")
    rules = [(each.area.a1, rule) for each in highlights for rule in _RULES[each.kind](each)]
    for form in FITTING:
        numbers = [block.area for block in sheet.blocks if block.format == form]
        if numbers:
            rules.append((" ".join(area.a1 for area in sorted(numbers, key=_FROM_LEFT)), _large(form)))
    by_cells: defaultdict[str, str] = defaultdict(str)
    for priority, (cells, rule) in enumerate(rules, start=1):
        by_cells[cells] += rule.xml(priority, styles)
    return "".join(
        f'<conditionalFormatting sqref="{cells}">{own}</conditionalFormatting>'
        for cells, own in by_cells.items()
    )


_FROM_LEFT = attrgetter("col", "row")


@dataclass(frozen=True)
class _Rule:
    """A rule: what is `inside` decides, or is compared by the operator, or is a scale of colours."""

    kind: str
    inside: str
    change: str = ""
    """How it changes cells, as the XML of a `dxf`; a scale has none."""
    operator: str = ""
    stops: bool = False
    """No other rule comes after it."""

    def xml(self, priority: int, styles: Styles) -> str:
        """The rule; that of the least priority comes first."""
        operator = f' operator="{self.operator}"' if self.operator else ""
        change = f' dxfId="{styles.change(self.change)}"' if self.change else ""
        stops = ' stopIfTrue="1"' if self.stops else ""
        attributes = f'type="{self.kind}" priority="{priority}"{operator}{change}{stops}'
        return f"<cfRule {attributes}>{self.inside}</cfRule>"


def _where(condition: str, change: str, stops: bool = False) -> _Rule:
    """Changes cells where a formula holds."""
    return _Rule("expression", _formula(condition), change, stops=stops)


def _formula(text: str) -> str:
    return f"<formula>{markup(text)}</formula>"


def _large(form: str) -> _Rule:
    """Shows a number that would not fit its column as a power of ten."""
    bounds = "".join(map(_formula, FITTING[form]))
    return _Rule("cellIs", bounds, _format(_NUMBER_OF_POWERS, FORMATS["powers"]), "notBetween")


def _scale(colors: Mapping[int, str]) -> _Rule:
    """One colour at each of some numbers, and what is between them in between."""
    shades = "".join(map(_color, colors.values()))
    return _Rule("colorScale", f"<colorScale>{''.join(map(_at, colors))}{shades}</colorScale>")


def _bar(most: float) -> _Rule:
    """A bar from `-most` to `most`."""
    return _Rule("dataBar", f"<dataBar>{_at(-most)}{_at(most)}{_color(_GOLD)}</dataBar>")


def _at(number: float) -> str:
    return f'<cfvo type="num" val="{number:g}"/>'


def _color(color: str) -> str:
    return f'<color rgb="00{color}"/>'


def _font(color: str, bold: bool | None = None) -> str:
    weight = "" if bold is None else f'<b val="{bold:d}"/>'
    return f"<font>{weight}{_color(color)}</font>"


def _ground(color: str) -> str:
    return f'<fill><patternFill><bgColor rgb="00{color}"/></patternFill></fill>'


def _format(number: int, code: str) -> str:
    return f'<numFmt numFmtId="{number}" formatCode="{code}"/>'


def _equals(number: str, color: str) -> _Rule:
    """Colours a number."""
    return _Rule("cellIs", _formula(number), _font(color), "equal")


def _same_letter(highlight: Highlight) -> _Rule:
    """Marks the cells that hold the letter that the highlight's other row has in the same column."""
    cell, letter = highlight.area.part().a1, _of_other(highlight)
    return _where(f'AND({cell}<>"",EXACT({cell},{letter}))', _font(_GREEN, True) + _ground("DFF0D8"))


def _same_text(highlight: Highlight) -> _Rule:
    """Colours a text that is that of the highlight's other cell."""
    other = highlight.other or highlight.area
    return _where(f"{highlight.area.a1}={other.absolute}", _font(_GREEN))


def _note(highlight: Highlight) -> _Rule:
    """Colours a text that begins with that of the highlight's other cell."""
    cell, other = highlight.area.a1, (highlight.other or highlight.area).absolute
    return _where(f"LEFT({cell},LEN({other}))={other}", _font(BLUE))


def _chosen(highlight: Highlight) -> _Rule:
    """Marks the row that the highlight's other row has the number of, from 0."""
    condition = f"ROW()-{highlight.area.row}={_of_other(highlight)}"
    return _where(condition, _font(INK, True) + _ground(_GOLD))


def _beyond(highlight: Highlight) -> _Rule:
    """Shows nothing of the cells."""
    nothing = _font("FFFFFF") + _format(_NUMBER_OF_NOTHING, NOTHING) + _ground("FFFFFF")
    return _where(highlight.hidden_where, nothing, stops=True)


def _of_other(highlight: Highlight) -> str:
    """The cell of the highlight's other row, in the same column."""
    other = highlight.other or highlight.area
    return f"{column_letters(other.col)}${other.row}"


_RULES: Mapping[str, Callable[[Highlight], list[_Rule]]] = {
    "factor": lambda _: [_scale({0: "F7BFA5", 1: "FFFFFF", 2: "A9CCEE"})],
    "bar": lambda _: [_bar(GREATEST_FLOW_WEIGHT)],
    "one_hot": lambda _: [_scale({0: "FFFFFF", 1: _PURPLE})],
    "ink": lambda _: [_scale({0: YELLOW, 1: _GOLD})],
    "share": lambda _: [_scale({0: "FFFFFF", 1: _BLUE})],
    "mark": lambda _: [_equals("1", _GREEN), _equals("0", _RED)],
    "target": lambda highlight: [_same_letter(highlight)],
    "chosen": lambda highlight: [_chosen(highlight)],
    "fine": lambda highlight: [_same_text(highlight)],
    "note": lambda highlight: [_note(highlight)],
    "beyond": lambda highlight: [_beyond(highlight)],
}
