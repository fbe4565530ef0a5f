"""ONNX files against ONNX Runtime, and against PyTorch where that exported them."""

import itertools
import warnings

import numpy as np
import pytest

from rnnsheet.models import read
from tests.networks import agree

INSTALL = "is not installed: pip install -e '.[dev]'"
onnx = pytest.importorskip("onnx", reason=f"onnx {INSTALL}")
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
TOKENS, STEPS = 9, 5
RANDOM = np.random.default_rng(6)


class Exported(torch.nn.Module):
    """A network as people write them: embedding or numbers, recurrent layers, what is read of them, a head."""

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
        # The exporter with dynamo writes RNN out step by step, and keeps the length of what is flattened.
        for dynamo in (False, True) if kind != "RNN" else (False,):
            yield kind, reads, both, dynamo, number % 2 == 0 and reads != "flat", number % 3 == 0


@pytest.mark.parametrize(("kind", "reads", "both", "dynamo", "free", "numbers"), ways())
def test_what_pytorch_exports_agrees_with_it(kind, reads, both, dynamo, free, numbers, tmp_path):
    pytest.importorskip("onnxscript", reason=f"onnxscript {INSTALL}")
    batch_first = reads in ("flat", "final") or not both
    module = Exported(kind, reads, both, numbers, batch_first)
    count = 100
    shape = (count, STEPS) if batch_first else (STEPS, count)
    x = torch.randn(*shape, 3) if numbers else torch.randint(0, TOKENS, shape)
    first = x[:2] if free and batch_first else x[:, :2] if free else x[:1] if batch_first else x[:, :1]
    export(module, first, str(tmp_path / "a.onnx"), dynamo, free and batch_first)
    network = read(tmp_path / "a.onnx", steps=STEPS)
    assert network.precision == "float32"
    expected, each = module(x).detach().numpy(), x.numpy()
    if not batch_first:
        each = each.swapaxes(0, 1)
        expected = expected.swapaxes(0, 1) if reads == "all" else expected
    agree(network, each.swapaxes(1, 2) if numbers else each, expected, 1e-6)
