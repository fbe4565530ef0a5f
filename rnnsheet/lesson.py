"""The data everything else speaks about: Lesson, Model and Trace. Checked, frozen, no arithmetic.

Column vectors throughout; a weight matrix has the shape (out, in).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnsheet.errors import LessonError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MOST_STEPS = 16_384
"""More time steps than a worksheet has columns are of no use."""


@dataclass(frozen=True)
class ParameterSpec:
    """What a cell asks of one of its parameters: its axes, and which short forms it allows."""

    name: str
    rows: str
    cols: str
    scalar: bool = False
    """One number may stand for all of them."""
    optional: bool = False
    recurrent: bool = False
    """It multiplies a state of the time step before."""


def _gate(gate: str) -> tuple[ParameterSpec, ...]:
    """The parameters of one gate: from the letter, from the hidden state, and a bias."""
    return (
        ParameterSpec(f"Wx{gate}", "hidden", "letters"),
        ParameterSpec(f"Wh{gate}", "hidden", "hidden", scalar=True, recurrent=True),
        ParameterSpec(f"b{gate}", "hidden", "one", scalar=True, optional=True),
    )


_OUTPUT = (
    ParameterSpec("Why", "letters", "hidden"),
    ParameterSpec("by", "letters", "one", scalar=True, optional=True),
)

PARAMETERS: Mapping[str, tuple[ParameterSpec, ...]] = MappingProxyType(
    {
        "elman": (*_gate("h"), *_OUTPUT),
        "lstm": (*_gate("i"), *_gate("f"), *_gate("g"), *_gate("o"), *_OUTPUT),
        "gru": (
            *_gate("r"),
            *_gate("u"),
            *_gate("n"),
            ParameterSpec("bm", "hidden", "one", scalar=True, optional=True),
            *_OUTPUT,
        ),
        "gru-before": (*_gate("r"), *_gate("u"), *_gate("n"), *_OUTPUT),
    }
)
"""Per cell, its parameters in the order in which they are shown."""

STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"elman": ("h",), "lstm": ("h", "c"), "gru": ("h",), "gru-before": ("h",)}
)
"""Per cell, what a time step hands on to the next: the hidden state, and what else there is."""


@dataclass(frozen=True)
class Model:
    """A recurrent network: the kind of its cell and its parameters.

    `parameters` maps a name to a float64 array of two dimensions: (out, in) for a matrix,
    (out, 1) for a bias vector, (1, 1) for one number that broadcasts. Absent means left out.
    """

    cell: str
    parameters: Mapping[str, Array]

    @property
    def hidden(self) -> int:
        """The number of hidden units."""
        return int(self.parameters["Why"].shape[1])

    @property
    def recurrent(self) -> tuple[str, ...]:
        """The names of the parameters that multiply a state of the time step before."""
        return tuple(spec.name for spec in PARAMETERS[self.cell] if spec.recurrent)


LIMIT = 1e100
"""In a training, weights and the gradients of states stay within ± this, so that nothing overflows."""
FLOW = 5.0
"""The greatest recurrent weight, or multiple of it, with which the gradient's flow is shown."""
WIDTH = 1e-5
"""By how much the gradient check moves a weight, up and down."""
MOST_EPOCHS = 1_000_000
FLOW_STEPS = (2, 300)


@dataclass(frozen=True)
class Settings:
    """What the experiments of a lesson's workbook are set to; all but the two sizes are cells there."""

    epochs: int = 200
    """How many times the training goes through the word."""
    flow_steps: int = 30
    """For how many time steps the gradient's flow is shown."""
    rate: float = 0.1
    """The learning rate of the training."""
    clip: float = 1000.0
    """The greatest norm that a gradient of the training may have."""
    update_rate: float = 0.1
    """The learning rate of the one update."""
    chosen: str = ""
    """The weight of the gradient check, such as "Whh[1,2]"; "" is the first recurrent one."""
    flow_whh: float | None = None
    """Whh for the gradient's flow where that is one number, else what all recurrent weights are
    multiplied by; None is the lesson's own."""
    flow_clip: float = 1.0
    """The greatest norm that the gradient's flow may have, for comparison."""


