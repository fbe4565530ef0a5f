"""A workbook's file into its contents: sheets, each by `worksheet`, shared texts, names, settings."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

from rnnsheet.errors import WorkbookError
from rnnsheet.sheet.bounds import a1, key
from rnnsheet.sheet.names import CALLED
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook import outside
from rnnsheet.workbook.drawings import Anchor, anchor_of
from rnnsheet.workbook.looks import Styles
from rnnsheet.workbook.package import Package, readable
from rnnsheet.workbook.settings import unusual_settings
from rnnsheet.workbook.tags import local, truth
from rnnsheet.workbook.texts import unescaped
from rnnsheet.workbook.worksheet import Filled, Grid, Letters, SheetReader, grid_of, text_of

_SPACES = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
"""Of Transitional and of Strict Open XML, which differ in nothing else that is read here."""
_DRAWN = (
    "{http://schemas.openxmlformats.org/drawingml/2006/main}",
    "{http://purl.oclc.org/ooxml/drawingml/main}",
)
"""The same of themes."""
_LYING = ("vmlDrawing", "image", "comments", "threadedComment")
"""How the kinds of relationships end by which a sheet has pictures of old programs, notes and what is behind
its cells."""
_SEEN, _HIDDEN = "visible", "hidden"
MOST_NAMES = 100_000
"""LibreOffice takes the square of their number."""
_Finding = Callable[[Mapping[Any, str]], Iterator[tuple[Any, str]]]
"""Which of many formulas are found, by their places, and what of them."""
OF_PROGRAMS = "_xlnm."
"""How the names begin that programs make for areas to print and the like. No engine is told of them:
LibreOffice saves some of them twice."""
_SHEET_NAME = re.compile(r"(?!')[^\[\]:*?/\\\x00-\x1f]{1,31}(?<!')")
"""As Excel wants it."""


@dataclass(frozen=True)
class Contents:
    """A workbook as its file has it."""

    path: Path
    sheets: Mapping[str, Grid]
    names: Mapping[str, str]
    """The defined names and what they point at; those of one sheet alone begin with its name and !."""
    settings: tuple[str, ...] = ()
    """Those that are not as usual, of `settings.unusual`: engines are not told of them."""
    styles: Styles = field(default_factory=lambda: Styles(None, None))
    drawn: Mapping[str, tuple[Anchor, ...]] = field(default_factory=dict)
    """By the sheet, what lies on its cells. No engine is told of it."""

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet. Raises WorkbookError where there is none of that name."""
        if sheet not in self.sheets:
            raise WorkbookError("missing_sheet", place=str(self.path), sheet=sheet)
        return self.sheets[sheet]

    def formula(self, sheet: str, row: int, col: int) -> str | None:
        """The cell's formula without `=`; None where it holds none."""
        return self.grid(sheet).formulas.get(key(row, col))

    def value(self, sheet: str, row: int, col: int) -> Any:
        """The cell's constant, or the value stored beside its formula; None where there is none."""
        return self.grid(sheet).values.get(key(row, col))

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return sum(len(grid.formulas.keys() | grid.values.keys()) for grid in self.sheets.values())

    def check_formulas(self) -> None:
        """Raises WorkbookError where a formula, or a name, could reach outside the workbook."""
        for place, found in self._found(outside.reaching_outside):
            raise WorkbookError("reaches_out", place=f"{self.path}: {place}", got=found)

    @cached_property
    def volatile(self) -> tuple[str, str]:
        """Where the first formula or name stands that may give another value though no cell changes, and
        by which function; empty where there is none.
        """
        return next(self._found(outside.volatile), ("", ""))

    def _found(self, finding: _Finding) -> Iterator[tuple[str, str]]:
        """The places of the formulas and names that are found, and what of them."""
        yield from finding(self.names)
        for sheet, grid in self.sheets.items():
            yield from ((f"{sheet}!{a1(cell)}", found) for cell, found in finding(grid.formulas))

    def check_unmerged(self, area: Area) -> None:
        """Raises WorkbookError where merged cells reach into an area."""
        for left, top, right, bottom in self.grid(area.sheet).merged:
            beside = right < area.col or left >= area.col + area.cols
            if not (beside or bottom < area.row or top >= area.row + area.rows):
                merged = Area(area.sheet, top, left, bottom - top + 1, right - left + 1)
                raise WorkbookError("merged", place=f"{self.path}: {area.sheet}!{merged.a1}")


def read(package: Package, letters: Letters = unescaped) -> Contents:
    """The contents of a workbook. Raises WorkbookError where it is damaged or none."""
    with readable(package.path):
        workbook = package.workbook
        package.check_types(workbook)
        root, links = package.tree(workbook), package.links(workbook)
        space = root.tag.removesuffix("workbook")
        if space not in _SPACES:
            raise ValueError(root.tag)
        filled = Filled()
        styles = Styles(
            _only(package, links, "styles", f"{space}styleSheet"),
            _only(package, links, "theme", *(f"{drawn}theme" for drawn in _DRAWN)),
        )
        texts = _shared_texts(package, links, space, styles, letters)
        parts = _sheets(root, space, links)
        is_seen = _is_seen(root)
        sheets: dict[str, Grid] = {}
        drawn: dict[str, tuple[Anchor, ...]] = {}
        for name, (kind, part, state) in parts.items():
            if kind == "worksheet":
                with _within(name):
                    reader = SheetReader(space, texts, filled, styles, letters)
                    sheets[name] = grid_of(package, part, space, reader, state if is_seen else _HIDDEN)
                    drawn[name] = tuple(_drawn(package, part))
        settings = unusual_settings(root, space)
        if "displayed_precision" in settings:
            raise package.refused("displayed_precision")
        names = _alone(root, space, "definedNames", "definedName")
        if len(names) > MOST_NAMES:
            raise package.refused("too_many_names", most=MOST_NAMES)
        return Contents(package.path, sheets, _targets(names, list(parts)), settings, styles, drawn)


