"""Networks as data: layers, what each reads, their parameters, checked against each other. No arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnsheet.errors import LessonError, unknown

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """What the rows or columns of a block stand for, and how many there are."""

    name: str
    size: int

    def __str__(self) -> str:
        return f"{self.name} ({self.size})"


ONE = Axis("one", 1)


@dataclass(frozen=True)
class ParameterSpec:
    """What a layer asks of one of its parameters: its axes, and which short forms it allows.

    An axis is "hidden" (the layer's own units), "input" (what it reads) or "one".
    """

    name: str
    rows: str
    cols: str
    scalar: bool = False
    """One number may stand for all of them."""
    optional: bool = False
    recurrent: bool = False
    """It multiplies a state of the time step before."""


def gate(name: str) -> tuple[ParameterSpec, ...]:
    """The parameters of one gate: from what the layer reads, from its hidden state, and a bias."""
    return (
        ParameterSpec(f"Wx{name}", "hidden", "input"),
        ParameterSpec(f"Wh{name}", "hidden", "hidden", scalar=True, recurrent=True),
        bias(f"b{name}"),
    )


def bias(name: str) -> ParameterSpec:
    """A bias: one number per unit, one for all, or none."""
    return ParameterSpec(name, "hidden", "one", scalar=True, optional=True)


def peephole(name: str) -> ParameterSpec:
    """What each unit of a gate sees of its own cell state, or nothing."""
    return ParameterSpec(name, "hidden", "one", optional=True)


@dataclass(frozen=True)
class Kind:
    """A kind of layer: its parameters in the order in which they are shown, the first with all its rows.

    `states` is what a time step hands on to the next, the hidden state h first. `result` is what the
    layers above read. The first of the `activations` is the usual one.
    """

    parameters: tuple[ParameterSpec, ...]
    states: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()
    result: str = "h"

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(spec.name for spec in self.parameters)


KINDS: dict[str, Kind] = {
    "elman": Kind(gate("h"), ("h",), ("tanh", "relu")),
    "lstm": Kind(
        (
            *gate("i"),
            *gate("f"),
            *gate("g"),
            *gate("o"),
            *(peephole(f"Wc{name}") for name in "ifo"),
        ),
        ("h", "c"),
    ),
    "gru": Kind((*gate("r"), *gate("u"), *gate("n"), bias("bm")), ("h",)),
    "gru-before": Kind((*gate("r"), *gate("u"), *gate("n")), ("h",)),
    "dense": Kind(
        (ParameterSpec("Wa", "hidden", "input"), bias("ba")),
        activations=("tanh", "relu", "sigmoid", "linear"),
        result="a",
    ),
    "softmax": Kind((ParameterSpec("Why", "hidden", "input"), bias("by")), result="p"),
}
"""Every kind of layer by its name. `equations.cells.cell` adds to them."""

INPUTS = ("word", "second", "picture", "answer")
"""What a layer may read besides other layers: the text, the second text, the picture, its own last answer."""
_TAKEN = (*INPUTS, "back", "now", "t")
"""No layer is called so: `dh_back`, `dh_now` and `loss_t` are other things than a layer's."""

ONCE = "once"
"""The time line of layers that compute once, not at every time step."""


@dataclass(frozen=True)
class Source:
    """What a layer reads: an input or a layer, at each time step, or only in part.

    `at` is "" for each time step, "last" for the last one computed, "sum" for the sum over all, or
    the number of one. `of` None is the layer before.
    """

    of: str | None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.of or ''}[{self.at}]" if self.at else str(self.of or "")


