"""The NumPy engine's forward and backward pass against PyTorch's recurrent network, on one thread each."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.timing import line, ratio, rounds
from rnnsheet.engine import gradients
from rnnsheet.lesson import PARAMETERS, STATES

SIZES = {
    "4-3-4, T 4": (4, 3, 4, 1),
    "64 hidden, T 100, batch 32": (64, 64, 100, 32),
    "256 hidden, T 100, batch 64": (256, 256, 100, 64),
}
"""Letters, hidden units, steps, batch."""


CELLS = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
"""PyTorch's layer of each cell."""


def report(count: int) -> Iterator[str]:
    """The ratios of forward and backward together, in float64."""
    torch.set_num_threads(1)
    for cell, layer in CELLS.items():
        for name, size in SIZES.items():
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
    generator, sizes = np.random.default_rng(0), {"letters": letters, "hidden": hidden, "one": 1}
    parameters = {
        spec.name: generator.uniform(-0.1, 0.1, (sizes[spec.rows], sizes[spec.cols]))
        for spec in PARAMETERS[cell]
        if spec.name != "by"
    }
    x = generator.normal(size=(steps, batch, letters))
    goal = np.eye(letters)[generator.integers(0, letters, (steps, batch))]
    initial = {state: np.zeros((batch, hidden)) for state in STATES[cell]}
    return lambda: gradients(cell, parameters, x, initial, goal)


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
