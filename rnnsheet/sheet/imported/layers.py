"""The worksheets of an imported network's layers: time runs right, units down; the last says the answer."""

from collections.abc import Mapping
from itertools import groupby

from rnnsheet.equations.expr import Leaf, Next, Previous, Value
from rnnsheet.equations.imported import result
from rnnsheet.equations.recurrence import Equation
from rnnsheet.labels import Labels
from rnnsheet.network import STATIC
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Text
from rnnsheet.sheet.layout_context import LABEL, Columns, Frame
from rnnsheet.sheet.page_builder import Page, width_of
from rnnsheet.sheet.plan import CHART_WIDTH, Area, Block, Chart, Highlight, Series
from rnnsheet.sheet.time_layout import HEAD_ROW, TimeLayout

_FIRST_PAGE = "network"
_WIDEST = 24
_BESIDE = 5
"""So many columns behind what is said once its chart begins; fewer where a small screen needs it."""
_PRINTED = 60
"""So many rows of each block are printed at most."""
_CHARTED = {True: 30, False: 8}
"""Of so many labels there is a chart, if they are said once or at each time step."""


def names(network: ImportedNetwork, labels: Labels) -> dict[str, str]:
    """Per layer, the name of its sheet."""
    named = {layer.name: f"L{number}_{layer.name}"[:31] for number, layer in enumerate(network, start=1)}
    return named | {network.result.name: labels.sheets["output"]}


def place(
    network: ImportedNetwork,
    frame: Frame,
    scope: Mapping[Leaf, Area],
    usable: Mapping[str, Area],
    read: Mapping[str, Block],
) -> tuple[list[Page], dict[str, Block]]:
    """The sheets, and their blocks by name.

    `scope` says where that stands which is read, `usable` by the sheet of weights whether all can be used;
    `read` are the blocks of the sheet on which a text becomes numbers.
    """
    places = dict(scope)
    pages = [_LayerPage(network, layer, frame, places, usable, read) for layer in network]
    for page in pages:
        page.fill()
    blocks = {name: block for page in pages for name, block in page.layout.blocks.items()}
    return [page.page for page in pages], blocks


class _FlowLayout(TimeLayout):
    """TimeLayout whose weights stand on other sheets, and what they read as well."""

    def __init__(self, page: Page, frame: Frame, places: dict[Leaf, Area], usable: Mapping[str, Area]):
        super().__init__(page, frame, Columns())
        self.weight = None
        self.places, self.usable = places, usable
        self.speaks: Area | None = None
        """Whether anything is said, on the sheet that says it."""

    def reserve(self, equation: Equation, row: int) -> None:
        super().reserve(equation, row)
        self.places |= {
            leaf: area for leaf, area in self.scope.items() if isinstance(leaf, Value | Previous | Next)
        }

    def around(self, equation: Equation) -> str:
        """Sums of weights are 0 where one of them is none; nothing is said of what means nothing."""
        if equation.weights:
            sheet = self.given[equation.weights[0].name].area.sheet
            return f"IF({self.usable[sheet].absolute}=1,{{}},0)"
        if self.speaks and equation.name in ("says", "confidence"):
            # A label may be an error.
            said = 'IFERROR({},"")' if equation.name == "says" else "{}"
            return f'IF({self.speaks.fixed}=1,{said},"")'
        return "{}"