@dataclass(frozen=True)
class Lesson:
    """A network with the word it reads.

    The network reads `steps` letters of `word`, one per time step; each step's target is
    the letter after it. A step past the end of the word reads the zero vector. `h_0` and `c_0`
    (hidden, 1) are the hidden state and, of an LSTM, the cell state before the first step,
    zeros where left out; one number stands for every unit. `title` and
    `about` map a language to a text, `notes` an equation's name to such a map.
    """

    name: str
    model: Model
    vocabulary: Sequence[str]
    word: str
    steps: int = 0
    h_0: Array = field(default_factory=lambda: np.zeros((1, 1)))
    c_0: Array = field(default_factory=lambda: np.zeros((1, 1)))
    title: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""
    """The file that it was read from, for messages."""
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        _check_vocabulary(self.vocabulary)
        if type(self.steps) is not int or not 0 <= self.steps <= MOST_STEPS:
            raise LessonError(
                "wrong_steps", place=self.source, least=1, most=MOST_STEPS, got=repr(self.steps)
            )
        _check_word(self.word, self.vocabulary, shortest=1 if self.steps else 2)
        model = check_model(self.model, len(self.vocabulary))
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "steps", self.steps or len(self.word) - 1)
        for name, given in (("h_0", self.h_0), ("c_0", self.c_0)):
            array = _fit(ParameterSpec(name, "hidden", "one", scalar=True), given, self.sizes)
            object.__setattr__(self, name, np.broadcast_to(array, (model.hidden, 1)))
        _check_settings(self.settings, model)

    @property
    def sizes(self) -> dict[str, int]:
        """The length of each axis: letters, hidden, one."""
        return {"letters": len(self.vocabulary), "hidden": self.model.hidden, "one": 1}

    @property
    def chosen(self) -> str:
        """`settings.chosen`, or the first recurrent weight."""
        return self.settings.chosen or f"{self.model.recurrent[0]}[1,1]"

    @property
    def initial(self) -> dict[str, Array]:
        """Each state before the first time step, (hidden, 1)."""
        given = {"h": self.h_0, "c": self.c_0}
        return {state: given[state] for state in STATES[self.model.cell]}

    @property
    def flow_is_whh(self) -> bool:
        """Whether the gradient's flow is shown for a Whh of one's choice, not for a multiple of all."""
        return self.model.recurrent == ("Whh",) and self.model.parameters["Whh"].size == 1

    @property
    def flow_whh(self) -> float:
        """`settings.flow_whh`, or the lesson's own: Whh, or once all recurrent weights."""
        if self.settings.flow_whh is not None:
            return float(self.settings.flow_whh)
        return float(self.model.parameters["Whh"][0, 0]) if self.flow_is_whh else 1.0

    @property
    def letters(self) -> tuple[str, ...]:
        """The letter read at each time step; "" past the end of the word."""
        return tuple(self.word[t : t + 1] for t in range(self.steps))

    @property
    def targets(self) -> tuple[str, ...]:
        """The letter that should follow at each time step; "" past the end of the word."""
        return tuple(self.word[t + 1 : t + 2] for t in range(self.steps))


@dataclass(frozen=True)
class Trace:
    """Every array that a run of a lesson computes, by the name of its equation.

    An array has the shape (units or letters, time steps), a parameter's gradient that of the
    parameter. Numbers are float64; rows of letters are arrays of str objects, "" where a step
    has none.
    """

    arrays: Mapping[str, NDArray[Any]]
    rows: Mapping[str, tuple[str, ...]]
    """Per array, the label of each row: letters, or the number of the hidden unit."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per array that is not over time, the label of each column."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def frame(self, name: str) -> pd.DataFrame:
        """One array as a DataFrame: rows are units or letters, columns time steps from 1.

        The columns of a parameter's gradient are those of the parameter.
        """
        import pandas as pd

        array = self.arrays[name]
        columns = pd.RangeIndex(1, array.shape[1] + 1, name="time step")
        return pd.DataFrame(array, list(self.rows[name]), self.columns.get(name, columns))

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every array as a labelled DataFrame."""
        return {name: self.frame(name) for name in self.arrays}


def check_model(model: Model, letters: int) -> Model:
    """The model with its parameters as read-only float64 arrays in the order of `PARAMETERS`.

    Raises LessonError where a parameter is missing, unknown, of a wrong shape or not finite.
    """
    if model.cell not in PARAMETERS:
        known = ", ".join(PARAMETERS)
        raise LessonError("unknown_cell", cell=model.cell, known=known)
    specs = PARAMETERS[model.cell]
    for name in model.parameters:
        if name not in [spec.name for spec in specs]:
            known = ", ".join(spec.name for spec in specs)
            raise LessonError("unknown_parameter", name=name, cell=model.cell, known=known)
    for spec in specs:
        if spec.name not in model.parameters and not spec.optional:
            raise LessonError("missing_parameter", name=spec.name, cell=model.cell)
    hidden = np.atleast_2d(_numbers("Why", model.parameters["Why"])).shape[-1]
    sizes = {"letters": letters, "hidden": hidden, "one": 1}
    fitted = {
        spec.name: _fit(spec, model.parameters[spec.name], sizes)
        for spec in specs
        if spec.name in model.parameters
    }
    return Model(model.cell, MappingProxyType(fitted))


