"""The Elman cell, forward and backward through time.

For speed the arrays of a run lie by sample, not as column vectors: x is (steps, batch, input), so that
one step's (batch, hidden) is one piece of memory and all input projections are one matrix product.
"""

from types import MappingProxyType

import numpy as np

from rnnsheet.engine.activations import ACTIVATIONS, SLOPES
from rnnsheet.engine.cell import Arrays, Cell, Mask
from rnnsheet.engine.gates import added, bound, summed
from rnnsheet.network import Array


def forward(
    parameters: Arrays, x: Array, initial: Arrays, activation: str = "tanh", mask: Mask = None
) -> dict[str, Array]:
    """The hidden states of an Elman network over all time steps.

    Takes x (steps, batch, input) and the state h before the first step (batch, hidden);
    Wxh (hidden, input), Whh (hidden, hidden)
    or (1, 1), bh (hidden, 1), (1, 1) or absent. Gives, each (steps, batch, hidden):

        xh_t = Wxh·x_t,  hh_t = Whh·h_{t-1} + bh,  z_t = xh_t + hh_t,  h_t = activation(z_t)

    or h_t = h_{t-1} where the mask is false.

    Source: Elman, "Finding Structure in Time" (1990), with the article's tanh.
    """
    steps, batch, letters = x.shape
    whh = parameters["Whh"]
    bh = parameters["bh"][:, 0] if "bh" in parameters else 0.0
    xh = (x.reshape(steps * batch, letters) @ parameters["Wxh"].T).reshape(steps, batch, -1)
    hh, z, h = np.empty_like(xh), np.empty_like(xh), np.empty_like(xh)
    before, activate = initial["h"], ACTIVATIONS[activation]
    for t, (xh_t, hh_t, z_t, h_t) in enumerate(zip(xh, hh, z, h, strict=True)):
        _recur(before, whh, out=hh_t)
        hh_t += bh
        np.add(xh_t, hh_t, out=z_t)
        activate(z_t, out=h_t)
        if mask is not None:
            np.copyto(h_t, before, where=~mask[t])
        before = h_t
    return {"xh": xh, "hh": hh, "z": z, "h": h}


def backward(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    states: Arrays,
    dh_now: Array,
    limit: float = np.inf,
    after: Arrays = MappingProxyType({}),
    activation: str = "tanh",
) -> dict[str, Array]:
    """The gradients of a loss with respect to everything that the cell computes.

    Takes what `forward` took and gave, and dh_now (steps, batch, hidden), the loss's gradient
    with respect to h by way of each step's own output. Gives dh_now, dh, dz and dh_back (steps,
    batch, hidden) and the parameters' gradients, each in its parameter's shape:

        dh_t = dh_now_t + dh_back_{t+1},  dz_t = dh_t * (1 - h_t²) or dh_t * [h_t > 0],
        dh_back_t = Whhᵀ·dz_t,
        dWxh = Σ_t dz_t·x_tᵀ,  dWhh = Σ_t dz_t·h_{t-1}ᵀ,  dbh = Σ_t dz_t

    A parameter that is one number gets the sum of all its uses. `after` has the gradient that is
    handed to the last h, if any is. No dh is taken to be above
    `limit` or below -`limit`. Source: Werbos, "Backpropagation Through Time" (1990); Goodfellow
    et al., "Deep Learning" (2016), eq. 10.18 to 10.28.
    """
    h, whh = states["h"], parameters["Whh"]
    steps, batch, hidden = h.shape
    dh, dz, dh_back = dh_now.copy(), np.empty_like(h), np.empty_like(h)
    slopes = SLOPES[activation](h)
    dh_next = after.get("h", 0.0)
    for dh_t, slope, dz_t, back in zip(dh[::-1], slopes[::-1], dz[::-1], dh_back[::-1], strict=True):
        dh_t += dh_next
        bound(dh_t, limit)
        np.multiply(dh_t, slope, out=dz_t)
        _recur(dz_t, whh.T, out=back)
        dh_next = back
    flat = dz.reshape(steps * batch, hidden)
    before = np.concatenate([initial["h"][None], h[:-1]]).reshape(steps * batch, hidden)
    gradients = {
        "dh_now": dh_now,
        "dh": dh,
        "dz": dz,
        "dh_back": dh_back,
        "dWxh": flat.T @ x.reshape(steps * batch, -1),
        "dWhh": np.vdot(flat, before).reshape(1, 1) if whh.size == 1 else flat.T @ before,
    }
    if "bh" in parameters:
        gradients["dbh"] = summed(flat, parameters["bh"])
    return gradients


def contributions(
    parameters: Arrays, x: Array, initial: Arrays, states: Arrays, gradients: Arrays
) -> dict[str, Array]:
    """What each time step adds to the gradients of `backward`, each (steps, batch, numbers).

    A matrix's numbers lie column by column.
    """
    before = np.concatenate([initial["h"][None], states["h"][:-1]])
    return added(parameters, "h", gradients["dz"], x, before)


def _recur(state: Array, whh: Array, out: Array) -> None:
    """Whh·state for each sample; one number times a vector broadcasts."""
    if whh.size == 1:
        np.multiply(state, whh[0, 0], out=out)
    else:
        np.matmul(state, whh.T, out=out)


ELMAN = Cell(forward, backward, contributions, {"dz": "Wxh"})
