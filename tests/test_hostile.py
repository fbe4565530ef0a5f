"""What strangers send: answered in seconds, within a gigabyte, in one line, and nothing of it is run."""

import io
import os
import re
import subprocess
import sys
import time
import zipfile
from html import escape
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.checking.spelling import same
from rnnsheet.console.verdicts import verdict
from rnnsheet.errors import RnnsheetError
from rnnsheet.labels import labels
from rnnsheet.sheet.bounds import LAST_COLUMN, LAST_ROW
from rnnsheet.sheet.formula import column_letters
from rnnsheet.workbook.outside import reaching_outside, refers, volatile
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.command import rnnsheet as command
from tests.lessons import hello
from tests.test_checking import edit, edit_cell, failures, sheet_part
from tests.test_engines import EVERY_ENGINE, skip_without
from tests.test_reading import parts, save
from tests.typist import block

SECONDS, MEGABYTES = 30, 1000
"""More than it takes even where other work is done beside the tests; a bomb would take minutes."""

MEASURED = """
import resource, subprocess, sys
with open("out", "w") as out, open("err", "w") as err:
    status = subprocess.call(sys.argv[1:], stdout=out, stderr=err)
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small program between the tests and the command: Linux counts what a parent takes as its child's peak."""


def checked(path: Path, folder: Path, *options: str) -> tuple[int, str, str]:
    """What the command says of a file: status, output, error; with its limits held to."""
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder), "PYTHONPATH": str(Path.cwd())}
    start = time.monotonic()
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "rnnsheet", "check", str(path), *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    status, peak = map(int, measured.stdout.split())
    assert time.monotonic() - start < SECONDS
    assert peak < MEGABYTES * 1024
    out, err = ((folder / name).read_text("utf-8") for name in ("out", "err"))
    assert "Traceback" not in err
    for name in ("out", "err"):
        (folder / name).unlink()
    assert list(folder.iterdir()) == [], "something is left behind"
    return status, out, err


def refused(path: Path, folder: Path, *options: str) -> str:
    """The one line with which a file is refused."""
    status, out, err = checked(path, folder, *options)
    assert (status, out) == (2, "")
    assert err.startswith(f"rnnsheet: {path}: ")
    assert err.count("\n") == 1
    return err


def with_part(source: Path, target: Path, part: str, content: bytes) -> Path:
    """A copy of a workbook with one part more, or another."""
    return save(parts(source) | {part: content}, target)


