"""What the experiments of a workbook are set to: training, update, gradient check, gradient's flow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rnnsheet.errors import LessonError
from rnnsheet.network import Model
from rnnsheet.plain import plain, text

LIMIT = 1e100
"""In a training, weights and the gradients of states stay within ± this, so that nothing overflows."""
GREATEST_FLOW_WEIGHT = 5.0
"""The greatest recurrent weight, or multiple of it, with which the gradient's flow is shown."""
WIDTH = 1e-5
"""By how much the gradient check moves a weight, up and down."""
MOST_EPOCHS = 1_000_000
FLOW_STEPS = (2, 300)
DIGITS = (0, 6)
"""From so few to so many digits are shown of a number."""


RUNS = ("", "update.", "plus.", "minus.", "training.", "flow.")
"""What the names of a trace's arrays begin with: those of the lesson's own run, and of each experiment."""


@dataclass(frozen=True)
class Settings:
    """What a lesson's workbook is set to; all but the sizes and the sheets are cells there."""

    epochs: int | None = None
    """How many times the training goes through the word; None for what `usual_epochs` says."""
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
    digits: int = 4
    """How many digits of a number are shown behind the point; 0 for as many as it needs."""
    step: int = 1
    """The time step that the sheet Steps shows besides those that it tells of."""
    sheets: tuple[str, ...] = ()
    """The worksheets that are wanted, by name, with those that they need; all where none is named."""


def plain_settings(settings: Settings, model: Model, steps: int) -> Settings:
    """The settings as plain numbers and a text, of a lesson of so many time steps.

    Raises LessonError where one is not what it should be.
    """
    given: dict[str, Any] = {field.name: plain(getattr(settings, field.name)) for field in fields(settings)}
    sizes = {
        "epochs": (1, MOST_EPOCHS),
        "flow_steps": FLOW_STEPS,
        "digits": DIGITS,
        "step": (1, max(1, steps)),
    }
    for name, (least, most) in sizes.items():
        size = least if given[name] is None and name == "epochs" else given[name]
        if type(size) is not int or not least <= size <= most:
            raise LessonError("wrong_size", name=f"settings.{name}", least=least, most=most, got=repr(size))
    for name in ("rate", "clip", "update_rate", "flow_clip"):
        if type(given[name]) not in (int, float) or not 1 / LIMIT <= given[name] <= LIMIT:
            raise LessonError("wrong_setting", name=name, got=given[name], most=f"{LIMIT:g}")
    chosen = text("settings.chosen", given["chosen"])
    weight_of(chosen or first_weight(model), model)
    slider = given["flow_whh"]
    if slider is not None and (type(slider) not in (int, float) or not abs(slider) <= LIMIT):
        raise LessonError("wrong_slider", got=repr(slider), most=f"{LIMIT:g}")
    sheets = given["sheets"]
    if isinstance(sheets, str) or not isinstance(sheets, Sequence):
        raise LessonError("not_a_list", key="settings.sheets", expected='["Overview", "Unrolled"]')
    given["sheets"] = tuple(text("settings.sheets", each) for each in sheets)
    return Settings(**given)


MOST_USUAL, _CELLS, _OTHERS = 200, 145_000, 20
"""The most epochs of a training, the cells of a workbook, and how many epochs the other sheets stand for."""


def usual_epochs(model: Model, sequences: Mapping[str, int]) -> int:
    """How many epochs a workbook has for which nothing else is said: fewer where one takes many cells.

    `sequences` are the time steps of each. An epoch has about as many cells as this counts.
    """
    weights = sum(array.size for array in model.parameters.values())
    columns = 2 * weights
    for layer in model:
        recurrent = sum(spec.recurrent for spec in layer.traits.parameters)
        columns += model.size(layer) * sequences[model.sequence(layer)] * _COLUMNS[min(recurrent, 2)]
    return max(2, min(MOST_USUAL, _CELLS // columns - _OTHERS))


_COLUMNS = (4, 6, 16)
"""Of a unit's time step: without a state, with one, and with gates."""


def first_weight(model: Model) -> str:
    return f"{next(iter((*model.recurrent, *model.parameters)))}[1,1]"


_WEIGHT = re.compile(r"(\w+)\[([1-9][0-9]{0,6}),([1-9][0-9]{0,6})\]")


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
    raise LessonError("no_such_weight", name="chosen", given=chosen, example=first_weight(model))
