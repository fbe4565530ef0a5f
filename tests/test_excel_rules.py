"""What we write keeps the rules of Excel; and each rule sees what breaks it."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

import rnnsheet
from tests.excel_formulas import Formula, RefusedError
from tests.excel_rules import RULES, broken
from tests.imported_networks import NETWORKS, counter, moods, trained
from tests.lessons import ANY_CELL, BOOKS, EVERY_FORM, SMALL, hello, lessons, networks


def export(lesson: rnnsheet.Lesson | rnnsheet.ImportedNetwork, folder: Path, language: str = "en") -> Path:
    return rnnsheet.export(lesson, folder / "book.xlsx", language, force=True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), BOOKS)
def test_every_lesson_keeps_the_rules(tmp_path, name, language):
    short = rnnsheet.load(name)
    short = replace(short, settings=replace(short.settings, epochs=3, flow_steps=4))
    assert broken(export(short, tmp_path, language)) == []


@pytest.mark.slow
@pytest.mark.parametrize("lesson", list(EVERY_FORM.values())[::2], ids=list(EVERY_FORM)[::2])
def test_forms_of_networks_keep_the_rules(tmp_path, lesson):
    assert broken(export(lesson, tmp_path, "zh")) == []


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_imported_networks_keep_the_rules(tmp_path, network):
    assert broken(export(network(), tmp_path, "zh" if network in (moods, counter) else "en")) == []


@pytest.mark.slow
@settings(max_examples=5)
@given(network=trained())
def test_random_imported_networks_keep_the_rules(tmp_path_factory, network):
    assert broken(export(network, tmp_path_factory.mktemp("random"))) == []


@pytest.mark.slow
@settings(max_examples=3)
@given(lesson=lessons(cells=ANY_CELL) | networks())
def test_random_lessons_keep_the_rules(tmp_path_factory, lesson):
    assert broken(export(lesson, tmp_path_factory.mktemp("random"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hello", "order"])
def test_every_part_is_as_microsoft_s_schemas_want_it(tmp_path, name):
    audit = pytest.importorskip("openxml_audit", reason="openxml-audit is not installed")
    path = rnnsheet.export(name, tmp_path / "book.xlsx", "en", epochs=2, steps=2)
    found = audit.OpenXmlValidator().validate(path).errors
    serious = [error.description for error in found if error.severity != audit.ValidationSeverity.WARNING]
    assert serious == []


# Rules, and changes that break them: the part, what is found there, and what stands there instead.

BOOK, STYLES, TYPES = "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"
OVERVIEW, INPUTS, STEPS, UNROLLED, TRAINING = (f"xl/worksheets/sheet{k}.xml" for k in (1, 2, 4, 5, 10))
CHART, SHARED = "xl/charts/chart1.xml", "xl/sharedStrings.xml"
LONG = "1+" * 4096 + "1"
DEEP = "ABS(" * 65 + "1" + ")" * 65


def cell(content: str, attributes: str = "") -> tuple[str, str, str]:
    """A change of the first formula of the sheet Unrolled."""
    return UNROLLED, r'(<c r="\w+" s="\d+")[^>]*><f>.*?</v>', rf"\1{attributes}>{content}"


def formula(text: str) -> tuple[str, str, str]:
    """The same, to another formula."""
    return cell(f"<f>{text}</f><v>0</v>")


DEFECTS: dict[str, list[tuple[str, str, str]]] = {
    "every_part_has_one_name_and_one_type": [
        (TYPES, '<Override PartName="/xl/charts/chart1.xml"[^>]*>', ""),
        (TYPES, "(<Override PartName=[^>]*>)", r"\1\1"),
        (TYPES, "/xl/charts/chart1.xml", "/xl/charts/chart7.xml"),
    ],
    "every_relationship_leads_to_a_part": [
        ("xl/_rels/workbook.xml.rels", "styles.xml", "style.xml"),
        ("xl/worksheets/_rels/sheet5.xml.rels", "drawing2", "drawing9"),
        ("xl/_rels/workbook.xml.rels", 'Id="rId1"', 'Id="rId2"'),
    ],
    "every_part_s_relationship_is_there": [
        (UNROLLED, 'r:id="rId1"', 'r:id="rId5"'),
        ("xl/worksheets/_rels/sheet5.xml.rels", 'Id="rId1"', 'Id="rId2"'),
    ],
    "no_part_is_of_a_kind_without_rules": [],
    "sheet_names_are_legal": [
        (BOOK, 'name="Overview"', f'name="{name}"')
        for name in (
            "a" * 35,
            "a/b",
            "a[b",
            "a:b",
            "a*b",
            "a?b",
            r"a\\b",
            "'a",
            "a'",
            "",
            "history",
            "INPUTS",
        )
    ],
    "sheets_are_numbered_and_one_is_seen": [
        (BOOK, 'sheetId="1"', 'sheetId="2"'),
        (BOOK, 'sheetId="1"', 'sheetId="70000"'),
        (BOOK, '(name="Overview"[^>]*)r:id="rId1"', r'\1r:id="rId99"'),
    ],
    "everything_is_recalculated_on_opening": [(BOOK, ' fullCalcOnLoad="1"', "")],
    "defined_names_are_legal": [
        (BOOK, 'name="word"', f'name="{name}"')
        for name in ("W1", "xfd9", "R1C1", "r", "C", "c5", "a b", "a-b", "1a", "a" * 256, "TRUE", "_xlnm.X")
    ],
    "no_name_hides_a_function": [(BOOK, 'name="word"', f'name="{name}"') for name in ("sum", "Exp")],
    "defined_names_are_unique": [(BOOK, 'name="word"', 'name="WHY"')],
    "defined_names_point_at_cells": [
        (BOOK, r">Inputs!\$C\$4<", f">{target}<")
        for target in (
            "Input!$C$4",
            "Inputs!C4",
            "Inputs!$C$0",
            "Inputs!$XFE$1",
            "#REF!",
            "Inputs!$C$1048577",
        )
    ],
    "a_worksheet_s_elements_are_in_order": [
        (INPUTS, "(<mergeCells.*</mergeCells>)(<conditionalFormatting.*?</conditionalFormatting>)", r"\2\1"),
        (INPUTS, "(<pageMargins[^>]*>)(<pageSetup[^>]*>)", r"\2\1"),
        (INPUTS, "(<pageSetup[^>]*>)", r"\1\1"),
        (INPUTS, "pageSetup", "pagesetup"),
    ],
    "rows_and_cells_stand_in_order_and_inside": [
        (INPUTS, '(<c r="A1" .*?</c>)', r"\1\1"),
        (INPUTS, '(<row r="1".*?</row>)(<row r="2".*?</row>)', r"\2\1"),
        (INPUTS, '(<row r="1".*?</row>)', r"\1\1"),
        (INPUTS, '<row r="2"', '<row r="1048577"'),
        (INPUTS, '<c r="A2"', '<c r="A3"'),
        (INPUTS, '<c r="A2"', '<c r="XFE2"'),
    ],
    "a_sheet_s_dimension_is_that_of_its_cells": [
        (INPUTS, '<dimension ref="A1:[A-Z]+', '<dimension ref="A1:B')
    ],
    "values_are_of_their_type": [
        (INPUTS, "<v>0.[0-9]*</v>", "<v>nan</v>"),
        (INPUTS, "<v>0.[0-9]*</v>", "<v>inf</v>"),
        (INPUTS, "<v>0.[0-9]*</v>", "<v>1e999</v>"),
        (INPUTS, "<v>0.[0-9]*</v>", "<v>True</v>"),
        (INPUTS, "<v>0.[0-9]*</v>", "<v>np.float64(1)</v>"),
        cell("<v>99999</v>", ' t="s"'),
        cell("<v>2</v>", ' t="b"'),
        cell("<v>#OOPS!</v>", ' t="e"'),
        cell("<v>a</v>", ' t="str"'),
        cell("<v>a</v>", ' t="inlineStr"'),
        cell("<v>a</v>", ' t="text"'),
    ],
    "texts_are_no_longer_than_a_cell": [(SHARED, '<t xml:space="preserve">', r"\g<0>" + "a" * 32768)],
    "blanks_at_a_text_s_ends_are_kept": [(SHARED, '<t xml:space="preserve">', "<t> ")],
    "shared_strings_are_counted": [(SHARED, ' count="', r"\g<0>1"), (SHARED, ' uniqueCount="', r"\g<0>1")],
    "formulas_are_within_excel_s_limits": [
        formula(text)
        for text in (
            *(LONG, DEEP, "", "=A1", "SUM(A1", "A1)", "A1 B2", "IF(A1)", "A1+", '"open', "A1~B2", "Sheet1!"),
            f'"{"a" * 256}"',
            f"SUM({','.join(['1'] * 256)})",
            "+".join(["A1"] * 2100),
        )
    ],
    "formulas_use_what_every_program_has": [
        formula("CONCAT(A1,A2)"),
        formula("LET(x,1,x)"),
        formula("nothing+1"),
    ],
    "formulas_refer_to_cells": [formula("Sheet9!A1"), formula("XFE1"), formula("A1048577"), formula("A0")],
    "no_formula_gets_an_at_sign": [
        formula(text)
        for text in (
            *("A1:A3", "A1:A3*2", "EXP(A1:A3)", "IF(A1:A3,1,0)", "-A1:A3", "SUM(A1:A3*B1:B3)", "LEN(A1:B1)"),
            *("MMULT(A1:B1,A1:A2)", "SUM(MMULT(A1:B1,A1:A3))", "TRANSPOSE(A1:A3)", "EXP(MMULT(A1:B1,A1:A2))"),
            *("INDEX(A1:A3,0,1)", "INDEX(A1:B1,1,0)", "SUMPRODUCT(A1:A3,A1:C1)", "SUMPRODUCT(A1:A3,B1:B2)"),
        )
    ],
    "merged_cells_do_not_overlap_and_show_all": [
        (STEPS, '<mergeCell ref="A4:L4" ?/>', '<mergeCell ref="C4:D6"/><mergeCell ref="A4:L4"/>'),
        (STEPS, '<mergeCell ref="A4:L4"', '<mergeCell ref="A4:XFE4"'),
        (STEPS, '(<c r="A4" .*?</c>)', r'\1<c r="B4"><v>1</v></c>'),
    ],
    "columns_and_rows_have_a_size": [
        (INPUTS, 'width="30"', 'width="256"'),
        (INPUTS, 'ht="26"', 'ht="410"'),
        (INPUTS, '(<col [^>]*)min="1" max="1"', r'\1min="1" max="2"'),
    ],
    "views_and_pages_are_within_bounds": [
        (INPUTS, 'zoomScale="100"', 'zoomScale="5"'),
        (INPUTS, ' scale="[0-9]+"', ' scale="401"'),
        (INPUTS, 'topLeftCell="A5"', 'topLeftCell="A2"'),
    ],
    "headers_and_footers_are_short": [(INPUTS, "<oddFooter>", r"\g<0>" + "a" * 256)],
    "page_breaks_are_counted": [
        (STEPS, '<rowBreaks count="1"', '<rowBreaks count="2"'),
        (STEPS, '<brk id="[0-9]+"', '<brk id="1048576"'),
    ],
    "data_validations_are_short_and_whole": [
        (INPUTS, ' prompt="', r"\g<0>" + "a" * 256),
        (INPUTS, ' promptTitle="', r"\g<0>" + "a" * 33),
        (INPUTS, "<formula1>1<", "<formula1>" + "1+" * 128 + "1<"),
        (INPUTS, "<formula2>.*?</formula2>", ""),
        (INPUTS, '<dataValidations count="', r"\g<0>1"),
        (INPUTS, '(<dataValidation sqref="C4)"', r'\1:C16"'),
    ],
    "conditional_formats_are_whole": [
        (INPUTS, 'dxfId="0"', 'dxfId="99"'),
        (INPUTS, "(<cfRule[^>]*>)<formula>1</formula>", r"\1"),
        (TRAINING, "<formula>AND[^/]*</formula>", "<formula>A1=2</formula>"),
        (TRAINING, '<conditionalFormatting sqref="', r"\g<0>A1:XFE1 "),
        (UNROLLED, "(<colorScale>)<cfvo[^>]*>", r"\1"),
    ],
    "conditional_formats_have_an_order": [(INPUTS, 'priority="2"', 'priority="1"')],
    "hyperlinks_lead_somewhere": [
        (OVERVIEW, 'location="Inputs!A1"', 'location="Input!A1"'),
        (OVERVIEW, 'location="Inputs!A1"', ""),
    ],
    "charts_show_cells": [(CHART, r"Unrolled!\$", "Unrolled2!$"), (CHART, r"<c:f>Unrolled!\$", "<c:f>$")],
    "fonts_are_in_excel_s_order": [(STYLES, "(<sz [^>]*>)(<color [^>]*>)", r"\2\1")],
    "styles_are_counted": [(STYLES, '<fonts count="', r"\g<0>1"), (STYLES, '<dxfs count="', r"\g<0>1")],
    "styles_are_made_of_what_is_there": [
        (STYLES, f'(<cellXfs.*?<xf [^>]*){name}="[0-9]+"', rf'\1{name}="99"')
        for name in ("fontId", "fillId", "borderId", "xfId", "numFmtId")
    ],
    "cells_have_a_style_that_is_there": [(INPUTS, '<c r="A2" s="[0-9]+"', '<c r="A2" s="999"')],
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The parts of a small workbook, as they should be."""
    small = replace(hello(), settings=replace(SMALL, epochs=1, flow_steps=2))
    with zipfile.ZipFile(export(small, tmp_path_factory.mktemp("small"))) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


