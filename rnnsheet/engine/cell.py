"""What a recurrent cell is to the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnsheet.network import Array

Arrays = Mapping[str, Array]
Mask = NDArray[np.bool_] | None
"""(steps, batch, 1): where it is false, the states stay as they were; or none."""

Pass = Callable[..., dict[str, Array]]


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: its states over time, their gradients, and what each time step adds to those.

    Arguments and results are those of `elman`'s functions of the same names.
    """

    forward: Pass
    backward: Pass
    contributions: Pass
    input_weights: Mapping[str, str]
    """Which gradient is that of which weight's product with x."""
    for_backward: tuple[str, ...] = ()
    """What `forward` gives that nobody else asks for."""
