"""A network: its layers and their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rnnsheet.network.kinds import Array, Axis, ParameterSpec
from rnnsheet.network.layers import STATIC, Layer, Source, on_sequence


@dataclass(frozen=True)
class Model:
    """A network: its layers and their parameters.

    `layers` may be the name of one recurrent cell: it reads the word, and a softmax reads it at each
    time step. `parameters` maps a name to a float64 array of two dimensions: (out, in) for a matrix,
    (out, 1) for a bias vector, (1, 1) for one number that broadcasts. Absent means left out.
    """

    layers: Sequence[Layer] | str
    parameters: Mapping[str, Array]
    checked_for: object = field(default=None, init=False, compare=False, repr=False)
    """The inputs and labels that `check_model` found it to fit, so that it need not look again."""

    def __iter__(self) -> Iterator[Layer]:
        """The layers; each reads only those before it."""
        assert not isinstance(self.layers, str)  # noqa: S101
        return iter(self.layers)

    @property
    def cell(self) -> str:
        """The kind of the first recurrent layer, or else of the first one."""
        return next((layer.kind for layer in self if layer.traits.states), next(iter(self)).kind)

    @property
    def hidden(self) -> int:
        """The number of units of the first layer."""
        return self.size(next(iter(self)))

    @property
    def recurrent(self) -> tuple[str, ...]:
        """The names of the parameters that multiply a state of the time step before."""
        return tuple(name for name, spec in self.specs().items() if spec.recurrent)

    @cached_property
    def outputs(self) -> tuple[Layer, ...]:
        """The softmax layers."""
        return tuple(layer for layer in self if layer.traits.says)

    def specs(self) -> dict[str, ParameterSpec]:
        """What is asked of each parameter that the model has, by its name."""
        return {
            name: spec
            for layer in self
            if layer.shares is None
            for spec in layer.traits.parameters
            if (name := layer.parameter_names[spec.name]) in self.parameters
        }

    def of(self, layer: Layer) -> dict[str, Array]:
        """A layer's parameters by their names without its ending."""
        return {
            base: self.parameters[name]
            for base, name in layer.parameter_names.items()
            if name in self.parameters
        }

    def with_parameters(self, parameters: Mapping[str, Array]) -> Model:
        """The same layers with other parameters; what is known of the layers need not be found again."""
        made = Model(self.layers, parameters)
        known = ("_named", "_read_along", "reads", "outputs")
        vars(made).update({name: getattr(self, name) for name in known})
        return made

    @cached_property
    def _named(self) -> dict[str | None, Layer]:
        """By their names, the layers that others may read."""
        return {layer.name: layer for layer in self if not layer.traits.says}

    def layer(self, name: str) -> Layer:
        """The layer of that name that others may read."""
        return self._named[name]

    def layer_of(self, source: Source) -> Layer | None:
        """The layer that a source speaks of; None of an input."""
        return self._named.get(source.of)

    def size(self, layer: Layer) -> int:
        """The number of a layer's units."""
        return int(self.parameters[layer.sizing].shape[0])

    def axis(self, layer: Layer) -> Axis:
        """The axis of a layer's units."""
        return Axis("hidden", self.size(layer))

    def axis_read(self, layer: Layer, inputs: Mapping[str, Axis]) -> Axis:
        """The axis of what a layer reads; `inputs` has those of the inputs."""
        read = [(str(source.of), self.layer_of(source)) for source in layer.reads]
        axes = [self.axis(before) if before else inputs[name] for name, before in read]
        return axes[0] if len(axes) == 1 else Axis("hidden", sum(axis.size for axis in axes))

    def value(self, source: Source) -> str:
        """The name of the value that a source speaks of."""
        before = self.layer_of(source)
        return before.result if before else on_sequence("x", str(source.of))

    @cached_property
    def reads(self) -> dict[str, list[tuple[str, str, Layer | None]]]:
        """Of each layer, by its result: the value's name, the part and the layer of each of its sources."""
        return {
            layer.result: [(self.value(each), each.at, self.layer_of(each)) for each in layer.sources]
            for layer in self
        }

    def start(self, layer: Layer, state: str) -> tuple[Layer, str] | None:
        """The layer that gives a state its first value, and the name of that value; None if none does."""
        if layer.starts is None:
            return None
        before = self.layer(layer.starts)
        if state in before.traits.states:
            return before, before.named(state)
        return (before, before.result) if state == "h" else None

    def output_on(self, sequence: str) -> Layer:
        """The softmax of a sequence."""
        return next(layer for layer in self.outputs if self.sequence(layer) == sequence)

    def sequence(self, layer: Layer) -> str:
        """Along what the layer is computed: the name of an input, or `STATIC`."""
        return STATIC if layer.traits.once else self.along(layer)

    def along(self, layer: Layer) -> str:
        """Along what the layer reads: the name of an input, or `STATIC`."""
        return self._read_along[layer.result]

    @cached_property
    def _read_along(self) -> dict[str, str]:
        """Of each layer, by its result; found from the first on: where results meet, paths are many."""
        found: dict[str, str] = {}
        for layer in self:
            read = (self._along_of(source, found) for source in layer.reads)
            found[layer.result] = next((sequence for sequence in read if sequence != STATIC), STATIC)
        return found

    def _along_of(self, source: Source, found: Mapping[str, str]) -> str:
        before = self.layer_of(source)
        if source.at or source.of == "picture" or (before and before.traits.once):
            return STATIC
        return found[before.result] if before else str(source.of)

    def root(self, layer: Layer) -> str:
        """The input that the layer reads, if only through others."""
        before = self.layer_of(layer.reads[0])
        return self.root(before) if before else str(layer.reads[0].of)
