"""Keras files, read without Keras, against Keras' own forward pass of the same file."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.models import read
from tests.networks import agree, result

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")

TOKENS, STEPS = 12, 6
RANDOM = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Models are written into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def float64(keras):
    """Keras in float64."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def randomize(model, random) -> None:
    """Gives every weight a random value: biases too."""
    model.set_weights([random.normal(size=w.shape, scale=0.5).astype(w.dtype) for w in model.get_weights()])


def written(model, way: str):
    """The network in the model's file in one of its forms."""
    model.save(f"model.{way}")
    return read(Path(f"model.{way}"))


def random_recurrent(choose, keras, returns: bool):
    """A recurrent layer with random options."""
    layers = keras.layers
    squash = choose("tanh", "relu", "sigmoid", "linear", "hard_sigmoid")
    more = {"use_bias": choose(True, False), "return_sequences": returns, "dropout": 0.3}
    kind = choose("rnn", "lstm", "gru", "gru-before")
    if kind != "rnn":
        more["recurrent_activation"] = choose("sigmoid", "hard_sigmoid")
    if kind.startswith("gru"):
        more["reset_after"] = kind == "gru"
    cell = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM}.get(kind, layers.GRU)
    way = choose("forward", "backward", "concat", "sum", "mul", "ave")
    more["go_backwards"] = way == "backward" and not returns
    layer = cell(choose(1, 2, 3, 4), squash, **more)
    return layer if way in ("forward", "backward") else layers.Bidirectional(layer, way)


def random_model(random, keras):
    """A stack of layers as people make them, and five inputs."""
    layers = keras.layers

    def choose(*options):
        return options[random.integers(len(options))]

    masks = choose(True, False)
    if choose(True, False):
        stack = [keras.Input((STEPS,)), layers.Embedding(TOKENS, 3, mask_zero=masks)]
        x = texts(random, 5, STEPS, TOKENS)
    else:
        stack = [keras.Input((STEPS, 3))]
        x = random.normal(size=(5, STEPS, 3))
    depth, reads = choose(1, 2, 3), choose("last", "all", "flatten")
    for level in range(depth):
        stack.append(random_recurrent(choose, keras, returns=level < depth - 1 or reads != "last"))
        stack.append(choose(layers.Dropout, layers.GaussianNoise)(0.2))
    both = any(isinstance(layer, layers.Bidirectional) for layer in stack)
    if reads == "flatten" and not (masks and both):
        stack.append(layers.Flatten())
    elif reads == "all" and choose(True, False):
        stack.append(layers.TimeDistributed(layers.Dense(2, "softmax")))
    stack.append(layers.Dense(4, choose("relu", "tanh", "hard_sigmoid")))
    end = choose("softmax", "sigmoid", None)
    stack.append(layers.Dense(3, end, use_bias=choose(True, False)))
    if end is None:
        # Keras cannot compute its own Softmax at each step of a masked text.
        stack.append(layers.ReLU() if masks else layers.Softmax())
    model = keras.Sequential(stack)
    randomize(model, random)
    return model, x


def texts(random, count: int, steps: int, tokens: int):
    """Token numbers (count, steps) after 0 to `steps` - 1 zeros."""
    lengths = random.integers(1, steps + 1, count)
    return np.array([[0] * (steps - n) + random.integers(1, tokens, n).tolist() for n in lengths])


def typed(row):
    """What a person types for an input: a text without its padding, or (features, steps)."""
    return row[np.argmax(row > 0) :] if row.ndim == 1 else row.T