def told(path: Path, engine: str = "ironcalc") -> str:
    """The same, without the command around it: where a file is refused for what it says, not for its size."""
    with pytest.raises(RnnsheetError) as error:
        rnnsheet.check(path, engine=engine)
    line = str(error.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


def described(source: Path, target: Path, row: tuple[str | None, ...], text: str) -> None:
    """A copy of a workbook whose hidden sheet has another text at the end of such a row of cells."""
    contents, part = parts(source), sheet_part(source, "rnnsheet")
    shared = ["".join(each.itertext()) for each in ElementTree.fromstring(contents["xl/sharedStrings.xml"])]
    root, found = ElementTree.fromstring(contents[part]), 0
    for line in root.iterfind(".//{*}row"):
        for start in range(len(line) - len(row) + 1):
            some = line[start : start + len(row)]
            texts = [shared[int(cell[0].text)] if cell.get("t") == "s" else cell[0].text for cell in some]
            if all(wanted in (None, own) for wanted, own in zip(row, texts, strict=True)):
                some[-1].set("t", "str")
                some[-1][0].text, found = text, found + 1
                break
    assert found == 1
    save(contents | {part: ElementTree.tostring(root)}, target)


def with_formula(source: Path, target: Path, formula: str) -> Path:
    """A copy of a workbook in which someone has put a formula beside ours."""
    row = f'<row r="200"><c r="A200"><f>{escape(formula, quote=False)}</f><v></v></c></row>'
    return edit(source, target, sheet_part(source, "Unrolled"), "(?=</sheetData>)", lambda _: row)


@pytest.fixture
def wrong(tmp_path):
    return tmp_path / "wrong.xlsx"


@pytest.mark.slow
def test_a_zip_bomb_is_not_unpacked(hello_xlsx, tmp_path, wrong):
    with zipfile.ZipFile(wrong, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts(hello_xlsx).items():
            book.writestr(name, content)
        with book.open("xl/worksheets/sheet99.xml", "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(bytes(1 << 20))
    assert wrong.stat().st_size < 2_000_000
    assert "at most 512 MB" in refused(wrong, tmp_path / "run")


def test_more_parts_than_any_workbook_has_are_not_read(hello_xlsx, wrong):
    more = {f"xl/{number}.xml": b"<a/>" for number in range(2000)}
    save(parts(hello_xlsx) | more, wrong)
    assert "parts; at most 2000 are read" in told(wrong)


@pytest.mark.slow
def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked(hello_xlsx, tmp_path, wrong):
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(wrong, "w", zipfile.ZIP_DEFLATED) as book:
        for other, content in parts(hello_xlsx).items():
            if other != name:
                book.writestr(other, content)
        with book.open(name, "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(b" " * (1 << 20))
        book.getinfo(name).file_size = 1000
    assert "not a readable .xlsx workbook" in refused(wrong, tmp_path / "run")


BOMB = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">{}]>'.format(
    "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
)


@pytest.mark.parametrize("piece", ["<c ", ' t="n"'])
def test_a_tag_without_an_end_is_refused_at_once(hello_xlsx, tmp_path, piece):
    contents = parts(hello_xlsx)
    contents["xl/worksheets/sheet1.xml"] += b"<c " + piece.encode() * 200_000
    assert "not a readable .xlsx workbook" in refused(save(contents, tmp_path / "w.xlsx"), tmp_path / "run")


LONG = 30 << 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "piece", "after", "ending"),
    [
        (b"<!--", b" ", b"-->", b"<sheetData>"),
        (b"<!-- ?>", b"<", b"-->", b"</worksheet>"),
        (b"<?x ", b"<", b"?>", b"<sheetData>"),
        (b"<![CDATA[", b"<", b"]]>", b"</worksheet>"),
        (b'<a b="', b" ", b'"/>', b"<sheetData>"),
        (b"<a", b" ", b"/>", b"</worksheet>"),
    ],
    ids=["comment", "comment of <", "instruction", "text of <", "attribute", "blanks"],
)
def test_nothing_long_is_parsed_piece_by_piece(hello_xlsx, tmp_path, before, piece, after, ending):
    """The time that it takes would grow with the square of the length."""
    contents = parts(hello_xlsx)
    name = "xl/worksheets/sheet1.xml"
    contents[name] = contents[name].replace(ending, before + piece * LONG + after + ending)
    assert "not a readable .xlsx workbook" in refused(save(contents, tmp_path / "w.xlsx"), tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "ending", "form"),
    [
        ("xl/worksheets/sheet1.xml", b"</row>", "in a row"),
        ("xl/worksheets/sheet1.xml", b"</c>", "nested"),
        ("xl/worksheets/sheet1.xml", b"</worksheet>", "with attributes"),
        ("xl/workbook.xml", b"</workbook>", "in a row"),
        ("xl/workbook.xml", b"</workbook>", "nested"),
    ],
)
def test_no_more_elements_than_there_can_be_are_kept(hello_xlsx, tmp_path, part, ending, form):
    contents, count = parts(hello_xlsx), 2_000_000
    attributes = b" ".join(b"a%d=''" % number for number in range(40))
    many = {
        "in a row": b"<a/>" * count,
        "nested": b"<a>" * count + b"</a>" * count,
        "with attributes": b"<a %b/>" % attributes * (count // 40),
    }[form]
    contents[part] = contents[part].replace(ending, many + ending, 1)
    assert "too many cells" in refused(save(contents, tmp_path / "w.xlsx"), tmp_path / "run")


@pytest.mark.parametrize(
    ("part", "encoding"),
    [
        ("xl/worksheets/sheet1.xml", "utf-8"),
        ("xl/workbook.xml", "utf-8"),
        ("_rels/.rels", "utf-16"),
        ("xl/workbook.xml", "utf-7"),
    ],
)
def test_an_entity_bomb_is_refused(hello_xlsx, tmp_path, wrong, part, encoding):
    declared = BOMB.replace("?>", f' encoding="{encoding}"?>', 1)
    text = re.sub(r"<\?xml.*?\?>", "", parts(hello_xlsx)[part].decode())
    with_part(hello_xlsx, wrong, part, (declared + text).encode(encoding))
    message = refused(wrong, tmp_path / "run")
    assert ("a document type" in message) if encoding == "utf-8" else ("not a readable" in message)


def test_a_document_type_far_behind_is_found(hello_xlsx, wrong):
    text = parts(hello_xlsx)["xl/workbook.xml"].decode().removeprefix('<?xml version="1.0"?>')
    content = "<!--" + "x" * (1 << 20) + "-->" + "<!DOCTYPE x [<!ENTITY a 'b'>]>" + text
    with_part(hello_xlsx, wrong, "xl/workbook.xml", content.encode())
    assert "a document type" in told(wrong)


def test_a_sheet_that_claims_all_there_is_costs_nothing(hello_xlsx, tmp_path, wrong):
    """What a sheet says of its size is no cell: the verdict is that on its cells. No engine is told of it."""
    edit(
        hello_xlsx,
        wrong,
        "xl/worksheets/sheet1.xml",
        '<dimension ref="[^"]*"',
        '<dimension ref="A1:XFD1048576"',
    )
    assert checked(wrong, tmp_path / "run")[0] == 0


def test_a_file_over_the_limit_is_not_read(wrong):
    with wrong.open("wb") as file:
        file.truncate(200 << 20)
    assert "has 200 MB; at most 128 MB" in told(wrong)


@pytest.mark.parametrize(
    ("name", "part", "what"),
    [
        ("wrong.xlsx", "xl/externalLinks/externalLink1.xml", "external links"),
        ("wrong.xlsx", "xl/connections.xml", "external links"),
        ("wrong.xlsx", "xl/vbaProject.bin", "macros"),
        ("wrong.xlsm", "xl/vbaProject.bin", "macros"),
        ("wrong.xlsx", "xl/macrosheets/sheet1.xml", "macros"),
        ("wrong.xlsx", "xl/activeX/activeX1.xml", "macros"),
        ("wrong.xlsx", "xl/embeddings/oleObject1.bin", "embedded objects"),
    ],
)
def test_what_could_act_is_not_opened(hello_xlsx, tmp_path, name, part, what):
    path = with_part(hello_xlsx, tmp_path / name, part, b"<x/>")
    assert f"holds {what} ({part})" in told(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula",
    [
        "[1]Sheet1!A1",
        "'[other.xlsx]Sheet1'!A1",
        "'file:///etc/passwd'#$Sheet1.A1",
        "cmd|'/c calc'!A1",
        'DDE("soffice","x","A1")',
        'webservice("http://127.0.0.1:9/")',
        'WEBSERVICE ("http://127.0.0.1:9/")',
        '_xlfn.WEBSERVICE("http://127.0.0.1:9/")',
        'GETENV("HOME")',
        'HYPERLINK("http://127.0.0.1:9/","x")',
        "INDIRECT(\"'file:///etc/passwd'#$Sheet.A1\")",
        "INDIRECT(\"'[/etc/book.xlsx]Sheet'!A1\")",
        'INDIRECT("\'fil" & "e:///etc/passwd\'#$Sheet.A1")',
        'RTD("x",,"y")',
        '_xlfn.STOCKHISTORY("MSFT",1)',
        'IMPORTDATA("http://127.0.0.1:9/")',
        'CALL("kernel32","WinExec","JCJ","calc",1)',
        'REGISTER.ID("kernel32","WinExec")',
        'EXEC("calc")',
        'SQL.REQUEST("DSN=x",,2,"SELECT 1")',
        'CUBEVALUE("connection","[Measures].[x]")',
        '_xlfn.FILTERXML("<a/>","//a")',
        '_xlfn.IMAGE("http://127.0.0.1:9/x.png")',
    ],
)
def test_a_formula_that_reaches_out_is_not_recalculated(hello_xlsx, tmp_path, wrong, formula):
    with_formula(hello_xlsx, wrong, formula)
    with pytest.raises(
        rnnsheet.WorkbookError, match=r"Unrolled!A200: the formula uses .* outside the workbook"
    ):
        rnnsheet.check(wrong)


MAY_CHANGE = (
    *("IF(NOW()<1,2,3)", "1+rand()*0", "_xlfn.RANDARRAY()", "TODAY ()", "OFFSET(A1,0,0)", "GET.CELL(5)"),
    *('CELL("filename")', 'INFO("release")', "SUBTOTAL(109,A1:A2)", "AGGREGATE(9,5,A1)", "N\uff2fW()"),
)


@pytest.mark.parametrize("formula", MAY_CHANGE)
def test_what_gives_another_value_though_no_cell_changes_is_known(formula):
    assert [place for place, _ in volatile({"A1": formula, "A2": '"NOW()"&SUM(1)'})] == ["A1"]


def test_what_a_formula_may_take_of_elsewhere_is_known():
    assert all(map(refers, ("A1", "SUM(5:5)", "ABS(mine)", "'a sheet'!A1", "\\x")))
    assert not any(map(refers, ("1/3", "2E5", "SQRT(2)", '"A1"&CHAR(65)', "-.5")))


def test_an_input_that_may_change_by_itself_is_told(hello_xlsx, tmp_path, wrong):
    """In its own formula, or by a cell of one's own that it may take."""
    book = openpyxl.load_workbook(hello_xlsx)
    sheet, area = book["Inputs"], block("Why", "Inputs").area
    for down, formula in enumerate(("1/3", "A200+1")):
        sheet.cell(area.row + down, area.col).value = f"={formula}"
    sheet["A200"] = 0.5
    book.save(tmp_path / "right.xlsx")
    assert failures(rnnsheet.check(tmp_path / "right.xlsx")) == []
    sheet["A200"] = "=IF(NOW()>1,0.5,9)"
    book.save(wrong)
    report = rnnsheet.check(wrong)
    assert failures(report) == [("Inputs", area.part(1, 0).a1, "volatile")]
    assert any("(Inputs!A200: NOW)" in line for line in verdict(report, labels("en"), with_blocks=False))


CALLS = ["WEBSERVICE", "HYPERLINK", "DDE", "INDIRECT", "_xlfn.FILTERXML", "COM.MICROSOFT.WEBSERVICE", "RTD"]


def as_its_number(letter: str) -> str:
    return f"_x{ord(letter):04X}_"


def as_wide(letter: str) -> str:
    """The letter of full width."""
    return chr(ord(letter) + 0xFEE0)


SPELLINGS = {
    "I": ["\u0131", "i"],
    "S": ["\u017f", "s"],
    "K": ["\u212a"],
    "(": [" (", "\u00a0(", "\u2003(", "\n(", "\t("],
}
AROUND = ["{}", "1+{}", "IF(1,2,{})", "'a\"'!A1+{}+'b\"'!A1", "{{{}}}"]
"""Where a call may stand: also between what looks like the beginning and the end of a text."""


@given(data=st.data(), name=st.sampled_from(CALLS), around=st.sampled_from(AROUND))
def test_a_call_is_seen_however_it_is_spelled(data, name, around):
    letters = list(f"{name}(")
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(letters) - 1))
        choices = [letters[at], *SPELLINGS.get(letters[at], [])]
        if len(letters[at]) == 1 and "!" < letters[at] < "\x7f":
            choices += [as_its_number(letters[at]), as_wide(letters[at])]
        letters[at] = data.draw(st.sampled_from(choices))
    formula = around.format("".join(letters) + '"x")')
    assert dict(reaching_outside({"A1": formula})).keys() == {"A1"}, formula


