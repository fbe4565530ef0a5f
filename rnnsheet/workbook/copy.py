"""What a spreadsheet engine opens: a workbook that is written from what was read, and holds nothing else.

Its cells, their formulas, and its defined names: no styles, drawings, links, rules, nor any other part or
spelling of the file that was read. So there is nothing that an engine could read otherwise than we did.
"""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from string import digits
from typing import Any

from rnnsheet.sheet.bounds import LAST_COLUMN, a1
from rnnsheet.sheet.formula import Formula, column_letters
from rnnsheet.workbook.read import OF_PROGRAMS, Contents
from rnnsheet.workbook.texts import attribute, markup
from rnnsheet.workbook.worksheet import CellError, Grid

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_CONTENT_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>'
)
# IronCalc takes no workbook without.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="1"><xf xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_NOT_THERE = "#N/A"
_NOTHING = CellError(_NOT_THERE)
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", _NOT_THERE)
_ESCAPE = re.compile("_(?=[xX])")
_FAR = 7
_NO_DIGITS = str.maketrans("", "", digits)


def copied(contents: Contents) -> bytes:
    """The .xlsx file of what was read."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in _parts(contents):
            archive.writestr(name, part)
    return file.getvalue()


def _parts(contents: Contents) -> Iterator[tuple[str, str]]:
    numbers = range(1, len(contents.sheets) + 1)
    yield "[Content_Types].xml", _CONTENT_TYPES
    yield "_rels/.rels", _links([(f"{_LINKS}/officeDocument", "xl/workbook.xml")])
    yield "xl/workbook.xml", _workbook(contents)
    sheets = [(f"{_LINKS}/worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    yield "xl/_rels/workbook.xml.rels", _links([*sheets, (f"{_LINKS}/styles", "styles.xml")])
    yield "xl/styles.xml", _STYLES
    for number, grid in zip(numbers, contents.sheets.values(), strict=True):
        yield f"xl/worksheets/sheet{number}.xml", _worksheet(grid)


def _links(targets: Sequence[tuple[str, str]]) -> str:
    links = (
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(links)}</Relationships>'


def _workbook(contents: Contents) -> str:
    sheets = "".join(
        f'<sheet name="{attribute(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(contents.sheets, start=1)
    )
    numbers = {name: number for number, name in enumerate(contents.sheets)}
    names = "".join(_names(contents.names, numbers))
    listed = f"<definedNames>{names}</definedNames>" if names else ""
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{sheets}</sheets>{listed}</workbook>'


def _names(names: Mapping[str, str], sheets: Mapping[str, int]) -> Iterator[str]:
    for full, text in names.items():
        sheet, _, name = full.rpartition("!")
        if not name.startswith(OF_PROGRAMS) and (not sheet or sheet in sheets):
            own = f' localSheetId="{sheets[sheet]}"' if sheet else ""
            yield f'<definedName name="{attribute(name)}"{own}>{markup(text)}</definedName>'


def _worksheet(grid: Grid) -> str:
    formulas, rows = _formulas(grid), [""]
    last, cells = 0, [""]
    for cell in sorted(grid.formulas.keys() | grid.values.keys()):
        row, right = divmod(cell, LAST_COLUMN)
        if row != last:
            rows.append(f'<row r="{last}">{"".join(cells)}</row>')
            last, cells = row, []
        name, own = f"{column_letters(right + 1)}{row}", formulas.get(cell)
        if own is not None:
            # No number that a cell should have is stored: an engine that believed it would be seen.
            cells.append(f'<c r="{name}" t="e">{own}<v>{_NOT_THERE}</v></c>')
        else:
            cells.append(_constant(name, _NOTHING if cell in grid.filled else grid.values[cell]))
    rows.append(f'<row r="{last}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows[2:])}</sheetData></worksheet>'


def _constant(place: str, value: Any) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if isinstance(value, CellError):
        return f'<c r="{place}" t="e"><v>{value if value in _ERRORS else _NOT_THERE}</v></c>'
    if _ESCAPE.search(value):
        # Of _x0041_, and some of _x41_, programs make the letter of that number, others do not.
        text = _ESCAPE.sub('_"&amp;"', markup(value).replace('"', '""'))
        return f'<c r="{place}" t="e"><f>"{text}"</f><v>{_NOT_THERE}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{markup(value)}</t></is></c>'


def _formulas(grid: Grid) -> dict[int, str]:
    """The XML of each cell's formula.

    One that fills down is written once, as Excel saves it, so that an engine reads it once: IronCalc loads
    a workbook in a sixth of the time.
    """
    found: dict[int, str] = {}
    for index, cells in enumerate(_runs(grid)):
        first, text = cells[0], markup(grid.formulas[cells[0]])
        if len(cells) == 1:
            found[first] = f"<f>{text}</f>"
        else:
            found.update(dict.fromkeys(cells, f'<f t="shared" si="{index}"/>'))
            found[first] = f'<f t="shared" si="{index}" ref="{a1(first)}:{a1(cells[-1])}">{text}</f>'
    for cell in grid.arrays - grid.filled:
        found[cell] = f'<f t="array" ref="{a1(cell)}">{markup(grid.formulas[cell])}</f>'
    return found


def _runs(grid: Grid) -> Iterator[list[int]]:
    """The cells of each formula that fills down, from the top; one that does not fill far has one cell."""
    columns: defaultdict[int, list[int]] = defaultdict(list)
    for cell in grid.formulas:
        if cell not in grid.arrays and cell not in grid.filled:
            columns[cell % LAST_COLUMN].append(cell)
    for cells in columns.values():
        texts, start = [grid.formulas[cell] for cell in cells], 0
        while start < len(cells):
            end = _filled_down(cells, texts, start) if _may_fill(cells, texts, start) else start + 1
            yield cells[start:end]
            start = end


def _may_fill(cells: Sequence[int], texts: Sequence[str], start: int) -> bool:
    """Whether a formula may fill so far down that sharing it is worth the search; seen without reading it."""
    far = start + _FAR
    if far >= len(cells) or cells[far] != cells[start] + _FAR * LAST_COLUMN:
        return False
    return texts[start].translate(_NO_DIGITS) == texts[far].translate(_NO_DIGITS)


def _filled_down(cells: Sequence[int], texts: Sequence[str], start: int) -> int:
    """Up to which of a column's cells the formula of one of them fills down."""
    formula, end, count = Formula(texts[start]), start + 1, 1
    while end < len(cells):
        stop = min(end + count, len(cells))
        below = formula.rows(end - start, stop - end, 1)
        if texts[end:stop] != below or cells[stop - 1] != cells[start] + (stop - 1 - start) * LAST_COLUMN:
            for cell, text, filled in zip(cells[end:stop], texts[end:stop], below, strict=True):
                if text != filled or cell != cells[start] + (end - start) * LAST_COLUMN:
                    return end
                end += 1
        end, count = stop, 8 * count
    return end
