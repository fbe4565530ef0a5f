"""The rules of Excel, which is not here: what in an .xlsx file it would refuse, repair, or show otherwise.

Reads the file's XML with the standard library and knows nothing of our plan. Sources: ECMA-376 (5th
edition), parts 1 and 2; Microsoft's "Excel specifications and limits"; [MS-OI29500].
"""

import math
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.excel_formulas import (
    FUNCTIONS,
    LAST_COLUMN,
    LAST_ROW,
    Area,
    Formula,
    RefusedError,
    area,
    column_number,
    read,
)

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Rule = Callable[["Book"], Iterator[str]]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    """Adds a rule: a function that gives what in a book breaks it."""
    RULES.append(check)
    return check


def broken(path: Path, rules: Sequence[Rule] = ()) -> list[str]:
    """Every one of these rules, or of all, that a file breaks, with where."""
    book = Book(path)
    if told := [*book.unreadable()]:
        return told
    return [f"{check.__name__}: {what}" for check in rules or RULES for what in check(book)]


def name_of(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element | None, name: str) -> list[Element]:
    """The element's children of that name."""
    return [] if element is None else [child for child in element if name_of(child) == name]


def child(element: Element | None, name: str) -> Element | None:
    """The element's first child of that name."""
    return next(iter(children(element, name)), None)


def descendants(element: Element, name: str) -> list[Element]:
    """All elements of that name."""
    return [each for each in element.iter() if name_of(each) == name]


class Book:
    """The parts of a file, and what the rules look up in them."""

    def __init__(self, path: Path):
        with zipfile.ZipFile(path) as archive:
            self.entries = archive.namelist()
            self.parts = {name: archive.read(name) for name in self.entries}
        self.trees: dict[str, Element] = {}

    def unreadable(self) -> Iterator[str]:
        """Parts that are no XML; all others can be looked up after this."""
        for name, content in self.parts.items():
            try:
                self.trees[name] = ElementTree.fromstring(content)
            except ElementTree.ParseError as error:
                yield f"xml: {name}: {error}"
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"):
            if name not in self.parts:
                yield f"parts: {name} is missing"

    def relations(self, part: str) -> dict[str, str]:
        """Per id of a part's relationships the part it leads to."""
        folder, name = posixpath.split(part)
        tree = self.trees.get(posixpath.join(folder, "_rels", f"{name}.rels"))
        if tree is None:
            return {}
        internal = (each for each in tree if each.get("TargetMode") != "External")
        return {
            each.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, each.get("Target", "")))[1:]
            for each in internal
        }

    @cached_property
    def workbook(self) -> Element:
        return self.trees["xl/workbook.xml"]

    @cached_property
    def styles(self) -> Element:
        return self.trees["xl/styles.xml"]

    @cached_property
    def sheet_names(self) -> list[str]:
        return [each.get("name", "") for each in descendants(self.workbook, "sheet")]

    @cached_property
    def sheets(self) -> list[tuple[str, Element]]:
        """Each worksheet's name and its part."""
        parts = self.relations("xl/workbook.xml")
        listed = [
            (each.get("name", ""), parts.get(each.get(_ID, ""), ""))
            for each in descendants(self.workbook, "sheet")
        ]
        return [(name, self.trees[part]) for name, part in listed if part in self.trees]

    @cached_property
    def cells(self) -> list[tuple[str, Element]]:
        """Each cell and where it stands."""
        return [
            (f"{name}!{cell.get('r')}", cell)
            for name, sheet in self.sheets
            for row in children(child(sheet, "sheetData"), "row")
            for cell in row
        ]

    @cached_property
    def texts(self) -> list[tuple[str, Element]]:
        """Where each element stands that may hold a text: of a cell, or of the table of shared ones."""
        table = self.trees.get("xl/sharedStrings.xml", ())
        holders = [*self.cells, *((f"text {number}", text) for number, text in enumerate(table))]
        return [
            (place, each)
            for place, holder in holders
            for each in holder.iter()
            if name_of(each) in ("t", "v")
        ]

    @cached_property
    def formulas(self) -> list[tuple[str, str, bool]]:
        """Where each formula stands, its text, and whether it is one of an array."""
        return [
            (place, formula.text or "", formula.get("t") == "array")
            for place, cell in self.cells
            for formula in children(cell, "f")
        ]

    @cached_property
    def parsed(self) -> list[tuple[str, Formula | RefusedError]]:
        """Each plain formula, or why it is none."""
        return [(place, read(text)) for place, text, array in self.formulas if not array]

    @cached_property
    def names(self) -> list[Element]:
        return descendants(self.workbook, "definedName")

    @cached_property
    def furniture(self) -> list[tuple[str, Element]]:
        """Every element of every worksheet but its rows and cells, with the sheet's name."""
        parts = [
            (name, part) for name, sheet in self.sheets for part in sheet if name_of(part) != "sheetData"
        ]
        return [(name, each) for name, part in parts if name_of(part) != "sheetData" for each in part.iter()]

    def each(self, name: str) -> Iterator[tuple[str, Element]]:
        """Every element of that name on every worksheet, with the sheet's name."""
        yield from ((sheet, element) for sheet, element in self.furniture if name_of(element) == name)

    def wrong_areas(self, areas: list[Area]) -> Iterator[str]:
        """References that lead out of a sheet, or to none."""
        for each in areas:
            if each.sheet and each.sheet not in self.sheet_names:
                yield f"there is no sheet {each.sheet}"
            elif not each.inside:
                yield f"{each} is outside the sheet"


