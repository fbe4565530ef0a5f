"""The parts of openpyxl's workbook as Excel writes them, whatever XML library openpyxl has found."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring

from openpyxl import Workbook
from openpyxl.comments.comment_sheet import CommentSheet
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.relationship import Relationship
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.related import Related
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import tostring

from rnnsheet.sheet.plan import Sheet
from rnnsheet.workbook.drawings import add_shapes, is_drawn_on
from rnnsheet.workbook.style import Styles
from rnnsheet.workbook.tags import local
from rnnsheet.workbook.texts import DECLARATION, escaped, quoted

CONTENT_TYPES = "[Content_Types].xml"
SHARED_TEXTS = "xl/sharedStrings.xml"
_DRAWING = re.compile(r"xl/drawings/drawing\d+\.xml")
_STYLES, _THEME = "xl/styles.xml", "xl/theme/theme1.xml"
_FIRST = (CONTENT_TYPES, "_rels/.rels", "xl/workbook.xml")
"""By these, in this order, programs tell what kind of file it is."""

_FORMATS = "http://schemas.openxmlformats.org"
_OFFICE = f"{_FORMATS}/officeDocument/2006/relationships"
_PREFIXES = {
    f"{_FORMATS}/drawingml/2006/spreadsheetDrawing": "xdr:",
    f"{_FORMATS}/drawingml/2006/main": "a:",
    f"{_FORMATS}/drawingml/2006/chart": "c:",
    _OFFICE: "r:",
    f"{_FORMATS}/package/2006/metadata/core-properties": "cp:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    **{f"urn:schemas-microsoft-com:{each}": f"{each[0]}:" for each in ("vml", "office:office")},
    "urn:schemas-microsoft-com:office:excel": "x:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}
"""Those that Excel writes: some programs look for them, not for what they stand for."""

Values = Callable[[str], Sequence[Any]]
"""What the cells of a reference such as `Unrolled!$H$38:$K$38` show."""


def parts(book: Workbook, sheets: Sequence[Sheet], styles: Styles) -> Iterator[tuple[str, str]]:
    """The name and the XML of each part of a workbook without cells, those first that say what it is.

    `sheets` are those of its plan, in the same order, and `styles` those of its cells.
    """
    saved = _Saved()
    # Not Workbook.save: it would compress what is read again at once.
    _InMemory(book, saved, sheets).save()
    drawn_on = filter(is_drawn_on, sheets)
    for name in (*_FIRST, *(name for name in saved if name not in _FIRST)):
        if name == _STYLES:
            yield name, styles.part()
            continue
        if name == _THEME:
            # Large, and always the same text of openpyxl's.
            yield name, saved[name]
            continue
        root = fromstring(saved[name])
        _mend(name, root)
        if _DRAWING.fullmatch(name):
            add_shapes(root, next(drawn_on))
        # Names in drawings are no texts, in which _x0000_ would stand for a letter.
        yield name, _xml(root).replace("_x005F_", "_") if name.endswith(".vml") else _xml(root)


class _Saved(dict[str, Any]):
    """The parts by their names: of an archive openpyxl's writer asks no more than this."""

    writestr = dict.__setitem__
    namelist = dict.keys

    def close(self) -> None:
        """Nothing is open."""


class _InMemory(ExcelWriter):
    """openpyxl's writer, without the temporary files that it leaves where it fails or is killed."""

    def __init__(self, book: Workbook, archive: Any, sheets: Sequence[Sheet]):
        super().__init__(book, archive)
        self._sheets = iter(sheets)

    def write_worksheet(self, ws: Any) -> None:
        """As the original does it, but for where the part stands in between."""
        ws._drawing = _Drawing()
        ws._drawing.charts, ws._drawing.is_drawn_on = ws._charts, is_drawn_on(next(self._sheets))
        writer = _WorksheetWriter(ws, BytesIO())
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]
        self._archive.writestr(ws.path[1:], writer.read())  # type: ignore[attr-defined]
        self.manifest.append(ws)

    def _write_comment(self, ws: Any) -> None:
        """As the original does it, but where Excel has notes: ExcelJS looks nowhere else."""
        writer: Any = self
        untyped: Any = CommentSheet
        notes = untyped.from_comments(ws._comments)
        writer._comments.append(notes)
        notes._id, notes._path = len(writer._comments), "/xl/comments{0}.xml"
        writer._archive.writestr(notes.path[1:], tostring(notes.to_tree()))
        writer.manifest.append(notes)
        ws.legacy_drawing = f"xl/drawings/vmlDrawing{notes._id}.vml"
        writer._archive.writestr(ws.legacy_drawing, notes.write_shapes())
        link = Relationship(type="comments", Target=notes.path)  # type: ignore[call-overload]
        ws._rels.append(link)


