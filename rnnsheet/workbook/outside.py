"""What lets a formula, wherever it stands in a workbook, reach outside of it or act."""

import re

from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.package import Package, is_growing

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


def is_suspect(texts: str) -> bool:
    """Whether one of many formulas is worth a closer look."""
    upper = texts.upper()
    return any(sign in upper for sign in (*_OUTSIDE, *_SIGNS))


def reached_by(formula: str) -> str:
    """What lets a formula reach outside the workbook; "" where nothing does."""
    upper = formula.upper()
    # INDIRECT takes a text for a reference.
    found = _REACHES_OUT.search(upper if "INDIRECT" in upper else _STRING.sub('""', upper))
    return found[0].rstrip("( ") if found else ""


def check_other_parts(package: Package) -> None:
    """Raises WorkbookError where a chart, or another part without cells, refers to outside the workbook."""
    for part in package.parts:
        if part.lower().endswith(".xml") and not is_growing(part) and _REFERS.search(package.read(part)):
            for element in package.tree(part).iter():
                if element.tag.rpartition("}")[2] == "f" and (found := reached_by(element.text or "")):
                    raise WorkbookError("reaches_out", place=f"{package.path}: {part}", got=found)
