"""What the pages of one plan share: the network, and where its inputs and results stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.plan import Area, Block

WEIGHTS = 2
"""The first column of the weights; captions stand left of it."""


@dataclass(frozen=True)
class Columns:
    """The columns of a worksheet over time: row labels, the state before, then the time steps."""

    label: int

    @property
    def first(self) -> int:
        """The first time step's."""
        return self.label + 2


def columns(network: Recurrence) -> Columns:
    """The columns of all sheets of a network, so that a time step has the same one on each."""
    bands = network.of("cell", "output", "gradient")
    return Columns(WEIGHTS + max(sum(w.cols.size for w in band.weights) for band in bands))


@dataclass(frozen=True)
class Frame:
    """What blocks over time are written with: a network, words, columns, by name the inputs' blocks."""

    network: Recurrence
    labels: Labels
    where: Columns
    inputs: Mapping[str, Block]


@dataclass(frozen=True)
class Context(Frame):
    """The same with the lesson, and by name the blocks of its values over time."""

    lesson: Lesson
    messages: Mapping[str, Area]
    """Where the sentences stand that formulas may say."""
    over_time: Mapping[str, Block]
