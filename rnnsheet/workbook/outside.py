"""What lets a formula reach outside of its workbook or act, or give another value though no cell changes."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
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
_VOLATILE = (
    *("NOW", "TODAY", "RAND", "OFFSET", "CELL", "INFO", "SIMTABLE", "CURRENT", "STYLE"),
    # By what is hidden, and by what is in no cell: the copy that engines open has none of it.
    *("SUBTOTAL", "AGGREGATE", "GETPIVOTDATA", "PHONETIC", "GET."),
)
"""Functions, or how their names begin, that give what more than the values of cells decides."""
_CHANGES = re.compile(rf"\b(?:{'|'.join(map(re.escape, _VOLATILE))})[A-Z.]*\s*\(")
_REFERS = re.compile(r":|(?<![\w.])[^\W\d][\w.]*(?![\w.]|\s*\()")
"""A range, or a word that is no function: a cell, a name."""
_QUOTED = re.compile(r"""("[^"]*")|'[^']*'""")
"""A text, or the name of a sheet, in which there may be a quotation mark of a text."""

Place = TypeVar("Place")


def reaching_outside(formulas: Mapping[Place, str]) -> Iterator[tuple[Place, str]]:
    """Those of many formulas that reach outside the workbook, and what lets them."""
    yield from _having(formulas, (*_OUTSIDE, *_SIGNS), _REACHES_OUT)


def volatile(formulas: Mapping[Place, str]) -> Iterator[tuple[Place, str]]:
    """Those of many formulas that may give another value though no cell changes, and by which function."""
    yield from _having(formulas, _VOLATILE, _CHANGES)


def refers(formula: str) -> bool:
    """Whether a formula may take something of elsewhere."""
    return any(_REFERS.search(_bare(reading)) for reading in _readings(formula))


def _having(
    formulas: Mapping[Place, str], signs: Iterable[str], pattern: re.Pattern[str]
) -> Iterator[tuple[Place, str]]:
    """Those of many formulas in which a pattern is found, and what; one of the signs is in all of them."""
    # A plain search in all of them at once is much faster than one in each.
    every = "\n".join(_readings("\n".join(formulas.values())))
    if met := [sign for sign in signs if sign in every]:
        for place, formula in formulas.items():
            for reading in _readings(formula):
                if any(sign in reading for sign in met) and (found := pattern.search(_bare(reading))):
                    yield place, found[0].rstrip("( ")
                    break


def _readings(formula: str) -> Iterator[str]:
    """As what programs may read a formula, in capitals: letters may stand for others, and `_x0041_` for A."""
    plain = formula if formula.isascii() else unicodedata.normalize("NFKC", formula)
    return iter({each.upper(): None for each in (formula, plain, unescaped(plain))})


def _bare(reading: str) -> str:
    """A formula in capitals, without what its texts say."""
    return _QUOTED.sub(lambda quoted: '""' if quoted[1] else quoted[0], reading)