REFERENCES = [
    *("[1]S!A1", "a|b!c", "'smb://h/b'#$S.A1", "'file:///etc/passwd'#$S.A1"),
    *("'\\\\server\\share\\b.xlsx'#$S.A1", 'WEBSERVICE("x")'),
]
BETWEEN = [*AROUND, '"_x0022_"&{}&"_x0022_"', '"\uff02"&{}&"\uff02"']


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("around", BETWEEN)
def test_a_reference_outside_is_seen_wherever_it_stands(reference, around):
    formula = around.format(reference)
    assert dict(reaching_outside({"A1": formula, "A2": "1+1"})).keys() == {"A1"}, formula


def test_a_text_that_looks_like_reaching_out_is_none(hello_xlsx, wrong):
    with_formula(hello_xlsx, wrong, '"WEBSERVICE(" & "[1]" & "cmd|x!A1" & "http://x"')
    assert rnnsheet.check(wrong).ok


@pytest.mark.parametrize("own", ["", ' localSheetId="0"'])
def test_a_name_that_reaches_out_is_refused(hello_xlsx, wrong, own):
    pattern, replacement = (
        "<definedNames>",
        f'<definedNames><definedName name="elsewhere"{own}>[1]S!$A$1</definedName>',
    )
    edit(hello_xlsx, wrong, "xl/workbook.xml", pattern, replacement)
    with pytest.raises(
        rnnsheet.WorkbookError, match=r"wrong\.xlsx: (Overview!)?elsewhere: the formula uses \[1\]"
    ):
        rnnsheet.check(wrong)


CALL = 'WEBSERVICE("http://127.0.0.1:9/")'
STRICT = 'xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"'


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (
            "</sheetData>",
            f'</sheetData><sheetData><row r="900"><c r="A900"><f>{CALL}</f></c></row></sheetData>',
        ),
        ("</sheetData>", f'<row {STRICT} r="900"><c r="A900"><f>{CALL}</f></c></row></sheetData>'),
        ("</sheetData>", f'<row r="900"><c {STRICT} r="A900"><f>{CALL}</f></c></row></sheetData>'),
        ("</sheetData>", f'<row r="900"><c r="A900"><f {STRICT}>{CALL}</f></c></row></sheetData>'),
        ("</sheetData>", '<row r="900"><c r="A900"><f>WEB<v/>SERVICE("x")</f></c></row></sheetData>'),
        ("</sheetData>", f'<more><row r="900"><c r="A900"><f>{CALL}</f></c></row></more></sheetData>'),
    ],
)
def test_a_formula_where_no_program_writes_one_is_refused(hello_xlsx, wrong, pattern, replacement):
    edit(hello_xlsx, wrong, "xl/worksheets/sheet1.xml", pattern, replacement)
    assert "not a readable .xlsx workbook" in told(wrong)


