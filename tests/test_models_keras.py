"""Keras files, read without Keras, against Keras' own forward pass of the same file."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnsheet import api
from rnnsheet.checking.engines import ALL, chosen
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.parity import greatest_difference
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.networks import agree, result

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")

TOKENS, STEPS = 12, 6
RANDOM = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Models are written into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def randomize(model, random) -> None:
    """Gives every weight a random value: biases too."""
    model.set_weights([random.normal(size=w.shape, scale=0.5).astype(w.dtype) for w in model.get_weights()])


def written(model, way: str, steps: int | None = None):
    """The network in the model's file in one of its forms."""
    model.save(f"model.{way}")
    return read_model(Path(f"model.{way}"), steps=steps)


def random_recurrent(choose, keras, returns: bool):
    """A recurrent layer with random options."""
    layers = keras.layers
    activation = choose("tanh", "relu", "sigmoid", "linear", "hard_sigmoid")
    more = {"use_bias": choose(True, False), "return_sequences": returns, "dropout": 0.3}
    kind = choose("rnn", "lstm", "gru", "gru-before")
    if kind != "rnn":
        more["recurrent_activation"] = choose("sigmoid", "hard_sigmoid")
    if kind.startswith("gru"):
        more["reset_after"] = kind == "gru"
    cell = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM}.get(kind, layers.GRU)
    way = choose("forward", "backward", "concat", "sum", "mul", "ave")
    more["go_backwards"] = way == "backward" and not returns
    more["zero_output_for_mask"] = returns and choose(True, False)
    layer = cell(choose(1, 2, 3, 4), activation, **more)
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
    if reads == "flatten":
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_any_model_agrees_with_keras_in_float64(float64, seed):
    model, x = random_model(np.random.default_rng(seed), float64)
    expected = model(x).detach().numpy()
    network = written(model, "keras" if seed % 2 else "h5")
    assert network.precision == "float64"
    for row, theirs in zip(x, expected, strict=True):
        ours = result(network, typed(row))
        np.testing.assert_allclose(ours, np.atleast_2d(theirs), rtol=1e-12, atol=1e-12)


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
    network = read_model(Path("article.keras"), Path("words.json") if embedding else None)
    assert (network.read.steps, network.precision) == (15, "float32")
    reads = [*map(typed, x)] if embedding else [row.T for row in scaled]
    agree(network, reads, model(scaled).detach().numpy(), 1e-6)


LONG = (
    "w9 " * 130 + "w30 " * 130,
    "w9 " * 60 + "unheard w7 " * 3 + "w30",
    "w1 w2 " * 8,
    "unheard " * 40 + "w3 " * 15,
)


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_a_text_of_any_length_is_cut_as_keras_cuts_it(keras, tmp_path, padding):
    """`pad_sequences`, by default, keeps the end of what is too long; the answer is compared in workbooks."""
    model = article(keras, embedding=True)
    model.save("article.keras")
    Path("words.json").write_text(json.dumps({f"w{number}": number for number in range(1, 50)}))
    network = read_model(Path("article.keras"), Path("words.json"))
    end = {"pre": "before", "post": "after"}[padding]
    for number, text in enumerate(LONG):
        known = [int(word[1:]) for word in text.split() if word != "unheard"]
        given = keras.utils.pad_sequences([known], maxlen=15, padding=padding, truncating=padding)
        expected = model(given).detach().numpy()
        typed = replace(network, read=replace(network.read, sample=text, padding=end))
        agree(typed, [text], expected, 1e-6)
        path = api.export(typed, tmp_path / f"long{number}-{padding}.xlsx")
        name = f"p_{typed.result.name}"
        area = next(block.area for block in plan(typed, "en").blocks() if block.name == name)
        # formulon, which loads slowly, computes such books in other tests; one text is enough for the slower.
        engines = chosen("ironcalc") if number else [each for each in chosen(ALL) if each.NAME != "formulon"]
        with recalculations(engines, read(opened(path))) as running:
            for each in running.values():
                np.testing.assert_allclose(each.values().of(area), expected[0], rtol=1e-6, atol=1e-6)


def test_token_numbers_without_an_embedding_are_read_of_a_text(keras):
    written(article(keras, embedding=False), "keras")
    Path("words.txt").write_text("\nbad\ngood\nmovie\n")
    network = read_model(Path("model.keras"), Path("words.txt"))
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


