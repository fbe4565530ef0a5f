"""A trained network in, and what it reads; its trace out: every number that the network computes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.engine import dense
from rnnsheet.engine.activations import ACTIVATIONS
from rnnsheet.engine.output import row_of
from rnnsheet.engine.propagation import CELLS
from rnnsheet.engine.rounding import Watched, allowances
from rnnsheet.errors import ModelError
from rnnsheet.network import Array
from rnnsheet.network.imported import (
    ANSWER,
    CURLY,
    INPUT,
    STRAIGHT,
    TOP,
    ImportedLayer,
    ImportedNetwork,
    Numbers,
    Text,
)
from rnnsheet.trace import Trace

Arrays = Mapping[str, Array]


def run(network: ImportedNetwork, read: str | Array) -> Trace:
    """Every text and number of a network that reads a text, or numbers (features, steps), in float64.

    The names are those of `network.imported`. Raises ModelError where the numbers have another shape than
    the network's own, or where a number grows past what a float64 holds.
    """
    texts, numbers = _all(network, read)
    for name, array in numbers.items():
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            raise ModelError("overflow", place=network.source, name=name, step=bad[0][1] + 1)
    return _trace(network, {**texts, **numbers})


def roundings(network: ImportedNetwork, read: str | Array) -> dict[str, Array]:
    """How far roundings may carry each number: what a right computation may differ by.

    Found as in `rounding.allowances`.
    """
    return allowances(_all(network, read)[1], lambda watched: _all(network, read, watched)[1])


def _all(
    network: ImportedNetwork, read: str | Array, watched: Watched = np.asarray
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The rows of texts, and the numbers, (rows, steps)."""
    texts: dict[str, Any] = {}
    if isinstance(network.read, Text):
        texts, numbers = _read_text(network.read, str(read))
        given, mask = numbers["k"], numbers["mask"]
    else:
        numbers = {"x": _read_numbers(network, network.read, read)}
        given, mask = numbers["x"], None
    masked = isinstance(network.read, Text) and network.read.masked
    computed = _Run(network, given, mask if masked else None, watched)
    with np.errstate(over="ignore", invalid="ignore"):
        computed.layers()
    numbers |= {name: array[:, 0, :].T for name, array in computed.found.items()}
    result = computed.results[network.result.name]
    numbers["shown"] = result[:, 0, :].T
    if not network.says_numbers:
        more_texts, more_numbers = _what_is_said(network, result)
        texts |= more_texts
        numbers |= more_numbers
    silent = _reads_nothing(network, numbers)
    numbers["speaks"] = np.array([[0.0 if silent else 1.0]])
    if silent:
        blank = {"shown", "says", "confidence", "so_far", "top", "top_says"}
        told = {name: array for name, array in {**numbers, **texts}.items() if name in blank}
        numbers = {name: array for name, array in numbers.items() if name not in blank}
        texts |= {name: np.full_like(array, "", dtype=object) for name, array in told.items()}
    return texts, numbers


def _reads_nothing(network: ImportedNetwork, numbers: Arrays) -> bool:
    """Whether a text has nothing in it that the network can read, so that it says nothing."""
    return isinstance(network.read, Text) and network.read.stands_alone and not numbers["count"][0, -1]


def _what_is_said(network: ImportedNetwork, result: Array) -> tuple[dict[str, Any], dict[str, Array]]:
    """What the result means: rows of texts, and numbers."""
    said = _greatest(result)
    numbers = {"said": said[None].astype(np.float64), "confidence": _confidence(result, said)[None]}
    says = _says(network, said)
    texts: dict[str, Any] = {"says": row_of(says)}
    if network.answer:
        blank = "" if network.speaks_letters else " "
        texts["so_far"] = row_of([blank.join(filter(None, says[:step])) for step in range(1, len(says) + 1)])
    if network.ranks:
        rows = result[0, 0]
        top = np.sort(rows)[: -TOP - 1 : -1]
        numbers["top"] = top[:, None]
        texts["top_says"] = row_of([network.answers[rows.tolist().index(value)] for value in top]).T
    return texts, numbers


