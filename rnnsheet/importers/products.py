"""PyTorch's arrays as weights of a layer: which meet the input and which the state, by names and shapes."""

import re
from collections.abc import Iterable, Mapping
from itertools import takewhile

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.importers.weights import ORDERS, recurrent, weight_names
from rnnsheet.network import KINDS, Array

_STATE = "(h|hid|hidden|s|state)"
_FROM_TO = re.compile(rf"(x|i|in|inp|input|{_STATE})_?(2|to)_?(o|out|output|y|(?P<state>{_STATE}))")
_INTO_STATE = re.compile(rf"([wuv]_?)?(ih|xh|hh|hx)|[wu]_?[xh]|({_STATE}|x|i|in|inp|input)_?(2|to)_?{_STATE}")
_OF_STATE = re.compile(rf"([wuv]_?)?hh|[wu]_?h|weight_hh.*|bias_hh.*|{_STATE}_?(2|to)_?{_STATE}|recurrent\w*")
_RECURRENT = re.compile(r".*(rnn|lstm|gru|recurren).*|([wuv]_?)?(ih|xh|hh|hx|ho|hy)|[wu]_?[xh]")


def suggests_recurrence(module: str) -> bool:
    """Whether the name of a linear layer says that it is a part of a recurrent one."""
    return any(_FROM_TO.fullmatch(part) or _RECURRENT.fullmatch(part) for part in _parts(module))


def pattern_of(modules: Iterable[str]) -> str:
    """A pattern for the arrays of those linear layers whose names say that they lead into the state."""
    names = [name for name in modules if any(map(_INTO_STATE.fullmatch, _parts(name)))]
    if len(names) < 2:
        return f"{names[0]}.*" if names else "…"
    return f"{_beginning(names)}*{_beginning([name[::-1] for name in names])[::-1]}.*"


def _beginning(names: Iterable[str]) -> str:
    """What all names begin with."""
    letters = takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False))
    return "".join(first for first, *_ in letters)


def from_pytorch(layer: str, kind: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The weights of a layer from PyTorch's arrays, (out, in); of one that is not recurrent the bias last."""
    if kind == "embedding":
        return {"E": next(iter(arrays.values()))}
    if not KINDS[kind].states:
        return dict(zip(weight_names(kind), arrays.values(), strict=False))
    if kind not in ORDERS["pytorch"]:
        raise ModelError("unsupported_in", layer=layer, kind=kind, framework="PyTorch")
    return recurrent(layer, kind, ORDERS["pytorch"][kind], *_products(layer, kind, arrays))


def _products(
    layer: str, kind: str, arrays: Mapping[str, Array]
) -> tuple[Array, Array, Array | None, Array | None]:
    """The matrices that meet the input and the state, (out, in), and the bias of each, by their names.

    One matrix alone has the columns of the input before those of the state. Raises ModelError where neither
    names nor shapes tell them apart.
    """
    gates = len(ORDERS["pytorch"][kind])
    matrices = [name for name, array in arrays.items() if array.ndim == 2]
    biases = [name for name, array in arrays.items() if array.ndim == 1]
    if len(matrices) == 1 and kind != "gru" and len(biases) < 2:
        (matrix,) = (arrays[name] for name in matrices)
        takes = matrix.shape[1] - len(matrix) // gates
        if takes > 0:
            wx, wh = np.split(matrix, [takes], axis=1)
            return wx, wh, arrays[biases[0]] if biases else None, None
    state = _of_state(matrices) or [n for n in matrices if arrays[n].shape[0] == gates * arrays[n].shape[1]]
    if len(matrices) != 2 or len(state) != 1:
        raise ModelError("which_product", layer=layer, names=", ".join(arrays))
    (other,) = (name for name in matrices if name not in state)
    folder = folder_of(state[0]) if folder_of(state[0]) != folder_of(other) else None
    beside = {name: name in _of_state(biases) or folder_of(name) == folder for name in biases}
    bx, bh = ([arrays[name] for name in biases if beside[name] == side] for side in (False, True))
    if max(len(bx), len(bh)) > 1:
        raise ModelError("which_product", layer=layer, names=", ".join(arrays))
    return arrays[other], arrays[state[0]], next(iter(bx), None), next(iter(bh), None)


def _of_state(names: Iterable[str]) -> list[str]:
    """Those whose names say that they meet the state."""
    return [name for name in names if any(_OF_STATE.fullmatch(part) for part in _parts(name))]


def _parts(name: str) -> list[str]:
    """The parts of a name in small letters, also those of which one was put together with _."""
    parts = [part for part in re.split("[./]", name.lower()) if part]
    return [*parts, *(part[place.start() + 1 :] for part in parts for place in re.finditer("_", part))]


def folder_of(name: str) -> str:
    """What stands before the last / or . of an array's name."""
    return name[: max(name.rfind("."), name.rfind("/")) + 1]