_AT = re.compile("last|sum|[1-9][0-9]{0,4}")
_SOURCE = re.compile(rf"([A-Za-z0-9_]*)(?:\[({_AT.pattern})\])?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*|[1-9]\d*(_rev)?|")


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    `name` is what the names of its values and parameters end with; None numbers it. `reads` are
    sources, or texts such as "word", "encoder[last]", "[last]"; two of them are put below each other.
    `starts` names the layer whose last state is this one's first. `reverse` lets it read from the end.
    `weights` names the layer whose parameters it uses instead of its own.
    """

    cell: str
    name: str | None = None
    reads: tuple[Source, ...] = ()
    starts: str | None = None
    reverse: bool = False
    activation: str = ""
    weights: str | None = None

    def __post_init__(self) -> None:
        given = (self.reads,) if isinstance(self.reads, str) else self.reads
        object.__setattr__(self, "reads", tuple(_source(text, self) for text in given))

    @property
    def kind(self) -> Kind:
        return KINDS[self.cell]

    @cached_property
    def ending(self) -> str:
        """What the names of its values end with."""
        return ending(self.name)

    @cached_property
    def owner(self) -> str:
        """What the names of its parameters end with."""
        return self.ending if self.weights is None else ending(self.weights)

    def named(self, base: str) -> str:
        """The full name of one of its values."""
        return named(base, self.ending)

    @cached_property
    def gathered(self) -> str:
        """The full name of what it reads, put together; "" where that is one value as it is."""
        base = "both" if len(self.reads) > 1 else "bag" if self.reads[0].at == "sum" else ""
        return base and named(base, f"_out{self.ending}" if self.cell == "softmax" else self.ending)

    @property
    def result(self) -> str:
        """The full name of what other layers read."""
        return self.named(self.kind.result)


def ending(name: str | None) -> str:
    """What names end with in a layer: `2` of "2", `_lstm` of "lstm"."""
    return f"_{name}" if name and not name[0].isdigit() else name or ""


_SUFFIX = re.compile(r"(.*?)(_now|_back|_last|_t|_0)?")


@cache
def named(base: str, end: str) -> str:
    """A name of a layer: `Wxh2` of Wxh, `dh2_back` of dh_back."""
    found = _SUFFIX.fullmatch(base)
    assert found  # noqa: S101
    return f"{found[1]}{end}{found[2] or ''}"


def on_line(base: str, line: str) -> str:
    """The name of what a time line has: `letter` of the word, `letter_answer` of the answer."""
    return base if line == "word" else f"{base}_{line}"


def share_name(parameter: str, line: str) -> str:
    """The name of what the time steps of a time line add to a parameter's gradient: `dWxh_t`."""
    return on_line(f"d{parameter}_t", line)


