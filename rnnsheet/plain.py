"""Numbers and texts as Python's own, whatever kind they come in as, and as a workbook can hold them."""

from __future__ import annotations

import re
from dataclasses import fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from rnnsheet.errors import LessonError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LONGEST_IN_CELL = 16_000
"""A cell holds 32,767 letters, of those that UTF-16 writes as two half as many; some get words of ours."""

_UNWRITABLE = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def unwritable(text: str) -> str:
    """The first sign of a text that a workbook cannot hold, such as U+0001; "" where there is none.

    Source: XML 1.0, 2.2 (Char).
    """
    # To compile it takes as long as to import all the rest of this module.
    found = None if text.isprintable() else re.search(_UNWRITABLE, text)
    return f"U+{ord(found[0]):04X}" if found else ""


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is one of Python's own numbers; a truth value is none."""
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool))


def plain(value: object) -> object:
    """A text as str, a whole number as int, another as float, a truth value as bool; all else as it is.

    NumPy's scalars and subclasses, such as `np.float64`, would be written by names of their own.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    return float(value) if isinstance(value, Real) and not isinstance(value, bool | int) else value


def make_plain(data: DataclassInstance) -> None:
    """Makes each number and text of a frozen dataclass plain, and those in its tuples."""
    for field in fields(data):
        value = getattr(data, field.name)
        object.__setattr__(
            data, field.name, tuple(map(plain, value)) if isinstance(value, tuple) else plain(value)
        )


def text(key: str, value: object) -> str:
    """A text that a cell can hold, as str. Raises LessonError, with the key, where it is none."""
    if not isinstance(value, str):
        raise LessonError("not_a_text", key=key)
    if sign := unwritable(value):
        raise LessonError("control_sign", key=key, sign=sign)
    if len(value) > LONGEST_IN_CELL:
        raise LessonError("text_too_long", key=key, got=len(value), most=LONGEST_IN_CELL)
    return str.__str__(value)
