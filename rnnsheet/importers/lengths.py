"""Whole numbers of a graph that depend on how long its input is, computed exactly: times·T + more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Constant = NDArray[Any]
"""An array that does not depend on the input; of objects where some of its numbers are a Length."""


_MOST = 1_000
"""More numbers than shapes have, of which such arrays are made."""


class UnreadableError(Exception):
    """What no layer can give, or what cannot be proved for an input of every length."""


@dataclass(frozen=True)
class Length:
    """times·T + more, where T, the number of time steps, is any from 1 on; `times` is not 0."""

    times: int
    more: int = 0

    def __add__(self, other: Whole) -> Whole:
        if isinstance(other, Length):
            return _simple(self.times + other.times, self.more + other.more)
        return _simple(self.times, self.more + int(other))

    def __mul__(self, other: Whole) -> Whole:
        if isinstance(other, Length):
            raise UnreadableError
        return _simple(self.times * int(other), self.more * int(other))

    def __floordiv__(self, other: Whole) -> Whole:
        """What multiplied by the other is exactly this; no rounding is the same for every T."""
        if isinstance(other, Length):
            found, rest = divmod(self.times, other.times)
            exact = not rest and other * found == self
        else:
            found, exact = 0, not (self.times % int(other) or self.more % int(other))
        if not exact:
            raise UnreadableError
        return found or _simple(self.times // int(other), self.more // int(other))  # type: ignore[arg-type]

    def __rfloordiv__(self, other: int) -> Whole:
        """What a length divides is another number for every T, and for some T it may be 0."""
        raise UnreadableError

    def __neg__(self) -> Whole:
        return self * -1

    def __sub__(self, other: Whole) -> Whole:
        return self + -other

    def __rsub__(self, other: Whole) -> Whole:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__


Whole = int | Length


def same(first: Whole, second: Whole) -> bool:
    """Whether two numbers are the same for every T. Raises UnreadableError where that depends on T."""
    difference = first - second
    if isinstance(difference, int):
        return difference == 0
    steps, rest = divmod(-difference.more, difference.times)
    if not rest and steps >= 1:
        raise UnreadableError
    return False


def whole(value: Constant) -> list[Whole]:
    """The numbers of an array, one after the other."""
    return [number if isinstance(number, Length) else int(number) for number in np.ravel(value)]


def plain(number: Whole) -> int:
    """A number that is the same for every T. Raises UnreadableError where it is not."""
    if isinstance(number, Length):
        raise UnreadableError
    return number


def array(numbers: Sequence[Whole] | Constant) -> Constant:
    """An array of whole numbers, of objects only where it has to be."""
    found = np.asarray(numbers, dtype=object)
    has_length = any(isinstance(number, Length) for number in found.flat)
    return found if has_length else found.astype(np.int64)


def depends(value: Any) -> bool:
    """Whether an array has a number that depends on the length of the input."""
    return isinstance(value, np.ndarray) and value.dtype == object


def fold(kind: str, read: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    """The result of an operator of constants some of which are a Length.

    Raises UnreadableError for operators that make no sense of such numbers, or no exact ones.
    """
    if kind not in _FOLDS or any(np.size(each) > _MOST for each in read if each is not None):
        raise UnreadableError
    return array(_FOLDS[kind](options, *read))


def _simple(times: int, more: int) -> Whole:
    return Length(times, more) if times else more


def _axes(options: Mapping[str, Any], given: Constant | None) -> tuple[int, ...]:
    return tuple(options.get("axes", ()) if given is None else np.ravel(given).tolist())


def _squeezed(options: Mapping[str, Any], value: Constant, axes: Constant | None = None) -> Constant:
    return np.squeeze(value, _axes(options, axes) or None)


def _sliced(options: Mapping[str, Any], value: Constant, *given: Constant) -> Constant:
    starts, ends, axes, steps = slices(options, [whole(each) for each in given], value.ndim)
    cut = [slice(None)] * value.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[plain(axis)] = slice(plain(start), plain(end), plain(step))
    return value[tuple(cut)]


def slices(options: Mapping[str, Any], given: Sequence[list[Whole]], count: int) -> list[list[Whole]]:
    """Where a Slice of `count` axes starts and ends, along which axes, in which steps.

    Up to opset 9 attributes say so.
    """
    if not given:
        given = [list(options[key]) for key in ("starts", "ends", "axes") if key in options]
    starts, ends, *more = given
    usual: list[list[Whole]] = [[*range(count)][: len(starts)], [1] * len(starts)]
    return [starts, ends, *more, *usual[len(more) :]]


def _concatenated(options: Mapping[str, Any], *given: Constant) -> Constant:
    return np.concatenate([each.astype(object) for each in given], options["axis"])


def _unchanged(_: Mapping[str, Any], value: Constant) -> Constant:
    return value


_equal = np.frompyfunc(same, 2, 1)

_FOLDS: Mapping[str, Callable[..., Any]] = {
    "Add": lambda _, first, second: first + second,
    "Sub": lambda _, first, second: first - second,
    "Mul": lambda _, first, second: first * second,
    "Div": lambda _, first, second: first // second,
    "Neg": lambda _, value: -value,
    "Equal": lambda _, first, second: _equal(first.astype(object), second.astype(object)),
    "Where": lambda _, choice, first, second: np.where(choice, first, second),
    "Concat": _concatenated,
    "Gather": lambda options, value, places: np.take(value, places.astype(int), options.get("axis", 0)),
    "Slice": _sliced,
    "Squeeze": _squeezed,
    "Unsqueeze": lambda options, value, axes=None: np.expand_dims(value, _axes(options, axes)),
    "Reshape": lambda _, value, shape: value.reshape(shape.astype(int)),
    "Cast": _unchanged,
    "Identity": _unchanged,
}
