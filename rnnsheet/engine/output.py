"""Both ends of a cell: letters to one-hot columns, hidden states to probabilities, letters and loss."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rnnsheet.engine.gates import by_columns, summed
from rnnsheet.network import Array
from rnnsheet.network.reading import END, START

Texts = NDArray[np.object_]

FOR_LOSS = ("y_max", "e_sum")
"""What `probabilities` gives that `loss` alone asks for."""


def one_hot(letters: Sequence[str], vocabulary: Sequence[str]) -> Array:
    """x (steps, batch 1, vocabulary): 1 where the place's letter is the step's; no letter, all 0."""
    same: NDArray[np.bool_] = np.array(letters)[:, None] == np.array(vocabulary)[None, :]
    return same.astype(np.float64)[:, None, :]


def probabilities(parameters: Mapping[str, Array], h: Array) -> dict[str, Array]:
    """Scores and probabilities of each letter from h (steps, batch, hidden).

    Takes Why (output, hidden), by (output, 1), (1, 1) or absent. Gives, each (steps, batch, output):

        y_t = Why·h_t + by,  e_t = exp(y_t - max y_t),  p_t = e_t / sum e_t  (softmax)

    and y_max = max y_t, e_sum = sum e_t, each (steps, batch, 1).
    Source: Goodfellow et al., "Deep Learning" (2016), eq. 6.29 and section 4.1.
    """
    y = (h.reshape(-1, h.shape[-1]) @ parameters["Why"].T).reshape(*h.shape[:-1], -1)
    if "by" in parameters:
        y += parameters["by"][:, 0]
    # Transposed: NumPy finds the greatest along the first axis many times faster.
    y_max = y.reshape(-1, y.shape[-1]).T.copy().max(axis=0).reshape(*y.shape[:-1], 1)
    e = y - y_max
    np.exp(e, out=e)
    e_sum = e.sum(axis=-1, keepdims=True)
    return {"y": y, "e": e, "p": e / e_sum, "y_max": y_max, "e_sum": e_sum}


def loss(found: Mapping[str, Array], goal: Array, asked: Array) -> dict[str, Array]:
    """The cross-entropy loss_t = -ln q_t; 0 where the step has no target.

    Takes what `probabilities` gave, the one-hot targets goal (steps, batch, output) and what `asked` makes
    of them. Gives q, the target's probability, its score y_goal, and loss_t, each (steps, batch, 1):

        loss_t = max y_t - y_goal_t + ln sum e_t

    which is right where q is too small for a number. Source: Goodfellow et al., "Deep Learning"
    (2016), eq. 6.12 and 6.30; a word's loss is the sum over its steps, as in the article.
    """
    q, y_goal = (np.einsum("tbk,tbk->tb", found[base], goal)[..., None] for base in ("p", "y"))
    own = found["y_max"] - y_goal + np.log(found["e_sum"])
    return {"q": q, "y_goal": y_goal, "loss_t": own * asked}


def asked(goal: Array) -> Array:
    """1 where a step has a target, else 0, (steps, batch, 1); goal (steps, batch, output) is one-hot."""
    total: Array = goal.sum(axis=-1, keepdims=True)
    return total


def backward(
    parameters: Mapping[str, Array], h: Array, p: Array, goal: Array, asked: Array
) -> dict[str, Array]:
    """The loss's gradients dy = p - goal, dWhy, dby, and dx, with respect to h by way of y.

    All as in `probabilities` and `loss`; a step without a target has none. Source: Goodfellow et
    al., "Deep Learning" (2016), eq. 10.18 and 10.19.
    """
    dy = p - goal
    dy *= asked
    flat = dy.reshape(-1, dy.shape[-1])
    gradients: dict[str, Array] = {
        "dy": dy,
        "dWhy": flat.T @ h.reshape(-1, h.shape[-1]),
        "dx": (flat @ parameters["Why"]).reshape(h.shape),
    }
    if "by" in parameters:
        gradients["dby"] = summed(flat, parameters["by"])
    return gradients


def contributions(parameters: Mapping[str, Array], h: Array, dy: Array) -> dict[str, Array]:
    """What each time step adds to dWhy and dby, each (steps, batch, numbers), column by column."""
    added = {"dWhy_t": by_columns(dy, h)}
    if "by" in parameters:
        added["dby_t"] = dy.sum(axis=-1, keepdims=True) if parameters["by"].size == 1 else dy
    return added


def said(p: Array, labels: Sequence[str], letters: Sequence[str] | None) -> Texts:
    """The most probable label of each step; "" where a step reads no letter.

    Takes p (..., labels, steps), gives (..., 1, steps).
    """
    best: Texts = np.array(labels, dtype=object)[p.argmax(axis=-2)][..., None, :]
    if letters is not None:
        best[..., np.array(letters) == ""] = ""
    return best


def answered(p: Array, labels: Sequence[str]) -> tuple[Texts, Texts]:
    """What a network reads that reads its own answers, and what it says; "" after the end.

    Takes p (..., labels, steps), gives each (..., 1, steps).
    """
    reads, says = said(p, labels, None), said(p, labels, None)
    read = np.full(reads.shape[:-1], START, dtype=object)
    for step in range(p.shape[-1]):
        reads[..., step] = read
        says[read == "", step] = ""
        read = np.where(says[..., step] == END, "", says[..., step])
    return reads, says


def row_of(entries: Sequence[object]) -> Texts:
    """The entries as one row (1, steps) of Python objects."""
    return np.array([entries], dtype=object)