def _located(text: str) -> Area:
    """The cells that `Sheet!$A$1:$B$2` means."""
    sheet, _, cells = text.rpartition("!")
    return area(cells, sheet.removeprefix("'").removesuffix("'").replace("''", "'"))


def _areas(text: str) -> list[Area]:
    """The cells that several references mean, with blanks or commas between them."""
    return [_located(each) for each in re.findall(r"(?:'(?:[^']|'')+'!|[^\s,'!]+!)?[^\s,']+", text)]


# The package


@rule
def every_part_has_one_name_and_one_type(book: Book) -> Iterator[str]:
    lower = [name.lower() for name in book.entries]
    yield from (name for name in book.entries if lower.count(name.lower()) > 1)
    types = book.trees["[Content_Types].xml"]
    defaults = [each.get("Extension", "").lower() for each in children(types, "Default")]
    overrides = [each.get("PartName", "")[1:] for each in children(types, "Override")]
    yield from (
        f"{each} is typed twice" for each in {*defaults, *overrides} if (defaults + overrides).count(each) > 1
    )
    yield from (f"{each} is typed, and not there" for each in overrides if each not in book.parts)
    for name in book.parts:
        plain = name in overrides or (name.endswith(".rels") and "rels" in defaults)
        if not plain and name != "[Content_Types].xml":
            yield f"{name} has no type of its own"


_KNOWN_PARTS = re.compile(
    r"\[Content_Types\]\.xml|docProps/(app|core)\.xml|(xl/(\w+/)?)?_rels/[\w.]*\.rels"
    r"|xl/(workbook|styles|sharedStrings|theme/theme1|worksheets/sheet\d+|drawings/drawing\d+|charts/chart\d+)\.xml"
)


@rule
def no_part_is_of_a_kind_without_rules(book: Book) -> Iterator[str]:
    """Tables, macros, external links, pivots: what has rules that are not here."""
    yield from (name for name in book.entries if not _KNOWN_PARTS.fullmatch(name))


@rule
def every_relationship_leads_to_a_part(book: Book) -> Iterator[str]:
    for rels, tree in book.trees.items():
        if not rels.endswith(".rels"):
            continue
        ids = [each.get("Id") for each in tree]
        yield from (f"{rels}: {each} is there twice" for each in {*ids} if ids.count(each) > 1)
        part = posixpath.join(posixpath.dirname(posixpath.dirname(rels)), posixpath.basename(rels)[:-5])
        if part and part not in book.parts:
            yield f"{rels}: of no part"
        targets = book.relations(part)
        yield from (
            f"{rels}: {target} is not there" for target in targets.values() if target not in book.parts
        )


