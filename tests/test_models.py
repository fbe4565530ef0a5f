"""Files that are no trained networks, or bad ones; vocabularies and descriptions."""

import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.description import KNOWN, read_description
from rnnsheet.importers.network_input import never_typed
from rnnsheet.importers.vocabulary import read_vocabulary
from tests.command import rnnsheet

INSTALL = "is not installed: pip install -e '.[dev]'"
h5py = pytest.importorskip("h5py", reason=f"h5py {INSTALL}")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(path: str, match: str, **more) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        read_model(Path(path), **more)
    for language in ("en", "zh"):
        told = caught.value.text(language)
        assert told.startswith(path.partition(".")[0]) and "\n" not in told


def layer(kind: str, name: str = "", **config) -> dict:
    """A layer as a Keras file describes it."""
    name = name or kind.lower()
    return {"class_name": kind, "name": name, "config": {"name": name, "dtype": "float32", **config}}


def keras_h5(layers, weights, path: str = "a.h5", version: str = "3.5.0") -> None:
    """Writes a Sequential model that reads (steps 4, features 2), or 4 tokens where it begins so."""
    reads_tokens = [each["class_name"] for each in layers[:1]] == ["Embedding"]
    first = layer("InputLayer", batch_shape=[None, 4] if reads_tokens else [None, 4, 2])
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(model)
        file.create_group("model_weights")
        for name, arrays in weights.items():
            group = file.create_group(f"model_weights/{name}")
            group.attrs["weight_names"] = [f"{name}/{n}".encode() for n in range(len(arrays))]
            for n, array in enumerate(arrays):
                group[f"{name}/{n}"] = array


DENSE = layer("Dense", units=3, activation="linear", use_bias=True)
GOOD = [np.ones((2, 3)), np.ones(3)]


def every_format() -> list[Path]:
    """A small file of each format, all right."""
    onnx, torch = pytest.importorskip("onnx"), pytest.importorskip("torch")
    keras_h5([DENSE], {"dense": GOOD})
    with h5py.File("weights.h5", "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = GOOD
    model = {
        "class_name": "Sequential",
        "config": {"layers": [layer("InputLayer", batch_shape=[None, 4, 2]), DENSE]},
    }
    with zipfile.ZipFile("a.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.write("weights.h5", "model.weights.h5")
    states = {"fc.weight": np.ones((3, 2), np.float32), "fc.bias": np.ones(3, np.float32)}
    np.savez("a.npz", **states)
    torch.save({name: torch.tensor(array) for name, array in states.items()}, "a.pt")
    header, content = {}, b""
    for name, array in states.items():
        end = len(content) + array.nbytes
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(content), end]}
        content += array.tobytes()
    packed = json.dumps(header).encode()
    Path("a.safetensors").write_bytes(len(packed).to_bytes(8, "little") + packed + content)
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in states.items()]
    x, y = (
        make.make_tensor_value_info(name, floats, shape) for name, shape in (("x", (1, 4, 2)), ("y", None))
    )
    nodes = [make.make_node("Gemm", ["x", "fc.weight", "fc.bias"], ["y"], transB=1)]
    onnx.save(make.make_model(make.make_graph(nodes, "g", [x], [y], tensors)), "a.onnx")
    Path("a.toml").write_text('[network]\noutput = "linear"\n[numbers]\nsteps = 4')
    Path("steps.toml").write_text("[numbers]\nsteps = 4")
    return [Path(f"a.{ending}") for ending in ("h5", "keras", "npz", "pt", "safetensors", "onnx")]


def test_any_damage_is_one_line():
    random = np.random.default_rng(0)
    for path in every_format():
        whole = path.read_bytes()
        described = Path("a.toml" if path.suffix in (".npz", ".pt", ".safetensors") else "steps.toml")
        network = read_model(path, description=described)
        assert [each.kind for each in network] == ["dense"] and network.read.steps == 4
        damaged = [whole[:cut] for cut in (0, 1, 7, 9, 30, *random.integers(0, len(whole), 10))]
        for _ in range(15):
            flipped = bytearray(whole)
            flipped[random.integers(0, len(whole))] ^= 1 << random.integers(0, 8)
            damaged.append(bytes(flipped))
        for content in damaged:
            path.write_bytes(content)
            try:
                read_model(path, description=described)
            except ModelError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("content", [b"hello, world", b"\x89PNG\r\n\x1a\n" + bytes(50), bytes(100)])
