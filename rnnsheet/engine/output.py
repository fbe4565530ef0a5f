"""Both ends of a cell: letters to one-hot columns, hidden states to probabilities and letters."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rnnsheet.lesson import Array

Texts = NDArray[np.object_]


def one_hot(letters: Sequence[str], vocabulary: Sequence[str]) -> Array:
    """x (vocabulary, steps): 1 where the row's letter is the step's letter; no letter, all 0."""
    same: NDArray[np.bool_] = np.array(vocabulary)[:, None] == np.array(letters)[None, :]
    return same.astype(np.float64)


def probabilities(parameters: Mapping[str, Array], h: Array) -> dict[str, Array]:
    """Scores and probabilities of each letter from h (hidden, steps).

    Takes Why (output, hidden), by (output, 1), (1, 1) or absent. Gives, each (output, steps):

        y_t = Why·h_t + by,  e_t = exp(y_t - max y_t),  p_t = e_t / sum e_t  (softmax)

    Source: Goodfellow et al., "Deep Learning" (2016), eq. 6.29 and section 4.1.
    """
    y = parameters["Why"] @ h + parameters.get("by", 0.0)
    e = np.exp(y - y.max(axis=0))
    return {"y": y, "e": e, "p": e / e.sum(axis=0)}


def answers(
    p: Array, letters: Sequence[str], targets: Sequence[str], vocabulary: Sequence[str]
) -> dict[str, Array | Texts]:
    """The most probable letter of each step and whether it is the target; each (1, steps).

    `right` is 1 or 0, and "" where the step has no target, as the letter is where it reads none.
    """
    best = [vocabulary[row] for row in p.argmax(axis=0)]
    predicted = [letter and guess for letter, guess in zip(letters, best, strict=True)]
    right = [target and float(target == guess) for target, guess in zip(targets, predicted, strict=True)]
    return {
        "predicted": row_of(predicted),
        "confidence": p.max(axis=0, keepdims=True),
        "right": row_of(right),
    }


def row_of(entries: Sequence[object]) -> Texts:
    """The entries as one row (1, steps) of Python objects."""
    return np.array([entries], dtype=object)
