"""An imported network: its input, its layers, what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np

from rnnsheet.network.imported.checks import check
from rnnsheet.network.imported.layers import PROBABILITIES, ImportedLayer
from rnnsheet.network.imported.reads import ANSWER, INPUT, Answer, Numbers, Text
from rnnsheet.network.imported.witness import Witness
from rnnsheet.network.layers import STATIC
from rnnsheet.network.model import Model
from rnnsheet.network.reading import UNUSUAL
from rnnsheet.plain import make_plain

FEW, TOP = 12, 10
"""So many rows of a result are all told at once; of more, so many."""

_Fact = TypeVar("_Fact")


def _remembered(find: Callable[[ImportedNetwork, str], _Fact]) -> Callable[[ImportedNetwork, str], _Fact]:
    """A fact of a result, found once: where results meet again and again, paths are without number."""

    @wraps(find)
    def known(network: ImportedNetwork, name: str) -> _Fact:
        facts, key = network._facts, (find.__name__, name)
        if key not in facts:
            facts[key] = find(network, name)
        fact: _Fact = facts[key]
        return fact

    return known


@dataclass(frozen=True)
class ImportedNetwork:
    """An imported network, checked: its input, its layers in the order in which they are computed.

    The last layer's result is what the network says, of which the greatest row counts. `labels` name its
    rows, or of one probability what it says below and from 1/2 on; () numbers them from 0. Numbers that are
    no probabilities and have no labels stand for themselves; one alone can have none. `precision` is the
    float type in which the framework computes it. Raises ModelError, with the layer, where something does not
    fit.
    """

    name: str
    read: Text | Numbers
    layers: tuple[ImportedLayer, ...]
    labels: tuple[str, ...] = ()
    answer: Answer | None = None
    precision: str = "float32"
    source: str = ""
    """The file and the framework that it is from."""
    assumed: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """What the file did not tell: keys of [assumed] in the label files, and the values in their texts."""
    witness: Witness | None = None
    """What its framework gave for some inputs, if it was asked."""
    usual: float = 0.0
    """A weight or a number that is read is unusual beyond ± this; 0 takes it from those that are given."""

    _facts: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        make_plain(self)
        check(self)
        if not self.usual:
            object.__setattr__(self, "usual", self._bound())

    def __iter__(self) -> Iterator[ImportedLayer]:
        return iter(self.layers)

    def _bound(self) -> float:
        """The power of ten that no weight and no number is beyond, or what is usual in a lesson."""
        arrays = [array for layer in self.layers for array in layer.weights.values()]
        arrays += [self.read.sample] if isinstance(self.read, Numbers) else []
        greatest = max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)
        return UNUSUAL if greatest <= UNUSUAL else float(f"1E{math.ceil(math.log10(greatest))}")

    @cached_property
    def model(self) -> Model:
        """Its layers, and their weights by their full names."""
        weights = {layer.named(base): array for layer in self for base, array in layer.weights.items()}
        return Model(self.layers, weights)

    @property
    def result(self) -> ImportedLayer:
        """The layer that says."""
        return self.layers[-1]

    @property
    def sequences(self) -> dict[str, int]:
        """The number of time steps of each sequence."""
        return {INPUT: self.read.steps, **({ANSWER: self.answer.steps} if self.answer else {})}

    @property
    def sizes(self) -> dict[str, int]:
        """How many `layers` and `weights` it has, and how many time `steps` it reads."""
        weights = sum(layer.parameters for layer in self.layers)
        return {"layers": len(self.layers), "weights": weights, "steps": self.read.steps}

    @property
    def says_numbers(self) -> bool:
        """Whether the result is numbers that stand for themselves, not for what is likely."""
        return not (self.answer or self.labels or self.gives_probabilities(self.result.name))

    @_remembered
    def gives_probabilities(self, name: str) -> bool:
        """Whether the rows of a result are probabilities; a softmax of one row is always 1, and is none."""
        if name in (INPUT, ANSWER):
            return False
        layer = self.layer(name)
        if layer.kind in ("last", "mean"):
            return all(map(self.gives_probabilities, layer.names_read))
        return layer.activation in PROBABILITIES or (layer.activation == "softmax" and self.size(name) > 1)

    @property
    def ranks(self) -> bool:
        """Whether the greatest rows of the result are told in order."""
        return not self.sequence(self.result.name) and self.size(self.result.name) > FEW

    @property
    def answers(self) -> tuple[str, ...]:
        """The label of each row of the result, or of one row both; their numbers where there are none."""
        return self.labels or tuple(map(str, range(max(2, self.size(self.result.name)))))

    @property
    def speaks_letters(self) -> bool:
        """Whether each label is one letter."""
        return all(len(label) == 1 for label in self.labels)

    def layer(self, name: str) -> ImportedLayer:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)

    def sequence(self, name: str) -> str:
        """Along what a layer's result, or an input, lies: INPUT, ANSWER, or "" where it is computed once."""
        found = name if name in (INPUT, ANSWER) else self.model.sequence(self.layer(name))
        return "" if found == STATIC else found

    def along(self, layer: ImportedLayer) -> str:
        """The sequence along which a layer reads, or "" where all that it reads is computed once."""
        return "" if (found := self.model.along(layer)) == STATIC else found

    @_remembered
    def size(self, name: str) -> int:
        """The number of rows of a layer's result, or of an input."""
        if name in (INPUT, ANSWER):
            return self.read.sample.shape[0] if isinstance(self.read, Numbers) and name == INPUT else 1
        layer = self.layer(name)
        steps = self.sequences.get(self.along(layer), 1)
        return layer.traits.size(layer.weights, list(map(self.size, layer.names_read)), steps)
