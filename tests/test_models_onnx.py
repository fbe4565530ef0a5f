"""ONNX files against ONNX Runtime, and against PyTorch where that exported them."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.models import read_model
from tests.networks import agree

INSTALL = "is not installed: pip install -e '.[dev]'"
onnx = pytest.importorskip("onnx", reason=f"onnx {INSTALL}")
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
TOKENS, STEPS = 9, 5


@pytest.fixture
def random() -> np.random.Generator:
    """Numbers that do not depend on which tests ran before."""
    return np.random.default_rng(6)


class Exported(torch.nn.Module):
    """A network as people write them: an embedding or numbers, recurrent layers, a head."""

    def __init__(self, kind: str, reads: str, both: bool, numbers: bool, batch_first: bool, **more):
        super().__init__()
        self.reads, self.both, self.batch_first = reads, both, batch_first
        self.embedding = None if numbers else torch.nn.Embedding(TOKENS, 3)
        self.rnn = getattr(torch.nn, kind)(3, 4, 2, bidirectional=both, batch_first=batch_first, **more)
        wide = 4 * (1 + both)
        self.hidden = torch.nn.Linear(wide * STEPS if reads == "flat" else wide, 6)
        self.head = torch.nn.Linear(6, 2, bias=reads != "all")

    def forward(self, x):
        states, last = self.rnn(x if self.embedding is None else self.embedding(x))
        last = last[0] if isinstance(last, tuple) else last
        if self.reads == "last":
            states = states[:, -1, :] if self.batch_first else states[-1]
        elif self.reads == "final":
            states = torch.cat([last[-2], last[-1]], dim=1) if self.both else last[-1]
        elif self.reads == "flat":
            states = states.flatten(1)
        return torch.softmax(self.head(torch.relu(self.hidden(states))), dim=-1)


def export(module, x, name: str, dynamo: bool, free: bool) -> None:
    """Writes the module; `free` leaves the batch and the time steps open."""
    more = {}
    if free and dynamo:
        batch, time = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("time", min=2, max=64)
        more = {"dynamic_shapes": ({0: batch, 1: time},)}
    elif free:
        more = {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch", 1: "time"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), name, dynamo=dynamo, **more)


def ways():
    for number, (kind, reads, both) in enumerate(
        itertools.product(("LSTM", "GRU", "RNN"), ("last", "all", "final", "flat"), (False, True))
    ):
        free, numbers = number % 2 == 0 and reads != "flat", number % 3 == 0
        yield kind, reads, both, False, free, numbers
        # The exporter with dynamo writes RNN out step by step.
        if kind != "RNN":
            yield pytest.param(kind, reads, both, True, free, numbers, marks=pytest.mark.slow)


@pytest.mark.parametrize(("kind", "reads", "both", "dynamo", "free", "numbers"), ways())
def test_what_pytorch_exports_agrees_with_it(kind, reads, both, dynamo, free, numbers, tmp_path):
    pytest.importorskip("onnxscript", reason=f"onnxscript {INSTALL}")
    torch.manual_seed(0)
    batch_first = reads in ("flat", "final") or not both
    module = Exported(kind, reads, both, numbers, batch_first)
    count = 100
    shape = (count, STEPS) if batch_first else (STEPS, count)
    x = torch.randn(*shape, 3) if numbers else torch.randint(0, TOKENS, shape)
    first = x[:2] if free and batch_first else x[:, :2] if free else x[:1] if batch_first else x[:, :1]
    export(module, first, str(tmp_path / "a.onnx"), dynamo, free and batch_first)
    network = read_model(tmp_path / "a.onnx", steps=STEPS)
    assert network.precision == "float32"
    expected, each = module(x).detach().numpy(), x.numpy()
    if not batch_first:
        each = each.swapaxes(0, 1)
        expected = expected.swapaxes(0, 1) if reads == "all" else expected
    agree(network, each.swapaxes(1, 2) if numbers else each, expected, 1e-6)


def test_a_network_that_is_written_out_step_by_step_is_refused(tmp_path):
    pytest.importorskip("onnxscript", reason=f"onnxscript {INSTALL}")
    module = Exported("RNN", "last", False, False, True)
    export(module, torch.zeros(1, STEPS, dtype=torch.long), str(tmp_path / "a.onnx"), dynamo=True, free=False)
    with pytest.raises(ModelError, match="step by step"):
        read_model(tmp_path / "a.onnx")


def run_onnx(path: Path, x) -> np.ndarray:
    """What ONNX Runtime computes."""
    runtime = pytest.importorskip("onnxruntime", reason=f"onnxruntime {INSTALL}")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def graph(path: Path, nodes, weights, out, dims=(STEPS, 1, 3), opset: int = 17) -> None:
    """Writes a graph that reads numbers x."""
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    arrays = [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    x, y = (make.make_tensor_value_info(name, floats, shape) for name, shape in (("x", dims), (out, None)))
    model = make.make_model(
        make.make_graph(nodes, "g", [x], [y], arrays), opset_imports=[make.make_opsetid("", opset)]
    )
    model.ir_version = 8
    onnx.save(model, path)


def cell(random, kind: str, units: int, directions: int, **attributes):
    """A recurrent node Y and random weights for it."""
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]
    shapes = {"W": (gates * units, 3), "R": (gates * units, units), "B": (2 * gates * units,)}
    weights = {
        name: random.normal(size=(directions, *shape), scale=0.4).astype(np.float32)
        for name, shape in shapes.items()
    }
    inputs = ["x", "W", "R", "B"]
    if kind == "LSTM" and attributes.pop("peepholes", False):
        weights["P"] = random.normal(size=(directions, 3 * units)).astype(np.float32)
        inputs += ["", "", "", "P"]
    return onnx.helper.make_node(kind, inputs, ["Y"], hidden_size=units, **attributes), weights


CELLS = [
    ("GRU", {"linear_before_reset": 0}),
    ("GRU", {"linear_before_reset": 1, "activations": ["HardSigmoid", "Relu"]}),
    ("LSTM", {"peepholes": True}),
    ("LSTM", {"activations": ["HardSigmoid", "Relu", "Relu"]}),
    ("RNN", {"activations": ["Relu"]}),
    ("RNN", {"activations": ["Sigmoid"]}),
]


@pytest.mark.parametrize(("kind", "attributes"), CELLS)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_every_form_of_a_cell_agrees_with_onnx_runtime(kind, attributes, direction, tmp_path, random):
    count = 1 + (direction == "bidirectional")
    attributes = {**attributes, "direction": direction}
    if "activations" in attributes:
        attributes["activations"] = attributes["activations"] * count
    node, weights = cell(random, kind, 4, count, **attributes)
    turn = onnx.helper.make_node("Transpose", ["Y"], ["turned"], perm=[0, 2, 1, 3])
    merge = onnx.helper.make_node("Reshape", ["turned", "shape"], ["out"])
    weights["shape"] = np.array([0, 0, -1])
    graph(tmp_path / "a.onnx", [node, turn, merge], weights, "out")
    network = read_model(tmp_path / "a.onnx")
    x = random.normal(size=(100, STEPS, 1, 3)).astype(np.float32)
    expected = [run_onnx(tmp_path / "a.onnx", each)[:, 0] for each in x]
    agree(network, x[:, :, 0].swapaxes(1, 2), expected, 1e-6)


def test_views_and_sums_agree_with_onnx_runtime(tmp_path, random):
    make = onnx.helper.make_node
    node, weights = cell(random, "RNN", 4, 1)
    nodes = [
        node,
        make("Squeeze", ["Y", "one"], ["h"]),
        make("MatMul", ["h", "M"], ["product"]),
        make("Add", ["bias", "product"], ["z"]),
        make("HardSigmoid", ["z"], ["hard"]),
        make("HardSigmoid", ["z"], ["sixth"], alpha=1 / 6),
        make("Tanh", ["z"], ["tanh"]),
        make("Mul", ["hard", "tanh"], ["times"]),
        make("Add", ["times", "sixth"], ["sum"]),
        make("Concat", ["sum", "h"], ["wide"], axis=-1),
        make("Slice", ["wide", "last", "end", "zero"], ["cut"]),
        make("Transpose", ["cut"], ["turned"], perm=[1, 0, 2]),
        make("Flatten", ["turned"], ["flat"]),
        make("Gemm", ["flat", "G", "c"], ["y"], transB=1),
        make("Unsqueeze", ["y", "zero"], ["more"]),
        make("Softmax", ["more"], ["out"], axis=2),
    ]
    shapes = {"M": (4, 4), "bias": (4,), "G": (3, 8), "c": (3,)}
    weights |= {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {"one": np.array([1]), "zero": np.array([0]), "last": np.array([-1]), "end": np.array([2**31])}
    graph(tmp_path / "a.onnx", nodes, weights, "out")
    x = random.normal(size=(100, STEPS, 1, 3)).astype(np.float32)
    expected = [run_onnx(tmp_path / "a.onnx", each)[0] for each in x]
    agree(read_model(tmp_path / "a.onnx"), x[:, :, 0].swapaxes(1, 2), expected, 1e-6)


def test_token_numbers_may_be_floats(tmp_path, random):
    _, weights = cell(random, "RNN", 4, 1)
    nodes = [
        onnx.helper.make_node("Cast", ["x"], ["k"], to=onnx.TensorProto.INT64),
        onnx.helper.make_node("Gather", ["E", "k"], ["embedded"]),
        onnx.helper.make_node("RNN", ["embedded", "W", "R", "B"], ["", "last"], hidden_size=4),
        onnx.helper.make_node("Squeeze", ["last"], ["out"]),
    ]
    weights["E"] = random.normal(size=(TOKENS, 3)).astype(np.float32)
    graph(tmp_path / "a.onnx", nodes, weights, "out", dims=(STEPS, 1))
    x = random.integers(0, TOKENS, (100, STEPS, 1))
    expected = [run_onnx(tmp_path / "a.onnx", each.astype(np.float32)) for each in x]
    agree(read_model(tmp_path / "a.onnx"), x[:, :, 0], expected, 1e-6)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([("Conv", ["Y", "W"], {})], "Conv"),
        ([("LogSoftmax", ["Y"], {})], "LogSoftmax"),
        ([("MyOwn", ["Y"], {"domain": "mine"})], "MyOwn, mine"),
        ([("Transpose", ["Y"], {"perm": [3, 2, 1, 0]}), ("Reshape", ["n0", "shape"], {})], "Reshape"),
        ([("Gather", ["Y", "two"], {"axis": 0})], "step by step"),
        ([("Softmax", ["Y"], {"axis": 0})], "Softmax"),
        ([("Add", ["Y", "two"], {})], "Add"),
    ],
)
def test_what_no_layer_can_do_is_named(nodes, told, tmp_path, random):
    node, weights = cell(random, "RNN", 4, 1)
    weights |= {"shape": np.array([2, -1]), "two": np.array(2, dtype=np.int64)}
    more = [
        onnx.helper.make_node(kind, inputs, [f"n{number}"], **attributes)
        for number, (kind, inputs, attributes) in enumerate(nodes)
    ]
    graph(tmp_path / "a.onnx", [node, *more], weights, f"n{len(nodes) - 1}")
    with pytest.raises(ModelError, match=told):
        read_model(tmp_path / "a.onnx")


def test_weights_in_another_folder_are_never_read(tmp_path, random):
    (tmp_path / "models").mkdir()
    (tmp_path / "secret").write_bytes(bytes(1000))
    node, weights = cell(random, "RNN", 4, 1)
    path = tmp_path / "models" / "a.onnx"
    graph(path, [node], weights, "Y")
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="not read"):
        read_model(path)


def test_shapes_that_would_fill_the_memory_are_refused(tmp_path, random):
    node, weights = cell(random, "RNN", 4, 1)
    fill = onnx.helper.make_node("ConstantOfShape", ["huge"], ["filled"])
    weights["huge"] = np.array([100_000, 100_000])
    graph(tmp_path / "a.onnx", [node, fill], weights, "Y")
    with pytest.raises(ModelError, match="too many"):
        read_model(tmp_path / "a.onnx")
