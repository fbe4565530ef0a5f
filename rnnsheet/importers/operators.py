"""What the operators RNN, LSTM and GRU of ONNX are: their kinds, directions and activations."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnnsheet.importers.lengths import UnreadableError

ACTIVATIONS = {"Tanh": "tanh", "Relu": "relu", "Sigmoid": "sigmoid", "Softmax": "softmax"}
HARD = {0.2: "hard_sigmoid_keras2", 1 / 6: "hard_sigmoid"}
"""The hard sigmoids with which slope; each rises from 1/2."""
_USUAL = {"RNN": ("Tanh",), "LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh")}


def cell(operator: str, options: Mapping[str, Any], direction: int) -> tuple[str, dict[str, str]]:
    """The kind of a recurrent layer, and the activations of one direction.

    Raises UnreadableError where they are others than a layer can have.
    """
    usual = _USUAL[operator]
    given = [name.decode() for name in options.get("activations", [])] or [*usual, *usual]
    count = len(usual)
    own = _activations(given, options)[count * direction : count * (direction + 1)]
    if len(set(own[1:])) > 1:
        raise UnreadableError(", ".join(given))
    if operator == "RNN":
        return "elman", {"activation": own[0]}
    gru = "gru" if options.get("linear_before_reset") else "gru-before"
    return "lstm" if operator == "LSTM" else gru, {"activation": own[1], "gate_activation": own[0]}


def directions(options: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Of each direction, what its name ends with, and whether it reads from the end."""
    direction = options.get("direction", b"forward").decode()
    return {"forward": [("", False)], "reverse": [("", True)]}.get(direction, [("fwd", False), ("bwd", True)])


def _activations(given: Sequence[str], options: Mapping[str, Any]) -> list[str]:
    """The activations of a recurrent operator, whose alphas and betas are for those alone that have such.

    Source: the operator LSTM in the manual of ONNX.
    """
    count, settings = given.count("HardSigmoid"), list[Mapping[str, float]]()
    for number in range(count):
        keys = {"alpha": options.get("activation_alpha"), "beta": options.get("activation_beta")}
        if any(values and len(values) != count for values in keys.values()):
            raise UnreadableError(f"activation_alpha, activation_beta: {count}")
        settings.append({key: values[number] for key, values in keys.items() if values})
    told = iter(settings)
    for name in given:
        if name not in ("Tanh", "Relu", "Sigmoid", "HardSigmoid"):
            raise UnreadableError(name)
    return [hard(next(told)) if name == "HardSigmoid" else ACTIVATIONS[name] for name in given]


def hard(options: Mapping[str, Any]) -> str:
    """Which hard sigmoid it is, by its slope."""
    slope, rise = options.get("alpha", 0.2), options.get("beta", 0.5)
    found = [name for value, name in HARD.items() if abs(value - slope) < 1e-6 and abs(rise - 0.5) < 1e-6]
    if not found:
        raise UnreadableError(f"alpha {slope:.6g}, beta {rise:.6g}")
    return found[0]