SHARED = '<c r="G15"><f t="shared" si="5" ref="G15:G16">0.5+1</f><v>1.5</v></c>'
WIDER = SHARED.replace("G16", "H16")
FOLLOWER, FOLLOWS = '<f t="shared" si="5">', '<f t="shared" si="5"/>'
H15 = r'<c r="H15"[^>]*>.*?</c>'
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
TEXTS = "xl/sharedStrings.xml"
MC = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice Requires="x14">{0}</mc:Choice><mc:Fallback>{0}</mc:Fallback></mc:AlternateContent>'
)
MERGED = '<mergeCells count="1"><mergeCell ref="H24:K26"/></mergeCells>'
PICTURE = (
    '<Relationship Id="rId55" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
    'Target="http://127.0.0.1:9/a.png" TargetMode="External"/></Relationships>'
)
MACROS = (
    '<Relationship Id="rId88" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" '
    'Target="x.bin"/></Relationships>'
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "pattern", "replacement", "said"),
    [
        (None, H15, r"\g<0>\g<0>", "H15"),
        (None, H15, r'<c r="Z15"><v>1</v></c>\g<0>', "H15"),
        (None, H15, lambda found: found[0].replace("H15", "H16"), "'H16' is no cell"),
        (None, H15, '<c r="H15" t="s"><v>9999</v></c>', "9999 is no number of a text"),
        (None, H15, '<c r="H15" t="e"><v>228</v></c>', "t='e', <v>"),
        ("xl/sharedStrings.xml", "</t></si>", "</t><t>x</t></si>", "<t>"),
        ("xl/sharedStrings.xml", "</t></si>", "</t><r><t>x</t></r></si>", "<t>"),
        (None, H15, '<c r="H15" t="s"><v>-1</v></c>', "-1 is no number of a text"),
        (None, r'<row r="12".*?</row>', r"\g<0>\g<0>", "row 12"),
        (None, "</sheetData>", r'<row r="3"/></sheetData>', "row 3"),
        (None, H15, lambda found: found[0].replace("<f>", "<f>1</f><f>"), "H15"),
        (None, H15, lambda found: found[0].replace("</v>", "</v><v>1</v>"), "H15"),
        (None, H15, lambda found: re.sub("<v>.*</v>", "<v>1_0</v>", found[0]), "1_0 is no number"),
        (None, H15, lambda found: found[0].replace("<f>", f"<f>{'1+' * 5000}"), "normal"),
        (None, H15, lambda found: found[0].replace("<f>", '<f t="other">'), "other"),
        (None, H15, lambda found: found[0].replace("<f>", '<f t="array" ref="H14:H15">'), "array: H14:H15"),
        (None, H15, lambda found: found[0].replace("<f>", '<f t="shared" si="5">'), "H15"),
        (None, H15, lambda found: found[0].replace("<f>", '<f t="shared" si="05" ref="H15">'), "'05'"),
        (None, H15, lambda found: f"{WIDER}{found[0].replace('<f>', FOLLOWER)}", "; 0.5+1"),
        (None, H15, lambda found: f"{SHARED}{re.sub('<f>.*</f>', FOLLOWS, found[0])}", "outside of its area"),
        (None, H15, lambda found: found[0].replace("</c>", "<is><t>9</t></is></c>"), "H15: t=None, <is>"),
        (None, H15, lambda found: re.sub("<v>.*</v>", "<is><t>9</t></is>", found[0]), "H15: t=None, <is>"),
        (None, H15, lambda found: found[0].replace(" s=", ' t="inlineStr" s='), "t='inlineStr', <v>"),
        (None, H15, lambda found: found[0].replace(" s=", ' t="b" s='), "neither true nor false"),
        (None, H15, lambda found: found[0].replace(" s=", ' t="x" s='), "t='x', <v>"),
        (None, H15, lambda found: found[0].replace(" s=", ' t="d" s='), "t='d', <v>"),
        (None, H15, lambda found: re.sub("<v>.*</v>", "<v>\u0665</v>", found[0]), "\u0665 is no number"),
        (None, H15, lambda found: re.sub("<v>.*</v>", "<v>1<z/></v>", found[0]), "<v>"),
        (None, H15, '<c r="H15" t="s"><v>\u0661</v></c>', "is no number of a text"),
        (None, "<mergeCells[^>]*>", r'\g<0><mergeCell ref="H25:H23"/>', "'H25:H23' is no range"),
        (None, "<mergeCells[^>]*>", r'\g<0><mergeCell ref="K23:H25"/>', "'K23:H25' is no range"),
        (None, "</sheetData>", rf"\g<0>{MC.format(MERGED)}", "Unrolled!H24:K26: merged cells"),
        (None, "</sheetData>", rf"\g<0><more>{MERGED}</more>", "Unrolled!H24:K26: merged cells"),
        (None, H15, '<c r="H15" t="inlineStr"><is><t>h<z:i xmlns:z="z"/>o</t></is></c>', "<t>: h"),
        (TEXTS, "</t></si>", '<z:i xmlns:z="z"/>ELL</t></si>', "<t>"),
        (TEXTS, "</t></si>", "<i/>ELL</t></si>", "<t>"),
        (TEXTS, "</t></si>", '</t><z:t xmlns:z="z">ELL</z:t></si>', "<t>"),
        (TEXTS, "<si><t[^>]*>([^<]*)</t>", r"<si><r><t>\g<1></t><t>ELL</t></r>", "r: t, t"),
        (TEXTS, "<si><t[^>]*>([^<]*)</t>", r"<si><r><t>\g<1></t><more/></r>", "<t>"),
        (
            TEXTS,
            "<si><t[^>]*>([^<]*)</t>",
            rf"<si><r><t>\g<1></t></r>{MC.format('<r><t>ELL</t></r>')}",
            "<t>",
        ),
        (None, '<row r="12"', '<row r="1_2"', "'1_2' is no number"),
        (None, '<row r="12"', '<row r="012"', "'012' is no number"),
        (WORKBOOK, '<sheet [^>]*name="Unrolled"[^>]*/>', r"\g<0>\g<0>", "sheet 'unrolled': twice"),
        (WORKBOOK, 'name="Overview"', 'name="INPUTS"', "sheet 'inputs': twice"),
        (WORKBOOK, 'name="Overview"', 'name="\uff29nputs"', "sheet 'inputs': twice"),
        (WORKBOOK, 'name="Overview"', 'name="Inputs\u200b"', "sheet 'inputs': twice"),
        (WORKBOOK, 'name="Overview"', 'name="Inp/uts"', "sheet 'Inp/uts'"),
        (WORKBOOK, 'name="Overview"', f'name="{"x" * 32}"', "sheet 'x"),
        (WORKBOOK, "spreadsheetml/2006/main", "spreadsheetml/2007/main", "workbook"),
        (WORKBOOK, "<sheets>", "<sheets/><sheets>", "sheets"),
        (WORKBOOK, 'name="Unrolled"', r'\g<0> xmlns:z="z" z:id="rId1"', ""),
        (WORKBOOK, '<definedName name="Wxh">', '<definedName name="WXH">A!$A$1</definedName>\\g<0>', "Wxh"),
        (WORKBOOK, "<calcPr ", '<calcPr fullPrecision="0" ', "precision that is displayed"),
        (
            RELATIONS,
            "<Relationship ",
            '<Relationship Id="rId1" Type="a/theme" Target="t.xml"/>\\g<0>',
            "rId1",
        ),
        (RELATIONS, "worksheets/sheet1.xml", "sheets/sheet1.xml", "xl/sheets/sheet1.xml"),
        ("_rels/.rels", "xl/workbook.xml", "xl/workbook2.xml", "_rels/.rels"),
        ("xl/drawings/_rels/drawing2.xml.rels", "</Relationships>", PICTURE, "holds external links"),
        (RELATIONS, "</Relationships>", MACROS, "holds macros"),
    ],
)
def test_what_programs_could_read_otherwise_is_refused(hello_xlsx, wrong, part, pattern, replacement, said):
    edit(hello_xlsx, wrong, part or sheet_part(hello_xlsx, "Unrolled"), pattern, replacement)
    assert said in told(wrong, "libreoffice")


TYPES = "[Content_Types].xml"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MACROS_TYPE = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def moved(old: str, new: str):
    """Another part in the place where programs look for one, which itself stands elsewhere."""
    (folder, own), (_, other) = old.rsplit("/", 1), new.rsplit("/", 1)
    links, elsewhere = f"{folder}/_rels/{own}.rels", f"{folder}/_rels/{other}.rels"

    def change(contents: dict[str, bytes]) -> dict[str, bytes]:
        swapped = {name: text.replace(own.encode(), other.encode()) for name, text in contents.items()}
        more = {elsewhere: swapped[links]} if links in swapped else {}
        return swapped | {new: contents[old], old: contents[old]} | more

    return change