class _LayerPage:
    """One layer: first its places, then, when those of all layers are known, its formulas."""

    def __init__(
        self,
        network: ImportedNetwork,
        layer: ImportedLayer,
        frame: Frame,
        places: dict[Leaf, Area],
        usable: Mapping[str, Area],
        read: Mapping[str, Block],
    ):
        self.frame, self.layer, labels = frame, layer, frame.labels
        tokens = read.get("token")
        self.page = Page(names(network, labels)[layer.name], labels)
        kind = layer.kind.replace("-", "_")
        self.says = layer is network.result
        self.page.sheet.part = "output" if self.says else "hidden"
        self.layout = _FlowLayout(self.page, frame, places, usable)
        self.layout.begin(labels("layer.title", name=layer.name, kind=labels(f"kind.{kind}")), _FIRST_PAGE)
        self.nothing: Area | None = None
        """The cell that is 0 where nothing is read."""
        if self.says:
            self.layout.speaks = self.page.area(HEAD_ROW, self.layout.where.first)
            self.layout.row += 1
            if isinstance(network.read, Text):
                count = read["count"].area
                self.nothing = count.part(0, count.cols - 1)
        self.equations = self._own()
        sequences = [
            (sequence, list(group)) for sequence, group in groupby(self.equations, lambda each: each.sequence)
        ]
        over_time = [sequence for sequence, _ in sequences if sequence != STATIC]
        if over_time:
            self.layout.times(*over_time)
        if over_time == ["word"] and tokens:
            self._tokens(tokens)
        self.layout.freeze(labels(f"layer.{kind}"))
        for sequence, equations in sequences:
            if len(sequences) > 1:
                self._heading(sequence)
            if len(over_time) > 1 and sequence == "word" and tokens:
                self._tokens(tokens)
            self.layout.place(equations)
            self.layout.row += 1

    def fill(self) -> None:
        """Writes the formulas."""
        self.layout.scope = self.layout.places | self.layout.scope
        self.layout.fill(self.equations)
        if self.says:
            self._speaks()
            self._show()
        self._print()

    def _print(self) -> None:
        """Of many units the first are printed: those of a layer of a thousand take twenty pages."""
        parts, top = list[tuple[int, int]](), 1
        for area in (self.layout.scope[each.value] for each in self.equations):
            if area.rows > _PRINTED:
                parts.append((top, area.row + _PRINTED - 1))
                top = area.row + area.rows
        if parts and top < self.layout.row - 1:
            parts.append((top, self.layout.row - 1))
        self.page.sheet.printed_rows = tuple(parts)

    def _own(self) -> list[Equation]:
        """The layer's equations, of the last one with what is said; each sequence together."""
        network = self.frame.network
        own = [each for each in network.equations.values() if each.layer is self.layer]
        if self.says:
            own = [*network.of("read"), *own, *network.of("answer")]
        return [each for sequence in network.sequences for each in own if each.sequence == sequence]

    def _heading(self, sequence: str) -> None:
        """The beginning of a sequence: what it is."""
        numbers = sequence == "word" and self.frame.network.split == "numbers"
        self.layout.heading(self.page.labels("sequence.numbers" if numbers else f"sequence.{sequence}"))

    def _tokens(self, tokens: Block) -> None:
        self.page.text(self.layout.row, 1, self.page.labels("meaning.token"), "caption")
        self.page.link(tokens, self.layout.row, self.layout.where.first, style="label")
        self.layout.row += 1

    def _speaks(self) -> None:
        """Whether anything is said: not without weights, nor of nothing, nor where numbers have no end."""
        assert self.layout.speaks  # noqa: S101
        self.page.text(HEAD_ROW, 1, self.page.labels("layer.speaks"), "caption")
        area = self.layout.blocks[result(self.frame.network).name].area
        text = f"IF(ISERROR(SUM({area.a1})),0,1)"
        if self.nothing:
            text = f"IF({self.nothing.absolute}=0,0,{text})"
        if self.layout.usable:
            cells = ",".join(each.absolute for each in self.layout.usable.values())
            text = f"IF(MIN({cells})=0,0,{text})"
        speaks = self.page.formula("speaks", self.layout.speaks, text, "label", trace="speaks")
        self.layout.blocks[speaks.name] = speaks

    def _show(self) -> None:
        """Marks the greatest row, and draws the probabilities where there are few."""
        said = result(self.frame.network)
        block, rows = self.layout.blocks[said.name], said.value.rows
        if rows.name != "labels":
            return
        self.page.sheet.highlights.append(Highlight(block.area, "chosen", self.layout.blocks["said"].area))
        texts = self.frame.inputs["labels"].values or ()
        longest = min(_WIDEST, max(width_of(text) for (text,) in texts) + 2)
        self.page.sheet.widths[LABEL] = max(self.page.sheet.widths[LABEL], longest)
        if said.base == "p" and rows.size <= _CHARTED[said.sequence == STATIC]:
            self._chart(block.area, said.sequence)

    def _chart(self, block: Area, sequence: str) -> None:
        labels, first = self.page.labels, self.layout.where.first
        row, col = HEAD_ROW + 2, min(first + _BESIDE, self.page.sheet.column_for(CHART_WIDTH, first + 2))
        titles = self.page.area(block.row, LABEL, block.rows)
        if sequence == STATIC:
            series: tuple[Series, ...] = (Series(block, labels("unrolled.chart_y")),)
            categories = titles
        else:
            rows = range(block.rows)
            series = tuple(Series(block.part(each, 0, 1, block.cols), titles.part(each)) for each in rows)
            categories = self.layout.blocks["says"].area
            row, col = self.layout.row, first
        title, y = labels("unrolled.chart"), labels("unrolled.chart_y")
        x = labels("unrolled.chart_label" if sequence == STATIC else "meaning.t")
        self.page.sheet.charts.append(Chart("shares", title, series, categories, x, y, row, col))
