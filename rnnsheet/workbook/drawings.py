"""Drawing parts: openpyxl's charts with texts for those who do not see them, and vector shapes of our own.

Source of the elements: ECMA-376, part 1, 20.5 (SpreadsheetML drawings) and 20.1 (DrawingML).
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

from rnnsheet.sheet.drawing import Arrow, Box, Diagram, Flow
from rnnsheet.sheet.plan import Sheet
from rnnsheet.workbook.style import INK, LOOKS
from rnnsheet.workbook.tags import local

Anchor = tuple[str, str, str]
"""What lies on a worksheet's cells: its element, and the column and row at which it begins, from 0."""

_XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_EMU = 9525
"""In a pixel."""
_TIP = 12
"""How far a flow reaches into the next column, and a diagram stands from the last, in pixels."""
_GREEN = LOOKS["hidden"].edge


def is_drawn_on(sheet: Sheet) -> bool:
    """Whether a worksheet has a drawing."""
    return bool(sheet.charts or sheet.drawings or sheet.flows)


def add_shapes(root: Element, sheet: Sheet) -> None:
    """Puts into openpyxl's drawing of a worksheet what its charts show in words, and the shapes."""
    for chart, named in zip(sheet.charts, root.iter(f"{_XDR}cNvPr"), strict=True):
        named.set("descr", chart.told)
    numbers = itertools.count(len(sheet.charts) + 1)
    root.extend(_diagram(diagram, numbers) for diagram in sheet.drawings)
    root.extend(anchor for flow in sheet.flows for anchor in _flow(flow, sheet, numbers))


def not_ours(found: Iterable[Anchor], sheet: Sheet) -> Counter[Anchor]:
    """What lies on a worksheet and is not ours; Gnumeric saves ours one row and column less."""
    others = Counter(found)
    for kind, col, row in _anchors(sheet):
        near = itertools.product((int(col), int(col) - 1), (int(row), int(row) - 1))
        places = ((kind, str(left), str(top)) for left, top in near)
        if own := next((place for place in places if others[place] > 0), None):
            others[own] -= 1
    return +others


def _anchors(sheet: Sheet) -> list[Anchor]:
    """What lies on a worksheet of ours."""
    drawn, numbers = Element("wsDr"), itertools.count()
    drawn.extend(_diagram(diagram, numbers) for diagram in sheet.drawings)
    drawn.extend(anchor for flow in sheet.flows for anchor in _flow(flow, sheet, numbers))
    charts = [("graphicFrame", str(chart.col - 1), str(chart.row - 1)) for chart in sheet.charts]
    return [*charts, *map(anchor_of, drawn)]


def anchor_of(element: Element) -> Anchor:
    """What a drawing's element has on the cells; programs that save a workbook again keep this of it."""
    place = {local(part): part.text or "" for first in element if local(first) == "from" for part in first}
    held = [name for name in map(local, element) if name not in _AROUND]
    return " ".join(held), place.get("col", ""), place.get("row", "")


_AROUND = ("from", "to", "pos", "ext", "clientData")
"""What an anchor has besides the one thing that it holds."""


def _diagram(diagram: Diagram, numbers: Iterator[int]) -> Element:
    """A group of shapes: it keeps its form, however wide the columns are."""
    anchor = Element(f"{_XDR}oneCellAnchor")
    _marker(anchor, "from", diagram.col - 1, _TIP, diagram.row - 1, 0)
    size = {"cx": _emu(diagram.width), "cy": _emu(diagram.height)}
    SubElement(anchor, f"{_XDR}ext", size)
    group = SubElement(anchor, f"{_XDR}grpSp")
    _named(group, "nvGrpSpPr", "cNvGrpSpPr", "Diagram", diagram.told, numbers)
    frame = SubElement(SubElement(group, f"{_XDR}grpSpPr"), f"{_A}xfrm")
    for offset, extent in (("off", "ext"), ("chOff", "chExt")):
        SubElement(frame, f"{_A}{offset}", x="0", y="0")
        SubElement(frame, f"{_A}{extent}", size)
    for arrow in diagram.arrows:
        group.append(_arrow(arrow, numbers))
    for box in diagram.boxes:
        group.append(_box(box, numbers))
    SubElement(anchor, f"{_XDR}clientData")
    return anchor


def _box(box: Box, numbers: Iterator[int]) -> Element:
    look = LOOKS[box.style]
    shape = Element(f"{_XDR}sp", macro="", textlink="")
    _named(shape, "nvSpPr", "cNvSpPr", box.name, "", numbers)
    drawn = SubElement(shape, f"{_XDR}spPr")
    frame = SubElement(drawn, f"{_A}xfrm")
    SubElement(frame, f"{_A}off", x=_emu(box.x), y=_emu(box.y))
    SubElement(frame, f"{_A}ext", cx=_emu(box.width), cy=_emu(box.height))
    _form(drawn, "roundRect")
    _filled(drawn, look.fill or "FFFFFF")
    _line(drawn, look.edge, 1.25, box.dashed)
    body = SubElement(shape, f"{_XDR}txBody")
    inset = dict.fromkeys(("lIns", "tIns", "rIns", "bIns"), "0")
    SubElement(body, f"{_A}bodyPr", {"wrap": "none", "anchor": "ctr", **inset})
    SubElement(body, f"{_A}lstStyle")
    for text, size, bold in ((box.name, 1100, "1"), (box.text, 900, "0")):
        if text:
            paragraph = SubElement(body, f"{_A}p")
            SubElement(paragraph, f"{_A}pPr", algn="ctr")
            run = SubElement(paragraph, f"{_A}r")
            letters = SubElement(run, f"{_A}rPr", lang="en-US", sz=str(size), b=bold)
            _filled(letters, INK)
            SubElement(letters, f"{_A}latin", typeface="Calibri")
            SubElement(run, f"{_A}t").text = text
    return shape


