"""An imported network as plain data, which `marshal` takes from process to process, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rnnsheet.network.imported.imported_network import ImportedNetwork
from rnnsheet.network.imported.layers import ImportedLayer
from rnnsheet.network.imported.reads import Answer, Numbers, Text
from rnnsheet.network.imported.witness import Witness
from rnnsheet.network.layers import Source
from rnnsheet.plain import plain

_CLASSES = {
    each.__name__: each for each in (Answer, Numbers, Text, ImportedNetwork, ImportedLayer, Source, Witness)
}


def packed(value: Any) -> Any:
    """A network, a part of it, or a container of them as tuples, dicts, texts, numbers and bytes alone."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.tobytes()
    if is_dataclass(value):
        given = {field.name: packed(getattr(value, field.name)) for field in fields(value) if field.init}
        return type(value).__name__, given
    if isinstance(value, Mapping):
        return "map", {plain(key): packed(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return "tuple", tuple(map(packed, value))
    known = plain(value)
    return known if isinstance(known, str | int | float | None) else str(known)


def unpacked(value: Any) -> Any:
    """What was packed; a network is checked again. Raises ModelError where something does not fit."""
    if not isinstance(value, tuple):
        return value
    kind, *content = value
    if kind == "array":
        dtype, shape, numbers = content
        return np.frombuffer(numbers, dtype).reshape(shape)
    if kind == "tuple":
        return tuple(map(unpacked, content[0]))
    entries = {key: unpacked(entry) for key, entry in content[0].items()}
    return entries if kind == "map" else _CLASSES[kind](**entries)
