"""The GRU cell in both published forms, forward and backward through time; arrays as in `elman`.

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014): the reset gate acts
before the recurrent product. PyTorch, cuDNN and Keras by default let it act after.
"""

from functools import partial
from types import MappingProxyType

import numpy as np

from rnnsheet.engine.activations import ACTIVATIONS
from rnnsheet.engine.cell import Arrays, Cell, Mask
from rnnsheet.engine.gates import (
    added,
    before,
    bound,
    recurrent_contributions,
    stacked,
    summed,
    weight_gradients,
)
from rnnsheet.network import Array

GATES = ("r", "u", "n")
"""Reset gate, update gate, candidate."""


def forward(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    activation: str = "tanh",
    gate_activation: str = "sigmoid",
    mask: Mask = None,
    *,
    reset_after: bool,
) -> dict[str, Array]:
    """The states of a GRU over all time steps.

    Takes x (steps, batch, input), the state h before the first step (batch, hidden), and of each gate k
    Wxk, Whk, bk as in `lstm.forward`; with the reset after the product also bm like a bias. Gives, each
    (steps, batch, hidden):

        zr_t = Wxr·x_t + Whr·h_{t-1} + br,  r_t = σ(zr_t);  zu_t, u_t likewise
        reset after:   m_t = Whn·h_{t-1} + bm,  zn_t = Wxn·x_t + bn + r_t * m_t
        reset before:  s_t = r_t * h_{t-1},  zn_t = Wxn·x_t + Whn·s_t + bn
        n_t = tanh(zn_t),  h_t = (1 - u_t) * n_t + u_t * h_{t-1}

    or with other activations and a mask as in `lstm.forward`.
    """
    steps, batch, letters = x.shape
    hidden = initial["h"].shape[1]
    wx, wh, b = (stacked(parameters, kind, GATES, hidden) for kind in ("Wx", "Wh", "b"))
    bm = stacked(parameters, "b", ("m",), hidden)[:, 0]
    z = (x.reshape(steps * batch, letters) @ wx.T + b[:, 0]).reshape(steps, batch, 3 * hidden)
    gates, h, inner = np.empty_like(z), np.empty_like(z[..., :hidden]), np.empty_like(z[..., :hidden])
    h_before, two = initial["h"], 2 * hidden
    activate, gate_activate = ACTIVATIONS[activation], ACTIVATIONS[gate_activation]
    for t in range(steps):
        r, u, n = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(3))
        if reset_after:
            recurrent = h_before @ wh.T
            z[t, :, :two] += recurrent[:, :two]
            gate_activate(z[t, :, :two], out=gates[t, :, :two])
            np.add(recurrent[:, two:], bm, out=inner[t])
            z[t, :, two:] += r * inner[t]
        else:
            z[t, :, :two] += h_before @ wh[:two].T
            gate_activate(z[t, :, :two], out=gates[t, :, :two])
            np.multiply(r, h_before, out=inner[t])
            z[t, :, two:] += inner[t] @ wh[two:].T
        activate(z[t, :, two:], out=n)
        np.multiply(1.0 - u, n, out=h[t])
        h[t] += u * h_before
        if mask is not None:
            np.copyto(h[t], h_before, where=~mask[t])
        h_before = h[t]
    return {**_named("z", z), **_named("", gates), "m" if reset_after else "s": inner, "h": h}