def test_a_foreign_file_is_no_network(content):
    for name in ("a.keras", "a.h5", "a.pt", "a.npz", "a.bin"):
        Path(name).write_bytes(content)
        refused(name, "not a trained network")
    refused("none.h5", "no such file")


def test_a_zip_of_something_else():
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused("a.zip", "not a trained network")


def test_weights_that_are_not_finite():
    keras_h5([DENSE], {"dense": [np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0]]), np.ones(3)]})
    refused("a.h5", "layer dense: Wa has a number that is not finite, in row 2, column 2")


def test_weights_of_another_shape():
    keras_h5([DENSE], {"dense": [np.ones((5, 3)), np.ones(3)]})
    refused("a.h5", "layer dense: Wa has the shape 3×5, 3×2 was expected")
    keras_h5([DENSE], {})
    refused("a.h5", "layer dense: the file holds no weights of it")


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([layer("Lambda", function="aW1wb3J0IG9z")], "lambda: Lambda would run code"),
        ([{**layer("Mine", "my own"), "module": "my.package"}], "my own: Mine would run code"),
        ([layer("Conv1D", filters=3)], "layer conv1d: Conv1D is not supported"),
        ([layer("Dense", units=3, activation="gelu")], "layer dense: the activation gelu is not supported"),
        ([layer("SimpleRNN", units=3, activation="softmax")], "layer simplernn: the activation softmax"),
        ([layer("ReLU", max_value=6.0)], "layer relu: ReLU"),
        ([layer("Softmax", axis=1)], "layer softmax: Softmax"),
        ([layer("LSTM", go_backwards=True, return_sequences=True)], "layer lstm: go_backwards"),
        ([layer("TimeDistributed", layer=layer("Conv1D"))], "layer timedistributed: TimeDistributed"),
        ([layer("Embedding"), layer("Embedding", "second")], "layer second: Embedding"),
        (
            [layer("Bidirectional", merge_mode=None, layer=layer("LSTM"))],
            "layer bidirectional: Bidirectional",
        ),
    ],
)
def test_layers_of_keras_that_are_not_supported_are_named(layers, told):
    arrays = [np.ones((2, 3)), np.ones((3, 3))]
    counts = {each["name"]: 1 if each["class_name"] == "Embedding" else 2 for each in layers}
    keras_h5(layers, {name: arrays[:count] for name, count in counts.items()})
    refused("a.h5", told)


def test_a_model_of_its_own_class():
    keras_h5([], {})
    with h5py.File("a.h5", "r+") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "MyModel", "config": {"name": "mine"}})
    refused("a.h5", "mine: MyModel would run code")


def test_hdf5_never_leads_out_of_the_file():
    with h5py.File("secret.h5", "w") as file:
        file["numbers"] = np.ones((2, 3))
    layout = h5py.VirtualLayout((2, 3), "f8")
    layout[:] = h5py.VirtualSource("secret.h5", "numbers", (2, 3))
    Path("raw").write_bytes(bytes(48))
    for put in (
        lambda group: group.__setitem__("0", h5py.ExternalLink("secret.h5", "/numbers")),
        lambda group: group.__setitem__("0", h5py.SoftLink("/elsewhere")),
        lambda group: group.create_virtual_dataset("0", layout),
        lambda group: group.create_dataset("0", (2, 3), "f8", external=[("raw", 0, 48)]),
    ):
        keras_h5([DENSE], {"dense": []})
        with h5py.File("a.h5", "r+") as file:
            put(file["model_weights/dense"].create_group("dense"))
        refused("a.h5", "dense/0 is in another file or place")
    with h5py.File("a.h5", "r+") as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink("secret.h5", "/")
    refused("a.h5", "model_weights is in another file or place")


