"""The worksheet of the gradient's flow: what is left of it, time step by time step back, and why."""

from collections.abc import Mapping
from dataclasses import replace

from rnnsheet.equations.backward import limited
from rnnsheet.equations.recurrence import STEP, Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import FLOW, Lesson
from rnnsheet.sheet.bands import WEIGHTS, Bands, Columns
from rnnsheet.sheet.page import Page
from rnnsheet.sheet.plan import Area, Block, Chart, Highlight, Series

NAME = "Gradient flow"
_WHH, _CLIP, _CHART = 4, 5, 7
_ROWS_OF_CHART = 20
_FACTORS = _CHART + _ROWS_OF_CHART + 1
_DRAWN = ("norm_dh", "through_Whh", "clipped")


def place(
    lesson: Lesson,
    network: Recurrence,
    inputs: Mapping[str, Block],
    where: Columns,
    messages: Mapping[str, Area],
    labels: Labels,
) -> Page:
    """The sheet."""
    page = Page(NAME, labels)
    page.title(labels("flow.title"), labels("flow.about"))
    page.sheet.frozen = (_CLIP, 1)
    page.sheet.zoom = 85
    return _Flow(
        page, lesson, network, inputs, replace(where, steps=lesson.settings.flow_steps), messages
    ).place()


class _Flow:
    def __init__(
        self,
        page: Page,
        lesson: Lesson,
        network: Recurrence,
        inputs: Mapping[str, Block],
        where: Columns,
        messages: Mapping[str, Area],
    ):
        self.page, self.lesson, self.network, self.where = page, lesson, network, where
        self.inputs, self.messages = inputs, messages
        self.bands = Bands(page, network, inputs, where, _FACTORS, "flow.")

    def place(self) -> Page:
        page, labels, bands = self.page, self.page.labels, self.bands
        strength = self._strength()
        _, clip = page.positive(_CLIP, WEIGHTS, "flow_clip", self.lesson.settings.flow_clip, self.messages)
        bands.heading(labels("flow.factors"), labels("flow.factors_about"))
        bands.time()
        rows = {name: bands.row + line for line, name in enumerate(_LINES)}
        bands.row += len(_LINES) + 1
        bands.heading(labels("flow.forward"), labels("flow.forward_about"))
        bands.given = {**self.inputs, "Whh": self._recurrent(strength)}
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
        page, one = (
            self.page,
            self.network.parameters["Whh"].rows.size * self.network.parameters["Whh"].cols.size == 1,
        )
        page.text(_WHH, 1, page.labels("flow.Whh" if one else "flow.Whh_times"), "caption")
        value = self.lesson.flow_whh
        entry = page.constants("flow_Whh", _WHH, WEIGHTS, [[value]], "input", "slider")
        page.sheet.highlights.append(Highlight(entry.area, "bar"))
        cell, used = entry.area.a1, min(FLOW, max(-FLOW, value))
        text = f"IF(ISNUMBER({cell}),MAX(-{FLOW:g},MIN({FLOW:g},{cell})),0)"
        block = page.formula("flow_Whh", page.area(_WHH, WEIGHTS + 1), text, "label", values=[[used]])
        status = f'IF(ISNUMBER({cell}),IF({cell}={block.area.a1},"",{self.messages["slider"].absolute}),'
        status += f"{self.messages['slider'].absolute})"
        said = "" if used == value else None
        said = said if said is not None else page.labels("message.slider", most=f"{FLOW:g}")
        page.formula("status", page.area(_WHH, WEIGHTS + 2), status, "status", values=[[said]], words=True)
        return block

    def _recurrent(self, strength: Block) -> Block:
        """The recurrent weight: the cell itself, or a matrix of that many times the lesson's."""
        source = self.inputs["Whh"]
        if source.area.rows * source.area.cols == 1:
            return strength
        bands, page = self.bands, self.page
        page.text(bands.row, 1, page.labels("flow.Whh_used"), "caption")
        area = page.area(bands.row, WEIGHTS, source.area.rows, source.area.cols)
        bands.row += area.rows + 1
        text = f"{strength.area.fixed}*{page.reference(source.area)}"
        return page.formula("Whh", area, text, "weight", trace="flow.Whh")

    def _letters(self) -> None:
        """The lesson's word over and over: the letter read, and the one that should follow."""
        bands, steps, word = self.bands, self.where.steps, self.lesson.word
        cell, length = self.inputs["word"].area, f"MAX(1,LEN({self.inputs['word'].area.absolute}))"
        time = f"{self.page.reference(bands.scope[STEP])}"
        time = time.replace(str(bands.scope[STEP].row), f"${bands.scope[STEP].row}")
        for name, on in (("letter", 0), ("target", 1)):
            equation = self.network.equations[name]
            bands.reserve(equation, bands.row)
            self.page.text(bands.row, 1, self.page.labels(f"meaning.{name}"), "caption")
            at = f"{time}-1" if not on else time
            text = f"MID({cell.absolute},MOD({at},{length})+1,1)"
            said = [[word[(step + on) % len(word)] for step in range(steps)]]
            self.page.formula(
                name, self.page.area(bands.row, self.where.first, 1, steps), text, "given", values=said
            )
            bands.row += 1

    def _factors(self, rows: Mapping[str, int], clip: Block) -> None:
        """The norms, their factors from step to step, and the lines of the chart."""
        page, first, steps = self.page, self.where.first, self.where.steps
        time = self.bands.blocks["t"].area
        for name, row in rows.items():
            page.text(row, 1, page.labels(f"flow.{name}"), "caption")
        cell = {name: page.reference(page.area(row, first)) for name, row in rows.items()}
        after = {name: page.reference(page.area(row, first + 1)) for name, row in rows.items()}
        last = f"${page.reference(time.part(0, steps - 1))}"
        behind, texts = f"{last}-{page.reference(time)}", {}
        for name in ("dh", "dz", "dh_back"):
            column = self.bands.blocks[name].area.column(0).a1
            texts[f"norm_{name}"] = f"SQRT(SUMPRODUCT({column},{column}))"
        for name, of, to in (("by_tanh", "norm_dh", "norm_dz"), ("by_Whh", "norm_dz", "norm_dh_back")):
            # Not IF(norm>0, …): IronCalc takes 1E-17 for 0 there.
            texts[name] = f"IFERROR({cell[to]}/{cell[of]},0)"
        texts["clipped"] = f"MIN({cell['through_Whh']},{clip.area.fixed})"
        for name in _DRAWN:
            texts[f"drawn_{name}"] = f"MAX({cell[name]},1E-45)"
        back = [[steps - 1 - step for step in range(steps)]]
        page.formula(
            "steps_back", page.area(rows["steps_back"], first, 1, steps), behind, "label", values=back
        )
        for name, text in texts.items():
            self._line(name, page.area(rows[name], first, 1, steps), text)
        through, end = rows["through_Whh"], first + steps - 1
        text = f"MIN(1E+100,{after['through_Whh']}*{after['by_Whh']})"
        self._line("through_Whh", page.area(through, first, 1, steps - 1), text)
        self._line(
            "through_Whh", page.area(through, end), page.reference(page.area(rows["norm_dh"], end)), steps
        )
        for name in ("by_tanh", "by_Whh"):
            page.sheet.highlights.append(Highlight(page.area(rows[name], first, 1, steps), "factor"))
        self._chart(rows)

    def _line(self, name: str, area: Area, text: str, time: int = 1) -> None:
        self.page.formula(name, area, text, "gradient", trace=f"flow.{name}", time=time, form="powers")

    def _chart(self, rows: Mapping[str, int]) -> None:
        labels, first, steps = self.page.labels, self.where.first, self.where.steps
        lines = {name: self.page.area(rows[f"drawn_{name}"], first, 1, steps) for name in _DRAWN}
        series = tuple(Series(area, labels(f"flow.series_{name}")) for name, area in lines.items())
        back = self.page.area(rows["steps_back"], first, 1, steps)
        titles = {"x_title": labels("flow.chart_x"), "y_title": labels("flow.chart_y")}
        self.page.sheet.charts.append(
            Chart("powers", labels("flow.chart"), series, back, **titles, row=_CHART, col=1)
        )


_LINES = (
    "steps_back",
    "norm_dh",
    "by_tanh",
    "norm_dz",
    "by_Whh",
    "norm_dh_back",
    "through_Whh",
    "clipped",
    *(f"drawn_{name}" for name in _DRAWN),
)
"""The lines of norms and factors, in the order in which a gradient passes them."""
