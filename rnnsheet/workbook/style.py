"""How each kind of cell looks: one palette for every lesson, legible in print and to the colour-blind."""

from collections.abc import Collection
from dataclasses import dataclass

from rnnsheet.workbook.number_format import BUILT_IN, FORMATS
from rnnsheet.workbook.texts import DECLARATION, attribute

INK, BLUE, GREY = "1F2933", "1F4E9E", "4B5563"
YELLOW = "FFF2CC"
"""The ground of what may be edited, and of nothing else."""

TYPED = {"letter": "@", "text": "@"}
"""What is typed there stays a text. In no cell with a formula: Excel makes a text of one that is edited."""


@dataclass(frozen=True)
class Look:
    """The look of one style."""

    fill: str = ""
    color: str = INK
    bold: bool = False
    italic: bool = False
    size: int = 11
    align: str = "left"
    wrap: bool = False
    frame: str = ""
    """The line around the block, by which its kind is seen in grey print too; "" for no lines at all."""
    edge: str = "6B7280"
    """The colour of that line."""
    underline: bool = False
    indent: int = 0


def _numbers(fill: str = "", **rest: object) -> Look:
    return Look(fill=fill, align="right", **{"frame": "thin", **rest})  # type: ignore[arg-type]


LOOKS = {
    "plain": Look(),
    "beside": Look(indent=1),
    "title": Look(bold=True, size=16),
    "about": Look(wrap=True, color="374151"),
    "heading": Look(bold=True, size=12, fill="E5E7EB"),
    "caption": Look(color=GREY),
    "symbol": Look(bold=True),
    "small": Look(color=GREY, size=9),
    "sign": Look(size=12, align="center", color=GREY),
    "arrow": Look(align="center", color=GREY, size=10),
    "link_text": Look(color=BLUE, underline=True),
    "type_here": Look(color=BLUE, underline=True, bold=True, fill=YELLOW),
    "small_label": Look(color=GREY, align="center", size=9),
    "label": Look(color=GREY, align="center"),
    "status": Look(italic=True, color="9A3412"),
    "state": Look(bold=True, color="9A3412"),
    "hint": Look(italic=True, color=GREY),
    "input": _numbers(YELLOW, color=BLUE, frame="medium"),
    "sample": _numbers(YELLOW, color=BLUE, frame="medium"),
    "link": _numbers(color=BLUE),
    "weight": _numbers(color=BLUE, frame="medium"),
    "narrow": _numbers(color=BLUE, frame="medium", size=9),
    "given": _numbers("F3E8FF", frame="dotted", edge="6B21A8"),
    "hidden": _numbers("DFF0D8", frame="thin", edge="166534"),
    "output": _numbers("DCE9F9", frame="medium", edge=BLUE),
    "loss": _numbers("DDDDE6", frame="dashed", edge=INK),
    "gradient": _numbers("FBE0D3", frame="mediumDashed", edge="9A3412"),
    "is_right": _numbers("DFF0D8", frame="thin", edge="166534"),
    "is_follow": _numbers("DCE9F9", frame="dotted", edge=BLUE),
    "is_wrong": _numbers("FBE0D3", frame="double", edge="9A3412"),
    "is_empty": _numbers(YELLOW, frame="medium"),
    "result": Look(fill="C9DDF5", bold=True, align="center", frame="medium"),
}


Edges = tuple[bool, bool, bool, bool]
INSIDE: Edges = (False, False, False, False)


