"""The Elman cell, forward."""

from collections.abc import Mapping

import numpy as np

from rnnsheet.lesson import Array


def forward(parameters: Mapping[str, Array], x: Array, h_0: Array) -> dict[str, Array]:
    """The hidden states of an Elman network over all time steps.

    Takes x (input, steps) and h_0 (hidden, 1); Wxh (hidden, input), Whh (hidden, hidden) or
    (1, 1), bh (hidden, 1), (1, 1) or absent. Gives, each (hidden, steps):

        xh_t = Wxh·x_t,  hh_t = Whh·h_{t-1} + bh,  z_t = xh_t + hh_t,  h_t = tanh(z_t)

    Source: Elman, "Finding Structure in Time" (1990), with the article's tanh.
    """
    whh, bh = parameters["Whh"], parameters.get("bh", 0.0)
    # One number times a vector broadcasts; np.multiply and np.matmul differ only there.
    times = np.multiply if whh.size == 1 else np.matmul
    xh = parameters["Wxh"] @ x
    hh, z, h = np.empty_like(xh), np.empty_like(xh), np.empty_like(xh)
    before = h_0
    for t in range(x.shape[1]):
        step = slice(t, t + 1)
        hh[:, step] = times(whh, before) + bh
        z[:, step] = xh[:, step] + hh[:, step]
        h[:, step] = np.tanh(z[:, step])
        before = h[:, step]
    return {"xh": xh, "hh": hh, "z": z, "h": h}
