"""The arrays of an HDF5 file, read without following a link out of it or believing the sizes it declares."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.importers.limits import MOST_TEXT, MOST_WEIGHTS, check_bytes, check_count, check_floats
from rnnsheet.importers.optional import needed
from rnnsheet.network import Array

MOST_LINKS = 100_000
"""More groups and arrays than a network has."""
MOST_DEPTH = 64
"""More groups than lie inside each other; HDF5 itself goes down without end."""
MOST_NAMES = 10_000
"""More names than a layer has arrays."""

_BFLOAT16 = np.dtype("V2")
"""As what h5py sees the bfloat16 of Keras, for which HDF5 has no type."""


def arrays(group: Any, alone: bool = False) -> dict[str, Array]:
    """Every array of floating-point numbers below a group, by its path, with / on every system.

    Takes an h5py.Group. The arrays of a Keras layer are in the order of its `weight_names`, or else of their
    numbers. Raises ModelError where an array lies in another file, where there is more than can be, and of
    weights that are `alone`, without a configuration that tells what they are, where some are no such
    numbers.
    """
    datasets, places = _visited(group)
    floats = {name: item for name, item in datasets.items() if _is_float(item)}
    for name in datasets.keys() - floats.keys() if alone else ():
        # Layers that need chance while a network learns keep where their random numbers go on.
        if "seed_generator" not in name:
            check_floats(name, datasets[name].shape, str(datasets[name].dtype))

    def order(name: str) -> tuple[object, ...]:
        folder, _, leaf = name.rpartition("/")
        return places.get(name, len(places)), folder, int(leaf) if leaf.isdecimal() else 0

    check_count(dataset.shape for dataset in floats.values())
    # A whole chunk is unpacked, however little of it there is.
    check_count((dataset.chunks or () for dataset in floats.values()), 2 * MOST_WEIGHTS)
    # Keras 2 on Windows put a \ between its own folders.
    return {name.replace("\\", "/"): _numbers(floats[name]) for name in sorted(floats, key=order)}


def float_types(group: Any) -> set[str]:
    """Of which types the arrays of floating-point numbers are that `arrays` gives in float64."""
    found = filter(_is_float, _visited(group)[0].values())
    return {"bfloat16" if item.dtype == _BFLOAT16 else item.dtype.name for item in found}


@contextmanager
def opened(file: Any) -> Iterator[Any]:
    """An HDF5 file, by its path or as a stream. Raises ModelError where it is damaged."""
    h5py = needed("h5py", "models")
    try:
        found = h5py.File(file, "r")
    except OSError as error:
        # "Unable to synchronously open file (truncated file: eof = 1000, sblock->base_addr = 0, …)"
        reason = re.search(r"\(([^:()]+)", str(error))
        raise ModelError("damaged_model", kind="HDF5", reason=reason[1] if reason else error) from None
    with found:
        yield found


def inside(file: Any, name: str) -> Any:
    """A group of the file's own. Raises ModelError where it is another's."""
    import h5py

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ModelError("linked_weights", name=name)
    return file[name]


def text(attributes: Any, name: str) -> str:
    """A text attribute, or "" where there is none."""
    if name not in attributes:
        return ""
    value = _attribute(attributes, name)
    return value.decode() if isinstance(value, bytes) else str(value)


def _attribute(attributes: Any, name: str) -> Any:
    """An attribute's value. Raises ModelError where it is larger than one that Keras writes."""
    found = attributes.get_id(name)
    check_count([found.shape or ()], MOST_NAMES)
    check_bytes(math.prod(found.shape or ()) * found.get_type().get_size(), MOST_TEXT)
    return attributes[name]


def _visited(group: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """The arrays, not yet read, and in which place the layers' attributes name them."""
    import h5py

    datasets: dict[str, Any] = {}
    places: dict[str, int] = {}
    links = 0

    def foreign(name: str, link: Any) -> str | None:
        nonlocal links
        links += 1
        few = links <= MOST_LINKS and name.count("/") < MOST_DEPTH
        return None if isinstance(link, h5py.HardLink) and few else name

    def visit(name: str, item: Any) -> str | None:
        if isinstance(item, h5py.Group):
            places.update({f"{name}/{own}": len(places) + n for n, own in enumerate(_weight_names(item))})
        elif item.shape:
            datasets[name] = item
            return name if item.external or item.is_virtual else None
        return None

    # What these two return, not an error, ends a visit; the name is handed through.
    if name := group.visititems_links(foreign) or group.visititems(visit):
        if links > MOST_LINKS or name.count("/") >= MOST_DEPTH:
            raise ModelError("too_many_groups", name=name[:40], most=MOST_LINKS, deep=MOST_DEPTH)
        raise ModelError("linked_weights", name=name)
    return datasets, places


def _is_float(dataset: Any) -> bool:
    is_bfloat16 = dataset.dtype == _BFLOAT16 and text(dataset.attrs, "dtype") in ("", "bfloat16")
    return dataset.dtype.kind == "f" or is_bfloat16


def _numbers(dataset: Any) -> Array:
    """An array in float64; a bfloat16 is the first half of a float32."""
    stored = dataset[()]
    if stored.dtype == _BFLOAT16:
        stored = (stored.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return np.asarray(stored, np.float64)


def _weight_names(layer: Any) -> list[str]:
    """What a layer of Keras 2 calls its arrays; a long list is in several attributes, with numbers."""
    parts = sorted(name for name in layer.attrs if re.fullmatch(r"weight_names\d*", name))
    names = [name for part in sorted(parts, key=len) for name in _attribute(layer.attrs, part)]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