@rule
def every_part_s_relationship_is_there(book: Book) -> Iterator[str]:
    for part, tree in book.trees.items():
        known = book.relations(part)
        used = {each.get(_ID) for each in tree.iter()} - {None}
        yield from (f"{part}: {each} is none" for each in used if each not in known)


# The workbook


@rule
def sheet_names_are_legal(book: Book) -> Iterator[str]:
    lower = [name.lower() for name in book.sheet_names]
    for name in book.sheet_names:
        if not 1 <= len(name) <= 31 or re.search(r"[\[\]:*?/\\\x00-\x1f]", name) or name.lower() == "history":
            yield repr(name)
        if name.startswith("'") or name.endswith("'") or lower.count(name.lower()) > 1:
            yield repr(name)


@rule
def sheets_are_numbered_and_one_is_seen(book: Book) -> Iterator[str]:
    sheets = descendants(book.workbook, "sheet")
    numbers = [each.get("sheetId", "") for each in sheets]
    if len({*numbers}) < len(numbers) or not all(
        each.isdigit() and 1 <= int(each) <= 65534 for each in numbers
    ):
        yield f"sheetId {numbers}"
    if len(book.sheets) < len(sheets):
        yield "a sheet has no part"
    if all(each.get("state", "visible") != "visible" for each in sheets):
        yield "all sheets are hidden"


@rule
def everything_is_recalculated_on_opening(book: Book) -> Iterator[str]:
    settings = child(book.workbook, "calcPr")
    if settings is None or settings.get("fullCalcOnLoad") not in ("1", "true"):
        yield "fullCalcOnLoad"


_BUILT_IN = ("_xlnm.Print_Area", "_xlnm.Print_Titles")


@rule
def defined_names_are_legal(book: Book) -> Iterator[str]:
    for each in book.names:
        name = each.get("name", "")
        cell = re.fullmatch(r"([A-Za-z]{1,3})\d+", name)
        like_a_cell = cell and column_number(cell[1].upper()) <= LAST_COLUMN
        if (
            not re.fullmatch(r"[^\W\d][\w.\\?]*|\\[\w.\\?]*", name)
            or len(name) > 255
            or like_a_cell
            or re.fullmatch(r"[Rr]\d*([Cc]\d*)?|[Cc]\d*", name)
            or name.upper() in ("TRUE", "FALSE")
            or (name.startswith("_xlnm.") and name not in _BUILT_IN)
        ):
            yield repr(name)


@rule
def defined_names_are_unique(book: Book) -> Iterator[str]:
    names = [(each.get("name", "").lower(), each.get("localSheetId")) for each in book.names]
    yield from (str(name) for name in {*names} if names.count(name) > 1)


@rule
def defined_names_point_at_cells(book: Book) -> Iterator[str]:
    for each in book.names:
        # The titles of pages may be whole columns besides rows: they are no cells.
        titles = each.get("name") == "_xlnm.Print_Titles"
        text = (
            re.sub(r",?('[^']*'|\w+)!\$[A-Z]{1,3}:\$[A-Z]{1,3}", "", each.text or "") if titles else each.text
        )
        try:
            areas = _areas(text or "")
        except RefusedError as error:
            yield f"{each.get('name')}: {error}"
            continue
        if not areas or not all(found.sheet and all(found.fixed) for found in areas):
            yield f"{each.get('name')}: {each.text}"
        yield from (f"{each.get('name')}: {wrong}" for wrong in book.wrong_areas(areas))
        if int(each.get("localSheetId", 0)) >= len(book.sheet_names):
            yield f"{each.get('name')}: there is no sheet {each.get('localSheetId')}"


# Worksheets

_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
    *("sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate"),
    *("customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations"),
    *("hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks"),
    *("customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing"),
    *("legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems"),
    *("tableParts", "extLst"),
)
"""ECMA-376, part 1, 18.3.1.99."""


