"""The LSTM cell, forward and backward through time; arrays as in `elman`.

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of Gers et al.,
"Learning to Forget" (2000), as PyTorch and Keras compute it.
"""

from types import MappingProxyType

import numpy as np

from rnnsheet.engine.activations import ACTIVATIONS
from rnnsheet.engine.cell import Arrays, Cell, Mask
from rnnsheet.engine.gates import added, before, bound, stacked, weight_gradients
from rnnsheet.network import Array

GATES = ("i", "f", "o", "g")
"""Input, forget and output gate, then the candidate: the three sigmoids lie beside each other."""


def forward(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    activation: str = "tanh",
    gate_activation: str = "sigmoid",
    mask: Mask = None,
) -> dict[str, Array]:
    """The states of an LSTM over all time steps.

    Takes x (steps, batch, input), the states h and c before the first step (batch, hidden), and of each
    gate k Wxk (hidden, input), Whk (hidden, hidden) or (1, 1), bk (hidden, 1), (1, 1) or absent. Gives,
    each (steps, batch, hidden):

        zk_t = Wxk·x_t + Whk·h_{t-1} + bk for k = i, f, g, o
        i_t, f_t, o_t = σ(zi_t), σ(zf_t), σ(zo_t),  g_t = tanh(zg_t)
        c_t = f_t * c_{t-1} + i_t * g_t,  h_t = o_t * tanh(c_t)

    or with `gate_activation` for σ and `activation` for tanh; where the mask is false, c_t = c_{t-1} and
    h_t = h_{t-1}.
    With peepholes Wci, Wcf, Wco (hidden, 1), if there are any, zi and zf also see Wck * c_{t-1}, zo sees
    Wco * c_t. Source: Gers and Schmidhuber, "Recurrent Nets that Time and Count" (2000).
    """
    steps, batch, letters = x.shape
    hidden = initial["h"].shape[1]
    wx, wh, b = (stacked(parameters, kind, GATES, hidden) for kind in ("Wx", "Wh", "b"))
    z = (x.reshape(steps * batch, letters) @ wx.T + b[:, 0]).reshape(steps, batch, 4 * hidden)
    gates = np.empty_like(z)
    c, tanh_c, h = (np.empty_like(z[..., :hidden]) for _ in range(3))
    h_before, c_before, recurrent = initial["h"], initial["c"], np.empty_like(z[0])
    peepholes = _peepholes(parameters, hidden)
    seen = len(peepholes) > 0
    activate, gate_activate = ACTIVATIONS[activation], ACTIVATIONS[gate_activation]
    for t in range(steps):
        z[t] += np.matmul(h_before, wh.T, out=recurrent)
        for k, peephole in enumerate(peepholes[:2]):
            z[t, :, k * hidden : (k + 1) * hidden] += peephole * c_before
        # Without a peephole the output gate is computed with the others.
        first = 2 if seen else 3
        gate_activate(z[t, :, : first * hidden], out=gates[t, :, : first * hidden])
        activate(z[t, :, 3 * hidden :], out=gates[t, :, 3 * hidden :])
        i, f, o, g = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        np.multiply(f, c_before, out=c[t])
        c[t] += i * g
        if mask is not None:
            np.copyto(c[t], c_before, where=~mask[t])
        if seen:
            z[t, :, 2 * hidden : 3 * hidden] += peepholes[2] * c[t]
            gate_activate(z[t, :, 2 * hidden : 3 * hidden], out=o)
        activate(c[t], out=tanh_c[t])
        np.multiply(tanh_c[t], o, out=h[t])
        if mask is not None:
            np.copyto(h[t], h_before, where=~mask[t])
        h_before, c_before = h[t], c[t]
    return {"gates": gates, "tanh_c": tanh_c, **_named("z", z), **_named("", gates), "c": c, "h": h}


