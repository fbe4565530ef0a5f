"""The NumPy engine's forward and backward pass against PyTorch's recurrent network, on one thread each."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from benchmarks.timing import line, ratio, rounds
from rnnsheet.engine import gradients
from rnnsheet.engine.propagation import Batch
from rnnsheet.network import KINDS, Axis, Layer, Model, check_model

SIZES = {
    "4-3-4, T 4": (4, 3, 4, 1),
    "64 hidden, T 100, batch 32": (64, 64, 100, 32),
    "256 hidden, T 100, batch 64": (256, 256, 100, 64),
}
"""Letters, hidden units, steps, batch."""
SMALL = ("4-3-4, T 4",)

CELLS = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
"""PyTorch's layer of each cell."""


def report(count: int, sizes: Iterable[str] = SIZES) -> Iterator[str]:
    """The ratios of forward and backward together, in float64."""
    torch.set_num_threads(1)
    for cell, layer in CELLS.items():
        for name in sizes:
            size = SIZES[name]
            ours, theirs = _ours(cell, *size), _theirs(layer, *size)
            calls = 200 if size[0] < 10 else 1
            times = rounds({"rnnsheet": _repeat(ours, calls), "torch": _repeat(theirs, calls)}, count)
            what = f"forward + backward / torch nn.{layer.__name__}: {name}"
            yield line(what, ratio(times, "rnnsheet", "torch"), 1.0)


def _repeat(task: Callable[[], object], calls: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(calls):
            task()

    return repeated


def _ours(cell: str, letters: int, hidden: int, steps: int, batch: int) -> Callable[[], object]:
    generator, axis = np.random.default_rng(0), Axis("letters", letters)
    parameters = {}
    for kind, sizes in (
        (cell, {"hidden": hidden, "input": letters, "one": 1}),
        ("softmax", {"hidden": letters, "input": hidden, "one": 1}),
    ):
        for spec in KINDS[kind].parameters:
            if (spec.name[0] == "W" and spec.cols != "one") or (spec.name != "by" and spec.name[0] == "b"):
                parameters[spec.name] = generator.uniform(-0.1, 0.1, (sizes[spec.rows], sizes[spec.cols]))
    model = check_model(Model((Layer(cell), Layer("softmax")), parameters), {"word": axis}, axis)
    x = generator.normal(size=(steps, batch, letters))
    goal = np.eye(letters)[generator.integers(0, letters, (steps, batch))]
    initial = {f"{state}_0": np.zeros((batch, hidden)) for state in KINDS[cell].states}
    given = Batch({"word": x}, {"": goal}, initial)
    return lambda: gradients(model, given)


def _theirs(
    layer: type[torch.nn.RNNBase], letters: int, hidden: int, steps: int, batch: int
) -> Callable[[], object]:
    rnn = layer(letters, hidden, dtype=torch.float64)
    head = torch.nn.Linear(hidden, letters, bias=False, dtype=torch.float64)
    x = torch.randn(steps, batch, letters, dtype=torch.float64)
    goal = torch.randint(0, letters, (steps * batch,))

    def step() -> None:
        for parameter in (*rnn.parameters(), *head.parameters()):
            parameter.grad = None
        scores = head(rnn(x)[0]).reshape(steps * batch, letters)
        torch.nn.functional.cross_entropy(scores, goal, reduction="sum").backward()

    return step
