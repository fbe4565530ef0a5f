"""The file itself: a plain zip, the same bytes each time; drawings, texts and formats as Excel has them."""

import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.cell import range_boundaries

import rnnsheet
from rnnsheet.errors import LessonError, ModelError
from rnnsheet.network import Layer
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Area, Block, Plan, Sheet
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from rnnsheet.workbook.texts import escaped, unescaped
from rnnsheet.workbook.write import write
from tests.conftest import INSTALL
from tests.imported_networks import NETWORKS, moods
from tests.lessons import MARKED, SAYS, SENTENCE, TEXT, form, hello

FULL = 0xFFFFFFFF
"""A size that ZIP64's own field gives."""


@dataclass(frozen=True)
class Header:
    """What one of a part's two headers says. Source: PKWARE's APPNOTE 6.3.10, 4.3.7 and 4.3.12."""

    flags: int
    method: int
    crc: int
    sizes: tuple[int, ...]
    extra: bytes

    @property
    def is_zip64(self) -> bool:
        return FULL in self.sizes

    @property
    def true_sizes(self) -> tuple[int, ...]:
        """Packed and unpacked."""
        return struct.unpack("<QQ", self.extra[4:20])[::-1] if self.is_zip64 else self.sizes


def headers(path: Path) -> Iterator[tuple[str, Header, Header]]:
    """The name of each part, its local header and that of the central directory."""
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    count, at = struct.unpack("<H4xL", content[end + 10 : end + 20])
    for _ in range(count):
        assert content[at : at + 4] == b"PK\1\2"
        flags, method = struct.unpack_from("<HH", content, at + 8)
        crc, *sizes = struct.unpack_from("<LLL", content, at + 16)
        name, extra, comment = struct.unpack_from("<HHH", content, at + 28)
        (local,) = struct.unpack_from("<L", content, at + 42)
        central = Header(flags, method, crc, tuple(sizes), content[at + 46 + name : at + 46 + name + extra])
        if local == FULL:
            (local,) = struct.unpack("<Q", central.extra[-8:])
        yield content[at + 46 : at + 46 + name].decode(), _local(content, local), central
        at += 46 + name + extra + comment
    assert at == end or content[at : at + 4] == b"PK\6\6"


def _local(content: bytes, at: int) -> Header:
    assert content[at : at + 4] == b"PK\3\4"
    flags, method = struct.unpack_from("<HH", content, at + 6)
    crc, *sizes = struct.unpack_from("<LLL", content, at + 14)
    name, extra = struct.unpack_from("<HH", content, at + 26)
    return Header(flags, method, crc, tuple(sizes), content[at + 30 + name : at + 30 + name + extra])


def exports(folder: Path) -> Iterator[Path]:
    """A small workbook of a lesson with charts, of one with pictures, and of a trained network."""
    for name in ("hello", "caption"):
        yield rnnsheet.export(name, folder / f"{name}.xlsx", "zh", epochs=2, steps=2)
    yield rnnsheet.export(moods(), folder / "moods.xlsx", "en")


@pytest.mark.slow
def test_every_part_of_every_export_has_plain_headers(tmp_path):
    for path in exports(tmp_path):
        for name, local, central in headers(path):
            assert local == central, (path.name, name)
            assert local.extra == b""
            assert FULL not in local.sizes
            assert local.flags == 0
            assert 0 < local.sizes[0] <= local.sizes[1]


