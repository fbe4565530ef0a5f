"""Validates a network: its layers fit each other, its parameters fit the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from rnnsheet.errors import Axes, LessonError, unknown
from rnnsheet.network.kinds import KINDS, ONE, Array, Axis, ParameterSpec
from rnnsheet.network.layers import NAME, TAKEN, Layer, Source
from rnnsheet.network.model import Model


def check_model(model: Model, inputs: Mapping[str, Axis], labels: Axis) -> Model:
    """The model with complete layers, and its parameters as read-only float64 arrays in their order.

    `inputs` are those that the lesson has, `labels` what a softmax chooses from. Raises LessonError
    where a layer cannot be what it says, or a parameter is missing, unknown, of a wrong shape or
    not finite.
    """
    fits = (tuple(inputs.items()), labels)
    if model.checked_for == fits:
        return model
    layers = _resolved(model.layers, inputs)
    known = [name for layer in layers if layer.shares is None for name in layer.parameter_names.values()]
    for name in model.parameters:
        if name not in known:
            raise unknown("unknown_parameter", name, known)
    fitted: dict[str, Array] = {}
    checked = Model(layers, fitted)
    for layer in layers:
        axis = checked.axis_read(layer, inputs)
        axes = {"input": axis, "one": ONE, "hidden": labels}
        if not layer.traits.says:
            axes["hidden"] = Axis("hidden", _units(layer, model.parameters, axis))
        sizing = _sizing(layer, layers)
        for spec in layer.traits.parameters:
            name = layer.parameter_names[spec.name]
            if layer.shares is not None:
                if name in fitted:
                    _fit(spec, name, fitted[name], axes, sizing)
            elif name in model.parameters:
                fitted[name] = _fit(spec, name, model.parameters[name], axes, sizing)
            elif not spec.optional:
                rows, cols = axes[spec.rows], axes[spec.cols]
                expected, told = f"{rows.size}×{cols.size}", Axes(rows.name, cols.name)
                raise LessonError(
                    "missing_parameter", name=name, cell=layer.kind, expected=expected, axes=told
                )
        _check_start(checked, layer)
    fitting = Model(layers, MappingProxyType(fitted))
    object.__setattr__(fitting, "checked_for", fits)
    return fitting


def fit_state(name: str, given: ArrayLike, size: int) -> Array:
    """A state before the first time step, (size, 1); one number stands for every unit."""
    spec = ParameterSpec(name, "hidden", "one", scalar=True)
    axes = {"hidden": Axis("hidden", size), "one": ONE}
    return np.broadcast_to(_fit(spec, name, given, axes), (size, 1))


def _resolved(given: Sequence[Layer] | str, inputs: Mapping[str, Axis]) -> tuple[Layer, ...]:
    """The layers with names and sources, each checked as far as that goes without parameters."""
    done: list[Layer] = []
    for layer in (Layer(given), Layer("softmax")) if isinstance(given, str) else given:
        done.append(_completed(layer, done, inputs))
    if not any(layer.traits.says for layer in done):
        raise LessonError("no_softmax")
    _check_all_read(done)
    return tuple(done)


def _completed(layer: Layer, done: Sequence[Layer], inputs: Mapping[str, Axis]) -> Layer:
    """A layer with its name, its sources and its activation, behind those that are `done`."""
    kinds = [name for name, kind in KINDS.items() if kind.of_lessons]
    if layer.kind not in kinds:
        raise unknown("unknown_cell", layer.kind, kinds)
    hidden = [each for each in done if not each.traits.says]
    peers = [each for each in done if each.traits.says == layer.traits.says]
    twin = _twin(layer, hidden)
    name = _name(layer, peers, twin)
    reads = layer.reads or (Source(None),)
    sources = (
        twin.reads if twin else tuple(full for source in reads for full in _full(source, hidden, inputs))
    )
    layer = replace(layer, name=name, reads=sources, activation=_activation(layer))
    for source in sources:
        _check_source(layer, source, hidden, inputs)
    _check_peers(layer, hidden, peers)
    return layer


def _name(layer: Layer, peers: Sequence[Layer], twin: Layer | None) -> str:
    """The name of a layer, or its number among its peers. Raises LessonError where it can be none."""
    name = _number(peers, twin) if layer.name is None else layer.name
    if not NAME.fullmatch(name) or name in TAKEN:
        raise LessonError("bad_layer_name", given=repr(name), taken=", ".join(TAKEN))
    if name in [each.name for each in peers]:
        raise LessonError("layer_twice", given=repr(name))
    return name


def _activation(layer: Layer) -> str:
    """The activation of a layer, or the usual one of its kind. Raises LessonError for one that it has not."""
    known = layer.traits.activations
    activation = layer.activation or next(iter(known), "")
    if activation and activation not in known:
        told = ", ".join(known) or "-"
        raise LessonError("unknown_activation", cell=layer.kind, given=repr(activation), known=told)
    return activation


def _check_all_read(done: Sequence[Layer]) -> None:
    """Raises LessonError where a layer is read by none, or hands its last state to several."""
    used = {source.of for layer in done for source in layer.reads} | {layer.starts for layer in done}
    for layer in (layer for layer in done if not layer.traits.says):
        if layer.name not in used:
            raise LessonError("unread_layer", cell=layer.kind, given=repr(layer.name))
        whole = any(source == Source(layer.name, "last") for each in done for source in each.reads)
        if layer.traits.states and whole + sum(each.starts == layer.name for each in done) > 1:
            raise LessonError("handed_twice", cell=layer.kind, given=repr(layer.name))


def _twin(layer: Layer, hidden: Sequence[Layer]) -> Layer | None:
    """The layer before, if that reads forwards what this one reads backwards."""
    if (
        layer.reverse
        and not layer.reads
        and hidden
        and hidden[-1].kind == layer.kind
        and not hidden[-1].reverse
    ):
        return hidden[-1]
    return None


def _number(peers: Sequence[Layer], twin: Layer | None) -> str:
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
        raise LessonError("unknown_source", cell=layer.kind, given=repr(str(source)), known=names)
    read = known[str(source.of)]
    states = bool(read and read.traits.states)
    fits = source.at == "" or (source.at == "last" and states) or (read is None and source.at != "last")
    if not fits or (source.of == "picture" and source.at):
        raise LessonError("bad_source", cell=layer.kind, given=repr(str(source)))


def _check_peers(layer: Layer, hidden: Sequence[Layer], peers: Sequence[Layer]) -> None:
    names = [each.name for each in hidden]
    if layer.starts is not None and (layer.starts not in names or not layer.traits.states):
        raise LessonError(
            "unknown_start", cell=layer.kind, given=repr(layer.starts), known=", ".join(map(repr, names))
        )
    if layer.shares is not None:
        same = [each.name for each in peers if each.kind == layer.kind and each.shares is None]
        if layer.shares not in same:
            raise LessonError(
                "unknown_weights", cell=layer.kind, given=repr(layer.shares), known=", ".join(map(repr, same))
            )


def _check_start(model: Model, layer: Layer) -> None:
    if layer.starts is None:
        return
    before = model.layer(layer.starts)
    sizes = model.size(before), model.size(layer)
    if sizes[0] != sizes[1]:
        raise LessonError(
            "wrong_start", cell=layer.kind, starts=repr(layer.starts), got=sizes[0], expected=sizes[1]
        )


def _units(layer: Layer, parameters: Mapping[str, ArrayLike], read: Axis) -> int:
    name = layer.sizing
    if name not in parameters:
        raise LessonError(
            "missing_parameter",
            name=name,
            cell=layer.kind,
            expected=f"n×{read.size}",
            axes=Axes("hidden", read.name),
        )
    return int(np.atleast_2d(_numbers(name, parameters[name])).shape[0])


def _sizing(layer: Layer, layers: Sequence[Layer]) -> list[str]:
    """The parameters whose rows say how many units the layer has, and those that it reads."""
    read = {source.of for source in layer.reads}
    own = [each for each in layers if (each.name in read or each is layer) and not each.traits.says]
    return [each.sizing for each in own]


def _fit(
    spec: ParameterSpec, name: str, given: ArrayLike, axes: Mapping[str, Axis], sizing: Sequence[str] = ()
) -> Array:
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
        pairs = zip((rows, cols), fitted.shape, strict=False)
        units = any(axis.name == "hidden" and axis.size != size for axis, size in pairs)
        others = [other for other in sizing if other != name]
        keys = ("wrong_shape", "wrong_shape_or_number")
        if units and others:
            keys = ("wrong_units", "wrong_units_or_number")
        raise LessonError(
            keys[spec.scalar],
            name=name,
            expected="×".join(map(str, wanted)),
            axes=Axes(rows.name, cols.name),
            got="×".join(map(str, array.shape)) or "1",
            sizing=", ".join(others),
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