def bombs() -> list[Path]:
    """Files of a few kilobytes to megabytes that say they hold far more, or do."""
    keras_h5([DENSE], {"dense": []}, "huge.h5")
    with h5py.File("huge.h5", "r+") as file:
        file["model_weights/dense"].create_dataset("dense/0", (10**6, 10**6), "f4", chunks=(1000, 1000))
    with zipfile.ZipFile("weights.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w", force_zip64=True) as file:
            for _ in range(600):
                file.write(bytes(1 << 20))
    with zipfile.ZipFile("config.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (100 << 20))
    with zipfile.ZipFile("deep.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "[" * 10**6)
    with zipfile.ZipFile("header.npz", "w") as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }".ljust(117) + b"\n"
        archive.writestr("fc.weight.npy", b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header)
    with zipfile.ZipFile("wide.npz", "w") as archive:
        header = b"{'descr': '|S1000000000', 'fortran_order': False, 'shape': (3,), }".ljust(117) + b"\n"
        archive.writestr("fc.weight.npy", b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header)
    with (
        zipfile.ZipFile("zeros.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("fc.weight.npy", "w", force_zip64=True) as file,
    ):
        for _ in range(400):
            file.write(bytes(1 << 20))
    names = ("huge.h5", "weights.keras", "config.keras", "deep.keras", "header.npz", "wide.npz", "zeros.npz")
    return [Path(name) for name in names]


@pytest.mark.slow
def test_nothing_fills_the_memory():
    """Each file is refused by a process that may have no more than 1 GB, within ten seconds."""
    program = (
        "import sys; from pathlib import Path; from rnnsheet.importers import read_model\n"
        "from rnnsheet.errors import ModelError\n"
        "try: read_model(Path(sys.argv[1]))\nexcept ModelError as error: print(error); sys.exit(2)"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))

    for path in bombs():
        command = [sys.executable, "-c", program, str(path)]
        root = Path(__file__).parent.parent
        ended = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            timeout=10,
            preexec_fn=limit,
            env={"PYTHONPATH": str(root)},
        )
        assert ended.returncode == 2 and ended.stdout.count("\n") == 1, (path, ended.stdout, ended.stderr)
        assert "MemoryError" not in ended.stdout


def test_vocabularies_in_every_form():
    words = ["", "[UNK]", "good", "bad"]
    forms = {
        "lines.txt": "\n[UNK]\r\ngood\nbad\n",
        "list.json": json.dumps(words),
        "map.json": json.dumps({"[UNK]": 1, "good": 2, "bad": 3}),
        "tokenizer.json": json.dumps(
            json.dumps(
                {
                    "class_name": "Tokenizer",
                    "config": {
                        "num_words": 4,
                        "oov_token": "???",
                        "word_index": json.dumps({"???": 1, "good": 2, "bad": 3, "rare": 4}),
                    },
                }
            )
        ),
    }
    embedding_h5(masks=False)
    for name, text in forms.items():
        Path(name).write_text(text)
        expected = ("", "<unk>", "good", "bad") if name == "tokenizer.json" else tuple(words)
        assert read_model(Path("a.h5"), Path(name)).read.tokens == expected, name
    Path("signs.txt").write_bytes("[\na\x85b\n \n\x07\n".encode())
    assert read_model(Path("a.h5"), Path("signs.txt")).read.tokens == ("[", "a\x85b", " ", "")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("v.json", b'{"a": -1}', "not a vocabulary"),
        ("v.json", b'{"a": 1.5}', "not a vocabulary"),
        ("v.json", b'{"a": 99999999999}', "not a vocabulary"),
        ("v.json", b'["a", 2]', "not a vocabulary"),
        ("v.json", b"3", "not a vocabulary"),
        ("v.txt", b"the\t0\ndog\t1\n", r"'the\\t0' was found; expected one token per line"),
        ("v.json", b'["a", "a"]', "'a' twice"),
        ("v.json", b'["a"', "damaged"),
        ("v.json", b"[" * 100_000, "damaged"),
        ("v.txt", b"a\nb\na\n", "'a' twice"),
        ("v.txt", b"\xff\xff", "UTF-8"),
    ],
)
def test_bad_vocabularies(name, content, told):
    embedding_h5(masks=False)
    Path(name).write_bytes(content)
    with pytest.raises(ModelError, match=told) as caught:
        read_model(Path("a.h5"), Path(name))
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
def test_a_vocabulary_is_read_as_chinese_programs_save_it(tmp_path, encoding):
    (tmp_path / "v.txt").write_text("不\n很\n好\n", encoding)
    assert read_vocabulary(tmp_path / "v.txt").tokens == ("不", "很", "好")


