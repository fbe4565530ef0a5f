"""The comparison of an imported network with its own framework: it agrees, and sees where it would not."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.parity import greatest_difference
from rnnsheet.network.imported import ImportedNetwork
from tests.command import fails, rnnsheet

INSTALL = "is not installed: pip install -e '.[dev]'"
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")


@pytest.fixture
def model(tmp_path, keras) -> Path:
    """A Keras file of a network that reads tokens, always the same."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    stack = keras.Sequential(
        [keras.Input((6,)), layers.Embedding(9, 4), layers.LSTM(5), layers.Dense(3, "softmax")]
    )
    stack.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def wrong(network: ImportedNetwork) -> ImportedNetwork:
    """The network with one weight that is not the file's."""
    first, *others = network.layers
    changed = {name: array + np.eye(*array.shape) * 1e-3 for name, array in first.weights.items()}
    return replace(network, layers=(replace(first, weights=changed), *others))


def test_keras_agrees_and_one_wrong_weight_does_not(model):
    network = read_model(model)
    assert greatest_difference(model, network) < 1e-6
    with pytest.raises(ModelError, match="Keras and NumPy differ by"):
        greatest_difference(model, wrong(network))


@pytest.mark.parametrize("shape", [(None,), (None, 2)])
def test_a_keras_model_of_any_length_is_run_with_the_steps_that_are_read(tmp_path, keras, shape):
    first = [] if shape[1:] else [keras.layers.Embedding(9, 4)]
    stack = keras.Sequential([keras.Input(shape), *first, keras.layers.GRU(5), keras.layers.Dense(3)])
    stack.save(tmp_path / "model.keras")
    network = read_model(tmp_path / "model.keras", steps=7)
    assert greatest_difference(tmp_path / "model.keras", network) < 1e-6


