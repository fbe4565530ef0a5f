"""What can be measured of a workbook's pages, as openpyxl reads them: python -m tests.screen FILE..."""

import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import openpyxl
from openpyxl.chart._chart import ChartBase
from openpyxl.utils import column_index_from_string, range_boundaries
from openpyxl.utils.units import EMU_to_pixels
from openpyxl.worksheet.worksheet import Worksheet

WIDTH, HEIGHT = 1280, 560
"""Of what a laptop shows of a sheet, in pixels."""
LEAST_CONTRAST = 4.5
"""Between letters and their ground. Source: WCAG 2.2, 1.4.3."""
MOST_SERIES = 8

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_NOTHING = ";;;"
"""A number format that shows nothing."""
_TOUCH = 4
"""So many pixels of a cell may lie under a chart."""
_USUAL_HEIGHT, _USUAL_ROW = 15.0, 20
"""Of a row, in points and in pixels."""
PAPERS = {"1": (612.0, 792.0), "9": (595.3, 841.9)}
"""The sides of Letter and A4, in points, by their numbers in a workbook."""
Pair = tuple[float, str, str]
"""A contrast, and the letters' and the ground's colour."""


@dataclass
class Measured:
    """One worksheet."""

    name: str
    first_step: int | None
    """How far the first time step is from the left edge, in pixels at 100 %; None where there is none."""
    steps: tuple[int, int]
    """How many time steps end within the first screen, and how many there are."""
    frozen: float
    """The share of the first screen that does not scroll."""
    contrast: Pair
    """The least."""
    series: list[int]
    """Of each chart."""
    untold: list[str]
    """The names of charts and drawings without a text for those who do not see them."""
    pages: int
    """On paper."""
    headless: int
    """As many of them have neither the labels of their rows nor repeat any, or so the heads of columns."""
    cut: int
    """How many charts end on another page than they begin, or on none."""
    covered: int
    """How many cells that show something lie under a chart."""
    first_epoch: float | None
    """The pixels from the top to the end of epoch 0's row; None where there is no training."""
    widest: int
    """How far the paragraphs reach, in pixels from the left edge."""


def measured(path: Path) -> list[Measured]:
    """Every sheet that is seen."""
    book = openpyxl.load_workbook(path)
    steps, epochs = _time_steps(book["rnnsheet"]), _first_epochs(book)
    with zipfile.ZipFile(path) as archive:
        drawn = dict(_drawn(archive))
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return [
        Measured(
            sheet.title,
            _left_of(sheet, steps[sheet.title][0]) if sheet.title in steps else None,
            _in_sight(sheet, steps.get(sheet.title, ())),
            _frozen(sheet),
            min(_contrasts(sheet)),
            *drawn.get(book.index(sheet) + 1, ([], [])),
            *_printed(sheet),
            sum(_is_cut(sheet, chart) for chart in sheet._charts),
            sum(_covered(sheet, chart) for chart in sheet._charts),
            _top_of(sheet, epochs[sheet.title] + 1) if sheet.title in epochs else None,
            max((_left_of(sheet, area.max_col + 1) for area in sheet.merged_cells.ranges), default=0),
        )
        for sheet in sheets
    ]


def _time_steps(manifest: Worksheet) -> dict[str, range]:
    """Per sheet the columns of its first row of time steps, by the table of blocks."""
    found: dict[str, range] = {}
    for name, sheet, cells, _ in manifest.iter_rows(min_col=4, max_col=7, values_only=True):
        if name == "t":
            left, _, right, _ = range_boundaries(cells)
            found.setdefault(str(sheet), range(left, right + 1))
    return found


def _first_epochs(book: openpyxl.Workbook) -> dict[str, int]:
    """Per sheet the row of epoch 0, by the table of blocks."""
    blocks = book["rnnsheet"].iter_rows(min_col=4, max_col=7, values_only=True)
    cells = [(str(sheet), str(area)) for name, sheet, area, _ in blocks if name == "epoch"]
    return {
        sheet: book[sheet][area].row
        for sheet, area in cells
        if ":" not in area and book[sheet][area].value == 0
    }


def _in_sight(sheet: Worksheet, steps: Sequence[int]) -> tuple[int, int]:
    return sum(_left_of(sheet, col + 1) <= WIDTH for col in steps), len(steps)


def _left_of(sheet: Worksheet, col: int) -> int:
    """The pixels left of a column."""
    widths = {
        number: dimension.width
        for dimension in sheet.column_dimensions.values()
        for number in range(dimension.min, dimension.max + 1)
    }
    usual = sheet.sheet_format.defaultColWidth
    return sum(int(widths.get(each, usual) * 7 + 5) for each in range(1, col))