@pytest.fixture
def rules_broken(tmp_path: Path) -> Callable[..., set[str]]:
    """From the parts of a workbook the names of the rules that they break."""

    def found(parts: dict[str, str], *rules: str) -> set[str]:
        with zipfile.ZipFile(tmp_path / "changed.xlsx", "w") as book:
            for name, content in parts.items():
                book.writestr(name, content)
        looked_at = [each for each in RULES if each.__name__ in rules] or RULES
        return {told.partition(":")[0] for told in broken(tmp_path / "changed.xlsx", looked_at)}

    return found


def test_the_small_workbook_keeps_the_rules(parts, rules_broken):
    assert rules_broken(parts) == set()


def test_every_rule_has_a_defect():
    assert {rule.__name__ for rule in RULES} == {*DEFECTS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "part", "old", "new"),
    [(rule, *change) for rule, changes in DEFECTS.items() for change in changes],
    ids=[f"{rule}-{k}" for rule, changes in DEFECTS.items() for k in range(len(changes))],
)
def test_a_defect_breaks_its_rule(parts, rules_broken, rule, part, old, new):
    changed, count = re.subn(old, new, parts[part], count=1, flags=re.DOTALL)
    assert count
    assert changed != parts[part]
    assert rule in rules_broken({**parts, part: changed}, rule)


