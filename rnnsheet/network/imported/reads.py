"""What an imported network reads and says: a text, numbers, an answer token by token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rnnsheet.network.kinds import Array
from rnnsheet.network.reading import parted
from rnnsheet.plain import make_plain

INPUT, ANSWER = "input", "answer"
"""What layers may read besides layers: what is typed, and what the network itself has just said."""

UNITS, PADDINGS = ("letters", "words"), ("before", "after")

CURLY, STRAIGHT = "’", "'"
"""An apostrophe as some programs write it, which is read as the plain one where no token has it."""

LONGEST_TOKEN = 255
"""MATCH looks up no longer text in Excel."""

LARGEST = 1e100
"""No weight and no number that is read is beyond ± this: what is computed of it might be none."""

_MOST_GAPS = 200
"""So many stretches of numbers without a text are told apart."""


def is_capital(token: str) -> bool:
    """Whether a token is one letter that has a small one; of İ, programs differ in what that is."""
    return len(token) == len(token.lower()) == 1 and token != token.lower()


@dataclass(frozen=True)
class Text:
    """A text that is typed into one cell and read token by token. Raises ValueError for an unknown unit.

    Number k, from 0, stands for the token `tokens[k]`; "" for a number that no text has, such as that
    of the padding. The text is split into `unit`s: "letters", or "words", which blanks and `SIGNS` part.
    """

    unit: str
    tokens: tuple[str, ...]
    steps: int
    sample: str = ""
    """What stands in the cell."""
    forms: Mapping[str, int] = field(default_factory=dict)
    """Texts that are read as a token with another text, and its number: "loved" as "love"."""
    padding: str = "before"
    """Where the time steps that the text does not fill are: "before" (a longer text loses its beginning,
    as `pad_sequences` of Keras does by default) or "after" (it loses its end)."""
    pad: int = 0
    """The number that is read there."""
    unknown: int | None = None
    """The number of a token that is not in the vocabulary; None leaves such tokens out."""
    begin: int | None = None
    """The number of what is put before the first token, if anything is; `count` does not count it."""
    end: int | None = None
    """The number of what is put behind the last token, if anything is; `count` does not count it."""
    masked: bool = False
    """At padding the states of recurrent layers stay as they are."""
    blank: tuple[int, ...] | None = None
    """The first and the last number of each stretch that has no text; None takes them from the tokens. An
    entry that is emptied in a workbook is none of them."""

    def __post_init__(self) -> None:
        if self.unit not in UNITS or self.padding not in PADDINGS:
            raise ValueError(f"{self.unit}, {self.padding}")
        if self.blank is None:
            object.__setattr__(self, "blank", _gaps(self.tokens))
        make_plain(self)

    @property
    def textless(self) -> set[int]:
        """The numbers of `blank`."""
        ends, last = self.blank or (), len(self.tokens)
        return {
            k for first, end in zip(ends[::2], ends[1::2], strict=True) for k in range(last)[first : end + 1]
        }

    @property
    def numbers(self) -> dict[str, int]:
        """The number of every text that is in the vocabulary; of one that is there twice, the first."""
        entries = [*((token, number) for number, token in enumerate(self.tokens)), *self.forms.items()]
        return {text: number for text, number in reversed(entries) if text}

    @property
    def lower(self) -> bool:
        """Whether what is typed is put into small letters: words are; letters, if no token is a capital."""
        return self.unit == "words" or not any(map(is_capital, self.tokens))

    @property
    def room(self) -> int:
        """How many words or letters are looked at: of a longer text the last, or padded "after" the first."""
        return max(2 * self.steps, 64)

    def pieces(self, typed: str) -> list[str]:
        """All letters or words of a text that is typed, in small letters if it is read so."""
        typed = typed.lower() if self.lower else typed
        return list(typed) if self.unit == "letters" else parted(typed)

    def looked_at(self, pieces: Sequence[str]) -> Sequence[str]:
        """Of all words or letters of a text those for which there is room."""
        return pieces[-self.room :] if self.padding == "before" else pieces[: self.room]


def _gaps(tokens: Sequence[str]) -> tuple[int, ...]:
    """The ends of each stretch of empty texts; of very many of them, those of all tokens."""
    ends: list[int] = []
    for number in (number for number, token in enumerate(tokens) if not token):
        if ends and ends[-1] == number - 1:
            ends[-1] = number
        else:
            ends += [number, number]
    return tuple(ends) if len(ends) <= 2 * _MOST_GAPS else (0, len(tokens) - 1)


@dataclass(frozen=True)
class Numbers:
    """Numbers that are typed, (features, steps)."""

    sample: Array

    @property
    def steps(self) -> int:
        return int(self.sample.shape[1])


@dataclass(frozen=True)
class Answer:
    """Tokens that the network says one by one; each is read at the next step, number `start` first.

    It ends with number `end`, or after `steps`.
    """

    start: int
    end: int
    steps: int

    def __post_init__(self) -> None:
        make_plain(self)