@dataclass(frozen=True)
class Model:
    """A network: its layers and their parameters.

    `layers` may be the name of one recurrent cell: it reads the word, and a softmax reads it at each
    time step. `parameters` maps a name to a float64 array of two dimensions: (out, in) for a matrix,
    (out, 1) for a bias vector, (1, 1) for one number that broadcasts. Absent means left out.
    """

    layers: Sequence[Layer] | str
    parameters: Mapping[str, Array]

    def __iter__(self) -> Iterator[Layer]:
        """The layers; each reads only those before it."""
        assert not isinstance(self.layers, str)  # noqa: S101
        return iter(self.layers)

    @property
    def cell(self) -> str:
        """The kind of the first recurrent layer, or else of the first one."""
        return next((layer.cell for layer in self if layer.kind.states), next(iter(self)).cell)

    @property
    def hidden(self) -> int:
        """The number of units of the first layer."""
        return self.size(next(iter(self)))

    @property
    def recurrent(self) -> tuple[str, ...]:
        """The names of the parameters that multiply a state of the time step before."""
        return tuple(name for name, spec in self.specs().items() if spec.recurrent)

    @property
    def outputs(self) -> tuple[Layer, ...]:
        """The softmax layers."""
        return tuple(layer for layer in self if layer.cell == "softmax")

    def specs(self) -> dict[str, ParameterSpec]:
        """What is asked of each parameter that the model has, by its name."""
        return {
            named(spec.name, layer.ending): spec
            for layer in self
            if layer.weights is None
            for spec in layer.kind.parameters
            if named(spec.name, layer.ending) in self.parameters
        }

    def of(self, layer: Layer) -> dict[str, Array]:
        """A layer's parameters by their names without its ending."""
        names = {spec.name: named(spec.name, layer.owner) for spec in layer.kind.parameters}
        return {base: self.parameters[name] for base, name in names.items() if name in self.parameters}

    def layer(self, name: str) -> Layer:
        """The layer of that name that others may read."""
        return next(layer for layer in self if layer.name == name and layer.cell != "softmax")

    def size(self, layer: Layer) -> int:
        """The number of a layer's units."""
        return int(self.parameters[named(layer.kind.parameters[0].name, layer.owner)].shape[0])

    def axis(self, layer: Layer) -> Axis:
        """The axis of a layer's units."""
        return Axis("hidden", self.size(layer))

    def axis_read(self, layer: Layer, inputs: Mapping[str, Axis]) -> Axis:
        """The axis of what a layer reads; `inputs` has those of the inputs."""
        axes = [inputs.get(str(s.of)) or self.axis(self.layer(str(s.of))) for s in layer.reads]
        return axes[0] if len(axes) == 1 else Axis("hidden", sum(axis.size for axis in axes))

    def value(self, source: Source) -> str:
        """The name of the value that a source speaks of."""
        if source.of in INPUTS:
            return on_line("x", str(source.of))
        return self.layer(str(source.of)).result

    def outputs_on(self, line: str) -> Layer:
        """The softmax of a time line."""
        return next(layer for layer in self.outputs if self.time_line(layer) == line)

    def time_line(self, layer: Layer) -> str:
        """Along what the layer is computed: the name of an input, or `ONCE`."""
        source = layer.reads[0]
        if source.at or source.of == "picture":
            return ONCE
        return str(source.of) if source.of in INPUTS else self.time_line(self.layer(str(source.of)))

    def root(self, layer: Layer) -> str:
        """The input that the layer reads, if only through others."""
        of = str(layer.reads[0].of)
        return of if of in INPUTS else self.root(self.layer(of))


def check_model(model: Model, inputs: Mapping[str, Axis], labels: Axis) -> Model:
    """The model with complete layers, and its parameters as read-only float64 arrays in their order.

    `inputs` are those that the lesson has, `labels` what a softmax chooses from. Raises LessonError
    where a layer cannot be what it says, or a parameter is missing, unknown, of a wrong shape or
    not finite.
    """
    layers = _resolved(model.layers, inputs)
    known = [
        named(s.name, layer.ending)
        for layer in layers
        if layer.weights is None
        for s in layer.kind.parameters
    ]
    for name in model.parameters:
        if name not in known:
            raise unknown("unknown_parameter", name, known)
    fitted: dict[str, Array] = {}
    checked = Model(layers, fitted)
    for layer in layers:
        axis = checked.axis_read(layer, inputs)
        axes = {"input": axis, "one": ONE, "hidden": labels}
        if layer.cell != "softmax":
            axes["hidden"] = Axis("hidden", _units(layer, model.parameters, axis))
        for spec in layer.kind.parameters:
            name = named(spec.name, layer.owner)
            if layer.weights is not None:
                if name in fitted:
                    _fit(spec, name, fitted[name], axes)
            elif name in model.parameters:
                fitted[name] = _fit(spec, name, model.parameters[name], axes)
            elif not spec.optional:
                rows, cols = axes[spec.rows], axes[spec.cols]
                expected, told = f"{rows.size}×{cols.size}", f"{rows.name} × {cols.name}"
                raise LessonError(
                    "missing_parameter", name=name, cell=layer.cell, expected=expected, axes=told
                )
        _check_start(checked, layer)
    return Model(layers, MappingProxyType(fitted))


