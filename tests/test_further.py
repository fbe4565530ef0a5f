"""What a worksheet holds besides what is read of it: told by name, and refused where programs find it by
other ways.
"""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import rnnsheet
from rnnsheet.cli import app
from rnnsheet.errors import WorkbookError
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.test_checking import sheet_part
from tests.test_reading import parts, save
from tests.test_shown import CELL, ROW, looked_at, styled

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office/2007/relationships"
LIST = '<extLst><ext xmlns:x14="urn:x14" uri="{{0}}"><x14:{0}/></ext></extLst>'
ALTERNATIVE = (
    '<mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><controls/></mc:Choice></mc:AlternateContent>'
)


def read_with(path: Path, target: Path, sheet: dict[str, str]) -> tuple[str, ...]:
    return read(opened(styled(path, target, {}, sheet))).grid("Unrolled").further


def linked(path: Path, target: Path, kind: str, element: str = "") -> Path:
    """A copy in which the sheet Unrolled leads to one part more, and has an element that names it."""
    contents = parts(path)
    part = sheet_part(path, "Unrolled")
    rels = f"xl/worksheets/_rels/{Path(part).name}.rels"
    link = f'<Relationship Id="more" Type="{kind}" Target="/xl/more.xml"/></Relationships>'
    contents[rels] = contents[rels].replace(b"</Relationships>", link.encode())
    contents["xl/more.xml"] = contents[next(name for name in contents if "drawings/drawing" in name)]
    contents[part] = contents[part].replace(b"</worksheet>", f"{element}</worksheet>".encode())
    return save(contents, target)


@pytest.mark.parametrize(
    ("pattern", "added", "name"),
    [
        ("</worksheet>", LIST.format("sparklineGroups"), "sparklineGroups"),
        ("</worksheet>", LIST.format("slicerList"), "slicerList"),
        ("</worksheet>", ALTERNATIVE, "controls"),
        ("</worksheet>", "<z:mine xmlns:z='urn:z'/>", "mine"),
        ("(?<=</sheetData>)", f'<autoFilter ref="{CELL}"/>', "autoFilter"),
        ("(?<=</sheetData>)", '<customSheetViews><customSheetView hiddenRows="1"/></customSheetViews>', ""),
        ("(?<=<sheetView)(?= )", ' rightToLeft="1"', "rightToLeft"),
        ("(?<=<sheetPr)", ' transitionEvaluation="true"', "transitionEvaluation"),
        ("(?<=<sheetPr)", ' enableFormatConditionsCalculation="0"', "enableFormatConditionsCalculation"),
    ],
)
def test_what_is_not_looked_at_is_named(hello_xlsx, tmp_path, pattern, added, name):
    further = read_with(
        hello_xlsx, tmp_path / "more.xlsx", {pattern: added + ("</worksheet>" * ("/w" in pattern))}
    )
    assert further == (name or "customSheetViews",)


def test_what_changes_nothing_that_is_seen_is_not_named(hello_xlsx, tmp_path):
    harmless = '<phoneticPr fontId="1"/><ignoredErrors/>' + LIST.format("dataValidations")
    sheet = {"<sheetView ": '<sheetView rightToLeft="0" ', "(?<=</sheetData>)": harmless}
    assert read_with(hello_xlsx, tmp_path / "more.xlsx", sheet) == ()


@pytest.mark.parametrize(
    ("kind", "further"),
    [(f"{OFFICE}/pivotTable", ("pivotTable",)), (f"{MICROSOFT}/slicer", ("slicer",))],
)
def test_what_a_sheet_leads_to_is_named(hello_xlsx, tmp_path, kind, further):
    contents = read(opened(linked(hello_xlsx, tmp_path / "more.xlsx", kind)))
    assert contents.grid("Unrolled").further == further