class Styles:
    """Turns (style, format, edges) into the style numbers of one workbook, and writes what they stand for.

    Source of the elements: ECMA-376, part 1, 18.8.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, Edges], int] = {}
        self._formats, self._fonts, self._fills = dict[str, int](), {_USUAL_FONT: 0}, dict[str, int]()
        self._borders, self._looks = {_border(LOOKS["plain"], INSIDE): 0}, {_USUAL_LOOK: 0}
        self._changes = dict[str, int]()
        for ground in _FIRST_GROUNDS:
            _number(self._fills, ground)

    def number(self, style: str, form: str, edges: Edges = INSIDE) -> int:
        """The style's number; `edges` says whether the cell is at its block's left, right, top, bottom."""
        key = (style, form, edges if _is_framed(LOOKS[style]) else INSIDE)
        if key not in self._numbers:
            self._numbers[key] = _number(self._looks, self._look(*key))
        return self._numbers[key]

    def change(self, xml: str) -> int:
        """The number of how a conditional format changes cells."""
        return _number(self._changes, f"<dxf>{xml}</dxf>")

    def part(self) -> str:
        """The workbook's part of styles."""
        formats = [
            f'<numFmt numFmtId="{_FIRST_FORMAT + number}" formatCode="{attribute(code)}"/>'
            for code, number in self._formats.items()
        ]
        return (
            f'{DECLARATION}<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f"{_all('numFmts', formats)}{_all('fonts', self._fonts)}{_all('fills', self._fills)}"
            f"{_all('borders', self._borders)}"
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f"{_all('cellXfs', self._looks)}"
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            f"{_all('dxfs', self._changes)}</styleSheet>"
        )

    def _look(self, style: str, form: str, edges: Edges) -> str:
        look, typed = LOOKS[style], style == "input"
        code = TYPED.get(form, FORMATS[form]) if typed else FORMATS[form]
        number = _NUMBERS[code] if code in _NUMBERS else _FIRST_FORMAT + _number(self._formats, code)
        font = _number(self._fonts, _font(look))
        fill = _number(self._fills, _ground(look.fill) if look.fill else _FIRST_GROUNDS[0])
        border = _number(self._borders, _border(look, edges))
        unlocked = ('applyProtection="1" ', '<protection locked="0"/>') if typed else ("", "")
        return (
            f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="{border}" xfId="0" '
            'applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" '
            f'{unlocked[0]}applyAlignment="1">{_alignment(look, form)}{unlocked[1]}</xf>'
        )


_USUAL_FONT = (
    '<font><sz val="11"/><color theme="1"/><name val="Calibri"/><family val="2"/><scheme val="minor"/></font>'
)
"""That of a workbook without styles, by which programs measure the widths of columns."""
_USUAL_LOOK = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
_FIRST_GROUNDS = tuple(f'<fill><patternFill patternType="{kind}"/></fill>' for kind in ("none", "gray125"))
"""Those that every workbook has, whatever its file says."""
_FIRST_FORMAT = 164
_NUMBERS = {code: number for number, code in BUILT_IN.items()}


def _number(table: dict[str, int], entry: str) -> int:
    return table.setdefault(entry, len(table))


def _all(name: str, entries: Collection[str]) -> str:
    return f'<{name} count="{len(entries)}">{"".join(entries)}</{name}>' if entries else ""


def _font(look: Look) -> str:
    marks = (("b", look.bold), ("i", look.italic), ("u", look.underline))
    made = "".join(f"<{mark}/>" for mark, is_so in marks if is_so)
    return f'<font>{made}<sz val="{look.size}"/>{_color(look.color)}<name val="Calibri"/></font>'


def _ground(color: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="FF{color}"/></patternFill></fill>'


def _color(color: str) -> str:
    return f'<color rgb="FF{color}"/>'


def _alignment(look: Look, form: str) -> str:
    framed_letter = look.frame and form in ("letter", "mark")
    across = "center" if framed_letter else "left" if form == "text" else look.align
    down, wrapped = ("top", ' wrapText="1"') if look.wrap else ("center", "")
    indent = f' indent="{look.indent}"' if look.indent else ""
    return f'<alignment horizontal="{across}" vertical="{down}"{wrapped}{indent}/>'


def _is_framed(look: Look) -> bool:
    """Whether the line around its blocks is another than that between their cells."""
    return look.frame not in ("", "thin") or look.edge != Look.edge


def _border(look: Look, edges: Edges) -> str:
    """The frame on the cell's outer edges, thin lines on its inner ones."""
    lines = [(look.frame, look.edge) if edge else ("thin", "C3C8CF") for edge in edges]
    sides = "".join(
        f'<{side} style="{style}">{_color(color)}</{side}>' if look.frame else f"<{side}/>"
        for side, (style, color) in zip(("left", "right", "top", "bottom"), lines, strict=True)
    )
    return f"<border>{sides}<diagonal/></border>"