def embedding_h5(masks: bool) -> None:
    keras_h5(
        [layer("Embedding", mask_zero=masks), layer("SimpleRNN", activation="tanh")],
        {"embedding": [np.ones((4, 3))], "simplernn": [np.ones((3, 2)), np.ones((2, 2))]},
    )


def test_a_vocabulary_must_fit_the_embedding():
    embedding_h5(masks=True)
    Path("short.json").write_text('["<pad>", "a", "b"]')
    refused(
        "a.h5",
        "the vocabulary has 3 tokens, but the network's embedding has 4 rows",
        vocabulary=Path("short.json"),
    )
    Path("good.json").write_text('["<pad>", "a", "b", "<unk>"]')
    network = read_model(Path("a.h5"), Path("good.json"))
    assert (network.read.unit, network.read.unknown, network.read.pad) == ("letters", 3, 0)
    assert (network.read.steps, network.read.masked, network.read.padding) == (4, True, "before")
    assert network.read.tokens == ("", "a", "b", "<unk>")
    keras_h5([DENSE], {"dense": GOOD})
    refused("a.h5", "takes no vocabulary", vocabulary=Path("good.json"))


def test_an_answer_that_nobody_could_see_has_a_sign():
    recurrent = [np.ones((6, 3)), np.ones((3, 6)), np.ones((6, 6))]
    keras_h5(
        [layer("Embedding"), layer("SimpleRNN", activation="tanh")],
        {"embedding": recurrent[:1], "simplernn": recurrent[1:]},
    )
    Path("signs.json").write_text(json.dumps({"a": 1, " ": 2, "\n": 3, "\u200b": 4, "\u200bb": 5}))
    network = read_model(Path("a.h5"), Path("signs.json"))
    assert network.read.tokens == ("", "a", " ", "", "\u200b", "\u200bb")
    assert network.labels == ("∅", "a", "␣", "↵", "U+200B", "\u200bb")


def test_without_a_vocabulary_token_numbers_are_typed():
    embedding_h5(masks=False)
    network = read_model(Path("a.h5"))
    assert (network.read.unit, network.read.tokens, network.read.sample) == (
        "words",
        tuple("0123"),
        "0 1 2 3",
    )


def test_descriptions_add_labels_and_more():
    embedding_h5(masks=False)
    Path("a.toml").write_text(
        'name = "mood"\nlabels = ["bad", "good"]\n[text]\npadding = "after"\nunknown = "2"\n'
    )
    network = read_model(Path("a.h5"), description=Path("a.toml"))
    assert (network.name, network.labels, network.read.padding) == ("mood", ("bad", "good"), "after")
    assert network.read.unknown == 2


