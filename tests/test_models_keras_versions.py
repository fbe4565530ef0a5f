"""Files of older versions of Keras: what each took for granted, and how Keras 1 says it."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.description import Description, read_description
from rnnsheet.importers.keras import read_archive, read_hdf5
from rnnsheet.importers.parity import greatest_difference
from rnnsheet.labels import labels
from tests.command import rnnsheet
from tests.networks import agree
from tests.test_models_keras import cudnn, randomize, written

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")

RANDOM = np.random.default_rng(7)
STEPS, FEATURES, UNITS = 5, 3, 2


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Models are written into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def hard(z):
    """The hard sigmoid of Keras 1 and 2."""
    return np.clip(0.2 * z + 0.5, 0, 1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def store(group, layer: str, arrays) -> None:
    """Writes a layer's arrays, by their names, as Keras 1 and 2 do."""
    folder = group.create_group(layer)
    folder.attrs["weight_names"] = [name.encode() for name in arrays]
    for name, array in arrays.items():
        folder[name] = array


def weights_alone(version: str, arrays, path: str = "weights.h5") -> Path:
    """A file of one layer's weights, of the version of Keras; "" where it does not name it."""
    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version.encode()
        parts = ("kernel:0", "recurrent_kernel:0", "bias:0")
        store(file, "cell", {f"cell/{part}": array for part, array in zip(parts, arrays, strict=False)})
    return Path(path)


def assumed(draft, key):
    """What is said of one kind of thing that the file does not tell."""
    return [values for told, values in draft.assumed if told == key]


def described(kind: str, *more: str) -> Path:
    """A description of one recurrent layer, of which the last step is said."""
    lines = [f"[numbers]\nfeatures = {FEATURES}\nsteps = {STEPS}\n[[layers]]"]
    lines += ['name = "one"', f'kind = "{kind}"', 'arrays = "cell/*"', *more]
    lines += ['[[layers]]\nname = "end"\nkind = "last"']
    Path("lesson.toml").write_text("\n".join(lines))
    return Path("lesson.toml")


def recurrent(keras, kind: str, gates):
    """A model of one recurrent layer with random weights."""
    layers = keras.layers
    more = {} if kind == "lstm" else {"reset_after": kind == "gru"}
    cell = (layers.LSTM if kind == "lstm" else layers.GRU)(UNITS, recurrent_activation=gates, **more)
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), cell])
    randomize(model, RANDOM)
    return model


def old_hard_sigmoid(keras):
    """The hard sigmoid of Keras 1 and 2, in Keras 3."""
    return lambda z: keras.ops.clip(0.2 * z + 0.5, 0, 1)


KINDS = ("lstm", "gru", "gru-before")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("version", "gates"),
    [
        ("1.2.2", "hard"),
        ("2.0.8", "hard"),
        ("2.1.6-tf", "hard"),
        ("2.2.5", "hard"),
        ("2.3.0", "sigmoid"),
        ("2.3.0-tf", "sigmoid"),
        ("2.10.0", "sigmoid"),
        ("3.1.0", "sigmoid"),
    ],
)
def test_weights_alone_have_the_gates_that_were_usual_in_their_version(keras, kind, version, gates):
    model = recurrent(keras, kind, old_hard_sigmoid(keras) if gates == "hard" else "sigmoid")
    path, lesson = weights_alone(version, model.get_weights()), described(kind)
    x = RANDOM.normal(size=(20, STEPS, FEATURES), scale=2)
    expected = model(x).detach().numpy()
    agree(read_model(path, description=lesson), x.swapaxes(1, 2), expected, 1e-6)
    draft, _ = read_hdf5(path, read_description(lesson))
    (values,) = assumed(draft, "gates")
    for language in ("en", "zh"):
        told = labels(language)("assumed.gates", **values)
        assert "one" in told and version in told and ("hard_sigmoid_keras2" in told) == (gates == "hard")


@pytest.mark.parametrize("version", ["2.2.4-tf", ""])
def test_gates_are_asked_for_where_the_version_does_not_tell(keras, version):
    """TensorFlow 1.15, with its hard sigmoid, and TensorFlow 2.1, with its sigmoid, both say 2.2.4-tf."""
    for gates, named in (("sigmoid", "sigmoid"), (old_hard_sigmoid(keras), "hard_sigmoid_keras2")):
        model = recurrent(keras, "lstm", gates)
        path = weights_alone(version, model.get_weights())
        with pytest.raises(
            ModelError, match=r"^lesson.toml: layer one: .*write gate_activation = \"sigmoid\""
        ):
            read_model(path, description=described("lstm"))
        x = RANDOM.normal(size=(20, STEPS, FEATURES), scale=2)
        lesson = described("lstm", f'gate_activation = "{named}"')
        agree(read_model(path, description=lesson), x.swapaxes(1, 2), model(x).detach().numpy(), 1e-6)
        assert assumed(read_hdf5(path, read_description(lesson))[0], "gates") == []