def _arrow(arrow: Arrow, numbers: Iterator[int]) -> Element:
    """A straight line; one that goes up is turned over."""
    box = (arrow.x, min(arrow.y, arrow.to_y), arrow.to_x - arrow.x, abs(arrow.to_y - arrow.y))
    color = _GREEN if arrow.dashed else "6B7280"
    return _connector(box, arrow.to_y < arrow.y, color, arrow.dashed, arrow.head, "", numbers)


def _connector(
    box: tuple[float, float, float, float],
    up: bool,
    color: str,
    dashed: bool,
    head: bool,
    told: str,
    numbers: Iterator[int],
    back: bool = False,
) -> Element:
    shape = Element(f"{_XDR}cxnSp", macro="")
    _named(shape, "nvCxnSpPr", "cNvCxnSpPr", "Connector", told, numbers)
    drawn = SubElement(shape, f"{_XDR}spPr")
    turned = {name: "1" for name, is_so in (("flipH", back), ("flipV", up)) if is_so}
    frame = SubElement(drawn, f"{_A}xfrm", turned)
    x, y, width, height = map(_emu, box)
    SubElement(frame, f"{_A}off", x=x, y=y)
    SubElement(frame, f"{_A}ext", cx=width, cy=height)
    _form(drawn, "straightConnector1")
    line = _line(drawn, color, 1.5, dashed)
    if head:
        SubElement(line, f"{_A}tailEnd", type="triangle")
    return shape


def _flow(flow: Flow, sheet: Sheet, numbers: Iterator[int]) -> Iterator[Element]:
    """A line along the border between two time steps, and from it an arrow to each row that reads it."""
    back = flow.to_col < flow.col
    border = flow.col - 1 if back else flow.col
    rows = (flow.row, *flow.into)
    if max(rows) > min(rows):
        yield _anchored((border, 0, min(rows)), (border, 0, max(rows)), False, flow.told, numbers)
    for row in dict.fromkeys(flow.into):
        if back:
            width = int(sheet.widths.get(flow.to_col, sheet.width) * 7 + 5)
            start, end = (flow.to_col - 1, width - _TIP, row), (border, 0, row)
        else:
            start, end = (border, 0, row), (border, _TIP, row)
        yield _anchored(start, end, True, flow.told, numbers, back)


def _anchored(
    start: tuple[int, int, float],
    end: tuple[int, int, float],
    head: bool,
    told: str,
    numbers: Iterator[int],
    back: bool = False,
) -> Element:
    """A straight line between two places, each a column from 0, pixels right of its edge, and a row."""
    anchor = Element(f"{_XDR}twoCellAnchor")
    for name, (col, right, row) in (("from", start), ("to", end)):
        above = int(row)
        _marker(anchor, name, col, right, above - 1, round((row - above) * _USUAL_ROW))
    anchor.append(_connector((0, 0, 0, 0), False, _GREEN, True, head, told, numbers, back))
    SubElement(anchor, f"{_XDR}clientData")
    return anchor


_USUAL_ROW = 20
"""The height of a row of numbers, in pixels."""


def _marker(anchor: Element, name: str, col: int, right: int, row: int, down: int) -> None:
    marker = SubElement(anchor, f"{_XDR}{name}")
    for part, value in (("col", col), ("colOff", right * _EMU), ("row", row), ("rowOff", down * _EMU)):
        SubElement(marker, f"{_XDR}{part}").text = str(value)


def _named(shape: Element, outer: str, inner: str, name: str, told: str, numbers: Iterator[int]) -> None:
    """What a shape is called, and what it is for those who do not see it."""
    head, number = SubElement(shape, f"{_XDR}{outer}"), next(numbers)
    told_by = {"descr": told} if told else {}
    SubElement(head, f"{_XDR}cNvPr", {"id": str(number), "name": f"{name} {number}", **told_by})
    SubElement(head, f"{_XDR}{inner}")


def _form(drawn: Element, name: str) -> None:
    SubElement(SubElement(drawn, f"{_A}prstGeom", prst=name), f"{_A}avLst")


def _filled(element: Element, color: str) -> None:
    SubElement(SubElement(element, f"{_A}solidFill"), f"{_A}srgbClr", val=color)


def _line(drawn: Element, color: str, points: float, dashed: bool) -> Element:
    line = SubElement(drawn, f"{_A}ln", w=str(int(points * 12_700)))
    _filled(line, color)
    if dashed:
        SubElement(line, f"{_A}prstDash", val="dash")
    return line


def _emu(pixels: float) -> str:
    return str(round(pixels * _EMU))