def _drawn(package: Package, part: str) -> Iterator[Anchor]:
    """What lies on a worksheet's cells, or behind them; of notes and old pictures only that there are any."""
    for kind, target in package.links(part).values():
        if kind == "drawing":
            yield from map(anchor_of, package.tree(target))
        elif kind.endswith(_LYING):
            yield kind, "", ""


def _sheets(
    root: ElementTree.Element, space: str, links: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str, str]]:
    """Per sheet, in order, what kind it is, the part that it stands in, and whether it is visible.

    Raises ValueError where two have one name, or stand in one part, which would be read again for each.
    """
    sheets: dict[str, tuple[str, str, str]] = {}
    taken: set[str] = set()
    for sheet in _alone(root, space, "sheets", "sheet"):
        (link,) = (value for name, value in sheet.items() if name.endswith("}id"))
        name, (kind, part) = unescaped(sheet.get("name", "")), links[link]
        for own in (f"sheet {_alike(name)!r}", part.lower()):
            if own in taken:
                raise ValueError(f"{own}: twice")
            taken.add(own)
        if not _SHEET_NAME.fullmatch(name):
            raise ValueError(f"sheet {name!r}")
        sheets[name] = kind, part, sheet.get("state", _SEEN)
    return sheets


def _is_seen(root: ElementTree.Element) -> bool:
    """Whether people find all sheets: a hidden window shows none, one without tabs the first."""
    # Wherever they stand: programs could take alternatives that we do not know.
    windows = [each for each in root.iter() if local(each) == "workbookView"]
    return all(
        each.get("visibility", _SEEN) == _SEEN and truth(each.get("showSheetTabs"), True) for each in windows
    )


def _alike(name: str) -> str:
    """What is the same for all names that some program, or a reader, takes for one."""
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())


@contextmanager
def _within(sheet: str) -> Iterator[None]:
    """Says in which sheet something is damaged."""
    try:
        yield
    except (ValueError, KeyError) as error:
        raise ValueError(f"{sheet}: {error}") from error


def _alone(root: ElementTree.Element, space: str, group: str, tag: str) -> list[ElementTree.Element]:
    """The elements of a group. Raises ValueError where programs could find others, or elsewhere."""
    found = root.findall(f"{space}{group}/{space}{tag}")
    counts = Counter(map(local, root.iter()))
    if counts[group] > 1 or counts[tag] > len(found):
        raise ValueError(group)
    return found


def _targets(elements: Iterable[ElementTree.Element], sheets: Sequence[str]) -> dict[str, str]:
    """What each defined name points at. Raises ValueError where a name is there twice, or of no sheet."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in elements:
        own = name.get("localSheetId")
        if own and not (own.isascii() and own.isdecimal() and int(own) < len(sheets)):
            raise ValueError(f"localSheetId {own}")
        plain = unescaped(name.get("name", ""))
        key = (f"{sheets[int(own)]}!" if own else "") + plain
        is_twice = _alike(key) in taken and not plain.startswith(OF_PROGRAMS)
        if is_twice or len(name) or "!" in plain:
            raise ValueError(key)
        taken.add(_alike(key))
        names[key] = name.text or ""
        if CALLED.fullmatch(key.rpartition("!")[2]):
            # Where a formula of ours calls it, some programs would call what the name stands for.
            raise ValueError(f"definedName {key}: {key.rpartition('!')[2].upper()}()")
    return names


def _parts(links: Mapping[str, tuple[str, str]], wanted: str) -> list[str]:
    """The part of a kind, if there is one. Raises ValueError where there are more."""
    parts = [part for kind, part in links.values() if kind == wanted]
    if len(parts) > 1:
        raise ValueError(", ".join(parts))
    return parts


def _only(
    package: Package, links: Mapping[str, tuple[str, str]], kind: str, *tags: str
) -> ElementTree.Element | None:
    """The part of a kind, if there is one. Raises ValueError where it is none of the elements wanted."""
    root = next((package.tree(part) for part in _parts(links, kind)), None)
    if root is not None and root.tag not in tags:
        raise ValueError(f"{kind}: {root.tag}")
    return root


def _shared_texts(
    package: Package, links: Mapping[str, tuple[str, str]], space: str, styles: Styles, letters: Letters
) -> list[str]:
    parts = _parts(links, "sharedStrings")
    return [text for part in parts for text in _texts_of(package, part, space, styles, letters)]


def _texts_of(package: Package, part: str, space: str, styles: Styles, letters: Letters) -> Iterator[str]:
    """The texts of a table, one after the other. Raises ValueError for what does not belong there."""
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    depth = tags = count = 0
    table: ElementTree.Element | None = None
    for piece in package.pieces(part):
        tags += piece.count(b"<")
        package.check_kept(tags)
        parser.feed(piece)
        # Of starts and ends, each has an element.
        found = cast(Iterator[tuple[str, ElementTree.Element]], parser.read_events())
        for event, element in found:
            depth += 1 if event == "start" else -1
            if table is None:
                table = element
                if element.tag != f"{space}sst":
                    raise ValueError(f"{part}: {element.tag}")
            elif event == "end" and depth == 1:
                if element.tag == f"{space}si":
                    count += 1
                    package.check_kept(count)
                    yield text_of(element, space, styles, letters)
                elif element.tag != f"{space}extLst":
                    raise ValueError(f"{part}: {element.tag}")
                table.clear()
                tags = 0
    parser.close()
