"""What the pages of one plan share: the network, and where its inputs and results stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.plan import Area, Block

LABEL, WEIGHTS = 1, 2
"""The column of the row labels, which stays in sight, and the first of the weights beside the time steps."""
_MOST_BESIDE, _MOST_BESIDE_WORDS = 8, 6
"""So many columns of weights leave the first time step on the first third of a screen."""
_MOST_IN_SIGHT = 8
"""So many time steps are seen without scrolling."""
_MOST_ROWS = 6
"""A taller column of zeros and ones stands at the foot."""
_CAPTIONS, _NUMBER, _WORD = 20.5, 3.3, 12.0
"""The widths of row labels: alone, below captions; beside weights as numbers or letters, or as words."""
_WEIGHT, _WEIGHT_OF_WORD = 5.3, 6.0
"""The width of a column of weights; where a word may stand above it."""
_PARAGRAPH = 150.0


@dataclass(frozen=True)
class Columns:
    """The columns of a worksheet over time: row labels, weights, the state before, then the time steps."""

    weights: int = 0
    """How many columns of weights stand left of the time steps; behind them stand the row labels again."""
    words: bool = False
    """Row labels may be words."""

    @property
    def again(self) -> int:
        """The column of the row labels behind the weights; 0 where there are none."""
        return WEIGHTS + self.weights if self.weights else 0

    @property
    def first(self) -> int:
        """The first time step's."""
        return (self.again or LABEL) + 2

    def widths(self, longest: int) -> dict[int, float]:
        """The widths of the columns left of the state before, if the longest label has so many letters."""
        if not self.weights:
            return {LABEL: _CAPTIONS}
        label = min(_WORD, longest + 2.0) if self.words else _NUMBER
        return {LABEL: label, self.again: _NUMBER} | dict.fromkeys(
            range(WEIGHTS, self.again), _WEIGHT_OF_WORD if self.words and longest > 5 else _WEIGHT
        )

    def span(self, width: float) -> int:
        """How many columns a paragraph takes, if the time steps have that width."""
        taken = sum(self.widths(0).values())
        return self.first - 2 + int((_PARAGRAPH - taken) / width)

    def labels(self, weighted: bool, named: bool, steps: int) -> list[int]:
        """The columns of a block's row labels: of weights and behind them, else only one of the two.

        Behind them is nearer to the numbers, but out of sight where these are scrolled, and names are wide.
        """
        near = 0 if self.words and named else self.again
        if near and weighted:
            return [LABEL, near]
        return [near] if near and steps <= _MOST_IN_SIGHT else [LABEL]

    def are_beside(self, equation: Equation) -> bool:
        """Whether an equation's weights stand left of its time steps."""
        return 0 < _width(equation) <= self.weights


def columns(network: Recurrence, *parts: str) -> Columns:
    """The columns of a sheet with the equations of some parts; without any, of one without weights."""
    words = network.split == "words" or "labels" in network.parameters
    most = _MOST_BESIDE_WORDS if words else _MOST_BESIDE
    widths = [_width(each) for each in network.of(*parts)]
    return Columns(max((width for width in widths if width <= most), default=0), words)


def is_tall(equation: Equation) -> bool:
    """Whether an equation is a column of zeros and ones, or a picture, that is taller than a matrix."""
    return equation.base in ("x", "x_picture", "bag", "goal") and equation.value.rows.size > _MOST_ROWS


def _width(equation: Equation) -> int:
    return sum(weight.cols.size for weight in equation.weights)


@dataclass(frozen=True)
class Frame:
    """What blocks over time are written with: a network, words, by name the inputs' blocks."""

    network: Recurrence
    labels: Labels
    inputs: Mapping[str, Block]
    digits: int
    """How many digits of a number are shown."""


@dataclass(frozen=True)
class Context(Frame):
    """The same with the lesson, and by name the blocks of its values over time."""

    lesson: LessonData
    messages: Mapping[str, Area]
    """Where the sentences stand that formulas may say."""
    over_time: Mapping[str, Block]