def typed(name: str, kind: str):
    """A part more, of a kind that there is once."""

    def change(contents: dict[str, bytes]) -> dict[str, bytes]:
        entry = f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'
        listed = contents[TYPES].decode().replace("</Types>", entry)
        return contents | {TYPES: listed.encode(), name: contents[WORKBOOK]}

    return change


SPELT = (
    "xl/Worksheets/Sheet4.xml",
    "xl/./worksheets/sheet4.xml",
    "xl/x/../worksheets/sheet4.xml",
    "xl/worksheets/sheet%34.xml",
    "/xl/worksheets/sheet4.xml",
    "xl/wor\u212asheets/sheet4.xml",
)
"""Names by which some programs find the part of a sheet, and others an empty sheet."""


def called(part: str, name: str):
    """A part under another name in the archive than in what leads to it."""
    return lambda contents: {name if each == part else each: text for each, text in contents.items()}


def replaced(part: str, old: str, new: str):
    def change(contents: dict[str, bytes]) -> dict[str, bytes]:
        text = contents[part].decode()
        assert old in text
        return contents | {part: text.replace(old, new, 1).encode()}

    return change


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        moved("xl/workbook.xml", "xl/book.xml"),
        moved("xl/sharedStrings.xml", "xl/texts.xml"),
        moved("xl/styles.xml", "xl/looks.xml"),
        moved("xl/theme/theme1.xml", "xl/theme/theme2.xml"),
        typed("xl/workbook2.xml", f"{SHEETS}.sheet.main+xml"),
        typed("xl/workbook2.xml", f"{SHEETS}.SHEET.main+xml"),
        typed("xl/workbook2.xml", f"{SHEETS}.template.main+xml"),
        typed("xl/workbook2.xml", MACROS_TYPE),
        typed("xl/texts.xml", f"{SHEETS}.sharedStrings+xml"),
        typed("xl/looks.xml", f"{SHEETS}.styles+xml"),
        typed("xl/sheet.xml", f"{SHEETS}.worksheet+xml"),
        typed("XL/Workbook.xml", f"{SHEETS}.sheet.main+xml"),
        typed("docProps/app.xml", "application/xml"),
        replaced(TYPES, f"{SHEETS}.styles+xml", "application/xml"),
        replaced(TYPES, f"{SHEETS}.worksheet+xml", f"{SHEETS}.chartsheet+xml"),
        replaced(TYPES, "<Override ", '<o:Override xmlns:o="urn:o" '),
        replaced(RELATIONS, "<Relationship ", '<z:Relationship xmlns:z="urn:z" '),
        replaced(RELATIONS, f"{LINKS}/styles", "urn:x/styles"),
        replaced(RELATIONS, f"{LINKS}/sharedStrings", "urn:x/sharedStrings"),
        replaced("_rels/.rels", f"{LINKS}/officeDocument", "urn:x/officeDocument"),
        replaced("xl/styles.xml", "spreadsheetml/2006/main", "spreadsheetml/2007/main"),
        replaced("xl/sharedStrings.xml", "spreadsheetml/2006/main", "spreadsheetml/2007/main"),
        replaced("xl/theme/theme1.xml", "drawingml/2006/main", "drawingml/2007/main"),
        lambda contents: contents | {"/xl/workbook.xml": contents[WORKBOOK]},
        lambda contents: contents | {"xl/./workbook.xml": contents[WORKBOOK]},
        lambda contents: contents | {"xl/work%62ook.xml": contents[WORKBOOK]},
        replaced(TYPES, "/xl/styles.xml", "/xl/Styles.xml"),
        replaced(RELATIONS, "theme/theme1.xml", "theme/Theme1.xml"),
        *(called("xl/worksheets/sheet4.xml", name) for name in SPELT),
        called("xl/_rels/workbook.xml.rels", "xl/_rels/Workbook.xml.rels"),
        called("xl/worksheets/_rels/sheet5.xml.rels", "xl/worksheets/_Rels/sheet5.xml.rels"),
    ],
)  # fmt: skip
def test_a_part_that_a_program_could_take_for_another_is_refused(hello_xlsx, wrong, change):
    """Programs find the workbook, its texts and its styles by links, by types, or where they mostly stand."""
    assert "not a readable .xlsx workbook" in told(save(change(parts(hello_xlsx)), wrong))


def test_a_workbook_whose_type_is_that_of_all_its_parts_is_read(hello_xlsx, wrong):
    """As Microsoft's own library saves it: every other part has a type of its own."""
    contents = parts(hello_xlsx)
    kind, listed = f"{SHEETS}.sheet.main+xml", contents[TYPES].decode()
    listed = listed.replace(f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/>', "")
    contents[TYPES] = listed.replace("application/xml", kind).encode()
    assert rnnsheet.check(save(contents, wrong)).ok


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [str, str.upper])
def test_a_part_that_is_there_twice_is_refused(hello_xlsx, wrong, name):
    save(parts(hello_xlsx), wrong)
    with zipfile.ZipFile(wrong, "a") as book:
        book.writestr(name("xl/worksheets/sheet1.xml"), b"")
    assert "a name twice" in told(wrong)


@pytest.mark.parametrize("name", ["Wxh", "WXH"])
def test_a_name_of_one_sheet_that_hides_ours_is_wrong(hello_xlsx, wrong, name):
    own = f'<definedName name="{name}" localSheetId="3">Inputs!$D$25</definedName>'
    edit(hello_xlsx, wrong, WORKBOOK, '<definedName name="Wxh">', rf"{own}\g<0>")
    report = rnnsheet.check(wrong)
    assert [(block.name, block.first_failure.cell) for block in report.blocks if block.failed] == [
        ("defined names", "Wxh")
    ]


def test_a_name_of_a_copied_sheet_alone_does_no_harm(hello_xlsx, wrong):
    """Programs that copy a sheet make the names of its blocks for the copy alone."""
    book = openpyxl.load_workbook(hello_xlsx)
    own = DefinedName("h", attr_text="Copy!$A$1")
    book.create_sheet("Copy", 0).defined_names.add(own)
    book.save(wrong)
    assert rnnsheet.check(wrong).ok


@pytest.mark.parametrize("number", ["99", "-1", "one"])
def test_a_name_of_no_sheet_is_refused(hello_xlsx, wrong, number):
    own = f'<definedName name="own" localSheetId="{number}">Inputs!$D$25</definedName>'
    edit(hello_xlsx, wrong, WORKBOOK, '<definedName name="Wxh">', rf"{own}\g<0>")
    assert f"localSheetId {number}" in told(wrong)


