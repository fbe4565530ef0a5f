"""The curve of a training's loss as a picture, by matplotlib where it is installed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rnnsheet.errors import OutputError
from rnnsheet.files import write_whole
from rnnsheet.labels import Labels


def check_installed() -> None:
    """Raises OutputError where matplotlib, the extra `plot`, is missing."""
    if not find_spec("matplotlib"):
        raise OutputError("needs_extra", package="matplotlib", extra="plot")


def draw(losses: Sequence[float], path: Path, labels: Labels) -> None:
    """Draws the loss of each epoch, from the one before training. Raises OutputError."""
    from matplotlib.figure import Figure

    # Figures speak English where the fonts at hand know no Chinese.
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(len(losses)), losses)
    axes.set_xlabel(labels("train.epoch"))
    axes.set_ylabel(labels("train.loss"))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=150))