def test_a_graph_with_masks_agrees_with_keras(keras):
    """Keras 3 hands the mask of an Embedding on as a layer of its own, NotEqual; any other is refused."""
    layers = keras.layers
    given = keras.Input((STEPS,))
    words = layers.Embedding(TOKENS, 4, mask_zero=True)(given)
    over = layers.Bidirectional(layers.GRU(3, return_sequences=True))(words)
    both = layers.Concatenate()([layers.LSTM(3)(words), layers.SimpleRNN(2)(over)])
    model = keras.Model(given, layers.Dense(3, activation="softmax")(both))
    randomize(model, RANDOM)
    x = texts(RANDOM, 20, STEPS, TOKENS)
    for way in ("keras", "h5"):
        agree(written(model, way), map(typed, x), model(x).detach().numpy(), 1e-6)
    other = layers.LSTM(3)(words, mask=keras.ops.not_equal(given, 5))
    keras.Model(given, layers.Dense(3)(other)).save("other.keras")
    with pytest.raises(ModelError, match="mask is not supported"):
        read_model(Path("other.keras"))


@pytest.mark.parametrize("merge", ["Concatenate", "Add", "Multiply", "Average"])
def test_a_merge_of_masked_sequences_stays_masked(keras, merge):
    layers = keras.layers
    given = keras.Input((STEPS,))
    words = layers.Embedding(TOKENS, 4, mask_zero=True)(given)
    ways = [layers.LSTM(3, return_sequences=True)(words), layers.GRU(3, return_sequences=True)(words)]
    model = keras.Model(given, layers.Dense(2)(layers.LSTM(3)(getattr(layers, merge)()(ways))))
    randomize(model, RANDOM)
    x = texts(RANDOM, 20, STEPS, TOKENS)
    for way in ("keras", "h5"):
        agree(written(model, way), map(typed, x), model(x).detach().numpy(), 1e-6)


def test_a_model_of_a_fixed_number_of_time_steps_reads_no_other(keras):
    fixed = keras.Sequential([keras.Input((STEPS, 2)), keras.layers.GRU(3)])
    with pytest.raises(ModelError, match=f"reads {STEPS} time steps and no other number, but 2 were asked"):
        written(fixed, "keras", steps=2)
    free = keras.Sequential([keras.Input((None, 2)), keras.layers.GRU(3)])
    assert written(free, "keras", steps=2).read.steps == 2


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
arrays = "{0}embedding/*"
[[layers]]
name = "there"
kind = "lstm"
arrays = "{0}bidirectional/forward_l*"
[[layers]]
name = "back"
kind = "lstm"
reads = ["words"]
arrays = "{0}bidirectional/{1}backward_l*"
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
arrays = "{0}dense/*"
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
        read_model(path)
    text = (
        LAYERS.format("layers/", "")
        if newer
        else LAYERS.format("", "")
        .replace("bidirectional/forward", "bidirectional/*forward")
        .replace("bidirectional/backward", "bidirectional/*backward")
    )
    Path("layers.toml").write_text(text)
    network = read_model(path, description=Path("layers.toml"))
    with pytest.raises(ModelError, match="holds weights alone"):
        greatest_difference(path.rename("a.h5"), network)
    x = texts(RANDOM, 100, 6, 9)
    agree(network, map(typed, x), model(x).detach().numpy(), 1e-6)


def test_what_several_layers_cannot_do_together_is_named(keras):
    layers = keras.layers
    tokens = keras.Input((5,))
    masked, plain = layers.Embedding(9, 3, mask_zero=True, name="one"), layers.Embedding(9, 3, name="two")
    less = layers.Subtract(name="less")([masked(tokens), masked(tokens)])
    begun = layers.GRU(3, name="begun")(plain(tokens), initial_state=layers.GRU(3)(plain(tokens)))
    for last, told in (
        (
            layers.Add()([masked(tokens), plain(tokens)]),
            "layer two: of several Embedding layers all, or none",
        ),
        (less, "layer less: Subtract is not supported"),
        (begun, "layer begun: GRU, initial_state is not supported"),
    ):
        keras.Model(tokens, layers.Dense(2)(last)).save("a.keras")
        with pytest.raises(ModelError, match=told):
            read_model(Path("a.keras"))