def test_weights_alone_in_the_newer_format_have_sigmoid_gates(keras):
    model = recurrent(keras, "lstm", "sigmoid")
    model.save_weights("new.weights.h5")
    text = described("lstm").read_text().replace("cell/*", "layers/lstm/*")
    Path("lesson.toml").write_text(text)
    draft, _ = read_hdf5(Path("new.weights.h5"), read_description(Path("lesson.toml")))
    assert assumed(draft, "gates") == [{"layer": "one", "activation": "sigmoid", "version": "≥ 2.12"}]
    Path("lesson.toml").write_text(text.replace("arrays =", 'gate_activation = "hard_sigmoid"\narrays ='))
    network = read_model(Path("new.weights.h5"), description=Path("lesson.toml"))
    assert network.layer("one").gate_activation == "hard_sigmoid"


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_cudnn_layers_have_no_other_gates_than_sigmoid(keras, kind):
    model = recurrent(keras, kind, "sigmoid")
    arrays = cudnn(*model.get_weights(), 4 if kind == "lstm" else 3)
    path, lesson = weights_alone("2.1.6", arrays), described(kind)
    x = RANDOM.normal(size=(20, STEPS, FEATURES), scale=2)
    agree(read_model(path, description=lesson), x.swapaxes(1, 2), model(x).detach().numpy(), 1e-6)
    assert assumed(read_hdf5(path, read_description(lesson))[0], "gates") == []


@pytest.mark.parametrize("key", ["activation", "gate_activation"])
def test_the_hard_sigmoid_of_keras_3_is_none_of_an_older_file(keras, key):
    path = weights_alone("2.2.4", recurrent(keras, "lstm", "sigmoid").get_weights())
    with pytest.raises(
        ModelError, match=r"layer one: the file is of Keras 2.2.4, .* hard_sigmoid_keras2 here"
    ):
        read_model(path, description=described("lstm", f'{key} = "hard_sigmoid"'))


GATES = {"LSTM": "icfo", "GRU": "zrh", "SimpleRNN": ""}
"""In which order Keras 1 keeps the gates' arrays, where it does not keep them in one."""


def random_gates(cell: str):
    """W, U and b of each gate, by the names of Keras 1."""
    shapes = {"W": (FEATURES, UNITS), "U": (UNITS, UNITS), "b": (UNITS,)}
    endings = [f"_{gate}" for gate in GATES[cell]] or [""]
    return {f"{part}{end}": RANDOM.normal(size=shapes[part]) for end in endings for part in shapes}


def kept(cell: str, arrays, consume_less: str):
    """The arrays as a layer of Keras 1 keeps them, joined by `consume_less="gpu"`."""
    if consume_less != "gpu" or cell == "SimpleRNN":
        return arrays
    order = {"LSTM": "ifco", "GRU": "zrh"}[cell]
    return {part: np.concatenate([arrays[f"{part}_{gate}"] for gate in order], axis=-1) for part in "WUb"}


def steps_of(cell: str, w, x, inner=hard):
    """What a cell of Keras 1 says at each time step of x, (steps, features).

    Source: the methods `step` in keras/layers/recurrent.py of Keras 1.2.
    """
    h, c, said = np.zeros(UNITS), np.zeros(UNITS), []
    for xt in x:
        if cell == "SimpleRNN":
            h = np.tanh(xt @ w["W"] + h @ w["U"] + w["b"])
        elif cell == "GRU":
            z = inner(xt @ w["W_z"] + h @ w["U_z"] + w["b_z"])
            r = inner(xt @ w["W_r"] + h @ w["U_r"] + w["b_r"])
            h = z * h + (1 - z) * np.tanh(xt @ w["W_h"] + (r * h) @ w["U_h"] + w["b_h"])
        else:
            i, f, o = (inner(xt @ w[f"W_{gate}"] + h @ w[f"U_{gate}"] + w[f"b_{gate}"]) for gate in "ifo")
            c = f * c + i * np.tanh(xt @ w["W_c"] + h @ w["U_c"] + w["b_c"])
            h = o * np.tanh(c)
        said.append(h)
    return np.array(said)


