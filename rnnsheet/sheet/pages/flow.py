"""The worksheet of the gradient's flow: what is left of it, time step by time step back, and why."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from rnnsheet.equations.backward import limited, path_back
from rnnsheet.equations.lesson import network
from rnnsheet.equations.recurrence import STEP
from rnnsheet.equations.rules import RULES
from rnnsheet.experiments import GREATEST_FLOW_WEIGHT
from rnnsheet.network import STATIC
from rnnsheet.sheet.captions import meaning
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.layout_context import Context, columns
from rnnsheet.sheet.page_builder import Page, number_or_zero
from rnnsheet.sheet.plan import CHART_WIDTH, Area, Block, Chart, Highlight, Series
from rnnsheet.sheet.time_layout import TimeLayout

KEY = "gradient_flow"
_ROWS_OF_CHART, _COLUMNS_OF_CHART = 18, 7


def place(context: Context) -> Page | None:
    """The sheet; None where no recurrent layer reads the word and nothing else."""
    lesson = context.lesson
    if not lesson.flow_layers:
        return None
    long = network(lesson.over(lesson.settings.flow_steps))
    return _Flow(Page.of(KEY, context.labels), replace(context, network=long)).place()


class _Flow:
    def __init__(self, page: Page, context: Context):
        self.page, self.lesson, self.network = page, context.lesson, context.network
        self.inputs, self.messages = context.inputs, context.messages
        self.over_time = context.over_time
        self.layout = TimeLayout(page, context, columns(context.network), "flow.")
        self.where = self.layout.where
        self.steps = context.lesson.settings.flow_steps
        states = [layer.named(s) for layer in self.lesson.flow_layers for s in layer.traits.states]
        self.paths = [path_back(self.network, state) for state in states]
        # What one factor alone would leave is shown where there is one recurrent layer.
        self.alone = ["through", "clipped"] if len(self.lesson.flow_layers) == 1 else []
        self.drawn = [*(f"norm_{path[0]}" for path in self.paths), *self.alone]
        self.captions = self._captions()

    def place(self) -> Page:
        page, labels, layout = self.page, self.page.labels, self.layout
        gates = "_gates" if any(layer.kind != "elman" for layer in self.lesson.flow_layers) else ""
        layout.begin(labels("flow.title"))
        layout.times()
        self._letters()
        acts = {"activation": self.lesson.flow_layers[0].activation}
        layout.freeze(labels(f"flow.about{gates}", **acts))
        strength = self._strength()
        clip = None
        if self.alone:
            given = self.lesson.settings.flow_clip
            _, clip = page.positive(layout.row + 2, self.where.first, "flow_clip", given, self.messages)
        # Beside the settings, and what may be wrong with them.
        chart = layout.row, page.sheet.column_for(CHART_WIDTH, self.where.first + 1)
        layout.row += _ROWS_OF_CHART
        page.sheet.printed = chart[1] + _COLUMNS_OF_CHART
        layout.print_until(layout.row - 1)
        layout.heading(labels("flow.factors"), labels(f"flow.factors_about{gates}", **acts))
        rows = {name: layout.row + line for line, name in enumerate(self.captions)}
        layout.row += len(rows) + 1
        layout.heading(labels("flow.forward"), labels("flow.forward_about"))
        layout.given = {**self.inputs, **self._recurrent(strength)}
        network, last = self.network, self.steps
        read = [each for each in network.of("read", sequence="word") if each.base == "x"]
        layout.write([*read, *network.of("cell", sequence="word")])
        goals = [each for each in network.of("loss") if each.base in ("goal", "asked")]
        layout.targets(self.over_time, STATIC)
        layout.write(
            [*network.of("output", sequence="word"), *(each for each in goals if each.sequence == "word")],
            only=last,
        )
        layout.write(
            [
                *network.of("cell", "output", sequence=STATIC),
                *(each for each in goals if each.sequence == STATIC),
            ]
        )
        layout.row += 1
        layout.heading(labels("flow.backward"), labels("flow.backward_about"))
        self._gradients()
        layout.finish()
        self._factors(rows, clip)
        self._chart(rows, chart)
        return page

    def _captions(self) -> dict[str, str]:
        """What each line is called: norms along each path, factors between them, and what is drawn."""
        labels, (of, to) = self.page.labels, self.paths[-1][-2:]
        found = {"steps_back": labels("flow.steps_back")}
        for path in self.paths:
            found[f"norm_{path[0]}"] = labels("flow.norm", name=path[0])
            for before, name in pairwise(path):
                found[f"by_{name}"] = labels("flow.by", of=before, to=name)
                found[f"norm_{name}"] = labels("flow.norm", name=name)
        found |= {name: labels(f"flow.{name}", of=of, to=to) for name in self.alone}
        return found | {f"drawn_{name}": labels("flow.drawn", line=found[name]) for name in self.drawn}

    def _gradients(self) -> None:
        """The gradients; over the word only its last time step has a loss."""
        page, layout, last = self.page, self.layout, self.steps
        gradients = [limited(self.network, equation) for equation in self.network.of("gradient")]
        given = [each for each in gradients if each.sequence == "word" and each.kind == "given"]
        layout.write([each for each in gradients if each.sequence == STATIC])
        layout.write(given, only=last)
        for dy in given:
            area = layout.scope[dy.value]
            page.constants(dy.name, area.row, area.col, [[0.0] * (last - 1)] * area.rows, "link")
        layout.form = "powers"
        layout.write([each for each in gradients if each.sequence == "word" and each not in given])

    def _strength(self) -> Block:
        """The cell of Whh or of what it is multiplied by, and beside it what is used of it."""
        page = self.page
        row, col = self.layout.row, self.where.first
        page.text(row, 1, page.labels("flow.Whh" if self.lesson.flow_is_whh else "flow.times"), "caption")
        value = self.lesson.flow_whh
        entry = page.constants("flow_Whh", row, col, [[value]], "input", "slider")
        page.sheet.highlights.append(Highlight(entry.area, "bar"))
        cell, used = entry.area.a1, min(GREATEST_FLOW_WEIGHT, max(-GREATEST_FLOW_WEIGHT, value))
        text = f"IF(ISNUMBER({cell}),MAX(-{GREATEST_FLOW_WEIGHT:g},MIN({GREATEST_FLOW_WEIGHT:g},{cell})),0)"
        block = page.used("flow_Whh", row + 1, col, text, used)
        message = self.messages["slider"].absolute
        status = f'IF(ISNUMBER({cell}),IF({cell}={block.area.a1},"",{message}),{message})'
        said = "" if used == value else page.labels("message.slider", most=f"{GREATEST_FLOW_WEIGHT:g}")
        page.formula("status", page.area(row, col + 1), status, "status", values=[[said]], words=True)
        return block

    def _recurrent(self, strength: Block) -> dict[str, Block]:
        """The recurrent weights: the cell itself, or matrices of that many times the lesson's."""
        if self.lesson.flow_is_whh:
            return {"Whh": strength}
        layout, page = self.layout, self.page
        found = {}
        for name in self.lesson.model.recurrent:
            source = self.inputs[name]
            page.text(layout.row, 1, page.labels("flow.used", name=name), "caption")
            area = page.area(layout.row, self.where.first, source.area.rows, source.area.cols)
            text = f"{strength.area.fixed}*{number_or_zero(page.reference(source.area))}"
            found[name] = page.formula(name, area, text, "weight", trace=f"flow.{name}")
            layout.row += area.rows + 1
        return found

    def _letters(self) -> None:
        """The lesson's text over and over: what is read, and what should follow where anything should."""
        layout, lesson = self.layout, self.lesson
        words = lesson.split == "words"
        cell = self.inputs["word_clean"].area.absolute
        count = f'LEN({cell})-LEN(SUBSTITUTE({cell}," ",""))+1' if words else f"LEN({cell})"
        time = f"{column_letters(layout.scope[STEP].col)}${layout.scope[STEP].row}"
        targets = [each for each in self.network.of("read", sequence="word") if each.base == "target"]
        parts = lesson.parts(lesson.word)
        for equation, at, on in (
            (self.network.equations["letter"], f"{time}-1", 0),
            *((target, time, 1) for target in targets[:1]),
        ):
            for same in [equation] if on == 0 else targets:
                layout.reserve(same, layout.row)
            told = meaning(equation, self.network, self.page.labels)
            self.page.text(layout.row, 1, told, "caption")
            area = self.page.area(layout.row, self.where.first, 1, self.steps)
            number = f"MOD({at},MAX(1,{count}))"
            text = f"MID({cell},{number}+1,1)"
            if words:
                text = RULES["word_after"].formula.format(cell, number)  # type: ignore[union-attr]
            said = [[parts[(step + on) % len(parts)] for step in range(self.steps)]]
            self.page.formula(equation.base, area, text, "given", values=said)
            layout.row += 1

    def _factors(self, rows: Mapping[str, int], clip: Block | None) -> None:
        """The norms, their factors from step to step, and the lines of the chart."""
        page = self.page
        areas = self._areas(rows)
        for name, area in areas.items():
            page.text(area.row, 1, self.captions[name], "caption")
        time = self.layout.blocks["t"].area
        behind = f"${page.reference(time.part(0, self.steps - 1))}-{page.reference(time)}"
        back = [list(reversed(range(self.steps)))]
        page.formula("steps_back", areas["steps_back"], behind, "label", values=back)
        for name, text in self._texts(areas, clip).items():
            self._line(name, areas[name], text)
        if self.alone:
            self._through(areas)

    def _areas(self, rows: Mapping[str, int]) -> dict[str, Area]:
        """The cells of each line."""
        return {name: self.page.area(row, self.where.first, 1, self.steps) for name, row in rows.items()}

    def _texts(self, areas: Mapping[str, Area], clip: Block | None) -> dict[str, str]:
        """The formulas of the lines that read their own column only."""
        cell = {name: self.page.reference(area) for name, area in areas.items()}
        texts = {}
        for path in self.paths:
            for name in path:
                column = self.layout.blocks[name].area.column(0).a1
                texts[f"norm_{name}"] = f"SQRT(SUMPRODUCT({column},{column}))"
            for of, to in pairwise(path):
                # Not IF(norm>0, …): IronCalc takes 1E-17 for 0 there.
                texts[f"by_{to}"] = f"IFERROR({cell[f'norm_{to}']}/{cell[f'norm_{of}']},0)"
                self.page.sheet.highlights.append(Highlight(areas[f"by_{to}"], "factor"))
        if clip:
            texts["clipped"] = f"MIN({cell['through']},{clip.area.fixed})"
        return texts | {f"drawn_{name}": f"MAX({cell[name]},1E-45)" for name in self.drawn}

    def _through(self, areas: Mapping[str, Area]) -> None:
        """From the last norm on, what the last factor of the last path alone would leave."""
        first, *_, last = self.paths[-1]
        area, end = areas["through"], self.steps - 1
        after, factor = (self.page.reference(areas[name].part(0, 1)) for name in ("through", f"by_{last}"))
        self._line("through", area.part(0, 0, 1, end), f"MIN(1E+100,{after}*{factor})")
        start = self.page.reference(areas[f"norm_{first}"].part(0, end))
        self._line("through", area.part(0, end), start, self.steps)

    def _line(self, name: str, area: Area, text: str, time: int = 1) -> None:
        self.page.formula(name, area, text, "gradient", trace=f"flow.{name}", time=time, form="powers")

    def _chart(self, rows: Mapping[str, int], place: tuple[int, int]) -> None:
        title, x, y = map(self.page.labels, ("flow.chart", "flow.chart_x", "flow.chart_y"))
        areas = self._areas(rows)
        series = tuple(Series(areas[f"drawn_{name}"], self.captions[name]) for name in self.drawn)
        self.page.sheet.charts.append(Chart("powers", title, series, areas["steps_back"], x, y, *place))
