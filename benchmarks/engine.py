"""The NumPy engine's forward and backward pass against PyTorch's recurrent network, on one thread each."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.timing import line, ratio, rounds
from rnnsheet.engine import gradients

SIZES = {
    "4-3-4, T 4": (4, 3, 4, 1),
    "64 hidden, T 100, batch 32": (64, 64, 100, 32),
    "256 hidden, T 100, batch 64": (256, 256, 100, 64),
}
"""Letters, hidden units, steps, batch."""


def report(count: int) -> Iterator[str]:
    """The ratios of forward and backward together, in float64."""
    torch.set_num_threads(1)
    for name, size in SIZES.items():
        ours, theirs = _ours(*size), _theirs(*size)
        calls = 200 if size[0] < 10 else 1
        times = rounds({"rnnsheet": _repeat(ours, calls), "torch": _repeat(theirs, calls)}, count)
        yield line(f"forward + backward / torch nn.RNN: {name}", ratio(times, "rnnsheet", "torch"), 1.0)


def _repeat(task: Callable[[], object], calls: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(calls):
            task()

    return repeated


def _ours(letters: int, hidden: int, steps: int, batch: int) -> Callable[[], object]:
    generator = np.random.default_rng(0)
    shapes = {"Wxh": (hidden, letters), "Whh": (hidden, hidden), "bh": (hidden, 1), "Why": (letters, hidden)}
    parameters = {name: generator.uniform(-0.1, 0.1, shape) for name, shape in shapes.items()}
    x = generator.normal(size=(steps, batch, letters))
    goal = np.eye(letters)[generator.integers(0, letters, (steps, batch))]
    h_0 = np.zeros((batch, hidden))
    return lambda: gradients("elman", parameters, x, h_0, goal)


def _theirs(letters: int, hidden: int, steps: int, batch: int) -> Callable[[], object]:
    rnn = torch.nn.RNN(letters, hidden, dtype=torch.float64)
    head = torch.nn.Linear(hidden, letters, bias=False, dtype=torch.float64)
    x = torch.randn(steps, batch, letters, dtype=torch.float64)
    goal = torch.randint(0, letters, (steps * batch,))

    def step() -> None:
        for parameter in (*rnn.parameters(), *head.parameters()):
            parameter.grad = None
        scores = head(rnn(x)[0]).reshape(steps * batch, letters)
        torch.nn.functional.cross_entropy(scores, goal, reduction="sum").backward()

    return step
