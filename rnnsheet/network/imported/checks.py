"""Validates an imported network: its layers and weights fit each other, its texts can be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.network.imported.layers import ACTIVATIONS, LAYER_KINDS, ImportedLayer
from rnnsheet.network.imported.reads import ANSWER, INPUT, LARGEST, LONGEST_TOKEN, Text
from rnnsheet.plain import unwritable

if TYPE_CHECKING:
    from rnnsheet.network.imported.imported_network import ImportedNetwork

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
SETTINGS = ("activation", "gate_activation", "reverse", "starts")
"""What not every kind of layer has."""


def check(network: ImportedNetwork) -> None:
    """Raises ModelError where something does not fit."""
    _check_texts(network)
    if not network.layers:
        raise ModelError("no_layers")
    known: list[str] = [INPUT, *([ANSWER] if network.answer else [])]
    for layer in network.layers:
        _check_words(layer, known)
        known.append(layer.name)
    for layer in network.layers:
        _check_reads(network, layer)
        _check_weights(network, layer)
        _check_sizes(network, layer)
    _check_tokens(network)
    _check_labels(network)


def told(layer: ImportedLayer) -> str:
    """What messages call a layer."""
    return layer.source or layer.name


def _check_words(layer: ImportedLayer, known: list[str]) -> None:
    """Raises ModelError where a layer names what is not there, or has what its kind has not."""
    # Programs take the names of blocks for the same that differ in capitals alone.
    if not _NAME.fullmatch(layer.name) or layer.name.lower() in map(str.lower, known):
        raise ModelError("bad_layer", layer=told(layer), reason=repr(layer.name))
    if layer.kind not in LAYER_KINDS:
        raise ModelError("unsupported_layer", layer=told(layer), kind=layer.kind)
    if not layer.reads:
        raise ModelError("reads_nothing", layer=told(layer))
    for read in (*layer.names_read, *filter(None, [layer.starts])):
        if read not in known:
            key = "no_answer" if read == ANSWER else "bad_layer"
            raise ModelError(key, layer=told(layer), reason=repr(read))
    for setting in SETTINGS:
        if getattr(layer, setting) and setting not in layer.traits.settings:
            raise ModelError("unused_setting", layer=told(layer), kind=layer.kind, key=setting)
    if layer.kind == "activation" and not layer.activation:
        raise ModelError("missing_activation", layer=told(layer), known=", ".join(ACTIVATIONS))
    for activation in (layer.activation, layer.gate_activation):
        recurrent_softmax = layer.traits.states and activation == "softmax"
        if recurrent_softmax or activation not in ("", *ACTIVATIONS):
            raise ModelError("unsupported_activation", layer=told(layer), activation=activation)


def _check_reads(network: ImportedNetwork, layer: ImportedLayer) -> None:
    """Raises ModelError where a layer cannot read what it is given to read, step by step or at once."""
    reads, kind = layer.names_read, layer.traits
    sequences = {network.sequence(read) for read in reads}
    if layer.kind == "embedding":
        tokens = {ANSWER, *([INPUT] if isinstance(network.read, Text) else [])}
        if len(reads) > 1 or reads[0] not in tokens:
            raise ModelError("reads_no_tokens", layer=told(layer), given=", ".join(reads))
    if kind.combines and len(reads) == 1:
        raise ModelError("merges_one", layer=told(layer), kind=layer.kind)
    if len(sequences - {""}) > 1:
        raise ModelError("reads_two_lines", layer=told(layer))
    if sequences == {""} and kind.over_time:
        raise ModelError("reads_no_steps", layer=told(layer), kind=layer.kind, given=", ".join(reads))
    # Each token of an answer is read before the next is said.
    if ((layer.reverse or kind.once) and ANSWER in sequences) or (
        layer.starts and network.sequence(layer.starts) == ANSWER
    ):
        raise ModelError("reads_whole_answer", layer=told(layer))


def _check_sizes(network: ImportedNetwork, layer: ImportedLayer) -> None:
    """Raises ModelError where results of different sizes are put together number by number."""
    sizes = {read: network.size(read) for read in layer.names_read}
    if layer.traits.rows == "each" and len(set(sizes.values())) > 1:
        given = ", ".join(f"{read} ({size})" for read, size in sizes.items())
        raise ModelError("other_sizes", layer=told(layer), kind=layer.kind, given=given)
    size, starts = network.size(layer.name), layer.starts
    if starts and network.size(starts) != size:
        got = network.size(starts)
        raise ModelError("starts_of_other_size", layer=told(layer), size=size, starts=starts, got=got)


def _check_tokens(network: ImportedNetwork) -> None:
    """Raises ModelError where a number that stands for a token is that of none."""
    read, answer, result = network.read, network.answer, network.result
    if answer and network.sequence(result.name) != ANSWER:
        raise ModelError("says_no_answer", layer=told(result))
    count = {
        INPUT: len(read.tokens) if isinstance(read, Text) else 0,
        ANSWER: max(2, network.size(result.name)),
    }
    for layer in network.layers:
        rows = len(layer.weights["E"]) if layer.kind == "embedding" else 0
        if rows and rows != (expected := count[layer.names_read[0]]):
            raise ModelError("wrong_rows", layer=told(layer), got=rows, expected=expected)
    named = {
        f"text.{key}": (getattr(read, key, None), count[INPUT]) for key in ("pad", "unknown", "begin", "end")
    }
    if answer:
        named |= {f"answer.{key}": (getattr(answer, key), count[ANSWER]) for key in ("start", "end")}
    for name, (number, most) in named.items():
        if number is not None and not 0 <= number < most:
            raise ModelError("wrong_size", name=name, got=number, least=0, most=most - 1)


def _check_labels(network: ImportedNetwork) -> None:
    """Raises ModelError where the labels do not name what the network says."""
    result, labels = network.result, network.labels
    alone = network.size(result.name) == 1 and not network.answer
    if labels and alone and not network.gives_probabilities(result.name):
        raise ModelError("labels_of_number", layer=told(result))
    expected = max(2, network.size(result.name))
    if labels and len(labels) != expected:
        raise ModelError("wrong_labels", got=len(labels), expected=expected)
    if "" in labels:
        raise ModelError("blank_label", number=labels.index(""))


def _check_texts(network: ImportedNetwork) -> None:
    """Raises ModelError where a text is longer than what spreadsheets look up, or no cell can hold it."""
    read = network.read
    tokens = (*read.tokens, *read.forms) if isinstance(read, Text) else ()
    sample = read.sample if isinstance(read, Text) else ""
    for text in (sample, *tokens, *network.labels, network.name, network.source):
        if sign := unwritable(text):
            raise ModelError("no_text", given=repr(text)[:50], sign=sign)
    for key, texts in (("token_too_long", tokens), ("label_too_long", network.labels)):
        for number, text in enumerate(texts):
            if len(text) > LONGEST_TOKEN:
                raise ModelError(key, number=number, got=len(text), most=LONGEST_TOKEN)


def _check_weights(network: ImportedNetwork, layer: ImportedLayer) -> None:
    """Raises ModelError where a layer's weights are none of its kind, too few, or of other shapes."""
    expected = _shapes(network, layer)
    for name, array in layer.weights.items():
        if name not in expected:
            raise ModelError("bad_layer", layer=told(layer), reason=name)
        if array.shape != expected[name]:
            shapes = {"got": _shape(array.shape), "expected": _shape(expected[name])}
            raise ModelError("wrong_weights", layer=told(layer), name=name, **shapes)
        if not (within := np.abs(array) <= LARGEST).all():
            row, col = np.argwhere(~within)[0] + 1
            raise ModelError("weights_not_finite", layer=told(layer), name=name, row=row, col=col)
    needed = [spec.name for spec in layer.traits.parameters if not spec.optional]
    if missing := [name for name in needed if name not in layer.weights]:
        raise ModelError("missing_weights", layer=told(layer), names=", ".join(missing))


def _shapes(network: ImportedNetwork, layer: ImportedLayer) -> dict[str, tuple[int, int]]:
    """The shape that each of a layer's weights must have; the first one's rows are the layer's units."""
    specs = layer.traits.parameters
    sizes = {"input": sum(map(network.size, layer.names_read)), "one": 1}
    if specs:
        # The first one tells what no other layer does.
        rows, cols = layer.weights[specs[0].name].shape if specs[0].name in layer.weights else (1, 1)
        sizes = {specs[0].rows: rows, specs[0].cols: cols, **sizes}
    return {spec.name: (sizes[spec.rows], sizes[spec.cols]) for spec in specs}


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
