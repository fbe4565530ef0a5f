"""The layers of a network as named equations; `lesson` and `imported` add what is read and what is said."""

from collections.abc import Mapping
from typing import cast

from rnnsheet.equations.cells import CELLS
from rnnsheet.equations.expr import At, Expr, Leaf, Value, concat, over_time
from rnnsheet.equations.layer import LayerEquations
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.network import ONE, STATIC, Axis, Layer, Model, Source


class Network:
    """Writes the equations of one layer after the other."""

    both = "both"
    """By which name labels know several results below each other."""

    def __init__(self, model: Model, r: Recurrence):
        self.model, self.r = model, r

    def input(self, name: str) -> Value:
        """What is read of an input at a time step; the first time, its equations are written."""
        raise NotImplementedError

    def line(self, sequence: str) -> str:
        """What a sequence of the model is called in its equations."""
        return sequence

    def axis(self, layer: Layer) -> Axis:
        """The axis of a layer's units."""
        return self.model.axis(layer)

    def part(self, layer: Layer) -> str:
        """The part of the network that a layer's values are."""
        return "cell"

    def mask(self, along: str) -> Leaf | None:
        """What is 0 at padding, of a sequence that has some that matters."""
        return None

    def initial(self, layer: Layer) -> Mapping[str, Leaf | None]:
        """The first value of each state that no parameter gives."""
        found: dict[str, Leaf | None] = {}
        for state in layer.traits.states:
            if start := self.model.start(layer, state):
                before, name = start
                value = self.r.equations[name].value
                found[state] = At(name, value.rows, self._last(before), value.once)
        return found

    def layer(self, layer: Layer) -> Value:
        """The equations of a layer; what others read of it."""
        along = self.line(self.model.along(layer))
        reads = [self._source(source, along) for source in layer.sources]
        equations = LayerEquations(
            self.r,
            layer,
            {name: (array.shape[0], array.shape[1]) for name, array in self.model.of(layer).items()},
            self.line(self.model.sequence(layer)),
            along,
            self.axis(layer) if layer.traits.rows == "units" else ONE,
            self.initial(layer),
            self.mask(along),
            self.part(layer),
        )
        return CELLS[layer.kind](equations, *self._put_together(equations, reads))

    def _put_together(self, r: LayerEquations, reads: list[Expr]) -> list[Leaf]:
        """What the layer reads at a time step: one vector, or several where its kind merges them."""
        name, vectors = r.layer.gathered, cast("list[Leaf]", reads)
        if not name:
            return vectors
        one = len(reads) == 1
        expr, part, base = (reads[0], "read", "bag") if one else (concat(vectors), r.part, self.both)
        return [self.r.let(name, expr, part, sequence=r.along, base=base, layer=r.layer)]

    def _source(self, source: Source, along: str) -> Expr:
        before = self.model.layer_of(source)
        value = self.r.equations[before.result].value if before else self.input(str(source.of))
        if source.at == "" or value.once:
            # What is computed once is the same at each time step.
            elsewhere = value.once and source.at == "" and along != STATIC
            return At(value.name, value.rows, 1, once=True) if elsewhere else value
        steps = self.r.sequences[self.line(self.model.sequence(before) if before else str(source.of))]
        if source.at == "sum":
            return over_time(value, steps)
        last = self._last(before) if before else steps
        return At(value.name, value.rows, last if source.at == "last" else int(source.at))

    def _last(self, layer: Layer) -> int:
        """The time step that a layer computes last."""
        return 1 if layer.reverse else self.r.sequences[self.line(self.model.sequence(layer))]