def test_of_a_large_part_both_headers_are_of_zip64_and_of_no_other(tmp_path, monkeypatch):
    """What two gibibytes would show, with a limit that small parts pass."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20_000)
    path = rnnsheet.export(hello(), tmp_path / "book.xlsx", "en")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        sizes = {item.filename: (item.compress_size, item.file_size) for item in archive.infolist()}
    found = {name: (local, central) for name, local, central in headers(path)}
    assert found.keys() == sizes.keys()
    for name, (local, central) in found.items():
        assert local.is_zip64 == central.is_zip64 == (sizes[name][1] > 20_000), name
        assert local.true_sizes == central.true_sizes == sizes[name]
        assert local.flags == 0
    assert {local.is_zip64 for local, _ in found.values()} == {True, False}
    monkeypatch.undo()
    # So large a file is not for `check`; other programs read it.
    assert openpyxl.load_workbook(path).sheetnames[0] == "Overview"


def test_a_mistake_while_a_part_is_written_is_not_taken_for_a_large_part(tmp_path):
    def broken(block):
        raise RuntimeError("no values")

    with pytest.raises(RuntimeError, match="no values"):
        write(plan(hello(), "en"), broken, tmp_path / "book.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_parts_by_which_the_kind_of_a_file_is_told_come_first(hello_xlsx):
    names = zipfile.ZipFile(hello_xlsx).namelist()
    assert names[:3] == ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]


def test_the_system_sees_a_spreadsheet(hello_xlsx):
    if not shutil.which("file"):
        pytest.skip("file is not installed")
    told = subprocess.run(["file", "--brief", "--mime-type", hello_xlsx], capture_output=True, text=True)
    assert told.stdout.strip() == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.slow
def test_two_exports_are_the_same_bytes_with_and_without_lxml(tmp_path):
    pytest.importorskip("lxml", reason="lxml is not installed")
    written = []
    for number, lxml in enumerate(["True", "False"]):
        path = tmp_path / f"{number}.xlsx"
        command = [sys.executable, "-m", "rnnsheet", "export", "order", "--epochs", "2", "-o", str(path)]
        chance = {"OPENPYXL_LXML": lxml, "PYTHONHASHSEED": str(number)}
        subprocess.run(command, env={**os.environ, **chance}, check=True, capture_output=True)
        written.append(path.read_bytes())
    assert written[0] == written[1]


# Drawings


def parts_like(path: Path, name: str) -> list[bytes]:
    with zipfile.ZipFile(path) as book:
        return [book.read(part) for part in book.namelist() if re.fullmatch(name, part)]


def test_drawings_have_the_prefixes_that_excel_writes(hello_xlsx):
    drawings = parts_like(hello_xlsx, r"xl/drawings/drawing\d+\.xml")
    charts = parts_like(hello_xlsx, r"xl/charts/chart\d+\.xml")
    # On the Overview there are shapes alone.
    assert (len(drawings), len(charts)) == (4, 3)
    for part, prefix in [*((part, b"xdr:") for part in drawings), *((part, b"c:") for part in charts)]:
        tags = set(re.findall(rb"<([a-z]*:?)[A-Za-z]", part))
        assert tags <= {prefix, b"a:", b"c:"}
        assert prefix in tags


CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_carry_the_points_that_their_cells_have(tmp_path, language):
    path = rnnsheet.export(hello(), tmp_path / "book.xlsx", language)
    book, seen = openpyxl.load_workbook(path, data_only=True), 0
    for part in parts_like(path, r"xl/charts/chart\d+\.xml"):
        for reference in ElementTree.fromstring(part).iter():
            if reference.tag not in (f"{CHART}numRef", f"{CHART}strRef"):
                continue
            formula, cache = reference
            sheet, _, cells = formula.text.replace("'", "").replace("$", "").rpartition("!")
            left, top, right, bottom = range_boundaries(cells)
            area = book[sheet].iter_rows(top, bottom, left, right, values_only=True)
            values = dict(enumerate(value for row in area for value in row))
            points = {int(point.get("idx")): point[0].text for point in cache.iter(f"{CHART}pt")}
            numbers = reference.tag == f"{CHART}numRef"
            got = {number: float(text) if numbers else text for number, text in points.items()}
            assert got == {number: value for number, value in values.items() if value not in (None, "")}
            assert cache.find(f"{CHART}ptCount").get("val") == str(len(values))
            seen += len(points)
    assert seen > 50


def test_borders_have_all_their_sides(hello_xlsx):
    (styles,) = parts_like(hello_xlsx, r"xl/styles\.xml")
    borders = [each for each in ElementTree.fromstring(styles).iter() if each.tag.endswith("}border")]
    assert borders
    for border in borders:
        sides = [side.tag.partition("}")[2] for side in border]
        assert sides == ["left", "right", "top", "bottom", "diagonal"]


# Texts


ESCAPES = st.lists(
    st.sampled_from(["_x0041_", "_x000A_", "_x005F_", "_x00e9_", "_", "x0041", "_x41_", "_X0041_", "a", "é"]),
    min_size=1,
    max_size=6,
).map("".join)


@given(ESCAPES)
def test_what_looks_like_an_escape_is_read_as_it_was_written(text):
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("_x0041_", "A"),
        ("_x005F_x0041_", "_x0041_"),
        ("_x005f_x0041_", "_x0041_"),
        ("_x005F_x005F_", "_x005F_"),
        ("_X0041_ _x41_ _x0041", "_X0041_ _x41_ _x0041"),
        ("_xD83D__xDE00_", "😀"),
    ],
)
def test_escapes_are_read_as_the_standard_says(stored, text):
    """ECMA-376, Part 1, 22.4.2.4; Excel writes a letter beyond U+FFFF as two."""
    assert unescaped(stored) == text


def stored_texts(path: Path) -> dict[str, list[object]]:
    """The texts of each sheet, as we read them."""
    return {
        name: [value for value in grid.values.values() if isinstance(value, str)]
        for name, grid in read(opened(path)).sheets.items()
    }


@pytest.mark.slow
@settings(max_examples=6)
@given(text=ESCAPES)
def test_texts_that_look_like_escapes_stand_as_they_are_in_every_part(tmp_path_factory, text):
    """Calamine is the witness: openpyxl takes every `x005F_` out of a text, wherever it stands."""
    calamine = pytest.importorskip("python_calamine", reason=f"python-calamine {INSTALL}")
    path = tmp_path_factory.mktemp("escapes") / "book.xlsx"
    lesson = replace(form(Layer("elman", "n", ("word",)), SAYS, **TEXT), title={"en": text})
    lesson = replace(lesson, vocabulary=("_", "x", "A"), labels=(), word="_x_A")
    rnnsheet.export(lesson, path, "en", force=True)
    overview = calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("Overview")
    assert overview.to_python()[0][0] == text
    assert text in stored_texts(path)["Overview"]
    (properties,) = parts_like(path, r"docProps/core\.xml")
    (title,) = (each.text for each in ElementTree.fromstring(properties) if each.tag.endswith("}title"))
    assert unescaped(title) == text


@pytest.mark.slow
def test_labels_that_look_like_escapes_are_right(tmp_path):
    """Each engine reads them as texts: `test_no_engine_takes_a_text_for_the_number_of_a_letter`."""
    labels = {"labels": ("_x0041_", "_x000A_"), "target": "_x0041_"}
    words = {**SENTENCE, **MARKED, **labels}
    lesson = form(Layer("elman", "x0041", ("word",)), Layer("softmax", "", ("x0041[last]",)), **words)
    path = rnnsheet.export(lesson, tmp_path / "book.xlsx", "en")
    report = rnnsheet.check(path)
    assert report.ok, [block.first_failure for block in report.blocks if block.first_failure]


STRANGE = st.sampled_from("\x00\x08\x1f\ud800\ufffe\uffff\r\n\t\x7f")


@pytest.mark.slow
@settings(max_examples=7)
@given(sign=st.characters(exclude_categories=[]) | STRANGE)
def test_any_sign_is_written_or_a_mistake_of_the_lesson(tmp_path_factory, sign):
    text, path = f"a{sign}b", tmp_path_factory.mktemp("signs") / "book.xlsx"
    try:
        lesson = replace(form(Layer("elman", "n", ("word",)), SAYS, **TEXT), title={"en": text})
    except LessonError as error:
        assert error.values == {"key": "title.en", "sign": f"U+{ord(sign):04X}"}
        with pytest.raises(ElementTree.ParseError):
            ElementTree.fromstring(f"<t>{text}</t>".encode("utf-8", "surrogatepass"))
        return
    rnnsheet.export(lesson, path, "en", epochs=1, steps=2)
    assert openpyxl.load_workbook(path)["Overview"]["A1"].value == text
    assert text in stored_texts(path)["Overview"]


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("name", {"name": "a\x01"}),
        ("data.target", {"target": "a\x01"}),
        ("data.word", {"word": "we\ufffe love"}),
        ("data.second", {"second": "a\x01"}),
        ("about.zh", {"about": {"zh": "a\x01"}}),
        ("notes.h.en", {"notes": {"h": {"en": "a\x01"}}}),
    ],
)
def test_the_mistake_is_told_with_its_key(key, texts):
    lesson = form(Layer("elman", "n", ("word",)), Layer("softmax", "", ("n[last]",)), **SENTENCE, **MARKED)
    with pytest.raises(LessonError, match=re.escape(f"{key} holds the sign U+")):
        replace(lesson, **texts)


@pytest.mark.parametrize("key", ["name", "source"])
def test_a_trained_network_s_texts_are_looked_at_too(key):
    network = next(iter(NETWORKS.values()))()
    with pytest.raises(ModelError, match=r"U\+0007"):
        replace(network, **{key: "a\x07"})


@pytest.mark.slow
def test_a_workbook_may_have_as_many_texts_as_cells(tmp_path):
    texts, path = [[f"token {number}"] for number in range(150_000)], tmp_path / "book.xlsx"
    block = Block("tokens", Area("Many", 1, 1, len(texts)), "link", "letter", values=texts)
    write(Plan((Sheet("Many", [block]),), {}, "en"), lambda block: block.values, path)
    assert stored_texts(path)["Many"] == [text for (text,) in texts]


# Number formats


def test_no_number_format_has_a_condition_and_no_formula_the_format_of_texts(hello_xlsx):
    cells = [
        cell for sheet in openpyxl.load_workbook(hello_xlsx) for row in sheet.iter_rows() for cell in row
    ]
    assert not [cell for cell in cells if "[" in cell.number_format]
    assert not [cell for cell in cells if cell.data_type == "f" and cell.number_format == "@"]
    typed = [cell for cell in cells if not cell.protection.locked and isinstance(cell.value, str)]
    assert typed
    assert {cell.number_format for cell in typed} == {"@"}