def backward(
    parameters: Arrays,
    x: Array,
    initial: Arrays,
    states: Arrays,
    dh_now: Array,
    limit: float = np.inf,
    after: Arrays = MappingProxyType({}),
) -> dict[str, Array]:
    """The gradients of a loss with respect to everything that the cell computes.

    Takes what `forward` took and gave, and dh_now as in `elman.backward`. Gives, each (steps, batch,
    hidden), and the gradients of the parameters in their shapes:

        dh_t = dh_now_t + dh_back_{t+1},  do_t = dh_t * tanh(c_t)
        dc_now_t = dh_t * o_t * (1 - tanh(c_t)²),  dc_t = dc_now_t + dc_back_{t+1}
        df_t = dc_t * c_{t-1},  di_t = dc_t * g_t,  dg_t = dc_t * i_t,  dc_back_t = dc_t * f_t
        dzk_t = dk_t * k_t * (1 - k_t) for k = i, f, o,  dzg_t = dg_t * (1 - g_t²)
        dh_back_t = Σ_k Whkᵀ·dzk_t

    With peepholes, dc_now has Wco * dzo besides, and dc_back has Wci * dzi + Wcf * dzf. `after` as in
    `elman.backward`. No dh and no dc is taken to be above `limit` or below -`limit`.
    """
    c, gates, tanh_c = states["c"], states["gates"], states["tanh_c"]
    steps, batch, hidden = c.shape
    wh = stacked(parameters, "Wh", GATES, hidden)
    d = {name: np.empty_like(c) for name in ("dh", "dc_now", "dc", "dc_back", "dh_back")}
    d_gates, dz = np.empty_like(gates), np.empty_like(gates)
    slopes, through_c = np.empty_like(gates[0]), np.empty_like(c[0])
    none = np.zeros((batch, hidden))
    dh_next, dc_next = after.get("h", none), after.get("c", none)
    peepholes = _peepholes(parameters, hidden)
    for t in reversed(range(steps)):
        i, f, o, g = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        di, df, do, dg = (d_gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        dh, dc, dc_now, dc_back = d["dh"][t], d["dc"][t], d["dc_now"][t], d["dc_back"][t]
        np.add(dh_now[t], dh_next, out=dh)
        bound(dh, limit)
        np.multiply(dh, tanh_c[t], out=do)
        np.multiply(dh, o, out=dc_now)
        np.square(tanh_c[t], out=through_c)
        np.subtract(1.0, through_c, out=through_c)
        dc_now *= through_c
        _slopes(gates[t], out=slopes)
        if peepholes:
            dc_now += peepholes[2] * (do * slopes[:, 2 * hidden : 3 * hidden])
        np.add(dc_now, dc_next, out=dc)
        bound(dc, limit)
        np.multiply(dc, c[t - 1] if t else initial["c"], out=df)
        np.multiply(dc, g, out=di)
        np.multiply(dc, i, out=dg)
        np.multiply(dc, f, out=dc_back)
        np.multiply(d_gates[t], slopes, out=dz[t])
        for k, peephole in enumerate(peepholes[:2]):
            dc_back += peephole * dz[t, :, k * hidden : (k + 1) * hidden]
        np.matmul(dz[t], wh, out=d["dh_back"][t])
        dh_next, dc_next = d["dh_back"][t], dc_back
    found = {"dh_now": dh_now, **d, **_named("d", d_gates), **_named("dz", dz)}
    h_before = before(initial["h"], states["h"])
    found |= weight_gradients(parameters, GATES, dz, x, h_before)
    for name, added_up in _seen(parameters, initial, states, found).items():
        found[f"d{name}"] = added_up.sum(axis=(0, 1))[:, None]
    return found


def _slopes(gates: Array, out: Array) -> None:
    """The derivative of each gate with respect to its z into `out`: k * (1 - k), of the candidate 1 - g²."""
    first = 3 * (gates.shape[-1] // 4)
    np.subtract(1.0, gates[:, :first], out=out[:, :first])
    out[:, :first] *= gates[:, :first]
    np.square(gates[:, first:], out=out[:, first:])
    np.subtract(1.0, out[:, first:], out=out[:, first:])


def _peepholes(parameters: Arrays, hidden: int) -> list[Array]:
    """Those of the input, the forget and the output gate, each (hidden,); none where there are none."""
    names = ("Wci", "Wcf", "Wco")
    if not any(name in parameters for name in names):
        return []
    return [parameters.get(name, np.zeros((hidden, 1)))[:, 0] for name in names]


def _seen(parameters: Arrays, initial: Arrays, states: Arrays, gradients: Arrays) -> dict[str, Array]:
    """What each time step adds to the gradients of the peepholes, (steps, batch, hidden)."""
    if not _peepholes(parameters, states["c"].shape[-1]):
        return {}
    c_before = before(initial["c"], states["c"])
    seen = {"Wci": ("dzi", c_before), "Wcf": ("dzf", c_before), "Wco": ("dzo", states["c"])}
    return {name: gradients[dz] * c for name, (dz, c) in seen.items() if name in parameters}


def contributions(
    parameters: Arrays, x: Array, initial: Arrays, states: Arrays, gradients: Arrays
) -> dict[str, Array]:
    """What each time step adds to the gradients of `backward`, as in `elman.contributions`."""
    h_before = before(initial["h"], states["h"])
    found: dict[str, Array] = {}
    for gate in GATES:
        found |= added(parameters, gate, gradients[f"dz{gate}"], x, h_before)
    peepholes = _seen(parameters, initial, states, gradients)
    return found | {f"d{name}_t": array for name, array in peepholes.items()}


def _named(prefix: str, array: Array) -> dict[str, Array]:
    """Each gate's part of an array (steps, batch, 4 * hidden)."""
    hidden = array.shape[-1] // 4
    return {f"{prefix}{gate}": array[..., k * hidden : (k + 1) * hidden] for k, gate in enumerate(GATES)}


LSTM = Cell(
    forward, backward, contributions, {f"dz{gate}": f"Wx{gate}" for gate in GATES}, ("gates", "tanh_c")
)
