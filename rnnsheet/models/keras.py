"""Keras files without Keras: .keras and .h5, whole models and weights alone; no code in them is run."""

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnsheet.errors import ModelError
from rnnsheet.model import Array
from rnnsheet.models import hdf5
from rnnsheet.models.description import Description, completed
from rnnsheet.models.draft import Draft
from rnnsheet.models.limits import MOST_TEXT, MOST_WEIGHTS, copy, member
from rnnsheet.models.weights import from_keras
from rnnsheet.trained import INPUT

Config = Mapping[str, Any]
Arrays = Mapping[str, Array]

RECURRENT = {"SimpleRNN": "elman", "LSTM": "lstm", "CuDNNLSTM": "lstm", "GRU": "gru", "CuDNNGRU": "gru"}
MERGES = {"concat": "concat", "sum": "sum", "mul": "product", "ave": "mean"}
COMBINED = {"Concatenate": "concat", "Add": "sum", "Average": "mean", "Multiply": "product"}
IDLE = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
)
"""Layers that do something only while a network learns."""
_MASKS_OF_ONE = ("LogicalOr", "ExpandDims", "Concatenate", "Any")
"""Operations that make of equal masks, and of masks without any token, the same mask again."""
EACH_STEP = ("Dense", "Activation", "Softmax", "ReLU", *IDLE)
"""Layers that do the same at each time step, with TimeDistributed around them or without."""


def read_archive(path: Path, description: Description) -> tuple[Draft, Description]:
    """A .keras file: a zip of the layers as JSON and the weights as HDF5."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as weights:
        config = json.loads(member(archive, "config.json", MOST_TEXT))
        version = json.loads(member(archive, "metadata.json", MOST_TEXT))["keras_version"]
        with archive.open("model.weights.h5") as packed:
            # Optimizers keep two more numbers for each weight.
            copy(iter(lambda: packed.read(1 << 20), b""), weights, 3 * 8 * MOST_WEIGHTS)
        with hdf5.opened(weights) as file:
            return _whole(path, config, version, hdf5.arrays(file)), description


def read_hdf5(path: Path, description: Description) -> tuple[Draft, Description]:
    """A .h5 file: a whole model, or weights alone, whose layers the description names."""
    with hdf5.opened(path) as file:
        if config := hdf5.text(file.attrs, "model_config"):
            version = hdf5.text(file.attrs, "keras_version")
            return _whole(
                path, json.loads(config), version, hdf5.arrays(hdf5.inside(file, "model_weights"))
            ), description
        arrays = hdf5.arrays(file)
    description = completed(description, arrays)
    if not description.layers:
        raise ModelError("needs_layers", names=", ".join(list(arrays)[:3]))
    draft = Draft(str(path))
    draft.describe(description, arrays, "keras")
    return draft, description


def _whole(path: Path, model: Config, version: str, arrays: Arrays) -> Draft:
    """The network that a model's configuration describes, with its weights."""
    if model["class_name"] not in ("Sequential", "Functional", "Model"):
        raise ModelError("own_code", layer=model["config"].get("name", ""), kind=model["class_name"])
    config = model["config"]
    layers = config if isinstance(config, list) else config["layers"]
    major = int((version or "2").partition(".")[0])
    reader = _Reader(
        Draft(str(path), whole=True, tells_masks=True), dict(_arrays_of_layers(layers, arrays)), major
    )
    if model["class_name"] == "Sequential":
        reader.sequence(layers)
    else:
        reader.graph(config)
    reader.draft.precision = _precision(layers[-1]["config"].get("dtype") or "float32")
    return reader.draft


def _precision(dtype: Any) -> str:
    """The float type of a layer's dtype policy."""
    name = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
    return str(name).removeprefix("mixed_")


