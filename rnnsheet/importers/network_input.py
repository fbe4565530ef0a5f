"""What a network reads and answers: Text, Numbers and Answer, of a vocabulary and what else is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.importers.limits import MOST_WEIGHTS, check_count
from rnnsheet.importers.vocabulary import PADDING, UNKNOWN, is_special, number_of
from rnnsheet.network.imported import Answer, Numbers, Text
from rnnsheet.network.imported.reads import PADDINGS, UNITS
from rnnsheet.network.reading import MOST_STEPS, SIGNS
from rnnsheet.plain import LONGEST_IN_CELL

LONGEST = 20
"""How many tokens of a masked text are read where neither the file nor the user says."""
_BREAKS = {*SIGNS, " "}
"""What no word has."""


def text(tokens: tuple[str, ...], wishes: Mapping[str, Any]) -> Text:
    """The text that is read by these tokens. Raises ModelError where the wishes cannot be met.

    The wishes have the fields of `Text`, token numbers also as tokens. Letters are read if every token but
    special ones is one sign.
    """
    masked = bool(wishes["masked"])
    steps = _steps(LONGEST if masked and wishes["steps"] is None else wishes["steps"])
    named: dict[str, Any] = {
        key: _number("no_token", f"text.{key}", tokens, wishes[key])
        for key in ("pad", "unknown", "begin", "end")
        if key in wishes
    }
    if "unknown" not in named:
        named["unknown"] = number_of(tokens, UNKNOWN)
    if "pad" not in named:
        named["pad"] = number_of(tokens, PADDING) or 0
    around = sum(named.get(key) is not None for key in ("begin", "end"))
    if steps <= around:
        raise ModelError("wrong_size", name="steps", least=around + 1, most=MOST_STEPS, got=steps)
    letters = all(len(token) == 1 for token in tokens if not is_special(token))
    chosen = {"unit": "letters" if letters else "words", "padding": wishes["padding"]} | {
        key: wishes[key] for key in ("unit", "padding") if key in wishes
    }
    for key, known in (("unit", UNITS), ("padding", PADDINGS)):
        if chosen[key] not in known:
            raise ModelError("wrong_choice", key=f"text.{key}", got=chosen[key], known=", ".join(known))
    sample = str(wishes.get("sample") or _sample(tokens, chosen["unit"], steps))
    if len(sample) > LONGEST_IN_CELL:
        raise ModelError("text_too_long", key="text.sample", got=len(sample), most=LONGEST_IN_CELL)
    forms = wishes.get("forms", {})
    return Text(tokens=tokens, forms=forms, steps=steps, sample=sample, masked=masked, **chosen, **named)


def numbers(features: int | None, steps: int | None) -> Numbers:
    """Numbers of this many features, with a sample. Raises ModelError where their count is not known."""
    if features is None:
        raise ModelError("no_features")
    if features < 1:
        raise ModelError("wrong_size", name="features", least=1, most=MOST_WEIGHTS, got=features)
    shape = features, _steps(steps)
    check_count([shape])
    return Numbers(np.round(np.random.default_rng(0).normal(size=shape), 2))


def answered(wishes: Mapping[str, Any], labels: Sequence[str]) -> Answer:
    """The answer, whose tokens are the labels. Raises ModelError where it has none of them."""
    for key in ("start", "end", "steps"):
        if key not in wishes:
            raise ModelError("missing_key", key=f"answer.{key}")
    start, end = (_number("no_such_label", f"answer.{key}", labels, wishes[key]) for key in ("start", "end"))
    return Answer(start, end, _steps(wishes["steps"]))


def _steps(steps: int | None) -> int:
    if steps is None:
        raise ModelError("no_steps")
    if not 1 <= steps <= MOST_STEPS:
        raise ModelError("wrong_size", name="steps", least=1, most=MOST_STEPS, got=steps)
    return steps


def _number(message: str, key: str, tokens: Sequence[str], wish: int | str) -> int:
    """The number of a token, or the number itself. Raises ModelError, with the key, where it is of none."""
    if isinstance(wish, int):
        if 0 <= wish < len(tokens):
            return wish
    elif wish in tokens:
        return tokens.index(wish)
    raise ModelError(message, key=key, given=repr(wish))


def never_typed(read: Text) -> list[str]:
    """The tokens of a vocabulary that no text has: words are read in small letters and without signs."""
    named = (read.pad, read.unknown, read.begin, read.end)
    typed = [t for number, t in enumerate(read.tokens) if t and number not in named and not is_special(t)]
    if read.unit == "letters":
        # In small letters İ is two.
        return [token for token in typed if len(token) > 1 or (read.lower and token != token.lower())]
    return [word for word in typed if word != word.lower() or set(word) & _BREAKS]


def _sample(tokens: Sequence[str], unit: str, steps: int) -> str:
    """A few tokens that a text can have."""
    words = unit == "words"
    readable = [t for t in tokens if t and not is_special(t) and not (words and set(t) & _BREAKS)]
    likely = [token for token in readable if token.isalpha()] or readable
    return (" " if words else "").join(likely[: min(steps, 5)])
