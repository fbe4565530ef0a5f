"""Formulas that read the words of a text that is typed, as `network.reading` reads them."""

from rnnsheet.network.reading import LONGEST_TEXT, SIGNS


def lowercase_without_signs(cell: str) -> str:
    """The beginning of a cell's text in small letters, with blanks for signs."""
    return f"LOWER({without_signs(f'LEFT({cell},{LONGEST_TEXT})')})"


def without_signs(text: str) -> str:
    """A formula's text with blanks for signs."""
    for sign in SIGNS:
        text = f'SUBSTITUTE({text},{_quoted(sign)}," ")'
    return text


def _quoted(sign: str) -> str:
    """A sign inside a formula; one that is not printed, by its number."""
    if sign < " ":
        return f"CHAR({ord(sign)})"
    return '""""' if sign == '"' else f'"{sign}"'


def length_of(cell: str, split: str) -> str:
    """The number of letters or words of a text as it is read."""
    if split == "letters":
        return f"LEN({cell})"
    return f'IF({cell}="",0,LEN({cell})-LEN(SUBSTITUTE({cell}," ",""))+1)'
