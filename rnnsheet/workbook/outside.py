"""What lets a formula, wherever it stands in a workbook, reach outside of it or act."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

_OUTSIDE = (
    *("WEBSERVICE", "FILTERXML", "HYPERLINK", "IMAGE", "RTD", "DDE", "CALL", "EXEC", "REGISTER"),
    # It takes a text for a reference, and a text can be put together.
    *("SQL.REQUEST", "IMPORT", "CUBE", "STOCKHISTORY", "INDIRECT"),
)
"""Functions, or how their names begin, by which a formula could reach outside the workbook or act."""
_SIGNS = ("[", "|", ":/")
"""Signs of a reference to another file or program."""
_REACHES_OUT = re.compile(
    # Bounded: it looks at what strangers write.
    rf"\b(?:{'|'.join(map(re.escape, _OUTSIDE))})[A-Z.]*\s*\(|\[[^\]]{{0,40}}\]?|\||\b[A-Z]{{3,6}}:/"
)
_STRING = re.compile(r'"[^"]*"')

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
    found = _REACHES_OUT.search(_STRING.sub('""', upper))
    return found[0].rstrip("( ") if found else ""
