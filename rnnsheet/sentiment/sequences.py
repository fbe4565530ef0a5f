"""Many short sequences of numbers in two flat arrays, so that millions of sentences fit into memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sequences:
    """Sequence i is `numbers[starts[i]:starts[i + 1]]`; `starts` has one entry more than there are."""

    numbers: Integers
    starts: Integers

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Integers:
        """How many numbers each sequence has."""
        return np.diff(self.starts)

    def where(self, chosen: Flags) -> Sequences:
        """The sequences that are chosen, (sequences,)."""
        lengths = self.lengths
        numbers = self.numbers[np.repeat(chosen, lengths)]
        return Sequences(numbers, np.concatenate([[0], np.cumsum(lengths[chosen])]))

    def renumbered(self, numbers: Integers) -> Sequences:
        """With `numbers[n]` in the place of each number n, and without those for which that is 0."""
        found = numbers[self.numbers]
        kept = found > 0
        before = np.concatenate([[0], np.cumsum(kept)])
        return Sequences(found[kept], before[self.starts])

    def padded(self, steps: int) -> NDArray[np.int32]:
        """The last `steps` numbers of each sequence, with zeros before them, (sequences, steps).

        As `pad_sequences` of Keras does by default.
        """
        padded = np.zeros((len(self), steps), np.int32)
        for step in range(1, steps + 1):
            long = self.lengths >= step
            padded[long, -step] = self.numbers[self.starts[1:][long] - step]
        return padded


def held_out(positive: Flags, share: float, seed: int) -> Flags:
    """Which sentences not to learn from: a share of the positive and of the negative ones, by chance."""
    order = np.random.default_rng(seed).permutation(len(positive))
    chosen = np.zeros(len(positive), bool)
    for answer in (False, True):
        group = order[positive[order] == answer]
        chosen[group[: round(share * len(group))]] = True
    return chosen
