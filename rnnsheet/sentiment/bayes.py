"""The baseline: a bag of words, which knows how often each word occurs and not in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnsheet.sentiment.sequences import Flags, Sequences


def log_odds(sentences: Sequences, positive: Flags, words: int) -> NDArray[np.float64]:
    """Per word number, by how much it speaks for positive, (words + 1,); at 0 what speaks before any word.

    The multinomial naive Bayes classifier with Laplace smoothing: Manning, Raghavan and Schütze,
    "Introduction to Information Retrieval" (2008), section 13.2. Word numbers are 1 to `words`.
    """
    odds = np.zeros(words + 1)
    for answer, sign in ((True, 1), (False, -1)):
        counts = np.bincount(sentences.where(positive == answer).numbers, minlength=words + 1)[1:] + 1
        shares = counts / counts.sum()
        odds += sign * np.log([np.mean(positive == answer), *shares])
    return odds


def scores(sentences: Sequences, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of how much likelier each sentence is positive than negative, (sentences,)."""
    added = np.concatenate([[0.0], np.cumsum(odds[sentences.numbers])])
    return np.asarray(odds[0] + np.diff(added[sentences.starts]))