ONE_LAYER = "[[layers]]\nname = 'd'\nkind = '{}'\n{}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "names = 3",
            "unknown key names; did you mean name?",
        ),
        ("[network]\nread = 'text'", "unknown key network.read; did you mean network.reads?"),
        (ONE_LAYER.format("last", "reads = 7"), "layers.reads is 7; expected a list"),
        (ONE_LAYER.format("last", "reads = 'e'"), 'layer d: reads is "e"; expected one of: input'),
        (ONE_LAYER.format("last", "") * 2, 'two layers are named "d"'),
        ('labels = ["a", "%s"]' % ("b" * 256), "label 1, counted from 0, is 256 letters long; expected 255"),
        (
            '[text]\nsample = "%s"' % ("b " * 8001),
            "text.sample is 16002 letters long; expected 16000 at most",
        ),
        ("name = 3", "name is 3; expected a text in quotes"),
        ("text = 3", "text must be a table"),
        ('[text]\nunit = "verses"', "text.unit is verses; expected one of: letters"),
        ("[text]\nsteps = true", "text.steps is true; expected a whole number"),
        ("[text]\nsteps = 0", "steps is 0; expected a whole number from 1 to"),
        ("[text]\nsteps = 99999999", "steps is 99999999"),
        ('[text]\nend = "</s>"', "text.end is '</s>', which the vocabulary does not have"),
        ("[[layers]]\nkind = 'dense'", "[[layers]] number 1: name is missing"),
        ("layers = 3", "layers"),
        ("[answer]\nstart = 0", "answer.end is missing"),
        (
            'labels = ["a", "b"]\n[answer]\nstart = "<s>"\nend = 1\nsteps = 3',
            "answer.start is '<s>', which is none of the labels",
        ),
        ("name = ", "not valid TOML"),
        (ONE_LAYER.format("lstn", ""), 'layer d: kind is "lstn"; expected one of: elman, lstm'),
        (
            ONE_LAYER.format("dense", "reads = ['e']"),
            'layer d: reads is "e"; expected one of: input, answer',
        ),
        (
            ONE_LAYER.format("gru", "activation = 'gelu'"),
            'layer d: activation is "gelu"; expected one of: lin',
        ),
        (ONE_LAYER.format("gru", "starts = 'd'"), 'layer d: starts is "d"; expected'),
        (ONE_LAYER.format("last", "arrays = '*'"), "layer d: a layer of the kind last has no arrays"),
        (
            ONE_LAYER.format("dense", ""),
            "layer d: a layer of the kind dense has weights; expected arrays = a",
        ),
        (ONE_LAYER.format("last", "").replace("'d'", "'input'"), 'a layer is named "input"; expected a name'),
        (ONE_LAYER.format("last", "").replace("'d'", "''"), 'a layer is named ""; expected a name'),
        (
            ONE_LAYER.format("last", "")
            + ONE_LAYER.format("last", "reads = ['input']").replace("'d'", "'e'"),
            'no other layer reads the layer "d" (last)',
        ),
        (ONE_LAYER.format("last", "reads = []"), "layer d reads nothing; expected reads = the names"),
        (
            ONE_LAYER.format("last", "") + ONE_LAYER.format("embedding", "").replace("'d'", "'e'"),
            "layer e: an embedding reads",
        ),
        ('labels = ["one", "one"]', 'labels has "one" twice'),
        ('[text]\ntokens = ["a", "b", "a", ""]', 'text.tokens has "a" twice'),
        ('labels = ["one"]', "there are 1 labels; expected 2"),
        ('[network]\noutput = "softmax"', "[network] would not be used"),
        ("[numbers]\nfeatures = 3", "[numbers] would not be used"),
        (
            'labels = ["a", "b"]\n[answer]\nstart = 0\nend = 1\nsteps = 3\n'
            + ONE_LAYER.format("dense", "arrays = '*'"),
            "[[layers]], [answer] would not be used",
        ),
        ('labels = ["bad", ""]', "label 1, counted from 0, is empty"),
        ('name = ""', "name is empty; say what"),
        ("[text]\nmasked = true", "text.masked would not be used"),
        ("[text]\nsteps = 1\nbegin = 1", "steps is 1; expected a whole number from 2 to"),
        ("labels = []", "labels is empty; say what"),
        ("labels = [1, 2]", "labels has the entry 1; expected a text in quotes"),
        ("[text]\ntokens = []", "text.tokens is empty"),
        ('[text]\ntokens = ["", true, "b", "c"]', "text.tokens has the entry true"),
        ("[answer]", "[answer] is empty"),
        ("[numbers]", "[numbers] is empty"),
        (ONE_LAYER.format("last", "reads = [1]"), "layers.reads has the entry 1"),
    ],
)
def test_bad_descriptions_are_told_with_their_file(text, told):
    embedding_h5(masks=False)
    Path("a.toml").write_text(text)
    with pytest.raises(ModelError) as caught:
        read_model(Path("a.h5"), description=Path("a.toml"))
    assert str(caught.value).startswith("a.toml: ")
    assert told in str(caught.value)