def test_sheets_in_one_part_are_refused(hello_xlsx, wrong):
    """It would be read again for each of them."""

    def repeated(found):
        others = (
            found[0].replace("Training", f"s{n}").replace('Id="9"', f'Id="{n}"') for n in range(20, 5_000)
        )
        return "".join((found[0], *others))

    edit(hello_xlsx, wrong, WORKBOOK, '<sheet [^>]*name="Training"[^>]*>', repeated)
    assert "xl/worksheets/sheet10.xml" in told(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("cells", ["A50:XFD1048576", "a300000"])
def test_merged_cells_that_no_engine_goes_through_are_refused(hello_xlsx, tmp_path, wrong, cells):
    areas = [cells] if ":" in cells else [f"T{row}:W{row}" for row in range(1000, 301_000)]
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in areas)
    part = sheet_part(hello_xlsx, "Unrolled")
    edit(hello_xlsx, wrong, part, r"<mergeCells[^>]*>", rf"\g<0>{merged}")
    assert "Unrolled: mergeCell: " in refused(wrong, tmp_path / "run")


def test_an_array_formula_over_all_there_is_is_refused(hello_xlsx, wrong):
    """Before any engine begins."""
    row = '<row r="9000"><c r="T9000"><f t="array" ref="T2:XFD1048576">1</f></c></row></sheetData>'
    edit(hello_xlsx, wrong, sheet_part(hello_xlsx, "Unrolled"), "</sheetData>", row)
    assert "Unrolled: T9000: array: " in told(wrong)


@pytest.mark.parametrize(("name", "own"), [("EXP", ""), ("sum", ""), ("Tanh", ' localSheetId="3"')])
def test_a_name_that_hides_a_function_is_refused(hello_xlsx, wrong, name, own):
    """formulon calls it instead; IronCalc, LibreOffice and Gnumeric do not."""
    added = f'<definedName name="{name}"{own}>Inputs!$D$25</definedName>'
    edit(hello_xlsx, wrong, WORKBOOK, "</definedNames>", rf"{added}\g<0>")
    assert f"{name.upper()}()" in told(wrong)


def with_names(source: Path, target: Path, count: int) -> Path:
    """A copy of a workbook with so many names more."""
    names = "".join(f'<definedName name="_{n}_">Inputs!$D$25</definedName>' for n in range(count))
    return edit(source, target, WORKBOOK, "</definedNames>", rf"{names}\g<0>")


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_many_names_and_a_formula_over_all_there_is_cost_little(hello_xlsx, tmp_path, wrong, engine):
    skip_without(engine)
    # To formulon each costs a sixth of a millisecond, of 17 seconds of which it needs six for the rest.
    count = {"ironcalc": 60_000, "formulon": 20_000}.get(engine, 1000)
    with_formula(with_names(hello_xlsx, tmp_path / "names.xlsx", count), wrong, "SUM(Loss!A1:XFD1048576)")
    assert checked(wrong, tmp_path / "run", "--engine", engine)[0] == 0


@pytest.mark.slow
def test_too_many_names_are_refused(hello_xlsx, wrong):
    with_names(hello_xlsx, wrong, 200_000)
    assert "too many defined names" in told(wrong)


@pytest.mark.slow
def test_a_blank_between_two_operands_is_no_other_spelling(hello_xlsx, wrong):
    part = sheet_part(hello_xlsx, "Unrolled")
    edit(hello_xlsx, wrong, part, H15, lambda found: found[0].replace("$D15", "$D1 5"))
    assert ("Unrolled", "H15", "formula") in failures(rnnsheet.check(wrong, engine="libreoffice"))
    edit(hello_xlsx, wrong, part, H15, lambda found: found[0].replace("$D15*", " $D15 * "))
    assert rnnsheet.check(wrong).ok


def test_a_formula_of_apostrophes_or_other_letters_is_read_once(hello_xlsx, tmp_path, wrong):
    """What begins like a sheet's name and is none was looked for behind each of them again."""
    contents, part = parts(hello_xlsx), sheet_part(hello_xlsx, "Training")
    formulas = re.compile(rb"(?<=<f>)[^<]+(?=</f>)")
    signs = cycle([b"'", "é".encode()])
    contents[part] = formulas.sub(lambda _: next(signs) * 8_190, contents[part], count=200)
    assert checked(save(contents, wrong), tmp_path / "run")[0] == 1


@pytest.mark.parametrize("digits", ["9" * 5_000, "٤"])
def test_a_size_of_other_digits_is_told(hello_xlsx, wrong, digits):
    described(hello_xlsx, wrong, ("steps", None), digits)
    assert "damaged" in told(wrong)


def test_an_input_that_stores_something_else_than_its_formula_gives_is_told(hello_xlsx, wrong):
    part = sheet_part(hello_xlsx, "Inputs")
    cell = block("bh", "Inputs").area.a1.partition(":")[0]
    pattern = rf'(<c r="{cell}"[^>]*>)<v>([^<]*)</v>'
    edit(hello_xlsx, wrong, part, pattern, r"\1<f>\2+0</f><v>777</v>")
    assert failures(rnnsheet.check(wrong)) == [("Inputs", cell, "cached")]
    edit(hello_xlsx, wrong, part, pattern, r"\1<f>\2+0</f><v>\2</v>")
    assert rnnsheet.check(wrong).ok


def test_each_of_many_types_is_looked_at_once(hello_xlsx, tmp_path, wrong):
    many = "".join(f'<Default Extension="e{number}" ContentType="a"/>' for number in range(60_000))
    change = replaced(TYPES, "</Types>", f"{many}</Types>")
    assert checked(save(change(parts(hello_xlsx)), wrong), tmp_path / "run")[0] == 0


def test_a_drawing_in_a_column_of_thousands_of_digits_is_told(hello_xlsx, wrong):
    part, place = "xl/drawings/drawing2.xml", "<xdr:col>"
    column = re.search(f"{place}[0-9]+<", parts(hello_xlsx)[part].decode())[0]
    change = replaced(part, column, f"{place}{'9' * 5_000}<")
    assert rnnsheet.check(save(change(parts(hello_xlsx)), wrong)).drawn_on == ("Unrolled",)


@pytest.mark.parametrize("formula", ['<f t="shared" si="5"/>', f"<f>{'A1+' * 2000}1</f>"])
def test_long_formulas_of_many_cells_are_not_kept(hello_xlsx, tmp_path, wrong, formula):
    """Nor read to their ends where they are compared, or by an engine."""
    first = f'<row r="900"><c r="A900"><f t="shared" si="5" ref="A900:A4900">{"A1+" * 2000}1</f></c></row>'
    more = "".join(f'<row r="{row}"><c r="A{row}">{formula}</c></row>' for row in range(901, 4_900))
    edit(hello_xlsx, wrong, "xl/worksheets/sheet1.xml", "</sheetData>", f"{first}{more}</sheetData>")
    assert "<f>: > 16,777,216" in refused(wrong, tmp_path / "run")


def test_a_formula_is_compared_no_further_than_it_is_the_same():
    start = time.monotonic()
    assert not any(same("1" + "+1" * 4_000, "TANH(H20)") for _ in range(10_000))
    assert time.monotonic() - start < 3
    assert same("tanh( H20 )", "TANH(H20)")
    assert not same("TANH(H20)", "TANH(H20)+0")