def _printed(sheet: Worksheet) -> tuple[int, int]:
    """How many pages a sheet takes, and how many of them are without labels or heads."""
    setup, margins = sheet.page_setup, sheet.page_margins
    sides = sorted(PAPERS[str(setup.paperSize)], reverse=setup.orientation == "landscape")
    across, down = (
        side * 100 / setup.scale
        for side in (
            sides[0] - 72 * (margins.left + margins.right),
            sides[1] - 72 * (margins.top + margins.bottom),
        )
    )
    heads, labels = (_lines(titles) for titles in (sheet.print_title_rows, sheet.print_title_cols))
    breaks = {end + 1 for end in _ends(sheet)}
    pages = headless = 0
    for area in sheet.print_area.split(","):
        left, top, right, bottom = range_boundaries(area.rpartition("!")[2].replace("$", ""))
        wide = _pieces(range(left, right + 1), lambda col: _width(sheet, col), across, labels, set())
        high = _pieces(range(top, bottom + 1), lambda row: _height(sheet, row), down, heads, breaks)
        pages += wide * high
        headless += wide * high - (wide if labels else 1) * (high if heads else 1)
    return pages, headless


def _is_cut(sheet: Worksheet, chart: ChartBase) -> bool:
    first = chart.anchor._from.row + 1
    last = first + int(EMU_to_pixels(chart.anchor.ext.height) / _USUAL_ROW)
    _, top, _, bottom = range_boundaries(sheet.print_area.split(",")[0].rpartition("!")[2].replace("$", ""))
    return top <= first <= bottom and any(first <= end < last for end in (bottom, *_ends(sheet)))


def _covered(sheet: Worksheet, chart: ChartBase) -> int:
    row, col = chart.anchor._from.row + 1, chart.anchor._from.col + 1
    right = _left_of(sheet, col) + EMU_to_pixels(chart.anchor.ext.width) - _TOUCH
    bottom = _top_of(sheet, row) + EMU_to_pixels(chart.anchor.ext.height) - _TOUCH
    last_row, last_col = (
        next(last for last in count(first) if edge(sheet, last + 1) >= end)
        for edge, first, end in ((_top_of, row, bottom), (_left_of, col, right))
    )
    under = sheet.iter_rows(row, last_row, col, last_col, values_only=True)
    return sum(value is not None for line in under for value in line)


def _top_of(sheet: Worksheet, row: int) -> float:
    """The pixels above a row."""
    return sum(_height(sheet, each) for each in range(1, row)) * 96 / 72


def _ends(sheet: Worksheet) -> list[int]:
    """The rows after which a page ends."""
    return [each.id for each in sheet.row_breaks.brk]


def _pieces(
    lines: range, size: Callable[[int], float], room: float, repeated: range, breaks: set[int]
) -> int:
    """Into how many pages rows or columns fall, of which some are repeated on every later page."""
    again = sum(map(size, repeated))
    pages, used = 1, 0.0 if lines.start <= repeated.start else again
    for line in lines:
        if line > lines.start and (used + size(line) > room or line in breaks):
            pages, used = pages + 1, again
        used += size(line)
    return pages


def _lines(titles: str | None) -> range:
    """The rows or columns of `$1:$5` or `$A:$B`."""
    if not titles:
        return range(0)
    first, last = (
        int(each) if each.isdecimal() else column_index_from_string(each)
        for each in titles.replace("$", "").split(":")
    )
    return range(first, last + 1)


def _width(sheet: Worksheet, col: int) -> float:
    """Of a column, in points."""
    return (_left_of(sheet, col + 1) - _left_of(sheet, col)) * 72 / 96


def _height(sheet: Worksheet, row: int) -> float:
    """Of a row, in points."""
    return float(sheet.row_dimensions[row].height or _USUAL_HEIGHT)


def _frozen(sheet: Worksheet) -> float:
    if not sheet.freeze_panes:
        return 0.0
    left, top, *_ = range_boundaries(sheet.freeze_panes)
    heights = (_height(sheet, row) for row in range(1, top))
    zoom = (sheet.sheet_view.zoomScale or 100) / 100
    across, down = _left_of(sheet, left) * zoom / WIDTH, sum(heights) * 96 / 72 * zoom / HEIGHT
    return 1 - (1 - min(1, across)) * (1 - min(1, down))


