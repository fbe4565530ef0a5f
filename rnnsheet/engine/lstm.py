"""The LSTM cell, forward and backward through time; arrays as in `elman`.

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of Gers et al.,
"Learning to Forget" (2000), as PyTorch and Keras compute it.
"""

from types import MappingProxyType

import numpy as np

from rnnsheet.engine.activations import ACTIVATIONS, SLOPES
from rnnsheet.engine.cell import Arrays, Cell, Mask
from rnnsheet.engine.gates import added, before, bound, projected, stacked, weight_gradients
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
    hidden = initial["h"].shape[1]
    wx, wh, b = (stacked(parameters, kind, GATES, hidden) for kind in ("Wx", "Wh", "b"))
    z = projected(wx, x, b)
    gates = np.empty_like(z)
    c, tanh_c, h = (np.empty_like(z[:, :hidden]) for _ in range(3))
    h_before, c_before = np.ascontiguousarray(initial["h"].T), initial["c"].T
    peepholes = _peepholes(parameters, hidden)
    activate, gate_activate = ACTIVATIONS[activation], ACTIVATIONS[gate_activation]
    # Without peepholes the output gate is computed with the others.
    two, three = 2 * hidden, 3 * hidden
    together = two if peepholes else three
    steps = zip(z, gates, _each(gates), c, tanh_c, h, strict=True)
    for t, (z_t, gates_t, (i, f, o, g), c_t, tanh_c_t, h_t) in enumerate(steps):
        z_t += wh @ h_before
        for k, peephole in enumerate(peepholes[:2]):
            z_t[k * hidden : (k + 1) * hidden] += peephole * c_before
        gate_activate(z_t[:together], out=gates_t[:together])
        activate(z_t[three:], out=g)
        np.multiply(f, c_before, out=c_t)
        c_t += i * g
        if mask is not None:
            np.copyto(c_t, c_before, where=~mask[t].T)
        if peepholes:
            z_t[two:three] += peepholes[2] * c_t
            gate_activate(z_t[two:three], out=o)
        activate(c_t, out=tanh_c_t)
        np.multiply(tanh_c_t, o, out=h_t)
        if mask is not None:
            np.copyto(h_t, h_before, where=~mask[t].T)
        h_before, c_before = h_t, c_t
    found = {"gates": gates, "tanh_c": tanh_c, **_named("z", z), **_named("", gates), "c": c, "h": h}
    return {name: array.swapaxes(1, 2) for name, array in found.items()}


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
    c, gates, tanh_c = (states[name].swapaxes(1, 2) for name in ("c", "gates", "tanh_c"))
    hidden = c.shape[1]
    wh = stacked(parameters, "Wh", GATES, hidden).T
    peepholes = _peepholes(parameters, hidden)
    # What multiplies the gradients of gates, and dc_now, is known of all time steps.
    slopes, through_c, c_before = _slopes(gates), SLOPES["tanh"](tanh_c), before(initial["c"].T, c)
    dh = dh_now.swapaxes(1, 2).copy()
    d_gates, dz, none = np.empty_like(gates), np.empty_like(gates), np.zeros_like(c[0])
    dc_now, dc, dc_back, dh_back = (np.empty_like(c) for _ in range(4))
    dh_next, dc_next = (after[state].T if state in after else none for state in ("h", "c"))
    each, d_each, slopes_each, dz_each = map(_each, (gates, d_gates, slopes, dz))
    for t in reversed(range(len(c))):
        (i, f, o, g), (di, df, do, dg) = each[t], d_each[t]
        dh_t, dc_now_t, dc_t, dc_back_t = dh[t], dc_now[t], dc[t], dc_back[t]
        dh_t += dh_next
        bound(dh_t, limit)
        np.multiply(dh_t, tanh_c[t], out=do)
        np.multiply(dh_t, o, out=dc_now_t)
        dc_now_t *= through_c[t]
        if peepholes:
            dc_now_t += peepholes[2] * (do * slopes_each[t, 2])
        np.add(dc_now_t, dc_next, out=dc_t)
        bound(dc_t, limit)
        np.multiply(dc_t, c_before[t], out=df)
        np.multiply(dc_t, g, out=di)
        np.multiply(dc_t, i, out=dg)
        np.multiply(dc_t, f, out=dc_back_t)
        np.multiply(d_gates[t], slopes[t], out=dz[t])
        for peephole, dz_k in zip(peepholes[:2], dz_each[t], strict=False):
            dc_back_t += peephole * dz_k
        np.matmul(wh, dz[t], out=dh_back[t])
        dh_next, dc_next = dh_back[t], dc_back_t
    found = {
        "dh": dh,
        "dc_now": dc_now,
        "dc": dc,
        "dc_back": dc_back,
        "dh_back": dh_back,
        **_named("d", d_gates),
        **_named("dz", dz),
    }
    found = {"dh_now": dh_now, **{name: array.swapaxes(1, 2) for name, array in found.items()}}
    found |= weight_gradients(parameters, GATES, dz.swapaxes(1, 2), x, before(initial["h"], states["h"]))
    for name, added_up in _seen(parameters, initial, states, found).items():
        found[f"d{name}"] = added_up.sum(axis=(0, 1))[:, None]
    return found


def _slopes(gates: Array) -> Array:
    """The derivative of each gate with respect to its z."""
    first = 3 * (gates.shape[1] // 4)
    sigmoids, tanh = SLOPES["sigmoid"](gates[:, :first]), SLOPES["tanh"](gates[:, first:])
    return np.concatenate([sigmoids, tanh], axis=1)


def _peepholes(parameters: Arrays, hidden: int) -> list[Array]:
    """Those of the input, the forget and the output gate, each (hidden, 1); none where there are none."""
    names = ("Wci", "Wcf", "Wco")
    if not any(name in parameters for name in names):
        return []
    return [parameters.get(name, np.zeros((hidden, 1))) for name in names]


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


def _each(array: Array) -> Array:
    """An array (steps, 4 * hidden, batch) gate by gate, (steps, 4, hidden, batch)."""
    steps, rows, batch = array.shape
    return array.reshape(steps, 4, rows // 4, batch)


def _named(prefix: str, array: Array) -> dict[str, Array]:
    """Each gate's part of an array (steps, 4 * hidden, batch)."""
    return {f"{prefix}{gate}": part for gate, part in zip(GATES, _each(array).swapaxes(0, 1), strict=True)}


LSTM = Cell(
    forward, backward, contributions, {f"dz{gate}": f"Wx{gate}" for gate in GATES}, ("gates", "tanh_c")
)
