"""A formula's tree as a JavaScript function of the cell it stands in: `(i, r, c) => value`.

`i` is the cell's place in the page's arrays, `r` and `c` its row and column. The functions that it calls
are those of engine.js.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnsheet.webpage.grammar import Call, Constant, Corner, Node, Reference, UnknownFormulaError


@dataclass(frozen=True)
class Grid:
    """Where a sheet's cells lie: that of row 0 and column 0 would be at `start`, the next row `width` on."""

    start: int
    width: int


NUMBER, TEXT, TRUTH, ANY = "number", "text", "truth", "any"


@dataclass(frozen=True)
class Code:
    """An expression and what it gives, as far as it is known."""

    text: str
    kind: str


@dataclass(frozen=True)
class _Range:
    """How engine.js is given an area: its first cell, rows, columns, and how far the next row is."""

    first: str
    rows: str
    cols: str
    width: int

    @property
    def given(self) -> str:
        return f"{self.first},{self.rows},{self.cols},{self.width}"


class Compiler:
    """Compiles the formulas that stand on one sheet, first of all in the cell (row, col)."""

    def __init__(self, grids: Mapping[str, Grid], sheet: str, row: int, col: int):
        self._grids, self._sheet, self._row, self._col = grids, sheet, row, col

    def function(self, tree: Node) -> str:
        """The function's text. Raises UnknownFormulaError where it has something that is not known."""
        return f"(i,r,c)=>{self._value(tree).text}"

    def _value(self, node: Node) -> Code:
        if isinstance(node, Constant):
            return Code(_literal(node.value), NUMBER if isinstance(node.value, float) else TEXT)
        if isinstance(node, Reference):
            return Code(f"v({self._cell(node)})", ANY)
        if node.name in _SIGNS:
            return self._operator(node)
        compile_call = _CALLS.get(node.name)
        if not compile_call:
            raise UnknownFormulaError(f"{node.name}()")
        return compile_call(self, node.given)

    def number(self, node: Node) -> str:
        """What is used of it in arithmetic."""
        if isinstance(node, Reference):
            return f"n({self._cell(node)})"
        code = self._value(node)
        return code.text if code.kind == NUMBER else f"num({code.text})"

    def text(self, node: Node) -> str:
        """What is used of it where texts are."""
        code = self._value(node)
        return code.text if code.kind == TEXT else f"str({code.text})"

    def truth(self, node: Node) -> str:
        """What is used of it as a condition."""
        code = self._value(node)
        return code.text if code.kind == TRUTH else f"truth({code.text})"

    def any(self, node: Node) -> Code:
        """Its value, whatever it is."""
        return self._value(node)

    def later(self, node: Node) -> str:
        """A function of it: what it raises is for its caller."""
        return f"()=>{self._value(node).text}"

    def cell(self, node: Node) -> str | None:
        """The place of a single cell, if it is one."""
        return self._cell(node) if isinstance(node, Reference) and node.is_cell else None

    def range(self, node: Node) -> _Range:
        """An area."""
        if not isinstance(node, Reference):
            raise UnknownFormulaError("an area was expected")
        first, last = node.first, node.last
        rows = self._distance(last.row, last.row_fixed, first.row, first.row_fixed, "r", self._row)
        cols = self._distance(last.col, last.col_fixed, first.col, first.col_fixed, "c", self._col)
        return _Range(self._place(node.sheet, first), rows, cols, self._grid(node.sheet).width)

    def _operator(self, node: Call) -> Code:
        if node.name == "negative":
            return Code(f"(-{self.number(node.given[0])})", NUMBER)
        left, right = node.given
        if node.name == "&":
            return Code(f"({self.text(left)}+{self.text(right)})", TEXT)
        if node.name == "/":
            return Code(f"div({self.number(left)},{self.number(right)})", NUMBER)
        if node.name in "+-*":
            return Code(f"({self.number(left)}{node.name}{self.number(right)})", NUMBER)
        sign = {"=": "===", "<>": "!=="}.get(node.name, node.name)
        both = self._value(left), self._value(right)
        if all(code.kind == NUMBER for code in both):
            return Code(f"({both[0].text}{sign}{both[1].text})", TRUTH)
        return Code(f"(cmp({both[0].text},{both[1].text}){sign}0)", TRUTH)

    def _grid(self, sheet: str) -> Grid:
        return self._grids[sheet or self._sheet]

    def _cell(self, node: Reference) -> str:
        if not node.is_cell:
            raise UnknownFormulaError("one cell was expected, not an area")
        return self._place(node.sheet, node.first)

    def _place(self, sheet: str, corner: Corner) -> str:
        grid, moving, constant = self._grid(sheet), [], 0
        own = not sheet or sheet == self._sheet
        row = corner.row if corner.row_fixed else corner.row - self._row
        col = corner.col if corner.col_fixed else corner.col - self._col
        constant = row * grid.width + col
        if own and not corner.row_fixed and not corner.col_fixed:
            moving = ["i"]
        else:
            constant += grid.start
            moving += [] if corner.row_fixed else [f"r*{grid.width}"]
            moving += [] if corner.col_fixed else ["c"]
        terms = [*moving, str(constant)] if constant or not moving else moving
        return "+".join(terms).replace("+-", "-")

    def _distance(
        self, last: int, last_fixed: bool, first: int, first_fixed: bool, name: str, at: int
    ) -> str:
        if last_fixed == first_fixed:
            return str(last - first + 1)
        return f"{last - first + 1 + (-1 if first_fixed else 1) * at}{'+' if first_fixed else '-'}{name}"


