"""What students hand in, as a platform gives it: files, folders or zips, which may come from strangers."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rnnsheet.errors import DataError
from rnnsheet.workbook.package import DAMAGED, LARGEST_FILE, damage

MOST_FILES = 5_000
"""In a zip."""
_LARGEST = 2 << 30
"""Of a zip's files together, unpacked, in bytes."""
_ENCODINGS = ("utf-8", "gb18030")
"""Of names in zips that do not say theirs."""
_UTF_8, _ENCRYPTED = 1 << 11, 1
_LEFT_ALONE = re.compile(r"(^|/)(\.|~\$|__MACOSX/|Thumbs\.db$|desktop\.ini$)")
"""What systems and open programs leave beside files."""

MOODLE, CANVAS, GRADESCOPE = "moodle", "canvas", "gradescope"
PLATFORMS = (MOODLE, CANVAS, GRADESCOPE)
_MOODLE = re.compile(r"(?P<name>[^/]*?)_(?P<number>\d+)_assignsubmission_file(?:_(?P<flat>[^/]*)|_?/.+)")
"""As mod/assign/locallib.php of Moodle names them; before Moodle 4.1 the folder's name ends in _."""
_CANVAS = re.compile(r"(?P<name>[^/_]+)_(?:LATE_)?(?P<number>\w+?)_(?P<attachment>\d+)_(?P<flat>[^/]+)")
"""As lib/content_zipper.rb of Canvas names them; an anonymous one is called anon, its number has letters."""
_NAMELESS = re.compile(r"anon|participant|参与者|参加者|teilnehmer.*", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """A file that someone has handed in."""

    path: Path
    """Where it is, or the zip that it is in."""
    member: str = ""
    """Its name in the zip as the zip has it."""
    name: str = ""
    """As people read it."""

    @property
    def student(self) -> str:
        """Whom the platform calls it of; "" where it does not say."""
        found = self._of(MOODLE) or self._of(CANVAS)
        return "" if not found or _NAMELESS.fullmatch(found["name"]) else found["name"]

    @property
    def number(self) -> str:
        """The number by which the platform takes a mark back; "" where it has none."""
        found = self._of(MOODLE) or self._of(CANVAS)
        return found["number"] if found else ""

    @property
    def of_whom(self) -> str:
        """What the files of one student have in common: the platform's number, or else the folder."""
        return self.number or self.name.rpartition("/")[0]

    @property
    def platform(self) -> str:
        """The platform as whose name it looks."""
        return next((name for name in (MOODLE, CANVAS) if self._of(name)), "")

    def read(self) -> bytes:
        """What it holds. Raises DataError where it cannot be read."""
        try:
            if not self.member:
                with self.path.open("rb") as file:
                    return file.read(LARGEST_FILE + 1)
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                return file.read(LARGEST_FILE + 1)
        except (OSError, *DAMAGED) as error:
            raise DataError("unreadable", place=self.name, reason=damage(error)) from None

    def _of(self, platform: str) -> re.Match[str] | None:
        if platform == MOODLE:
            return _MOODLE.fullmatch(self.name)
        return _CANVAS.fullmatch(self.name)


def found(places: Sequence[str | Path]) -> list[Submission]:
    """Every file of the places that are given: files, zips of platforms, folders with all that is in them.

    Raises DataError where a place cannot be read, a zip should not be, or there is no file.
    """
    every = [submission for place in places for submission in _at(Path(place))]
    if not every:
        raise DataError("no_submissions", place=", ".join(map(str, places)))
    return every


def _at(place: Path) -> Iterator[Submission]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.is_file() and not path.is_symlink() and not _LEFT_ALONE.search(name):
                yield Submission(path, name=unicodedata.normalize("NFC", name))
    elif not place.exists():
        raise DataError("no_file", place=str(place))
    elif place.suffix.lower() == ".zip":
        yield from _in_zip(place)
    else:
        yield Submission(place, name=unicodedata.normalize("NFC", place.name))


def _in_zip(place: Path) -> Iterator[Submission]:
    try:
        with zipfile.ZipFile(place) as archive:
            items = [item for item in archive.infolist() if not item.is_dir()]
    except (OSError, *DAMAGED) as error:
        raise DataError("bad_zip", place=str(place), reason=damage(error)) from None
    if len(items) > MOST_FILES:
        raise DataError("too_many_files", place=str(place), got=len(items), most=MOST_FILES)
    if (size := sum(item.file_size for item in items)) > _LARGEST:
        raise DataError("zip_too_large", place=str(place), got=size >> 20, most=_LARGEST >> 20)
    for item in items:
        name = _name(item)
        if name.startswith("/") or ".." in PurePosixPath(name).parts or re.match(r"[A-Za-z]:", name):
            raise DataError("zip_leads_out", place=str(place), got=name)
        if item.flag_bits & _ENCRYPTED:
            raise DataError("bad_zip", place=str(place), reason="AES")
        if not _LEFT_ALONE.search(name):
            yield Submission(place, item.filename, unicodedata.normalize("NFC", name))


def _name(item: zipfile.ZipInfo) -> str:
    """An entry's name; one that does not say its encoding is in UTF-8, or as Chinese Windows has it."""
    if item.flag_bits & _UTF_8 or item.filename.isascii():
        return item.filename.replace("\\", "/")
    given = item.filename.encode("cp437")
    for encoding in _ENCODINGS:
        try:
            return given.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return item.filename


def is_other(told: str, name: str) -> bool:
    """Whether whom a platform tells is someone else than who has a name on the roster.

    Platforms write names without blanks, or the family name first, or that of a group and - before.
    """

    def letters(text: str) -> list[str]:
        return sorted(re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold()))

    parts = told.split("-")
    may_be = (letters("-".join(parts[start:])) for start in range(len(parts)))
    return bool(told and name) and letters(name) not in may_be
