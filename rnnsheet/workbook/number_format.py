"""The number formats of our cells, and what a format makes of a value."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

from rnnsheet.sheet.plan import NUMBERS

# No conditions in them: LibreOffice, Gnumeric, IronCalc and SheetJS each drop a minus sign there.
# How a large number is shown instead of ####, the skeleton's rule of conditional formatting says.
FORMATS = {
    # With a sign of its own for less than 0, so that an exact 0 can be quiet.
    **{form: f"0.{'0' * digits};-0.{'0' * digits};0" for digits, form in NUMBERS.items() if digits},
    "narrow": "0.000;-0.000;0",
    # Not General, in the place of which LibreOffice saves the format of a cell that the formula reads.
    "precise": "0.000000;-0.000000;0",
    "whole": "0",
    "percent": "0%",
    "letter": "General",
    "text": "General",
    "powers": "0.00E+00",
    "mark": '"✓";"✗";"✗"',
    "fault": '"⚠";"⚠";""',
    "general": "General",
}
NOTHING = ";;;"
"""The format that shows nothing, whatever the value is."""
FITTING = {
    **{form: (f"-999.{'9' * digits}5", f"999.{'9' * digits}5") for digits, form in NUMBERS.items() if digits},
    "narrow": ("-99.9995", "99.9995"),
    "precise": ("-999.9999995", "999.9999995"),
}
"""By the format, between which numbers one fits its column."""
BUILT_IN = {0: "General", 1: "0", 2: "0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 49: "@"}
"""Those formats that every program knows by their number, and that show no more than digits."""

_PART = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.)
    | (?P<general>General) | (?P<text>@)
    | (?P<power>0(?:\.(?P<power_digits>0{1,30}))?E\+00)
    | (?P<number>(?P<whole>0{1,30})(?:\.(?P<digits>0{1,30}))?(?P<percent>%)?)
    | (?P<bare>[-+\x20]|[^\x00-\x7f])
    | (?P<end>;)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""A part of a format; of digits in a row it has at most 30, as Excel behind the point."""
_HALVES_UP = Context(prec=400, rounding=ROUND_HALF_UP)
_SHOWN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:%|[Ee][+-][0-9]+)?")
_SAMPLES = (
    0.0,
    1.0,
    -1.0,
    7.0,
    0.4197341,
    -0.7948774,
    12345.678,
    -98765.4321,
    1e-7,
    -2.5e12,
    "l",
    "good",
    "",
)
"""Values that formats show differently."""


@cache
def alike(code: str, other: str) -> bool:
    """Whether two formats show every value alike."""
    if code == other:
        return True
    texts = [shown(value, code) for value in _SAMPLES]
    return None not in texts and texts == [shown(value, other) for value in _SAMPLES]


def shown(value: float | str, code: str) -> str | None:
    """The text that a cell shows; None for a format with more in it than texts, digits and powers of ten.

    Source: ECMA-376, part 1, 18.8.31.
    """
    if code and not code.strip(";"):
        return ""
    sections = _sections(code)
    if sections is None:
        return None
    if isinstance(value, str):
        return _filled(sections[3], value) if len(sections) == 4 else value
    negative, zero = value < 0, value == 0
    if zero and len(sections) > 2:
        section = sections[2]
    else:
        section = sections[1] if negative and len(sections) > 1 else sections[0]
    sign = "-" if negative and len(sections) == 1 else ""
    return sign + _filled(section, abs(value))


def is_plain(code: str) -> bool:
    """Whether a format shows the value and nothing beside it, as the one that programs set for a 1% typed.

    A sign of the format's own could stand for the value now, and for another one later.
    """
    parts = [part.lastgroup for section in _sections(code) or () for part in section]
    return len(parts) == 1 and parts[0] in _OF_VALUE


def says(text: str, value: Any) -> bool:
    """Whether what a cell shows is all of its value: the text, or a number to its last digit."""
    if isinstance(value, str):
        return text == value
    if isinstance(value, bool) or not _SHOWN.fullmatch(text):
        return False
    number = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    return bool(float(number) == value)


@cache
def _sections(code: str) -> Sequence[Sequence[re.Match[str]]] | None:
    """The parts of each section; None where there are other parts, or several that show the value."""
    sections: list[list[re.Match[str]]] = [[]]
    place = 0
    while place < len(code):
        part = _PART.match(code, place)
        if part is None:
            return None
        place = part.end()
        if part["end"]:
            sections.append([])
        else:
            sections[-1].append(part)
    of_value = [[part for part in section if part.lastgroup in _OF_VALUE] for section in sections]
    with_text = [number for number, section in enumerate(sections) if any(part["text"] for part in section)]
    if len(sections) > 4 or not all(sections) or any(len(parts) > 1 for parts in of_value):
        return None
    # Programs differ in what a text among numbers is.
    return sections if with_text in ([], [3]) or len(sections) == 1 else None


_OF_VALUE = ("general", "text", "power", "number")


def _filled(section: Sequence[re.Match[str]], value: float | str) -> str:
    return "".join(_part(part, value) for part in section)


def _part(part: re.Match[str], value: float | str) -> str:
    if isinstance(value, str):
        return value if part.lastgroup in _OF_VALUE else _literal(part)
    if part["general"] or part["text"]:
        return f"{value:.10g}"
    if part["power"]:
        return f"{value:.{len(part['power_digits'] or '')}E}"
    if part["number"]:
        whole, digits = len(part["whole"]), len(part["digits"] or "")
        # As it is written, and halves up: programs show 0.285 as 29%.
        amount = Decimal(repr(value)) * (100 if part["percent"] else 1)
        amount = amount.quantize(Decimal(1).scaleb(-digits), context=_HALVES_UP)
        return f"{amount:0{whole + (digits and digits + 1)}.{digits}f}{part['percent'] or ''}"
    return _literal(part)


def _literal(part: re.Match[str]) -> str:
    return part["quoted"] or part["escaped"] or part["bare"] or ""
