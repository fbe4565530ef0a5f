"""A formula as Excel reads it: functions, arguments, the shape of what it gives, what Excel would refuse."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384

ALL = None
"""Every argument may be a range or an array."""

# Per function the least and the most arguments, and which of them may be ranges; another one is taken to
# be a single value: where it is a range, Excel puts an @ before it and uses one cell of it.
FUNCTIONS: dict[str, tuple[int, int, tuple[int, ...] | None]] = {
    **dict.fromkeys(
        ("SUM", "MIN", "MAX", "AND", "OR", "COUNT", "COUNTA", "AVERAGE", "SUMPRODUCT"), (1, 255, ALL)
    ),
    **dict.fromkeys(("ABS", "SQRT", "EXP", "LN", "TANH", "INT", "ISNUMBER", "ISERROR"), (1, 1, ())),
    **dict.fromkeys(("LEN", "TRIM", "LOWER", "CODE", "CHAR", "N", "_xlfn.UNICODE"), (1, 1, ())),
    **dict.fromkeys(("MOD", "ROUND", "REPT", "EXACT", "TEXT", "IFERROR"), (2, 2, ())),
    **dict.fromkeys(("IF", "FIND"), (2, 3, ())),
    "LEFT": (1, 2, ()),
    "MID": (3, 3, ()),
    "SUBSTITUTE": (3, 4, ()),
    "CHOOSE": (2, 255, ()),
    "INDEX": (3, 3, (0,)),
    "MATCH": (3, 3, (1,)),
    "COUNTIF": (2, 2, (0,)),
    "LARGE": (2, 2, (0,)),
    "SUMIF": (2, 3, (0, 2)),
    "MMULT": (2, 2, ALL),
    "TRANSPOSE": (1, 1, ALL),
}
"""What our formulas may use, because every spreadsheet program agrees on it."""

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")
    | (?P<error>\#[A-Z/0]+[!?]?)
    | (?P<sheet>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)
    | (?P<cell>\$?[A-Z]{1,3}\$?\d+(?![\w.(]))
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?)
    | (?P<function>[A-Z_][\w.]*\()
    | (?P<name>[^\W\d][\w.\\?]*)
    | (?P<sign><=|>=|<>|[-+*/^&=<>%:,()])
    | (?P<blank>[ \n]+)""",
    re.VERBOSE,
)
_CELL = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")
_BINARY = ("=", "<", ">", "<=", ">=", "<>"), ("&",), ("+", "-"), ("*", "/"), ("^",)
"""From the signs that bind least to those that bind most."""
_LEVELS = {("sign", sign): level for level, signs in enumerate(_BINARY) for sign in signs}


class RefusedError(Exception):
    """What is wrong with a formula."""


def column_number(letters: str) -> int:
    """The column's number from 1: AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


@dataclass(frozen=True)
class Area:
    """A rectangle of cells; `fixed`: whether first column, first row, last column, last row have a $."""

    left: int
    top: int
    right: int
    bottom: int
    sheet: str = ""
    fixed: tuple[bool, bool, bool, bool] = (True, True, True, True)

    @property
    def inside(self) -> bool:
        """Whether there are such cells on a worksheet."""
        return 1 <= self.left <= self.right <= LAST_COLUMN and 1 <= self.top <= self.bottom <= LAST_ROW

    @property
    def size(self) -> tuple[int, int]:
        """Its rows and columns."""
        return self.bottom - self.top + 1, self.right - self.left + 1

    def meets(self, other: "Area") -> bool:
        """Whether they share a cell."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )


@cache
def area(text: str, sheet: str = "") -> Area:
    """The cells that `B2`, `$B$2:C$7`, columns `A:C` or rows `1:3` mean. Raises RefusedError for others."""
    first, _, last = text.partition(":")
    corners = []
    for corner, row, col in ((first, 1, 1), (last or first, LAST_ROW, LAST_COLUMN)):
        found = re.fullmatch(r"(\$?)([A-Z]{0,3})(\$?)(\d*)", corner)
        if not found or not (found[2] or found[4]):
            raise RefusedError(f"{text} is no reference")
        letters, digits = found[2], found[4]
        corners.append((column_number(letters) if letters else col, int(digits) if digits else row))
        corners.append((bool(found[1]), bool(found[3] or (found[1] and not letters))))
    (left, top), fixed_first, (right, bottom), fixed_last = corners
    return Area(int(left), int(top), int(right), int(bottom), sheet, (*fixed_first, *fixed_last))


@dataclass(frozen=True)
class Value:
    """What a part of a formula gives: so many rows and columns of a reference, or of an array."""

    rows: int = 1
    cols: int = 1
    array: bool = False
    literal: str = ""

    @property
    def single(self) -> bool:
        return self.rows == self.cols == 1


