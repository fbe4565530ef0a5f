"""The LSTM cell, forward and backward through time; arrays as in `elman`.

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of Gers et al.,
"Learning to Forget" (2000), as PyTorch and Keras compute it.
"""

import numpy as np

from rnnsheet.engine.gates import Arrays, before, sigmoid, stacked, weight_gradients
from rnnsheet.engine.output import added
from rnnsheet.lesson import Array

GATES = ("i", "f", "o", "g")
"""Input, forget and output gate, then the candidate: the three sigmoids lie beside each other."""


def forward(parameters: Arrays, x: Array, initial: Arrays) -> dict[str, Array]:
    """The states of an LSTM over all time steps.

    Takes x (steps, batch, input), the states h and c before the first step (batch, hidden), and of each
    gate k Wxk (hidden, input), Whk (hidden, hidden) or (1, 1), bk (hidden, 1), (1, 1) or absent. Gives,
    each (steps, batch, hidden):

        zk_t = Wxk·x_t + Whk·h_{t-1} + bk for k = i, f, g, o
        i_t, f_t, o_t = σ(zi_t), σ(zf_t), σ(zo_t),  g_t = tanh(zg_t)
        c_t = f_t * c_{t-1} + i_t * g_t,  h_t = o_t * tanh(c_t)
    """
    steps, batch, letters = x.shape
    hidden = initial["h"].shape[1]
    wx, wh, b = (stacked(parameters, kind, GATES, hidden) for kind in ("Wx", "Wh", "b"))
    z = (x.reshape(steps * batch, letters) @ wx.T + b[:, 0]).reshape(steps, batch, 4 * hidden)
    gates, c, h = np.empty_like(z), np.empty((steps, batch, hidden)), np.empty((steps, batch, hidden))
    h_before, c_before, recurrent = initial["h"], initial["c"], np.empty((batch, 4 * hidden))
    for t in range(steps):
        z[t] += np.matmul(h_before, wh.T, out=recurrent)
        sigmoid(z[t, :, : 3 * hidden], out=gates[t, :, : 3 * hidden])
        np.tanh(z[t, :, 3 * hidden :], out=gates[t, :, 3 * hidden :])
        i, f, o, g = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        np.multiply(f, c_before, out=c[t])
        c[t] += i * g
        np.tanh(c[t], out=h[t])
        h[t] *= o
        h_before, c_before = h[t], c[t]
    return {"_gates": gates, **_named("z", z), **_named("", gates), "c": c, "h": h}


def backward(
    parameters: Arrays, x: Array, initial: Arrays, states: Arrays, dh_now: Array, limit: float = np.inf
) -> dict[str, Array]:
    """The gradients of a loss with respect to everything that the cell computes.

    Takes what `forward` took and gave, and dh_now as in `elman.backward`. Gives, each (steps, batch,
    hidden), and the gradients of the parameters in their shapes:

        dh_t = dh_now_t + dh_back_{t+1},  do_t = dh_t * tanh(c_t)
        dc_now_t = dh_t * o_t * (1 - tanh(c_t)²),  dc_t = dc_now_t + dc_back_{t+1}
        df_t = dc_t * c_{t-1},  di_t = dc_t * g_t,  dg_t = dc_t * i_t,  dc_back_t = dc_t * f_t
        dzk_t = dk_t * k_t * (1 - k_t) for k = i, f, o,  dzg_t = dg_t * (1 - g_t²)
        dh_back_t = Σ_k Whkᵀ·dzk_t

    No dh and no dc is taken to be above `limit` or below -`limit`.
    """
    c, gates = states["c"], states["_gates"]
    steps, batch, hidden = c.shape
    wh = stacked(parameters, "Wh", GATES, hidden)
    c_before = before(initial["c"], c)
    names = ("dh", "do", "dc_now", "dc", "df", "di", "dg", "dc_back", "dh_back")
    d = {name: np.empty((steps, batch, hidden)) for name in names}
    dz, tanh_c = np.empty_like(gates), np.tanh(c)
    none = np.zeros((batch, hidden))
    dh_next, dc_next = none, none
    for t in reversed(range(steps)):
        i, f, o, g = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        dh, dc = d["dh"][t], d["dc"][t]
        np.add(dh_now[t], dh_next, out=dh)
        if limit < np.inf:
            np.clip(dh, -limit, limit, out=dh)
        np.multiply(dh, tanh_c[t], out=d["do"][t])
        np.multiply(dh * o, 1.0 - tanh_c[t] * tanh_c[t], out=d["dc_now"][t])
        np.add(d["dc_now"][t], dc_next, out=dc)
        if limit < np.inf:
            np.clip(dc, -limit, limit, out=dc)
        np.multiply(dc, c_before[t], out=d["df"][t])
        np.multiply(dc, g, out=d["di"][t])
        np.multiply(dc, i, out=d["dg"][t])
        np.multiply(dc, f, out=d["dc_back"][t])
        for k, (name, value) in enumerate(zip(("di", "df", "do"), (i, f, o), strict=True)):
            np.multiply(d[name][t] * value, 1.0 - value, out=dz[t, :, k * hidden : (k + 1) * hidden])
        np.multiply(d["dg"][t], 1.0 - g * g, out=dz[t, :, 3 * hidden :])
        np.matmul(dz[t], wh, out=d["dh_back"][t])
        dh_next, dc_next = d["dh_back"][t], d["dc_back"][t]
    found = {"dh_now": dh_now, **d, **_named("dz", dz)}
    h_before = before(initial["h"], states["h"])
    for gate in GATES:
        found |= weight_gradients(parameters, gate, found[f"dz{gate}"], x, h_before)
    return found


def contributions(
    parameters: Arrays, x: Array, initial: Arrays, states: Arrays, gradients: Arrays
) -> dict[str, Array]:
    """What each time step adds to the gradients of `backward`, as in `elman.contributions`."""
    h_before = before(initial["h"], states["h"])
    found: dict[str, Array] = {}
    for gate in GATES:
        found |= added(parameters, gate, gradients[f"dz{gate}"], x, h_before)
    return found


def _named(prefix: str, array: Array) -> dict[str, Array]:
    """Each gate's part of an array (steps, batch, 4 * hidden)."""
    hidden = array.shape[-1] // 4
    return {f"{prefix}{gate}": array[..., k * hidden : (k + 1) * hidden] for k, gate in enumerate(GATES)}
