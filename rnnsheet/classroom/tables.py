"""Tables of a class as CSV: a roster is read in whatever encoding it has, nothing that is written can run."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnsheet.errors import DataError
from rnnsheet.files import as_text, content, write_whole

IDS = ("id", "student id", "student number", "id number", "sis user id", "学号", "学生学号", "编号")
NAMES = ("name", "full name", "student", "student name", "姓名", "学生姓名", "全名")
_FIRST, _LAST = ("first name", "given name", "名"), ("last name", "surname", "family name", "姓")
_TITLES = 10
"""Among so many rows the first is looked for that names the columns; above it stand titles."""
_ZIP = b"PK"
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
"""What Excel makes of a long number in a narrow column: its last digits are lost."""
_MOST = 64 << 20
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")
"""With which a text begins that a spreadsheet program would take for a formula, some also in full width."""


@dataclass(frozen=True)
class Student:
    """Someone on a roster."""

    id: str
    name: str = ""


def harmless(value: object) -> object:
    """A value that no spreadsheet program takes for a formula; numbers are as they are, and a lone -."""
    if not isinstance(value, str) or value == "-" or not value.lstrip(" ").startswith(_ACTIVE):
        return value
    return f"'{value}"


def plain(text: str) -> str:
    """What `harmless` was made of, as people compare it."""
    text = unicodedata.normalize("NFC", text.strip())
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(_ACTIVE) else text


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], bom: bool = True) -> None:
    """Writes a table that Excel reads as UTF-8. Raises OutputError where it cannot."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([harmless(value) for value in row] for row in rows)
    write_whole(path, lambda file: file.write(text.getvalue().encode("utf-8-sig" if bom else "utf-8")))


def read(path: Path) -> list[list[str]]:
    """The rows of a table. Raises DataError where the file is none."""
    given = content(path, DataError, _MOST)
    if given.startswith(_ZIP):
        raise DataError("no_table", place=str(path))
    text = as_text(given, path, DataError)
    first = next((line for line in text.splitlines() if any(sign in line for sign in ",;\t")), "")
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError("broken_row", place=str(path), row=1, reason=error) from None


def roster(path: Path) -> list[Student]:
    """The students of a table with a column of ids, and of names, or first and last ones, where it has these.

    Raises DataError where there is no such column, an id is missing, rounded or there twice, or nobody is
    listed.
    """
    rows = [(number, row) for number, row in enumerate(read(path), start=1) if any(map(str.strip, row))]
    start = next((n for n, (_, row) in enumerate(rows[:_TITLES]) if _column(row, IDS) is not None), None)
    if start is None:
        raise DataError("no_ids", place=str(path), known=", ".join(IDS))
    header = rows[start][1]
    ids = _column(header, IDS)
    names = [[_column(header, NAMES)], [_column(header, _FIRST), _column(header, _LAST)]]
    columns = next((each for each in names if None not in each), [])
    students: dict[str, Student] = {}
    for number, row in rows[start + 1 :]:
        own = _value(row, ids)
        if not own:
            raise DataError("empty_id", place=str(path), row=number)
        if _ROUNDED.fullmatch(own):
            raise DataError("id_rounded", place=str(path), row=number, got=own)
        if own in students:
            raise DataError("id_twice", place=str(path), row=number, got=own)
        students[own] = Student(own, " ".join(_value(row, col) for col in columns))
    if not students:
        raise DataError("nobody", place=str(path))
    return list(students.values())


def _value(row: Sequence[str], col: int | None) -> str:
    """What stands in a column; ="0017", as programs write it to keep the zeros, is 0017."""
    text = plain(row[col]) if col is not None and col < len(row) else ""
    return text[2:-1] if re.fullmatch('="[^"]*"', text) else text


def _column(header: Sequence[str], known: Iterable[str]) -> int | None:
    """The column of one of these titles, however it is spaced."""
    titles = [_spaceless(plain(title).lower()) for title in header]
    return next((titles.index(_spaceless(title)) for title in known if _spaceless(title) in titles), None)


def _spaceless(title: str) -> str:
    return re.sub(r"[\s_]", "", title)