@dataclass
class Formula:
    """A formula without its `=`. Raises RefusedError where Excel could not read it."""

    text: str
    areas: list[Area] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    """Where Excel would put an @ before what it takes one cell of, or finds shapes that do not fit."""
    size: int = 0
    """The bytes that it takes in Excel's memory, about. Source: [MS-XLSB], 2.2.2 and 2.5.97."""
    depth: int = 0
    """How many functions stand in each other."""

    def __post_init__(self) -> None:
        self._tokens = [*self._split()]
        self._at = 0
        self._single(self._binary(0, 0))
        if self._tokens[self._at][0] != "end":
            raise RefusedError(f"{self._tokens[self._at][1]!r} is not expected in {self.text}")

    def _split(self) -> Iterator[tuple[str, str]]:
        end = 0
        while end < len(self.text):
            found = _TOKEN.match(self.text, end)
            if not found:
                raise RefusedError(f"{self.text[end:]!r} is no part of a formula")
            if found.lastgroup != "blank":
                yield str(found.lastgroup), found[0]
            end = found.end()
        yield "end", ""

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += token[0] != "end"
        return token

    def _is(self, *signs: str) -> bool:
        return self._tokens[self._at][1] in signs and self._tokens[self._at][0] in ("sign", "end")

    def _binary(self, level: int, depth: int) -> Value:
        value = self._signed(depth)
        while (own := _LEVELS.get(self._tokens[self._at], -1)) >= level:
            self._next()
            self.size += 1
            self._single(value)
            value = Value()
            self._single(self._binary(own + 1, depth))
        return value

    def _signed(self, depth: int) -> Value:
        if self._is("+", "-"):
            self._next()
            self.size += 1
            self._single(self._signed(depth))
            return Value()
        value = self._atom(depth)
        while self._is("%"):
            self._next()
            self._single(value)
            value = Value()
        return value

    def _atom(self, depth: int) -> Value:
        kind, text = self._next()
        if kind in ("sheet", "cell"):
            return self._reference(kind, text)
        if kind == "function":
            return self._call(text[:-1], depth + 1)
        if kind == "name":
            self.names.append(text)
            return Value()
        if kind == "text":
            self.size += 3 + 2 * len(text)
            if len(text[1:-1].replace('""', '"')) > 255:
                raise RefusedError("a text in a formula has 255 letters at most")
            return Value(literal=text)
        if kind in ("number", "error"):
            self.size += 9
            return Value(literal=text)
        if text == "(":
            self.size += 1
            value = self._binary(0, depth)
            self._close()
            return value
        raise RefusedError(f"{text or 'the end'!r} is not expected in {self.text}")

    def _reference(self, kind: str, text: str) -> Value:
        sheet = text[:-1].strip("'").replace("''", "'") if kind == "sheet" else ""
        cells = self._next()[1] if kind == "sheet" else text
        if self._is(":"):
            self._next()
            cells += ":" + (self._next()[1] or "nothing")
        found = area(cells, sheet)
        self.areas.append(found)
        self.size += (7 if found.size == (1, 1) else 13) + (2 if sheet else 0)
        return Value(*found.size)

    def _call(self, name: str, depth: int) -> Value:
        self.functions.append(name)
        self.depth = max(self.depth, depth)
        self.size += 4
        arguments: list[Value] = []
        while not self._is(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._binary(0, depth))
        self._close()
        if name not in FUNCTIONS:
            return Value()
        least, most, takes = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise RefusedError(f"{name} has {len(arguments)} arguments")
        for index, argument in enumerate(arguments):
            if takes is not ALL and index not in takes:
                self._single(argument)
        return _SHAPES.get(name, _one)(self, arguments)

    def _expect(self, sign: str) -> None:
        if not self._is(sign):
            raise RefusedError(f"{self._tokens[self._at][1] or 'the end'!r} is not expected in {self.text}")
        self._next()

    def _close(self) -> None:
        self._expect(")")

    def _single(self, value: Value) -> None:
        """A place for one value: neither for several cells nor for an array."""
        if value.array or not value.single:
            self.marks.append(f"{value.rows}×{value.cols} where one value is wanted")


def _one(_: Formula, arguments: list[Value]) -> Value:
    return Value()


def _same_shape(formula: Formula, arguments: list[Value]) -> Value:
    if len({(each.rows, each.cols) for each in arguments}) > 1:
        formula.marks.append("SUMPRODUCT of different shapes")
    return Value()


def _product(formula: Formula, arguments: list[Value]) -> Value:
    left, right = arguments
    if left.cols != right.rows:
        formula.marks.append("MMULT of shapes that do not fit")
    return Value(left.rows, right.cols, array=True)


def _turned(_: Formula, arguments: list[Value]) -> Value:
    return Value(arguments[0].cols, arguments[0].rows, array=True)


def _chosen(formula: Formula, arguments: list[Value]) -> Value:
    """INDEX with 0 is a whole row or column."""
    table, row, col = arguments
    return Value(table.rows if row.literal == "0" else 1, table.cols if col.literal == "0" else 1)


_SHAPES: dict[str, Callable[[Formula, list[Value]], Value]] = {
    "SUMPRODUCT": _same_shape,
    "MMULT": _product,
    "TRANSPOSE": _turned,
    "INDEX": _chosen,
}


@cache
def read(text: str) -> Formula | RefusedError:
    """A formula, or why it is none."""
    try:
        return Formula(text)
    except RefusedError as error:
        return error
