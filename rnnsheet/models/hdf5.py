"""The arrays of an HDF5 file, read without following a link out of it or believing the sizes it declares."""

import re
from typing import Any

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.model import Array
from rnnsheet.models.limits import check_bytes, check_count

MOST_OBJECTS = 100_000


def arrays(group: Any) -> dict[str, Array]:
    """Every array of floating-point numbers below a group, by its path.

    Takes an h5py.Group. The arrays of a Keras layer are in the order of its `weight_names`, or else of their
    numbers. Raises ModelError where an array lies in another file, or where there is more than can be.
    """
    datasets, places = _visited(group)

    def order(name: str) -> tuple[object, ...]:
        folder, _, leaf = name.rpartition("/")
        return places.get(name, len(places)), folder, int(leaf) if leaf.isdecimal() else 0

    check_count(dataset.shape for dataset in datasets.values())
    return {name: np.asarray(datasets[name][()], np.float64) for name in sorted(datasets, key=order)}


def text(attributes: Any, name: str) -> str:
    """A text attribute, or "" where there is none."""
    if name not in attributes:
        return ""
    value = attributes[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _visited(group: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """The arrays, not yet read, and in which place the layers' attributes name them."""
    import h5py

    datasets: dict[str, Any] = {}
    places: dict[str, int] = {}
    count = 0

    def visit_link(name: str, link: Any) -> None:
        nonlocal count
        count += 1
        check_bytes(count, MOST_OBJECTS)
        if not isinstance(link, h5py.HardLink):
            raise ModelError("linked_weights", name=name)

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group):
            places.update({f"{name}/{own}": len(places) + n for n, own in enumerate(_weight_names(item))})
        elif item.dtype.kind == "f" and item.shape:
            if item.external or item.is_virtual:
                raise ModelError("linked_weights", name=name)
            datasets[name] = item

    group.visititems_links(visit_link)
    group.visititems(visit)
    return datasets, places


def _weight_names(layer: Any) -> list[str]:
    """What a layer of Keras 2 calls its arrays; a long list is in several attributes, with numbers."""
    parts = sorted(name for name in layer.attrs if re.fullmatch(r"weight_names\d*", name))
    names = [name for part in sorted(parts, key=len) for name in layer.attrs[part]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
