"""A zip archive that all programs read alike: one directory, which says what each entry's header says.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rnnsheet.errors import WorkbookError

_END, _LISTED, _HEADER = b"PK\5\6", b"PK\1\2", b"PK\3\4"
_END_FIELDS, _LISTED_FIELDS, _HEADER_FIELDS = map(struct.Struct, ("<4s4H2LH", "<4s6H3L5H2L", "<4s5H3L2H"))
_DESCRIPTORS = (12, 16, 20, 24)
"""How many bytes may follow the content of an entry whose header leaves its sizes open."""
_OPEN, _UTF_8, _ENCRYPTED = 1 << 3, 1 << 11, 1
_LARGE, _OTHER_NAME = 1, 0x7075
"""Of what follows an entry's name: sizes of 64 bits; another name."""
_IN_LARGE = 0xFFFFFFFF
_METHODS = (0, 8)
"""Stored, and deflated: not every program knows others."""
_PLAIN = re.compile(rb"[ -\[\]-~]+")
"""A name that is the same in every encoding and on every system: ASCII without the backslash."""


@dataclass(frozen=True)
class _Entry:
    """What the directory, or its own header, says of an entry."""

    name: bytes
    flags: int
    method: int
    sum_and_sizes: tuple[int, ...]
    """Of its content: the checksum, and how many bytes it has, packed and unpacked."""


class ArchiveError(WorkbookError, ValueError):
    """An archive that two programs could read differently, or that is none."""


def check_archive(data: bytes) -> None:
    """Raises ArchiveError where two programs could find different entries, or different ones of one name."""
    try:
        place, is_open = 0, False
        for start, entry in _listed(data):
            gap = start - place
            if gap and not (is_open and gap in _DESCRIPTORS):
                key = "zip_between" if entry.name else "zip_behind"
                raise ArchiveError(key, got=gap, name=_shown(entry.name))
            if entry.name:
                place, is_open = _end_of(data, start, entry), bool(entry.flags & _OPEN)
    except struct.error:
        raise ArchiveError("zip_short") from None


def _listed(data: bytes) -> Iterator[tuple[int, _Entry]]:
    """Where each entry of the directory begins, and what is said of it, in order; at last the directory."""
    end = len(data) - _END_FIELDS.size
    if end < 0:
        raise ArchiveError(("zip_short" if data.startswith(b"PK") else "no_zip") if data else "empty_file")
    sign, *disks, here, count, size, start, comment = _END_FIELDS.unpack_from(data, end)
    # A comment, or a longer record of the end, could hold or lead to another directory.
    if sign != _END or any(disks) or comment or here != count or start + size != end:
        raise ArchiveError("zip_end" if data.startswith(b"PK") else "no_zip")
    entries, place = [], start
    for _ in range(count):
        entry, begins, place = _listed_at(data, place)
        entries.append((begins, entry))
    if place != end:
        raise ArchiveError("zip_behind", got=end - place)
    yield from sorted(entries, key=lambda each: each[0])
    yield start, _Entry(b"", 0, 0, ())


def _listed_at(data: bytes, place: int) -> tuple[_Entry, int, int]:
    """An entry of the directory, where it begins, and where the next one of the directory stands."""
    (sign, _, _, flags, method, _, _, checksum, packed, size, *lengths, disk, _, _, begins) = (
        _LISTED_FIELDS.unpack_from(data, place)
    )
    after_name = place + _LISTED_FIELDS.size + lengths[0]
    after_extra = after_name + lengths[1]
    name = data[after_name - lengths[0] : after_name]
    if sign != _LISTED or lengths[2] or disk or not _PLAIN.fullmatch(name) or method not in _METHODS:
        raise ArchiveError("zip_entry", name=_shown(name))
    large = _extra(data[after_name:after_extra], name).get(_LARGE, b"")
    size, packed, begins = _as_large((size, packed, begins), large)
    return _Entry(name, flags, method, (checksum, packed, size)), begins, after_extra


def _end_of(data: bytes, start: int, entry: _Entry) -> int:
    """Where an entry ends. Raises ValueError where its header does not say what the directory says."""
    sign, _, flags, method, _, _, checksum, packed, size, *lengths = _HEADER_FIELDS.unpack_from(data, start)
    after_name = start + _HEADER_FIELDS.size + lengths[0]
    after_extra = after_name + lengths[1]
    name = data[after_name - lengths[0] : after_name]
    large = _extra(data[after_name:after_extra], name).get(_LARGE, b"")
    size, packed = _as_large((size, packed), large)
    said, alike = (checksum, packed, size), _OPEN | _UTF_8 | _ENCRYPTED
    left_open = flags & _OPEN and not any(said)
    if (
        (sign, name, method, flags & alike) != (_HEADER, entry.name, entry.method, entry.flags & alike)
        or not (said == entry.sum_and_sizes or left_open)
    ):  # fmt: skip
        raise ArchiveError("zip_headers", name=_shown(entry.name))
    return int(after_extra + entry.sum_and_sizes[1])


def _extra(data: bytes, name: bytes) -> Mapping[int, bytes]:
    """What follows a name, by its kind. Raises ValueError where there is another name, or a kind twice."""
    found: dict[int, bytes] = {}
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from("<2H", data, place)
        if kind in found or kind == _OTHER_NAME or place + 4 + size > len(data):
            raise ArchiveError("zip_entry", name=f"{_shown(name)} ({kind:#x})")
        found[kind] = data[place + 4 : place + 4 + size]
        place += 4 + size
    return found


def _as_large(sizes: tuple[int, ...], large: bytes) -> Iterator[int]:
    """The sizes; of those that do not fit into 32 bits, what follows the name."""
    more = iter(struct.unpack_from(f"<{len(large) // 8}Q", large))
    for size in sizes:
        try:
            yield next(more) if size == _IN_LARGE else size
        except StopIteration:
            raise ArchiveError("zip_short") from None


def _shown(name: bytes) -> str:
    """An entry's name in a message."""
    return name.decode(errors="replace")
