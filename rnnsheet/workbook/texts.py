"""Texts as an .xlsx file has them: escaped, and those of cells in one table for the whole workbook."""

import re
from collections.abc import Iterator

_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SPECIAL = re.compile('[&<>"\t\n\r]|_x')
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_QUOTED = str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})


class SharedText(int):
    """The number of a text in the table, which stands in a cell instead of it."""


class SharedTexts:
    """The table of texts.

    Excel writes texts so, and every reader knows it: openpyxl and ExcelJS take the escapes out of these
    texts and of no others.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, SharedText] = {}
        self._uses = 0

    def number(self, text: str) -> SharedText:
        """The text's number; the next one where it is new."""
        self._uses += 1
        if text not in self._numbers:
            self._numbers[text] = SharedText(len(self._numbers))
        return self._numbers[text]

    def part(self) -> Iterator[str]:
        """The table as XML."""
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        yield f'{DECLARATION}<sst xmlns="{space}" count="{self._uses}" uniqueCount="{len(self._numbers)}">'
        for text in self._numbers:
            yield f'<si><t xml:space="preserve">{escaped(text)}</t></si>'
        yield "</sst>"


DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def markup(text: str) -> str:
    """What is no text for people, such as a formula, as XML wants it between tags."""
    return text.translate(_MARKUP)


def attribute(text: str) -> str:
    """What is no text for people, between quotation marks."""
    return markup(text).translate(_QUOTED)


def escaped(text: str) -> str:
    """A text as it stands between tags: what looks like the escape of a letter, `_x0041_`, is none.

    Source: ECMA-376, Part 1, 22.4.2.4 (bstr) and 22.9.2.19 (ST_Xstring).
    """
    return markup(_LIKE_AN_ESCAPE.sub("_x005F_", text)) if _SPECIAL.search(text) else text


def quoted(text: str) -> str:
    """A text as it stands between quotation marks."""
    return escaped(text).translate(_QUOTED) if _SPECIAL.search(text) else text


def unescaped(text: str) -> str:
    """What a text of a file says, where letters may be written as `_x0041_`."""
    if "_x" not in text:
        return text
    letters = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    # A letter beyond U+FFFF is written as two.
    return letters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
