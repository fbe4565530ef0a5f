"""Defined names that every spreadsheet program accepts."""

import re

from rnnsheet.sheet.formula import column_number

_LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,254}")
_LIKE_A_CELL = re.compile(r"([A-Za-z]{1,3})\d+")
_LIKE_R1C1 = re.compile(r"[Rr]\d*([Cc]\d*)?|[Cc]\d*")
_LAST_COLUMN = column_number("XFD")
CALLED = re.compile(
    "AND|AVERAGE|CHAR|CHOOSE|COUNT|COUNTA|COUNTIF|EXACT|EXP|FALSE|FIND|IF|IFERROR|INDEX|INT|ISERROR|ISNUMBER|"
    "LARGE|LEFT|LEN|LN|LOWER|MATCH|MAX|MID|MIN|MMULT|MOD|OR|REPT|SQRT|SUBSTITUTE|SUM|SUMPRODUCT|TANH|TRIM|"
    "TRUE|UNICODE",
    re.IGNORECASE | re.ASCII,
)
"""The functions of our formulas. A name of the workbook hides one that is called so: in formulon always, in
Excel 365 where it stands for a LAMBDA."""


def defined_name(name: str) -> str:
    """The block's name, with a `_` behind it where a program would take it for a cell or a function.

    Excel refuses `R`, `C` (the natural names of a reset gate and a cell state) and names such
    as `h1`. Raises ValueError for a name that no such sign can mend.
    """
    if not _LEGAL.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a defined name: ASCII letters, digits, _ and . only")
    cell = _LIKE_A_CELL.fullmatch(name)
    if (cell and column_number(cell[1].upper()) <= _LAST_COLUMN) or _LIKE_R1C1.fullmatch(name):
        return f"{name}_"
    return f"{name}_" if CALLED.fullmatch(name) else name