def _literal(value: float | str) -> str:
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    # A page's script must not have these signs as they are.
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")


_SIGNS = frozenset(("negative", "&", "/", "+", "-", "*", "=", "<>", "<", ">", "<=", ">="))
_Compile = Callable[[Compiler, tuple[Node, ...]], Code]


def _numbers(name: str) -> _Compile:
    """A function of numbers alone."""
    return lambda it, given: Code(f"{name}({','.join(map(it.number, given))})", NUMBER)


def _collected(one: str, many: str, start: str, joined: Callable[[list[str]], str]) -> _Compile:
    """A function of any cells and numbers, of which cells without a number are passed over."""

    def compiled(it: Compiler, given: tuple[Node, ...]) -> Code:
        parts = []
        for node in given:
            if (cell := it.cell(node)) is not None:
                parts.append(f"{one}({cell}{start})")
            elif isinstance(node, Reference):
                parts.append(f"{many}({it.range(node).given})")
            elif isinstance(node, Call) and node.name == "MMULT":
                parts.append(_matrix_product(it, node.given))
            else:
                parts.append(it.number(node))
        return Code(joined(parts), NUMBER)

    return compiled


def _matrix_product(it: Compiler, given: tuple[Node, ...]) -> str:
    """A row times a column."""
    row, column = map(it.range, given)
    if row.rows != "1" or column.cols != "1" or row.cols != column.rows:
        raise UnknownFormulaError("MMULT() of more than a row and a column")
    return f"dot({row.first},1,{column.first},{column.width},{row.cols})"


def _sumproduct(it: Compiler, given: tuple[Node, ...]) -> Code:
    left, right = map(it.range, given)
    return Code(f"sumproduct({left.given},{right.first},{right.width})", NUMBER)


def _if(it: Compiler, given: tuple[Node, ...]) -> Code:
    condition, yes, no = given
    both = it.any(yes), it.any(no)
    kind = both[0].kind if both[0].kind == both[1].kind else ANY
    return Code(f"({it.truth(condition)}?{both[0].text}:{both[1].text})", kind)


def _typed(name: str, kinds: str, gives: str) -> _Compile:
    """A function of texts ("t") and numbers ("n")."""

    def compiled(it: Compiler, given: tuple[Node, ...]) -> Code:
        if len(given) != len(kinds):
            raise UnknownFormulaError(f"{name}() of {len(given)}")
        told = [
            it.text(node) if kind == "t" else it.number(node) for node, kind in zip(given, kinds, strict=True)
        ]
        return Code(f"{name}({','.join(told)})", gives)

    return compiled


def _lazy(name: str, gives: str) -> _Compile:
    """A function that meets the errors of what it is given."""
    return lambda it, given: Code(f"{name}({','.join(map(it.later, given))})", gives)


