"""Whether a training of `sentiment train` takes more memory the longer it goes on."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import run
from benchmarks.startup import RNNSHEET
from benchmarks.timing import line

SENTENCES = 1000
FEW, MANY = 2, 8
"""Epochs."""


def report(sentences: int = SENTENCES, many: int = MANY) -> Iterator[str]:
    """The ratio of the most memory after many epochs to that after few."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "sentences.csv", sentences)
        peaks = {epochs: _peak(Path(folder), epochs) for epochs in (FEW, many)}
    what = f"sentiment train, memory: {many} epochs / {FEW} epochs"
    yield line(what, peaks[many] / peaks[FEW], 1.05)


def _peak(folder: Path, epochs: int) -> float:
    """The most megabytes that a training takes."""
    book = folder / f"{epochs}.xlsx"
    options = ["--epochs", str(epochs), "--batch", "16", "-o", str(book)]
    _, megabytes = run([RNNSHEET, "sentiment", "train", str(folder / "sentences.csv"), *options], folder)
    return megabytes


def _write(path: Path, sentences: int) -> None:
    """A file of sentences of words at random, one of which decides."""
    chance = random.Random(0)
    words = [f"{chance.choice('bcdfgklmnprst')}{number}" for number in range(500)]
    rows = [
        f"{row % 2},{' '.join(chance.choices(words, k=12))} {('bad', 'good')[row % 2]}\n"
        for row in range(sentences)
    ]
    path.write_text("".join(rows), "utf-8")
