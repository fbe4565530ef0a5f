"""The parts of an .xlsx file, opened with care: it may come from a stranger."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import IO
from xml.etree import ElementTree

from rnnsheet.errors import WorkbookError
from rnnsheet.files import check_file

MEGABYTE = 1 << 20
LARGEST_FILE = 128 * MEGABYTE
LARGEST_CONTENT = 512 * MEGABYTE
"""Of all parts together, unpacked."""
LARGEST_PART = 16 * MEGABYTE
"""Of a part that is no worksheet and no table of texts."""
MOST_PARTS = 2_000
MOST_TAGS = 16_000_000
"""In all parts together; a cell with a formula has six."""
MOST_TAGS_AT_ONCE = 1_000_000
"""In memory as elements: a whole part that does not grow with the cells, a row of a worksheet, or a text."""

WORKBOOK = "xl/workbook.xml"
_WORKSHEET = re.compile(r"xl/worksheets/[^/]*\.xml", re.IGNORECASE)
_GROWING = re.compile(rf"{_WORKSHEET.pattern}|xl/sharedStrings\.xml", re.IGNORECASE)
"""The parts that grow with the number of cells."""
_ACTIVE = {
    "macros": re.compile(r"vbaProject|macrosheet|activeX|\.bas$", re.IGNORECASE),
    "external links": re.compile(r"externalLink|connections(\.xml)?$|queryTable", re.IGNORECASE),
    "embedded objects": re.compile(r"embeddings/|oleObject", re.IGNORECASE),
}
"""Per kind of content that could act or reach outside, the names of its parts and of what leads to them."""
_MORE_ACTIVE = re.compile("package|control|attachedToolbars", re.IGNORECASE)
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = 1
_SMALL = 16 * MEGABYTE
"""A file of so many bytes, unpacked, is unpacked once."""
_CHUNK = 128 << 10
"""More bytes than a cell's text or a tag has."""
_DOCTYPE = b"<!DOCTYPE"
_DECLARATION = re.compile(rb"\A(\xef\xbb\xbf)?\s*<\?xml[^<>]*\?>")
_NO_ELEMENT = re.compile(rb"<[!?]")
_NUMBER = b' t="n"'
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    EOFError,
    KeyError,
    ValueError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)
"""What the standard library raises on a file that is damaged or no workbook at all."""


