"""How each kind of cell looks: one palette for every lesson, legible in print and to the colour-blind."""

from copy import copy
from dataclasses import dataclass
from functools import cache

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.worksheet import Worksheet

from rnnsheet.workbook.number_format import FORMATS

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
    """Turns (style, format, edges) into the style numbers of one workbook."""

    def __init__(self, scratch: Worksheet):
        self._scratch = scratch
        self._inner: dict[tuple[str, str], Cell] = {}
        self._numbers: dict[tuple[str, str, Edges], int] = {}

    def number(self, style: str, form: str, edges: Edges = INSIDE) -> int:
        """The style's number; `edges` says whether the cell is at its block's left, right, top, bottom."""
        key = (style, form, edges if _is_framed(LOOKS[style]) else INSIDE)
        if key not in self._numbers:
            inner = self._inner_cell(style, form)
            cell = self._new_cell()
            # The one way openpyxl's manual gives to take over all of a cell's looks at once.
            cell._style = copy(inner._style)  # type: ignore[attr-defined]
            cell.border = _border(LOOKS[style], key[2])
            self._numbers[key] = cell.style_id
        return self._numbers[key]

    def _inner_cell(self, style: str, form: str) -> Cell:
        """A cell that looks like the style, but for its border."""
        if (style, form) not in self._inner:
            look, cell = LOOKS[style], self._new_cell()
            cell.font = Font(
                name="Calibri",
                size=look.size,
                bold=look.bold,
                italic=look.italic,
                color=look.color,
                underline="single" if look.underline else None,
            )
            cell.fill = PatternFill("solid", fgColor=look.fill) if look.fill else PatternFill()
            letters = form in ("letter", "mark")
            cell.alignment = Alignment(
                horizontal="center" if letters and look.frame else "left" if form == "text" else look.align,
                vertical="top" if look.wrap else "center",
                wrap_text=look.wrap,
                indent=look.indent,
            )
            typed = style == "input"
            cell.number_format = TYPED.get(form, FORMATS[form]) if typed else FORMATS[form]
            cell.protection = Protection(locked=not typed)
            self._inner[style, form] = cell
        return self._inner[style, form]

    def _new_cell(self) -> Cell:
        """A cell of its own for each: openpyxl keeps the cell's style object, not a copy."""
        return Cell(self._scratch, 1, 1)


def _is_framed(look: Look) -> bool:
    """Whether the line around its blocks is another than that between their cells."""
    return look.frame not in ("", "thin") or look.edge != Look.edge


@cache
def _border(look: Look, edges: Edges) -> Border:
    """The frame on the cell's outer edges, thin lines on its inner ones."""
    if not look.frame:
        return Border()
    inner = Side("thin", "C3C8CF")
    outer = Side(look.frame, look.edge)  # type: ignore[arg-type]
    left, right, top, bottom = (outer if edge else inner for edge in edges)
    return Border(left=left, right=right, top=top, bottom=bottom)
