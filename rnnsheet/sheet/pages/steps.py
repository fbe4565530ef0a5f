"""The worksheet that tells the computation step by step, each with its operands beside it."""

from collections.abc import Mapping, Sequence

from rnnsheet.equations.expr import At, Expr, Leaf, Next, Operation, Parameter, Previous, Value
from rnnsheet.equations.notation import pieces, symbol, symbols
from rnnsheet.equations.recurrence import Equation, Recurrence, WalkStep, walkthrough
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import meaning, unit
from rnnsheet.sheet.layout_context import Context, is_tall
from rnnsheet.sheet.page_builder import CHOICES, SPAN, Page, number_width
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.time_layout import FIRST_SHEET

NAME = "Steps"
_MARGIN, _FIRST = 1, 2
_ANSWER = _FIRST + 3
"""Where a letter stands that has its caption left of it."""
_MOST_TOLD = 3
"""A heading tells what each of so many values means; of more it has no room."""


def place(context: Context) -> Page:
    """The sheet; its operands are links to the inputs, to `x` over time, and to earlier steps."""
    lesson, network, labels = context.lesson, context.network, context.labels
    page = Page(NAME, labels)
    page.sheet.widths, page.sheet.width = {_MARGIN: 4}, number_width(context.digits)
    page.sheet.frozen = (1, 0)
    page.title(labels("steps.title"), labels("steps.about"))
    page.back(FIRST_SHEET)
    teller = _Teller(page, network, context.inputs, context.over_time)
    for step in walkthrough(network):
        teller.tell(step, explanation(step, lesson, network, labels))
    return page


def explanation(step: WalkStep, lesson: LessonData, network: Recurrence, labels: Labels) -> str:
    """A step in a paragraph: of each equation what it says, then the lesson's own notes."""
    told = "again." if step.again else ""
    texts = []
    for equation in step.equations:
        cell = equation.layer.kind.replace("-", "_") if equation.layer else ""
        of_cell = f"{cell}." if equation.part == "cell" else ""
        units = {"unit": unit(equation, network, labels)}
        key = f"walk.{told}{of_cell}{equation.base}"
        found = (labels.get(f"{key}{tail}") for tail in (*_tails(equation, network), ""))
        texts.append(next((text for text in found if text), "").format(**units))
        if not step.again:
            texts += _broadcasts(equation.expr, labels)
            texts.append(lesson.notes.get(equation.name, {}).get(labels.language, ""))
    return labels("steps.join").join(text for text in texts if text)


def _tails(equation: Equation, network: Recurrence) -> tuple[str, ...]:
    """What the key of a text may end with: the operation; where no text is read but another layer."""
    rule = f"_{equation.expr.rule}" if isinstance(equation.expr, Operation) else ""
    reads_text = any(
        network.equations[name].base == "x" for name in equation.values if name in network.equations
    )
    return (rule,) if reads_text else (rule, "_above")


def heading(step: WalkStep, network: Recurrence, labels: Labels) -> str:
    """A step's number and what it computes."""
    equations = [equation for equation in step.equations if equation.part != "answer"]
    told = [symbol(equation.value) for equation in equations]
    if len(equations) <= _MOST_TOLD:
        meanings = [meaning(equation, network, labels) for equation in equations]
        told = [labels("steps.what", name=n, meaning=m) for n, m in zip(told, meanings, strict=True)]
    return labels("steps.step", number=step.number, what=labels("steps.and").join(told))


