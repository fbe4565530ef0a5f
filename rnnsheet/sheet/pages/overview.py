"""The first worksheet: what this is, a live picture of the network, the legend, links."""

from collections.abc import Sequence

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.notation import subscript, symbol
from rnnsheet.network import INPUTS, STATIC, Layer, on_sequence
from rnnsheet.sheet.captions import meaning, meaning_in_layer, meaning_of_text, title
from rnnsheet.sheet.diagram import diagrams
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import SPAN, STATE_ROW, TEXT, Page
from rnnsheet.sheet.pages import flow, training
from rnnsheet.sheet.plan import Block, Highlight

KEY = "overview"
LEGEND = ("sample", "link", "given", "hidden", "output", "loss", "gradient", "result")
_DRAWN, _DRAWN_WITH_ONE, _DRAWN_OF_SEVERAL = 6, 4, 3
"""The picture shows at most so many time steps; beside what is computed once; of each of several texts."""
_FIRST = 4
_WAYS, _NEXT = STATE_ROW + 1, 4
"""The row that says where to go, and how many sheets it names."""
_PICTURE_STYLES = {"letter": "given", "t": "label"}


def place(context: Context, pages: Sequence[Page]) -> Page:
    """The sheet."""
    lesson, labels = context.lesson, context.labels
    page = Page.of(KEY, labels)
    page.title(title(lesson, labels), lesson.about.get(labels.language) or labels("overview.about"))
    row = _answers(page, context, _ways(page, pages))
    page.text(row, 1, labels("overview.picture"), "heading", SPAN)
    row = _cells(page, context, _Picture(page, context, row + 2).place() + 1)
    row = page.legend(row, LEGEND)
    page.text(row, 1, labels("overview.sheets"), "heading", SPAN)
    page.jump(_WAYS, _FIRST + 2 * _NEXT, f"{labels('overview.sheets')} ↓", row)
    for line, other in enumerate(pages, start=row + 1):
        page.text(line, 1, other.sheet.name, "link_text", link=other.sheet.name)
        page.text(line, 2, labels(f"overview.{other.key}"), "beside")
    row += len(pages)
    for key in (training.KEY, flow.KEY):
        if key not in (other.key for other in pages) and not lesson.settings.sheets:
            row += 1
            page.text(row, 1, labels(f"overview.no_{key}"), "hint")
    page.text(row + 2, 1, labels("overview.proof"), "about", SPAN)
    page.sheet.widths = {1: 14}
    page.sheet.sections += [text.row for text in page.sheet.texts if text.style == "heading"]
    return page


def _ways(page: Page, pages: Sequence[Page]) -> int:
    """Where to go next; the next free row."""
    page.text(_WAYS, 1, page.labels("overview.next"), "caption")
    typed = pages[0].sheet
    told = page.labels("overview.type", sheet=typed.name, cell=typed.cursor)
    page.text(_WAYS, _FIRST, told, "type_here", 2, link=typed.name, at=typed.cursor)
    for col, other in enumerate(pages[1:_NEXT], start=1):
        name = other.sheet.name
        page.text(_WAYS, _FIRST + 2 * col, f"→ {name}", "link_text", link=name)
    return _WAYS + 1


def _cells(page: Page, context: Context, row: int) -> int:
    """What is inside of each kind of recurrent cell; the next free row."""
    drawn = list(diagrams(context.network, page.labels, row + 2, 1))
    if not drawn:
        return row
    page.text(row, 1, page.labels("diagram.title"), "heading", SPAN)
    about = [page.labels("diagram.about")]
    recurrent = (each for each in context.lesson.model if each.traits.states)
    if layers := [each.ending[1:] for each in recurrent if each.ending.startswith("_")]:
        about.append(page.labels("diagram.without", layers=", ".join(layers)))
    page.text(row + 1, 1, page.labels("steps.join").join(about), "small")
    page.sheet.drawings += drawn
    return drawn[-1].row + drawn[-1].rows + 1


