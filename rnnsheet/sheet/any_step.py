"""The walk of the time step that someone chooses: what it reads is looked up in the blocks over time."""

from typing import Any

from rnnsheet.equations.expr import At, Leaf, Next, Parameter, Previous
from rnnsheet.equations.notation import symbol
from rnnsheet.equations.recurrence import Equation, told_layers
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import meaning_in_layer, short
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import SPAN, Page
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.telling import ANSWER, FIRST, Teller


class AnyStep(Teller):
    """Tells of one time step, which is what a cell says."""

    def __init__(self, page: Page, context: Context, row: int):
        super().__init__(page, context.network, context.inputs, context.over_time)
        self.row, self.context = row, context
        self.chosen: dict[str, Area] = {}
        """Per sequence the cell with its time step."""

    def write(self) -> None:
        """The cell to choose in, and what is computed over time, one equation below the other."""
        page, labels = self.page, self.page.labels
        layers = told_layers(self.network)
        equations = [each for layer in layers for each in layer if each.sequence != STATIC]
        page.sheet.sections.append(self.row)
        page.text(self.row, 1, labels("steps.any"), "heading", SPAN)
        page.text(self.row + 1, FIRST, labels("steps.any_about"), "about", SPAN - 1)
        self.row += 2
        entry = self._entry()
        for sequence in dict.fromkeys(each.sequence for each in equations):
            self._shown(entry, sequence)
        self.row += 1
        for equation in equations:
            self._tell(equation)

    def _time(self, sequence: str) -> int:
        """The time step that is shown of a sequence, as the lesson is."""
        return min(self.context.lesson.settings.step, self.network.sequences[sequence])

    def _entry(self) -> Block:
        """The cell to choose a time step in; beside it what is wrong with it."""
        page, settings = self.page, self.context.lesson.settings
        named = [on_sequence("t", sequence) for sequence in self.network.sequences if sequence != STATIC]
        steps = max((self.over_time[name].area for name in named), key=lambda area: area.cols)
        page.text(self.row, FIRST, page.labels("steps.choose"), "caption")
        area = page.area(self.row, ANSWER)
        entry = page.constants("step", area.row, area.col, [[settings.step]], "input", "step", steps)
        cell, wrong = area.a1, self.context.messages["no_step"].absolute
        is_one = f'IF({cell}=INT({cell}),IF({cell}>=1,IF({cell}<={steps.cols},"",{wrong}),{wrong}),{wrong})'
        text = f"IF(ISNUMBER({cell}),{is_one},{wrong})"
        page.formula("status", area.part(0, 1), text, "status", values=[[""]], words=True)
        self.row += 1
        return entry

    def _shown(self, entry: Block, sequence: str) -> None:
        """The time step that is shown of a sequence, and what is read at it."""
        page, labels, cell = self.page, self.page.labels, entry.area.fixed
        several = len({name for name in self.network.sequences if name != STATIC}) > 1
        of = labels("steps.shown_of", sequence=labels(f"sequence.{sequence}")) if several else ""
        page.text(self.row, FIRST, of or labels("steps.shown"), "caption")
        steps, time = self.network.sequences[sequence], self._time(sequence)
        text = f"MAX(1,MIN({steps},INT(IF(ISNUMBER({cell}),{cell},1))))"
        shown = page.formula("t", page.area(self.row, ANSWER), text, "label", values=[[time]])
        self.chosen[sequence] = shown.area
        self.row += 1
        self.reads(sequence, time, labels("steps.any_reads"))
        self.row += 1

    def _tell(self, equation: Equation) -> None:
        time = self._time(equation.sequence)
        if equation.part == "answer":
            self.answer(equation, time)
            return
        labels = self.page.labels
        told = meaning_in_layer(equation, self.network, labels).strip()
        name = short(symbol(equation.value), equation)
        self.page.sheet.sections.append(self.row)
        self.page.text(
            self.row, FIRST, labels("steps.what", name=name, meaning=told) if told else name, "symbol"
        )
        self.row += 1
        self.derivation(equation, time)

    def at_time(self, name: str, time: int, row: int, col: int, style: str = "link") -> Block:
        source = self.over_time[name]
        return self._looked_up(source, source.area, 0, row, col, style, trace=source.trace, time=time)

    def operand(self, leaf: Leaf, time: int, row: int, col: int) -> Block:
        if isinstance(leaf, Parameter):
            return super().operand(leaf, time, row, col)
        if isinstance(leaf, Previous | Next):
            return self._of_state(leaf, time, row, col)
        # What stands at a time step of its own, or at none, is not looked up.
        if isinstance(leaf, At) or self.network.equations[leaf.name].sequence == STATIC:
            step = leaf.step if isinstance(leaf, At) else 1
            return self.page.link(self.over_time[leaf.name], row, col, step - 1, 1)
        if (leaf.name, time) in self.told:
            return self.page.link(self.told[leaf.name, time], row, col)
        return self.at_time(leaf.name, time, row, col)

    def _of_state(self, leaf: Previous | Next, time: int, row: int, col: int) -> Block:
        """A state at the time step that was computed before; before the first stands what it begins with."""
        source, steps = self.over_time[leaf.name], self.network.steps(leaf.name)
        turned = isinstance(leaf, Next)
        area = source.area.part(0, 0 if turned else -1, source.area.rows, steps + 1)
        before = time + 1 if turned else time - 1
        expected: dict[str, Any] = {"trace": leaf.name, "time": before}
        if not 1 <= before <= steps:
            beyond = self.network.beyond(leaf.name)
            assert beyond is not None  # noqa: S101
            if isinstance(beyond, At):
                expected = {"trace": beyond.name, "time": beyond.step}
            else:
                expected = {"values": self.inputs[beyond.name].values}
        return self._looked_up(source, area, int(turned), row, col, "link", **expected)

    def _looked_up(
        self, source: Block, area: Area, after: int, row: int, col: int, style: str, **expected: Any
    ) -> Block:
        """A column of an area over time: that of the chosen time step, or so many `after` it."""
        page, sequence = self.page, self._sequence(source)
        text = page.reference(area)
        if area.cols > 1:
            chosen = f"{self.chosen[sequence].fixed}{f'+{after}' if after else ''}"
            text = f"INDEX({text}:{area.part(0, area.cols - 1).a1},1,{chosen})"
        place = page.area(row, col, area.rows)
        return page.formula(source.name, place, text, style, form=source.format, **expected)

    def _sequence(self, source: Block) -> str:
        """Along what a block's values are computed."""
        equation = self.network.equations.get(source.name)
        places = {on_sequence("place", sequence): sequence for sequence in self.network.sequences}
        return equation.sequence if equation else places[source.name]
