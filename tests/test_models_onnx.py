"""ONNX files against ONNX Runtime, and against PyTorch where that exported them."""

import itertools
import warnings
from operator import add, eq, floordiv, mul, sub
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from rnnsheet.importers.lengths import Length, UnreadableError, same
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


def export(module, x, name: str, dynamo: bool, free: bool, **more) -> None:
    """Writes the module; `free` leaves the batch and the time steps open."""
    if free and dynamo:
        batch, time = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("time", min=2, max=64)
        more |= {"dynamic_shapes": ({0: batch, 1: time},)}
    elif free:
        more |= {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch", 1: "time"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), name, dynamo=dynamo, **more)


DYNAMO = {("LSTM", "last", True), ("LSTM", "flat", False), ("GRU", "all", False), ("GRU", "final", True)}


def ways():
    for number, (kind, reads, both) in enumerate(
        itertools.product(("LSTM", "GRU", "RNN"), ("last", "all", "final", "flat"), (False, True))
    ):
        free, numbers = number % 2 == 0 and reads != "flat", number % 3 == 0
        yield kind, reads, both, False, free, numbers
        # The exporter with dynamo writes RNN out step by step; of the others each setting once is enough.
        if (kind, reads, both) in DYNAMO:
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


@pytest.mark.parametrize("opset", [9, 10, 11, 12])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_what_pytorch_exported_for_older_opsets_agrees_with_onnx_runtime(kind, opset, tmp_path):
    """They keep axes in attributes, and mean other operators by the same names."""
    torch.manual_seed(0)
    free, numbers, reads = opset % 2 == 0, kind == "GRU", "final" if opset in (10, 11) else "last"
    module = Exported(kind, reads, reads == "final", numbers, True)
    x = torch.randn(20, 1, STEPS, 3) if numbers else torch.randint(0, TOKENS, (20, 1, STEPS))
    export(module, x[0], str(tmp_path / "a.onnx"), False, free, opset_version=opset)
    assert onnx.load(tmp_path / "a.onnx").opset_import[0].version == opset
    expected = [run_onnx(tmp_path / "a.onnx", each.numpy()) for each in x]
    network, each = read_model(tmp_path / "a.onnx", steps=STEPS), x[:, 0].numpy()
    agree(network, each.swapaxes(1, 2) if numbers else each, expected, 1e-6)


@pytest.mark.slow
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
    ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"], "alpha": 0.2, "beta": 0.5}),
    ("GRU", {"activations": ["HardSigmoid", "HardSigmoid"], "alpha": 1 / 6}),
    ("RNN", {"activations": ["Relu"]}),
    ("RNN", {"activations": ["Sigmoid"]}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "attributes"), CELLS)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_every_form_of_a_cell_agrees_with_onnx_runtime(kind, attributes, direction, tmp_path, random):
    count = 1 + (direction == "bidirectional")
    attributes = {**attributes, "direction": direction}
    if "activations" in attributes:
        attributes["activations"] = attributes["activations"] * count
    for key in {"alpha", "beta"} & attributes.keys():
        hard = attributes["activations"].count("HardSigmoid")
        attributes[f"activation_{key}"] = [attributes.pop(key)] * hard
    node, weights = cell(random, kind, 4, count, **attributes)
    turn = onnx.helper.make_node("Transpose", ["Y"], ["turned"], perm=[0, 2, 1, 3])
    merge = onnx.helper.make_node("Reshape", ["turned", "shape"], ["out"])
    weights["shape"] = np.array([0, 0, -1])
    graph(tmp_path / "a.onnx", [node, turn, merge], weights, "out")
    network = read_model(tmp_path / "a.onnx")
    x = random.normal(size=(100, STEPS, 1, 3)).astype(np.float32)
    expected = [run_onnx(tmp_path / "a.onnx", each)[:, 0] for each in x]
    agree(network, x[:, :, 0].swapaxes(1, 2), expected, 1e-6)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"activation_alpha": [0.3]}, "layer cell: LSTM, alpha 0.3, beta 0.5 is not"),
        ({"activation_beta": [0.4]}, "layer cell: LSTM, alpha 0.2, beta 0.4 is not"),
        # Which of them is whose is not said.
        (
            {"activation_alpha": [0.2, 1.0, 1.0]},
            "layer cell: LSTM, activation_alpha, activation_beta: 1 is not",
        ),
    ],
)
def test_a_hard_sigmoid_of_another_form_is_named(attributes, told, tmp_path, random):
    node, weights = cell(random, "LSTM", 4, 1, activations=["HardSigmoid", "Tanh", "Tanh"], **attributes)
    node.name = "cell"
    graph(tmp_path / "a.onnx", [node], weights, "Y")
    with pytest.raises(ModelError, match=told):
        read_model(tmp_path / "a.onnx")