def config_of(cell: str, consume_less: str, inner: str = "hard_sigmoid"):
    """The configuration of a recurrent layer of Keras 1."""
    own = {"activation": "tanh", "inner_init": "orthogonal", "consume_less": consume_less, "dropout_W": 0.1}
    gates = {} if cell == "SimpleRNN" else {"inner_activation": inner, "forget_bias_init": "one"}
    more = {"return_sequences": True, "go_backwards": False, "stateful": False, "unroll": False}
    return {"name": "cell", "output_dim": UNITS, "init": "glorot_uniform", **own, **gates, **more}


def keras_1(layers, arrays, version: str = "1.2.2") -> Path:
    """A whole model of Keras 1: a Sequential one, whose first layer says what is read."""
    layers[0]["config"]["batch_input_shape"] = [None, STEPS, FEATURES]
    with h5py.File("one.h5", "w") as file:
        if version:
            file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers}).encode()
        for layer, own in arrays.items():
            store(file.require_group("model_weights"), layer, own)
    return Path("one.h5")


@pytest.mark.parametrize(("cell", "consume_less"), product(GATES, ["cpu", "mem", "gpu"]))
@pytest.mark.parametrize("both", [True, False])
def test_a_model_of_keras_1_computes_what_its_formulas_say(cell, consume_less, both):
    inner, gates = ("sigmoid", sigmoid) if both else ("hard_sigmoid", hard)
    layer = {"class_name": cell, "config": config_of(cell, consume_less, inner)}
    ways = [random_gates(cell) for _ in range(2 if both else 1)]
    starts = ["forward_cell_", "backward_cell_"] if both else ["cell_"]
    own = {
        f"{start}{name}:0": array
        for start, way in zip(starts, ways, strict=True)
        for name, array in kept(cell, way, consume_less).items()
    }
    if both:
        config = {"name": "cell", "layer": layer, "merge_mode": "concat"}
        layer = {"class_name": "Bidirectional", "config": config}
    dense = {"name": "inside", "output_dim": 2, "activation": "relu", "init": "uniform", "bias": True}
    each = {"name": "each", "layer": {"class_name": "Dense", "config": {**dense, "W_constraint": None}}}
    kernel, bias = RANDOM.normal(size=(UNITS * len(ways), 2)), RANDOM.normal(size=2)
    path = keras_1(
        [layer, {"class_name": "TimeDistributed", "config": each}],
        {"cell": own, "each": {"inside_W:0": kernel, "inside_b:0": bias}},
    )
    x = RANDOM.normal(size=(10, STEPS, FEATURES), scale=2)
    states = [
        np.hstack(
            [
                steps_of(cell, ways[0], row, gates),
                *(steps_of(cell, w, row[::-1], gates)[::-1] for w in ways[1:]),
            ]
        )
        for row in x
    ]
    agree(read_model(path), x.swapaxes(1, 2), np.maximum(0, np.array(states) @ kernel + bias), 1e-12)


@pytest.mark.parametrize(("cell", "consume_less"), product(["LSTM", "GRU"], ["cpu", "gpu"]))
def test_weights_alone_of_keras_1_are_read(cell, consume_less):
    arrays = random_gates(cell)
    with h5py.File("one.h5", "w") as file:
        file.attrs["keras_version"] = b"1.2.0"
        store(file, "cell", {f"cell_{name}": a for name, a in kept(cell, arrays, consume_less).items()})
    x = RANDOM.normal(size=(10, STEPS, FEATURES), scale=2)
    expected = [steps_of(cell, arrays, row)[-1] for row in x]
    kind = {"LSTM": "lstm", "GRU": "gru-before"}[cell]
    agree(read_model(Path("one.h5"), description=described(kind)), x.swapaxes(1, 2), expected, 1e-12)


def test_a_whole_model_that_names_no_version_is_one_of_keras_1():
    """So Keras takes it; its hard sigmoid is the older one."""
    arrays = random_gates("GRU")
    own = {f"cell_{name}": array for name, array in arrays.items()}
    path = keras_1([{"class_name": "GRU", "config": config_of("GRU", "cpu")}], {"cell": own}, "")
    x = RANDOM.normal(size=(10, STEPS, FEATURES), scale=2)
    agree(read_model(path), x.swapaxes(1, 2), [steps_of("GRU", arrays, row) for row in x], 1e-12)


