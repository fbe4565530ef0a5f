"""The parts of an .xlsx file, opened with care: it may come from a stranger."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from posixpath import basename, dirname, join, normpath, split
from urllib.parse import unquote
from xml.etree import ElementTree

from rnnsheet.errors import WorkbookError
from rnnsheet.files import check_file
from rnnsheet.workbook.archive import ArchiveError, check_archive
from rnnsheet.workbook.content_types import NAME, check_types
from rnnsheet.workbook.foreign import is_protected, kind_of

MEGABYTE = 1 << 20
LARGEST_FILE = 128 * MEGABYTE
LARGEST_CONTENT = 512 * MEGABYTE
"""Of all parts together, unpacked."""
LARGEST_PART = 16 * MEGABYTE
"""Of a part that does not grow with the cells."""
MOST_PARTS = 2_000
MOST_TAGS = 16_000_000
"""In all parts together; a cell with a formula has six."""
MOST_TAGS_AT_ONCE = 1_000_000
"""In memory as elements: a whole part that does not grow with the cells, a row of a worksheet, or a text."""

_ACTIVE = {
    "macros": re.compile(r"vbaProject|macrosheet|activeX|\.bas$|webextension|customUI", re.IGNORECASE),
    "external links": re.compile(r"externalLink|connections(\.xml)?$|queryTable", re.IGNORECASE),
    "embedded objects": re.compile(r"embeddings/|oleObject", re.IGNORECASE),
}
"""Per kind of content that could act or reach outside, the names of its parts and of what leads to them."""
_MORE_ACTIVE = re.compile("package|control|attachedToolbars", re.IGNORECASE)
_LINKS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_OWN = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/",
)
"""How the types of relationships begin that Transitional and Strict Open XML know."""
_ENCRYPTED = 1
_CHUNK = 128 << 10
"""More bytes than a cell's text or a tag has."""
_PIECE = 16 << 10
"""So few bytes at once that elements are freed while they are still in the processor's cache."""
_DOCTYPE = b"<!DOCTYPE"
_DECLARATION = re.compile(rb"\A(\xef\xbb\xbf)?\s*<\?xml[^<>]*\?>")
_NO_ELEMENT = re.compile(rb"<[!?]")
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
    """The parts of one file. None is unpacked before it is asked for, and then it is checked as it comes."""

    def __init__(self, path: Path, data: bytes):
        check_archive(data)
        self.path, self.data, self._archive = path, data, zipfile.ZipFile(io.BytesIO(data))
        self._tags = 0

    def refused(self, key: str, **values: object) -> WorkbookError:
        """The error of a file that is not read any further."""
        return WorkbookError(key, place=str(self.path), **values)

    def tree(self, part: str, grows: bool = False) -> ElementTree.Element:
        """A part as a tree; `grows` says whether it does so with the cells. Raises KeyError for none."""
        size = self._entry(part).file_size
        if size > LARGEST_PART and not grows:
            raise self._too_large("part_too_large", size, LARGEST_PART, part=part)
        parser, tags = ElementTree.XMLParser(), 0
        for piece in self._pieces(part, grows):
            tags += weight(piece)
            self.check_kept(tags)
            parser.feed(piece)
        root: ElementTree.Element = parser.close()
        return root

    def pieces(self, part: str) -> Iterator[bytes]:
        """A part that grows with the cells, piece by piece. Raises KeyError where there is none.

        A parser that is given a comment or a tag in pieces begins it anew with each piece, which takes the
        square of its length: none may be long here.
        """
        return self._pieces(part, grows=True)

    def check_kept(self, tags: int) -> None:
        """Raises WorkbookError where so many elements are too many to keep in memory."""
        if tags > MOST_TAGS_AT_ONCE:
            raise self.refused("too_many_cells", most=MOST_TAGS_AT_ONCE // 6)

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self._entries

    def links(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Per id, the kind of a part's relationship and the part that it leads to."""
        name = join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels")
        if not self.has(name):
            return {}
        links: dict[str, tuple[str, str]] = {}
        for link in self.tree(name):
            if link.get("Id", "") in links or link.tag != f"{_LINKS}Relationship":
                raise ValueError(f"{name}: {link.get('Id')}")
            links[link.get("Id", "")] = _full_kind(link), _target(part, link)
        return links

    def check_types(self, workbook: str) -> None:
        """Raises ValueError where programs could find another workbook, or other parts of it."""
        linked: dict[str, list[str]] = {"officeDocument": [workbook]}
        for kind, part in self.links(workbook).values():
            linked.setdefault(kind, []).append(part)
        check_types(self.tree(NAME), self._entries, linked)

    @property
    def workbook(self) -> str:
        """The part that lists the sheets. Raises ValueError where programs could find different ones."""
        found = [target for kind, target in self.links("").values() if kind == "officeDocument"]
        if len(found) != 1 or not self.has(found[0]):
            raise ValueError(f"_rels/.rels: {len(found)} workbooks")
        return found[0]

    def check(self) -> None:
        """Raises WorkbookError where the file is too large, could act, or has a part twice."""
        items = self._archive.infolist()
        if (size := sum(item.file_size for item in items)) > LARGEST_CONTENT:
            raise self._too_large("file_too_large", size, LARGEST_CONTENT)
        if len(items) > MOST_PARTS:
            raise self.refused("too_many_parts", got=len(items), most=MOST_PARTS)
        if len(self._lowered) < len(items):
            raise self.refused("not_a_workbook", reason=ArchiveError("zip_twice"))
        for item in items:
            if _usual(item.filename) != item.filename.removesuffix("/"):
                raise self.refused("not_a_workbook", reason=ArchiveError("zip_entry", name=item.filename))
            for what, names in _ACTIVE.items():
                if names.search(item.filename):
                    raise self.refused("active_content", what=what, part=item.filename)
            if item.flag_bits & _ENCRYPTED:
                raise self.refused("protected")
            if item.filename.lower().endswith(".rels"):
                self._check_links(item.filename)

    @cached_property
    def _entries(self) -> Mapping[str, zipfile.ZipInfo]:
        """The archive's entries by the names of parts: some programs find none whose case differs."""
        return {item.filename: item for item in self._archive.infolist()}

    @cached_property
    def _lowered(self) -> frozenset[str]:
        """The names of the parts, as programs compare them to which case is nothing."""
        return frozenset(name.lower() for name in self._entries)

    def _entry(self, part: str) -> zipfile.ZipInfo:
        return self._entries[part]

    def _is_near(self, part: str) -> bool:
        """Whether there is a part of this name in another case alone: some programs take it."""
        return part not in self._entries and part.lower() in self._lowered

    def _check_links(self, name: str) -> None:
        """Raises WorkbookError where a part leads to what could act, or outside the file."""
        folder, own = split(name)
        part = join(dirname(folder), own.removesuffix(".rels"))
        if not own.endswith(".rels") or basename(folder) != "_rels" or self._is_near(part):
            raise self.refused("not_a_workbook", reason=ArchiveError("zip_entry", name=name))
        for link in self.tree(name):
            kind, outside = _kind(link), link.get("TargetMode") == "External"
            if outside and kind != "hyperlink":
                raise self.refused("active_content", what="external links", part=name)
            if not outside and self._is_near(led := _target(part, link)):
                raise self.refused("not_a_workbook", reason=ArchiveError("zip_entry", name=led))
            for what, names in (*_ACTIVE.items(), ("embedded objects", _MORE_ACTIVE)):
                if names.search(kind):
                    raise self.refused("active_content", what=what, part=name)

    def _pieces(self, part: str, grows: bool) -> Iterator[bytes]:
        """A part, piece by piece, each checked before it is given: none may declare entities."""
        item, before, size = self._entry(part), b"", 0
        # Some programs read on where a stream does not end at the size that is told.
        with self._archive.open(_longer(item)) as stream:
            while chunk := stream.read(_CHUNK):
                if not before:
                    self._check_encoding(part, chunk)
                both = before[-len(_DOCTYPE) :] + chunk
                if _DOCTYPE in both:
                    raise self.refused("active_content", what="a document type", part=part)
                if grows:
                    self._check_lengths(part, both if before else _DECLARATION.sub(b"", chunk, count=1))
                self._tags += chunk.count(b"<")
                if self._tags > MOST_TAGS:
                    raise self.refused("too_many_cells", most=MOST_TAGS // 6)
                yield from (chunk[start : start + _PIECE] for start in range(0, len(chunk), _PIECE))
                before = chunk
                size += len(chunk)
        if size > item.file_size:
            raise self.refused("not_a_workbook", reason=ArchiveError("zip_longer", name=part))
        if size < item.file_size:
            raise ValueError(f"{part}: {size} B, {item.file_size} B")

    def _check_encoding(self, part: str, beginning: bytes) -> None:
        """Raises WorkbookError where a part is not in UTF-8: no search for bytes would find anything."""
        declared = _DECLARED.match(beginning.removeprefix(b"\xef\xbb\xbf").lstrip())
        if b"\0" in beginning[:64] or (declared and declared[1].upper() not in (b"UTF-8", b"US-ASCII")):
            raise self.refused("not_a_workbook", reason=f"{part}: UTF-8")

    def _check_lengths(self, part: str, text: bytes) -> None:
        """Raises WorkbookError where there is a comment, or too long a tag or text, in a piece of a part."""
        if found := _NO_ELEMENT.search(text):
            raise self.refused("not_a_workbook", reason=f"{part}: {found[0].decode()}")
        if len(text) >= _CHUNK and b"<" not in text:
            raise self.refused("not_a_workbook", reason=f"{part}: {len(text)} B, < ?")

    def _too_large(self, key: str, got: int, most: int, **values: object) -> WorkbookError:
        return self.refused(key, got=got // MEGABYTE, most=most // MEGABYTE, **values)


def _longer(item: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The same entry with one byte more."""
    longer = copy(item)
    longer.file_size += 1
    return longer


def weight(piece: bytes) -> int:
    """How many tags and attributes, at most, are in a piece of a part; each takes memory where it is kept."""
    return piece.count(b"<") + piece.count(b"=")


def _usual(name: str) -> str:
    """How a part's name is spelt where all find it: some take it for its/./name or its%2Fname too."""
    return normpath(unquote(name)).lstrip("/")


def _kind(link: ElementTree.Element) -> str:
    """The type of a relationship: its last word."""
    return link.get("Type", "").rpartition("/")[2]


def _full_kind(link: ElementTree.Element) -> str:
    """The type of a relationship: its last word, if it is one of Open XML's own."""
    kind = link.get("Type", "")
    own = next((space for space in _OWN if kind.startswith(space)), "")
    return kind.removeprefix(own)


def _target(part: str, link: ElementTree.Element) -> str:
    target = link.get("Target", "")
    return target.removeprefix("/") if target.startswith("/") else normpath(join(dirname(part), target))


def opened(path: Path) -> Package:
    """The parts of a file as it is now: it is read once, whatever takes its place afterwards.

    Raises WorkbookError where it is no .xlsx, or should not be read.
    """
    with readable(path):
        data = _bytes(path)
    return package_of(path, data)


def package_of(path: Path, data: bytes) -> Package:
    """The parts of a file's content; `path` is what messages call it. Raises as `opened`."""
    with readable(path):
        if is_protected(data):
            raise WorkbookError("protected", place=str(path))
        if kind := kind_of(data):
            raise WorkbookError("other_kind", place=str(path), kind=kind)
        package = Package(path, data)
        package.check()
    return package


def _bytes(path: Path) -> bytes:
    check_file(path, WorkbookError)
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
        size = max(len(data), path.stat().st_size)
    if size > LARGEST_FILE:
        limit = LARGEST_FILE // MEGABYTE
        raise WorkbookError("file_too_large", place=str(path), got=size // MEGABYTE, most=limit)
    return data


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises WorkbookError where the system cannot read the file, or it is found damaged."""
    try:
        yield
    except OSError as error:
        raise WorkbookError("unreadable", place=str(path), reason=error.strerror or error) from None
    except DAMAGED as error:
        raise WorkbookError("not_a_workbook", place=str(path), reason=damage(error)) from None


def damage(error: Exception) -> object:
    """What is damaged, of one of the errors `DAMAGED`, for a message."""
    if isinstance(error, ArchiveError | OSError):
        return error
    if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError):
        return WorkbookError("broken_zip")
    if isinstance(error, ElementTree.ParseError):
        return WorkbookError("broken_part", row=error.position[0], col=error.position[1] + 1)
    if isinstance(error, KeyError):
        return WorkbookError("missing_part", name=error.args[0])
    return str(error).splitlines()[0] if str(error) else type(error).__name__