def taking(random, path: Path, *nodes, dims=("T", 1, 3), **constants) -> None:
    """Writes a graph of an RNN's results h, (time, 1, units), of which the nodes take "out"."""
    node, weights = cell(random, "RNN", 4, 1)
    squeeze = onnx.helper.make_node("Squeeze", ["Y", "one"], ["h"])
    made = [
        onnx.helper.make_node(kind, inputs.split(), [out], name=f"/{out}", **more)
        for kind, inputs, out, more in nodes
    ]
    weights |= {name: np.array(value, dtype=np.int64) for name, value in constants.items()}
    graph(path, [node, squeeze, *made], {**weights, "one": np.array([1])}, "out", dims)


SHAPE = (("Shape", "h", "shape", {}), ("Gather", "shape zero", "steps", {}))
LAST_STEPS = [
    ([("Gather", "h minus", "out", {})], {"minus": -1}),
    ([*SHAPE, ("Sub", "steps one_", "index", {}), ("Gather", "h index", "out", {})], {"zero": 0, "one_": 1}),
    (
        [*SHAPE, ("Add", "minus steps", "index", {}), ("Gather", "h index", "out", {})],
        {"zero": [0], "minus": [-1]},
    ),
    (
        [
            *SHAPE,
            ("Mul", "steps two", "twice", {}),
            ("Sub", "twice steps", "again", {}),
            ("Sub", "again one_", "index", {}),
            ("Slice", "h index again", "out", {}),
        ],
        {"zero": [0], "two": 2, "one_": 1},
    ),
    ([("Slice", "h minus end", "out", {})], {"minus": [-1], "end": [2**63 - 1]}),
    (
        [("Slice", "h zero end", "all", {}), ("Gather", "all minus", "out", {})],
        {"zero": [0], "end": [2**40], "minus": -1},
    ),
]


@pytest.mark.parametrize(("nodes", "constants"), LAST_STEPS)
def test_the_last_step_of_any_length_is_found_however_its_number_is_computed(
    nodes, constants, tmp_path, random
):
    taking(random, tmp_path / "a.onnx", *nodes, **constants)
    for steps in (1, 7, 12):
        x = random.normal(size=(steps, 1, 3)).astype(np.float32)
        network = read_model(tmp_path / "a.onnx", steps=steps)
        agree(network, x[:, 0].T[None], [run_onnx(tmp_path / "a.onnx", x).ravel()], 1e-6)


@pytest.mark.parametrize(
    ("nodes", "constants", "told"),
    [
        # Of a length of 7, or of 14, these are the last.
        ([("Gather", "h index", "out", {})], {"index": 6}, "layer /out takes time step 7 of an input of any"),
        ([("Gather", "h index", "out", {})], {"index": 13}, "time step 14 of an input of any length"),
        ([("Slice", "h index end", "out", {})], {"index": [6], "end": [7]}, "time step 7 of an input of any"),
        (
            [("Slice", "h zero end", "all", {}), ("Gather", "all minus", "out", {})],
            {"zero": [0], "end": [7], "minus": -1},
            "layer /all: Slice is not",
        ),
        # The middle, which of three time steps is no last one.
        (
            [*SHAPE, ("Div", "steps two", "index", {}), ("Gather", "h index", "out", {})],
            {"zero": 0, "two": 2},
            "layer /index: Div is not",
        ),
        (
            [*SHAPE, ("Sub", "steps two", "index", {}), ("Gather", "h index", "out", {})],
            {"zero": 0, "two": 2},
            "layer /out takes a time step before the last",
        ),
        # Always 6, whatever the length is.
        (
            [
                *SHAPE,
                ("Sub", "steps steps", "none", {}),
                ("Add", "none six", "index", {}),
                ("Gather", "h index", "out", {}),
            ],
            {"zero": 0, "six": 6},
            "time step 7 of an input of any length",
        ),
    ],
)
@pytest.mark.parametrize("steps", [7, 14])
def test_a_step_that_is_not_the_last_of_every_length_is_never_taken_for_it(
    nodes, constants, told, steps, tmp_path, random
):
    taking(random, tmp_path / "a.onnx", *nodes, **constants)
    with pytest.raises(ModelError, match=told):
        read_model(tmp_path / "a.onnx", steps=steps)


def test_of_a_fixed_length_the_last_step_may_be_named_by_its_number(tmp_path, random):
    taking(random, tmp_path / "a.onnx", ("Gather", "h six", "out", {}), dims=(7, 1, 3), six=6)
    x = random.normal(size=(7, 1, 3)).astype(np.float32)
    agree(read_model(tmp_path / "a.onnx"), x[:, 0].T[None], [run_onnx(tmp_path / "a.onnx", x).ravel()], 1e-6)


