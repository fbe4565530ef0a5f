"""What the tests of imported networks share."""

import numpy as np

from rnnsheet.engine import imported
from rnnsheet.network.imported import ImportedNetwork


def result(network: ImportedNetwork, read) -> np.ndarray:
    """What the network says of a text, of token numbers (as words) or of numbers: (steps or 1, rows)."""
    typed = read if isinstance(read, str) else np.asarray(read, float)
    if typed is not read and typed.ndim == 1:
        typed = " ".join(str(int(number)) for number in typed)
    layer = network.result
    return imported.run(network, typed)[layer.result].T


def agree(network: ImportedNetwork, reads, expected, tolerance: float) -> None:
    """All results are the framework's, within an absolute and a relative tolerance."""
    ours = np.stack([result(network, read) for read in reads])
    theirs = np.asarray(expected, float).reshape(ours.shape)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