def _answers(page: Page, context: Context, row: int) -> int:
    """Each text that is read, and below it what is said of it, as it stands now; the next free row."""
    lesson, network, labels = context.lesson, context.network, context.labels
    outputs = [each for each in lesson.model.outputs if lesson.model.sequence(each) in (STATIC, "answer")]
    if not outputs:
        return row
    page.text(row, 1, labels("overview.answers"), "heading", SPAN)
    row += 1
    for name in ("word", "second", "picture", "answer"):
        if name in context.inputs:
            page.text(row, 1, meaning_of_text(name, network, labels), "caption")
            row += _given(page, context.inputs.get(f"{name}_clean", context.inputs[name]), row)
        for output in (each for each in outputs if lesson.model.root(each) == name):
            told = meaning(network.equations[output.named("predicted")], network, labels)
            if len(outputs) > 1:
                told += labels("style.of_layer", layer=output.name)
            page.text(row, 1, told, "caption")
            once, col = lesson.model.sequence(output) == STATIC, _FIRST
            for base in ("predicted", "confidence", "right") if once else ("predicted",):
                block = page.link(context.over_time[output.named(base)], row, col, style="result")
                page.mark(block, base)
                col += 1
            row += 1
            if not once:
                page.text(row, 1, labels("meaning.target_once"), "caption")
                page.link(context.over_time[output.named("target")], row, _FIRST, style="link")
                row += 1
    return row + 1


def _given(page: Page, given: Block, row: int) -> int:
    """The picture or the text, as it is typed; how many rows it takes."""
    if given.name == "picture":
        drawn = page.link(given, row, _FIRST, style="given")
        page.sheet.highlights.append(Highlight(drawn.area, "one_hot"))
    else:
        page.formula(
            given.name,
            page.area(row, _FIRST),
            page.reference(given.area),
            "plain",
            values=given.values,
            form=TEXT,
        )
    return given.area.rows


