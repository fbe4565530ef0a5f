"""The weights in a Keras file: of every type that is read, of those that are not, wherever they lie."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.parity import greatest_difference
from tests.networks import agree
from tests.test_models_keras import randomize, texts, typed, written
from tests.test_models_keras_config import computed, model_with

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")

RANDOM = np.random.default_rng(8)
STEPS = 4


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Models are written into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


HALF = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def half(keras, policy: str, tokens: bool):
    """A network in half precision, for which not every first value can be computed."""
    layers = keras.layers
    keras.config.set_dtype_policy(policy)
    try:
        first = [keras.Input((STEPS,)), layers.Embedding(500, 3)] if tokens else [keras.Input((STEPS, 3))]
        cell = layers.LSTM(3, recurrent_initializer="random_normal")
        model = keras.Sequential([*first, cell, layers.Dense(3, "softmax")])
    finally:
        keras.config.set_dtype_policy("float32")
    randomize(model, RANDOM)
    return model


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("way", ["keras", "h5"])
@pytest.mark.parametrize("policy", HALF)
def test_half_precision_is_read_and_held_to_its_own_rounding(keras, policy, way, tokens):
    """Token numbers above 256, which bfloat16 does not have, are given to Keras as they are."""
    model = half(keras, policy, tokens)
    network = written(model, way)
    assert network.precision == policy.removeprefix("mixed_")
    for layer, weights in zip((each for each in network if each.weights), model.layers, strict=False):
        stored = [np.asarray(keras.ops.convert_to_numpy(w), np.float64) for w in weights.weights]
        ours = np.sort(np.concatenate([array.ravel() for array in layer.weights.values()]))
        np.testing.assert_array_equal(ours, np.sort(np.concatenate([array.ravel() for array in stored])))
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[network.precision]
    x = RANDOM.integers(257, 500, (20, STEPS)) if tokens else RANDOM.normal(size=(20, STEPS, 3))
    agree(network, map(typed, x), computed(keras, model, x), 12 * rounding)
    if (policy, way) == ("bfloat16", "h5"):
        # Keras cannot read what it has written here.
        with pytest.raises(
            ModelError, match=r"cannot load this file .*the workbook is written, and rnnsheet"
        ):
            greatest_difference(Path(f"model.{way}"), network)
    else:
        assert greatest_difference(Path(f"model.{way}"), network) < 12 * rounding


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_quantised_weights_are_called_so(keras, mode):
    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="last")])
    model.quantize(mode)
    model.save("model.keras")
    with pytest.raises(ModelError, match=f"layer last: its weights are quantised \\({mode}\\)"):
        read_model(Path("model.keras"))
    model.save_weights("model.weights.h5")
    Path("lesson.toml").write_text('[[layers]]\nname = "last"\nkind = "dense"\narrays = "layers/dense/*"\n')
    with pytest.raises(ModelError, match=r"type int8|arrays fit") as refused:
        read_model(Path("model.weights.h5"), description=Path("lesson.toml"))
    assert ("int8" in str(refused.value)) == mode.startswith("int")


def test_what_low_rank_adaptation_has_learned_is_in_the_weights(keras):
    layers = keras.layers
    model = keras.Sequential([keras.Input((STEPS,)), layers.Embedding(7, 3), layers.LSTM(2), layers.Dense(3)])
    for layer in (model.layers[0], model.layers[-1]):
        layer.enable_lora(1)
    randomize(model, RANDOM)
    x = texts(RANDOM, 5, STEPS, 7)
    agree(written(model, "keras"), x, model(x).detach().numpy(), 1e-6)


def with_backslashes(path: str) -> None:
    """A file of weights as Keras 2 writes it on Windows: its own folders are between \\ instead of /."""
    with h5py.File(path, "r+") as file:
        for name in ("layers/bidirectional/forward_layer/cell", "layers/bidirectional/backward_layer/cell"):
            file.move(name, name.replace("/", "\\"))
        for name in ("layers/embedding", "layers/dense"):
            file.move(name, name.replace("/", "\\"))
        del file["layers"]


def test_a_file_that_was_written_on_windows_is_read(keras):
    layers = keras.layers
    both = layers.Bidirectional(layers.LSTM(2))
    model = keras.Sequential([keras.Input((STEPS,)), layers.Embedding(7, 3), both, layers.Dense(3)])
    randomize(model, RANDOM)
    model.save("model.keras")
    with zipfile.ZipFile("model.keras") as old, zipfile.ZipFile("windows.keras", "w") as new:
        for name in old.namelist():
            Path("part").write_bytes(old.read(name))
            if name.endswith(".h5"):
                with_backslashes("part")
            new.write("part", name)
    x = texts(RANDOM, 5, STEPS, 7)
    agree(read_model(Path("windows.keras")), x, model(x).detach().numpy(), 1e-6)


def test_layers_without_weights_are_said_to_have_none(keras):
    model = keras.Sequential([keras.Input((STEPS, 3)), keras.layers.LSTM(2, name="cell")])
    model.save("model.keras")
    with zipfile.ZipFile("model.keras") as old, zipfile.ZipFile("none.keras", "w") as new:
        for name in old.namelist():
            Path("part").write_bytes(old.read(name))
            if name.endswith(".h5"):
                with h5py.File("part", "r+") as file:
                    del file["layers"]
            new.write("part", name)
    with pytest.raises(ModelError, match="layer cell: the file holds no weights of it"):
        read_model(Path("none.keras"))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, "bfloat16"])
def test_weights_alone_are_said_to_be_of_the_type_that_they_have(kind):
    """The bfloat16 of Keras is kept as its two bytes, which are the first of a float32."""
    numbers = np.array([[0.5, -1.5], [2.0, 1 / 3], [-7e-9, 0.0]])
    with h5py.File("alone.h5", "w") as file:
        if kind == "bfloat16":
            halves = (numbers.astype(np.float32).view(np.uint32) >> 16).astype("<u2")
            numbers = (halves.astype(np.uint32) << 16).view(np.float32)
            file["layers/dense/vars/0"] = halves.view("V2")
            file["layers/dense/vars/0"].attrs["dtype"] = kind
        else:
            file["layers/dense/vars/0"] = numbers.astype(kind)
    lines = [
        "[numbers]\nfeatures = 3\nsteps = 1",
        '[[layers]]\nname = "a"\nkind = "dense"\narrays = "layers/*"',
    ]
    Path("lesson.toml").write_text("\n".join(lines))
    network = read_model(Path("alone.h5"), description=Path("lesson.toml"))
    assert network.precision == (kind if isinstance(kind, str) else kind.__name__)
    expected = numbers if isinstance(kind, str) else numbers.astype(kind)
    np.testing.assert_array_equal(network.layer("a").weights["Wa"], expected.T.astype(float))


def test_the_arrays_of_a_layer_are_all_that_it_has(keras):
    model, _ = model_with(keras, keras.layers.LSTM(2, name="cell"))
    model.save("model.h5")
    with h5py.File("model.h5", "r+") as file:
        group = file["model_weights/cell"]
        group.attrs["weight_names"] = group.attrs["weight_names"][:1]
        for name in ("recurrent_kernel", "bias"):
            del group[f"cell/lstm_cell/{name}"]
    with pytest.raises(ModelError, match="layer cell: the file holds 1 arrays of it; expected 2/3/12"):
        read_model(Path("model.h5"))