@rule
def a_worksheet_s_elements_are_in_order(book: Book) -> Iterator[str]:
    for name, sheet in book.sheets:
        found = [name_of(each) for each in sheet]
        yield from (f"{name}: {each}" for each in found if each not in _ORDER)
        known = [_ORDER.index(each) for each in found if each in _ORDER]
        for before, after in pairwise(known):
            if before > after or (before == after and _ORDER[before] != "conditionalFormatting"):
                yield f"{name}: {_ORDER[after]} after {_ORDER[before]}"
        if "sheetData" not in found:
            yield f"{name}: no sheetData"


@rule
def rows_and_cells_stand_in_order_and_inside(book: Book) -> Iterator[str]:
    for name, sheet in book.sheets:
        last = 0
        for row in children(child(sheet, "sheetData"), "row"):
            number, col = int(row.get("r", 0)), 0
            if not last < number <= LAST_ROW:
                yield f"{name}: row {number} after {last}"
            last = number
            for cell in row:
                found = re.fullmatch(r"([A-Z]{1,3})(\d+)", cell.get("r", ""))
                if not found or int(found[2]) != number or not col < column_number(found[1]) <= LAST_COLUMN:
                    yield f"{name}: {cell.get('r')} in row {number}"
                col = column_number(found[1]) if found else col


@rule
def a_sheet_s_dimension_is_that_of_its_cells(book: Book) -> Iterator[str]:
    for name, sheet in book.sheets:
        cells = [
            area(cell.get("r", "")) for row in children(child(sheet, "sheetData"), "row") for cell in row
        ]
        dimension = child(sheet, "dimension")
        if dimension is None or not cells:
            continue
        told, last = (
            area(dimension.get("ref", "")),
            Area(1, 1, max(each.right for each in cells), cells[-1].bottom),
        )
        if (told.right, told.bottom) != (last.right, last.bottom):
            yield f"{name}: {dimension.get('ref')}"


_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")


@rule
def values_are_of_their_type(book: Book) -> Iterator[str]:
    strings = book.trees.get("xl/sharedStrings.xml")
    shared = 0 if strings is None else len(children(strings, "si"))
    for place, cell in book.cells:
        kind, value = cell.get("t", "n"), child(cell, "v")
        text = "" if value is None else value.text or ""
        if kind not in ("b", "e", "inlineStr", "n", "s", "str"):
            yield f"{place}: {kind}"
        elif (
            (kind == "n" and value is not None and not _is_number(text))
            or (kind == "b" and text not in ("0", "1"))
            or (kind == "e" and text not in _ERRORS)
        ):
            yield f"{place}: {text}"
        elif kind == "s" and not (text.isdigit() and int(text) < shared):
            yield f"{place}: no shared string {text}"
        elif (kind == "inlineStr") != (child(cell, "is") is not None):
            yield f"{place}: {kind}"
        elif kind == "str" and child(cell, "f") is None:
            yield f"{place}: the text of no formula"


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([Ee][+-]?\d+)?", text)) and math.isfinite(float(text))


@rule
def texts_are_no_longer_than_a_cell(book: Book) -> Iterator[str]:
    for place, element in book.texts:
        if len((element.text or "").encode("utf-16-le")) > 2 * 32767:
            yield place


@rule
def blanks_at_a_text_s_ends_are_kept(book: Book) -> Iterator[str]:
    for place, element in book.texts:
        content = element.text or ""
        space = element.get("{http://www.w3.org/XML/1998/namespace}space")
        if name_of(element) == "t" and content != content.strip(" \t\n") and space != "preserve":
            yield place


@rule
def shared_strings_are_counted(book: Book) -> Iterator[str]:
    strings = book.trees.get("xl/sharedStrings.xml")
    if strings is None:
        return
    uses = sum(cell.get("t") == "s" for _, cell in book.cells)
    found = {"uniqueCount": len(children(strings, "si")), "count": uses}
    for name, count in found.items():
        if strings.get(name, str(count)) != str(count):
            yield f"{name} is {strings.get(name)}, not {count}"


