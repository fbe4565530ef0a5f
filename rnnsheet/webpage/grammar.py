"""Our formulas read back: the text of a cell into a tree of calls, operators, references and constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rnnsheet.sheet.formula import column_number

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:E[+-]?\d+)?)
    |"(?P<text>(?:[^"]|"")*)"
    |(?:(?P<sheet>'[^']+'|[A-Za-z_]\w*)!)?(?P<cell>\$?[A-Z]{1,3}\$?\d+)(?::(?P<last>\$?[A-Z]{1,3}\$?\d+))?(?![\w(.])
    |(?P<call>[A-Za-z_][\w.]*)\(
    |(?P<sign><=|>=|<>|[-+*/&=<>(),]))""",
    re.VERBOSE,
)
_CELL = re.compile(r"(\$?)([A-Z]+)(\$?)(\d+)")
_LEVELS = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"))
"""The operators, those first that bind least."""


class UnknownFormulaError(ValueError):
    """A formula with something that our formulas have not had so far."""


@dataclass(frozen=True)
class Corner:
    """A cell as a formula names it; what is fixed stays when the formula fills."""

    row: int
    col: int
    row_fixed: bool
    col_fixed: bool


@dataclass(frozen=True)
class Reference:
    """One cell, or those from the first to the last; "" is the formula's own sheet."""

    sheet: str
    first: Corner
    last: Corner

    @property
    def is_cell(self) -> bool:
        """Whether it is one cell, wherever the formula is filled to."""
        return self.first == self.last


@dataclass(frozen=True)
class Constant:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True)
class Call:
    """A function, or an operator by its sign, with what it is given; "negative" is a minus before a term."""

    name: str
    given: tuple[Node, ...]


Node = Reference | Constant | Call


def parsed(text: str) -> Node:
    """The tree of a formula without its `=`. Raises UnknownFormulaError."""
    reader = _Reader(text)
    tree = reader.operators(0)
    if reader.sign is not None or reader.token is not None:
        raise UnknownFormulaError(text)
    return tree


def references(text: str) -> Iterator[tuple[str, Reference | None]]:
    """A formula in parts, in reading order: what stands before each reference, and it; None at the end."""
    end = 0
    for token in _tokens(text):
        if token["cell"]:
            yield text[end : token.start()], _reference(token)
            end = token.end()
    yield text[end:], None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    end = 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        if not token:
            raise UnknownFormulaError(f"{text[end:]!r} in {text}")
        yield token
        end = token.end()


def _reference(token: re.Match[str]) -> Reference:
    first = _corner(token["cell"])
    last = _corner(token["last"]) if token["last"] else first
    return Reference((token["sheet"] or "").strip("'"), first, last)


def _corner(text: str) -> Corner:
    found = _CELL.fullmatch(text)
    assert found  # noqa: S101
    return Corner(int(found[4]), column_number(found[2]), bool(found[3]), bool(found[1]))


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, text: str):
        self.text, self._rest = text, _tokens(text)
        self.token: re.Match[str] | None = None
        self._next()

    @property
    def sign(self) -> str | None:
        """The sign that comes next, if one does."""
        return self.token["sign"] if self.token else None

    def _next(self) -> None:
        self.token = next(self._rest, None)

    def operators(self, level: int) -> Node:
        """What operators of this level and those that bind more join, from left to right."""
        operand: Callable[[], Node] = self._term
        if level + 1 < len(_LEVELS):
            operand = lambda: self.operators(level + 1)  # noqa: E731
        left = operand()
        while (sign := self.sign) in _LEVELS[level]:
            self._next()
            left = Call(str(sign), (left, operand()))
        return left

    def _term(self) -> Node:
        token = self.token
        if token is None:
            raise UnknownFormulaError(self.text)
        self._next()
        if token["sign"] == "-":
            return Call("negative", (self._term(),))
        if token["sign"] == "(":
            inner = self.operators(0)
            self._close()
            return inner
        if token["call"]:
            return Call(token["call"].removeprefix("_xlfn."), self._given())
        if token["cell"]:
            return _reference(token)
        if token["number"]:
            return Constant(float(token["number"]))
        if token["text"] is not None:
            return Constant(token["text"].replace('""', '"'))
        raise UnknownFormulaError(self.text)

    def _given(self) -> tuple[Node, ...]:
        given = [self.operators(0)]
        while self.sign == ",":
            self._next()
            given.append(self.operators(0))
        self._close()
        return tuple(given)

    def _close(self) -> None:
        if self.sign != ")":
            raise UnknownFormulaError(self.text)
        self._next()
