"""How programs spell one formula: its tokens, in one spelling."""

import re
from collections.abc import Iterator
from itertools import chain, zip_longest
from string import ascii_lowercase, ascii_uppercase

_TOKEN = re.compile(
    r"""
    (?P<text> "(?:[^"]|"")*" )
    | '(?P<quoted> (?:[^']|'')* )'! | (?P<apostrophes> '(?:[^']|'')*' )
    | (?P<sheet> (?:[A-Z_]|[^\x00-\x7f]) (?:[\w.]|[^\x00-\x7f])* )!
    | (?P<number> (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:E[+-]?[0-9]+)?(?![\w.]) )
    | (?P<word> [\w.$\\]+ ) | (?P<foreign> [^\x00-\x7f] (?:[\w.]|[^\x00-\x7f])* )
    | (?P<blank> [ \t\r\n]+ )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE | re.DOTALL,
)
"""In ASCII: ſ and ı are no letters of a function, and a blank of another width is none.

Apostrophes without a sign behind them are one token, and so are other letters: nothing is looked for behind
each of many.
"""
_OPERAND = ("text", "quoted", "sheet", "number", "word")


def same(one: str, other: str) -> bool:
    """Whether two formulas are one, in whatever spelling.

    Programs differ in blanks, in case, in quotes around sheet names, and in the digits of 1E-300. A formula
    is read no further than it is the same: a stranger's may be long.
    """
    return all(mine == theirs for mine, theirs in zip_longest(_normal(one), _normal(other)))


def _normal(formula: str) -> Iterator[str]:
    """The formula's tokens in one spelling."""
    tokens = ((found.lastgroup or "", found[found.lastgroup or 0]) for found in _TOKEN.finditer(formula))
    end = ("sign", "")
    before, here = end, next(tokens, end)
    for after in chain(tokens, (end,)):
        # A blank between two operands is an operator.
        if here[0] != "blank" or (_meets(before, ")") and _meets(after, "(")):
            yield _spelled(*here)
        before, here = here, after


def _meets(token: tuple[str, str], parenthesis: str) -> bool:
    """Whether an operand ends, or begins, with a token."""
    return token[0] in _OPERAND or token[1] == parenthesis


def _spelled(kind: str, text: str) -> str:
    if kind == "number":
        return repr(float(text))
    if kind == "blank":
        return " "
    if kind == "text":
        return text
    # Not `upper`: it makes S of ſ.
    return text.translate(_CAPITALS) + ("!" if kind in ("quoted", "sheet") else "")


_CAPITALS = str.maketrans(ascii_lowercase, ascii_uppercase)