@pytest.mark.parametrize("seed", range(40))
def test_any_model_agrees_with_keras_in_float64(float64, seed):
    model, x = random_model(np.random.default_rng(seed), float64)
    expected = model(x).detach().numpy()
    network = written(model, "keras" if seed % 2 else "h5")
    assert network.precision == "float64"
    for row, theirs in zip(x, expected, strict=True):
        # What a model says at each time step is of no meaning where there is padding.
        start = int(np.argmax(row > 0)) if row.ndim == theirs.ndim - 1 == 1 else 0
        ours, theirs = result(network, typed(row))[start:], np.atleast_2d(theirs)[start:]
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def article(keras, embedding: bool):
    """The network of the article on tweets, or the one that it meant, made smaller."""
    layers = keras.layers
    first = [keras.Input((15,)), layers.Embedding(50, 20)] if embedding else [keras.Input((15, 1))]
    return keras.Sequential(
        [
            *first,
            layers.SimpleRNN(20, activation="relu"),
            layers.Dense(40, activation="sigmoid"),
            layers.Dense(30, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("embedding", [False, True])
def test_the_article_s_network_agrees_on_100_texts_in_float32(keras, embedding):
    model = article(keras, embedding)
    x = texts(RANDOM, 100, 15, 50)
    scaled = x if embedding else x[..., None] / 10
    model.save("article.keras")
    Path("words.json").write_text(json.dumps({str(number): number for number in range(1, 50)}))
    network = read(Path("article.keras"), Path("words.json") if embedding else None)
    assert (network.read.steps, network.precision) == (15, "float32")
    reads = [*map(typed, x)] if embedding else [row.T for row in scaled]
    agree(network, reads, model(scaled).detach().numpy(), 1e-6)


def test_token_numbers_without_an_embedding_are_read_of_a_text(keras):
    written(article(keras, embedding=False), "keras")
    Path("words.txt").write_text("\nbad\ngood\nmovie\n")
    network = read(Path("model.keras"), Path("words.txt"))
    numbers = np.array([[0.0] * 12 + [2, 3, 2]])
    model = keras.saving.load_model("model.keras")
    agree(network, ["Good movie, unseen: GOOD!"], model(numbers[..., None]).detach().numpy(), 1e-6)


def test_a_graph_of_layers_agrees_with_keras(keras):
    layers = keras.layers
    read_in = keras.Input((STEPS,))
    words = layers.Embedding(TOKENS, 4)(read_in)
    shared = layers.Dense(4, activation="tanh")
    ways = [
        layers.Bidirectional(layers.GRU(2, return_sequences=True))(words),
        layers.Multiply()([shared(words), shared(layers.LSTM(4, return_sequences=True)(words))]),
        layers.Average()([layers.Add()([words, words]), words]),
    ]
    both = layers.Concatenate()(ways)
    last = layers.LSTM(3, go_backwards=True)(layers.SpatialDropout1D(0.5)(both))
    out = layers.Dense(3, activation="softmax")(layers.concatenate([last, layers.Flatten()(words)], axis=1))
    model = keras.Model(read_in, out)
    randomize(model, RANDOM)
    x = RANDOM.integers(1, TOKENS, (100, STEPS))
    for way in ("keras", "h5"):
        agree(written(model, way), x, model(x).detach().numpy(), 1e-6)


def test_several_layers_of_one_class_keep_their_own_weights(keras):
    model = keras.Sequential(
        [keras.Input((3, 1)), *(keras.layers.SimpleRNN(1, return_sequences=True) for _ in range(12))]
    )
    randomize(model, RANDOM)
    x = RANDOM.normal(size=(3, 3, 1))
    for way in ("keras", "h5"):
        agree(written(model, way), x.swapaxes(1, 2), model(x).detach().numpy(), 1e-6)


LAYERS = """
labels = ["bad", "good"]
[text]
steps = 6
masked = true
[[layers]]
name = "words"
kind = "embedding"
weights = "{0}embedding/*"
[[layers]]
name = "there"
kind = "lstm"
weights = "{0}bidirectional/forward_l*"
[[layers]]
name = "back"
kind = "lstm"
reads = ["words"]
weights = "{0}bidirectional/{1}backward_l*"
reverse = true
[[layers]]
name = "ends"
kind = "last"
reads = ["there"]
[[layers]]
name = "starts"
kind = "last"
reads = ["back"]
[[layers]]
name = "head"
kind = "dense"
reads = ["ends", "starts"]
activation = "sigmoid"
weights = "{0}dense/*"
"""


@pytest.mark.parametrize("newer", [True, False])
def test_weights_alone_need_a_description(keras, newer):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Embedding(9, 3, mask_zero=True, name="embedding"),
            layers.Bidirectional(layers.LSTM(2), name="bidirectional"),
            layers.Dense(1, activation="sigmoid", name="dense"),
        ]
    )
    randomize(model, RANDOM)
    path = Path("a.weights.h5")
    if newer:
        model.save_weights(path)
    else:
        from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

        with h5py.File(path, "w") as file:
            save_weights_to_hdf5_group(file, model)
    with pytest.raises(ModelError, match=r"\[\[layers\]\]"):
        read(path)
    text = (
        LAYERS.format("layers/", "")
        if newer
        else LAYERS.format("", "")
        .replace("bidirectional/forward", "bidirectional/*forward")
        .replace("bidirectional/backward", "bidirectional/*backward")
    )
    Path("layers.toml").write_text(text)
    network = read(path, description=Path("layers.toml"))
    x = texts(RANDOM, 100, 6, 9)
    agree(network, map(typed, x), model(x).detach().numpy(), 1e-6)