NUMBERS = st.integers(-20, 20)
LENGTHS = st.builds(lambda times, more: Length(times, more) if times else more, NUMBERS, NUMBERS)


@given(LENGTHS, LENGTHS, st.sampled_from("+-*/="), st.lists(st.integers(1, 50), min_size=3, unique=True))
def test_what_is_said_of_a_length_is_so_for_every_length(first, second, sign, lengths):
    def at(number, steps: int) -> int:
        return number.times * steps + number.more if isinstance(number, Length) else number

    compute = {"+": add, "-": sub, "*": mul, "/": floordiv, "=": same}[sign]
    try:
        found = compute(first, second)
    except (UnreadableError, ZeroDivisionError):
        return
    for steps in lengths:
        one, other = at(first, steps), at(second, steps)
        if sign == "/" and isinstance(first, Length):
            assert at(found, steps) * other == one
        elif sign != "/":
            exact = {"+": add, "-": sub, "*": mul, "=": eq}[sign]
            assert at(found, steps) == exact(one, other)


@pytest.mark.parametrize(("kind", "name"), [("FLOAT16", "float16"), ("BFLOAT16", "bfloat16")])
def test_half_precision_is_read_as_it_is(kind, name, tmp_path, random):
    _, weights = cell(random, "RNN", 4, 1)
    node = onnx.helper.make_node("RNN", ["x", "W", "R", "B"], ["", "out"], hidden_size=4)
    graph(tmp_path / "a.onnx", [node], weights, "out")
    model = onnx.load(tmp_path / "a.onnx")
    halves = {key: torch.tensor(array).to(getattr(torch, name)) for key, array in weights.items()}
    for tensor in model.graph.initializer:
        half = halves[tensor.name]
        made = onnx.helper.make_tensor(
            tensor.name,
            getattr(onnx.TensorProto, kind),
            half.shape,
            half.view(torch.int16).numpy().tobytes(),
            raw=True,
        )
        tensor.CopyFrom(made)
    onnx.save(model, tmp_path / "a.onnx")
    network = read_model(tmp_path / "a.onnx")
    assert network.precision == name
    np.testing.assert_array_equal(network.layers[0].weights["Whh"], halves["R"][0].double().numpy())
    graph(tmp_path / "b.onnx", [node], {key: half.float().numpy() for key, half in halves.items()}, "out")
    x = random.normal(size=(20, STEPS, 1, 3)).astype(np.float32)
    agree(
        network, x[:, :, 0].swapaxes(1, 2), [run_onnx(tmp_path / "b.onnx", each).ravel() for each in x], 1e-6
    )


def test_numbers_of_eight_bits_are_named(tmp_path, random):
    node, weights = cell(random, "RNN", 4, 1)
    graph(tmp_path / "a.onnx", [node], weights, "Y")
    model = onnx.load(tmp_path / "a.onnx")
    made = onnx.helper.make_tensor("W", onnx.TensorProto.FLOAT8E4M3FN, (1, 4, 3), np.ones(12))
    model.graph.initializer[0].CopyFrom(made)
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="W has numbers of the type FLOAT8E4M3FN"):
        read_model(tmp_path / "a.onnx")


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


@pytest.mark.parametrize(
    ("nodes", "out", "told"),
    [
        ([("LSTM", "x W R B", "Y h c", {"hidden_size": 4})], "c", "layer Y: LSTM, Y_c is not supported"),
        ([("RNN", "x W R B", "Y", {}), ("Split", "Y", "first second", {})], "first", "layer first: Split"),
        ([("RNN", "x W R B", "Y", {}), ("ReduceMax", "Y", "most", {"keepdims": 0})], "most", "ReduceMax"),
        (
            [
                ("RNN", "x W R B", "Y", {}),
                ("Dropout", "Y", "same mask", {}),
                ("Cast", "mask", "z", {"to": 1}),
            ],
            "z",
            "layer z: Cast",
        ),
        (
            [("RNN", "x W R B", "Y", {}), ("Transpose", "Y", "turned", {"perm": [0, 9]})],
            "turned",
            "Transpose, perm",
        ),
        ([("RNN", "x W W B", "Y", {})], "Y", "layer Y|layer RNN"),
    ],
)
def test_what_onnx_knows_and_a_workbook_does_not_is_never_called_damaged(nodes, out, told, tmp_path, random):
    _, weights = cell(random, "LSTM" if nodes[0][0] == "LSTM" else "RNN", 4, 1)
    made = [
        onnx.helper.make_node(kind, inputs.split(), outputs.split(), **more)
        for kind, inputs, outputs, more in nodes
    ]
    graph(tmp_path / "a.onnx", made, weights, out)
    with pytest.raises(ModelError, match=told) as raised:
        read_model(tmp_path / "a.onnx")
    assert raised.value.key != "damaged_model"


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