@pytest.mark.parametrize("after", [True, False])
def test_the_two_forms_of_a_gru_are_told_from_each_other(keras, after):
    """By its bias, of two rows or one: the other form's arithmetic would give other numbers in silence."""
    kind, other = ("gru", "gru-before") if after else ("gru-before", "gru")
    network = keras.Sequential([keras.Input((5, 3)), keras.layers.GRU(4, reset_after=after)])
    network.save_weights("one.weights.h5")
    lesson, text = Path("one.toml"), '[numbers]\nsteps = 5\nfeatures = 3\n[[layers]]\nname = "a"\n'
    lesson.write_text(f'{text}kind = "{kind}"\narrays = "*"')
    assert read_model(Path("one.weights.h5"), description=lesson).layers[0].kind == kind
    lesson.write_text(f'{text}kind = "{other}"\narrays = "*"')
    told = f"^one.toml: layer a: its bias has the shape {'2×12' if after else '12'}, as .* {kind} has it"
    with pytest.raises(ModelError, match=told):
        read_model(Path("one.weights.h5"), description=lesson)


def test_a_pattern_that_fits_the_arrays_of_several_layers_is_refused(keras):
    """One layer would have the weights of another, and the answers would be wrong in silence."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(2)])
    model.save_weights("two.weights.h5")
    lesson = Path("two.toml")
    lesson.write_text('[[layers]]\nname = "a"\nkind = "dense"\narrays = "*dense*"\n')
    with pytest.raises(ModelError, match=r"layer a: 4 arrays fit .*expected 1/2 for the kind dense"):
        read_model(Path("two.weights.h5"), description=lesson)


def cudnn(kernel, recurrent, bias, gates: int):
    """A layer's weights as CuDNNLSTM and CuDNNGRU keep them.

    Source: transform_kernels and transpose_input in keras/engine/saving.py of Keras 2.2.
    """

    def each(matrix, change):
        return np.hstack([change(part) for part in np.split(matrix, gates, axis=1)])

    twice = bias if bias.ndim == 2 else np.stack([bias - 0.25, np.full_like(bias, 0.25)])
    return [
        each(kernel, lambda part: part.T.reshape(part.shape)),
        each(recurrent, lambda part: part.T),
        twice.reshape(-1),
    ]


def test_a_graph_of_keras_2_with_cudnn_layers_and_its_hard_sigmoid(keras):
    layers = keras.layers

    def hard(z):
        return keras.ops.clip(0.2 * z + 0.5, 0, 1)

    x = keras.Input((5, 3))
    lstm, gru = layers.LSTM(4, return_sequences=True), layers.GRU(2)
    last = layers.GRU(3, reset_after=False, recurrent_activation=hard)
    model = keras.Model(x, layers.Concatenate()([gru(lstm(x)), last(lstm(x))]))
    randomize(model, RANDOM)
    stored = {
        "a": cudnn(*lstm.get_weights(), 4),
        "b": cudnn(*gru.get_weights(), 3),
        "c": last.get_weights(),
    }
    nodes = {"x": [], "a": ["x"], "b": ["a"], "c": ["a"], "both": ["b", "c"]}
    configs = {
        "x": ("InputLayer", {"batch_input_shape": [None, 5, 3]}),
        "a": ("CuDNNLSTM", {"units": 4, "return_sequences": True}),
        "b": ("CuDNNGRU", {"units": 2, "return_sequences": False}),
        "c": ("GRU", {"activation": "tanh", "recurrent_activation": "hard_sigmoid", "reset_after": False}),
        "both": ("Concatenate", {"axis": -1}),
    }
    described = [
        {
            "name": name,
            "class_name": kind,
            "config": {"name": name, "dtype": "float32", **config},
            "inbound_nodes": [[[before, 0, 0, {}] for before in nodes[name]]] if nodes[name] else [],
        }
        for name, (kind, config) in configs.items()
    ]
    config = {"layers": described, "input_layers": [["x", 0, 0]], "output_layers": [["both", 0, 0]]}
    with h5py.File("old.h5", "w") as file:
        file.attrs["keras_version"] = b"2.2.4"
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config}).encode()
        for name, arrays in stored.items():
            group = file.create_group(f"model_weights/{name}")
            names = [f"{name}/{part}:0" for part in ("kernel", "recurrent_kernel", "bias")]
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, arrays, strict=True):
                group[each] = array
    inputs = RANDOM.normal(size=(100, 5, 3))
    network = read_model(Path("old.h5"))
    assert network.layer("c").gate_activation == "hard_sigmoid_keras2"
    agree(network, inputs.swapaxes(1, 2), model(inputs).detach().numpy(), 1e-6)


def test_the_format_of_keras_2_13_to_2_15(keras):
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    randomize(model, RANDOM)
    model.save("new.keras")
    with zipfile.ZipFile("new.keras") as new, zipfile.ZipFile("old.keras", "w") as old:
        old.writestr("config.json", new.read("config.json"))
        old.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        Path("weights.h5").write_bytes(new.read("model.weights.h5"))
        with h5py.File("weights.h5", "r+") as file:
            file.move("layers", "_layer_checkpoint_dependencies")
        old.write("weights.h5", "model.weights.h5")
    x = RANDOM.normal(size=(9, 4, 2))
    agree(read_model(Path("old.keras")), x.swapaxes(1, 2), model(x).detach().numpy(), 1e-6)


def textgenrnn():
    """The folder of the package, which cannot be imported without TensorFlow."""
    from importlib.util import find_spec

    spec = find_spec("textgenrnn")
    if not spec or not spec.origin:
        pytest.skip("textgenrnn is not installed: pip install --no-deps textgenrnn==2.0.0")
    return Path(spec.origin).parent


def read_textgenrnn():
    folder = textgenrnn()
    return read_model(folder / "textgenrnn_weights.hdf5", folder / "textgenrnn_vocab.json")


@pytest.mark.slow
def test_textgenrnn_agrees_with_the_same_network_in_keras(float64):
    """The network as textgenrnn/model.py builds it; the attention as its AttentionWeightedAverage.

    In float64, because the network amplifies roundings after odd letters: those of float32 to 6e-4 of a
    probability, those of float64 to 1e-11.
    """
    layers, ops, network = float64.layers, float64.ops, read_textgenrnn()
    with h5py.File(textgenrnn() / "textgenrnn_weights.hdf5") as file:
        stored = {
            name: [file[name][n][()].astype(float) for n in file[name].attrs["weight_names"]] for name in file
        }
    x = float64.Input((40,))
    words = layers.Embedding(465, 100)
    first, second = (layers.LSTM(128, return_sequences=True) for _ in range(2))
    low = first(words(x))
    both = float64.Model(x, layers.concatenate([words(x), low, second(low)]))
    head = layers.Dense(465, activation="softmax")
    head.build((None, 356))
    words.set_weights(stored["embedding"])
    head.set_weights(stored["output"])
    for layer, name in ((first, "rnn_1"), (second, "rnn_2")):
        kernel, recurrent, bias = stored[name]
        unpacked = np.hstack([k.reshape(k.shape[::-1]).T for k in np.split(kernel, 4, axis=1)])
        layer.set_weights(
            [unpacked, np.hstack([k.T for k in np.split(recurrent, 4, axis=1)]), bias.reshape(2, -1).sum(0)]
        )
    vocabulary = json.loads((textgenrnn() / "textgenrnn_vocab.json").read_text())
    letters = [letter for letter in vocabulary if len(letter) == 1 and letter.isprintable()]
    typed_texts = ["".join(RANDOM.choice(letters, RANDOM.integers(0, 60))) for _ in range(98)] + [
        "",
        "I 🐈 u",
    ]
    encoded = [[464, *(vocabulary.get(letter, 0) for letter in text)][-40:] for text in typed_texts]
    states = both(np.array([[0] * (40 - len(row)) + row for row in encoded]))
    scores = ops.exp(ops.matmul(states, stored["attention"][0]))
    shares = scores / ops.sum(scores, axis=1, keepdims=True)
    expected = head(ops.sum(shares * states, axis=1)).detach().numpy()
    assert (network.read.unit, network.read.steps, len(network.labels)) == ("letters", 40, 465)
    agree(network, typed_texts, expected, 1e-10)


def test_textgenrnn_s_network_knows_english():
    """A wrong layout of weights would give every letter about 1/465."""
    network, text = read_textgenrnn(), "How to get better at programming in Python?"
    numbers = network.read.numbers
    surprise = [-np.log(result(network, text[:n])[0, numbers[text[n]]]) for n in range(len(text))]
    assert np.mean(surprise) < 2