def _arrays_of_layers(layers: Sequence[Config], arrays: Arrays) -> Iterator[tuple[str, list[Array]]]:
    """Per layer, its arrays in the order of `get_weights`.

    In the format of Keras 2 a layer's arrays are in a folder of its name; in that of Keras 3 the folder has
    the name of the class, with a number from the second on.
    """
    roots = {path.partition("/")[0] for path in arrays} & {"layers", "_layer_checkpoint_dependencies"}
    seen: Counter[str] = Counter()
    for layer in layers:
        name, snake = _name(layer), _snake_case(layer["class_name"])
        folder = f"{snake}_{seen[snake]}" if seen[snake] else snake
        seen[snake] += 1
        starts = [f"{root}/{folder}/" for root in roots] if roots else [f"{name}/"]
        own = [path for path in arrays if path.startswith(tuple(starts))]
        # Keras keeps a forward layer's weights first; folders are in the order of the alphabet.
        yield name, [arrays[path] for path in sorted(own, key=lambda path: "/backward_layer/" in path)]


def _snake_case(name: str) -> str:
    """As keras.src.utils.naming.to_snake_case makes folders of class names."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _name(layer: Config) -> str:
    return str(layer.get("name") or layer["config"]["name"])


class _Reader:
    """Turns the layers of a model into those of a draft, one call after the other."""

    def __init__(self, draft: Draft, arrays: Mapping[str, list[Array]], major: int):
        self.draft, self.arrays, self.major = draft, arrays, major

    def sequence(self, layers: Sequence[Config]) -> None:
        """A Sequential model."""
        self._input(layers[0])
        result = INPUT
        for layer in layers:
            if layer["class_name"] != "InputLayer":
                result = self._call(layer, [result], self.arrays[_name(layer)])
        self._end(result)

    def graph(self, config: Config) -> None:
        """A functional model: each call of a layer reads the results of others."""
        layers = {_name(layer): layer for layer in config["layers"]}
        inputs, outputs = _ends(config["input_layers"]), _ends(config["output_layers"])
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
                    given, mask = _without_mask(layer["inbound_nodes"][call])
                    reads = [result(*tensor) for tensor in _tensors(given)]
                    if mask and not (self.draft.mask_zero and _is_of_zeros(layers, mask)):
                        raise self._unsupported(layer, "mask")
                    results[name, call] = self._call(layer, reads, self.arrays[name])
            return results[name, call]

        self._end(result(*outputs[0]))

    def _input(self, layer: Config) -> None:
        """The shape of the input: (batch, steps) of token numbers, or (batch, steps, features)."""
        config, built = layer["config"], layer.get("build_config") or {}
        shapes = config.get("batch_shape"), config.get("batch_input_shape"), built.get("input_shape")
        shape = next((shape for shape in shapes if shape), [None, None])
        self.draft.steps, self.draft.features = shape[1], shape[2] if len(shape) == 3 else None

    def _end(self, result: str) -> None:
        """What is read and said in the end."""
        draft = self.draft
        draft.end_with(result)
        if draft.features is None and not any(layer.kind == "embedding" for layer in draft.layers):
            draft.steps, draft.features = 1, draft.steps

    def _unsupported(self, layer: Config, what: str) -> ModelError:
        return ModelError("unsupported_layer", layer=_name(layer), kind=what)

    def _call(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        """Adds what one layer does with what it reads; gives the name of its result."""
        kind, config, name = str(layer["class_name"]), layer["config"], _name(layer)
        if kind == "Lambda" or not str(layer.get("module") or "keras").startswith("keras"):
            raise ModelError("own_code", layer=name, kind=kind)
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
        activation = self._standing(layer)
        return self.draft.add("activation", reads, name, activation=activation)

    def _combined(self, layer: Config, reads: Sequence[str]) -> str:
        axis, once = layer["config"].get("axis", -1), all(self.draft.once(read) for read in reads)
        if axis not in (-1, 1 if once else 2):
            raise self._unsupported(layer, f"Concatenate, axis {axis}")
        return self.draft.add(COMBINED[layer["class_name"]], reads, _name(layer))

    def _embedding(self, layer: Config, reads: Sequence[str], arrays: list[Array]) -> str:
        masks, draft = bool(layer["config"].get("mask_zero")), self.draft
        others = [each for each in draft.layers if each.kind == "embedding"]
        if reads[0] != INPUT:
            raise self._unsupported(layer, "Embedding")
        if others and masks != draft.mask_zero:
            raise ModelError("mixed_masks", layer=_name(layer))
        draft.mask_zero = masks
        return draft.add("embedding", reads, _name(layer), weights=_weights(layer, "embedding", arrays))

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
        both = [
            self._recurrent({**one, "name": _name(layer)}, reads, own, reverse, ending)
            for one, own, reverse, ending in (
                (forward, arrays[:half], False, "fwd"),
                (backward, arrays[half:], True, "bwd"),
            )
        ]
        merged = self.draft.add(MERGES[mode], both, _name(layer))
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
        return self.draft.add("masked", [state], _name(layer), f"{state}masked")

    def _recurrent(
        self, layer: Config, reads: Sequence[str], arrays: list[Array], reverse: bool, ending: str
    ) -> str:
        """One direction of a recurrent layer, and its last step where it returns that alone."""
        name, kind, config = _name(layer), RECURRENT[layer["class_name"]], layer["config"]
        if layer["class_name"] == "GRU" and not config.get("reset_after"):
            kind = "gru-before"
        gates = "" if kind == "elman" else self._activation(config.get("recurrent_activation", "sigmoid"))
        state = self.draft.add(
            kind,
            reads,
            name,
            f"{name}{ending}",
            weights=_weights(layer, kind, arrays),
            activation=self._activation(config.get("activation", "tanh")),
            gate_activation=gates,
            reverse=reverse,
        )
        if config.get("return_sequences"):
            return state
        return self.draft.add("last", [state], name, f"{state}last")

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
        """Our name of an activation, which older files keep as a text and newer ones as a table."""
        if isinstance(given, dict):
            given = given["config"] if isinstance(given.get("config"), str) else given["class_name"]
        if given == "hard_sigmoid" and self.major < 3:
            return "hard_sigmoid_keras2"
        return str(given or "linear")


def _weights(layer: Config, kind: str, arrays: list[Array]) -> dict[str, Array]:
    """A layer's weights. Raises ModelError where its configuration is of other sizes."""
    config, weights = layer["config"], from_keras(_name(layer), kind, arrays)
    first = next(iter(weights.values()))
    keys = ("input_dim", "output_dim") if kind == "embedding" else ("units",)
    for key, got in zip(keys, first.shape, strict=False):
        if (expected := config.get(key, got)) != got:
            raise ModelError("other_config", layer=_name(layer), key=key, got=got, expected=expected)
    return weights


