"""Numbers, tables and paragraphs as lines of text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from unicodedata import east_asian_width

LINE = 96
"""How many columns a paragraph has."""
_BREAKABLE = r"[⺀-￯][、。，；：！？）”]*|[^\s⺀-￯]+[、。，；：！？）”]*\s*|\s+"
"""Not compiled before it is used: that takes longer than to print what most commands say."""

_UNSEEN = re.compile("[\x00-\x08\n-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves the cursor of a terminal, or turns the order of letters: a file's text could hide a verdict."""


def printable(line: str) -> str:
    """The line with all that is not seen as its number, `\\u001b`; JSON remains what it was."""
    if line.isascii() and line.isprintable():
        return line
    return _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", line)


def number(value: Any) -> str:
    """A number with six digits behind the point, as the article prints them; a text as it is."""
    return value if isinstance(value, str) else f"{value:.6f}"


def table(rows: Iterable[Sequence[str]], align: str = "ll") -> Iterator[str]:
    """Lines of aligned columns: "l" left, "r" right, columns past `align` right."""
    lines = list(rows)
    columns = max(map(len, lines), default=0)
    widths = [
        max((_width(line[col]) for line in lines if col < len(line)), default=0) for col in range(columns)
    ]
    for line in lines:
        cells = []
        for col, text in enumerate(line):
            space = " " * (widths[col] - _width(text))
            cells.append(space + text if align[col : col + 1] in ("r", "") else text + space)
        yield "  ".join(cells).rstrip()


def wrap(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` columns, broken at blanks and between Chinese letters."""
    line = ""
    for piece in re.findall(_BREAKABLE, text):
        if line and _width(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()


def _width(text: str) -> int:
    """Columns of a terminal: Chinese letters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