class _Teller:
    """Writes one step below the other."""

    def __init__(
        self, page: Page, network: Recurrence, inputs: Mapping[str, Block], over_time: Mapping[str, Block]
    ):
        self.page, self.network, self.inputs, self.over_time = page, network, inputs, over_time
        self.row = 4
        self.told: dict[tuple[str, int], Block] = {}
        """The blocks computed on this sheet, by name and time step."""
        self.scope: dict[Leaf, Area] = {
            parameter: inputs[name].area for name, parameter in network.parameters.items()
        }

    def tell(self, step: WalkStep, explained: str) -> None:
        labels, sequence = self.page.labels, step.equations[0].sequence
        self.page.sheet.sections.append(self.row)
        self.page.text(self.row, _MARGIN, heading(step, self.network, labels), "heading", SPAN)
        letter = self.network.equations.get(on_sequence("letter", sequence))
        if sequence != STATIC and letter:
            self.page.text(
                self.row + 1,
                _FIRST,
                labels("steps.reads", time=step.time, unit=labels(f"unit.{_reads(letter, self.network)}")),
                "small",
            )
            read = self.page.link(
                self.over_time[letter.name], self.row + 1, _ANSWER, step.time - 1, 1, "given"
            )
            self.scope[letter.value] = read.area
        self.page.text(self.row + 2, _FIRST, explained, "about", SPAN - 1)
        self.row += 3
        for equation in step.equations:
            if equation.part == "answer":
                self._answer(equation, step.time)
            else:
                self._derivation(equation, step.time)
        self.row += 1

    def _derivation(self, equation: Equation, time: int) -> None:
        """Blocks in a line: operands with the signs between them, =, the result; a wide one goes on below."""
        pieces = _reading_order(equation)
        columns = any(isinstance(piece, Parameter) and piece.cols.name != "one" for piece in pieces)
        top, col, tallest = self.row + 1 + columns, _FIRST, 1
        signs: list[tuple[int, str]] = []
        for piece in pieces:
            if isinstance(piece, str):
                if col > SPAN and piece.strip().startswith("+"):
                    self._signs(signs, top, tallest)
                    top, col, tallest, signs = top + tallest + 1 + columns, _FIRST, 1, []
                signs.append((col, piece))
                col += 1
            elif area := self._elsewhere(piece, time):
                self.scope[piece] = area
                middle = top + (tallest - 1) // 2
                self.page.text(middle, col, symbol(piece), "link_text", link=area.sheet, at=area.row)
                col += 1
            else:
                col = self._labelled(piece, time, top, col, columns)
                tallest = max(tallest, self.scope[piece].rows)
        tallest = max(tallest, equation.value.rows.size)
        self._signs([*signs, (col, "=")], top, tallest)
        self.page.text(top - 1 - columns, col + 2, symbol(equation.value), "symbol")
        self._result(equation, time, top, col + 2)
        self.row = top + 1 + tallest

    def _signs(self, signs: Sequence[tuple[int, str]], top: int, rows: int) -> None:
        """Signs in the middle of the matrices that they join."""
        for col, text in signs:
            self.page.text(top + (rows - 1) // 2, col, text, "sign")

    def _labelled(self, leaf: Leaf, time: int, top: int, col: int, columns: bool) -> int:
        """An operand under its symbol, its rows and columns labelled; the next free column."""
        if leaf.rows.name != "one":
            self.page.row_labels(leaf.rows, top, col, self.inputs)
            col += 1
        self.page.text(top - 1 - columns, col, symbol(leaf), "symbol")
        if isinstance(leaf, Parameter):
            self.page.column_labels(leaf.cols, top - 1, col, self.inputs)
        self.scope[leaf] = self._operand(leaf, time, top, col).area
        return col + self.scope[leaf].cols

    def _elsewhere(self, leaf: Leaf, time: int) -> Area | None:
        """Where a tall column stands, which is not shown again; None for others."""
        equation = self.network.equations.get(leaf.name)
        if not isinstance(leaf, Value) or equation is None or not is_tall(equation):
            return None
        if (leaf.name, time) in self.told:
            return self.told[leaf.name, time].area
        return self.over_time[leaf.name].area.column(time - 1)

    def _answer(self, equation: Equation, time: int) -> None:
        """One line: what the answer is called, and the answer."""
        self.page.text(self.row, _FIRST, f"{symbol(equation.value)} = {symbols(equation.expr)}", "symbol")
        for leaf in equation.expr.operands if isinstance(equation.expr, Operation) else ():
            if isinstance(leaf, At):
                self.scope[leaf] = self.over_time[leaf.name].area.column(leaf.step - 1)
        self._result(equation, time, self.row, _ANSWER)
        self.row += 1

    def _operand(self, leaf: Leaf, time: int, row: int, col: int) -> Block:
        if isinstance(leaf, Parameter):
            return self.page.link(self.inputs[leaf.name], row, col, style="weight")
        time += {Previous: -1, Next: 1}.get(type(leaf), 0)
        if isinstance(leaf, At):
            time = leaf.step
        elif not 1 <= time <= self.network.steps(leaf.name):
            beyond = self.network.beyond(leaf.name)
            assert beyond is not None  # noqa: S101
            if isinstance(beyond, At):
                return self._operand(beyond, time, row, col)
            return self.page.link(self.inputs[beyond.name], row, col)
        if (leaf.name, time) in self.told:
            return self.page.link(self.told[leaf.name, time], row, col)
        return self.page.link(self.over_time[leaf.name], row, col, time - 1, 1)

    def _result(self, equation: Equation, time: int, row: int, col: int) -> None:
        rows = equation.value.rows
        labels = self.page.row_labels(rows, row, col - 1, self.inputs)
        if rows.name in CHOICES and CHOICES[rows.name] in self.network.parameters:
            self.scope[self.network.parameters[CHOICES[rows.name]]] = labels
        block = self.page.equation(equation, row, col, 1, time, self.scope)
        self.told[equation.name, time] = block
        self.scope[equation.value] = block.area
        self.page.mark(block, equation.base)


def _reads(letter: Equation, network: Recurrence) -> str:
    return "word" if network.split == "words" or letter.sequence == "answer" else "letter"


def _reading_order(equation: Equation) -> list[str | Leaf]:
    """The right side's signs and leaves; a leaf's second mention is part of the sign around it."""
    found: list[str | Leaf] = []
    for piece in pieces(equation.expr):
        text = piece if isinstance(piece, str) else symbol(piece) if piece in found else ""
        if not text:
            if piece:
                found.append(piece)
        elif found and isinstance(found[-1], str):
            found[-1] += text
        else:
            found.append(text)
    return found


def _broadcasts(expr: Expr, labels: Labels) -> list[str]:
    """Of each one number that stands for a whole column: why it is broadcast."""
    if not isinstance(expr, Operation):
        return []
    texts = [text for operand in expr.operands for text in _broadcasts(operand, labels)]
    number = expr.operands[0]
    if expr.rule in ("scale", "spread") and isinstance(number, Parameter):
        texts.append(labels(f"walk.broadcast.{expr.rule}", name=number.name, rows=expr.rows.size))
    return texts
