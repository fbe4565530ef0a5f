"""The layers of an imported network: each a layer with its weights, and what its framework calls it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from rnnsheet.network.imported.reads import INPUT
from rnnsheet.network.kinds import KINDS, Array, ParameterSpec
from rnnsheet.network.layers import Layer, Source

LAYER_KINDS = tuple(name for name, kind in KINDS.items() if kind.of_files)
"""The kinds of layers that files have."""

ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2", "softmax")
"""What a layer may do with its sums. `hard_sigmoid` is max(0, min(1, x/6 + 1/2)), as in Keras 3 and PyTorch;
in Keras 2, and in ONNX by default, it is max(0, min(1, x/5 + 1/2))."""

PROBABILITIES = ("sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
"""Activations that make of one sum what can be a probability; a softmax of one is always 1."""


@dataclass(frozen=True)
class ImportedLayer(Layer):
    """One layer. Its name is letters and digits, a letter first.

    Per kind, with r what it reads (several results below each other, where it reads several layers):

    - embedding: column r of Eᵀ; `E` has a row for each token. It reads INPUT (token numbers) or ANSWER.
    - elman, lstm, gru, gru-before: as in `equations.cells`, but with `activation` for tanh and
      `gate_activation` for the sigmoid; over time. `reverse` reads from the end of the sequence. `starts`
      names the layer whose last result is this one's first hidden state, and whose last cell state, if
      both have one, its first; else they are zeros.
    - dense: activation(Wa·r + ba), at each step, or once where r is computed once.
    - activation: activation(r).
    - last: r at the last step that a layer computes, which for a reverse one is the first.
    - flatten: the columns of r below each other, step by step.
    - masked: r, but 0 at padding where a text is masked.
    - concat, add, mean, product: of the results of the layers that it reads, number by number.
    - attention: s_t = Wq·r_t (Wq has one row), a = softmax of s over time, the sum over time of a_t·r_t.
      At masked steps a is 0.
    """

    name: str = ""
    reads: tuple[Source, ...] = (Source(INPUT),)
    weights: Mapping[str, Array] = field(default_factory=dict)
    """By the names that its kind gives them, in its order; read-only float64, (out, in) or (out, 1)."""
    source: str = ""
    """What the framework calls it, for messages and captions."""

    def __post_init__(self) -> None:
        super().__post_init__()
        specs = {spec.name: spec for spec in KINDS[self.kind].parameters} if self.kind in KINDS else {}
        # One order for all, wherever they come from; what its kind has not is told when a network is made.
        names = [*(name for name in specs if name in self.weights), *self.weights.keys() - specs.keys()]
        fitted = {name: _fitted(self.weights[name], specs.get(name)) for name in names}
        object.__setattr__(self, "weights", MappingProxyType(fitted))

    @property
    def names_read(self) -> tuple[str, ...]:
        """The names of what it reads."""
        return tuple(map(str, self.reads))

    @property
    def parameters(self) -> int:
        """How many numbers its weights are."""
        return sum(array.size for array in self.weights.values())


def _fitted(given: ArrayLike, spec: ParameterSpec | None) -> Array:
    """Weights in the form that all have; those that have it are the same."""
    array = np.atleast_2d(np.asarray(given, dtype=np.float64))
    if spec and "one" in (spec.rows, spec.cols) and array.size == max(array.shape):
        array = array.reshape((-1, 1) if spec.cols == "one" else (1, -1))
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array
