"""The activation functions, number by number, each into an array that is given."""

from collections.abc import Callable, Mapping

import numpy as np

from rnnsheet.network import Array

Activation = Callable[..., object]
"""Takes z and `out`, of the same shape; they may be the same array."""


def linear(z: Array, out: Array) -> None:
    """z as it is."""
    np.copyto(out, z)


def tanh(z: Array, out: Array) -> None:
    """The hyperbolic tangent."""
    np.tanh(z, out=out)


def tanh_table(z: Array, out: Array) -> None:
    """The hyperbolic tangent as a printed table has it: of z to one decimal, to one decimal."""
    np.round(np.tanh(np.round(z, 1)), 1, out=out)


def relu(z: Array, out: Array) -> None:
    """Each number, or 0 where it is below."""
    np.maximum(z, 0.0, out=out)


def sigmoid(z: Array, out: Array) -> None:
    """1 / (1 + exp(-z)), safe from overflow."""
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out += 1.0
    out *= 0.5


def hard_sigmoid(z: Array, out: Array) -> None:
    """max(0, min(1, z/6 + 1/2)). Source: keras.activations.hard_sigmoid of Keras 3; torch.nn.Hardsigmoid."""
    np.divide(z, 6.0, out=out)
    _between_0_and_1(out)


def hard_sigmoid_keras2(z: Array, out: Array) -> None:
    """max(0, min(1, z/5 + 1/2)). Source: keras.backend.hard_sigmoid of Keras 2; ONNX's HardSigmoid."""
    np.divide(z, 5.0, out=out)
    _between_0_and_1(out)


def _between_0_and_1(out: Array) -> None:
    out += 0.5
    np.clip(out, 0.0, 1.0, out=out)


ACTIVATIONS: Mapping[str, Activation] = {
    function.__name__: function
    for function in (linear, tanh, tanh_table, relu, sigmoid, hard_sigmoid, hard_sigmoid_keras2)
}

SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "linear": np.ones_like,
    "tanh": lambda a: 1.0 - a * a,
    "tanh_table": lambda a: 1.0 - a * a,
    "relu": lambda a: (a > 0).astype(np.float64),
    "sigmoid": lambda a: a * (1.0 - a),
}
"""The derivatives of the activation functions that lessons learn through, from their results."""