def _ends(given: Any) -> list[tuple[str, int, int]]:
    """The inputs or outputs of a model, each the name of a layer, of which call, which part."""
    if isinstance(given, dict):
        given = list(given.values())
    return [tuple(end) for end in ([given] if given and isinstance(given[0], str) else given)]


def _without_mask(node: Any) -> tuple[Any, Any]:
    """What a call of a layer is given, and of that the mask, which Keras 3 hands on by name."""
    if not isinstance(node, dict) or not isinstance(node.get("kwargs"), dict):
        return node, None
    others = {key: value for key, value in node["kwargs"].items() if key != "mask"}
    return {**node, "kwargs": others}, node["kwargs"].get("mask")


def _is_of_zeros(layers: Mapping[str, Config], mask: Any) -> bool:
    """Whether masks are those that an Embedding with `mask_zero` makes: where the input is not 0.

    Keras 3 writes what its merging layers make of such masks out in operations.
    """

    def of_zeros(name: str, call: int, _: int) -> bool:
        node, kind = layers[name]["inbound_nodes"][call], layers[name]["class_name"]
        if kind == "NotEqual":
            given, number = node["args"]
            return number == 0 and all(layers[of]["class_name"] == "InputLayer" for of, *_ in _tensors(given))
        if kind not in _MASKS_OF_ONE:
            return False
        merged = [each for each in _tensors(node) if layers[each[0]]["class_name"] != "ZerosLike"]
        return bool(merged) and all(of_zeros(*each) for each in merged)

    return all(of_zeros(*each) for each in _tensors(mask))


def _tensors(node: Any) -> list[tuple[str, int, int]]:
    """What a call of a layer reads, as in `_ends`; Keras 3 writes each as a table of its own."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [tuple(node["config"]["keras_history"])]
        return [tensor for value in node.values() for tensor in _tensors(value)]
    if not isinstance(node, list):
        return []
    if node and isinstance(node[0], str):
        return [tuple(node[:3]), *_tensors(list(node[3].values()) if len(node) > 3 else [])]
    return [tensor for value in node for tensor in _tensors(value)]