def fit_state(name: str, given: ArrayLike, size: int) -> Array:
    """A state before the first time step, (size, 1); one number stands for every unit."""
    spec = ParameterSpec(name, "hidden", "one", scalar=True)
    axes = {"hidden": Axis("hidden", size), "one": ONE}
    return np.broadcast_to(_fit(spec, name, given, axes), (size, 1))


def _source(text: Source | str, layer: Layer) -> Source:
    if isinstance(text, Source) and (text.at == "" or _AT.fullmatch(text.at)):
        return text
    found = _SOURCE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise LessonError("bad_source", cell=layer.cell, given=repr(str(text)))
    return Source(found[1] or None, found[2] or "")


def _resolved(given: Sequence[Layer] | str, inputs: Mapping[str, Axis]) -> tuple[Layer, ...]:
    """The layers with names and sources, each checked as far as that goes without parameters."""
    layers = (Layer(given), Layer("softmax")) if isinstance(given, str) else tuple(given)
    done: list[Layer] = []
    for layer in layers:
        if layer.cell not in KINDS:
            raise unknown("unknown_cell", layer.cell, KINDS)
        hidden = [each for each in done if each.cell != "softmax"]
        peers = hidden if layer.cell != "softmax" else [each for each in done if each.cell == "softmax"]
        twin = _twin(layer, hidden)
        name = _number(layer, peers, twin) if layer.name is None else layer.name
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise LessonError("bad_layer_name", given=repr(name), taken=", ".join(_TAKEN))
        if name in [each.name for each in peers]:
            raise LessonError("layer_twice", given=repr(name))
        sources = tuple(
            full for source in layer.reads or (Source(None),) for full in _full(source, hidden, inputs)
        )
        if twin and not layer.reads:
            sources = twin.reads
        activations = layer.kind.activations
        activation = layer.activation or next(iter(activations), "")
        if activation and activation not in activations:
            known = ", ".join(activations) or "-"
            raise LessonError("unknown_activation", cell=layer.cell, given=repr(activation), known=known)
        layer = replace(layer, name=name, reads=sources, activation=activation)
        for source in sources:
            _check_source(layer, source, hidden, inputs)
        _check_peers(layer, hidden, peers)
        done.append(layer)
    if not any(layer.cell == "softmax" for layer in done):
        raise LessonError("no_softmax")
    used = {source.of for layer in done for source in layer.reads} | {layer.starts for layer in done}
    for layer in done:
        if layer.cell == "softmax":
            continue
        if layer.name not in used:
            raise LessonError("unread_layer", cell=layer.cell, given=repr(layer.name))
        whole = any(source == Source(layer.name, "last") for each in done for source in each.reads)
        if layer.kind.states and whole + sum(each.starts == layer.name for each in done) > 1:
            raise LessonError("handed_twice", cell=layer.cell, given=repr(layer.name))
    return tuple(done)


def _twin(layer: Layer, hidden: Sequence[Layer]) -> Layer | None:
    """The layer before, if that reads forwards what this one reads backwards."""
    if (
        layer.reverse
        and not layer.reads
        and hidden
        and hidden[-1].cell == layer.cell
        and not hidden[-1].reverse
    ):
        return hidden[-1]
    return None


def _number(layer: Layer, peers: Sequence[Layer], twin: Layer | None) -> str:
    """The name of a layer that was given none: "" for the first, then 2, 3; `rev` behind that of a twin."""
    if twin:
        return f"{twin.name}_rev" if twin.name and twin.name[0].isdigit() else f"{twin.name}rev"
    count = sum(not each.reverse for each in peers)
    return str(count + 1) if count else ""


def _full(source: Source, hidden: Sequence[Layer], inputs: Mapping[str, Axis]) -> list[Source]:
    """A source with its name; of the layer before, if that reads in both directions, both."""
    if source.of is not None:
        return [source]
    if not hidden:
        return [Source(next(iter(inputs), "word"), source.at)]
    before = hidden[-1]
    names = [before.name]
    if before.reverse and len(hidden) > 1 and hidden[-2].reads == before.reads and not hidden[-2].reverse:
        names.insert(0, hidden[-2].name)
    return [Source(name, source.at) for name in names]