def test_numbers_have_no_text():
    keras_h5([DENSE], {"dense": GOOD})
    Path("a.toml").write_text('[text]\npadding = "after"')
    with pytest.raises(ModelError, match=r"^a.toml: \[text\] would not be used"):
        read_model(Path("a.h5"), description=Path("a.toml"), steps=2)


def test_tokens_are_told_once():
    embedding_h5(masks=False)
    Path("a.toml").write_text('[text]\ntokens = ["", "a", "b", "c"]')
    assert read_model(Path("a.h5"), description=Path("a.toml")).read.tokens == ("", "a", "b", "c")
    Path("words.txt").write_text("\na\nb\nd\n")
    with pytest.raises(ModelError, match=r"^a.toml: text.tokens and --vocab both say"):
        read_model(Path("a.h5"), Path("words.txt"), description=Path("a.toml"))


@pytest.mark.parametrize("lines", ['labels = ["a", "b\\u0001"]', '[text]\nsample = "a\\u000Bb"'])
def test_a_sign_that_no_workbook_can_hold_is_refused(lines):
    embedding_h5(masks=False)
    Path("a.toml").write_text(lines)
    with pytest.raises(ModelError, match=r"has the sign U\+00"):
        read_model(Path("a.h5"), description=Path("a.toml"))


def test_a_token_longer_than_spreadsheets_look_up_is_refused():
    embedding_h5(masks=False)
    Path("words.txt").write_text(f"\na\nb\n{'d' * 256}\n")
    refused("a.h5", "token 3 of the vocabulary, counted from 0, is 256 letters", vocabulary=Path("words.txt"))