@rule
def formulas_are_within_excel_s_limits(book: Book) -> Iterator[str]:
    for place, text, _ in book.formulas:
        if not 1 <= len(text) <= 8192 or text.startswith("="):
            yield f"{place}: {text[:80]}"
    for place, formula in book.parsed:
        if isinstance(formula, RefusedError):
            yield f"{place}: {formula}"
        elif formula.depth > 64 or formula.size > 16384:
            yield f"{place}: {formula.depth} functions in each other, {formula.size} bytes"


@rule
def formulas_use_what_every_program_has(book: Book) -> Iterator[str]:
    names = {each.get("name", "").lower() for each in book.names}
    for place, formula in book.parsed:
        if isinstance(formula, Formula):
            yield from (f"{place}: {each}" for each in formula.functions if each not in FUNCTIONS)
            yield from (f"{place}: {each}" for each in formula.names if each.lower() not in names)


@rule
def no_name_hides_a_function(book: Book) -> Iterator[str]:
    names = {each.get("name", "").upper() for each in book.names}
    for place, formula in book.parsed:
        if isinstance(formula, Formula):
            yield from (f"{place}: {each}" for each in formula.functions if each.upper() in names)


@rule
def formulas_refer_to_cells(book: Book) -> Iterator[str]:
    for place, formula in book.parsed:
        if isinstance(formula, Formula):
            yield from (f"{place}: {wrong}" for wrong in book.wrong_areas(formula.areas))


@rule
def no_formula_gets_an_at_sign(book: Book) -> Iterator[str]:
    for place, formula in book.parsed:
        if isinstance(formula, Formula):
            yield from (f"{place}: {mark}" for mark in formula.marks)


@rule
def merged_cells_do_not_overlap_and_show_all(book: Book) -> Iterator[str]:
    for name, sheet in book.sheets:
        merged = [area(each.get("ref", "")) for each in children(child(sheet, "mergeCells"), "mergeCell")]
        yield from (f"{name}: {one} and {two}" for one, two in combinations(merged, 2) if one.meets(two))
        yield from (f"{name}: {each}" for each in merged if not each.inside or each.size == (1, 1))
        rows = {each.top: each for each in merged}
        for row in children(child(sheet, "sheetData"), "row"):
            wide = rows.get(int(row.get("r", 0)))
            hidden = [cell for cell in row if wide and area(cell.get("r", "")).meets(wide)][1:]
            yield from (f"{name}: {cell.get('r')} is under another" for cell in hidden if len(cell))


@rule
def columns_and_rows_have_a_size(book: Book) -> Iterator[str]:
    for name, sheet in book.sheets:
        last = 0
        for col in children(child(sheet, "cols"), "col"):
            first, end, width = int(col.get("min", 0)), int(col.get("max", 0)), float(col.get("width", 0))
            if not last < first <= end <= LAST_COLUMN or not 0 <= width <= 255:
                yield f"{name}: columns {first} to {end}, {width} wide"
            last = end
        for row in children(child(sheet, "sheetData"), "row"):
            if not 0 <= float(row.get("ht", 15)) <= 409.5:
                yield f"{name}: row {row.get('r')}, {row.get('ht')} high"


@rule
def views_and_pages_are_within_bounds(book: Book) -> Iterator[str]:
    bounds = {"sheetView": ("zoomScale", 10, 400), "pageSetup": ("scale", 10, 400)}
    for element, (attribute, least, most) in bounds.items():
        for sheet, each in book.each(element):
            if not least <= int(each.get(attribute, 100)) <= most:
                yield f"{sheet}: {attribute} {each.get(attribute)}"
    for sheet, pane in book.each("pane"):
        split = int(pane.get("xSplit", 0)), int(pane.get("ySplit", 0))
        corner = area(pane.get("topLeftCell", "A1"))
        if (corner.left, corner.top) < (split[0] + 1, split[1] + 1) or split == (0, 0):
            yield f"{sheet}: a pane of {split} at {pane.get('topLeftCell')}"


@rule
def headers_and_footers_are_short(book: Book) -> Iterator[str]:
    for sheet, each in book.each("headerFooter"):
        yield from (f"{sheet}: {name_of(part)}" for part in each if len(part.text or "") > 255)


