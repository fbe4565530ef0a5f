"""The table of layer kinds: parameters with their axes and short forms, states, activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnnsheet.errors import LessonError

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

    An axis is "hidden" (the layer's own units), "input" (what it reads), "tokens" or "one".
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
    """A bias: one number per unit, one for all, or none. The kind's first parameter must have units."""
    return ParameterSpec(name, "hidden", "one", scalar=True, optional=True)


def peephole(name: str) -> ParameterSpec:
    """What each unit of a gate sees of its own cell state, or nothing."""
    return ParameterSpec(name, "hidden", "one", optional=True)


_TOLD_BY_FIRST = ("hidden", "tokens")
"""Axes that are as long as the first parameter of a kind says."""


@dataclass(frozen=True)
class Kind:
    """A kind of layer: what is declared here, lessons, importers, engine, equations and checks go by.

    Its parameters stand in the order in which they are shown. A layer that reads several results reads them
    below each other, unless its kind `merges` them in its own way.
    """

    parameters: tuple[ParameterSpec, ...] = ()
    states: tuple[str, ...] = ()
    """What a time step hands on to the next, the hidden state h first."""
    result: str = "h"
    """What other layers read."""
    rows: str = "units"
    """How many rows that has: "units" (the rows of the first parameter), "columns" (those of it), "all" that
    is read, as many as "each" that is read, or of all time "steps" together."""
    once: bool = False
    """What it reads over time it makes one result of."""
    over_time: bool = False
    """It reads time steps alone, not what is computed once."""
    part: str = ""
    """What part of all that it reads, as in `Source.at`."""
    merges: bool = False
    combines: bool = False
    """It puts several results together, and needs more than one."""
    activations: tuple[str, ...] = ()
    """Those that a layer of a lesson may have, the usual first."""
    settings: tuple[str, ...] = ()
    """What a layer of a file may have besides what it reads and its weights."""
    says: bool = False
    """Its result are the probabilities of what a lesson says."""
    of_lessons: bool = False
    """A lesson may have it: its gradient is known."""
    of_files: bool = False
    """The file of another framework may have it."""

    def __post_init__(self) -> None:
        """Raises LessonError where a parameter has an axis of which nothing tells how long it is."""
        first = self.parameters[:1]
        told = {axis for spec in first for axis in (spec.rows, spec.cols) if axis in _TOLD_BY_FIRST}
        for spec in self.parameters:
            for axis in (spec.rows, spec.cols):
                if axis not in (known := ("input", "one", *sorted(told))):
                    raise LessonError("bad_axis", name=spec.name, axis=axis, known=", ".join(known))

    def size(self, weights: Mapping[str, Array], read: Sequence[int], steps: int = 1) -> int:
        """How many rows its result has, by its weights in their order and the rows of what it reads."""
        if self.rows in ("units", "columns"):
            return int(next(iter(weights.values())).shape[self.rows == "columns"])
        return read[0] if self.rows == "each" else sum(read) * (steps if self.rows == "steps" else 1)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(spec.name for spec in self.parameters)


_RECURRENT = ("activation", "reverse", "starts")
_GATED = ("activation", "gate_activation", "reverse", "starts")


def recurrent(parameters: tuple[ParameterSpec, ...], states: tuple[str, ...]) -> Kind:
    """A recurrent kind that is known by its equations alone, which a lesson may have."""
    return Kind(parameters, states, over_time=True, of_lessons=True)


def _built_in(
    *parameters: ParameterSpec,
    states: tuple[str, ...] = ("h",),
    activations: tuple[str, ...] = (),
    settings: tuple[str, ...] = _GATED,
) -> Kind:
    kind = recurrent(parameters, states)
    return replace(kind, activations=activations, settings=settings, of_files=True)


def _combining(rows: str) -> Kind:
    return Kind(result="out", rows=rows, merges=True, combines=True, of_files=True)


KINDS: dict[str, Kind] = {
    "elman": _built_in(*gate("h"), activations=("tanh", "relu"), settings=_RECURRENT),
    "lstm": _built_in(
        *gate("i"),
        *gate("f"),
        *gate("g"),
        *gate("o"),
        *(peephole(f"Wc{name}") for name in "ifo"),
        states=("h", "c"),
    ),
    "gru": _built_in(*gate("r"), *gate("u"), *gate("n"), bias("bm")),
    "gru-before": _built_in(*gate("r"), *gate("u"), *gate("n")),
    "dense": Kind(
        (ParameterSpec("Wa", "hidden", "input"), bias("ba")),
        result="a",
        activations=("tanh", "relu", "sigmoid", "linear"),
        settings=("activation",),
        of_lessons=True,
        of_files=True,
    ),
    "softmax": Kind(
        (ParameterSpec("Why", "hidden", "input"), bias("by")), result="p", says=True, of_lessons=True
    ),
    "embedding": Kind((ParameterSpec("E", "tokens", "hidden"),), result="x", rows="columns", of_files=True),
    "attention": Kind(
        (ParameterSpec("Wq", "one", "input"),),
        result="out",
        rows="all",
        once=True,
        over_time=True,
        of_files=True,
    ),
    "activation": Kind(result="a", rows="all", settings=("activation",), of_files=True),
    "last": Kind(
        result="out", rows="all", once=True, over_time=True, part="last", merges=True, of_files=True
    ),
    "flatten": Kind(result="out", rows="steps", once=True, of_files=True),
    "masked": Kind(result="out", rows="all", over_time=True, of_files=True),
    "concat": _combining("all"),
    "add": _combining("each"),
    "mean": _combining("each"),
    "product": _combining("each"),
}
"""Every kind of layer by its name. `equations.cells.cell` adds to them."""
