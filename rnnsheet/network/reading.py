"""What is typed or drawn, as a network reads it: letters, words, a picture. No arithmetic."""

import math
import re

import numpy as np
from numpy.typing import NDArray

MOST_STEPS = 16_384
"""More time steps than a worksheet has columns are of no use."""
START, END = "<start>", "<end>"
"""What a network reads before its first own word, and says after its last."""

UNUSUAL = 100
"""A number beyond ± this may be one whose decimal comma was not taken for one: 0,427 becomes 427."""
LONGEST_TEXT = 200
"""So many signs of a text that is split into words are read."""
SIGNS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~“”–—…，。！？；：、（）\x01\t\n\r\xa0\u3000'
"""Signs that stand for a space where a text is split into words: those that the Tokenizer of Keras takes out,
and their like. An apostrophe stays in its word. LibreOffice makes U+0001 of a tab in a cell of several
lines."""
_TO_BLANKS = str.maketrans(dict.fromkeys(SIGNS, " "))
BLANKS = " \u00a0\u3000"
"""A blank, one that does not break, and one as wide as a Chinese sign."""
FULL_WIDTH = ("\uff01", "\uff5e")
"""The first and the last of the letters and signs that are as wide as Chinese ones."""


def parted(text: str) -> list[str]:
    """The words of a text: what blanks and `SIGNS` part."""
    return [word for word in text.translate(_TO_BLANKS).split(" ") if word]


def words_of(text: str) -> tuple[str, ...]:
    """The words at the beginning of a text, in small letters."""
    return tuple(parted(text[:LONGEST_TEXT].lower()))


def reading(given: str | NDArray[np.float64], split: str) -> str:
    """A text as it is read: words in small letters with a blank between them, letters as they are.

    A picture row by row: # is 1, . is 0, and between them stands the hundredth part in brackets.
    """
    if isinstance(given, str):
        return " ".join(words_of(given)) if split == "words" else given
    return " ".join("".join(map(_pixel, row)) for row in np.asarray(given).tolist())


_PIXELS = {1.0: "#", 0.0: "."}
_MOST_PIXEL = 1e6
"""Numbers beyond ± this count as this in the text of a picture."""


def _pixel(value: float) -> str:
    bounded = max(-_MOST_PIXEL, min(_MOST_PIXEL, value))
    return _PIXELS.get(value) or f"({math.floor(100 * bounded + 0.5)})"


def picture_of(text: str) -> NDArray[np.float64]:
    """The picture that `reading` gave as a text, to a hundredth. Raises ValueError where it did not."""
    # Those that round to 0 or 1 and are neither stay apart from these.
    signs = {sign: str(100 * value) for value, sign in _PIXELS.items()} | {"(0)": "0.1", "(100)": "99.9"}
    rows = (re.findall(r"[#.]|\(-?\d+\)", row) for row in text.split(" "))
    numbers = [[signs.get(pixel) or pixel.strip("()") for pixel in row] for row in rows]
    return np.array(numbers, float) / 100


def kind_of(entry: str, split: str) -> str:
    """What a letter is, or a word begins with, that a vocabulary does not have.

    "blank", "full_width", of letters "capital", else "unknown".
    """
    if entry[0] in BLANKS:
        return "blank"
    if FULL_WIDTH[0] <= entry[0] <= FULL_WIDTH[1]:
        return "full_width"
    return "capital" if split == "letters" and entry != entry.lower() else "unknown"