class _Drawing(SpreadsheetDrawing):
    """openpyxl's drawing, which is there also where it has no chart."""

    __elements__ = SpreadsheetDrawing.__elements__
    is_drawn_on = False

    def __bool__(self) -> bool:
        return self.is_drawn_on


class _WorksheetWriter(WorksheetWriter):
    """openpyxl's writer of a worksheet, which refers to a drawing also where that has no chart."""

    def write_drawings(self) -> None:
        """As the original does it, but for what there is."""
        writer: Any = self
        if writer.ws._drawing:
            link = Relationship(type="drawing", Target="")  # type: ignore[call-overload]
            writer._rels.append(link)
            drawing: Any = Related()
            drawing.id = link.id
            writer.xf.send(drawing.to_tree("drawing"))


def _mend(name: str, root: Element) -> None:
    """Puts into a part what openpyxl leaves out, and into order what it leaves to chance."""
    if name == CONTENT_TYPES:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        SubElement(root, _sibling(root, "Override"), PartName=f"/{SHARED_TEXTS}", ContentType=kind)
    elif name == "xl/_rels/workbook.xml.rels":
        link = {"Type": f"{_OFFICE}/sharedStrings", "Target": f"/{SHARED_TEXTS}", "Id": f"rId{len(root) + 1}"}
        SubElement(root, _sibling(root, "Relationship"), link)
    elif name.startswith("xl/worksheets/_rels/"):
        for each in root:
            if each.get("Type", "").endswith(("/comments", "/vmlDrawing")):
                each.set("Target", each.get("Target", "").replace("/xl/", "../"))
    elif name == "xl/workbook.xml":
        for titles in root.iter(_sibling(root, "definedName")):
            if titles.get("name") == "_xlnm.Print_Titles" and titles.text:
                # Columns before rows, as Excel has them: of others LibreOffice saves the name twice.
                titles.text = ",".join(reversed(titles.text.split(",")))
    elif name == "docProps/core.xml":
        # When it was written: the same workbook is the same file.
        root[:] = [each for each in root if local(each) not in ("created", "modified")]
    for merged in root.iter(_sibling(root, "mergeCells")):
        merged[:] = sorted(merged, key=lambda each: range_boundaries(each.get("ref", "")))


def _sibling(root: Element, tag: str) -> str:
    """A tag in the namespace of another."""
    return f"{root.tag.rpartition('}')[0]}}}{tag}"


def _xml(root: Element) -> str:
    names = _names(root)
    spaces = sorted({name[1:].partition("}")[0] for name in names if name[0] == "{"})
    prefixes = {space: _PREFIXES.get(space, "") for space in spaces}
    declared = [
        f' xmlns{prefix and ":"}{prefix[:-1]}="{space}"'
        for space, prefix in prefixes.items()
        if prefix != "xml:"
    ]
    return DECLARATION + _element(root, names, "".join(declared))


def _names(root: Element) -> Mapping[str, str]:
    """The tags and attributes in it, as they are written."""
    names = {name for element in root.iter() for name in (element.tag, *element.keys())}
    return {name: _prefixed(name) for name in names}


def _element(element: Element, names: Mapping[str, str], declared: str = "") -> str:
    tag = names[element.tag]
    start = f"<{tag}{declared}"
    for name, value in element.items():
        start += f' {names[name]}="{quoted(value)}"'
    inside = escaped(element.text) if element.text else ""
    for child in element:
        inside += _element(child, names)
    return f"{start}>{inside}</{tag}>" if inside else f"{start}/>"


@cache
def _prefixed(name: str) -> str:
    space, _, own = name.removeprefix("{").rpartition("}")
    return _PREFIXES.get(space, "") + own


_REFERENCE = re.compile(r"<c:(tx|cat|val)><c:(num|str)Ref><c:f>([^<]*)</c:f></c:\2Ref></c:\1>")


def with_points(chart: str, values: Values) -> Iterator[str]:
    """A chart's part with the values that it draws beside each reference: previews show nothing else."""
    end = 0
    for found in _REFERENCE.finditer(chart):
        yield chart[end : found.start()]
        yield from _points(found[1], found[3], values(found[3]))
        end = found.end()
    yield chart[end:]


def _points(role: str, reference: str, values: Sequence[Any]) -> Iterator[str]:
    texts = role == "tx" or (role == "cat" and any(isinstance(value, str) for value in values))
    kind, form = ("str", "") if texts else ("num", "<c:formatCode>General</c:formatCode>")
    yield f"<c:{role}><c:{kind}Ref><c:f>{reference}</c:f><c:{kind}Cache>{form}"
    yield f'<c:ptCount val="{len(values)}"/>'
    for number, value in enumerate(values):
        if value != "":
            shown = escaped(value) if isinstance(value, str) else repr(value)
            yield f'<c:pt idx="{number}"><c:v>{shown}</c:v></c:pt>'
    yield f"</c:{kind}Cache></c:{kind}Ref></c:{role}>"
