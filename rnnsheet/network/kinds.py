"""The table of layer kinds: parameters with their axes and short forms, states, activations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """What the rows or columns of a block stand for, and how many there are."""

    name: str
    size: int

    def __str__(self) -> str:
        return f"{self.name} ({self.size})"


ONE = Axis("one", 1)


@dataclass(frozen=True)
class ParameterSpec:
    """What a layer asks of one of its parameters: its axes, and which short forms it allows.

    An axis is "hidden" (the layer's own units), "input" (what it reads) or "one".
    """

    name: str
    rows: str
    cols: str
    scalar: bool = False
    """One number may stand for all of them."""
    optional: bool = False
    recurrent: bool = False
    """It multiplies a state of the time step before."""


def gate(name: str) -> tuple[ParameterSpec, ...]:
    """The parameters of one gate: from what the layer reads, from its hidden state, and a bias."""
    return (
        ParameterSpec(f"Wx{name}", "hidden", "input"),
        ParameterSpec(f"Wh{name}", "hidden", "hidden", scalar=True, recurrent=True),
        bias(f"b{name}"),
    )


def bias(name: str) -> ParameterSpec:
    """A bias: one number per unit, one for all, or none."""
    return ParameterSpec(name, "hidden", "one", scalar=True, optional=True)


def peephole(name: str) -> ParameterSpec:
    """What each unit of a gate sees of its own cell state, or nothing."""
    return ParameterSpec(name, "hidden", "one", optional=True)


@dataclass(frozen=True)
class Kind:
    """A kind of layer: its parameters in the order in which they are shown, the first with all its rows.

    `states` is what a time step hands on to the next, the hidden state h first. `result` is what the
    layers above read. The first of the `activations` is the usual one.
    """

    parameters: tuple[ParameterSpec, ...]
    states: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()
    result: str = "h"

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(spec.name for spec in self.parameters)


KINDS: dict[str, Kind] = {
    "elman": Kind(gate("h"), ("h",), ("tanh", "relu")),
    "lstm": Kind(
        (
            *gate("i"),
            *gate("f"),
            *gate("g"),
            *gate("o"),
            *(peephole(f"Wc{name}") for name in "ifo"),
        ),
        ("h", "c"),
    ),
    "gru": Kind((*gate("r"), *gate("u"), *gate("n"), bias("bm")), ("h",)),
    "gru-before": Kind((*gate("r"), *gate("u"), *gate("n")), ("h",)),
    "dense": Kind(
        (ParameterSpec("Wa", "hidden", "input"), bias("ba")),
        activations=("tanh", "relu", "sigmoid", "linear"),
        result="a",
    ),
    "softmax": Kind((ParameterSpec("Why", "hidden", "input"), bias("by")), result="p"),
}
"""Every kind of layer by its name. `equations.cells.cell` adds to them."""