def backward(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    states: Arrays,
    dh_now: Array,
    limit: float = np.inf,
    after: Arrays = MappingProxyType({}),
    *,
    reset_after: bool,
) -> dict[str, Array]:
    """The gradients of a loss with respect to everything that the cell computes.

    Takes what `forward` took and gave, and dh_now as in `elman.backward`. Gives, each (steps, batch,
    hidden), and the gradients of the parameters in their shapes:

        dh_t = dh_now_t + dh_back_{t+1},  dn_t = dh_t * (1 - u_t),  du_t = dh_t * h_{t-1} - dh_t * n_t
        dzn_t = dn_t * (1 - n_t²),  dzu_t = du_t * u_t * (1 - u_t),  dzr_t = dr_t * r_t * (1 - r_t)
        reset after:   dr_t = dzn_t * m_t,  dm_t = dzn_t * r_t
        reset before:  ds_t = Whnᵀ·dzn_t,  dr_t = ds_t * h_{t-1}
        dh_back_t = dh_t * u_t + Whuᵀ·dzu_t + Whrᵀ·dzr_t + (Whnᵀ·dm_t or ds_t * r_t)

    `after` as in `elman.backward`. No dh is taken to be above `limit` or below -`limit`.
    """
    h = states["h"]
    steps, batch, hidden = h.shape
    whr, whu, whn = (stacked(parameters, "Wh", (gate,), hidden) for gate in GATES)
    h_before = before(initial["h"], h)
    inner = "dm" if reset_after else "ds"
    names = ("dh", "dn", "du", "dzn", "dr", inner, "dzu", "dzr", "dh_back")
    d = {name: np.empty_like(h) for name in names}
    dh_next = after.get("h", np.zeros((batch, hidden)))
    for t in reversed(range(steps)):
        now = {name: array[t] for name, array in d.items()}
        r, u, n = states["r"][t], states["u"][t], states["n"][t]
        np.add(dh_now[t], dh_next, out=now["dh"])
        bound(now["dh"], limit)
        np.multiply(now["dh"], 1.0 - u, out=now["dn"])
        np.subtract(now["dh"] * h_before[t], now["dh"] * n, out=now["du"])
        np.multiply(now["dn"], 1.0 - n * n, out=now["dzn"])
        if reset_after:
            np.multiply(now["dzn"], states["m"][t], out=now["dr"])
            np.multiply(now["dzn"], r, out=now["dm"])
            by_candidate = now["dm"] @ whn
        else:
            np.matmul(now["dzn"], whn, out=now["ds"])
            np.multiply(now["ds"], h_before[t], out=now["dr"])
            by_candidate = now["ds"] * r
        np.multiply(now["du"] * u, 1.0 - u, out=now["dzu"])
        np.multiply(now["dr"] * r, 1.0 - r, out=now["dzr"])
        np.add(now["dh"] * u, now["dzu"] @ whu, out=now["dh_back"])
        now["dh_back"] += now["dzr"] @ whr
        now["dh_back"] += by_candidate
        dh_next = now["dh_back"]
    found = {"dh_now": dh_now, **d}
    for gate in ("r", "u"):
        found |= weight_gradients(parameters, gate, d[f"dz{gate}"], x, h_before)
    if reset_after:
        found |= weight_gradients(parameters, "n", d["dzn"], x, h_before, d["dm"])
        if "bm" in parameters:
            found["dbm"] = summed(d["dm"].reshape(-1, hidden), parameters["bm"])
    else:
        found |= weight_gradients(parameters, "n", d["dzn"], x, states["s"])
    return found


def contributions(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    states: Arrays,
    gradients: Arrays,
    *,
    reset_after: bool,
) -> dict[str, Array]:
    """What each time step adds to the gradients of `backward`, as in `elman.contributions`."""
    h_before = before(initial["h"], states["h"])
    found: dict[str, Array] = {}
    for gate in ("r", "u"):
        found |= added(parameters, gate, gradients[f"dz{gate}"], x, h_before)
    found |= added(parameters, "n", gradients["dzn"], x, h_before if reset_after else states["s"])
    if reset_after:
        found |= recurrent_contributions(parameters, "Whn", gradients["dm"], h_before)
        if "bm" in parameters:
            one = parameters["bm"].size == 1
            found["dbm_t"] = gradients["dm"].sum(axis=-1, keepdims=True) if one else gradients["dm"]
    return found


def _named(prefix: str, array: Array) -> dict[str, Array]:
    hidden = array.shape[-1] // 3
    return {f"{prefix}{gate}": array[..., k * hidden : (k + 1) * hidden] for k, gate in enumerate(GATES)}


def _cell(reset_after: bool) -> Cell:
    return Cell(
        partial(forward, reset_after=reset_after),
        partial(backward, reset_after=reset_after),
        partial(contributions, reset_after=reset_after),
        {f"dz{gate}": f"Wx{gate}" for gate in GATES},
    )


GRU, GRU_BEFORE = _cell(reset_after=True), _cell(reset_after=False)
