"""Blocks over time on one worksheet: heads above them, narrow weights beside them, wide ones below all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.expr import At, Leaf, Next, Parameter, Previous, unit_numbers
from rnnsheet.equations.notation import symbol, symbols
from rnnsheet.equations.recurrence import STEP, Equation
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import meaning_in_layer, meaning_of_parameter, of_unit, short
from rnnsheet.sheet.layout_context import LABEL, WEIGHTS, Columns, Frame, is_tall
from rnnsheet.sheet.numbering import Numbering
from rnnsheet.sheet.page_builder import CHOICES, NUMBER, STATE_ROW, Page, number_width, width_of
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.references import located

HEAD_ROW = STATE_ROW + 1
"""The row of the time steps; the letters follow."""
_MOST_FROZEN = HEAD_ROW + 2
_NAME_HEIGHT = 14
_WORD_ROOM = 14.0

Weight = Callable[[Page, Parameter, int, int, str], Block]
"""Puts a weight on a page, at a row and a column, in a number format."""


class TimeLayout:
    """Writes one band below the other: first their places, then their formulas, which refer to any."""

    def __init__(self, page: Page, frame: Frame, where: Columns, run: str = ""):
        self.page, self.network, self.where, self.row = page, frame.network, where, HEAD_ROW
        self.given: Mapping[str, Block] = frame.inputs
        """The blocks of the parameters."""
        self.run = run
        """What the names of the trace's arrays begin with."""
        self.form = ""
        """The format of the numbers; "" for the usual one."""
        self.weight: Weight | None = self._linked
        """Puts the weights on the page; None where equations refer to the given ones."""
        self.blocks: dict[str, Block] = {}
        self.headed: set[tuple[int, int]] = set()
        """The cells above columns beside the time steps that say what these are."""
        self.scope: dict[Leaf, Area] = {
            parameter: self.given[name].area for name, parameter in self.network.parameters.items()
        }
        self.numbering = Numbering()
        self._waiting: list[tuple[Equation, int, str]] = []
        """Equations that have a place: the one time step at which they are written, and their format."""
        self._tall: list[tuple[Equation, int]] = []
        """Those that go to the foot, and the row that says where they are."""
        self._heads: list[tuple[int, int, tuple[Parameter, ...]]] = []
        """The rows and columns at which it is to be said where weights are."""
        words = self._longest_word()
        page.sheet.widths |= where.widths(words)
        page.sheet.width = max(number_width(frame.digits), min(_WORD_ROOM, words + 2.0))
        page.span = where.span(page.sheet.width)

    def _longest_word(self) -> int:
        """The letters of the longest label of a row; of single letters 1."""
        blocks = [self.given[name] for name in CHOICES.values() if name in self.given]
        return max((width_of(text) for block in blocks for (text,) in block.values or ()), default=1)

    def heading(self, text: str, about: str = "") -> None:
        """A line across the page, and a paragraph under it."""
        self.page.sheet.sections.append(self.row)
        self.page.text(self.row, 1, text, "heading", self.page.span)
        self.page.text(self.row + 1, 1, about, "about", self.page.span)
        self.row += 3 if about else 2

    def begin(self, title: str, to: str = "overview") -> None:
        """The first rows: the title, and the way back; the third says whether anything is wrong."""
        self.page.text(1, 1, title, "title")
        self.page.back(2, 1, to)
        self.row = self.page.sheet.head = HEAD_ROW

    def times(self, *sequences: str) -> None:
        """The row of time steps, one for some sequences; without any, for all."""
        lengths = {name: self.network.sequences[name] for name in sequences or self.network.sequences}
        lengths.pop(STATIC, None)
        if not lengths:
            return
        self.page.text(self.row, 1, self.page.labels("meaning.t"), "caption")
        steps = [list(range(1, max(lengths.values()) + 1))]
        block = self.page.constants("t", self.row, self.where.first, steps, "label")
        for sequence, length in lengths.items():
            own = replace(block, area=block.area.part(0, 0, 1, length), values=[steps[0][:length]])
            self.blocks[on_sequence("t", sequence)] = own
        self.scope[STEP] = block.area.column(0)
        self.row += 1

    def letters(self, over_time: Mapping[str, Block], sequences: Iterable[str]) -> None:
        """Below the time steps the letters that are read on some sequences, as another sheet has them."""
        for each in self.network.of("read"):
            if each.base == "letter" and each.sequence in sequences:
                self.line_of(over_time[each.name])

    def open(
        self, key: str, over_time: Mapping[str, Block], read: Iterable[str], timed: Iterable[str] = ()
    ) -> None:
        """What stands above the bands: title, time steps, what is `read`, and what the sheet is about."""
        self.begin(self.page.labels(f"{key}.title"))
        self.times(*timed)
        self.letters(over_time, read)
        self.freeze(self.page.labels(f"{key}.about"))

    def targets(self, over_time: Mapping[str, Block], sequence: str) -> None:
        """What should be said along a sequence, as another sheet has it."""
        for each in self.network.of("read", sequence=sequence):
            if each.base == "target":
                self.line_of(over_time[each.name])

    def freeze(self, about: str) -> None:
        """Keeps in sight what stands above, and the labels of the rows; below it what the sheet is."""
        self.page.sheet.frozen = (min(self.row - 1, _MOST_FROZEN), LABEL)
        self.page.text(self.row, 1, about, "about", self.page.span)
        self.row += 1

    def sequence(self, sequence: str) -> None:
        """The beginning of a sequence: what it is, where there are several."""
        self.page.sheet.sections.append(self.row)
        if len(self.network.sequences) > 1:
            self.page.text(self.row, 1, self.page.labels(f"sequence.{sequence}"), "heading", self.page.span)
            self.row += 1

    def write(self, equations: Sequence[Equation], only: int = 0) -> None:
        """Equations over all time steps, or at `only` one: texts as lines, numbers as blocks.

        They get their places, and by `finish` their formulas.
        """
        for tall in filter(is_tall, equations):
            self._tall.append((tall, self.row))
            self._waiting.append((tall, only, self.form))
            self.numbering.add(tall.name, self.row, self.row)
            self.row += 1
        self.place([each for each in equations if not is_tall(each)])
        self._waiting += [(each, only, self.form) for each in equations if not is_tall(each)]

    def finish(self) -> None:
        """The foot: tall columns and wide weights; then all formulas."""
        top, self.numbering.open = self.row, False
        if self._tall:
            self.heading(self.page.labels("foot.tall"))
        for equation, row in self._tall:
            self._head(row, equation, at=self.row)
            self.place([equation])
        self._foot([equation for equation, *_ in self._waiting])
        if self.row > top:
            self.print_until(top - 1)
        for equation, only, form in self._waiting:
            self.fill([equation], only, form)
        self._waiting, self._tall = [], []

    def print_until(self, row: int) -> None:
        """What stands below a row is for the screen alone."""
        if not self.page.sheet.printed_rows:
            self.page.sheet.printed_rows = ((1, row),)

    def place(self, equations: Sequence[Equation]) -> None:
        """Fixes where equations will stand, from the next free row on."""
        after_band = False
        for equation in equations:
            if _is_line(equation):
                # A line has room above it, if a band has none.
                self.row += after_band
                self.reserve(equation, self.row)
            else:
                self.page.sheet.sections.append(self.row)
                self.reserve(equation, self.row + self._head_rows(equation))
            top = self.row
            self.row = self.scope[equation.value].row + equation.value.rows.size
            after_band = not _is_line(equation)
            self.numbering.add(equation.name, top, self.row - 1)

    def fill(self, equations: Sequence[Equation], only: int = 0, form: str = "") -> None:
        """Writes equations that have their places."""
        for equation in equations:
            if _is_line(equation):
                self._caption(equation)
                self._boundary(equation, form)
            else:
                self._beside(equation, form=form)
            self._write(equation, only, form)

    def line_of(self, source: Block, style: str = "label") -> None:
        """A line that shows one of another sheet."""
        equation = self.network.equations[source.name]
        self.reserve(equation, self.row)
        self._caption(equation)
        self.blocks[source.name] = self.page.link(source, self.row, self.where.first, style=style)
        self.row += 1

    def band_of(self, source: Block) -> None:
        """A band that shows the block of another sheet, with the state before its first time step."""
        equation = self.network.equations[source.name]
        self.page.sheet.sections.append(self.row)
        self.reserve(equation, self.row + 1)
        self._beside(equation, shown=True)
        self.blocks[equation.name] = self.page.link(source, self.row + 1, self.where.first)
        self.page.mark(self.blocks[equation.name], equation.base)
        self.row += 1 + equation.value.rows.size

    def show(self, source: Block) -> None:
        """`line_of` or `band_of`, whichever the equation wants; a tall column is read where it stands."""
        equation = self.network.equations[source.name]
        if is_tall(equation):
            self.scope[equation.value] = source.area
            self.blocks[equation.name] = source
        elif _is_line(equation):
            self.line_of(source)
        else:
            self.band_of(source)

    def loss(self, lines: Iterable[str]) -> Block:
        """A line with the sum of all losses of some sequences; "" where nothing is asked."""
        self.page.text(self.row, 1, self.page.labels("meaning.loss"), "caption")
        of = [each for each in self.network.of("loss") if each.sequence in lines]
        asked, lost = (
            "+".join(f"SUM({self._reach(each)})" for each in of if each.base == base)
            for base in ("asked", "loss_t")
        )
        area, text = self.page.area(self.row, self.where.first), f'IF({asked}=0,"",{lost})'
        block = self.page.formula("loss", area, text, "result", trace=f"{self.run}loss", form="number")
        self.row += 1
        return block

    def _reach(self, equation: Equation) -> str:
        """The cells of an equation at all its time steps."""
        area = self.scope[equation.value]
        return area.part(0, 0, area.rows, self.network.sequences[equation.sequence]).a1

    def reserve(self, equation: Equation, row: int) -> None:
        """Fixes where an equation's block will stand, so that others may refer to it."""
        value = equation.value
        area = self.page.area(row, self.where.first, value.rows.size)
        self.scope[value] = area
        self.scope[Previous(value.name, value.rows)] = area.column(-1)
        self.scope[Next(value.name, value.rows)] = area.column(1)

    def around(self, equation: Equation) -> str:
        """What an equation's formula stands in."""
        return "{}"

    def _linked(self, page: Page, parameter: Parameter, row: int, col: int, form: str) -> Block:
        """A weight that is a link to the one given."""
        source = self.given[parameter.name]
        if parameter.transposed:
            return page.link_transposed(source, row, col, _weight_style(form), form=form)
        return page.link(source, row, col, style=_weight_style(form), form=form)

    def _caption(self, equation: Equation) -> None:
        told = meaning_in_layer(equation, self.network, self.page.labels)
        self.page.text(self.scope[equation.value].row, 1, self.numbering.told(equation.name, told), "caption")

    def _head_rows(self, equation: Equation) -> int:
        """How many rows a band has above its numbers: its head, and of weights names and columns."""
        if not self.weight or not self.where.are_beside(equation):
            return 1
        return 2 + self._has_columns(equation)

    def _has_columns(self, equation: Equation) -> bool:
        """Whether any of its weights has columns to be labelled."""
        return any(weight.cols.name != "one" for weight in equation.weights)

    def _beside(self, equation: Equation, shown: bool = False, form: str = "") -> None:
        """What stands above and left of an equation's block; no weights where it is only `shown`."""
        row, rows = self.scope[equation.value].row, equation.value.rows
        top, foot = row - (1 if shown else self._head_rows(equation)), 0
        if not shown and self.weight and equation.weights:
            if self.where.are_beside(equation):
                self._weights(equation, row)
            else:
                foot = min(self.foot[each].row for each in equation.weights) - 2
                self.scope |= {each: self.foot[each] for each in equation.weights}
        self._head(top, equation, shown, foot)
        weighted = not shown and self.weight is not None and self.where.are_beside(equation)
        places = self.where.labels(weighted, rows.name in CHOICES, max(self.network.sequences.values()))
        labels, *_ = [self.page.row_labels(rows, row, place, self.given) for place in places]
        self.scope[unit_numbers(rows)] = labels
        if rows.name in CHOICES and CHOICES[rows.name] in self.network.parameters:
            self.scope[self.network.parameters[CHOICES[rows.name]]] = labels
        self._boundary(equation, form)

    def _head(self, row: int, equation: Equation, shown: bool = False, at: int = 0) -> None:
        """The head row: the equation in symbols, where the rest of it stands, then what it is."""
        right = "" if shown else f" = {symbols(equation.expr)}"
        symbolic = self.numbering.told(equation.name, short(f"{symbol(equation.value)}{right}", equation))
        chain = [chain_rule(equation)] if equation.part == "gradient" else []
        told = meaning_in_layer(equation, self.network, self.page.labels)
        texts = [*chain, told.strip()]
        self.page.head(row, of_unit(symbolic, self.network), " · ".join(filter(None, texts)), at)

    def _weights(self, equation: Equation, row: int) -> None:
        """An equation's weights left of its time steps, under their names and the labels of their columns."""
        assert self.weight  # noqa: S101
        names = row - 1 - self._has_columns(equation)
        self.page.sheet.heights |= dict.fromkeys(range(names, row), _NAME_HEIGHT)
        col = WEIGHTS
        for weight in equation.weights:
            self.page.text(names, col, short(symbol(weight), equation), "symbol")
            self.page.column_labels(weight.cols, row - 1, col, self.given, "small_label")
            self.scope[weight] = self.weight(self.page, weight, row, col, "narrow").area
            col += weight.cols.size

    def _foot(self, equations: Sequence[Equation]) -> None:
        """The weights that stand left of no time steps, below each other."""
        self.foot: dict[Parameter, Area] = {}
        wide = [each for each in equations if each.weights and not self.where.are_beside(each)]
        if not self.weight or not wide:
            return
        self.heading(self.page.labels("foot.weights"))
        for weight in dict.fromkeys(weight for each in wide for weight in each.weights):
            self.page.sheet.sections.append(self.row)
            given = self.network.parameters[weight.name]
            meaning = meaning_of_parameter(given, self.network, self.page.labels)
            self.page.head(self.row, symbol(weight), meaning)
            self.page.column_labels(weight.cols, self.row + 1, self.where.first, self.given)
            self.page.row_labels(weight.rows, self.row + 2, LABEL, self.given)
            self.foot[weight] = self.weight(self.page, weight, self.row + 2, self.where.first, NUMBER).area
            self.row += weight.rows.size + 3

    def _boundary(self, equation: Equation, form: str = "") -> None:
        """Beyond the first time step of a state, or the last of what is handed back, what stands there."""
        name, rows = equation.name, equation.value.rows
        is_back = name in {f"d{state}_back" for state in self.network.states}
        if not is_back and name not in self.network.states:
            return
        behind = self.where.first + self.network.sequences[equation.sequence]
        row, col = self.scope[equation.value].row, self.where.first - 1
        if self.network.runs_back(name):
            col = behind
        if equation.sequence != STATIC:
            said = "backward.after" if is_back else "unrolled.before"
            self._over(equation.sequence, col, said)
        beyond = self.network.beyond(name)
        if isinstance(beyond, At):
            text = self.page.reference(located(self.scope, beyond))
            area = self.page.area(row, col, rows.size)
            trace = self.run + beyond.name
            self.page.formula(
                beyond.name, area, text, "link", trace=trace, time=beyond.step, form=form or "number"
            )
        elif beyond is not None:
            self.page.link(self.given[beyond.name], row, col)
        else:
            self.page.constants("after", row, col, [[0.0]] * rows.size, "link")

    def _over(self, sequence: str, col: int, said: str) -> None:
        """Says, once, above a column what it is: among the time steps, or where others go on, the letters."""
        row = self.blocks[on_sequence("t", sequence)].area.row
        times = [on_sequence("t", each) for each in self.network.sequences]
        at_row = [self.blocks[name].area for name in times if name in self.blocks]
        if any(self.where.first <= col < each.col + each.cols for each in at_row if each.row == row):
            row = self.scope[self.network.equations[on_sequence("letter", sequence)].value].row
        if (row, col) not in self.headed:
            self.headed.add((row, col))
            self.page.text(row, col, self.page.labels(said), "small")

    def _write(self, equation: Equation, only: int, form: str) -> None:
        area, scope = self.scope[equation.value], self.scope
        if only:
            scope = {
                leaf: place if isinstance(leaf, Parameter) else place.column(only - 1)
                for leaf, place in scope.items()
            }
        block = self.page.equation(
            equation,
            area.row,
            scope[equation.value].col,
            1 if only else self.network.sequences[equation.sequence],
            only or 1,
            scope,
            self.run,
            form,
            self.around(equation),
        )
        self.blocks[equation.name] = block
        self.page.mark(block, equation.base)


def _weight_style(form: str) -> str:
    return "narrow" if form == "narrow" else "weight"


_LINES = (
    *("letter", "target", "confidence", "predicted", "right", "asked"),
    *("k", "said", "says", "greatest"),
)
"""What stands in a line of its own, as texts do, not in a band."""


def _is_line(equation: Equation) -> bool:
    return equation.base in _LINES
