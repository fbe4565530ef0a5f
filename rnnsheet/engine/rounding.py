"""How far roundings carry a computation: it is run again with every intermediate result a little off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np

from rnnsheet.network import Array

_OFF = 2.0**-48
"""By how much of itself a result is off: 16 roundings. There are programs that take a difference for 0 where
two numbers agree in 48 binary digits."""
_SMALLEST = np.array(np.finfo(np.float64).tiny)
"""By how much it is off besides where it is so small that a float64 holds fewer digits of it, or none."""
_TRIALS, _SAFETY = 4, 8.0
_EXACT = (np.maximum, np.minimum, np.clip, np.abs, np.negative)
"""What never rounds."""

Watched = Callable[[Array], Array]
"""Makes of an array one of which the results of all arithmetic are off; or leaves it as it is."""


def allowances(
    exact: Mapping[str, Array], compute: Callable[[Watched], Mapping[str, Array]]
) -> dict[str, Array]:
    """By how much each number of a computation may differ in another program that computes it rightly.

    Programs round differently, and a network may amplify that: strong recurrent weights are chaotic, large
    scores cancel, 1 - h² keeps little of an h near 1, a training goes on from what it had. So the
    computation is run four times with every result of its arithmetic moved by a normally distributed 16
    roundings of its own; the answer is eight times the standard deviation that this gives each number. That
    is first order in the roundings where they are small, and as it comes out where they are not; infinite
    where a trial overflows. Four trials find less than a fifth of the true deviation in 0.3 % of all
    numbers, and that is still 25 roundings of each result.

    `exact` has the numbers without that. `compute` gives them by their names, and takes what it has to make
    of its parameters. Source:
    Parker, "Monte Carlo Arithmetic: Exploiting Randomness in Floating-Point Arithmetic" (1997); that
    roundings are bounded result by result: Higham, "Accuracy and Stability of Numerical Algorithms"
    (2002), section 3.3.
    """
    found = {name: np.zeros(array.shape) for name, array in exact.items()}
    _CHANCE.set(_Chance())
    with np.errstate(all="ignore"):
        for _ in range(_TRIALS):
            for name, array in compute(lambda array: array.view(_Moving)).items():
                off = np.asarray(array) - exact[name]
                off[~np.isfinite(off)] = np.inf
                # Squares of very small numbers would vanish.
                np.hypot(found[name], off, out=found[name])
    return {name: _SAFETY / _TRIALS**0.5 * array for name, array in found.items()}


class _Chance:
    """Random factors near 1, drawn many at once: most arrays are small."""

    def __init__(self) -> None:
        self._generator = np.random.default_rng(0)
        self._drawn, self._next = np.empty(0), 0

    def factors(self, shape: tuple[int, ...]) -> Array:
        """Factors for each number of an array."""
        first, self._next = self._next, self._next + prod(shape)
        if self._next > len(self._drawn):
            first, self._next = 0, prod(shape)
            self._drawn = 1.0 + _OFF * self._generator.standard_normal(max(1 << 16, self._next))
        return self._drawn[first : self._next].reshape(shape)


_CHANCE: ContextVar[_Chance] = ContextVar("chance")


class _Moving(np.ndarray[Any, np.dtype[np.float64]]):
    """An array in whose arithmetic every result is off by chance, and is again such an array."""

    __array_priority__ = 1.0

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] = (), **more: Any
    ) -> Any:
        call, given = getattr(ufunc, method), [_plain(each) for each in inputs]
        result = call(*given, **more)
        if result.dtype == np.float64 and ufunc not in _EXACT:
            small = np.abs(result) < _SMALLEST
            result = result * _CHANCE.get().factors(result.shape)
            if np.count_nonzero(small):
                # Nothing of it has vanished where the operation makes 0 of ones in place of its numbers.
                ones = [np.not_equal(each, 0).astype(np.float64) for each in given]
                small &= call(*ones, **more) != 0
                result += small * _SMALLEST
        if out:
            _plain(out[0])[...] = result
            return out[0]
        return result.view(_Moving) if result.ndim and result.dtype == np.float64 else result


def _plain(array: Any) -> Any:
    return array.view(np.ndarray) if isinstance(array, _Moving) else array
