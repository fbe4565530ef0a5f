"""What a Keras layer can be set to: computed as Keras does, or refused by name. Nothing is overlooked."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.parity import greatest_difference
from tests.networks import agree, result
from tests.test_models_keras import randomize, texts, typed, written

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")

RANDOM = np.random.default_rng(6)
STEPS = 4
VALUES = {
    "activation": ("relu", "hard_sigmoid", "elu", "leaky_relu", "softmax"),
    "recurrent_activation": ("hard_sigmoid", "relu", "linear", "elu"),
    "merge_mode": ("sum", "mul", "ave", None),
    "data_format": ("channels_first",),
    "axis": (1, -1, -2),
    "max_value": (0.3,),
    "noise_shape": ((None, 1, 3),),
    "seed": (3,),
    "dtype": ("mixed_bfloat16",),
}
"""What settings can be whose usual value does not tell."""
REFUSED = {"unsupported_setting", "unsupported_layer", "unsupported_activation"}
"""What a refusal says: what is not supported, and of which layer."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Models are written into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def others(key: str, usual):
    """Other values of a setting."""
    if key in VALUES:
        return [value for value in VALUES[key] if value != usual]
    if isinstance(usual, bool):
        return [not usual]
    if isinstance(usual, float):
        return [usual + 0.25]
    return [usual + 1] if isinstance(usual, int) else []


def layers_of(keras):
    """Every class of layers that is read, made as usual."""
    layers = keras.layers
    return {
        "Embedding": layers.Embedding(7, 3),
        "SimpleRNN": layers.SimpleRNN(2),
        "LSTM": layers.LSTM(2),
        "GRU": layers.GRU(2),
        "Bidirectional": layers.Bidirectional(layers.GRU(2)),
        "TimeDistributed": layers.TimeDistributed(layers.Dense(2)),
        "Dense": layers.Dense(2),
        "Flatten": layers.Flatten(),
        "Activation": layers.Activation("tanh"),
        "Softmax": layers.Softmax(),
        "ReLU": layers.ReLU(),
        "Concatenate": layers.Concatenate(),
        "Add": layers.Add(),
        "Average": layers.Average(),
        "Multiply": layers.Multiply(),
        "Dropout": layers.Dropout(0.2),
        "SpatialDropout1D": layers.SpatialDropout1D(0.2),
        "GaussianNoise": layers.GaussianNoise(0.2),
        "GaussianDropout": layers.GaussianDropout(0.2),
        "AlphaDropout": layers.AlphaDropout(0.2),
        "ActivityRegularization": layers.ActivityRegularization(0.1),
    }


def changed(keras, kind: str):
    """Layers of a class, each with one setting changed; of a wrapper also with one of the layer inside."""
    usual = layers_of(keras)[kind]
    config = usual.get_config()
    for key in config:
        for value in others(key, config[key]):
            yield key, {**config, key: value}
        if key == "layer":
            inside = config[key]["config"]
            for inner in inside:
                for value in others(inner, inside[inner]):
                    layer = {**config[key], "config": {**inside, inner: value}}
                    # The layer that reads from the end is made as this one is.
                    others_inside = {key: None for key in ("backward_layer",) if key in config}
                    yield f"layer.{inner}", {**config, "layer": layer, **others_inside}


def model_with(keras, layer):
    """A model with the layer, and a batch of what it reads; it raises what Keras raises of its settings."""
    layers, kind = keras.layers, type(layer).__name__
    if kind == "Embedding":
        given = keras.Input((STEPS,), batch_size=3, dtype="int32")
        model, x = keras.Model(given, layer(given)), texts(RANDOM, 3, STEPS, 7)
    else:
        given = keras.Input((STEPS, 3), batch_size=3)
        ways = [layers.Dense(3)(given), layers.Dense(3)(given)]
        said = layer(ways if kind in ("Concatenate", "Add", "Average", "Multiply") else ways[0])
        # Of a result and states, the result.
        said = said[0] if isinstance(said, list | tuple) else said
        model, x = keras.Model(given, said), RANDOM.normal(size=(3, STEPS, 3))
    randomize(model, RANDOM)
    return model, x


