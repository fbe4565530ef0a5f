"""An imported network of 613,000 weights: its export against the writer's floor, its size, three engines."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.book import Floor
from benchmarks.processes import run
from benchmarks.timing import line, ratio, rounds
from rnnsheet.checking.engines import ALL, chosen
from rnnsheet.engine import imported
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Text
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook.write import write

WIDTHS = (1000, 500)
"""How many units the article's two dense layers have."""


def article(widths: Sequence[int] = WIDTHS, words: int = 1000) -> ImportedNetwork:
    """The article's network as it is built there, with random weights: token numbers as they are."""
    random, (first, second) = np.random.default_rng(0), widths

    def dense(name: str, reads: str, units: int, size: int, activation: str) -> ImportedLayer:
        weights = {"Wa": random.normal(0, size**-0.5, (units, size)), "ba": random.normal(size=units)}
        return ImportedLayer("dense", name, (reads,), weights=weights, activation=activation)

    recurrent = {
        "Wxh": random.normal(0, 1e-3, (100, 1)),
        "Whh": random.normal(0, 0.05, (100, 100)),
        "bh": random.normal(size=100),
    }
    layers = (
        ImportedLayer("elman", "rnn", ("input",), weights=recurrent, activation="relu"),
        ImportedLayer("last", "state", ("rnn",)),
        dense("dense1", "state", first, 100, "sigmoid"),
        dense("dense2", "dense1", second, first, "relu"),
        dense("output", "dense2", 2, second, "softmax"),
    )
    tokens = ("", *(f"word{number}" for number in range(1, words)))
    return ImportedNetwork(
        "article", Text("words", tokens, 15, "word7 word8"), layers, ("negative", "positive")
    )


def report(count: int, widths: Sequence[int] = WIDTHS, engines: str = ALL) -> Iterator[str]:
    """Export over floor; megabytes; seconds and memory of each engine."""
    network = article(widths)
    weights = network.sizes["weights"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "article.xlsx"

        def export() -> None:
            trace = imported.run(network, "word7 word8")
            write(plan(network, "en"), lambda block: block.expected(trace), path)

        export()
        floor = Floor(path)
        times = rounds({"export": export, "floor": floor.write}, count)
        yield line(f"{weights:,} weights: export / hand-written rows", ratio(times, "export", "floor"), 1.25)
        yield line(f"{weights:,} weights: file, MB", path.stat().st_size / 1e6)
        for each in chosen(engines):
            seconds, memory = run(each.command(path, Path(folder)), Path(folder))
            yield line(f"{weights:,} weights: {each.NAME}, seconds", seconds)
            yield line(f"{weights:,} weights: {each.NAME}, MB of memory", memory)
