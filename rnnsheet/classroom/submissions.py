"""What students hand in, as a platform gives it: files, folders or zips, which may come from strangers."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from rnnsheet.errors import DataError
from rnnsheet.workbook.package import DAMAGED, LARGEST_FILE, damage

MOST_FILES, _MOST_NESTED = 5_000, 100
"""In a zip, and in one that is in a zip."""
_LARGEST = 2 << 30
"""Of a zip's files together, unpacked, in bytes."""
_ENCODINGS = ("utf-8", "gb18030")
"""Of names in zips that do not say theirs."""
_UTF_8, _ENCRYPTED = 1 << 11, 1
_LEFT_ALONE = re.compile(r"(^|/)(\.|~\$|__MACOSX/|Thumbs\.db$|desktop\.ini$)")
"""What systems and open programs leave beside files."""
_WORKBOOK = "[Content_Types].xml"
"""What a zip has that is itself a workbook, as some browsers save one."""

MOODLE, CANVAS, GRADESCOPE = "moodle", "canvas", "gradescope"
PLATFORMS = (MOODLE, CANVAS, GRADESCOPE)
_MOODLE = re.compile(r"(?:.*/)?(?P<name>[^/]*?)_(?P<number>\d+)_assignsubmission_file(?:_[^/]*|_?/.+)")
"""As mod/assign/locallib.php of Moodle names them; before Moodle 4.1 the folder's name ends in _."""
_CANVAS = re.compile(r"(?:.*/)?(?P<name>[^/_]+)_(?:LATE_)?(?P<number>\w+?)_\d+_[^/]+(?:/.+)?")
"""As lib/content_zipper.rb of Canvas names them; an anonymous one is called anon, its number has letters."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_NAMELESS = re.compile(r"anon|participant|参与者|参加者|teilnehmer.*", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """A file that someone has handed in."""

    path: Path
    """Where it is, or the zip that it is in."""
    members: tuple[int, ...] = ()
    """Which entry of the zip it is, behind that of the zip in the zip where it is in one."""
    name: str = ""
    """As people read it."""
    error: DataError | None = None
    """Why nothing can be read of it: a zip that is none, or should not be opened."""

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
        if self.error:
            raise self.error
        try:
            with ExitStack() as opened:
                file: IO[bytes] = opened.enter_context(self.path.open("rb"))
                for number, member in enumerate(self.members):
                    whole = io.BytesIO(file.read(LARGEST_FILE + 1)) if number else file
                    archive = opened.enter_context(zipfile.ZipFile(whole))
                    # Not by its name, which several may have.
                    file = opened.enter_context(archive.open(archive.infolist()[member]))
                return file.read(LARGEST_FILE + 1)
        except (OSError, *DAMAGED) as error:
            raise DataError("unreadable", place=self.name, reason=damage(error)) from None

    def _of(self, platform: str) -> re.Match[str] | None:
        if platform == MOODLE:
            return _MOODLE.fullmatch(self.name)
        return _CANVAS.fullmatch(self.name)


def found(places: Sequence[str | Path], target: Path) -> list[Submission]:
    """Every file of the places that are given: files, zips of platforms, folders with all that is in them.

    What stands in `target`, where the marks are written, is none. Raises DataError where a place cannot be
    read, a zip should not be, or there is no file.
    """
    own = target.resolve()
    every = [
        submission
        for place in places
        for submission in _at(Path(place))
        if own not in submission.path.resolve().parents
    ]
    if not every:
        raise DataError("no_submissions", place=", ".join(map(str, places)))
    return every


def _at(place: Path) -> Iterator[Submission]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.is_file() and not path.is_symlink() and not _LEFT_ALONE.search(name):
                yield from _unpacked(Submission(path, name=unicodedata.normalize("NFC", name)))
    elif not place.exists():
        raise DataError("no_file", place=str(place))
    elif _is_zip(place.name):
        yield from _in_zip(Submission(place, name=place.name), "")
    else:
        yield Submission(place, name=unicodedata.normalize("NFC", place.name))


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _unpacked(given: Submission) -> Iterator[Submission]:
    """A file, or in its place what is in a zip; one bad zip stops no other file, it is told by itself."""
    if not _is_zip(given.name):
        yield given
        return
    try:
        yield from list(_in_zip(given, f"{given.name}/"))
    except DataError as error:
        yield replace(given, error=error)


def _in_zip(zipped: Submission, before: str) -> Iterator[Submission]:
    """The files in a zip, under their names with something before."""
    place, depth = str(zipped.path) if not before else zipped.name, len(zipped.members)
    if depth > 1:
        raise DataError("zip_too_deep", place=place)
    try:
        with zipfile.ZipFile(io.BytesIO(zipped.read()) if depth else zipped.path) as archive:
            items = {number: item for number, item in enumerate(archive.infolist()) if not item.is_dir()}
    except (OSError, *DAMAGED) as error:
        raise DataError("bad_zip", place=place, reason=damage(error)) from None
    if any(item.filename == _WORKBOOK for item in items.values()):
        yield zipped
        return
    if len(items) > (most := _MOST_NESTED if depth else MOST_FILES):
        raise DataError("too_many_files", place=place, got=len(items), most=most)
    if (size := sum(item.file_size for item in items.values())) > _LARGEST:
        raise DataError("zip_too_large", place=place, got=size >> 20, most=_LARGEST >> 20)
    for number, item in items.items():
        name = _name(item)
        if name.startswith("/") or ".." in PurePosixPath(name).parts or re.match(r"[A-Za-z]:", name):
            raise DataError("zip_leads_out", place=place, got=name)
        if item.flag_bits & _ENCRYPTED:
            raise DataError("bad_zip", place=place, reason="AES")
        if not _LEFT_ALONE.search(name):
            name = before + unicodedata.normalize("NFC", name)
            yield from _unpacked(Submission(zipped.path, (*zipped.members, number), name))


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

    Platforms write names without blanks, or the family name first, or that of a group and - before; one of
    the two may have a middle name more. A Chinese name and its Latin letters cannot be compared.
    """
    if not told or not name or bool(_HAN.search(told)) != bool(_HAN.search(name)):
        return False
    parts = told.split("-")
    return not any(_may_be("-".join(parts[start:]), name) for start in range(len(parts)))


def _may_be(one: str, other: str) -> bool:
    """Whether two names are of the same letters, or every word of the one stands in the other."""
    words = [_words(one), _words(other)]
    joined = ["".join(each) for each in words]
    if sorted(joined[0]) == sorted(joined[1]):
        return True
    pairs = zip(words, reversed(joined), strict=True)
    return any(bool(own) and all(word in text for word in own) for own, text in pairs)


def _words(name: str) -> list[str]:
    """The words of a name in small letters without accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return re.findall(r"[^\W_]+", plain.casefold())
