"""What the gated cells share: the weights of several gates as one matrix, so that one product serves all."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnsheet.engine.output import by_columns, summed
from rnnsheet.network import Array

Arrays = Mapping[str, Array]


def stacked(parameters: Arrays, kind: str, gates: Sequence[str], hidden: int) -> Array:
    """Wx, Wh or b of several gates below each other: (gates * hidden, columns).

    One number stands for that number times the identity as Wh, for a row of it as b; a bias that is
    absent for zeros.
    """
    return np.concatenate([_whole(parameters, kind + gate, kind, hidden) for gate in gates])


def _whole(parameters: Arrays, name: str, kind: str, hidden: int) -> Array:
    if name not in parameters:
        return np.zeros((hidden, 1))
    array = parameters[name]
    if array.size > 1 or kind == "Wx":
        return array
    return array * (np.eye(hidden) if kind == "Wh" else np.ones((hidden, 1)))


def weight_gradients(
    parameters: Arrays,
    gates: Sequence[str],
    dz: Array,
    x: Array,
    before: Array,
    recurrent: Array | None = None,
) -> dict[str, Array]:
    """The gradients of the Wx, Wh and b of gates beside each other, in their shapes.

    z = Wx·x + Wh·before + b; dz (steps, batch, gates * hidden), x and before (steps, batch, rows).
    Where Wh·before does not enter z directly, `recurrent` is the gradient with respect to that product.
    """
    flat, inner = dz.reshape(-1, dz.shape[-1]), dz if recurrent is None else recurrent
    into = flat.T @ x.reshape(-1, x.shape[-1])
    products = inner.reshape(-1, inner.shape[-1]).T @ before.reshape(-1, before.shape[-1])
    found: dict[str, Array] = {}
    for k, gate in enumerate(gates):
        rows = slice(k * len(into) // len(gates), (k + 1) * len(into) // len(gates))
        wh, b = f"Wh{gate}", f"b{gate}"
        product = products[rows]
        found[f"dWx{gate}"] = into[rows]
        found[f"d{wh}"] = np.trace(product).reshape(1, 1) if parameters[wh].size == 1 else product
        if b in parameters:
            found[f"d{b}"] = summed(flat[:, rows], parameters[b])
    return found


def recurrent_contributions(parameters: Arrays, wh: str, dz: Array, before: Array) -> dict[str, Array]:
    """What each time step adds to the gradient of a recurrent weight, (steps, batch, numbers)."""
    one = parameters[wh].size == 1
    return {f"d{wh}_t": (dz * before).sum(axis=-1, keepdims=True) if one else by_columns(dz, before)}


def before(initial: Array, states: Array) -> Array:
    """The state before each time step, (steps, batch, rows)."""
    return np.concatenate([initial[None], states[:-1]])