def _isnumber(it: Compiler, given: tuple[Node, ...]) -> Code:
    if (cell := it.cell(given[0])) is not None:
        return Code(f"(K[{cell}]===1)", TRUTH)
    return Code(f"isnumber({it.later(given[0])})", TRUTH)


def _match(it: Compiler, given: tuple[Node, ...]) -> Code:
    if given[2] != Constant(0.0):
        raise UnknownFormulaError("MATCH() of another kind than 0")
    return Code(f"match({it.any(given[0]).text},{it.range(given[1]).given})", NUMBER)


def _index(it: Compiler, given: tuple[Node, ...]) -> Code:
    return Code(f"index({it.range(given[0]).given},{','.join(map(it.number, given[1:]))})", ANY)


def _choose(it: Compiler, given: tuple[Node, ...]) -> Code:
    return Code(f"choose({it.number(given[0])},{','.join(map(it.later, given[1:]))})", ANY)


def _countif(it: Compiler, given: tuple[Node, ...]) -> Code:
    return Code(f"countif({it.any(given[1]).text},{it.range(given[0]).given})", NUMBER)


def _large(it: Compiler, given: tuple[Node, ...]) -> Code:
    return Code(f"large({it.range(given[0]).given},{it.number(given[1])})", NUMBER)


def _truths(sign: str) -> _Compile:
    return lambda it, given: Code(f"!!({sign.join(map(it.truth, given))})", TRUTH)


def _called(name: str) -> Callable[[list[str]], str]:
    return lambda parts: f"{name}({','.join(parts)})"


_CALLS: dict[str, _Compile] = {
    "ABS": _numbers("Math.abs"),
    "AND": _truths("&"),
    "AVERAGE": lambda it, given: Code(
        f"div({_CALLS['SUM'](it, given).text},{_CALLS['COUNT'](it, given).text})", NUMBER
    ),
    "CHAR": _typed("String.fromCharCode", "n", TEXT),
    "CHOOSE": _choose,
    "COUNT": _collected("counted", "count", "", lambda parts: f"({'+'.join(parts)})"),
    "COUNTIF": _countif,
    "EXACT": lambda it, given: Code(f"({it.text(given[0])}==={it.text(given[1])})", TRUTH),
    "EXP": _numbers("exp"),
    "FIND": lambda it, given: _typed("find", "ttn"[: len(given)], NUMBER)(it, given),
    "IF": _if,
    "IFERROR": _lazy("iferror", ANY),
    "INDEX": _index,
    "INT": _numbers("Math.floor"),
    "ISERROR": _lazy("iserror", TRUTH),
    "ISNUMBER": _isnumber,
    "LARGE": _large,
    "LEFT": lambda it, given: Code(f"mid({it.text(given[0])},1,{it.number(given[1])})", TEXT),
    "LEN": _typed("len", "t", NUMBER),
    "LN": _numbers("ln"),
    "LOWER": lambda it, given: Code(f"{it.text(given[0])}.toLowerCase()", TEXT),
    "MATCH": _match,
    "MAX": _collected("among", "max", ",-1/0", lambda parts: f"some(Math.max({','.join(parts)}))"),
    "MID": _typed("mid", "tnn", TEXT),
    "MIN": _collected("among", "min", ",1/0", lambda parts: f"some(Math.min({','.join(parts)}))"),
    "MOD": _numbers("mod"),
    "OR": _truths("|"),
    "REPT": lambda it, given: Code(f"{it.text(given[0])}.repeat({it.number(given[1])})", TEXT),
    "SQRT": _numbers("sqrt"),
    "SUBSTITUTE": lambda it, given: _typed("substitute", "tttn"[: len(given)], TEXT)(it, given),
    "SUM": _collected("among", "sum", ",0", lambda parts: f"({'+'.join(parts)})"),
    "SUMPRODUCT": _sumproduct,
    "TANH": _numbers("Math.tanh"),
    "TRIM": _typed("trim", "t", TEXT),
    "UNICODE": _typed("unicode", "t", NUMBER),
}
"""How each function is compiled. What stands in none of them is no formula of ours."""