class _Picture:
    """The network, unrolled: what is read below, what is said above; time runs right.

    Each sequence has its own columns; a state is handed on to the right, or of a layer that reads
    from the end to the left. Networks that share no layer stand below each other.
    """

    def __init__(self, page: Page, context: Context, top: int):
        self.top = top
        self.page, self.context, self.network, self.model = (
            page,
            context,
            context.network,
            context.lesson.model,
        )
        self.layers = [layer for layer in self.model if layer.shares is None and not layer.traits.says]
        self.outputs = [layer for layer in self.model.outputs if layer.shares is None]
        self.first: dict[str, int] = {}
        self.drawn: dict[str, int] = {}
        col = _FIRST
        over_time = len(self.network.sequences.keys() - {STATIC})
        most = _DRAWN_WITH_ONE if STATIC in self.network.sequences else _DRAWN
        most = most if over_time == 1 else _DRAWN_OF_SEVERAL
        for sequence, steps in self.network.sequences.items():
            if (
                any(self.model.sequence(layer) == sequence for layer in (*self.layers, *self.outputs))
                or sequence == "word"
            ):
                # What is computed once has no state before it.
                self.first[sequence], self.drawn[sequence] = col, min(steps, most)
                # The arrow out of the last step and that into the first stand in rows of their own.
                col += 2 * self.drawn[sequence]

    def place(self) -> int:
        """The row below the picture."""
        row = self.top
        for outputs in self._networks():
            row = self._network(row, outputs)
        if tied := [str(layer.name) for layer in self.model.outputs if layer.shares is not None]:
            told = self.page.labels("picture.tied", names=", ".join(tied))
            self.page.text(row, 1, told, "caption")
            row += 2
        return row

    def _networks(self) -> list[list[Layer]]:
        """The outputs, those together that have a layer in common."""
        networks: list[list[Layer]] = []
        for output in self.outputs:
            below = self._below([output])
            apart = [each for each in networks if below.isdisjoint(self._below(each))]
            joined = [other for each in networks if each not in apart for other in each]
            networks = [*apart, [*joined, output]]
        return networks

    def _below(self, outputs: list[Layer]) -> set[str]:
        """The names of all layers that the outputs are computed from."""
        names, waiting = set[str](), list(outputs)
        while waiting:
            layer = waiting.pop()
            for name in (*(source.of for source in layer.reads), layer.starts):
                if name is not None and name not in INPUTS and name not in names:
                    names.add(name)
                    waiting.append(self.model.layer(name))
        return names

    def _network(self, row: int, outputs: list[Layer]) -> int:
        """Draws the outputs and what they are computed from; the row below."""
        below = self._below(outputs)
        layers = [layer for layer in self.layers if layer.name in below]
        read = {self.model.root(layer) for layer in (*layers, *outputs)}
        read |= {self.model.sequence(layer) for layer in (*layers, *outputs)}
        for output in outputs:
            for base in ("right", "predicted", "confidence"):
                self._line(row, output.named(base), self._told(output.named(base)))
                row += 1
            self._arrows(row, self.model.sequence(output), f"↑ {output.parameter_names['Why']}")
            row += 1
        for layer in reversed(layers):
            self._layer(row, layer)
            self._arrows(row + 1, self.model.sequence(layer), self._into(layer))
            row += 2
        sequences = [sequence for sequence in self.first if sequence in read]
        for sequence in sequences:
            name = on_sequence("letter", sequence)
            if name in self.network.equations:
                self._line(row, name, self._told(name))
        if any(name in self.context.over_time for name in ("t", "t_answer")):
            for sequence in sequences:
                name = on_sequence("t", sequence)
                if sequence != STATIC:
                    self._line(row + 1, name, self.page.labels("meaning.t"), sequence)
        return row + 3

    def _told(self, name: str) -> str:
        equation = self.network.equations[name]
        return meaning_in_layer(equation, self.network, self.page.labels)

    def _into(self, layer: Layer) -> str:
        """The arrow from what a layer reads; where there are several weights, it stands for all of them."""
        if layer.reads[0].at == "sum":
            return "↑ Σ"
        return f"↑ {layer.parameter_names['Wxh']}" if layer.kind == "elman" else "↑"

    def _line(self, row: int, name: str, told: str, sequence: str = "") -> None:
        sequence = sequence or self.network.equations[name].sequence
        if sequence not in self.first:
            return
        base = self.network.equations[name].base if name in self.network.equations else "t"
        if not any((text.row, text.col) == (row, 1) for text in self.page.sheet.texts):
            self.page.text(row, 1, told, "caption")
        for step in range(self.drawn[sequence]):
            col = self.first[sequence] + 2 * step
            style = _PICTURE_STYLES.get(base, "result")
            self.page.mark(self.page.link(self.context.over_time[name], row, col, step, 1, style), base)

    def _arrows(self, row: int, sequence: str, text: str) -> None:
        for step in range(self.drawn[sequence]):
            self.page.text(row, self.first[sequence] + 2 * step, text, "arrow")

    def _layer(self, row: int, layer: Layer) -> None:
        """A row of states with arrows between them, or the results of a layer without memory."""
        sequence, result = (self.model.sequence(layer), layer.result)
        labels, size = self.page.labels, self.model.size(layer)
        kind = "picture.h" if layer.traits.states else "picture.a"
        self.page.text(row, 1, labels(kind, units=size), "caption")
        first, drawn = self.first[sequence], self.drawn[sequence]
        arrow = "←" if layer.reverse else "→"
        on = f"{layer.parameter_names['Whh']} {arrow}" if layer.kind == "elman" else arrow
        steps = self.network.sequences[sequence]
        for step in range(drawn):
            col = first + 2 * step
            self.page.text(row, col, result + (subscript(step + 1) if sequence != STATIC else ""), "hidden")
            if layer.traits.states and step + 1 < steps:
                self.page.text(row, col + 1, on if step + 1 < drawn else f"{arrow} …", "arrow")
        if layer.traits.states and not layer.reverse:
            start = self.network.beyond(layer.result)
            told = f"{result}₀" if isinstance(start, Parameter) else symbol(start) if start else ""
            self.page.text(row, first - 1, f"{told} →", "arrow")
