"""The dense layer, forward and backward: no memory, each time step by itself; arrays as in `elman`."""

import numpy as np

from rnnsheet.engine.activations import ACTIVATIONS, SLOPES
from rnnsheet.engine.cell import Arrays
from rnnsheet.engine.gates import by_columns, summed
from rnnsheet.network import Array


def forward(parameters: Arrays, x: Array, activation: str) -> dict[str, Array]:
    """The layer's result from x (steps, batch, input).

    Takes Wa (units, input), ba (units, 1), (1, 1) or absent. Gives, each (steps, batch, units):

        za_t = Wa·x_t + ba,  a_t = activation(za_t); of a linear layer a alone

    Source: Goodfellow et al., "Deep Learning" (2016), eq. 6.40.
    """
    z = x @ parameters["Wa"].T
    if "ba" in parameters:
        z += parameters["ba"][:, 0]
    if activation == "linear":
        return {"a": z}
    a = np.empty_like(z)
    ACTIVATIONS[activation](z, out=a)
    return {"za": z, "a": a}


def backward(parameters: Arrays, x: Array, a: Array, da: Array, activation: str) -> dict[str, Array]:
    """The gradients of a loss with respect to the layer, from da (steps, batch, units).

    Gives da, dza where there is a za, dx (steps, batch, input), and dWa, dba in their shapes:

        dza_t = da_t * (1 - a_t²), da_t * [a_t > 0], or da_t * a_t * (1 - a_t),  dx_t = Waᵀ·dza_t
    """
    found = {"da": da}
    if activation == "linear":
        dz = da
    else:
        dz = found["dza"] = da * SLOPES[activation](a)
    flat = dz.reshape(-1, dz.shape[-1])
    found |= {"dx": dz @ parameters["Wa"], "dWa": flat.T @ x.reshape(-1, x.shape[-1])}
    if "ba" in parameters:
        found["dba"] = summed(flat, parameters["ba"])
    return found


def contributions(parameters: Arrays, x: Array, dz: Array) -> dict[str, Array]:
    """What each time step adds to dWa and dba, each (steps, batch, numbers), column by column.

    dz is dza, or da of a linear layer.
    """
    added = {"dWa_t": by_columns(dz, x)}
    if "ba" in parameters:
        added["dba_t"] = dz.sum(axis=-1, keepdims=True) if parameters["ba"].size == 1 else dz
    return added
