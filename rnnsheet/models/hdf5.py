"""The arrays of an HDF5 file, read without following a link out of it or believing the sizes it declares."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.model import Array
from rnnsheet.models.extras import needed
from rnnsheet.models.limits import check_count

MOST_LINKS = 100_000
"""More groups and arrays than a network has."""


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
    value = attributes[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _visited(group: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """The arrays, not yet read, and in which place the layers' attributes name them."""
    import h5py

    datasets: dict[str, Any] = {}
    places: dict[str, int] = {}
    links = 0

    def foreign(name: str, link: Any) -> str | None:
        nonlocal links
        links += 1
        return None if isinstance(link, h5py.HardLink) and links <= MOST_LINKS else name

    def visit(name: str, item: Any) -> str | None:
        if isinstance(item, h5py.Group):
            places.update({f"{name}/{own}": len(places) + n for n, own in enumerate(_weight_names(item))})
        elif item.dtype.kind == "f" and item.shape:
            datasets[name] = item
            return name if item.external or item.is_virtual else None
        return None

    # What these two return, not an error, ends a visit; the name is handed through.
    if name := group.visititems_links(foreign) or group.visititems(visit):
        raise ModelError("linked_weights", name=name)
    return datasets, places


def _weight_names(layer: Any) -> list[str]:
    """What a layer of Keras 2 calls its arrays; a long list is in several attributes, with numbers."""
    parts = sorted(name for name in layer.attrs if re.fullmatch(r"weight_names\d*", name))
    names = [name for part in sorted(parts, key=len) for name in layer.attrs[part]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