def test_an_array_beside_others_that_no_layer_reads_is_told():
    """A bias that a pattern leaves out would be lost in silence."""
    with h5py.File("weights.h5", "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = GOOD
        file["optimizer/vars/0"] = GOOD[0]
    Path("a.toml").write_text(
        "[numbers]\nsteps = 2\nfeatures = 2\n" + ONE_LAYER.format("dense", "arrays = '*dense/vars/0'")
    )
    with pytest.raises(ModelError, match=r"^a.toml: layers/dense/vars/1 would be read by no layer"):
        read_model(Path("weights.h5"), description=Path("a.toml"))
    Path("a.toml").write_text(Path("a.toml").read_text().replace("vars/0", "*"))
    assert [*read_model(Path("weights.h5"), description=Path("a.toml")).layers[0].weights] == ["Wa", "ba"]
    Path("a.toml").write_text(Path("a.toml").read_text() + "\n[network]\noutput = 'softmax'")
    with pytest.raises(ModelError, match=r"\[network\] would not be used"):
        read_model(Path("weights.h5"), description=Path("a.toml"))


def test_weights_that_are_not_finite_are_told_with_their_own_file():
    with h5py.File("weights.h5", "w") as file:
        file["dense/kernel"] = GOOD[0] * np.nan
    Path("a.toml").write_text(
        "[numbers]\nsteps = 2\nfeatures = 2\n" + ONE_LAYER.format("dense", "arrays = '*'")
    )
    with pytest.raises(ModelError, match=r"^weights.h5: layer d: Wa has a number that is not finite"):
        read_model(Path("weights.h5"), description=Path("a.toml"))


def test_tokens_of_more_than_a_letter_are_told_where_letters_are_read():
    embedding_h5(masks=False)
    Path("a.toml").write_text('[text]\nunit = "letters"\ntokens = ["<pad>", "a", "good", "bad"]')
    assert never_typed(read_model(Path("a.h5"), description=Path("a.toml")).read) == ["good", "bad"]
    said = rnnsheet("import", "a.h5", "--lesson", "a.toml", cwd=Path.cwd()).stdout
    assert "Tokens of the vocabulary that no text has, as it is read letter by letter: 2 (good, bad)." in said
    Path("a.toml").write_text('[text]\nunit = "words"\ntokens = ["<pad>", "A", "good", "b-d"]')
    said = rnnsheet("import", "a.h5", "--lesson", "a.toml", "--force", cwd=Path.cwd()).stdout
    assert "as words are read in small letters and without signs: 2 (A, b-d)." in said


def test_a_pattern_that_fits_no_array_is_told_with_their_names():
    with h5py.File("weights.h5", "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = GOOD
    Path("a.toml").write_text(ONE_LAYER.format("dense", "arrays = 'dense/*'"))
    with pytest.raises(ModelError) as caught:
        read_model(Path("weights.h5"), description=Path("a.toml"))
    told = 'fits arrays = "dense/*"; the file has layers/dense/vars/0, layers/dense/vars/1'
    assert str(caught.value) == f"a.toml: layer d: no array in the file {told}"


def test_a_folder_and_an_hdf5_file_that_ends_early_are_told():
    Path("folder").mkdir()
    refused("folder", "is a folder")
    keras_h5([DENSE], {"dense": GOOD})
    whole = Path("a.h5").read_bytes()
    Path("a.h5").write_bytes(whole[: len(whole) // 2])
    refused("a.h5", r"damaged, or no HDF5 file that can be read \(truncated file\)")


def test_an_hdf5_file_of_more_groups_and_arrays_than_a_network_has_is_told(monkeypatch):
    with h5py.File("weights.h5", "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = GOOD
    Path("a.toml").write_text(
        "[numbers]\nsteps = 2\nfeatures = 2\n" + ONE_LAYER.format("dense", "arrays = '*'")
    )
    links = ["layers", "layers/dense", "layers/dense/vars", "layers/dense/vars/0", "layers/dense/vars/1"]
    monkeypatch.setattr("rnnsheet.importers.hdf5.MOST_LINKS", len(links))
    assert read_model(Path("weights.h5"), description=Path("a.toml")).layers
    monkeypatch.setattr("rnnsheet.importers.hdf5.MOST_LINKS", len(links) - 1)
    with pytest.raises(ModelError, match=r"^weights.h5: "):
        read_model(Path("weights.h5"), description=Path("a.toml"))


@pytest.mark.parametrize("path", sorted(KNOWN.glob("*.toml")), ids=lambda path: path.stem)
def test_published_networks_are_described(path):
    description = read_description(path)
    assert description.recognised and description.layers


def test_names_of_layers_are_legal_and_differ_in_more_than_capitals():
    names = ("a_b", "AB", "a.b", "1")
    layers = [layer("Activation", name, activation="tanh") for name in names]
    keras_h5(layers, {})
    assert [each.name for each in read_model(Path("a.h5"))] == ["ab", "ABn2", "abn3", "layer1"]


@pytest.mark.parametrize(
    ("kind", "key", "said", "got"),
    [("Embedding", "input_dim", 9, 4), ("Embedding", "output_dim", 5, 3), ("Dense", "units", 7, 3)],
)
def test_a_configuration_of_other_sizes_than_the_weights_is_told(kind, key, said, got):
    arrays = [np.ones((4, 3))] if kind == "Embedding" else GOOD
    more = {} if kind == "Embedding" else {"activation": "linear"}
    given = layer(kind, "one", **{**more, key: said})
    keras_h5([given], {"one": arrays})
    refused("a.h5", f"layer one: its configuration says {key} = {said}, but its weights are of {got}")


def test_numbers_of_no_features_are_refused():
    np.savez("a.npz", **{"rnn.weight_ih_l0": np.ones((2, 3)), "rnn.weight_hh_l0": np.ones((2, 2))})
    Path("a.toml").write_text('[network]\nrnn = "tanh"\nreads = "last"\n[numbers]\nfeatures = 0\nsteps = 2')
    with pytest.raises(ModelError, match=r"^a.toml: features is 0; expected a whole number from 1 to"):
        read_model(Path("a.npz"), description=Path("a.toml"))
