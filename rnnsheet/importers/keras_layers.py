"""The layers of a Keras model, one call after the other, as those of a draft."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnnsheet.errors import ModelError
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.keras_config import (
    IDLE,
    RECURRENT,
    Config,
    activation,
    check_settings,
    default_gates,
    name_of,
    unsupported_setting,
)
from rnnsheet.importers.keras_nodes import arguments, endpoints, is_of_zeros, tensors, without_mask
from rnnsheet.importers.weights import from_keras
from rnnsheet.network import Array
from rnnsheet.network.imported import INPUT

MERGES = {"concat": "concat", "sum": "add", "mul": "product", "ave": "mean"}
COMBINED = {"Concatenate": "concat", "Add": "add", "Average": "mean", "Multiply": "product"}
EACH_STEP = ("Dense", "Activation", "Softmax", "ReLU", *IDLE)
"""Layers that do the same at each time step, with TimeDistributed around them or without."""


class Reader:
    """Turns the layers of a model into those of a draft, one call after the other."""

    def __init__(self, draft: Draft, arrays: Mapping[str, list[Array]], version: str):
        self.draft, self.arrays, self.version = draft, arrays, version

    def sequence(self, layers: Sequence[Config]) -> None:
        """A Sequential model."""
        self._input(layers[0])
        result = INPUT
        for layer in layers:
            if layer["class_name"] != "InputLayer":
                result = self._call(layer, [result], self.arrays[name_of(layer)])
        self._end(result)

    def graph(self, config: Config) -> None:
        """A functional model: each call of a layer reads the results of others."""
        layers = {name_of(layer): layer for layer in config["layers"]}
        inputs, outputs = endpoints(config["input_layers"]), endpoints(config["output_layers"])
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError("several_ends", inputs=len(inputs), outputs=len(outputs))
        results: dict[tuple[str, int], str] = {}

        def result(name: str, call: int, part: int) -> str:
            if part:
                raise self._unsupported(layers[name], "return_state")
            if (name, call) not in results:
                layer = layers[name]
                if layer["class_name"] == "InputLayer":
                    self._input(layer)
                    results[name, call] = INPUT
                else:
                    given, mask = without_mask(layer["inbound_nodes"][call])
                    reads = [result(*tensor) for tensor in tensors(given)]
                    if mask and not (self.draft.mask_zero and is_of_zeros(layers, mask)):
                        raise self._unsupported(layer, "mask")
                    if _is_stateful(layer) and any(name == known for known, _ in results):
                        raise self._unsupported(layer, "stateful, called more than once")
                    results[name, call] = self._call(layer, reads, self.arrays[name])
                    for key, value in arguments(given).items():
                        raise unsupported_setting(layer, key, value)
            return results[name, call]

        self._end(result(*outputs[0]))

    def _input(self, layer: Config) -> None:
        """The shape of the input: (batch, steps) of token numbers, or (batch, steps, features)."""
        check_settings(layer)
        config, built = layer["config"], layer.get("build_config") or {}
        shapes = config.get("batch_shape"), config.get("batch_input_shape"), built.get("input_shape")
        shape = next((shape for shape in shapes if shape), [None, None])
        if len(shape) not in (2, 3):
            raise self._unsupported(layer, f"input, {'×'.join(str(size or '?') for size in shape)}")
        self.draft.steps, self.draft.features = shape[1], shape[2] if len(shape) == 3 else None

    def _end(self, result: str) -> None:
        """What is read and said in the end."""
        draft = self.draft
        draft.end_with(result)
        if draft.features is None and not any(layer.kind == "embedding" for layer in draft.layers):
            draft.steps, draft.features = 1, draft.steps

    def _unsupported(self, layer: Config, what: str) -> ModelError:
        return ModelError("unsupported_layer", layer=name_of(layer), kind=what)

    def _call(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        """Adds what one layer does with what it reads; gives the name of its result."""
        kind, config, name = str(layer["class_name"]), layer["config"], name_of(layer)
        own = layer.get("registered_name") or not str(layer.get("module") or "keras").startswith("keras")
        if kind == "Lambda" or own:
            raise ModelError("own_code", layer=name, kind=kind)
        check_settings(layer)
        if kind in COMBINED:
            return self._combined(layer, reads)
        if len(reads) != 1:
            recurrent = kind in RECURRENT or kind == "Bidirectional"
            raise self._unsupported(layer, f"{kind}, initial_state" if recurrent else kind)
        if kind == "TimeDistributed" and config["layer"]["class_name"] in EACH_STEP:
            inner = config["layer"]
            return self._call({**inner, "config": {**inner["config"], "name": name}}, reads, arrays)
        if kind in IDLE:
            self.draft.assume("idle", name)
            return reads[0]
        if kind == "Embedding":
            return self._embedding(layer, reads, arrays)
        if kind == "Bidirectional":
            return self._bidirectional(layer, reads, arrays)
        if kind in RECURRENT:
            return self._one_way(layer, reads, arrays)
        if kind == "Dense":
            weights, activation = _weights(layer, "dense", arrays), self._activation(config["activation"])
            return self.draft.add("dense", reads, name, weights=weights, activation=activation)
        if kind == "Flatten":
            return self.draft.add("flatten", reads, name)
        return self.draft.add("activation", reads, name, activation=self._standing(layer))

    def _combined(self, layer: Config, reads: Sequence[str]) -> str:
        axis, once = layer["config"].get("axis", -1), all(self.draft.once(read) for read in reads)
        if axis not in (-1, 1 if once else 2):
            raise self._unsupported(layer, f"Concatenate, axis {axis}")
        return self.draft.add(COMBINED[layer["class_name"]], reads, name_of(layer))

    def _embedding(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        masks, draft = bool(layer["config"].get("mask_zero")), self.draft
        others = [each for each in draft.layers if each.kind == "embedding"]
        if reads[0] != INPUT or draft.features is not None:
            raise self._unsupported(layer, "Embedding")
        if others and masks != draft.mask_zero:
            raise ModelError("mixed_masks", layer=name_of(layer))
        draft.mask_zero = masks
        return draft.add("embedding", reads, name_of(layer), weights=_weights(layer, "embedding", arrays))

    def _bidirectional(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        config, half = layer["config"], len(arrays) // 2
        forward, mode = config["layer"], config["merge_mode"]
        backward = config.get("backward_layer") or forward
        if (
            forward["class_name"] not in RECURRENT
            or forward["config"].get("go_backwards")
            or mode not in MERGES
        ):
            raise self._unsupported(layer, f"Bidirectional, {forward['class_name']}, {mode}")
        for one in (forward, backward):
            check_settings({**one, "name": name_of(layer)})
        both = [
            self._recurrent({**one, "name": name_of(layer)}, reads, own, reverse, ending)
            for one, own, reverse, ending in (
                (forward, arrays[:half], False, "fwd"),
                (backward, arrays[half:], True, "bwd"),
            )
        ]
        merged = self.draft.add(MERGES[mode], both, name_of(layer))
        # Keras gives 0 at padding whatever the layer inside says.
        return self._masked(layer, merged) if forward["config"].get("return_sequences") else merged

    def _one_way(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        config = layer["config"]
        backwards, returns = bool(config.get("go_backwards")), config.get("return_sequences")
        zero = self.draft.mask_zero and config.get("zero_output_for_mask")
        if backwards and returns:
            raise self._unsupported(layer, "go_backwards, return_sequences")
        if zero and not returns:
            raise self._unsupported(layer, "zero_output_for_mask, return_sequences=False")
        state = self._recurrent(layer, reads, arrays, backwards, "")
        return self._masked(layer, state) if zero else state

    def _masked(self, layer: Config, state: str) -> str:
        """A result at each time step, 0 at padding."""
        if not self.draft.mask_zero:
            return state
        return self.draft.add("masked", [state], name_of(layer), f"{state}masked")

    def _recurrent(
        self, layer: Config, reads: Sequence[str], arrays: list[Array], reverse: bool, ending: str
    ) -> str:
        """One direction of a recurrent layer, and its last step where it returns that alone."""
        name, kind, config = name_of(layer), RECURRENT[layer["class_name"]], layer["config"]
        if layer["class_name"] == "GRU" and not config.get("reset_after"):
            kind = "gru-before"
        if config.get("stateful"):
            self.draft.assume("stateful", layer=name)
        state = self.draft.add(
            kind,
            reads,
            name,
            f"{name}{ending}",
            weights=_weights(layer, kind, arrays),
            activation=self._activation(config.get("activation", "tanh")),
            gate_activation=self._gates(layer),
            reverse=reverse,
        )
        if config.get("return_sequences"):
            return state
        return self.draft.add("last", [state], name, f"{state}last")

    def _gates(self, layer: Config) -> str:
        """The activation of a recurrent layer's gates; "" where it has none, or can have no other."""
        config = layer["config"]
        if layer["class_name"] not in ("LSTM", "GRU"):
            return ""
        chosen = config.get("recurrent_activation", config.get("inner_activation"))
        return self._activation(chosen) if chosen else default_gates(self.draft, name_of(layer), self.version)

    def _standing(self, layer: Config) -> str:
        """The activation of a layer that is nothing else."""
        kind, config = layer["class_name"], layer["config"]
        plain = {
            "Softmax": config.get("axis") in (-1, [-1]),
            "ReLU": config.get("max_value") is None
            and not config.get("negative_slope")
            and not config.get("threshold"),
            "Activation": True,
        }
        if not plain.get(kind):
            raise self._unsupported(layer, kind)
        return self._activation(config["activation"]) if kind == "Activation" else str(kind.lower())

    def _activation(self, given: Any) -> str:
        return activation(given, self.version)


def _is_stateful(layer: Config) -> bool:
    """Whether a layer keeps its states from one call to the next."""
    config = layer["config"]
    return bool(config.get("layer", layer)["config"].get("stateful"))


def _weights(layer: Config, kind: str, arrays: list[Array]) -> dict[str, Array]:
    """A layer's weights. Raises ModelError where its configuration is of other sizes."""
    config, weights = layer["config"], from_keras(name_of(layer), kind, arrays)
    first = next(iter(weights.values()))
    # Keras 1 calls units output_dim, as an embedding does.
    units = "units" if "units" in config else "output_dim"
    keys = ("input_dim", "output_dim") if kind == "embedding" else (units,)
    for key, got in zip(keys, first.shape, strict=False):
        if (expected := config.get(key, got)) != got:
            raise ModelError("other_config", layer=name_of(layer), key=key, got=got, expected=expected)
    return weights
