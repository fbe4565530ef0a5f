"""A table's file as text: unpacked where it is packed, in the encoding that it has."""

from __future__ import annotations

import codecs
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from gzip import GzipFile
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, BinaryIO

from rnnsheet.errors import DataError

LARGEST = 1 << 31
"""So many bytes are unpacked at most; Sentiment140 has 240 million."""

KINDS = {
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "XLS/DOC",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"SQLite": "SQLite",
    b"PAR1": "Parquet",
    b"\x89PNG": "PNG",
}
"""What is no text, by its first bytes."""
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_SEEN = 1000
"""So many bytes show whether a file is UTF-16."""


@contextmanager
def opened(path: Path, assumed: set[str]) -> Iterator[tuple[TextIOWrapper, Callable[[], int]]]:
    """The file's text, its line ends as they are, and how many of its bytes were read.

    A zip or gzip file of one table is unpacked. Bytes that are not UTF-8 are read as Windows-1252. What the
    file did not say is added to `assumed`: "unpacked", "utf16", "cp1252". Raises DataError where it is
    something else, cannot be read, or grows too large.
    """
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            first = raw.read(8)
            raw.seek(0)
            for start, kind in KINDS.items():
                if first.startswith(start):
                    raise DataError("other_file", place=str(path), kind=kind)
            content: IO[bytes] = raw
            if first.startswith((_ZIP, _GZIP)):
                zipped = first.startswith(_ZIP)
                unpacked = _member(path, raw, stack) if zipped else stack.enter_context(GzipFile(fileobj=raw))
                content = BufferedReader(_Limited(path, unpacked))  # type: ignore[type-var]
                assumed.add("unpacked")
            encoding = _encoding(content.peek(_SEEN)[:_SEEN], assumed)  # type: ignore[attr-defined]
            codecs.register_error(_HANDLER, _as_cp1252(assumed))
            yield TextIOWrapper(content, encoding, errors=_HANDLER, newline=""), raw.tell
    except OSError as error:
        # Of gzip's and zipfile's own errors, too.
        raise DataError("unreadable", place=str(path), reason=error.strerror or error) from None
    except (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError, NotImplementedError) as error:
        raise DataError("unreadable", place=str(path), reason=error) from None


def _member(path: Path, raw: BinaryIO, stack: ExitStack) -> IO[bytes]:
    """The one table of a zip file."""
    archive = stack.enter_context(zipfile.ZipFile(raw))
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    for part, kind in (("xl/workbook.xml", ".xlsx"), ("content.xml", "OpenDocument"), ("word/", ".docx")):
        if any(name.startswith(part) for name in names):
            raise DataError("other_file", place=str(path), kind=kind)
    # What a Mac packs beside each file.
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise DataError("several_files", place=str(path), got=len(names))
    return stack.enter_context(archive.open(names[0]))


class _Limited(RawIOBase):
    """What is unpacked, as long as it is not too much."""

    def __init__(self, path: Path, content: IO[bytes] | GzipFile):
        self._path, self._content, self._read = path, content, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        piece = self._content.read(len(buffer))
        self._read += len(piece)
        if self._read > LARGEST:
            raise DataError("too_large_unpacked", place=str(self._path), most=LARGEST)
        buffer[: len(piece)] = piece
        return len(piece)


def _encoding(first: bytes, assumed: set[str]) -> str:
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Of Latin letters every other byte is 0.
    zeros = [first[side::2].count(0) for side in (0, 1)]
    for side, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if zeros[side] > len(first) / 5 and not zeros[1 - side]:
            assumed.add("utf16")
            return encoding
    return "utf-8-sig"


_HANDLER = "rnnsheet.cp1252"


def _as_cp1252(assumed: set[str]) -> Callable[[UnicodeError], tuple[str, int]]:
    """Reads the bytes that are not UTF-8 as Windows-1252, five that this has not as latin-1."""

    def handler(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError) or not error.encoding.startswith("utf-8"):
            raise error
        assumed.add("cp1252")
        wrong = error.object[error.start : error.end]
        letters = (byte.to_bytes().decode("cp1252", "ignore") or chr(byte) for byte in wrong)
        return "".join(letters), error.end

    return handler
