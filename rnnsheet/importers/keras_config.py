"""What the configuration of a Keras layer says, in every version, and that none of it is overlooked."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rnnsheet.errors import ModelError
from rnnsheet.importers.draft import Draft

Config = Mapping[str, Any]

RECURRENT = {"SimpleRNN": "elman", "LSTM": "lstm", "CuDNNLSTM": "lstm", "GRU": "gru", "CuDNNGRU": "gru"}
IDLE = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
)
"""Layers that do something only while a network learns."""

_HARMLESS = (
    *("name", "trainable", "dtype", "seed", "*_initializer", "*_regularizer", "*_constraint"),
    *("batch_shape", "batch_input_shape", "input_shape", "input_dim", "input_length", "input_dtype"),
    # Weights are kept with what LoRA has learned added to them.
    *("lora_rank", "lora_alpha"),
    # Of Keras 1.
    *("init", "inner_init", "forget_bias_init", "[WUb]_regularizer", "[WUb]_constraint"),
)
"""What changes no result of any trained layer."""
_READ_OR_HARMLESS: Mapping[str, tuple[str, ...]] = {
    "InputLayer": (),
    "Embedding": ("output_dim", "mask_zero", "dropout"),
    "Dense": ("units", "output_dim", "activation", "use_bias", "bias"),
    "Bidirectional": ("layer", "merge_mode", "backward_layer"),
    "TimeDistributed": ("layer",),
    "Flatten": (),
    "Activation": ("activation",),
    "Softmax": ("axis",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Concatenate": ("axis",),
    **dict.fromkeys(("Add", "Average", "Multiply"), ()),
    **dict.fromkeys(IDLE, ("*",)),
    **dict.fromkeys(
        RECURRENT,
        (
            *("units", "output_dim", "activation", "recurrent_activation", "inner_activation", "use_bias"),
            *("return_sequences", "return_state", "go_backwards", "stateful", "reset_after"),
            *("zero_output_for_mask", "unroll", "implementation", "consume_less", "use_cudnn"),
            *("unit_forget_bias", "dropout", "recurrent_dropout", "dropout_W", "dropout_U"),
        ),
    ),
}
"""Per class that is read: what is besides, or decides only how it computes or learns."""
_NEUTRAL = {"data_format": "channels_last"}
"""What stands for nothing, besides 0, false, null and the like."""

_QUANTISED = re.compile(r"(.+?)(/.*)?_from_")
_COARSE_FIRST = ("bfloat16", "float16", "float32", "float64")


def name_of(layer: Config) -> str:
    """The layer's name in its model."""
    return str(layer.get("name") or layer["config"]["name"])


def check_settings(layer: Config) -> None:
    """Raises ModelError where a layer is set to something that is neither read nor without effect.

    What nobody knows here is so too: a later or an older Keras may compute something else by it.
    """
    if quantised := _QUANTISED.match(_type(layer)):
        raise ModelError("quantised", layer=name_of(layer), kind=quantised[1])
    read = _READ_OR_HARMLESS.get(layer["class_name"], ("*",))
    for key, value in layer["config"].items():
        harmless = any(fnmatchcase(key, each) for each in (*_HARMLESS, *read))
        if value and not harmless and value != _NEUTRAL.get(key):
            raise unsupported_setting(layer, key, value)


def unsupported_setting(layer: Config, key: str, value: Any) -> ModelError:
    """The error that a layer is set, or called, in a way that is not read."""
    shown = json.dumps(value, ensure_ascii=False)[:50]
    return ModelError("unsupported_setting", layer=name_of(layer), key=key, value=shown)


def precision(layers: Iterable[Config]) -> str:
    """The coarsest float type in which one of the layers computes."""
    computing = _READ_OR_HARMLESS.keys() - {"InputLayer"}
    inner = (layer for layer in _inner(layers) if layer["class_name"] in computing)
    return coarsest(_type(layer).removeprefix("mixed_") for layer in inner)


def coarsest(types: Iterable[str]) -> str:
    """Of these types, the float type with the greatest roundings."""
    found = set(types)
    return next((kind for kind in _COARSE_FIRST if kind in found), "float32")


def _inner(layers: Iterable[Config]) -> Iterator[Config]:
    """The layers with those inside wrappers."""
    for layer in layers:
        yield layer
        yield from (layer["config"][key] for key in ("layer", "backward_layer") if layer["config"].get(key))


def _type(layer: Config) -> str:
    """The name of a layer's dtype policy, which was a text at first, or how it quantises its weights."""
    policy = layer["config"].get("dtype")
    if isinstance(policy, dict):
        policy = policy["config"].get("name") or f"{policy['config'].get('mode')}_from_"
    return str(policy)


def activation(given: Any, version: str) -> str:
    """Our name of an activation, which older files keep as a text and newer ones as a table.

    The table of a function without a name has none either.
    """
    if isinstance(given, dict):
        named = given.get("class_name", "lambda")
        given = given["config"] if isinstance(given.get("config"), str) else named
    if given == "hard_sigmoid" and is_before(version, (3, 0)):
        return "hard_sigmoid_keras2"
    return str(given or "linear")


def gate_activation(version: str) -> str:
    """What the gates of LSTM and GRU compute where nobody chose it; "" where the version does not tell.

    Sources: the notes on the release of Keras 2.3.0, which changed it; of TensorFlow 1.15 and 2.0, which
    both call themselves Keras 2.2.4-tf, keras/layers/recurrent.py and recurrent_v2.py.
    """
    if not version or (version.endswith("-tf") and version.startswith("2.2.")):
        return ""
    return "hard_sigmoid_keras2" if is_before(version, (2, 3)) else "sigmoid"


def default_gates(draft: Draft, layer: str, version: str) -> str:
    """What a layer's gates compute, which nobody chose and is said to be assumed. Raises ModelError."""
    gates = gate_activation(version)
    if not gates:
        raise ModelError("unknown_gates", layer=layer, version=version)
    draft.assume("gates", layer=layer, activation=gates, version=version)
    return gates


def is_before(version: str, other: tuple[int, int]) -> bool:
    """Whether a version of Keras, such as 2.2.4-tf, is before another."""
    numbers = [*map(int, re.findall(r"\d+", version)), 0, 0]
    return (numbers[0], numbers[1]) < other
