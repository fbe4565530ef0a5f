"""What lets a formula, wherever it stands in a workbook, reach outside of it or act."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import TypeVar

from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.package import Package, is_growing, is_text

_OUTSIDE = (
    *("WEBSERVICE", "FILTERXML", "HYPERLINK", "IMAGE", "RTD", "DDE", "CALL", "EXEC", "REGISTER"),
    *("SQL.REQUEST", "IMPORT", "CUBE", "STOCKHISTORY"),
)
"""Functions, or how their names begin, by which a formula could reach outside the workbook or act."""
_SIGNS = ("[", "|", ":/")
"""Signs of a reference to another file or program."""
_REACHES_OUT = re.compile(
    # Bounded: it looks at what strangers write.
    rf"\b(?:{'|'.join(map(re.escape, _OUTSIDE))})[A-Z.]*\s*\(|\[[^\]]{{0,40}}\]?|\||\b[A-Z]{{3,6}}:/"
)
_STRING = re.compile(r'"[^"]*"')
_REFERS = re.compile(rb"[<:]f[\s/>]")
"""A part with an element of a formula, as charts have."""
_FORMULA = re.compile(rb"<(?:[^\s<>/]*:)?(?:f|formula[12]?|definedName)(?=[\s/>])([^<>]*/>|[^<>]*>[^<>]*</|)")
"""An element of a formula, up to its end where it is written plainly; else the group is empty."""


Place = TypeVar("Place")


def reaching(formulas: Mapping[Place, str]) -> Iterator[tuple[Place, str]]:
    """Those of many formulas that reach outside the workbook, and what lets them."""
    # A plain search in all of them at once is much faster than one in each.
    every = "\n".join(formulas.values()).upper()
    if signs := [sign for sign in (*_OUTSIDE, *_SIGNS) if sign in every]:
        for place, formula in formulas.items():
            upper = formula.upper()
            if any(sign in upper for sign in signs) and (found := _reached_by(upper)):
                yield place, found


def _reached_by(upper: str) -> str:
    """What lets a formula in capitals reach outside the workbook; "" where nothing does."""
    # INDIRECT takes a text for a reference.
    found = _REACHES_OUT.search(upper if "INDIRECT" in upper else _STRING.sub('""', upper))
    return found[0].rstrip("( ") if found else ""


def is_plain(package: Package) -> bool:
    """Whether the bytes of a small file show that nothing reaches outside, in a third of the time of reading.

    All that any program could take for a formula must be written plainly.
    """
    if not (package.is_small and all(map(is_text, package.parts))):
        return False
    return all(_has_plain_formulas(package.read(part)) for part in package.parts)


def _has_plain_formulas(content: bytes) -> bool:
    elements = _FORMULA.findall(content)
    texts = (unescape(each.decode(errors="replace").partition(">")[2]) for each in elements)
    return b"" not in elements and not any(reaching(dict(enumerate(texts))))


def check_other_parts(package: Package) -> None:
    """Raises WorkbookError where a chart, or another part without cells, refers to outside the workbook."""
    for part in package.parts:
        if part.lower().endswith(".xml") and not is_growing(part) and _REFERS.search(package.read(part)):
            texts = [e.text or "" for e in package.tree(part).iter() if e.tag.rpartition("}")[2] == "f"]
            for _, found in reaching(dict(enumerate(texts))):
                raise WorkbookError("reaches_out", place=f"{package.path}: {part}", got=found)
