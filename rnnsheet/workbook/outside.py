"""What lets a formula, wherever it stands in a workbook, reach outside of it or act."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TypeVar

from rnnsheet.workbook.texts import unescaped

_OUTSIDE = (
    *("WEBSERVICE", "FILTERXML", "HYPERLINK", "IMAGE", "RTD", "DDE", "CALL", "EXEC", "REGISTER"),
    # It takes a text for a reference, and a text can be put together.
    *("SQL.REQUEST", "IMPORT", "CUBE", "STOCKHISTORY", "INDIRECT", "EVALUATE", "READDBTABLE", "ATL_LAST"),
    "GETENV",
)
"""Functions, or how their names begin, by which a formula could reach outside the workbook or act."""
_SIGNS = ("[", "|", ":/", "\\\\")
"""Signs of a reference to another file or program."""
_REACHES_OUT = re.compile(
    # Bounded: it looks at what strangers write.
    rf"\b(?:{'|'.join(map(re.escape, _OUTSIDE))})[A-Z.]*\s*\(|\[[^\]]{{0,40}}\]?|\||[A-Z]{{0,9}}:/|\\\\"
)
_QUOTED = re.compile(r"""("[^"]*")|'[^']*'""")
"""A text, or the name of a sheet, in which there may be a quotation mark of a text."""

Place = TypeVar("Place")


def reaching(formulas: Mapping[Place, str]) -> Iterator[tuple[Place, str]]:
    """Those of many formulas that reach outside the workbook, and what lets them."""
    # A plain search in all of them at once is much faster than one in each.
    every = "\n".join(_readings("\n".join(formulas.values())))
    if signs := [sign for sign in (*_OUTSIDE, *_SIGNS) if sign in every]:
        for place, formula in formulas.items():
            for reading in _readings(formula):
                if any(sign in reading for sign in signs) and (found := _reached_by(reading)):
                    yield place, found
                    break


def _readings(formula: str) -> Iterator[str]:
    """As what programs may read a formula, in capitals: letters may stand for others, and `_x0041_` for A."""
    plain = formula if formula.isascii() else unicodedata.normalize("NFKC", formula)
    return iter({each.upper(): None for each in (formula, plain, unescaped(plain))})


def _reached_by(reading: str) -> str:
    """What lets a formula in capitals reach outside the workbook; "" where nothing does."""
    found = _REACHES_OUT.search(_QUOTED.sub(lambda quoted: '""' if quoted[1] else quoted[0], reading))
    return found[0].rstrip("( ") if found else ""