def _check_source(layer: Layer, source: Source, hidden: Sequence[Layer], inputs: Mapping[str, Axis]) -> None:
    known: dict[str, Layer | None] = dict.fromkeys(inputs)
    known |= {str(each.name): each for each in hidden}
    if source.of not in known:
        names = ", ".join(repr(name) for name in known if name)
        raise LessonError("unknown_source", cell=layer.cell, given=repr(str(source)), known=names)
    read = known[str(source.of)]
    states = bool(read and read.kind.states)
    fits = source.at == "" or (source.at == "last" and states) or (read is None and source.at != "last")
    if not fits or (source.of == "picture" and source.at):
        raise LessonError("bad_source", cell=layer.cell, given=repr(str(source)))


def _check_peers(layer: Layer, hidden: Sequence[Layer], peers: Sequence[Layer]) -> None:
    names = [each.name for each in hidden]
    if layer.starts is not None and (layer.starts not in names or not layer.kind.states):
        raise LessonError(
            "unknown_start", cell=layer.cell, given=repr(layer.starts), known=", ".join(map(repr, names))
        )
    if layer.weights is not None:
        same = [each.name for each in peers if each.cell == layer.cell and each.weights is None]
        if layer.weights not in same:
            raise LessonError(
                "unknown_weights",
                cell=layer.cell,
                given=repr(layer.weights),
                known=", ".join(map(repr, same)),
            )


def _check_start(model: Model, layer: Layer) -> None:
    if layer.starts is None:
        return
    before = model.layer(layer.starts)
    sizes = model.size(before), model.size(layer)
    if sizes[0] != sizes[1]:
        raise LessonError(
            "wrong_start", cell=layer.cell, starts=repr(layer.starts), got=sizes[0], expected=sizes[1]
        )


def _units(layer: Layer, parameters: Mapping[str, ArrayLike], read: Axis) -> int:
    name = named(layer.kind.parameters[0].name, layer.owner)
    if name not in parameters:
        raise LessonError(
            "missing_parameter",
            name=name,
            cell=layer.cell,
            expected=f"n×{read.size}",
            axes=f"hidden × {read.name}",
        )
    return int(np.atleast_2d(_numbers(name, parameters[name])).shape[0])


def _fit(spec: ParameterSpec, name: str, given: ArrayLike, axes: Mapping[str, Axis]) -> Array:
    array = _numbers(name, given)
    rows, cols = axes[spec.rows], axes[spec.cols]
    wanted = (rows.size, cols.size)
    if array.ndim == 0 or (spec.scalar and array.size == 1):
        fitted = array.reshape(1, 1)
        fits = spec.scalar or wanted == (1, 1)
    else:
        fitted = array.reshape(-1, 1) if array.ndim == 1 and spec.cols == "one" else array
        fits = fitted.shape == wanted
    if not fits:
        raise LessonError(
            "wrong_shape_or_number" if spec.scalar else "wrong_shape",
            name=name,
            expected="×".join(map(str, wanted)),
            axes=f"{rows.name} × {cols.name}",
            got="×".join(map(str, array.shape)) or "1",
        )
    if not np.isfinite(fitted).all():
        row, col = np.argwhere(~np.isfinite(fitted))[0] + 1
        raise LessonError("not_finite", name=name, row=row, col=col)
    fitted = fitted.copy()
    fitted.flags.writeable = False
    return fitted


def _numbers(name: str, given: ArrayLike) -> Array:
    try:
        array = np.asarray(given)
        # NumPy takes a truth value among numbers for a 1.
        truths = array.dtype == bool or bool in map(type, np.asarray(given, dtype=object).ravel())
        if array.size == 0 or array.dtype.kind not in "iuf" or truths:
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, OverflowError):
        raise LessonError("not_numbers", name=name) from None
