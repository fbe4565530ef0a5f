"""NumPy files: .npz, named arrays and no more. Nothing is unpickled."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.importers.description import Description
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.limits import MOST_WEIGHTS, check_bytes, check_count, check_floats
from rnnsheet.importers.state_dict import read_states
from rnnsheet.importers.weights import common_precision

_HEADER = 1_000_000
"""More bytes than stand before an array's numbers."""


def read_npz(path: Path, description: Description) -> tuple[Draft, Description]:
    """The arrays of the file as a network, by their names. Raises ModelError where they are pickled."""
    shapes = dict(_shapes(path))
    check_count(shapes.values())
    with np.load(path, allow_pickle=False) as file:
        arrays, in_order = {name: file[name] for name in shapes}, [*shapes] != sorted(shapes)
        precision = common_precision(array.dtype.name for array in arrays.values())
        return read_states(str(path), arrays, description, precision, in_order)


def _shapes(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and shape of each array of floating-point numbers, from its header alone."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            check_bytes(member.file_size, 8 * MOST_WEIGHTS + _HEADER)
            with archive.open(member) as file:
                newer = np.lib.format.read_magic(file) != (1, 0)
                header = np.lib.format.read_array_header_2_0 if newer else np.lib.format.read_array_header_1_0
                shape, _, dtype = header(file)
            if dtype.kind == "O":
                raise ModelError("own_code", layer=member.filename, kind="pickle")
            name = member.filename.removesuffix(".npy")
            # A longer float would be cut.
            if dtype.kind == "f" and dtype.itemsize <= 8:
                yield name, shape
            else:
                check_floats(name, shape, str(dtype))