def test_parts_that_are_missing_or_strange_are_told(parts, rules_broken):
    assert rules_broken({**parts, "xl/tables/table1.xml": "<table/>"}) >= {
        "no_part_is_of_a_kind_without_rules",
        "every_part_has_one_name_and_one_type",
    }
    assert "parts" in rules_broken({name: part for name, part in parts.items() if name != STYLES})
    without = {name: part for name, part in parts.items() if name != CHART}
    assert "every_relationship_leads_to_a_part" in rules_broken(without)
    assert rules_broken({**parts, INPUTS: parts[INPUTS].replace("<v>", "<v>\x08", 1)}) == {"xml"}
    assert rules_broken({**parts, INPUTS: parts[INPUTS][:-5]}) == {"xml"}


@pytest.mark.parametrize(
    "text",
    [
        'IF(A1="","",INDEX($B$2:$B$5,MATCH(C1,C2:C5,0),1))',
        "SUM(MMULT(B2:D2,'Gradient check'!E2:E4))+A1*B1",
        "MAX(-1E+100,MIN(1E+100,A1-$B$4*C1))",
        '-LN(MAX(A1,1E-300))&"""quoted"""&MID(A1,2,1)',
        "(1+TANH(A1/2))/2*50%^2<>A1",
        "SUMPRODUCT(A1:C1,输入!A2:C2)",
    ],
)
def test_right_formulas_are_not_marked(text):
    read = Formula(text)
    assert read.marks == []
    assert all(area.inside for area in read.areas)


def test_no_text_is_too_strange_for_the_reader_of_formulas():
    for text in ("", "(", "A1:", ":A1", "A1::A2", "SUM(,)", "IF(1,,2)", "''!A1", "{1,2}", "A1;B1", "\n"):
        with pytest.raises(RefusedError):
            Formula(text)
