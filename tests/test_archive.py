"""Zip archives that programs could read in two ways are refused; those that programs really write are not."""

import io
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.archive import check_archive
from rnnsheet.workbook.package import DAMAGED, Package, opened
from rnnsheet.workbook.read import read
from tests.conftest import INSTALL
from tests.test_checking import saved_by_gnumeric, saved_by_libreoffice
from tests.test_hostile import told
from tests.test_reading import parts, save


def archive(**contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    return file.getvalue()


ONE, OTHER = archive(a=b"honest" * 9, b=b"two"), archive(a=b"wicked" * 9, b=b"two")
END = struct.Struct("<4s4H2LH")


def with_two_directories(kept_by: str) -> bytes:
    """Python reads the entries of ONE, or those of OTHER, by where the second directory is hidden."""
    if kept_by == "prepended":
        return OTHER + ONE
    if kept_by == "comment":
        # The end of OTHER is the comment of ONE.
        sign, *fields, _ = END.unpack(ONE[-END.size :])
        return ONE[: -END.size] + END.pack(sign, *fields, len(OTHER)) + OTHER
    # A record of 64 bits stands before the usual end, and leads elsewhere.
    start, (_, _, _, _, count, size, _, _) = len(OTHER), END.unpack(ONE[-END.size :])
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(ONE) - END.size, 1)
    return OTHER + ONE[: -END.size] + large + place + ONE[-END.size :]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_not_every_program_knows_is_refused(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("a", b"honest" * 9)
    with pytest.raises(ValueError, match="zip: a"):
        check_archive(file.getvalue())


def test_a_name_that_depends_on_an_encoding_is_refused():
    """Without the flag of UTF-8 a name's bytes are code page 437 to some programs, UTF-8 to others."""
    for name in (b"\x82", "é".encode(), b"a\0b", b"a\\b"):
        data = archive(xyz=b"honest")
        with pytest.raises(ValueError, match="zip: "):
            check_archive(data.replace(b"xyz", name.ljust(3, b"z")))


@pytest.mark.parametrize("kept_by", ["prepended", "comment", "64 bits"])
def test_a_second_directory_is_refused(kept_by):
    with pytest.raises(ValueError, match="zip: "):
        check_archive(with_two_directories(kept_by))


def test_a_record_of_64_bits_in_the_comment_of_an_entry_is_refused():
    """Programs find it there, behind the last entry, where they look for one before the end."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        info = zipfile.ZipInfo("a")
        info.comment = b"PK\6\6" + bytes(52) + b"PK\6\7" + bytes(16)
        made.writestr(info, b"honest")
    with pytest.raises(ValueError, match="zip: a"):
        check_archive(file.getvalue())


HEADER = {
    "name": (30, b"c"),
    "method": (8, b"\0\0"),
    "sum": (14, b"\1\2\3\4"),
    "size": (22, b"\7"),
    "flags": (6, b"\1"),
}


@pytest.mark.parametrize("field", HEADER)
def test_a_header_that_says_other_than_the_directory_is_refused(field):
    at, changed = HEADER[field]
    with pytest.raises(ValueError, match="zip: two headers of a differ"):
        check_archive(ONE[:at] + changed + ONE[at + len(changed) :])


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "the file is empty"), (b"hello", "zip: it is none"), (ONE[:15], "zip: it is cut short")],
    ids=["empty", "none", "short"],
)
def test_what_is_too_short_is_told_as_what_it_is(data, said):
    with pytest.raises(ValueError, match=said):
        check_archive(data)


@pytest.mark.parametrize("where", ["before", "behind", "between"])
def test_what_stands_beside_the_entries_is_refused(where):
    start = END.unpack(ONE[-END.size :])[6]
    data = {"before": b"#!" + ONE, "behind": ONE + b"\n", "between": ONE[:start] + b"??" + ONE[start:]}[where]
    with pytest.raises(ValueError, match="zip: "):
        check_archive(data)


def test_a_name_with_a_backslash_is_refused():
    with pytest.raises(ValueError, match=r"zip: xl\\a"):
        check_archive(archive(**{"xl_a": b""}).replace(b"xl_a", rb"xl\a"))


def as_it_comes(data: bytes) -> dict[bytes, bytes]:
    """The entries as a program finds them that goes from header to header, without the directory."""
    found, at = {}, 0
    while data[at : at + 4] == b"PK\3\4":
        method, packed, size, names, extra = (
            struct.unpack_from(kind, data, at + place)[0]
            for kind, place in (("<H", 8), ("<L", 18), ("<L", 22), ("<H", 26), ("<H", 28))
        )
        name = data[at + 30 : at + 30 + names]
        at += 30 + names + extra
        content = data[at : at + packed]
        # Also where the last bits of a stream are not those of its end, which not all programs look at. One
        # that goes on after its size is refused when it is read.
        found[name] = (zlib.decompressobj(-15).decompress(content) if method else content)[:size]
        at += packed
    return found


@pytest.mark.slow
@settings(max_examples=1500)
@given(st.data())
def test_what_is_taken_has_one_reading(data):
    """Whatever few bytes were changed, put in or left out."""
    content = bytearray(ONE)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        new = data.draw(st.binary(max_size=3) | st.sampled_from([b"PK\1\2", b"PK\3\4", b"PK\5\6"]))
        content[at : at + data.draw(st.sampled_from([0, len(new)]))] = new
    try:
        check_archive(bytes(content))
    except ValueError:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as read:
            listed = {name.encode(): read.read(name) for name in read.namelist()}
    except DAMAGED:
        return
    assert listed == as_it_comes(bytes(content))


@pytest.mark.parametrize("whole", [b"<a/>" + b"<b/>" * 9, b"<a/>\n"])
@pytest.mark.parametrize("summed", ["told", "whole"])
def test_a_part_that_goes_on_after_its_size_is_refused(whole, summed):
    """Python reads what the headers tell, a program that streams the rest too."""
    told = b"<a/>"
    checksum = zlib.crc32({"told": told, "whole": whole}[summed])
    data = archive(part=whole)
    for number, other in ((len(whole), len(told)), (zlib.crc32(whole), checksum)):
        assert data.count(struct.pack("<L", number)) == 2
        data = data.replace(struct.pack("<L", number), struct.pack("<L", other))
    check_archive(data)
    with pytest.raises((WorkbookError, zipfile.BadZipFile), match=r"part goes on after its size|Bad CRC"):
        list(Package(Path("a.xlsx"), data).pieces("part"))


def by_openpyxl(path: Path, folder: Path) -> Path:
    openpyxl.load_workbook(path).save(folder / "out.xlsx")
    return folder / "out.xlsx"


def by_xlsxwriter(path: Path, folder: Path) -> Path:
    xlsxwriter = pytest.importorskip("xlsxwriter", reason=f"XlsxWriter {INSTALL}")
    with xlsxwriter.Workbook(str(folder / "out.xlsx")) as book:
        book.add_worksheet().write(0, 0, 1)
    return folder / "out.xlsx"


def by_zip(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as book:
        book.extractall(folder / "parts")
    subprocess.run(["zip", "-qr", folder / "out.xlsx", "."], cwd=folder / "parts", check=True)
    return folder / "out.xlsx"


class Unseekable(io.RawIOBase):
    """As a pipe is: what has been written cannot be changed any more."""

    def __init__(self, file):
        self.file = file

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self.file.write(data)


def by_a_pipe(path: Path, folder: Path) -> Path:
    with (folder / "out.xlsx").open("wb") as file, zipfile.ZipFile(Unseekable(file), "w", 8) as book:
        for name, content in parts(path).items():
            book.writestr(name, content)
    return folder / "out.xlsx"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "write"),
    [
        (None, by_openpyxl),
        (None, by_xlsxwriter),
        (None, by_a_pipe),
        ("zip", by_zip),
        ("soffice", lambda path, folder: saved_by_libreoffice(folder, path)[0]),
        ("ssconvert", lambda path, folder: saved_by_gnumeric(folder, path)[0]),
    ],
)
def test_what_programs_write_is_taken(hello_xlsx, tmp_path, program, write):
    if program and not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    check_archive(hello_xlsx.read_bytes())
    check_archive(write(hello_xlsx, tmp_path).read_bytes())


def test_the_file_is_refused_in_one_line(hello_xlsx, tmp_path):
    honest, wrong = hello_xlsx.read_bytes(), tmp_path / "wrong.xlsx"
    formulas = parts(hello_xlsx)["xl/worksheets/sheet4.xml"].replace(b"<f>", b"<g>").replace(b"</f>", b"</g>")
    other = save(parts(hello_xlsx) | {"xl/worksheets/sheet4.xml": formulas}, tmp_path / "other.xlsx")
    wrong.write_bytes(other.read_bytes() + honest)
    assert "zip: it does not end with its only directory" in told(wrong)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[:-9], "zip 的结尾不对"),
        (lambda _: b"PK", "zip 不完整"),
        (lambda _: b"", "文件是空的"),
    ],
)
def test_what_is_damaged_is_told_in_chinese_too(hello_xlsx, tmp_path, change, said):
    wrong = tmp_path / "wrong.xlsx"
    wrong.write_bytes(change(hello_xlsx.read_bytes()))
    with pytest.raises(WorkbookError) as told:
        read(opened(wrong))
    message = told.value.text("zh")
    assert said in message
    assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", message)