@rule
def page_breaks_are_counted(book: Book) -> Iterator[str]:
    for element, most in (("rowBreaks", LAST_ROW), ("colBreaks", LAST_COLUMN)):
        for sheet, each in book.each(element):
            ends = [int(brk.get("id", 0)) for brk in each]
            manual = sum(brk.get("man") == "1" for brk in each)
            if [each.get("count"), each.get("manualBreakCount")] != [str(len(ends)), str(manual)]:
                yield f"{sheet}: {element} counts {each.get('count')}"
            if len(ends) > 1026 or not all(1 <= end < most for end in ends) or len({*ends}) < len(ends):
                yield f"{sheet}: {element} at {ends}"


@rule
def data_validations_are_short_and_whole(book: Book) -> Iterator[str]:
    longest = {"prompt": 255, "error": 255, "promptTitle": 32, "errorTitle": 32}
    for sheet, each in book.each("dataValidation"):
        for attribute, length in longest.items():
            if len(each.get(attribute, "")) > length:
                yield f"{sheet}: {attribute} of {each.get('sqref')}"
        formulas = [child(each, name) for name in ("formula1", "formula2")]
        wanted = 2 if each.get("operator", "between") in ("between", "notBetween") else 1
        if sum(formula is not None for formula in formulas) < (
            1 if each.get("type") in ("list", "custom") else wanted
        ):
            yield f"{sheet}: {each.get('sqref')} lacks a formula"
        for text in (formula.text or "" for formula in formulas if formula is not None):
            yield from (f"{sheet}: {each.get('sqref')}: {wrong}" for wrong in _rule_formula(book, text, 255))
    for sheet, each in book.each("dataValidations"):
        areas = [found for rule in each for found in _areas(rule.get("sqref", ""))]
        yield from (f"{sheet}: {one} and {two}" for one, two in combinations(areas, 2) if one.meets(two))
        if each.get("count") != str(len(each)) or not all(found.inside for found in areas):
            yield f"{sheet}: {each.get('count')} data validations"


def _rule_formula(book: Book, text: str, longest: int) -> Iterator[str]:
    """What is wrong with a formula of a data validation or a conditional format."""
    if len(text) > longest:
        yield f"{len(text)} letters"
        return
    try:
        formula = Formula(text) if ":" not in text or "(" in text else None
        yield from book.wrong_areas(formula.areas if formula else _areas(text))
    except RefusedError as error:
        yield str(error)


@rule
def conditional_formats_are_whole(book: Book) -> Iterator[str]:
    styles = len(children(child(book.styles, "dxfs"), "dxf"))
    for sheet, each in book.each("conditionalFormatting"):
        areas = _areas(each.get("sqref", ""))
        if not areas or not all(found.inside for found in areas):
            yield f"{sheet}: {each.get('sqref')}"
        for format_ in children(each, "cfRule"):
            where = f"{sheet}: {each.get('sqref')}: {format_.get('type')}"
            formulas = [found.text or "" for found in children(format_, "formula")]
            if int(format_.get("dxfId", 0)) >= max(styles, "dxfId" not in format_.attrib):
                yield f"{where}: dxfId {format_.get('dxfId')}"
            if len(formulas) < {"cellIs": 1, "expression": 1}.get(format_.get("type", ""), 0):
                yield f"{where}: no formula"
            for text in formulas:
                yield from (f"{where}: {wrong}" for wrong in _rule_formula(book, text, 8192))
                yield from (f"{where}: {wrong}" for wrong in _shifted(text, areas))
            for scale in [*children(format_, "colorScale"), *children(format_, "dataBar")]:
                stops, colors = len(children(scale, "cfvo")), len(children(scale, "color"))
                if (stops, colors) not in ([(2, 2), (3, 3)] if name_of(scale) == "colorScale" else [(2, 1)]):
                    yield f"{where}: {stops} stops and {colors} colours"