class Package:
    """The parts of one file, each checked as far as that goes without knowing what it means."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        self.path, self._archive = path, archive
        self.size = sum(item.file_size for item in archive.infolist())
        """The bytes of all parts, unpacked."""
        self._unpacked: dict[str, bytes] = {}
        """The parts of a small file, which are read more than once."""
        self.named_numbers: list[str] = []
        """The parts that call some cells numbers, which is understood, by their names in the file."""

    def refused(self, key: str, **values: object) -> WorkbookError:
        """The error of a file that is not read any further."""
        return WorkbookError(key, place=str(self.path), **values)

    @property
    def is_small(self) -> bool:
        """Whether its parts are unpacked once, and kept."""
        return self.size <= _SMALL

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        """A part as a stream. Raises KeyError where there is none."""
        name = self._spelled[part.lower()]
        if name in self._unpacked:
            yield io.BytesIO(self._unpacked[name])
            return
        with self._archive.open(name) as stream:
            yield stream

    @property
    def parts(self) -> list[str]:
        """The names of all parts."""
        return self._archive.namelist()

    def read(self, part: str) -> bytes:
        """A part as a whole. Raises KeyError where there is none."""
        with self.open(part) as stream:
            return stream.read()

    def tree(self, part: str) -> ElementTree.Element:
        """A small part as a tree of elements."""
        with self.open(part) as stream:
            return ElementTree.parse(stream).getroot()

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.lower() in self._spelled

    def links(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Per id, the type of a part's relationship (its last word) and the part that it leads to."""
        name = join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels")
        if not self.has(name):
            return {}
        links: dict[str, tuple[str, str]] = {}
        for link in self.tree(name):
            if link.get("Id", "") in links:
                raise ValueError(f"{name}: {link.get('Id')}")
            links[link.get("Id", "")] = _kind(link), _target(part, link)
        return links

    @cached_property
    def _spelled(self) -> Mapping[str, str]:
        """The names of parts, which do not depend on case."""
        return {name.lower(): name for name in self._archive.namelist()}

    def check(self) -> None:
        """Raises WorkbookError where the file is too large, could act, or hides something."""
        items = self._archive.infolist()
        if self.size > LARGEST_CONTENT:
            raise self._too_large("", self.size, LARGEST_CONTENT)
        if len(items) > MOST_PARTS:
            raise self.refused("too_many_parts", got=len(items), most=MOST_PARTS)
        if len(self._spelled) < len(items):
            raise self.refused("not_a_workbook", reason="zip: a name twice")
        tags = 0
        for item in items:
            for what, names in _ACTIVE.items():
                if names.search(item.filename):
                    raise self.refused("active_content", what=what, part=item.filename)
            if item.flag_bits & _ENCRYPTED:
                raise self.refused("protected")
            if item.file_size > LARGEST_PART and not _GROWING.fullmatch(item.filename):
                raise self._too_large(item.filename, item.file_size, LARGEST_PART)
            if self.is_small:
                # ZipFile.read would unpack all of it before it finds that it is more than the file says.
                with self._archive.open(item) as stream:
                    self._unpacked[item.filename] = stream.read(item.file_size)
            with self.open(item.filename) as stream:
                own = self._looked_through(item.filename, stream)
            tags += own
            if tags > MOST_TAGS or (own > MOST_TAGS_AT_ONCE and not is_growing(item.filename)):
                raise self.refused("too_many_cells", most=MOST_TAGS // 6)
            if item.filename.lower().endswith(".rels"):
                self._check_links(item.filename)
        # Whatever program opens the file must read what we read.
        if [target for kind, target in self.links("").values() if kind == "officeDocument"] != [WORKBOOK]:
            raise self.refused("not_a_workbook", reason="_rels/.rels")

    def _check_links(self, name: str) -> None:
        """Raises WorkbookError where a part leads to what could act, or outside the file."""
        for link in self.tree(name):
            kind, outside = _kind(link), link.get("TargetMode") == "External"
            if outside and kind != "hyperlink":
                raise self.refused("active_content", what="external links", part=name)
            for what, names in (*_ACTIVE.items(), ("embedded objects", _MORE_ACTIVE)):
                if names.search(kind):
                    raise self.refused("active_content", what=what, part=name)

    def _looked_through(self, name: str, stream: IO[bytes]) -> int:
        """The number of tags in a part; none of them may declare entities.

        A parser that is given a comment or a tag in pieces begins it anew with each piece, which takes the
        square of its length: where there are many cells, none may be long.
        """
        if not is_text(name):
            return 0
        tags, before, grows = 0, b"", _GROWING.fullmatch(name)
        while chunk := stream.read(_CHUNK):
            if not before:
                declared = _DECLARED.match(chunk.removeprefix(b"\xef\xbb\xbf").lstrip())
                # In any other encoding the search below would find nothing.
                if b"\0" in chunk[:64] or (declared and declared[1].upper() not in (b"UTF-8", b"US-ASCII")):
                    raise self.refused("not_a_workbook", reason=f"{name}: UTF-8")
            both = before[-len(_DOCTYPE) :] + chunk
            if _DOCTYPE in both:
                raise self.refused("active_content", what="a document type", part=name)
            if grows:
                self._check_lengths(name, both if before else _DECLARATION.sub(b"", chunk, count=1))
            if _NUMBER in both and name not in self.named_numbers:
                self.named_numbers.append(name)
            tags += chunk.count(b"<")
            before = chunk
        return tags

    def _check_lengths(self, name: str, text: bytes) -> None:
        """Raises WorkbookError where there is a comment, or too long a tag or text, in a piece of a part."""
        if found := _NO_ELEMENT.search(text):
            raise self.refused("not_a_workbook", reason=f"{name}: {found[0].decode()}")
        if len(text) >= _CHUNK and b"<" not in text:
            raise self.refused("not_a_workbook", reason=f"{name}: {len(text)} B, < ?")

    def _too_large(self, part: str, got: int, most: int) -> WorkbookError:
        key = "part_too_large" if part else "file_too_large"
        return self.refused(key, part=part, got=got // MEGABYTE, most=most // MEGABYTE)


def is_growing(part: str) -> bool:
    """Whether a part is one of those that grow with the number of cells."""
    return bool(_GROWING.fullmatch(part))


def is_text(part: str) -> bool:
    """Whether a part is one of those that are looked through before anything else is done."""
    return part.lower().endswith((".xml", ".rels", ".vml"))


def check_is_worksheet(part: str) -> None:
    """Raises ValueError where a part has not been looked through as one with many cells is."""
    if not _WORKSHEET.fullmatch(part):
        raise ValueError(part)


def _kind(link: ElementTree.Element) -> str:
    """The type of a relationship: its last word."""
    return link.get("Type", "").rpartition("/")[2]


def _target(part: str, link: ElementTree.Element) -> str:
    target = link.get("Target", "")
    return target.removeprefix("/") if target.startswith("/") else normpath(join(dirname(part), target))


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """The parts of a file, checked. Raises WorkbookError where it is none, or should not be opened."""
    with readable(path):
        _check_outside(path)
        archive = zipfile.ZipFile(path)
    with archive:
        package = Package(path, archive)
        with readable(path):
            package.check()
        yield package


def _check_outside(path: Path) -> None:
    check_file(path, WorkbookError)
    size = path.stat().st_size
    if size > LARGEST_FILE:
        limit = LARGEST_FILE // MEGABYTE
        raise WorkbookError("file_too_large", place=str(path), got=size // MEGABYTE, most=limit)
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise WorkbookError("protected", place=str(path))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises WorkbookError where the system cannot read the file, or it is found damaged."""
    try:
        yield
    except OSError as error:
        raise WorkbookError("unreadable", place=str(path), reason=error.strerror or error) from None
    except DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkbookError("not_a_workbook", place=str(path), reason=reason) from None
