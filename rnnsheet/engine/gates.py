"""What cells and layers share: gates' weights as one matrix, the gradients of weights, and their bound."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnsheet.engine.cell import Arrays
from rnnsheet.network import Array


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


def projected(wx: Array, x: Array, b: Array) -> Array:
    """Wx·x + b of all time steps, (steps, rows, batch); x is (steps, batch, input).

    Here the samples lie last, so that the rows of one gate, and of several, are one piece of memory.
    """
    steps, batch, read = x.shape
    z = (wx @ x.reshape(-1, read).T).reshape(-1, steps, batch).swapaxes(0, 1).copy()
    z += b
    return z


def weight_gradients(
    parameters: Arrays, gates: Sequence[str], dz: Array, x: Array, before: Array
) -> dict[str, Array]:
    """The gradients of the Wx, Wh and b that each gate has, in their shapes.

    z = Wx·x + Wh·before + b; dz (steps, batch, gates * hidden), x and before (steps, batch, rows).
    """
    flat = dz.reshape(-1, dz.shape[-1])
    into = flat.T @ x.reshape(-1, x.shape[-1])
    products = flat.T @ before.reshape(-1, before.shape[-1])
    totals = dz.sum(axis=1).sum(axis=0)[:, None]
    hidden = len(into) // len(gates)
    found: dict[str, Array] = {}
    for k, gate in enumerate(gates):
        rows, wh, b = slice(k * hidden, (k + 1) * hidden), f"Wh{gate}", f"b{gate}"
        if f"Wx{gate}" in parameters:
            found[f"dWx{gate}"] = into[rows]
        if wh in parameters:
            product = products[rows]
            found[f"d{wh}"] = np.trace(product).reshape(1, 1) if parameters[wh].size == 1 else product
        if b in parameters:
            found[f"d{b}"] = in_shape(totals[rows], parameters[b])
    return found


def recurrent_contributions(parameters: Arrays, wh: str, dz: Array, before: Array) -> dict[str, Array]:
    """What each time step adds to the gradient of a recurrent weight, (steps, batch, numbers)."""
    one = parameters[wh].size == 1
    return {f"d{wh}_t": (dz * before).sum(axis=-1, keepdims=True) if one else by_columns(dz, before)}


def before(initial: Array, states: Array) -> Array:
    """The state before each time step, (steps, batch, rows)."""
    return np.concatenate([initial[None], states[:-1]])


def added(parameters: Mapping[str, Array], gate: str, dz: Array, x: Array, h: Array) -> dict[str, Array]:
    """What each time step adds to the gradients of a gate's Wx, Wh and b, each (steps, batch, numbers).

    dz is the gradient with respect to z = Wx·x + Wh·h + b; every number column by column.
    """
    wh, b = f"Wh{gate}", f"b{gate}"
    one = parameters[wh].size == 1
    found = {
        f"dWx{gate}_t": by_columns(dz, x),
        f"d{wh}_t": (dz * h).sum(axis=-1, keepdims=True) if one else by_columns(dz, h),
    }
    if b in parameters:
        found[f"d{b}_t"] = dz.sum(axis=-1, keepdims=True) if parameters[b].size == 1 else dz
    return found


def by_columns(left: Array, right: Array) -> Array:
    """Each step's outer product left·rightᵀ, (steps, batch, rows * columns), column by column."""
    products = right[..., :, None] * left[..., None, :]
    return products.reshape(*products.shape[:2], -1)


def summed(flat: Array, bias: Array) -> Array:
    """A bias's gradient, in the bias's shape, from those of what it was added to, (samples, rows)."""
    return in_shape(flat.sum(axis=0)[:, None], bias)


def in_shape(total: Array, bias: Array) -> Array:
    """A bias's gradient, in the bias's shape, from that of each of the rows it was added to, (rows, 1)."""
    return total.sum().reshape(1, 1) if bias.size == 1 else total


def bound(array: Array, limit: float) -> None:
    """Takes no number of the array to be above `limit` or below -`limit`: a `np.clip` of half its cost."""
    if limit < np.inf:
        np.minimum(array, limit, out=array)
        np.maximum(array, -limit, out=array)
