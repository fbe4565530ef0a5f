"""PyTorch files: state dicts in .pt and .pth, read without running code, and .safetensors."""

import json
import math
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.errors import ModelError
from rnnsheet.importers.description import Description
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.limits import MOST_TEXT, MOST_WEIGHTS, check_bytes, check_count, check_floats
from rnnsheet.importers.optional import needed
from rnnsheet.importers.state_dict import read_states
from rnnsheet.importers.weights import common_precision

_SAFE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_PRECISIONS = {f"torch.{name}": name for name in _FLOATS.values()}
_CLASS = re.compile(r"GLOBAL (\S+)")
"""How PyTorch tells which class it does not unpickle."""


class _Number:
    """What stands for a number of NumPy, or its type, in a checkpoint: nothing of the file is made of it."""

    def __init__(self, *_: object):
        pass

    def __setstate__(self, _: object) -> None:
        pass


_NUMBERS = [
    type(name, (_Number,), {"__module__": module})
    for module, name in (
        *(("numpy", "dtype"), ("numpy._core.multiarray", "scalar"), ("numpy.core.multiarray", "scalar")),
    )
]
"""A stand-in for each; by its name PyTorch takes it for the class that the file names."""


def read_pickled(path: Path, description: Description) -> tuple[Draft, Description]:
    """A state dict, or a checkpoint with one, as `torch.save` writes it; only tensors are unpickled."""
    torch = needed("torch", "pytorch")
    _check(path)
    try:
        # Given its name, PyTorch would go by that.
        with path.open("rb") as file, torch.serialization.safe_globals(_NUMBERS):
            given = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        met = _CLASS.search(str(error))
        raise ModelError("pickled_code", kind=met[1] if met else "pickle") from None
    if not isinstance(given, Mapping):
        raise ModelError("no_state_dict")
    found = dict(_state_dicts(torch, given)) or {"": given}
    if len(found) > 1:
        raise ModelError("several_state_dicts", names=", ".join(found))
    (given,) = found.values()
    tensors = {str(name): tensor for name, tensor in given.items() if isinstance(tensor, torch.Tensor)}
    floats = {name: tensor for name, tensor in tensors.items() if _kind(tensor) in _PRECISIONS}
    for name in tensors.keys() - floats.keys():
        check_floats(name, tensors[name].shape, _kind(tensors[name]))
    check_count(tensor.shape for tensor in floats.values())
    arrays = {
        name: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()
        for name, tensor in floats.items()
    }
    return read_states(
        str(path),
        arrays,
        description,
        common_precision(_PRECISIONS[_kind(tensor)] for tensor in floats.values()),
    )


def _kind(tensor: Any) -> str:
    """The type of a tensor's numbers; of one whose numbers do not lie beside each other, how they do."""
    if tensor.is_meta:
        return "meta"
    return str(tensor.dtype if str(tensor.layout) == "torch.strided" else tensor.layout)


def _state_dicts(
    torch: Any, given: Mapping[Any, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """The state dicts in a checkpoint, each with the keys that lead to it.

    An optimizer keeps its arrays by numbers, others beside the state dict are no floating-point ones.
    """
    tensors = [value for value in given.values() if isinstance(value, torch.Tensor)]
    if any(tensor.dim() and tensor.is_floating_point() for tensor in tensors):
        yield path, given
        return
    for key, inner in given.items():
        if isinstance(key, str) and isinstance(inner, Mapping):
            yield from _state_dicts(torch, inner, f"{path}.{key}".lstrip("."))


def read_safetensors(path: Path, description: Description) -> tuple[Draft, Description]:
    """Named tensors: the length of a JSON header, the header, then their bytes.

    Source: the format in the manual of safetensors.
    """
    check_bytes(path.stat().st_size)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        check_bytes(length, MOST_TEXT)
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        check_count(entry["shape"] for entry in header.values())
        for name, entry in header.items():
            if entry["dtype"] not in _SAFE:
                check_floats(name, entry["shape"], entry["dtype"])
        content = file.read()
    arrays = {name: _tensor(entry, content) for name, entry in header.items() if entry["dtype"] in _SAFE}
    precision = common_precision(_FLOATS[header[name]["dtype"]] for name in arrays)
    return read_states(str(path), arrays, description, precision, in_order=False)


def _tensor(entry: Mapping[str, Any], content: bytes) -> NDArray[Any]:
    start, _ = entry["data_offsets"]
    count = math.prod(entry["shape"])
    array = np.frombuffer(content, _SAFE[entry["dtype"]], count, start).reshape(entry["shape"])
    # A bfloat16 is the first half of a float32.
    return (array.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else array


def _check(path: Path) -> None:
    """Raises ModelError where the file is larger than a checkpoint can be, or has a whole model as code."""
    # Optimizers keep two more numbers for each weight.
    most = 3 * 8 * MOST_WEIGHTS
    check_bytes(path.stat().st_size, most)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            check_bytes(sum(member.file_size for member in archive.infolist()), most)
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise ModelError("pickled_code", kind="TorchScript")