@pytest.mark.parametrize("kind", [f"{OFFICE}/hyperlink", "urn:other/drawing", f"{OFFICE}/customXml"])
@pytest.mark.parametrize("element", ["drawing", "legacyDrawing", "picture", "tablePart"])
def test_an_element_that_leads_to_a_part_of_another_kind_is_refused(hello_xlsx, tmp_path, kind, element):
    """LibreOffice shows a drawing whose relationship says that it is a link."""
    named = f'<{element} xmlns:r="{OFFICE}" r:id="more"/>'
    with pytest.raises(WorkbookError, match=f"Unrolled: {element}: "):
        read(opened(linked(hello_xlsx, tmp_path / "wrong.xlsx", kind, named)))


@pytest.mark.parametrize("where", ["row", "column"])
def test_a_cell_without_a_style_may_have_that_of_its_row_or_column(hello_xlsx, tmp_path, where):
    """LibreOffice gives it that."""
    styles = {
        "</fonts>": '<font><sz val="11"/><color rgb="FFFFFFFF"/><name val="Calibri"/></font></fonts>',
        "</cellXfs>": '<xf numFmtId="0" fontId="{}" fillId="0" borderId="0" xfId="0"/></cellXfs>',
    }
    text = parts(hello_xlsx)["xl/styles.xml"].decode()
    styles["</cellXfs>"] = styles["</cellXfs>"].format(
        text.count("<font>") - len(re.findall("<dxf><font>", text))
    )
    white = re.search("<cellXfs.*</cellXfs>", text, re.DOTALL)[0].count("<xf ")
    sheet = {f'(<c r="{CELL}") s="[0-9]+"': r"\1"}
    right = looked_at(styled(hello_xlsx, tmp_path / "right.xlsx", styles, sheet), hello_xlsx)
    sheet |= {
        "row": {f'<row r="{ROW}"': rf'\g<0> s="{white}" customFormat="1"'},
        "column": {"(?<=<cols>).*(?=</cols>)": f'<col min="1" max="99" width="9" style="{white}"/>'},
    }[where]
    wrong = looked_at(styled(hello_xlsx, tmp_path / "wrong.xlsx", styles, sheet), hello_xlsx)
    assert "letters" not in right
    assert wrong["letters"] == CELL


@pytest.mark.parametrize("name", ["vm", "ph"])
def test_a_cell_that_holds_more_than_its_value_is_shown_otherwise(hello_xlsx, tmp_path, name):
    sheet = {f'<c r="{CELL}"': rf'\g<0> {name}="1"'}
    assert looked_at(styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, sheet), hello_xlsx) == {"richer": CELL}


@pytest.mark.parametrize(
    ("language", "told"), [("en", "was not looked at (Unrolled: "), ("zh", "未加检查（Unrolled: ")]
)
def test_the_command_tells_it(hello_xlsx, tmp_path, language, told):
    sheet = {"</worksheet>": LIST.format("sparklineGroups") + "</worksheet>"}
    path = styled(hello_xlsx, tmp_path / "more.xlsx", {}, sheet)
    report = rnnsheet.check(path)
    assert (report.ok, report.as_dict()["further"]) == (True, {"Unrolled": ["sparklineGroups"]})
    said = CliRunner().invoke(app, ["check", str(path), "--lang", language])
    assert said.exit_code == 0
    assert f"{told}sparklineGroups" in said.output


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ({"<cols>": '<cols><col min="1" max="9"/><col min="2" max="2" style="1"/>'}, "cols: 2: twice"),
        ({"</worksheet>": "".join(f"<a{number}/>" for number in range(60)) + "</worksheet>"}, ""),
    ],
)
def test_there_is_an_end_to_what_is_looked_at(hello_xlsx, tmp_path, sheet, said):
    path = styled(hello_xlsx, tmp_path / "wrong.xlsx", {}, sheet)
    if said:
        with pytest.raises(WorkbookError, match=said):
            read(opened(path))
    else:
        assert len(read(opened(path)).grid("Unrolled").further) == 50


def test_more_tables_than_can_be_looked_at_are_refused(hello_xlsx, tmp_path):
    path = linked(hello_xlsx, tmp_path / "wrong.xlsx", f"{OFFICE}/table")
    contents = parts(path) | {"xl/more.xml": b"<t>" + b'<t ref="A900"/>' * 5_001 + b"</t>"}
    with pytest.raises(WorkbookError, match="tables: 5,001"):
        read(opened(save(contents, path)))
