"""An imported network in, and what it reads; its trace out: every number that the network computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.engine.output import row_of
from rnnsheet.engine.propagation import Batch, forward
from rnnsheet.engine.rounding import Watched, allowances
from rnnsheet.engine.training import as_columns
from rnnsheet.errors import ModelError
from rnnsheet.network import Array
from rnnsheet.network.imported import (
    ANSWER,
    CURLY,
    INPUT,
    STRAIGHT,
    TOP,
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
        x, masked = numbers["k"], network.read.masked
    else:
        numbers = {"x": _read_numbers(network, network.read, read)}
        x, masked = numbers["x"], False
    answers = _OwnTokens(network.answer.steps, network.answer.start) if network.answer else None
    masks = {INPUT: numbers["mask"].T[:, None, :] > 0} if masked else {}
    given = Batch({INPUT: x.T[:, None, :]}, answers=answers, masks=masks)
    weights = {name: watched(array) for name, array in network.model.parameters.items()}
    with np.errstate(over="ignore", invalid="ignore"):
        found = forward(replace(network.model, parameters=weights), given)
    result = found[network.result.result]
    # What is read has a name already.
    del found[f"x_{INPUT}"]
    if answers:
        found["k_answer"] = found.pop(f"x_{ANSWER}")
    numbers |= as_columns(network.model, found)
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
    """Whether a text has nothing in it that the network can read, so that it says nothing.

    What is put before and behind a text is none of it.
    """
    return isinstance(network.read, Text) and not numbers["count"][0, -1]


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


@dataclass(frozen=True)
class _OwnTokens:
    """The number of the token that was said; at first that of the beginning."""

    steps: int
    start: int

    def first(self, batch: int) -> Array:
        return np.full((1, batch, 1), self.start, dtype=np.float64)

    def after(self, read: Array, result: Array, step: int) -> Array:
        return _greatest(result).reshape(1, -1, 1).astype(np.float64)


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