def _shifted(text: str, areas: list[Area]) -> Iterator[str]:
    """References that are outside the sheet for the last cell that the format is for, or of another row."""
    for reference in Formula(text).areas:
        for found in areas:
            right = reference.right + (0 if reference.fixed[0] else found.right - found.left)
            bottom = reference.bottom + (0 if reference.fixed[1] else found.bottom - found.top)
            if right > LAST_COLUMN or bottom > LAST_ROW:
                yield f"{text} leads out of the sheet"
            moves_along = reference.fixed[0] or reference.left == found.left
            if not reference.sheet and not (
                moves_along and (reference.fixed[1] or reference.top == found.top)
            ):
                yield f"{text} does not begin at {found.left}, {found.top}"


@rule
def conditional_formats_have_an_order(book: Book) -> Iterator[str]:
    for sheet, _ in book.sheets:
        order = [each.get("priority", "") for name, each in book.each("cfRule") if name == sheet]
        if len({*order}) < len(order) or not all(each.isdigit() and int(each) > 0 for each in order):
            yield f"{sheet}: {order}"


@rule
def hyperlinks_lead_somewhere(book: Book) -> Iterator[str]:
    for sheet, each in book.each("hyperlink"):
        if not area(each.get("ref", "")).inside or not (each.get("location") or each.get(_ID)):
            yield f"{sheet}: {each.get('ref')}"
        if location := each.get("location"):
            yield from (f"{sheet}: {wrong}" for wrong in book.wrong_areas(_areas(location)))


@rule
def charts_show_cells(book: Book) -> Iterator[str]:
    for part, tree in book.trees.items():
        if not re.fullmatch(r"xl/charts/chart\d+\.xml", part):
            continue
        for formula in descendants(tree, "f"):
            try:
                areas = _areas(formula.text or "")
            except RefusedError as error:
                yield f"{part}: {error}"
                continue
            if not areas or not all(found.sheet for found in areas):
                yield f"{part}: {formula.text}"
            yield from (f"{part}: {wrong}" for wrong in book.wrong_areas(areas))


# Styles

_FONT = (
    *("b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz", "color"),
    *("name", "family", "charset", "scheme"),
)
"""As Excel writes them and Microsoft's validator wants them; ECMA-376 leaves the order open."""


@rule
def fonts_are_in_excel_s_order(book: Book) -> Iterator[str]:
    for font in descendants(book.styles, "font"):
        order = [name_of(each) for each in font]
        if order != sorted({*order}, key=_FONT.index):
            yield ", ".join(order)


@rule
def styles_are_counted(book: Book) -> Iterator[str]:
    for each in book.styles:
        if each.get("count", str(len(each))) != str(len(each)):
            yield f"{name_of(each)} counts {each.get('count')}"
    most = {"cellXfs": 65490, "cellStyleXfs": 65490, "fonts": 512, "numFmts": 250}
    for name, limit in most.items():
        if len(child(book.styles, name) or ()) > limit:
            yield f"{name} are more than {limit}"


@rule
def styles_are_made_of_what_is_there(book: Book) -> Iterator[str]:
    kinds = {"fontId": "fonts", "fillId": "fills", "borderId": "borders", "xfId": "cellStyleXfs"}
    formats = {each.get("numFmtId", "") for each in descendants(book.styles, "numFmt")}
    for name in ("cellXfs", "cellStyleXfs"):
        for number, look in enumerate(children(child(book.styles, name), "xf")):
            for attribute, kind in kinds.items():
                if int(look.get(attribute, 0)) >= len(child(book.styles, kind) or ()):
                    yield f"{name} {number}: {attribute} {look.get(attribute)}"
            form = look.get("numFmtId", "0")
            if form not in formats and int(form) > 49:
                yield f"{name} {number}: numFmtId {form}"
    for each in descendants(child(book.styles, "numFmts") or Element("none"), "numFmt"):
        if int(each.get("numFmtId", 0)) < 164 or not 1 <= len(each.get("formatCode", "")) <= 255:
            yield f"numFmt {each.get('numFmtId')}"


@rule
def cells_have_a_style_that_is_there(book: Book) -> Iterator[str]:
    styles = len(children(child(book.styles, "cellXfs"), "xf"))
    for place, cell in book.cells:
        if int(cell.get("s", 0)) >= styles:
            yield f"{place}: {cell.get('s')}"