def _contrasts(sheet: Worksheet) -> Iterator[Pair]:
    """Of each style that a cell has, alone and with what conditional formats make of it."""
    looks: dict[tuple[int, int], tuple[str, str]] = {}
    by_style: dict[int, tuple[str, str]] = {}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.style_id not in by_style:
                by_style[cell.style_id] = _look(cell)
            looks[cell.row, cell.column] = by_style[cell.style_id]
    for letters, ground in set(looks.values()):
        yield _pair(letters, ground)
    last_row, last_col = sheet.max_row, sheet.max_column
    for areas in sheet.conditional_formatting:
        corners = [area.bounds for area in areas.sqref.ranges]
        own = {
            looks[row, col]
            for left, top, right, bottom in corners
            for row in range(top, min(bottom, last_row) + 1)
            for col in range(left, min(right, last_col) + 1)
        }
        for rule in areas.rules:
            if rule.dxf and rule.dxf.numFmt and rule.dxf.numFmt.formatCode == _NOTHING:
                continue
            font = rule.dxf and rule.dxf.font and rule.dxf.font.color and rule.dxf.font.color.rgb[-6:]
            grounds = list(_grounds(rule))
            for letters, ground in own:
                for behind in grounds or [ground]:
                    yield _pair(font or letters, behind)


def _look(cell) -> tuple[str, str]:
    fill = cell.fill.fgColor.rgb[-6:] if cell.fill.fill_type == "solid" else "FFFFFF"
    color = cell.font.color
    return (color.rgb[-6:] if color is not None and color.type == "rgb" else "000000"), fill


def _grounds(rule) -> Iterator[str]:
    if rule.dxf and rule.dxf.fill and rule.dxf.fill.bgColor:
        yield rule.dxf.fill.bgColor.rgb[-6:]
    if rule.colorScale:
        yield from (color.rgb[-6:] for color in rule.colorScale.color)
    if rule.dataBar:
        yield rule.dataBar.color.rgb[-6:]


def _pair(letters: str, ground: str) -> Pair:
    dark, light = sorted((_luminance(letters), _luminance(ground)))
    return (light + 0.05) / (dark + 0.05), letters, ground


def _luminance(color: str) -> float:
    parts = (part / 255 for part in bytes.fromhex(color))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _drawn(archive: zipfile.ZipFile) -> Iterator[tuple[int, tuple[list[int], list[str]]]]:
    """Per number of a worksheet, the series of its charts, and what in its drawings has no text."""
    for name in archive.namelist():
        if not (name.startswith("xl/worksheets/_rels/sheet") and b"/drawing" in archive.read(name)):
            continue
        part = next(
            link for link in fromstring(archive.read(name)) if link.get("Type", "").endswith("/drawing")
        )
        drawing = part.get("Target", "").rpartition("/")[2]
        links = archive.read(f"xl/drawings/_rels/{drawing}.rels")
        charts = [link.get("Target", "").lstrip("/") for link in fromstring(links)]
        series = [len(fromstring(archive.read(chart)).findall(f".//{_CHART}ser")) for chart in charts]
        number = int(name.removeprefix("xl/worksheets/_rels/sheet").removesuffix(".xml.rels"))
        yield number, (series, list(_untold(fromstring(archive.read(f"xl/drawings/{drawing}")))))


def _untold(drawing: Element) -> Iterator[str]:
    """Of each anchor, what stands in it: what is grouped is told by its group."""
    for anchor in drawing:
        told = next(anchor.iter(f"{_DRAWING}cNvPr"))
        if not told.get("descr"):
            yield told.get("name", "")


def _line(sheet: Measured) -> str:
    contrast, *colors = sheet.contrast
    step = "" if sheet.first_step is None else f"{sheet.first_step} px"
    charts = ", ".join(map(str, sheet.series))
    return (
        f"  {sheet.name:16} first step {step:>8}  in sight {sheet.steps[0]:3}  frozen {sheet.frozen:4.0%}  "
        f"contrast {contrast:4.1f} ({' on '.join(colors)})  series {charts or '-':8}  "
        f"untold {', '.join(sheet.untold) or '-'}  pages {sheet.pages}, headless {sheet.headless}, "
        f"cut {sheet.cut}, covered {sheet.covered}"
    )


if __name__ == "__main__":
    for file in sys.argv[1:]:
        sheets = measured(Path(file))
        print(file, *map(_line, sheets), f"  {sum(sheet.pages for sheet in sheets)} pages", sep="\n")