@pytest.mark.slow
@pytest.mark.parametrize("texts", [b"<si/>" * 16_000_001, b"<si>" + b"<r/>" * 1_000_001 + b"</si>"])
def test_more_texts_than_there_can_be_are_refused(hello_xlsx, tmp_path, wrong, texts):
    start = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    with_part(hello_xlsx, wrong, "xl/sharedStrings.xml", start + texts + b"</sst>")
    assert "too many cells" in refused(wrong, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "formula"),
    [
        ("ironcalc", "SUMPRODUCT(ROW($A$1:$A$1048576)*COLUMN($A$1:$XFD$1))"),
        ("ironcalc", 'LEN(REPT("x",1900000000))'),
        ("libreoffice", "SUMPRODUCT(ROW($A$1:$A$1048576)*COLUMN($A$1:$XFD$1))"),
        ("gnumeric", 'LEN(REPT("x",1900000000))'),
        ("formulon", 'LEN(REPT("x",1900000000))'),
    ],
)
def test_a_formula_cannot_fill_the_memory(hello_xlsx, tmp_path, wrong, engine, formula):
    skip_without(engine)
    with_formula(hello_xlsx, wrong, formula)
    status, _, err = checked(wrong, tmp_path / "run", "--engine", engine)
    assert status == 0 or (status == 2 and "cannot recalculate" in err)


VALUE = r"(</f>)<v>[^<]*</v>"


def test_nothing_stored_is_wrong_where_nothing_is_recalculated(hello_xlsx, tmp_path, wrong):
    """LibreOffice shows zeros then; else it is what libraries save, and programs compute it on opening."""
    contents = parts(hello_xlsx)
    for name, content in contents.items():
        if name.startswith("xl/worksheets/sheet"):
            contents[name] = re.sub(VALUE, r"\1", content.decode()).encode()
    assert rnnsheet.check(save(contents, wrong)).ok
    manual = contents[WORKBOOK].decode().replace("<calcPr ", '<calcPr calcMode="manual" ')
    report = rnnsheet.check(save(contents | {WORKBOOK: manual.encode()}, wrong))
    assert {reason for _, _, reason in failures(report)} == {"cached"}
    assert report.failed > 1000


def test_an_empty_text_that_is_stored_is_no_number(hello_xlsx, wrong):
    cell = block("h", "Unrolled").area.part().a1
    whole = rf'(<c r="{cell}"[^>]*)>(<f>[^<]*</f>)<v>[^<]*</v>'
    edit(hello_xlsx, wrong, sheet_part(hello_xlsx, "Unrolled"), whole, r'\1 t="str">\2<v></v>')
    assert failures(rnnsheet.check(wrong)) == [("Unrolled", cell, "cached")]


def test_true_is_not_the_number_one(hello_xlsx, wrong):
    cell = block("unit", "Unrolled").area.part().a1
    edit(
        hello_xlsx,
        wrong,
        sheet_part(hello_xlsx, "Unrolled"),
        rf'(<c r="{cell}" s="\d+")><v>1</v>',
        r'\1 t="b"><v>1</v>',
    )
    assert failures(rnnsheet.check(wrong)) == [("Unrolled", cell, "constant")]


def test_a_password_is_told(wrong):
    wrong.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(5000))
    assert "protected with a password" in told(wrong)


