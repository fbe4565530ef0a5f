"""Whether a trained network is one: layers and weights that fit each other, texts that can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.model import KINDS, Array
from rnnsheet.trained.layers import ACTIVATIONS, LAYER_KINDS, STATES, WEIGHTS, TrainedLayer
from rnnsheet.trained.reading import ANSWER, INPUT, LONGEST_TOKEN, Text

if TYPE_CHECKING:
    from rnnsheet.trained.network import Trained

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def check(network: Trained) -> None:
    _check_texts(network)
    known: list[str] = [INPUT, *([ANSWER] if network.answer else [])]
    if not network.layers:
        raise ModelError("no_layers")
    for layer in network.layers:
        told = layer.source or layer.name
        # Programs take the names of blocks for the same that differ in capitals alone.
        if not _NAME.fullmatch(layer.name) or layer.name.lower() in map(str.lower, known):
            raise ModelError("bad_layer", layer=told, reason=repr(layer.name))
        if layer.kind not in LAYER_KINDS:
            raise ModelError("unsupported_layer", layer=told, kind=layer.kind)
        for read in (*layer.reads, *([layer.starts] if layer.starts else [])):
            if read not in known:
                raise ModelError("bad_layer", layer=told, reason=repr(read))
        for activation in (layer.activation, layer.gate_activation):
            if activation and activation not in ACTIVATIONS:
                raise ModelError("unsupported_activation", layer=told, activation=activation)
        if "softmax" in (layer.activation, layer.gate_activation) and layer.kind in STATES:
            raise ModelError("unsupported_activation", layer=told, activation="softmax")
        known.append(layer.name)
        object.__setattr__(layer, "weights", _weights(network, layer, told))
    result = network.result.name
    alone = network.size(result) == 1 and not network.answer
    if network.labels and alone and not network.gives_probabilities(result):
        told = network.result.source or network.result.name
        raise ModelError("labels_of_number", layer=told)
    expected = max(2, network.size(result))
    if network.labels and len(network.labels) != expected:
        raise ModelError("wrong_labels", got=len(network.labels), expected=expected)
    if "" in network.labels:
        raise ModelError("blank_label", number=network.labels.index(""))


def _check_texts(network: Trained) -> None:
    """Raises ModelError where a text is longer than what spreadsheets look up, or no cell can hold it."""
    read = network.read
    tokens = (*read.tokens, *read.forms) if isinstance(read, Text) else ()
    sample = read.sample if isinstance(read, Text) else ""
    for text in (sample, *tokens, *network.labels):
        if found := _NO_TEXT.search(text):
            raise ModelError("no_text", given=repr(text)[:50], sign=f"U+{ord(found[0]):04X}")
    for key, texts in (("token_too_long", tokens), ("label_too_long", network.labels)):
        for number, text in enumerate(texts):
            if len(text) > LONGEST_TOKEN:
                raise ModelError(key, number=number, got=len(text), most=LONGEST_TOKEN)


def _weights(network: Trained, layer: TrainedLayer, told: str) -> Mapping[str, Array]:
    """The layer's weights as read-only float64 arrays of two dimensions and of the right shapes."""
    expected = _shapes(network, layer)
    fitted: dict[str, Array] = {}
    for name, given in layer.weights.items():
        if name not in expected:
            raise ModelError("bad_layer", layer=told, reason=name)
        array = np.atleast_2d(np.asarray(given, dtype=np.float64))
        if 1 in expected[name] and array.size == expected[name][0] * expected[name][1]:
            array = array.reshape(expected[name])
        if array.shape != expected[name]:
            raise ModelError(
                "wrong_weights",
                layer=told,
                name=name,
                got=_shape(array.shape),
                expected=_shape(expected[name]),
            )
        if not np.isfinite(array).all():
            row, col = np.argwhere(~np.isfinite(array))[0] + 1
            raise ModelError("weights_not_finite", layer=told, name=name, row=row, col=col)
        array = array.copy()
        array.flags.writeable = False
        fitted[name] = array
    for name in expected:
        if name not in fitted and name.startswith(("W", "E")) and not name.startswith("Wc"):
            raise ModelError("missing_weights", layer=told, name=name)
    # One order for all, wherever they come from: the workbook has them in it.
    return MappingProxyType({name: fitted[name] for name in expected if name in fitted})


def _shapes(network: Trained, layer: TrainedLayer) -> dict[str, tuple[int, int]]:
    """The shape that each of a layer's weights must have; the first one's rows are the layer's units."""
    read = sum(network.size(each) for each in layer.reads)
    if layer.kind == "embedding":
        return {"E": np.atleast_2d(layer.weights.get("E", np.zeros((1, 1)))).shape[:2]}
    if layer.kind == "attention":
        return {"Wq": (1, read)}
    if layer.kind not in WEIGHTS:
        return {}
    first = layer.weights.get(WEIGHTS[layer.kind][0])
    units = 1 if first is None else len(np.atleast_2d(first))
    sizes = {"hidden": units, "input": read, "one": 1}
    return {spec.name: (sizes[spec.rows], sizes[spec.cols]) for spec in KINDS[layer.kind].parameters}


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