def test_sizes_of_keras_1_that_its_configuration_does_not_have_are_told():
    own = {f"cell_{name}": array for name, array in random_gates("LSTM").items()}
    config = {**config_of("LSTM", "cpu"), "output_dim": 7}
    path = keras_1([{"class_name": "LSTM", "config": config}], {"cell": own})
    with pytest.raises(ModelError, match=r"layer cell: its configuration says output_dim = 7, .* are of 2"):
        read_model(path)


def test_textgenrnn_has_sigmoid_gates_whatever_the_version():
    """As textgenrnn/model.py builds it where there is no CuDNN: the weights of such a file do not tell."""
    shapes = {
        "embedding": {"embeddings": (4, 3)},
        "rnn_1": {"kernel": (3, 8), "recurrent_kernel": (2, 8), "bias": (8,)},
        "rnn_2": {"kernel": (2, 8), "recurrent_kernel": (2, 8), "bias": (8,)},
        "attention": {"attention_W": (7, 1)},
        "output": {"kernel": (7, 4), "bias": (4,)},
    }
    with h5py.File("text.hdf5", "w") as file:
        file.attrs["keras_version"] = b"2.2.4"
        for layer, own in shapes.items():
            store(file, layer, {f"{layer}/{name}:0": RANDOM.normal(size=own[name]) for name in own})
    draft, _ = read_hdf5(Path("text.hdf5"), Description())
    assert [layer.gate_activation for layer in draft.layers if layer.kind == "lstm"] == ["sigmoid"] * 2
    assert assumed(draft, "gates") == []


def test_a_name_with_a_slash_is_no_part_of_another(keras):
    """In Keras 2 a layer may be called as what is inside the folder of another."""
    names, arrays = ("a", "a/b", "a/b/c"), [RANDOM.normal(size=(FEATURES, FEATURES)) for _ in range(3)]
    layers = [
        {"class_name": "Dense", "config": {"name": name, "units": FEATURES, "activation": "tanh"}}
        for name in names
    ]
    own = {name: {f"{name}/kernel:0": array} for name, array in zip(names, arrays, strict=True)}
    path = keras_1(layers, own, "2.4.0")
    x = RANDOM.normal(size=(10, STEPS, FEATURES))
    expected = np.tanh(np.tanh(np.tanh(x @ arrays[0]) @ arrays[1]) @ arrays[2])
    agree(read_model(path), x.swapaxes(1, 2), expected, 1e-12)


def test_layers_that_only_keras_1_has_are_named():
    config = {"name": "way", "output_dim": 2}
    path = keras_1([{"class_name": "Highway", "config": config}], {"way": {"way_W": np.ones((3, 3))}})
    with pytest.raises(ModelError, match="layer way: Highway is not supported"):
        read_model(path)


@pytest.mark.slow
@pytest.mark.parametrize("inner", ["hard_sigmoid", "sigmoid"])
def test_a_file_that_keras_cannot_load_is_no_failure_of_the_proof(keras, tmp_path, inner):
    """`--check-against framework` says that it has nothing to compare with; without it all is written."""
    own = {f"cell_{name}": array for name, array in random_gates("LSTM").items()}
    keras_1([{"class_name": "LSTM", "config": config_of("LSTM", "cpu", inner)}], {"cell": own})
    ended = rnnsheet("import", "one.h5", "--check-against", "framework", cwd=tmp_path)
    told = ended.stderr
    assert (ended.returncode, told.count("\n")) == (2, 1)
    reason = "computes the hard sigmoid" if inner == "hard_sigmoid" else "cannot load this file"
    assert f"Keras {keras.__version__} {reason}" in told
    assert "without --check-against framework the workbook is written" in told
    assert "nothing was written" not in told
    assert rnnsheet("import", "one.h5", cwd=tmp_path).returncode == 0
    assert rnnsheet("check", "one.xlsx", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("both", [True, False])
def test_a_stateful_layer_is_said_to_start_anew(keras, both):
    given = keras.Input((STEPS, FEATURES), batch_size=2)
    layer = keras.layers.LSTM(2, stateful=True)
    layer = keras.layers.Bidirectional(layer) if both else layer
    layer.name = "goes"
    model = keras.Model(given, layer(given))
    written(model, "keras")
    draft, _ = read_archive(Path("model.keras"), read_description(described("lstm")))
    assert assumed(draft, "stateful") == [{"layer": "goes"}]
    assert "goes is stateful" in labels("en")("assumed.stateful", layer="goes")


def test_a_hard_sigmoid_of_keras_3_is_compared(keras):
    model = recurrent(keras, "lstm", "hard_sigmoid")
    assert greatest_difference(Path("model.keras"), written(model, "keras")) < 1e-6
