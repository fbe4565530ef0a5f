"""Keras files without Keras: .keras and .h5, whole models and weights alone; no code in them is run."""

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from rnnsheet.errors import ModelError
from rnnsheet.importers import hdf5
from rnnsheet.importers.description import Description, completed, fault_of
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.keras_config import Config, coarsest, default_gates, is_before, name_of, precision
from rnnsheet.importers.keras_layers import Reader
from rnnsheet.importers.limits import MOST_TEXT, MOST_WEIGHTS, check_bytes, copy, member
from rnnsheet.importers.weights import is_cudnn
from rnnsheet.network import Array

Arrays = Mapping[str, Array]

_MOST_BYTES = 3 * 8 * MOST_WEIGHTS
"""Optimizers keep two more numbers for each weight."""


def read_archive(path: Path, description: Description) -> tuple[Draft, Description]:
    """A .keras file: a zip of the layers as JSON and the weights as HDF5."""
    check_bytes(path.stat().st_size, _MOST_BYTES)
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as weights:
        config = json.loads(member(archive, "config.json", MOST_TEXT))
        version = json.loads(member(archive, "metadata.json", MOST_TEXT))["keras_version"]
        with archive.open("model.weights.h5") as packed:
            copy(iter(lambda: packed.read(1 << 20), b""), weights, _MOST_BYTES)
        with hdf5.opened(weights) as file:
            return _whole(path, config, version, hdf5.arrays(file)), description


def read_hdf5(path: Path, description: Description) -> tuple[Draft, Description]:
    """A .h5 file: a whole model, or weights alone, whose layers the description names."""
    check_bytes(path.stat().st_size, _MOST_BYTES)
    with hdf5.opened(path) as file:
        if config := hdf5.text(file.attrs, "model_config"):
            weights = hdf5.inside(file, "model_weights")
            named = (hdf5.text(group.attrs, "keras_version") for group in (file, weights))
            # Keras too takes a file that names no version for one of Keras 1.
            version = next(filter(None, named), "1")
            return _whole(path, json.loads(config), version, hdf5.arrays(weights)), description
        arrays, types = hdf5.arrays(file, alone=True), hdf5.float_types(file)
        version = hdf5.text(file.attrs, "keras_version")
    description = completed(description, arrays)
    if not description.layers:
        raise ModelError("needs_layers", names=", ".join(list(arrays)[:3]))
    draft = Draft(str(path), coarsest(types))
    draft.describe(description, arrays, "keras")
    with fault_of(description):
        _tell_gates(draft, description, arrays, version)
    return draft, description


def _tell_gates(draft: Draft, description: Description, arrays: Arrays, version: str) -> None:
    """Gives each layer of a description the activation of its gates that its version of Keras has.

    Raises ModelError where that is not known, and where the description says what no such version has.
    """
    # The newer format does not name its version.
    at_least = "≥ 2.12" if _roots(arrays) else version
    for spec, layer in zip(description.layers, list(draft.layers), strict=True):
        told = (spec.activation, spec.gate_activation)
        if "hard_sigmoid" in told and version and is_before(version, (3, 0)):
            raise ModelError("hard_sigmoid_of_keras2", layer=spec.name, version=version)
        if "gate_activation" in spec.traits.settings and not spec.gate_activation:
            if is_cudnn(spec.kind, [arrays[name] for name in arrays if fnmatchcase(name, spec.arrays)]):
                continue
            draft.change(layer.name, gate_activation=default_gates(draft, spec.name, at_least))


def _whole(path: Path, model: Config, version: str, arrays: Arrays) -> Draft:
    """The network that a model's configuration describes, with its weights."""
    if model["class_name"] not in ("Sequential", "Functional", "Model"):
        raise ModelError("own_code", layer=model["config"].get("name", ""), kind=model["class_name"])
    config = model["config"]
    layers = config if isinstance(config, list) else config["layers"]
    draft = Draft(str(path), whole=True, tells_masks=True)
    reader = Reader(draft, dict(_arrays_of_layers(layers, arrays)), version)
    if model["class_name"] == "Sequential":
        reader.sequence(layers)
    else:
        reader.graph(config)
    reader.draft.precision = precision(layers)
    return reader.draft


def _arrays_of_layers(layers: Sequence[Config], arrays: Arrays) -> Iterator[tuple[str, list[Array]]]:
    """Per layer, its arrays in the order of `get_weights`.

    In the format of Keras 2 a layer's arrays are in a folder of its name; in that of Keras 3 the folder has
    the name of the class, with a number from the second on.
    """
    roots = _roots(arrays)
    seen: Counter[str] = Counter()
    folders: dict[str, str] = {}
    for layer in layers:
        name, snake = name_of(layer), _snake_case(layer["class_name"])
        folder = f"{snake}_{seen[snake]}" if seen[snake] else snake
        seen[snake] += 1
        folders |= {f"{root}/{folder}/": name for root in roots} if roots else {f"{name}/": name}
    own: dict[str, list[str]] = {name_of(layer): [] for layer in layers}
    # The name of a layer may have a / in it, and another's before that.
    longest_first = sorted(folders, key=len, reverse=True)
    for path in arrays:
        if folder := next(filter(path.startswith, longest_first), ""):
            own[folders[folder]].append(path)
    for name, paths in own.items():
        # Keras keeps a forward layer's weights first; folders are in the order of the alphabet.
        yield name, [arrays[path] for path in sorted(paths, key=lambda path: "/backward_layer/" in path)]


def _roots(arrays: Arrays) -> set[str]:
    """The folders that hold those of the layers since Keras 2.12; none in a file of the older format."""
    return {path.partition("/")[0] for path in arrays} & {"layers", "_layer_checkpoint_dependencies"}


def _snake_case(name: str) -> str:
    """As keras.src.utils.naming.to_snake_case makes folders of class names."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
