"""The worksheet of the gradient's flow: what is left of it, time step by time step back, and why."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from rnnsheet.equations.backward import limited, path_back
from rnnsheet.equations.recurrence import STEP
from rnnsheet.lesson import FLOW
from rnnsheet.sheet.bands import Bands
from rnnsheet.sheet.context import WEIGHTS, Context
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.plan import Area, Block, Chart, Highlight, Series

NAME = "Gradient flow"
_WHH, _CLIP, _CHART = 4, 5, 7
_ROWS_OF_CHART = 20
_FACTORS = _CHART + _ROWS_OF_CHART + 1


def place(context: Context) -> Page:
    """The sheet."""
    page, gates = Page(NAME, context.labels), context.lesson.model.cell != "elman"
    page.title(context.labels("flow.title"), context.labels("flow.about_gates" if gates else "flow.about"))
    page.sheet.frozen = (_CLIP, 1)
    page.sheet.zoom = 85
    long = replace(context.where, steps=context.lesson.settings.flow_steps)
    return _Flow(page, replace(context, where=long)).place()


class _Flow:
    def __init__(self, page: Page, context: Context):
        self.page, self.lesson, self.network = page, context.lesson, context.network
        self.where, self.inputs, self.messages = context.where, context.inputs, context.messages
        self.bands = Bands(page, context, _FACTORS, "flow.")
        self.paths = [path_back(self.network, state) for state in self.network.states]
        norms = [f"norm_{path[0]}" for path in self.paths]
        self.drawn = [*norms, "through", "clipped"]
        passed = [line for path in self.paths for line in _on_path(path)]
        self.lines = ["steps_back", *passed, "through", "clipped", *(f"drawn_{name}" for name in self.drawn)]

    def place(self) -> Page:
        page, labels, bands = self.page, self.page.labels, self.bands
        strength = self._strength()
        _, clip = page.positive(_CLIP, WEIGHTS, "flow_clip", self.lesson.settings.flow_clip, self.messages)
        gates = "" if self.lesson.model.cell == "elman" else "_gates"
        bands.heading(labels("flow.factors"), labels(f"flow.factors_about{gates}"))
        bands.time()
        rows = {name: bands.row + line for line, name in enumerate(self.lines)}
        bands.row += len(self.lines) + 1
        bands.heading(labels("flow.forward"), labels("flow.forward_about"))
        bands.given = {**self.inputs, **self._recurrent(strength)}
        self._letters()
        bands.bands([self.network.equations["x"], *self.network.of("cell")])
        last = self.where.steps
        bands.bands([*self.network.of("output"), self.network.equations["goal"]], only=last)
        bands.row += 1
        bands.heading(labels("flow.backward"), labels("flow.backward_about"))
        dy, *gradients = [limited(self.network, equation) for equation in self.network.of("gradient")]
        bands.bands([dy], only=last)
        # Only the last time step has a loss here.
        area = bands.scope[dy.value]
        page.constants("dy", area.row, area.col, [[0.0] * (last - 1)] * area.rows, "link")
        bands.form = "powers"
        bands.bands(gradients)
        self._factors(rows, clip)
        return page

    def _strength(self) -> Block:
        """The cell of Whh or of what it is multiplied by, and beside it what is used of it."""
        page = self.page
        page.text(_WHH, 1, page.labels("flow.Whh" if self.lesson.flow_is_whh else "flow.times"), "caption")
        value = self.lesson.flow_whh
        entry = page.constants("flow_Whh", _WHH, WEIGHTS, [[value]], "input", "slider")
        page.sheet.highlights.append(Highlight(entry.area, "bar"))
        cell, used = entry.area.a1, min(FLOW, max(-FLOW, value))
        text = f"IF(ISNUMBER({cell}),MAX(-{FLOW:g},MIN({FLOW:g},{cell})),0)"
        block = page.formula("flow_Whh", page.area(_WHH, WEIGHTS + 1), text, "label", values=[[used]])
        message = self.messages["slider"].absolute
        status = f'IF(ISNUMBER({cell}),IF({cell}={block.area.a1},"",{message}),{message})'
        said = "" if used == value else page.labels("message.slider", most=f"{FLOW:g}")
        page.formula("status", page.area(_WHH, WEIGHTS + 2), status, "status", values=[[said]], words=True)
        return block

    def _recurrent(self, strength: Block) -> dict[str, Block]:
        """The recurrent weights: the cell itself, or matrices of that many times the lesson's."""
        if self.lesson.flow_is_whh:
            return {"Whh": strength}
        bands, page = self.bands, self.page
        found = {}
        for name in self.lesson.model.recurrent:
            source = self.inputs[name]
            page.text(bands.row, 1, page.labels("flow.used", name=name), "caption")
            area = page.area(bands.row, WEIGHTS, source.area.rows, source.area.cols)
            text = f"{strength.area.fixed}*{page.reference(source.area)}"
            found[name] = page.formula(name, area, text, "weight", trace=f"flow.{name}")
            bands.row += area.rows + 1
        return found

    def _letters(self) -> None:
        """The lesson's word over and over: the letter read, and the one that should follow."""
        bands, word, cell = self.bands, self.lesson.word, self.inputs["word"].area.absolute
        time = f"{column_letters(bands.scope[STEP].col)}${bands.scope[STEP].row}"
        for name, at, on in (("letter", f"{time}-1", 0), ("target", time, 1)):
            bands.reserve(self.network.equations[name], bands.row)
            self.page.text(bands.row, 1, self.page.labels(f"meaning.{name}"), "caption")
            area = self.page.area(bands.row, self.where.first, 1, self.where.steps)
            text = f"MID({cell},MOD({at},MAX(1,LEN({cell})))+1,1)"
            said = [[word[(step + on) % len(word)] for step in range(self.where.steps)]]
            self.page.formula(name, area, text, "given", values=said)
            bands.row += 1

    def _factors(self, rows: Mapping[str, int], clip: Block) -> None:
        """The norms, their factors from step to step, and the lines of the chart."""
        page, where = self.page, self.where
        areas = {name: page.area(row, where.first, 1, where.steps) for name, row in rows.items()}
        for name, area in areas.items():
            page.text(area.row, 1, self._caption(name), "caption")
        time = self.bands.blocks["t"].area
        behind = f"${page.reference(time.part(0, where.steps - 1))}-{page.reference(time)}"
        back = [list(reversed(range(where.steps)))]
        page.formula("steps_back", areas["steps_back"], behind, "label", values=back)
        for name, text in self._texts(areas, clip).items():
            self._line(name, areas[name], text)
        self._through(areas)
        self._chart(areas)

    def _texts(self, areas: Mapping[str, Area], clip: Block) -> dict[str, str]:
        """The formulas of the lines that read their own column only."""
        cell = {name: self.page.reference(area) for name, area in areas.items()}
        texts = {}
        for path in self.paths:
            for name in path:
                column = self.bands.blocks[name].area.column(0).a1
                texts[f"norm_{name}"] = f"SQRT(SUMPRODUCT({column},{column}))"
            for of, to in pairwise(path):
                # Not IF(norm>0, …): IronCalc takes 1E-17 for 0 there.
                texts[f"by_{to}"] = f"IFERROR({cell[f'norm_{to}']}/{cell[f'norm_{of}']},0)"
                self.page.sheet.highlights.append(Highlight(areas[f"by_{to}"], "factor"))
        texts["clipped"] = f"MIN({cell['through']},{clip.area.fixed})"
        return texts | {f"drawn_{name}": f"MAX({cell[name]},1E-45)" for name in self.drawn}

    def _through(self, areas: Mapping[str, Area]) -> None:
        """From the last norm on, what the last factor of the last path alone would leave."""
        first, *_, last = self.paths[-1]
        area, end = areas["through"], self.where.steps - 1
        after, factor = (self.page.reference(areas[name].part(0, 1)) for name in ("through", f"by_{last}"))
        self._line("through", area.part(0, 0, 1, end), f"MIN(1E+100,{after}*{factor})")
        start = self.page.reference(areas[f"norm_{first}"].part(0, end))
        self._line("through", area.part(0, end), start, self.where.steps)

    def _caption(self, name: str) -> str:
        """What a line is: a norm, a factor, or what one factor alone would leave."""
        labels, (of, to) = self.page.labels, self.paths[-1][-2:]
        kind, _, of_what = name.partition("_")
        if kind == "drawn":
            return labels("flow.drawn", line=self._caption(of_what))
        if kind == "norm":
            return labels("flow.norm", name=of_what)
        if kind == "by":
            before = next(a for path in self.paths for a, b in pairwise(path) if b == of_what)
            return labels("flow.by", of=before, to=of_what)
        return labels(f"flow.{name}", of=of, to=to)

    def _line(self, name: str, area: Area, text: str, time: int = 1) -> None:
        self.page.formula(name, area, text, "gradient", trace=f"flow.{name}", time=time, form="powers")

    def _chart(self, areas: Mapping[str, Area]) -> None:
        labels = self.page.labels
        series = tuple(Series(areas[f"drawn_{name}"], self._caption(name)) for name in self.drawn)
        titles = {"x_title": labels("flow.chart_x"), "y_title": labels("flow.chart_y")}
        chart = Chart(
            "powers", labels("flow.chart"), series, areas["steps_back"], **titles, row=_CHART, col=1
        )
        self.page.sheet.charts.append(chart)


def _on_path(path: tuple[str, ...]) -> list[str]:
    """The lines of a path: the norm of its first gradient, then a factor and a norm for each further one."""
    lines = [f"norm_{path[0]}"]
    for name in path[1:]:
        lines += [f"by_{name}", f"norm_{name}"]
    return lines