def _check_settings(settings: Settings, model: Model) -> None:
    """Raises LessonError where a setting is not what it should be."""
    for name, (least, most) in {"epochs": (1, MOST_EPOCHS), "flow_steps": FLOW_STEPS}.items():
        size = getattr(settings, name)
        if type(size) is not int or not least <= size <= most:
            raise LessonError("wrong_size", name=name, least=least, most=most, got=repr(size))
    for name in ("rate", "clip", "update_rate", "flow_clip"):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LIMIT:
            raise LessonError("not_positive", name=name, got=value)
    weight_of(settings.chosen or f"{model.recurrent[0]}[1,1]", model)


_WEIGHT = re.compile(r"(\w+)\[(\d+),(\d+)\]")


def weight_of(chosen: str, model: Model) -> tuple[str, int, int]:
    """The parameter, the row and the column (from 1) of a weight such as "Wxh[1,2]".

    Raises LessonError where there is no such weight.
    """
    found = _WEIGHT.fullmatch(chosen)
    if found and found[1] in model.parameters:
        name, row, col = found[1], int(found[2]), int(found[3])
        rows, cols = model.parameters[name].shape
        if 1 <= row <= rows and 1 <= col <= cols:
            return name, row, col
    raise LessonError("no_such_weight", name="chosen", given=chosen, example=f"{model.recurrent[0]}[1,1]")


def _fit(spec: ParameterSpec, given: ArrayLike, sizes: Mapping[str, int]) -> Array:
    array = _numbers(spec.name, given)
    wanted = (sizes[spec.rows], sizes[spec.cols])
    if array.ndim == 0 or (spec.scalar and array.size == 1):
        fitted = array.reshape(1, 1)
        fits = spec.scalar or wanted == (1, 1)
    else:
        fitted = array.reshape(-1, 1) if array.ndim == 1 and spec.cols == "one" else array
        fits = fitted.shape == wanted
    if not fits:
        expected = "×".join(map(str, wanted))
        raise LessonError(
            "wrong_shape_or_number" if spec.scalar else "wrong_shape",
            name=spec.name,
            expected=expected,
            axes=f"{spec.rows} × {spec.cols}",
            got="×".join(map(str, array.shape)) or "1",
        )
    if not np.isfinite(fitted).all():
        row, col = np.argwhere(~np.isfinite(fitted))[0] + 1
        raise LessonError("not_finite", name=spec.name, row=row, col=col)
    fitted = fitted.copy()
    fitted.flags.writeable = False
    return fitted


def _numbers(name: str, given: ArrayLike) -> Array:
    try:
        array = np.asarray(given)
        # NumPy takes a truth value among numbers for a 1.
        truths = array.dtype == bool or bool in map(type, np.asarray(given, dtype=object).ravel())
        if array.size == 0 or array.dtype.kind not in "iuf" or truths:
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, OverflowError):
        raise LessonError("not_numbers", name=name) from None


def _check_vocabulary(vocabulary: Sequence[str]) -> None:
    if not vocabulary:
        raise LessonError("empty_vocabulary", name="vocabulary")
    for letter in vocabulary:
        # Spreadsheets count a letter beyond U+FFFF as two, so MID would cut it in half.
        printable = isinstance(letter, str) and len(letter) == 1 and letter.isprintable()
        if not printable or ord(letter) > 0xFFFF:
            raise LessonError("not_a_letter", name="vocabulary", letter=repr(letter))
        if vocabulary.count(letter) > 1:
            raise LessonError("letter_twice", name="vocabulary", letter=repr(letter))


def _check_word(word: str, vocabulary: Sequence[str], shortest: int) -> None:
    for position, letter in enumerate(word, start=1):
        if letter not in vocabulary:
            known = " ".join(vocabulary)
            raise LessonError(
                "unknown_letter", name="word", letter=repr(letter), position=position, known=known
            )
    if len(word) < shortest:
        raise LessonError("short_word", name="word", word=repr(word), shortest=shortest)
