"""What every kind of layer computes, forward: one table, by the names of the kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from rnnsheet.engine import dense, output
from rnnsheet.engine.activations import ACTIVATIONS
from rnnsheet.engine.cell import Arrays, Cell, Mask
from rnnsheet.engine.elman import ELMAN
from rnnsheet.engine.gru import GRU, GRU_BEFORE
from rnnsheet.engine.lstm import LSTM
from rnnsheet.errors import LessonError
from rnnsheet.network import Array, Layer, Model

CELLS: Mapping[str, Cell] = {"elman": ELMAN, "lstm": LSTM, "gru": GRU, "gru-before": GRU_BEFORE}
"""Every kind of recurrent cell."""


@dataclass(frozen=True)
class Call:
    """A layer with what it computes from; arrays lie as in `elman`."""

    layer: Layer
    parameters: Arrays
    """By the names of its kind."""
    reads: Sequence[Array]
    """Each of what it reads, (steps, batch, rows)."""
    initial: Arrays
    """Each state before the first time step, (batch, units)."""
    mask: Mask = None

    @property
    def x(self) -> Array:
        """All that it reads, as one."""
        return joined(self.reads)


def joined(arrays: Sequence[Array]) -> Array:
    """Arrays below each other, (steps, batch, all rows); one of a single step is the same at each."""
    if len(arrays) == 1:
        return arrays[0]
    steps = max(map(len, arrays))
    whole = [np.broadcast_to(array, (steps, *array.shape[1:])) for array in arrays]
    return np.concatenate(whole, axis=-1)


def cell_of(layer: Layer) -> Cell:
    """The cell of a recurrent layer. Raises LessonError where it is known by its equations alone."""
    if layer.kind not in CELLS:
        raise LessonError("only_equations", cell=layer.kind)
    return CELLS[layer.kind]


def only_for_backward(model: Model) -> set[str]:
    """The names of what layers keep of their way forward for the loss and their way back alone."""
    kept = {"softmax": output.FOR_LOSS, **{kind: cell.for_backward for kind, cell in CELLS.items()}}
    return {layer.named(base) for layer in model for base in kept.get(layer.kind, ())}


def compute(call: Call) -> dict[str, Array]:
    """Everything that a layer computes, (steps, batch, rows), by its names without the layer's ending."""
    return (_recurrent if call.layer.traits.states else _KINDS[call.layer.kind])(call)


def turned(layer: Layer, arrays: Arrays) -> dict[str, Array]:
    """Arrays over time in the order in which the layer computes them, or back."""
    if not layer.reverse:
        return dict(arrays)
    return {name: array[::-1] if array.ndim == 3 else array for name, array in arrays.items()}


def _recurrent(call: Call) -> dict[str, Array]:
    layer, cell = call.layer, cell_of(call.layer)
    mask = call.mask[::-1] if call.mask is not None and layer.reverse else call.mask
    more = {"mask": mask} if mask is not None else {}
    x = turned(layer, {"x": call.x})["x"]
    return turned(layer, cell.forward(call.parameters, x, call.initial, **layer.activations, **more))


def _dense(call: Call) -> dict[str, Array]:
    if call.layer.activation != "softmax":
        return dense.forward(call.parameters, call.x, call.layer.activation or "linear")
    y = dense.forward(call.parameters, call.x, "linear")["a"]
    return {"y": y, **_activated("softmax", y)}


def _activated(activation: str, z: Array) -> dict[str, Array]:
    if activation == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return {"e": e, "p": e / e.sum(axis=-1, keepdims=True)}
    a = np.empty_like(z)
    ACTIVATIONS[activation](z, out=a)
    return {"a": a}


def _embedding(call: Call) -> dict[str, Array]:
    return {"x": call.parameters["E"][call.x[..., 0].astype(int)]}


def _attention(call: Call) -> dict[str, Array]:
    """The average of the time steps, weighted by a softmax over time of Wq·x_t. All shares of nothing are 0.

    Source: Felbo et al., "Using millions of emoji occurrences to learn any-domain representations" (2017).
    """
    x = call.x
    score = x @ call.parameters["Wq"].T
    e = np.exp(score - score.max(axis=0))
    if call.mask is not None:
        e = e * call.mask
    total = e.sum(axis=0)
    share = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return {"score": score, "e": e, "share": share, "out": (share * x).sum(axis=0, keepdims=True)}


def _flatten(call: Call) -> dict[str, Array]:
    x = call.x
    return {"out": x.swapaxes(0, 1).reshape(1, x.shape[1], -1)}


def _masked(call: Call) -> dict[str, Array]:
    return {"out": call.x if call.mask is None else np.where(call.mask, call.x, 0.0)}


def _joined(call: Call) -> dict[str, Array]:
    return {"out": call.x}


_KINDS: Mapping[str, Callable[[Call], dict[str, Array]]] = {
    "dense": _dense,
    "softmax": lambda call: output.probabilities(call.parameters, call.x),
    "embedding": _embedding,
    "attention": _attention,
    "activation": lambda call: _activated(call.layer.activation, call.x),
    "last": _joined,
    "flatten": _flatten,
    "masked": _masked,
    "concat": _joined,
    "add": lambda call: {"out": reduce(np.add, call.reads)},
    "mean": lambda call: {"out": reduce(np.add, call.reads) / len(call.reads)},
    "product": lambda call: {"out": reduce(np.multiply, call.reads)},
}
"""Every kind of layer that is no recurrent cell."""
