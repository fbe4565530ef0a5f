"""Damaged workbooks: whatever happened to the file, a verdict or one line, and no traceback."""

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.sheet.layout import plan
from tests.lessons import hello


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist()}


def save(contents: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as book:
        for name, content in contents.items():
            book.writestr(name, content)
    return path


def verdict(path: Path) -> str:
    """What the check says, in one line."""
    try:
        return "ok" if rnnsheet.check(path).ok else "failed"
    except rnnsheet.RnnsheetError as error:
        message = str(error)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def change(found: str, replacement):
    """Changes the first place after `at` that looks so."""
    return lambda content, at, _: content[:at] + re.sub(found.encode(), replacement, content[at:], count=1)


DAMAGES = {
    "cut short": lambda content, at, _: content[:at],
    "a byte changed": lambda content, at, byte: content[:at] + bytes([byte]) + content[at + 1 :],
    "a piece missing": lambda content, at, byte: content[:at] + content[at + byte :],
    "a tag missing": change("<[^>]+>", b""),
    "a value emptied": change('"[^"]*"', b'""'),
    "a number too large": change(r'"\d+"|>[\d.]+<', lambda found: found[0][:1] + b"9" * 30 + found[0][-1:]),
}


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data(), damage=st.sampled_from(sorted(DAMAGES)), byte=st.integers(0, 255))
def test_a_damaged_part_gets_a_verdict_or_one_line(hello_xlsx, tmp_path_factory, data, damage, byte):
    contents = parts(hello_xlsx)
    name = data.draw(st.sampled_from(sorted(contents)))
    at = data.draw(st.integers(0, len(contents[name]) - 1))
    contents[name] = DAMAGES[damage](contents[name], at, byte)
    assert verdict(save(contents, tmp_path_factory.mktemp("damaged") / "damaged.xlsx"))


@settings(max_examples=20)
@given(cut=st.integers(0, 20_000), byte=st.integers(0, 255))
def test_a_damaged_archive_gets_a_verdict_or_one_line(hello_xlsx, tmp_path_factory, cut, byte):
    whole = hello_xlsx.read_bytes()
    path = tmp_path_factory.mktemp("damaged") / "damaged.xlsx"
    path.write_bytes(whole[:cut])
    assert ("not a readable .xlsx workbook" if cut else "the file is empty") in verdict(path)
    path.write_bytes(whole[:cut] + bytes([byte]) + whole[cut + 1 :])
    assert verdict(path)


@pytest.mark.slow
def test_every_part_may_be_missing(hello_xlsx, tmp_path):
    whole = parts(hello_xlsx)
    for name in whole:
        without = {other: content for other, content in whole.items() if other != name}
        assert verdict(save(without, tmp_path / "without.xlsx"))


@pytest.mark.parametrize(
    ("old", "new"), [("{part}", "nowhere.xml"), ("worksheet", "chartsheet"), ("worksheet", "x")]
)
@pytest.mark.parametrize("sheet", ["Inputs", "Unrolled", "rnnsheet"])
def test_a_sheet_that_one_reader_finds_and_another_does_not_is_told(hello_xlsx, tmp_path, sheet, old, new):
    contents = parts(hello_xlsx)
    part = f"sheet{openpyxl.load_workbook(hello_xlsx).sheetnames.index(sheet) + 1}.xml"
    links = contents["xl/_rels/workbook.xml.rels"].decode()
    (link,) = [found for found in re.findall("<Relationship .*?>", links) if part in found]
    spoiled = (
        link.replace(old.format(part=part), new, 1) if "{" in old else re.sub(f'/{old}"', f'/{new}"', link)
    )
    assert spoiled != link
    contents["xl/_rels/workbook.xml.rels"] = links.replace(link, spoiled).encode()
    assert verdict(save(contents, tmp_path / "lost.xlsx")) not in ("ok", "failed")


@pytest.mark.parametrize("number", ["nan", "inf", "-1e999", "1e999", "", "much", "0x10", "1,5"])
def test_an_input_that_is_no_number_is_told_with_its_cell(hello_xlsx, tmp_path, number):
    contents, area = parts(hello_xlsx), plan(hello(), "en").names["Whh"]
    part = f"xl/worksheets/sheet{openpyxl.load_workbook(hello_xlsx).sheetnames.index(area.sheet) + 1}.xml"
    cell = rf'(<c r="{area.a1}"[^>]*>)<v>[^<]*</v>'
    text, count = re.subn(cell, rf"\g<1><v>{number}</v>", contents[part].decode())
    assert count == 1
    message = verdict(save(contents | {part: text.encode()}, tmp_path / "input.xlsx"))
    assert message not in ("ok", "failed")
    assert f"{area.sheet}!{area.a1}" in message or "not a readable .xlsx workbook" in message


def test_a_folder_is_no_workbook(tmp_path):
    assert verdict(tmp_path)


def test_a_password_protected_workbook_is_told(tmp_path):
    """Excel wraps it into an OLE container; only its first bytes matter here."""
    path = tmp_path / "secret.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))
    assert "is protected with a password, or no .xlsx at all" in verdict(path)
