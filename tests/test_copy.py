"""What engines open: a copy of what was read, which all readers read alike, and which holds nothing else."""

import io
import math
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import ironcalc
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.checking import check
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.console.verdicts import verdict
from rnnsheet.labels import labels
from rnnsheet.sheet.bounds import LAST_COLUMN, key
from rnnsheet.workbook.copy import copied
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import Contents, read
from rnnsheet.workbook.worksheet import Grid
from tests.listener import listener
from tests.test_checking import edit, edit_cell, failures, sheet_part
from tests.test_engines import skip_without
from tests.test_hostile import H15, told
from tests.test_reading import parts, save
from tests.typist import block


def opened_by_openpyxl(contents: Contents) -> openpyxl.Workbook:
    """The copy, as another reader opens it."""
    return openpyxl.load_workbook(io.BytesIO(copied(contents)))


def cells_of(book: openpyxl.Workbook) -> dict[str, dict[tuple[int, int], object]]:
    """Per sheet what stands in each cell, as openpyxl reads it: it fills formulas in a way of its own."""
    return {
        sheet.title: {
            (cell.row, cell.column): cell.value for row in sheet for cell in row if cell.value is not None
        }
        for sheet in book.worksheets
    }


def expected(contents: Contents) -> dict[str, dict[tuple[int, int], object]]:
    return {
        name: {
            (cell // LAST_COLUMN, cell % LAST_COLUMN + 1): value
            for cell, value in {
                **grid.values,
                **{cell: f"={text}" for cell, text in grid.formulas.items()},
            }.items()
        }
        for name, grid in contents.sheets.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chinese-order", "mlp-to-rnn"])
def test_another_reader_finds_in_the_copy_what_was_read(name, tmp_path):
    path = rnnsheet.export(name, tmp_path / "book.xlsx", "zh", epochs=2, steps=2)
    contents = read(opened(path))
    book = opened_by_openpyxl(contents)
    assert cells_of(book) == expected(contents)
    assert dict(names_of(book)) == {
        name: text for name, text in contents.names.items() if "!_xlnm." not in name
    }


def names_of(book: openpyxl.Workbook) -> Iterator[tuple[str, str]]:
    yield from ((name, found.attr_text) for name, found in book.defined_names.items())
    for sheet in book.worksheets:
        yield from ((f"{sheet.title}!{name}", found.attr_text) for name, found in sheet.defined_names.items())


def test_nothing_else_is_in_the_copy(hello_xlsx):
    with zipfile.ZipFile(io.BytesIO(copied(read(opened(hello_xlsx))))) as book:
        assert {name for name in book.namelist() if "worksheets" not in name} == {
            *("[Content_Types].xml", "_rels/.rels"),
            *("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"),
        }
        tags = {tag for name in book.namelist() for tag in re.findall(rb"<(\w+)", book.read(name))}
    assert not tags & {b"drawing", b"hyperlink", b"dataValidation", b"cfRule", b"mergeCell", b"cols"}


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
# What XML can hold; a cell that begins with = or ' is what a person would type to mean something else.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n\r"), max_size=9
)
ODD = st.sampled_from(
    ["_x0041_", "a_x000D_b", "__x005F_", "\r\n", " a ", '"', "<&>", "1e5", "TRUE", "#N/A", "''"]
)


@settings(max_examples=15)
@given(st.lists(NUMBERS | TEXTS | ODD | st.booleans(), min_size=1, max_size=20))
def test_every_constant_reaches_the_engine_as_it_is(tmp_path_factory, values):
    grid = Grid(values={key(row, 1): value for row, value in enumerate(values, start=1)})
    contents = Contents(tmp_path_factory.mktemp("copy") / "book.xlsx", {"A": grid}, {})
    with recalculations([ENGINES["ironcalc"]], contents) as running:
        found = running["ironcalc"].values()
    got = [found.value("A", row, 1) for row in range(1, len(values) + 1)]
    assert [value or "" if isinstance(value, str | None) else value for value in got] == values
    signs = [math.copysign(1, value) for value in values if isinstance(value, float) and value]
    assert signs == [math.copysign(1, value) for value in got if isinstance(value, float) and value]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_takes_a_text_for_the_number_of_a_letter(tmp_path, engine):
    """What `_x0041_` stands for in a file differs from program to program; the length tells what was read.

    An array formula is another thing that programs could compute otherwise.
    """
    skip_without(engine)
    texts = ["_x0041_", "a_x000D_b", "__x005F_", "_x12_", "_X0041_", "plain"]
    cells = {key(row, 1): text for row, text in enumerate(texts, start=1)}
    lengths = {key(row, 2): f"LEN(A{row})" for row in range(1, len(texts) + 1)}
    array = {key(1, 3): "SUM({0.5;0.25}*2)"}
    grid = Grid(lengths | array, cells, arrays=set(array))
    contents = Contents(tmp_path / "book.xlsx", {"A": grid}, {})
    with recalculations([ENGINES[engine]], contents) as running:
        found = running[engine].values()
    assert [found.value("A", row, 2) for row in range(1, len(texts) + 1)] == list(map(len, texts))
    assert found.value("A", 1, 3) == 1.5


def refer(row: int, col: int) -> st.SearchStrategy[str]:
    """Parts of a formula that stand in a cell, as they are typed."""
    columns, rows = st.sampled_from(["A", "$A", "AZ", "XFC"]), st.sampled_from([f"{row}", "$7", f"{row + 3}"])
    return st.builds(str.__add__, columns, rows)


FIXED = st.sampled_from(
    ['"A1"', "LOG10(2)", "'B2 C3'!D4", "Sheet2!A9", "1E5", "x_1", "A$1:B$3", "$A:$A", "SUM(Q1:Q9)", '"""A1"']
)


@settings(max_examples=50)
@given(st.data(), st.integers(2, 5))
def test_any_formula_that_fills_down_is_filled_as_openpyxl_fills_it(data, count):
    from openpyxl.formula.translate import Translator

    parts = data.draw(st.lists(refer(10, 3) | FIXED, min_size=1, max_size=4))
    first = f"={'+'.join(parts)}"
    texts = [Translator(first, "C10").translate_formula(f"C{10 + down}")[1:] for down in range(count)]
    grid = Grid(formulas={key(10 + down, 3): text for down, text in enumerate(texts)})
    contents = Contents(Path("book.xlsx"), {"A": grid}, {})
    assert cells_of(opened_by_openpyxl(contents)) == expected(contents)


def test_an_array_formula_of_one_s_own_is_computed(hello_xlsx, tmp_path):
    """One may read it in an input: there it counts with what it gives."""
    area = block("Whh", "Inputs").area
    row = (
        '<row r="900"><c r="A900"><f t="array" ref="A900">SUM({0.5;0.25}*2)</f><v>7</v></c></row></sheetData>'
    )
    wrong = edit(hello_xlsx, tmp_path / "a.xlsx", sheet_part(hello_xlsx, "Inputs"), "</sheetData>", row)
    path = edit_cell(wrong, tmp_path / "b.xlsx", "Inputs", area.a1, "<v>[^<]*</v>", "<f>A900</f><v>0.5</v>")
    with recalculations([ENGINES["ironcalc"]], read(opened(path))) as running:
        assert running["ironcalc"].values().of(area) == [1.5]


TABLE = '<f t="dataTable" ref="{0}" dt2D="0" dtr="0" r1="B12"/>'


def test_a_what_if_table_of_one_s_own_does_no_harm(hello_xlsx, tmp_path):
    row = f'<row r="900"><c r="A900">{TABLE.format("A900:A901")}<v>7</v></c></row>'
    row += '<row r="901"><c r="A901"><v>7</v></c></row></sheetData>'
    part = sheet_part(hello_xlsx, "Unrolled")
    assert rnnsheet.check(edit(hello_xlsx, tmp_path / "a.xlsx", part, "</sheetData>", row)).ok


@pytest.mark.parametrize("kind", [TABLE.format("A900:A901"), '<f t="array" ref="A900:A901">{0.5;0.4}</f>'])
def test_an_input_that_reads_what_fills_several_cells_is_told(hello_xlsx, tmp_path, kind):
    """No engine's number for it is believed, and least of all the stored one."""
    area = block("Whh", "Inputs").area
    row = f'<row r="900"><c r="A900">{kind}<v>0.4</v></c></row>'
    row += '<row r="901"><c r="A901"><v>0.4</v></c></row></sheetData>'
    wrong = edit(hello_xlsx, tmp_path / "a.xlsx", sheet_part(hello_xlsx, "Inputs"), "</sheetData>", row)
    path = edit_cell(wrong, tmp_path / "b.xlsx", "Inputs", area.a1, "<v>[^<]*</v>", "<f>A901</f><v>0.4</v>")
    assert f"Inputs!{area.a1}: this cell of Whh holds '#N/A'" in told(path)


@pytest.mark.parametrize(
    "kind", [TABLE.format("H15"), TABLE.format("H15:H16"), '<f t="array" ref="H15:H16">1</f>']
)
def test_what_fills_cells_of_ours_is_another_formula(hello_xlsx, tmp_path, kind):
    path = edit(
        hello_xlsx,
        tmp_path / "a.xlsx",
        sheet_part(hello_xlsx, "Unrolled"),
        H15,
        lambda found: re.sub("<f>.*</f>", kind, found[0]),
    )
    report = rnnsheet.check(path)
    assert ("Unrolled", "H15", "formula") in failures(report)
    both = "H16" in kind
    (xh,) = (block for block in report.blocks if (block.name, block.sheet) == ("xh", "Unrolled"))
    assert xh.failed >= 2 if both else xh.failed >= 1


def test_a_table_that_reaches_into_ours_is_found(hello_xlsx, tmp_path):
    kind = TABLE.format("G15:H15")
    row = lambda found: f'<c r="G15">{kind}</c>{found[0]}'  # noqa: E731
    path = edit(hello_xlsx, tmp_path / "a.xlsx", sheet_part(hello_xlsx, "Unrolled"), H15, row)
    assert ("Unrolled", "H15", "formula") in failures(rnnsheet.check(path))


def test_an_array_formula_in_one_cell_is_what_its_text_is(hello_xlsx, tmp_path):
    """Excel of today saves some formulas so; it is computed as such, and the same there."""
    replacement = lambda found: found[0].replace("<f>", '<f t="array" ref="H15">')  # noqa: E731
    path = edit(hello_xlsx, tmp_path / "a.xlsx", sheet_part(hello_xlsx, "Unrolled"), H15, replacement)
    assert rnnsheet.check(path).ok


def strict(path: Path, target: Path) -> Path:
    """The workbook as Strict Open XML."""
    contents = parts(path)
    for old, new in (
        (b"schemas.openxmlformats.org/spreadsheetml/2006/main", b"purl.oclc.org/ooxml/spreadsheetml/main"),
        (b"schemas.openxmlformats.org/officeDocument/2006/", b"purl.oclc.org/ooxml/officeDocument/"),
    ):
        contents = {name: content.replace(old, new) for name, content in contents.items()}
    return save(contents, target)


def with_other_names(path: Path, target: Path) -> Path:
    """The workbook with shared texts, and parts of other names and in other folders."""
    openpyxl.load_workbook(path).save(target)
    contents = parts(target)
    for old, new in (
        ("sharedStrings.xml", "SharedStrings.xml"),
        ("worksheets/sheet1.xml", "Sheets/first.xml"),
        ("xl/workbook.xml", "xl/book2.xml"),
        ("xl/_rels/workbook.xml.rels", "xl/_rels/book2.xml.rels"),
    ):
        contents = {
            name.replace(old, new): content.replace(old.encode(), new.encode())
            for name, content in contents.items()
        }
    return save(contents, target)


@pytest.mark.slow
@pytest.mark.parametrize("write", [strict, with_other_names])
def test_however_it_was_saved_it_is_right_and_the_copy_is_the_same(hello_xlsx, tmp_path, write):
    """Every engine opens the copy, so one is enough."""
    other = write(hello_xlsx, tmp_path / "other.xlsx")
    assert failures(rnnsheet.check(other)) == []
    assert parts_copied(other) == parts_copied(hello_xlsx)


def parts_copied(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(copied(read(opened(path))))) as copy:
        return {name: copy.read(name) for name in copy.namelist()}


MARKUP = (
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" mc:Ignorable="x14ac xr"'
    ' xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"'
    ' xmlns:xr="http://schemas.microsoft.com/office/spreadsheetml/2014/revision"'
)
OF_EXCEL = {
    "xl/workbook.xml": [
        ("<workbook ", f"<workbook{MARKUP} "),
        (
            "<workbookPr/>",
            '<fileVersion appName="xl"/><workbookPr defaultThemeVersion="166925"/><mc:AlternateContent>'
            '<mc:Choice Requires="x15"><x15ac:absPath xmlns:x15ac="urn:x15ac" url="C:/"/></mc:Choice>'
            '</mc:AlternateContent><xr:revisionPtr revIDLastSave="0" documentId="8_{0}"/>',
        ),
        (
            "</workbook>",
            '<extLst><ext uri="{1}" xmlns:x15="urn:x15"><x15:calcFeatures/></ext></extLst></workbook>',
        ),
    ],
    "xl/styles.xml": [
        ("<styleSheet ", f"<styleSheet{MARKUP} "),
        ("<fonts ", '<fonts x14ac:knownFonts="1" '),
        (
            "</styleSheet>",
            '<extLst><ext uri="{2}" xmlns:x14="urn:x14"><x14:slicerStyles/></ext></extLst></styleSheet>',
        ),
    ],
    "Unrolled": [
        ("<worksheet ", f"<worksheet{MARKUP} "),
        ('<row r="7"', '<row r="7" spans="1:12" x14ac:dyDescent="0.25"'),
        (
            "</worksheet>",
            '<mc:AlternateContent><mc:Choice Requires="x14"><controls><mc:AlternateContent><mc:Choice '
            'Requires="x14"><control shapeId="1025" name="Button"><controlPr defaultSize="0"><anchor><from>'
            '<xdr:col xmlns:xdr="x">8</xdr:col><xdr:row xmlns:xdr="x">24</xdr:row></from></anchor>'
            "</controlPr></control></mc:Choice></mc:AlternateContent></controls></mc:Choice>"
            '</mc:AlternateContent><extLst><ext uri="{3}" xmlns:x14="urn:x14"><x14:conditionalFormattings>'
            '<x14:conditionalFormatting xmlns:xm="urn:xm"><x14:cfRule type="dataBar" id="{4}"><x14:dataBar>'
            '<x14:cfvo type="autoMin"/></x14:dataBar></x14:cfRule><xm:sqref>Z1:Z2</xm:sqref>'
            "</x14:conditionalFormatting></x14:conditionalFormattings></ext></extLst></worksheet>",
        ),
    ],
}
"""What Excel writes of other namespaces into a workbook that it saves."""


def test_what_excel_writes_of_other_namespaces_is_no_harm(hello_xlsx, tmp_path):
    contents = parts(hello_xlsx)
    for name, places in OF_EXCEL.items():
        part = name if "/" in name else sheet_part(hello_xlsx, name)
        for old, new in places:
            text = contents[part].decode()
            assert text.count(old) == 1, old
            contents[part] = text.replace(old, new).encode()
    assert failures(rnnsheet.check(save(contents, tmp_path / "excel.xlsx"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "hyperlink"])
def test_a_picture_does_not_call(hello_xlsx, tmp_path, kind):
    """LibreOffice would fetch it, whatever its relationship says that it is."""
    skip_without("libreoffice")
    with listener() as (port, calls):
        status = check_with_picture(hello_xlsx, tmp_path, kind, port)
    assert calls == []
    assert status == {"image": 2, "hyperlink": 0}[kind]


def check_with_picture(path: Path, folder: Path, kind: str, port: int) -> int:
    contents = parts(path)
    space = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    drawing, links = "xl/drawings/drawing2.xml", "xl/drawings/_rels/drawing2.xml.rels"
    link = (
        f'<Relationship Id="rId55" Type="{space}/{kind}" Target="http://127.0.0.1:{port}/a.png" '
        'TargetMode="External"/></Relationships>'
    )
    picture = (
        '<xdr:oneCellAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:from><xdr:col>1</xdr:col>'
        "<xdr:colOff>0</xdr:colOff><xdr:row>1</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>"
        '<xdr:ext cx="9525" cy="9525"/><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="99" name="p"/><xdr:cNvPicPr/>'
        f'</xdr:nvPicPr><xdr:blipFill><a:blip xmlns:r="{space}" r:link="rId55"/></xdr:blipFill>'
        '<xdr:spPr><a:prstGeom prst="rect"/></xdr:spPr></xdr:pic><xdr:clientData/></xdr:oneCellAnchor>'
    )
    contents[links] = contents[links].replace(b"</Relationships>", link.encode())
    contents[drawing] = re.sub(rb"</(\w+:)?wsDr>", picture.encode() + rb"\g<0>", contents[drawing])
    file = save(contents, folder / "picture.xlsx")
    command = [sys.executable, "-m", "rnnsheet", "check", str(file), "--engine", "libreoffice"]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


STAND_IN = """#!/bin/sh
echo "$@" >> {}
exit 1
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script of sh")
@pytest.mark.parametrize(("engine", "program"), [("libreoffice", "soffice"), ("gnumeric", "ssconvert")])
def test_no_program_begins_before_the_file_was_read_and_refused(
    hello_xlsx, tmp_path, monkeypatch, engine, program
):
    """And what it is given then is our copy, not the file."""
    record, stand_in = tmp_path / "record", tmp_path / "bin" / program
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN.format(record))
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}")
    for number, change in enumerate(REFUSED):
        path = tmp_path / f"wrong{number}.xlsx"
        with pytest.raises(rnnsheet.WorkbookError):
            rnnsheet.check(change(hello_xlsx, path), engine=engine)
        assert not record.exists(), path
    with pytest.raises(rnnsheet.WorkbookError, match=f"{engine} cannot recalculate the workbook"):
        rnnsheet.check(hello_xlsx, engine=engine)
    assert record.read_text().count("copy.xlsx") == 1
    assert hello_xlsx.name not in record.read_text()


def changed(sheet: str, pattern: str, replacement: str):
    return lambda path, target: edit(path, target, sheet_part(path, sheet), pattern, replacement)


REFUSED = [
    changed("Unrolled", H15, r'<c r="H15"><f>WEBSERVICE("http://127.0.0.1:9/")</f></c>'),
    # In the last sheet, so that all of them must have been read.
    changed(
        "rnnsheet",
        "</sheetData>",
        '<row r="99999"><c r="A99999"><f>DDE("a","b","c")</f></c></row></sheetData>',
    ),
    changed("rnnsheet", "</sheetData>", "<more/></sheetData>"),
    lambda path, target: edit(path, target, "xl/workbook.xml", "<calcPr ", '<calcPr fullPrecision="0" '),
    lambda path, target: edit(
        path,
        target,
        "xl/workbook.xml",
        "<definedNames>",
        '<definedNames><definedName name="a">[1]S!A1</definedName>',
    ),
    lambda path, target: target.write_bytes(path.read_bytes()[:-9]) and target,
]


def test_a_file_that_is_replaced_meanwhile_is_not_read(hello_xlsx, tmp_path, monkeypatch):
    path = tmp_path / "book.xlsx"
    path.write_bytes(hello_xlsx.read_bytes())
    read_all = check.read

    def replaced(package):
        path.write_bytes(b"something else")
        return read_all(package)

    monkeypatch.setattr(check, "read", replaced)
    assert rnnsheet.check(path).ok


def test_the_library_that_computes_the_copy_is_told_of_by_name(tmp_path, hello_xlsx, monkeypatch):
    monkeypatch.setattr("rnnsheet.checking.recalculate.copied", lambda contents: b"PK")
    with pytest.raises(rnnsheet.WorkbookError, match=r"ironcalc cannot recalculate .*; another engine may"):
        rnnsheet.check(hello_xlsx)


def test_formulas_are_seen_by_the_usual_engine_as_they_are(hello_xlsx, tmp_path):
    contents = read(opened(hello_xlsx))
    (tmp_path / "copy.xlsx").write_bytes(copied(contents))
    original, copy = (
        ironcalc.load_from_xlsx(str(path), "en", "UTC", "en") for path in (hello_xlsx, tmp_path / "copy.xlsx")
    )
    for cell in original.get_all_cells():
        assert copy.get_cell_content(*cell) == original.get_cell_content(*cell)


SETTINGS = {
    "date1904": ("<workbookPr/>", '<workbookPr date1904="1"/>'),
    "r1c1": ("<calcPr ", '<calcPr refMode="R1C1" '),
    "iterate": ("<calcPr ", '<calcPr iterate="true" iterateCount="7" '),
    "manual": ("<calcPr ", '<calcPr calcMode="manual" '),
}


def with_settings(source: Path, target: Path, names: list[str]) -> Path:
    contents, part = parts(source), "xl/workbook.xml"
    for name in names:
        old, new = SETTINGS[name]
        contents[part] = contents[part].replace(old.encode(), new.encode())
    return save(contents, target)


@pytest.mark.slow
@settings(max_examples=5)
@given(names=st.lists(st.sampled_from(sorted(SETTINGS)), unique=True))
def test_a_setting_that_is_not_ours_is_told_and_changes_nothing(hello_xlsx, tmp_path_factory, names):
    path = with_settings(hello_xlsx, tmp_path_factory.mktemp("set") / "set.xlsx", names)
    report = rnnsheet.check(path)
    assert report.ok
    assert sorted(report.notes) == sorted(report.as_dict()["notes"]) == sorted(names)
    for language in ("en", "zh"):
        texts = labels(language)
        told = list(verdict(report, texts, with_blocks=False))
        assert len(told) == 1 + bool(names)
        assert {name for name in SETTINGS if texts(f"check.setting.{name}") in told[-1]} == set(names)


def test_a_circle_that_is_computed_again_and_again_elsewhere_is_found(hello_xlsx, tmp_path):
    area = block("z", "Unrolled").area.part().a1
    edit_cell(hello_xlsx, tmp_path / "a.xlsx", "Unrolled", area, r"<f>[^<]*</f>", f"<f>({area}+1)/2</f>")
    report = rnnsheet.check(with_settings(tmp_path / "a.xlsx", tmp_path / "b.xlsx", ["iterate"]))
    assert not report.ok
    assert report.notes == ("iterate",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<calcPr ", '<calcPr iterate="1"/><calcPr '),
        ("<sheets>", '<sheets><calcPr iterate="1"/>'),
        ("<workbookPr/>", '<workbookPr date1904="1"/><workbookPr/>'),
        ("<calcPr ", '<calcPr xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" '),
        ("<calcPr ", '<calcPr fullPrecision="off" '),
    ],
)
def test_settings_that_programs_could_find_otherwise_are_refused(hello_xlsx, tmp_path, old, new):
    path = edit(hello_xlsx, tmp_path / "wrong.xlsx", "xl/workbook.xml", old, new)
    told(path)