KINDS = (
    *("Embedding", "SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed", "Dense", "Flatten"),
    *("Activation", "Softmax", "ReLU", "Concatenate", "Add", "Average", "Multiply", "Dropout"),
    *("SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"),
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_computed_as_keras_does_or_refused_by_name(float64, kind):
    """Of each class, every setting in Keras' own configuration takes another value."""
    read = []
    for key, config in changed(float64, kind):
        try:
            model, x = model_with(float64, type(layers_of(float64)[kind]).from_config(config))
            expected = computed(float64, model, x)
        except Exception:
            # Keras itself does not know such a layer.
            continue
        try:
            network = written(model, "keras" if len(read) % 2 else "h5")
        except ModelError as error:
            assert error.key in REFUSED, (key, str(error))
            continue
        read.append(key)
        tolerance = 1e-12 if network.precision == "float64" else 0.1
        for row, theirs in zip(x, expected, strict=True):
            ours = result(network, typed(row))
            expects = np.reshape(theirs, ours.shape)
            np.testing.assert_allclose(ours, expects, rtol=tolerance, atol=tolerance, err_msg=key)
    assert len(read) > 1


def computed(keras, model, x):
    """What Keras computes, in float64 whatever the model's type."""
    return np.asarray(keras.ops.convert_to_numpy(model(x)), np.float64)


def with_config(path: str, change) -> Path:
    """The .keras file with its configuration changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile("changed.keras", "w") as new:
        config = json.loads(old.read("config.json"))
        change(config["config"]["layers"])
        for name in old.namelist():
            new.writestr(name, json.dumps(config) if name == "config.json" else old.read(name))
    return Path("changed.keras")


@pytest.mark.parametrize("key", ["time_major", "peepholes", "projection"])
@pytest.mark.parametrize("kind", KINDS[:15])
def test_a_setting_that_nobody_knows_is_refused_where_it_is_set(keras, kind, key):
    """Such as `time_major` of Keras 2, by which time lies first: ignored, it would give other numbers."""
    model, _ = model_with(keras, layers_of(keras)[kind])
    model.save("model.keras")
    name = model.layers[-1].name

    def change(value):
        return lambda layers: layers[-1]["config"].update({key: value})

    with pytest.raises(ModelError, match=f"layer {name}: {key} = true is not supported"):
        read_model(with_config("model.keras", change(True)))
    assert read_model(with_config("model.keras", change(False))).layers


def test_a_setting_of_a_layer_inside_another_is_refused_too(keras):
    layers = keras.layers
    for both in (layers.Bidirectional(layers.LSTM(2)), layers.TimeDistributed(layers.Dense(2))):
        both.name = "both"
        model, _ = model_with(keras, both)
        model.save("model.keras")
        changed_one = with_config(
            "model.keras", lambda stack: stack[-1]["config"]["layer"]["config"].update(time_major=True)
        )
        with pytest.raises(ModelError, match="layer both: time_major = true is not supported"):
            read_model(changed_one)


def test_chance_while_a_network_answers_is_refused(keras):
    """`training=True` lets dropout act in every answer; it is also told in the form of Keras 2."""
    layers, given = keras.layers, keras.Input((STEPS, 3))
    model = keras.Model(given, layers.LSTM(2, dropout=0.5, name="chance")(given, training=True))
    for way in ("keras", "h5"):
        with pytest.raises(ModelError, match="layer chance: training = true is not supported"):
            written(model, way)
    model.save("model.keras")

    def as_keras_2(value):
        def change(stack):
            stack[-1]["inbound_nodes"] = [[[model.layers[0].name, 0, 0, {"training": value}]]]

        return change

    with pytest.raises(ModelError, match="layer chance: training = true is not supported"):
        read_model(with_config("model.keras", as_keras_2(True)))
    assert read_model(with_config("model.keras", as_keras_2(None))).layers


@pytest.mark.parametrize("package", ["mine", "keras"])
def test_a_class_of_one_s_own_with_the_name_of_a_known_one_is_refused(keras, package):
    @keras.saving.register_keras_serializable(package)
    class LSTM(keras.layers.LSTM):
        pass

    model = keras.Sequential([keras.Input((STEPS, 3)), LSTM(2)])
    for way, told in (
        ("keras", "LSTM would run code from the file"),
        ("h5", f"{package}>LSTM is not supported"),
    ):
        with pytest.raises(ModelError, match=told):
            written(model, way)
    # Of a class in a script Keras keeps no module.
    model.save("model.keras")
    with pytest.raises(ModelError, match="LSTM would run code from the file"):
        read_model(with_config("model.keras", lambda stack: stack[-1].update(module=None)))


def test_a_function_of_one_s_own_as_an_activation_is_refused(keras):
    """Also one whose name is that of an activation, and one without a name."""

    @keras.saving.register_keras_serializable("mine")
    def tanh(x):
        return 2 * x

    for function, told in (
        (tanh, "mine>tanh"),
        (lambda x: 2 * x, "lambda"),
        (keras.layers.LeakyReLU(), "Leaky"),
    ):
        model, _ = model_with(keras, keras.layers.Dense(2, activation=function, name="own"))
        for way in ("keras", "h5"):
            with pytest.raises(ModelError, match=f"layer own: the activation {told}.* is not supported"):
                written(model, way)


def stateful(keras, batch: int, cell: str):
    layers = keras.layers
    recurrent = getattr(layers, cell)(3, stateful=True)
    layer = layers.Bidirectional(recurrent) if cell == "GRU" else recurrent
    given = keras.Input((5,), batch_size=batch, dtype="int32")
    model = keras.Model(given, layers.Dense(2)(layer(layers.Embedding(7, 3)(given))))
    randomize(model, RANDOM)
    return model


@pytest.mark.parametrize(("batch", "cell"), [(1, "LSTM"), (3, "SimpleRNN"), (100, "LSTM"), (150, "GRU")])
def test_a_stateful_model_is_compared_from_its_first_states_in_its_own_batches(keras, batch, cell):
    model = stateful(keras, batch, cell)
    network = written(model, "keras")
    x = RANDOM.integers(0, 7, (batch, 5))
    # The first call, before which the states are zeros.
    agree(network, x[:3], model(x).detach().numpy()[:3], 1e-6)
    assert greatest_difference(Path("model.keras"), network) < 1e-6


def test_a_stateful_layer_that_goes_on_from_its_own_first_call_is_refused(keras):
    given = keras.Input((STEPS, 3), batch_size=2)
    layer = keras.layers.GRU(3, stateful=True, return_sequences=True, name="again")
    keras.Model(given, layer(layer(given))).save("model.keras")
    with pytest.raises(ModelError, match="layer again: stateful, called more than once is not supported"):
        read_model(Path("model.keras"))


@pytest.mark.parametrize(
    ("shape", "kind", "told"),
    [
        ((3, 3, 3), "Dense", r"layer input: input, \?×3×3×3 is not supported"),
        ((STEPS, 2), "Embedding", "layer first: Embedding is not supported"),
        ((STEPS, 1), "Embedding", "layer first: Embedding is not supported"),
    ],
)
def test_what_is_read_is_a_text_or_numbers_over_time(keras, shape, kind, told):
    """Token numbers, several at each time step, or a grid of numbers would be taken for something else."""
    given = keras.Input(shape, name="input")
    layer = keras.layers.Dense(2) if kind == "Dense" else keras.layers.Embedding(7, 3, name="first")
    model = keras.Model(given, layer(given))
    for way in ("keras", "h5"):
        with pytest.raises(ModelError, match=told):
            written(model, way)