def test_padding_is_compared_too(tmp_path, keras):
    """A network that differs from the file's at padding alone."""
    layers = keras.layers
    both = layers.Bidirectional(layers.GRU(3, return_sequences=True))
    stack = keras.Sequential(
        [keras.Input((6,)), layers.Embedding(9, 4, mask_zero=True), both, layers.Dense(3)]
    )
    stack.save(tmp_path / "model.keras")
    network = read_model(tmp_path / "model.keras")
    assert greatest_difference(tmp_path / "model.keras", network) < 1e-6
    assert [layer.kind for layer in network][-2:] == ["masked", "dense"]
    *others, masked, dense = network.layers
    plain = replace(network, layers=(*others, replace(dense, reads=masked.reads)))
    with pytest.raises(ModelError, match="Keras and NumPy differ by"):
        greatest_difference(tmp_path / "model.keras", plain)


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [True, False])
def test_onnx_agrees_and_one_wrong_weight_does_not(tmp_path, numbers):
    pytest.importorskip("onnxscript", reason=f"onnxscript {INSTALL}")
    pytest.importorskip("onnxruntime", reason=f"onnxruntime {INSTALL}")
    from tests.test_models_onnx import TOKENS, Exported, export

    # Some networks hardly answer to the one wrong weight.
    torch.manual_seed(0)
    module = Exported("GRU", "last", False, numbers, True)
    given = torch.randn(1, 5, 3) if numbers else torch.randint(0, TOKENS, (1, 5))
    export(module, given, str(tmp_path / "model.onnx"), dynamo=False, free=False)
    network = read_model(tmp_path / "model.onnx", steps=5)
    assert greatest_difference(tmp_path / "model.onnx", network) < 1e-6
    with pytest.raises(ModelError, match="ONNX and NumPy differ by"):
        greatest_difference(tmp_path / "model.onnx", wrong(network))
    # In a process of its own, in which nothing else has imported parts of onnx.
    ended = rnnsheet("import", "model.onnx", "--steps", "5", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_onnx_is_given_texts_of_every_length_that_it_takes(tmp_path, free, batch_first):
    """Of a fixed number of steps the rest is padding, which is computed; of any number, the text is alone."""
    pytest.importorskip("onnxruntime", reason=f"onnxruntime {INSTALL}")
    from tests.test_models_onnx import TOKENS, Exported, export

    torch.manual_seed(0)
    module = Exported("GRU", "all", True, False, batch_first)
    given = torch.randint(0, TOKENS, (1, 6) if batch_first else (6, 1))
    export(module, given, str(tmp_path / "model.onnx"), dynamo=False, free=free)
    network = read_model(tmp_path / "model.onnx", steps=6)
    if not free:
        with pytest.raises(ModelError, match="the model reads 6 time steps and no other number"):
            read_model(tmp_path / "model.onnx", steps=5)
    assert network.read.masked == free
    assert greatest_difference(tmp_path / "model.onnx", network) < 1e-6
    if not free:
        other = replace(network, read=replace(network.read, masked=True))
        with pytest.raises(ModelError, match="ONNX cannot run it"):
            greatest_difference(tmp_path / "model.onnx", other)


class Merged(torch.nn.Module):
    """The last step of what a recurrent layer says and of the embedding below it, put together."""

    def __init__(self, merge: str):
        super().__init__()
        self.merge, self.embedding = merge, torch.nn.Embedding(9, 4)
        self.gru = torch.nn.GRU(4, 4, batch_first=True)

    def forward(self, text):
        words = self.embedding(text)
        states = self.gru(words)[0]
        ways = {"add": words + states, "multiply": words * states, "join": torch.cat([words, states], -1)}
        return ways.get(self.merge, words)[:, -1]


@pytest.mark.parametrize("merge", ["add", "multiply", "join", "nothing"])
def test_the_last_step_of_a_shorter_text_is_none_of_padding(tmp_path, merge):
    pytest.importorskip("onnxruntime", reason=f"onnxruntime {INSTALL}")
    from tests.test_models_onnx import export

    torch.manual_seed(0)
    export(
        Merged(merge),
        torch.ones(1, 6, dtype=torch.int64),
        str(tmp_path / "model.onnx"),
        dynamo=False,
        free=True,
    )
    network = read_model(tmp_path / "model.onnx", steps=6)
    assert greatest_difference(tmp_path / "model.onnx", network) < 1e-6


@pytest.mark.slow
def test_a_warning_of_keras_is_not_repeated(tmp_path, keras):
    layers = keras.layers
    stack = keras.Sequential(
        [keras.Input((4,)), layers.Embedding(9, 4, mask_zero=True), layers.Flatten(), layers.Dense(3)]
    )
    with pytest.warns(UserWarning, match="does not support masking"):
        stack.save(tmp_path / "model.keras")
        stack(np.ones((1, 4)))
    ended = rnnsheet("import", "model.keras", "--check-against", "framework", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_the_command_says_that_they_agree_and_types_of_tokens(model, tmp_path):
    (tmp_path / "vocabulary.json").write_text(json.dumps(["", *"abcdefgh"]))
    ended = rnnsheet(
        *("import", "model.keras", "--vocab", "vocabulary.json", "--check-against", "framework"), cwd=tmp_path
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    read, *assumed, agrees, written = ended.stdout.splitlines()
    assert assumed[0].startswith("Assumed") and "  Padding is read like any other token." not in assumed
    assert read.endswith("time steps that are read: 6 (--steps sets how many, where the model does not).")
    assert agrees.startswith("model.keras: the framework and NumPy agree on 100 random inputs within ")
    assert "model.xlsx" in written
    assert openpyxl.load_workbook(tmp_path / "model.xlsx").sheetnames[0] == "Network"
    assert rnnsheet("check", "model.xlsx", cwd=tmp_path).returncode == 0
    message = fails("import", "model.keras", "--check-against", "keras", "--force", cwd=tmp_path)
    assert "--check-against is keras; expected one of: framework, none" in message


def test_the_framework_is_not_asked_where_nothing_can_be_written(model, tmp_path):
    (tmp_path / "model.xlsx").write_text("mine")
    ended = rnnsheet("import", "model.keras", "--check-against", "framework", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "rnnsheet: model.xlsx: the file exists; use --force to replace it\n"


def test_weights_alone_have_nothing_to_run(tmp_path):
    torch.save(torch.nn.LSTM(3, 4).state_dict(), tmp_path / "model.pt")
    (tmp_path / "lesson.toml").write_text('[network]\nreads = "last"\n')
    network = read_model(tmp_path / "model.pt", steps=4, description=tmp_path / "lesson.toml")
    with pytest.raises(ModelError, match="holds weights alone"):
        greatest_difference(tmp_path / "model.pt", network)
