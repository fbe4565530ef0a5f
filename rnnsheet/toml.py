"""TOML files, of which Python's own reader takes the square of a key's length, in time and in memory."""

import re
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from rnnsheet.errors import RenamedWarning, RnnsheetError
from rnnsheet.files import content
from rnnsheet.labels import default_language, labels

MOST_BYTES = 20_000_000
"""A million weights."""
_MOST_PARTS = 8
"""More than the key of any table of ours has, even in one line."""

# Left to right as TOML is read, so that no text or remark is taken for a key, and no key for a text: at the
# end of a long text up to two more quotation marks belong to it. One that does not end reaches to the end of
# the file or line, and nothing is read twice.
_TEXT = (
    r'"""(?:[^\\"]|\\.|"{1,2}(?!"))*+(?:"{3,5}|\\?\Z)'
    r"|\'\'\'(?:[^\']|\'{1,2}(?!\'))*+(?:\'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+(?:"|(?=\n)|\\?\Z)'
    r"|\'[^\'\n]*+(?:\'|(?=\n)|\Z)"
)
_REMARK = r"\#[^\n]*+"
_PART = rf"(?:[\w-]++|{_TEXT})"
_NEXT = re.compile(rf"[ \t]*+\.[ \t]*+{_PART}", re.DOTALL)
_KEY = re.compile(rf"{_REMARK}|{_PART}(?P<more>(?:{_NEXT.pattern})*+)", re.DOTALL)


def parsed(path: Path, error: type[RnnsheetError]) -> dict[str, Any]:
    """What is in the file. Raises the error where it is no TOML, too large, or its keys too deep."""
    given = content(path, error, MOST_BYTES)
    try:
        text = given.decode("utf-8-sig")
        _check_keys(text, error)
        return tomllib.loads(text)
    except UnicodeDecodeError:
        raise error("not_utf8") from None
    except tomllib.TOMLDecodeError as reason:
        raise _mistake(text, str(reason), error) from None
    except RecursionError:
        depth, row = _deepest(text)
        raise error("not_toml_deep", got=depth, row=row) from None
    except ValueError:
        # A number of more digits than Python reads.
        raise error("not_toml_number", row=_row(text, _LONG_NUMBER.search(text))) from None


def renamed(table: Mapping[str, Any], names: Mapping[str, str], place: str) -> dict[str, Any]:
    """The table with the keys of today; of each older one a RenamedWarning says what it is called now."""
    for old in table.keys() & names.keys():
        tell_renamed(f"{place}.{old}", names[old])
    return {names.get(key, key): value for key, value in table.items()}


def tell_renamed(old: str, new: str) -> None:
    """Warns that something has another name today."""
    told = labels(default_language())("run.renamed", old=old, new=new)
    warnings.warn(told, RenamedWarning, stacklevel=3)


def _mistake(text: str, reason: str, error: type[RnnsheetError]) -> RnnsheetError:
    """What is wrong with a file by Python's reader, with the line; and what to do where that is usual."""
    lines = [*text.split("\n"), ""]
    found = _AT.search(reason)
    row, col = (int(found[1]), int(found[2])) if found else (len(lines) - 1, 1)
    line = lines[row - 1][:_LONGEST_LINE]
    values: dict[str, Any] = {"row": row, "col": col, "line": line.strip()}
    looked_at = (lines[row - 2][:_LONGEST_LINE], line) if "Unclosed" in reason and row > 1 else (line,)
    outside = re.sub(f"{_TEXT}|{_REMARK}", "", "\n".join(looked_at), flags=re.DOTALL)
    if signs := {sign: meant for sign in outside if (meant := _meant(sign)) != sign}:
        return error("not_toml_signs", got=" ".join(signs), meant=" ".join(signs.values()), **values)
    if "Unclosed" in reason:
        return error("not_toml_list", **values)
    if "'\\n'" in reason or "Unterminated" in reason:
        return error("not_toml_quote", **values)
    if bare := re.fullmatch(r"[^=]*=\s*([^\W\d]\w*)\s*", outside):
        return error("not_toml_bare", got=bare[1], **values)
    return error("not_toml_twice" if reason.startswith("Cannot") else "not_toml", **values)


_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_LONGEST_LINE = 200
_CHINESE_SIGNS = {"“": '"', "”": '"', "‘": "'", "’": "'", "。": ".", "、": ",", "【": "[", "】": "]"}


def _meant(sign: str) -> str:
    """What a Chinese keyboard should have written for a sign of TOML."""
    return _CHINESE_SIGNS.get(sign) or (normalize("NFKC", sign) if "！" <= sign <= "～" else sign)


_BRACKET = re.compile(rf"{_TEXT}|{_REMARK}|(?P<opens>[\[{{])|(?P<closes>[\]}}])", re.DOTALL)
_LONG_NUMBER = re.compile(r"\d{4300}")


def _deepest(text: str) -> tuple[int, int]:
    """How deep brackets stand in each other, and the first line where they do so."""
    depth, deepest, place = 0, 0, None
    for found in _BRACKET.finditer(text):
        depth += bool(found["opens"]) - bool(found["closes"])
        if depth > deepest:
            deepest, place = depth, found
    return deepest, _row(text, place)


def _row(text: str, found: re.Match[str] | None) -> int:
    return text.count("\n", 0, found.start() if found else 0) + 1


def _check_keys(text: str, error: type[RnnsheetError]) -> None:
    for found in _KEY.finditer(text):
        if found["more"] and len(found["more"]) > 2 * _MOST_PARTS:
            parts = 1 + len(_NEXT.findall(found["more"]))
            if parts > _MOST_PARTS:
                raise error("deep_key", row=_row(text, found), got=parts, most=_MOST_PARTS)