@pytest.mark.parametrize(
    "content",
    [b"word", b"# One\n\ntwo, three\n", b"PK", b"\0" * 5000, "词字\n".encode("gbk")],
)
def test_what_is_no_workbook_is_told(wrong, content):
    wrong.write_bytes(content)
    assert "not a readable .xlsx workbook" in told(wrong)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            kind = "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else ""
            archive.writestr(name, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (zipped("mimetype", "content.xml"), "OpenDocument (.ods)"),
        (zipped("[Content_Types].xml", "xl/workbook.bin"), "Excel Binary (.xlsb)"),
        (zipped("[Content_Types].xml", "word/document.xml"), "Word (.docx)"),
        (zipped("Index/Document.iwa", "preview.jpg"), "Apple Numbers (.numbers)"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "\0Workbook\0".encode("utf-16-le"), "Excel 97-2003 (.xls)"),
        (b"%PDF-1.7\n", "PDF (.pdf)"),
        (b"a,b\n1,2\n", "CSV (.csv, .tsv, .txt)"),
        ("词;字\n".encode("gbk"), "CSV (.csv, .tsv, .txt)"),
        (b"<!doctype html><html><table>", "HTML (.html)"),
        (b"\x1f\x8b\x08", "gzip (.gz)"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(wrong, content, kind):
    wrong.write_bytes(content)
    assert f"this is {kind}, not an .xlsx workbook; open it" in told(wrong)


def test_a_part_that_is_less_than_it_claims_is_refused(hello_xlsx, wrong):
    """What it claims is no measure of the time and the memory that it may take."""
    name = "xl/worksheets/sheet4.xml"
    save(parts(hello_xlsx), wrong)
    data = bytearray(wrong.read_bytes())
    size = len(parts(hello_xlsx)[name])
    for sign, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = next(
            m.start() for m in re.finditer(re.escape(sign), data) if named(data, m.start(), sign) == name
        )
        assert int.from_bytes(data[place + at : place + at + 4], "little") == size
        data[place + at : place + at + 4] = (500 << 20).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.getinfo(name).file_size == 500 << 20
    wrong.write_bytes(data)
    message = told(wrong)
    assert "not a readable .xlsx workbook" in message


def named(data: bytes, place: int, sign: bytes) -> str:
    """The name in a zip header."""
    length, name = (28, 46) if sign == b"PK\1\2" else (26, 30)
    count = int.from_bytes(data[place + length : place + length + 2], "little")
    return bytes(data[place + name : place + name + count]).decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("honest", "written"),
    [
        ("SUM", "\u017fUM"),
        ("IF", "\u0131F"),
        ("SUM", "\uff33UM"),
        ("TANH", "TAN\u210d"),
        ("*", "\u00a0*"),
        ("*", "\u2003*"),
        ("*", "\uff0a"),
        ("(", "\uff08"),
        ("1", "\uff11"),
        ("$", "\uff04"),
    ],
)
def test_a_letter_that_looks_like_another_is_another(hello_xlsx, wrong, honest, written):
    """Also where an engine takes one for the other: what programs make of it is not for us to know."""
    formula = next(
        (sheet, cell, text)
        for sheet, grid in read(opened(hello_xlsx)).sheets.items()
        for cell, text in grid.formulas.items()
        if honest in text.split('"')[0] and sheet in ("Unrolled", "Loss", "Training")
    )
    sheet, cell, text = formula
    name = f"{column_letters(cell % LAST_COLUMN + 1)}{cell // LAST_COLUMN}"
    pattern = f"<f>{re.escape(escape(text, quote=False))}</f>"
    changed = f"<f>{escape(text.replace(honest, written, 1), quote=False)}</f>"
    edit_cell(hello_xlsx, wrong, sheet, name, pattern, changed)
    assert (sheet, name, "formula") in failures(rnnsheet.check(wrong))


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_formula_that_reads_itself_is_found(hello_xlsx, wrong, engine):
    skip_without(engine)
    area = block("z", "Unrolled").area
    edit_cell(hello_xlsx, wrong, "Unrolled", area.part().a1, r"<f>[^<]*</f>", f"<f>{area.part().a1}+1</f>")
    found = failures(rnnsheet.check(wrong, engine=engine))
    assert ("Unrolled", area.part().a1, "formula") in found
    assert len(found) > 1, "what follows from it is an error"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ironcalc", "libreoffice", "gnumeric"])
def test_an_input_that_reads_what_follows_from_it_is_told(hello_xlsx, wrong, engine):
    skip_without(engine)
    whh, h = block("Whh", "Inputs").area, block("h", "Unrolled").area
    pattern, formula = "<v>[^<]*</v>", f"<f>Unrolled!{h.part().a1}</f><v>0.5</v>"
    edit_cell(hello_xlsx, wrong, "Inputs", whh.a1, pattern, formula)
    try:
        assert not rnnsheet.check(wrong, engine=engine).ok
    except rnnsheet.WorkbookError as error:
        assert f"Inputs!{whh.a1}: this cell of Whh holds" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("sheet", ["Inputs", "Unrolled", "Training", "rnnsheet"])
@pytest.mark.parametrize("change", ["deleted", "renamed"])
def test_a_sheet_that_is_gone_is_told(hello_xlsx, wrong, sheet, change):
    book = openpyxl.load_workbook(hello_xlsx)
    if change == "deleted":
        del book[sheet]
    else:
        book[sheet].title = "Other"
    book.save(wrong)
    message = told(wrong)
    assert ("not written by rnnsheet" if sheet == "rnnsheet" else f"the sheet {sheet} is missing") in message


@pytest.mark.slow
@pytest.mark.parametrize("sheet", ["Inputs", "Unrolled", "Loss"])
def test_an_inserted_row_is_found(hello_xlsx, wrong, sheet):
    book = openpyxl.load_workbook(hello_xlsx)
    book[sheet].insert_rows(5)
    book.save(wrong)
    assert command("check", str(wrong), cwd=wrong.parent).returncode in (1, 2)


def test_rows_that_stand_further_down_are_told_in_one_line(hello_xlsx, tmp_path):
    """As programs insert a row: the values stand one further down."""
    name, contents = sheet_part(hello_xlsx, "Unrolled"), parts(hello_xlsx)

    def further(found: re.Match[bytes]) -> bytes:
        return found[1] + str(int(found[2]) + (int(found[2]) >= 20)).encode() + b'"'

    for sign in (rb'(<row r=")(\d+)"', rb'(<c r="[A-Z]+)(\d+)"'):
        contents[name] = re.sub(sign, further, contents[name])
    report = rnnsheet.check(save(contents, tmp_path / "inserted.xlsx"))
    ((sheet, row, by),) = report.displaced
    assert (sheet, by) == ("Unrolled", 1)
    assert row <= 20
    told = list(verdict(report, labels("en"), with_blocks=False))
    assert "on the sheet Unrolled everything from row" in told[1]
    assert len(told) < 20


@pytest.mark.slow
def test_a_decimal_comma_is_told_with_its_cell(hello_xlsx, wrong):
    book, area = openpyxl.load_workbook(hello_xlsx), block("Whh", "Inputs").area
    book["Inputs"][area.a1] = "0,427043"
    book.save(wrong)
    message = told(wrong)
    assert f"Inputs!{area.a1}: this cell of Whh holds '0,427043'; expected a number" in message


def test_merged_cells_over_a_block_are_told(hello_xlsx, wrong):
    area = block("h", "Unrolled").area
    merged = area.part(0, 0, 2, 2).a1
    head = r"(<mergeCells[^>]*>)"
    edit(hello_xlsx, wrong, sheet_part(hello_xlsx, "Unrolled"), head, rf'\1<mergeCell ref="{merged}"/>')
    assert f"Unrolled!{merged}: merged cells lie over cells" in told(wrong)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells",
    ["XFD1048576", "A1:XFD1048576", "A0:B2", "B2:A1", "XFE1", "A1048577", "A1:", "", "Unrolled!A1", "1:3"],
)
def test_a_manifest_that_points_elsewhere_is_told(hello_xlsx, wrong, cells):
    described(hello_xlsx, wrong, ("Whh", "Inputs", block("Whh", "Inputs").area.a1), cells)
    told(wrong)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs", "999999"),
        ("flow_steps", "299"),
        ("steps", "16384"),
        ("answer_steps", "16384"),
        ("steps", "-1"),
        ("steps", "4.5"),
        ("steps", "many"),
    ],
)
def test_a_manifest_that_lies_about_shapes_is_told(hello_xlsx, wrong, old, new):
    described(hello_xlsx, wrong, (old, None), new)
    assert command("check", str(wrong), cwd=wrong.parent).returncode in (1, 2)


READS = (
    '[{{"cell": "elman", "name": "", "reads": [["word", {}]]}}, '
    '{{"cell": "softmax", "name": "", "reads": [["", ""]]}}]'
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{}", "nonsense", "[[1]]", "[" * 5000, '[{"cell": "lstm"}]'),
        *(
            READS.format(f'"{at}"')
            for at in ("1.5", "1e99", "0", "-1", "+2", " 2", "4_0", "\u0663", "100000")
        ),
        READS.format("2"),
    ],
)
def test_a_manifest_whose_network_is_none_is_told(hello_xlsx, wrong, text):
    described(hello_xlsx, wrong, ("network", None), text)
    told(wrong)


def test_cells_at_the_end_of_the_sheet_do_no_harm(hello_xlsx, tmp_path, wrong):
    book = openpyxl.load_workbook(hello_xlsx)
    book["Loss"].cell(LAST_ROW, LAST_COLUMN).value = "=1+1"
    book.save(wrong)
    assert checked(wrong, tmp_path / "run")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_an_engine_recalculates_whatever_is_stored(hello_xlsx, wrong, engine):
    """Else it would find what the file says, and every check of it would be worthless."""
    skip_without(engine)
    contents = parts(hello_xlsx)
    for name, content in contents.items():
        if name.startswith("xl/worksheets/sheet"):
            text = re.sub(r"(<f>[^<]*</f>)<v>[^<]*</v>", r"\1<v>12345.678</v>", content.decode())
            contents[name] = text.encode()
    known = hello().run()
    with recalculations([ENGINES[engine]], read(opened(save(contents, wrong)))) as running:
        found = running[engine].values()
        for name in ("h", "p", "x"):
            assert found.of(block(name, "Unrolled").area) == pytest.approx(known[name].ravel(), rel=1e-9)
