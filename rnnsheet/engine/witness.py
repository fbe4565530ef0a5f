"""An imported network on token numbers or numbers, beside what its framework gave for them."""

from dataclasses import replace

import numpy as np

from rnnsheet.engine.imported import run
from rnnsheet.network import Array
from rnnsheet.network.imported import ImportedNetwork, Numbers, Witness


def reading_numbers(network: ImportedNetwork) -> ImportedNetwork:
    """The network with token numbers for words, so that any sequence of them can be typed."""
    if isinstance(network.read, Numbers):
        return network
    tokens = tuple(map(str, range(len(network.read.tokens))))
    read = replace(network.read, unit="words", tokens=tokens, forms={}, unknown=None, begin=None, end=None)
    return replace(network, read=read)


def differences(network: ImportedNetwork, witness: Witness) -> Array:
    """How far the network is from what its framework gave, relative above 1, in the shape of `found`."""
    plain = reading_numbers(network)
    ours = np.column_stack([_result(plain, column) for column in witness.given.T])
    return distance(ours, witness.found)


def distance(ours: Array, theirs: Array) -> Array:
    """How far each number is from that of another program: absolute below 1, relative above."""
    return np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))


def _result(plain: ImportedNetwork, given: Array) -> Array:
    """What the network says of one input, one step after the other."""
    if isinstance(plain.read, Numbers):
        read: Array | str = given.reshape(plain.read.sample.shape)
    else:
        read = " ".join(str(int(number)) for number in given if number >= 0)
    layer = plain.result
    return run(plain, read)[layer.result].T.ravel()
