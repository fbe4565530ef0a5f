"""Writes equations of one time step below each other, each with its operands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rnnsheet.equations.expr import At, Expr, Leaf, Next, Operation, Parameter, Previous, Value
from rnnsheet.equations.notation import pieces, symbol, symbols
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import short
from rnnsheet.sheet.layout_context import is_tall
from rnnsheet.sheet.page_builder import CHOICES, SPAN, Page
from rnnsheet.sheet.plan import Area, Block

FIRST = 2
"""The first column of operands; left of it nothing stands but headings."""
ANSWER = FIRST + 3
"""Where a letter stands that has its caption left of it."""

_Between = tuple[int, str, Area | None]
"""In a column a sign, or a symbol of what stands in an area elsewhere."""


class Teller:
    """Writes one derivation below the other."""

    def __init__(
        self, page: Page, network: Recurrence, inputs: Mapping[str, Block], over_time: Mapping[str, Block]
    ):
        self.page, self.network, self.inputs, self.over_time = page, network, inputs, over_time
        self.row = 4
        self.told: dict[tuple[str, int], Block] = {}
        """The blocks computed on this sheet, by name and time step."""
        self.letters: dict[str, Block] = {}
        """Per sequence the letter that is read."""
        self.places: dict[str, Block] = {}
        """Per sequence the number of its row in a large vocabulary."""
        self._picks: dict[str, tuple[str, str]] = {}
        """By the name of a column that is picked, of which weight it is, and the sequence that picks it."""
        self._equation: Equation | None = None
        """The one that is told."""
        self.scope: dict[Leaf, Area] = {
            parameter: inputs[name].area for name, parameter in network.parameters.items()
        }

    def reads(self, sequence: str, time: int, caption: str) -> None:
        """A line that says what is read at a time step, and of a large vocabulary in which row it stands."""
        letter = self.network.equations.get(on_sequence("letter", sequence))
        if sequence == STATIC or letter is None:
            return
        self.page.text(self.row, FIRST, caption, "small")
        read = self.at_time(letter.name, time, self.row, ANSWER, "given")
        self.scope[letter.value] = read.area
        self.letters[sequence] = read
        place = on_sequence("place", sequence)
        if place in self.over_time:
            self.page.text(self.row, ANSWER + 1, self.page.labels("steps.place"), "small")
            self.places[sequence] = self.at_time(place, time, self.row, ANSWER + 3, "label")
            self.row += 1
            self.page.text(self.row, FIRST, self.page.labels("steps.picks"), "small")

    def derivation(self, equation: Equation, time: int) -> None:
        """Blocks in a line: operands with the signs between them, =, the result; a wide one goes on below."""
        self._equation = equation = replace(equation, expr=self._with_picked(equation.expr))
        in_order = self._reading_order(equation)
        columns = any(map(self._has_columns, in_order))
        top, col, tallest = self.row + 1 + columns, FIRST, 1
        signs: list[_Between] = []
        for piece in in_order:
            if isinstance(piece, str):
                if col > SPAN and piece.strip().startswith("+"):
                    self._signs(signs, top, tallest)
                    top, col, tallest, signs = top + tallest + 1 + columns, FIRST, 1, []
                signs.append((col, piece, None))
                col += 1
            elif area := self._elsewhere(piece, time):
                self.scope[piece] = area
                signs.append((col, self._symbol(piece), area))
                col += 1
            else:
                col = self._labelled(piece, time, top, col, columns)
                tallest = max(tallest, self.scope[piece].rows)
        tallest = max(tallest, equation.value.rows.size)
        self._signs([*signs, (col, "=", None)], top, tallest)
        self.page.text(top - 1 - columns, col + 2, self._symbol(equation.value), "symbol")
        self._result(equation, time, top, col + 2)
        self.row = top + 1 + tallest

    def answer(self, equation: Equation, time: int) -> None:
        """One line: what the answer is called, and the answer."""
        told = short(f"{symbol(equation.value)} = {symbols(equation.expr)}", equation)
        self.page.text(self.row, FIRST, told, "symbol")
        for leaf in equation.expr.operands if isinstance(equation.expr, Operation) else ():
            if isinstance(leaf, At):
                self.scope[leaf] = self.over_time[leaf.name].area.column(leaf.step - 1)
        self._result(equation, time, self.row, ANSWER)
        self.row += 1

    def at_time(self, name: str, time: int, row: int, col: int, style: str = "link") -> Block:
        """What is computed over time, at a time step."""
        return self.page.link(self.over_time[name], row, col, time - 1, 1, style)

    def operand(self, leaf: Leaf, time: int, row: int, col: int) -> Block:
        """A leaf of an equation of a time step: computed above, or where it stands."""
        if isinstance(leaf, Parameter):
            return self.page.link(self.inputs[leaf.name], row, col, style="weight")
        time += {Previous: -1, Next: 1}.get(type(leaf), 0)
        if isinstance(leaf, At):
            time = leaf.step
        elif not 1 <= time <= self.network.steps(leaf.name):
            beyond = self.network.beyond(leaf.name)
            assert beyond is not None  # noqa: S101
            if isinstance(beyond, At):
                return self.operand(beyond, time, row, col)
            return self.page.link(self.inputs[beyond.name], row, col)
        if (leaf.name, time) in self.told:
            return self.page.link(self.told[leaf.name, time], row, col)
        return self.at_time(leaf.name, time, row, col)

    def _with_picked(self, expr: Expr) -> Expr:
        """The same with the column that a tall one-hot column picks, in the place of the product with it."""
        if not isinstance(expr, Operation):
            return expr
        if expr.rule == "matvec":
            weight, read = expr.operands
            assert isinstance(weight, Parameter)  # noqa: S101
            one_hot = {on_sequence("x", sequence): sequence for sequence in self.places}
            if not isinstance(read, Value) or read.name not in one_hot:
                return expr
            picked = Value(f"{weight.name}·{read.name}", weight.rows)
            self._picks[picked.name] = weight.name, one_hot[read.name]
            return picked
        return replace(expr, operands=tuple(map(self._with_picked, expr.operands)))

    def _has_columns(self, piece: str | Leaf) -> bool:
        """Whether labels stand above the columns of an operand."""
        if isinstance(piece, Parameter):
            return piece.cols.name != "one" and not _is_wide(piece)
        return self._is_picked(piece)

    def _is_picked(self, piece: str | Leaf) -> bool:
        return isinstance(piece, Value) and piece.name in self._picks

    def _reading_order(self, equation: Equation) -> list[str | Leaf]:
        """The right side's signs and leaves; a leaf's second mention is part of the sign around it."""
        found: list[str | Leaf] = []
        for piece in pieces(equation.expr):
            text = piece if isinstance(piece, str) else self._symbol(piece) if piece in found else ""
            if not text:
                if piece:
                    found.append(piece)
            elif found and isinstance(found[-1], str):
                found[-1] += text
            else:
                found.append(text)
        return found

    def _symbol(self, leaf: Leaf) -> str:
        return short(symbol(leaf), self._equation) if self._equation else symbol(leaf)

    def _signs(self, signs: Sequence[_Between], top: int, rows: int) -> None:
        """Signs in the middle of the matrices that they join, and links to those that stand elsewhere."""
        middle = top + (rows - 1) // 2
        for col, text, area in signs:
            if area is None:
                self.page.text(middle, col, text, "sign")
            else:
                self.page.text(middle, col, text, "link_text", link=area.sheet, at=area.part().a1)

    def _labelled(self, leaf: Leaf, time: int, top: int, col: int, columns: bool) -> int:
        """An operand under its symbol, its rows and columns labelled; the next free column."""
        if leaf.rows.name != "one":
            self.page.row_labels(leaf.rows, top, col, self.inputs)
            col += 1
        self.page.text(top - 1 - columns, col, self._symbol(leaf), "symbol")
        if isinstance(leaf, Parameter):
            self.page.column_labels(leaf.cols, top - 1, col, self.inputs)
        write = self._picked if self._is_picked(leaf) else self.operand
        operand = write(leaf, time, top, col)
        self.scope[leaf] = operand.area
        return col + operand.area.cols

    def _picked(self, leaf: Leaf, time: int, row: int, col: int) -> Block:
        """The column of a weight that belongs to the letter that is read, under the letter."""
        weight, sequence = self._picks[leaf.name]
        place = self.places[sequence].area.fixed
        self.page.link(self.letters[sequence], row - 1, col, style="label")
        source = self.inputs[weight].area
        found = f"INDEX({self.page.reference(source)}:{source.part(0, source.cols - 1).a1},1,{place})"
        text = f"IF({place}=0,0,IF(ISNUMBER({found}),{found},0))"
        area = self.page.area(row, col, source.rows)
        return self.page.formula(leaf.name, area, text, "weight", trace=leaf.name, time=time, form="number")

    def _elsewhere(self, leaf: Leaf, time: int) -> Area | None:
        """Where a tall column or a wide weight stands, which is not shown again; None for others."""
        if isinstance(leaf, Parameter):
            return self.inputs[leaf.name].area if _is_wide(leaf) else None
        equation = self.network.equations.get(leaf.name)
        if not isinstance(leaf, Value) or equation is None or not is_tall(equation):
            return None
        if (leaf.name, time) in self.told:
            return self.told[leaf.name, time].area
        return self.over_time[leaf.name].area.column(time - 1)

    def _result(self, equation: Equation, time: int, row: int, col: int) -> None:
        rows = equation.value.rows
        labels = self.page.row_labels(rows, row, col - 1, self.inputs)
        if rows.name in CHOICES and CHOICES[rows.name] in self.network.parameters:
            self.scope[self.network.parameters[CHOICES[rows.name]]] = labels
        block = self.page.equation(equation, row, col, 1, time, self.scope)
        self.told[equation.name, time] = block
        self.scope[equation.value] = block.area
        self.page.mark(block, equation.base)


def _is_wide(weight: Parameter) -> bool:
    return weight.cols.size > SPAN
