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
    projected,
    recurrent_contributions,
    stacked,
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
    hidden = initial["h"].shape[1]
    wx, wh, b = (stacked(parameters, kind, GATES, hidden) for kind in ("Wx", "Wh", "b"))
    bm, two = stacked(parameters, "b", ("m",), hidden), 2 * hidden
    z = projected(wx, x, b)
    gates, h, inner = np.empty_like(z), np.empty_like(z[:, :hidden]), np.empty_like(z[:, :hidden])
    h_before = np.ascontiguousarray(initial["h"].T)
    activate, gate_activate = ACTIVATIONS[activation], ACTIVATIONS[gate_activation]
    steps = zip(z[:, :two], z[:, two:], gates[:, :two], *_each(gates), inner, h, strict=True)
    for t, (z_open, zn, open_, r, u, n, inner_t, h_t) in enumerate(steps):
        if reset_after:
            recurrent = wh @ h_before
            z_open += recurrent[:two]
            gate_activate(z_open, out=open_)
            np.add(recurrent[two:], bm, out=inner_t)
            zn += r * inner_t
        else:
            z_open += wh[:two] @ h_before
            gate_activate(z_open, out=open_)
            np.multiply(r, h_before, out=inner_t)
            zn += wh[two:] @ inner_t
        activate(zn, out=n)
        np.multiply(1.0 - u, n, out=h_t)
        h_t += u * h_before
        if mask is not None:
            np.copyto(h_t, h_before, where=~mask[t].T)
        h_before = h_t
    found = {**_named("z", z), **_named("", gates), "m" if reset_after else "s": inner, "h": h}
    return {name: array.swapaxes(1, 2) for name, array in found.items()}


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
    h, r, u, n = (states[name].swapaxes(1, 2) for name in ("h", *GATES))
    h_before, wh = before(initial["h"].T, h), stacked(parameters, "Wh", GATES, h.shape[1]).T
    # What multiplies dh and dzn, or ds, is known of all time steps.
    dzr_by = (states["m"].swapaxes(1, 2) if reset_after else h_before) * r * (1.0 - r)
    dn_by, du_by = 1.0 - u, h_before - n
    slopes = dzr_by, du_by * u * dn_by, dn_by * (1.0 - n * n)
    dh = dh_now.swapaxes(1, 2).copy()
    dh_next = after["h"].T if "h" in after else np.zeros_like(h[0])
    rows, dh_back = _through_time(dh, dh_next, wh, (r, u), slopes, limit, reset_after)
    dzr, dzu, dzn, inner = _each(rows, 4)
    found = {
        "dh": dh,
        "dn": dh * dn_by,
        "du": dh * du_by,
        "dzr": dzr,
        "dzu": dzu,
        "dzn": dzn,
        "dh_back": dh_back,
        "dm" if reset_after else "ds": inner,
        "dr": dzn * states["m"].swapaxes(1, 2) if reset_after else inner * h_before,
    }
    found = {"dh_now": dh_now, **{name: array.swapaxes(1, 2) for name, array in found.items()}}
    weights = _weights_after if reset_after else _weights_before
    return found | weights(parameters, rows.swapaxes(1, 2), x, h_before.swapaxes(1, 2), states)


def _through_time(
    dh: Array,
    dh_next: Array,
    wh: Array,
    gates: tuple[Array, Array],
    slopes: tuple[Array, Array, Array],
    limit: float,
    reset_after: bool,
) -> tuple[Array, Array]:
    """From the last time step to the first: dz of each gate and dm or ds below each other, and dh_back.

    Both (steps, rows, batch). To `dh` is added what each step gets of the one after, to the last one
    `dh_next`. `gates` are r and u, `slopes` what each gate's z multiplies.
    """
    steps, hidden, batch = dh.shape
    rows, dh_back, two = np.empty((steps, 4 * hidden, batch)), np.empty(dh.shape), 2 * hidden
    by_open, by_candidate = wh[:, :two], wh[:, two:]
    over_time = (dh, *gates, *slopes, rows[:, :two], *_each(rows, 4), dh_back)
    for dh_t, r, u, dzr_by, dzu_by, dzn_by, dz_open, dzr, dzu, dzn, inner, back in zip(
        *(array[::-1] for array in over_time), strict=True
    ):
        dh_t += dh_next
        bound(dh_t, limit)
        np.multiply(dh_t, dzn_by, out=dzn)
        np.multiply(dh_t, dzu_by, out=dzu)
        if reset_after:
            np.multiply(dzn, dzr_by, out=dzr)
            np.multiply(dzn, r, out=inner)
            of_candidate = by_candidate @ inner
        else:
            np.matmul(by_candidate, dzn, out=inner)
            np.multiply(inner, dzr_by, out=dzr)
            of_candidate = inner * r
        np.matmul(by_open, dz_open, out=back)
        back += of_candidate
        back += dh_t * u
        dh_next = back
    return rows, dh_back


def _weights_after(
    parameters: Arrays, rows: Array, x: Array, h_before: Array, states: Arrays
) -> dict[str, Array]:
    """The gradients of the parameters where the reset gate acts after the recurrent product m."""
    # Whn is a weight of m, not of the candidate.
    own = {"Whm" if name == "Whn" else name: array for name, array in parameters.items()}
    found = weight_gradients(own, (*GATES, "m"), rows, x, h_before)
    return found | {"dWhn": found.pop("dWhm")}


def _weights_before(
    parameters: Arrays, rows: Array, x: Array, h_before: Array, states: Arrays
) -> dict[str, Array]:
    """The gradients of the parameters where it acts before."""
    dzr_dzu, dzn_ds = np.split(rows, 2, axis=-1)
    found = weight_gradients(parameters, GATES[:2], dzr_dzu, x, h_before)
    return found | weight_gradients(
        parameters, GATES[2:], dzn_ds[..., : states["s"].shape[-1]], x, states["s"]
    )


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


def _each(array: Array, count: int = 3) -> list[Array]:
    """An array (steps, count * hidden, batch) gate by gate."""
    hidden = array.shape[1] // count
    return [array[:, k * hidden : (k + 1) * hidden] for k in range(count)]


def _named(prefix: str, array: Array) -> dict[str, Array]:
    return {f"{prefix}{gate}": part for gate, part in zip(GATES, _each(array), strict=True)}


def _cell(reset_after: bool) -> Cell:
    return Cell(
        partial(forward, reset_after=reset_after),
        partial(backward, reset_after=reset_after),
        partial(contributions, reset_after=reset_after),
        {f"dz{gate}": f"Wx{gate}" for gate in GATES},
    )


GRU, GRU_BEFORE = _cell(reset_after=True), _cell(reset_after=False)
