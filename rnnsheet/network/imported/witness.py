"""What the framework that a network is from gave for some inputs, kept with it as a witness."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rnnsheet.network.imported.layers import ImportedLayer
from rnnsheet.network.kinds import Array


@dataclass(frozen=True)
class Witness:
    """Results of a framework with the weights that a network had when it was imported.

    `given` has a column for each input: token numbers, -1 at padding, or numbers, feature by feature; `found`
    a column for what the framework gave: of a result over time one step after the other. They may be
    `tolerance` away from the network's: absolute below 1, relative above.
    """

    framework: str
    tolerance: float
    weights: str
    """Their `digest`: of others it says nothing."""
    given: Array
    found: Array


def digest(layers: Iterable[ImportedLayer], precision: str) -> str:
    """What tells weights from others. Of those that were not float64 no more than a float32 holds counts,
    so that a program may save them with fewer digits."""
    kind = np.float64 if precision == "float64" else np.float32
    found = hashlib.sha256()
    for layer in layers:
        for name, array in layer.weights.items():
            found.update(f"{layer.name} {name} {array.shape}".encode())
            found.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return found.hexdigest()
