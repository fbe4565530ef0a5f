"""Which cells a formula of a plan refers to, and how it reads on another sheet."""

import re
from collections.abc import Iterator

from rnnsheet.sheet.formula import column_number
from rnnsheet.sheet.plan import Area, quoted

Cell = tuple[str, int]
"""A sheet's name and the `bounds.key` of one of its cells."""

_PLACE = r"\$?[A-Z]{1,3}\$?\d+"
_REFERENCE = re.compile(
    rf"""("[^"]*")|(?<![\w.$!'])(?:('[^']*'|\w+)!)?({_PLACE})(?::({_PLACE}))?(?![\w.(!])"""
)
"""A text, or a reference: its sheet, its first and its last cell."""


def references(formula: str, sheet: str) -> Iterator[Area]:
    """The areas that a formula of ours on a sheet refers to."""
    for found in _REFERENCE.finditer(formula):
        text, own, first, last = found.groups()
        if text is None:
            top, left = _corner(first)
            bottom, right = _corner(last or first)
            yield Area((own or sheet).strip("'"), top, left, bottom - top + 1, right - left + 1)


def qualified(formula: str, sheet: str) -> str:
    """A formula of ours on a sheet as it reads on another one."""

    def named(found: re.Match[str]) -> str:
        text, own, *_ = found.groups()
        return found[0] if text is not None or own else f"{quoted(sheet)}!{found[0]}"

    return _REFERENCE.sub(named, formula)


def is_link(formula: str) -> bool:
    """Whether a formula only shows another cell."""
    return bool(_LINK.fullmatch(formula))


_ONE = rf"(?:(?:'[^']*'|\w+)!)?{_PLACE}"
_LINK = re.compile(rf'{_ONE}|IF\(ISNUMBER\({_ONE}\),{_ONE},0\)|IFERROR\({_ONE}&"",""\)')


def _corner(place: str) -> tuple[int, int]:
    """The row and the column of a cell."""
    letters = place.replace("$", "").rstrip("0123456789")
    return int(place.replace("$", "")[len(letters) :]), column_number(letters)