def _read_text(text: Text, typed: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """What a text becomes on its way to the network: rows of texts, and numbers (1, columns)."""
    pieces, known = text.looked_at(text.pieces(typed)), text.numbers
    found = [known.get(piece, known.get(piece.replace(CURLY, STRAIGHT), text.unknown)) for piece in pieces]
    ends = ([] if number is None else [number] for number in (text.begin, text.end))
    tokens = [*next(ends), *(number for number in found if number is not None), *next(ends)]
    empty = max(0, text.steps - len(tokens))
    if text.padding == "before":
        tokens, filled = [text.pad] * empty + tokens[-text.steps :], [0] * empty + [1] * (text.steps - empty)
    else:
        tokens, filled = tokens[: text.steps] + [text.pad] * empty, [1] * (text.steps - empty) + [0] * empty
    past = [""] * (text.room - len(pieces))
    count = np.cumsum([number is not None for number in found] + [False] * len(past))
    texts = {
        "piece": row_of([*pieces, *past]),
        "number": row_of([*("" if number is None else float(number) for number in found), *past]),
        "token": row_of([text.tokens[k] if here else "" for k, here in zip(tokens, filled, strict=True)]),
    }
    numbers = {"count": count, "k": np.array(tokens), "mask": np.array(filled)}
    return texts, {name: array[None].astype(np.float64) for name, array in numbers.items()}


def _read_numbers(network: ImportedNetwork, numbers: Numbers, read: str | Array) -> Array:
    x = np.array(read, dtype=np.float64)
    if x.shape != numbers.sample.shape:
        got, expected = ("×".join(map(str, shape)) for shape in (x.shape, numbers.sample.shape))
        raise ModelError("wrong_numbers", place=network.source, got=got, expected=expected)
    return x


class _Run:
    """One run of a network; arrays lie as in `engine.elman`, (steps, 1, rows)."""

    def __init__(self, network: ImportedNetwork, given: Array, mask: Array | None, watched: Watched):
        self.network = network
        self.order = [
            replace(layer, weights={name: watched(array) for name, array in layer.weights.items()})
            for layer in network
        ]
        self.mask = None if mask is None else mask.T[:, None, :] > 0
        self.results = {INPUT: given.T[:, None, :]}
        """What layers may read, by the names of inputs and layers."""
        self.found: dict[str, Array] = {}
        """Everything that is computed, by its full name."""

    def layers(self) -> None:
        """Computes one layer after the other; those of the answer together, step by step."""
        for layer in self.order:
            if self.network.sequence(layer.name) != ANSWER:
                own = self._layer(layer, self.results, self._start(layer))
                self.results[layer.name] = own[layer.result_base]
                self.found |= {f"{base}_{layer.name}": array for base, array in own.items()}
            elif ANSWER not in self.results:
                self._answer()

    def _answer(self) -> None:
        answer = self.network.answer
        assert answer  # noqa: S101
        layers = [layer for layer in self.order if self.network.sequence(layer.name) == ANSWER]
        states = {layer.name: self._start(layer) for layer in layers}
        pieces: defaultdict[str, list[Array]] = defaultdict(list)
        said = np.array([answer.start])
        for _ in range(answer.steps):
            results = {**self.results, ANSWER: said.reshape(1, 1, 1).astype(np.float64)}
            pieces["k_answer"].append(results[ANSWER])
            for layer in layers:
                own = self._layer(layer, results, states[layer.name])
                results[layer.name] = own[layer.result_base]
                states[layer.name] = {state: own[state][-1] for state in layer.traits.states}
                for base, array in own.items():
                    pieces[f"{base}_{layer.name}"].append(array)
            said = _greatest(results[self.network.result.name])
        self.found |= {name: np.concatenate(parts) for name, parts in pieces.items()}
        self.results[ANSWER] = self.found["k_answer"]
        for layer in layers:
            self.results[layer.name] = self.found[layer.result]

    def _start(self, layer: ImportedLayer) -> dict[str, Array]:
        """Each state of a layer before its first time step, (1, units)."""
        states = {state: np.zeros((1, self.network.size(layer.name))) for state in layer.traits.states}
        if layer.starts:
            before = self.network.layer(layer.starts)
            states["h"] = self._last(before.name)[0]
            for state in before.traits.states:
                if state in states:
                    states[state] = self.found[f"{state}_{before.name}"][0 if before.reverse else -1]
        return states

    def _last(self, name: str) -> Array:
        """A result at the last step that is computed, (1, 1, rows)."""
        reverse = name not in (INPUT, ANSWER) and self.network.layer(name).reverse
        return self.results[name][:1] if reverse else self.results[name][-1:]

    def _layer(self, layer: ImportedLayer, results: Arrays, initial: Arrays) -> dict[str, Array]:
        """What one layer computes, by the names without its ending."""
        reads = [results[name] for name in layer.names_read]
        own = self._computed(layer, reads, initial)
        if layer.gathered:
            own["both"] = _below_each_other(reads)
        return own

    def _computed(self, layer: ImportedLayer, reads: list[Array], initial: Arrays) -> dict[str, Array]:
        match layer.kind:
            case "embedding":
                return {"x": layer.weights["E"][reads[0][..., 0].astype(int)]}
            case "dense":
                return _dense(layer, _below_each_other(reads))
            case "activation":
                return _activated(layer.activation, _below_each_other(reads))
            case "attention":
                return _attention(
                    layer, _below_each_other(reads), self._mask_along(self.network.along(layer))
                )
            case "last":
                return {"out": _below_each_other([self._last(name) for name in layer.names_read])}
            case "flatten":
                return {"out": _below_each_other(reads).reshape(1, 1, -1)}
            case "masked":
                return {"out": self._masked(layer, _below_each_other(reads))}
            case "concat":
                return {"out": _below_each_other(reads)}
            case "add":
                return {"out": reduce(np.add, reads)}
            case "mean":
                return {"out": reduce(np.add, reads) / len(reads)}
            case "product":
                return {"out": reduce(np.multiply, reads)}
            case _:
                return self._recurrent(layer, _below_each_other(reads), initial)

    def _mask_along(self, sequence: str) -> NDArray[np.bool_] | None:
        """The mask of the text, (steps, 1, 1), for what lies along it; None where none is to be seen."""
        return self.mask if sequence == INPUT else None

    def _masked(self, layer: ImportedLayer, x: Array) -> Array:
        mask = self._mask_along(self.network.sequence(layer.name))
        return x if mask is None else np.where(mask, x, 0.0)

    def _recurrent(self, layer: ImportedLayer, x: Array, initial: Arrays) -> dict[str, Array]:
        mask = self._mask_along(self.network.sequence(layer.name))
        turn = slice(None, None, -1 if layer.reverse else 1)
        more = {"activation": layer.activation} if layer.activation else {}
        if layer.gate_activation:
            more["gate_activation"] = layer.gate_activation
        turned = None if mask is None else mask[turn]
        own = CELLS[layer.kind].forward(layer.weights, x[turn], initial, **more, mask=turned)
        return {base: array[turn] for base, array in own.items() if not base.startswith("_")}


def _dense(layer: ImportedLayer, x: Array) -> dict[str, Array]:
    if layer.activation != "softmax":
        return dense.forward(layer.weights, x, layer.activation or "linear")
    y = dense.forward(layer.weights, x, "linear")["a"]
    return {"y": y, **_activated("softmax", y)}


def _activated(activation: str, z: Array) -> dict[str, Array]:
    if activation == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return {"e": e, "p": e / e.sum(axis=-1, keepdims=True)}
    a = np.empty_like(z)
    ACTIVATIONS[activation](z, out=a)
    return {"a": a}


def _attention(layer: ImportedLayer, x: Array, mask: NDArray[np.bool_] | None) -> dict[str, Array]:
    """The average of the time steps, weighted by a softmax over time of Wq·x_t. All shares of nothing are 0.

    Source: Felbo et al., "Using millions of emoji occurrences to learn any-domain representations" (2017).
    """
    score = x @ layer.weights["Wq"].T
    e = np.exp(score - score.max(axis=0))
    if mask is not None:
        e = e * mask
    total = e.sum(axis=0)
    share = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return {"score": score, "e": e, "share": share, "out": (share * x).sum(axis=0, keepdims=True)}


def _below_each_other(arrays: Sequence[Array]) -> Array:
    """Results as one, (steps, 1, all rows); one that is computed once is the same at each step."""
    steps = max(len(array) for array in arrays)
    return np.concatenate([np.broadcast_to(a, (steps, *a.shape[1:])) for a in arrays], axis=-1)


def _greatest(result: Array) -> NDArray[np.int64]:
    """The number of the greatest row at each step; of one row, whether it is at least 1/2."""
    if result.shape[-1] == 1:
        return (result[:, 0, 0] >= 0.5).astype(np.int64)
    greatest: NDArray[np.int64] = result[:, 0, :].argmax(axis=-1)
    return greatest


def _confidence(result: Array, said: NDArray[np.int64]) -> Array:
    """The greatest row at each step; of one row it, or 1 less it, whichever is said."""
    if result.shape[-1] > 1:
        greatest: Array = result[:, 0, :].max(axis=-1)
        return greatest
    return np.where(said == 1, result[:, 0, 0], 1 - result[:, 0, 0])


def _says(network: ImportedNetwork, said: NDArray[np.int64]) -> list[str]:
    """The label of each step; of an answer "" from its end on."""
    says = [network.answers[number] for number in said]
    if network.answer and network.answer.end in said:
        past = said.tolist().index(network.answer.end)
        says[past:] = [""] * (len(says) - past)
    return says


def _trace(network: ImportedNetwork, arrays: Mapping[str, NDArray[Any]]) -> Trace:
    rows = {
        name: ("",) if len(array) == 1 else tuple(str(row + 1) for row in range(len(array)))
        for name, array in arrays.items()
    }
    for base in ("za", "a", "y", "e", "p"):
        name = f"{base}_{network.result.name}"
        if name in rows and len(rows[name]) == len(network.answers):
            rows[name] = network.answers
    columns = {
        name: tuple(str(col + 1) for col in range(array.shape[1])) if array.shape[1] > 1 else ("",)
        for name, array in arrays.items()
        if array.shape[1] not in network.sequences.values()
    }
    return Trace(arrays, rows, columns)
