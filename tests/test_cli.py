"""The command line as its users meet it: what it prints, how it ends, what it says of a mistake."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from rnnsheet import cli, templates
from rnnsheet.api import export
from rnnsheet.errors import RnnsheetError
from rnnsheet.sheet.layout import plan
from tests.command import fails, in_a_process, rnnsheet
from tests.lessons import PUBLISHED, PUBLISHED_TOLERANCE, hello

HELLO = (Path(__file__).parent.parent / "templates" / "hello.toml").read_text("utf-8")


@pytest.mark.slow
def test_the_main_job(tmp_path):
    written = in_a_process("export", "hello", cwd=tmp_path)
    assert (written.returncode, written.stderr) == (0, "")
    assert "hello.xlsx" in written.stdout
    checked = in_a_process("check", "hello.xlsx", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    (verdict,) = checked.stdout.splitlines()
    assert verdict.startswith("hello.xlsx: all ")
    assert list(tmp_path.iterdir()) == [tmp_path / "hello.xlsx"]


def test_run_prints_the_seven_steps_and_four_time_steps(tmp_path):
    printed = rnnsheet("run", "hello", cwd=tmp_path).stdout
    assert [f"Step {number} ·" in printed for number in range(1, 9)] == [True] * 7 + [False]
    assert "says “h” (0.4197); right is “l”: wrong" in printed
    assert "broadcast" in printed
    assert "3×1" in printed
    (row,) = [line for line in printed.splitlines() if line.strip().startswith("letter, ")]
    assert row.split()[-4:] == list("hell")


def test_run_gives_every_array_as_json(tmp_path):
    data = json.loads(rnnsheet("run", "hello", "--json", cwd=tmp_path).stdout)
    for (name, step), expected in PUBLISHED.items():
        np.testing.assert_allclose(
            np.array(data["arrays"][name])[:, step - 1], expected, atol=PUBLISHED_TOLERANCE
        )
    assert set(data["arrays"]) == set(hello().run().arrays)
    assert data["parameters"]["Whh"] == [[0.427043]]


@pytest.mark.parametrize(("language", "word"), [("en", "hidden state"), ("zh", "隐藏状态")])
def test_explain_speaks_the_language_and_so_does_the_locale(tmp_path, language, word):
    asked = rnnsheet("explain", "hello", "--lang", language, cwd=tmp_path).stdout
    located = rnnsheet("explain", "hello", cwd=tmp_path, LC_ALL=f"{language}_XX.UTF-8").stdout
    assert word in asked
    assert asked == located
    assert "hhₜ = Whh·hₜ₋₁ + bh" in asked


def test_help_speaks_chinese_to_a_chinese_locale(tmp_path):
    for command in ([], ["export"]):
        told = in_a_process(*command, "--help", cwd=tmp_path, LC_ALL="zh_CN.UTF-8").stdout
        assert "活公式" in told
        assert not re.search("Usage|Options:|Commands:|Show|default|required", told)


def test_templates_are_listed(tmp_path):
    listed = json.loads(rnnsheet("templates", "--json", cwd=tmp_path).stdout)
    assert list(listed) == templates.names()
    lines = rnnsheet("templates", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in lines] == templates.names()


@pytest.mark.slow
def test_new_copies_a_lesson_to_edit(tmp_path):
    assert rnnsheet("new", "my.toml", "--from", "hello", cwd=tmp_path).returncode == 0
    assert tomllib.loads((tmp_path / "my.toml").read_text("utf-8")) == tomllib.loads(HELLO)
    assert rnnsheet("export", "my.toml", "-o", "mine.xlsx", "--lang", "zh", cwd=tmp_path).returncode == 0
    assert rnnsheet("check", "mine.xlsx", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_wrong_cell_ends_with_1_and_is_shown_with_formula_expected_and_got(book, tmp_path):
    cell = change_h(book)
    ended = in_a_process("check", "hello.xlsx", cwd=tmp_path)
    assert ended.returncode == 1
    report = json.loads(rnnsheet("check", "hello.xlsx", "--json", cwd=tmp_path).stdout)
    assert report["ok"] is False
    wrong = [block for block in report["blocks"] if block["failed"]]
    assert report["failed"] == sum(block["failed"] for block in wrong) > 0
    verdict, changed, *follow, more, mend = ended.stdout.splitlines()
    assert verdict == f"hello.xlsx: {report['failed']} of {report['cells']} cells wrong (ironcalc)."
    assert changed.startswith(f"h: {cell} holds 0.7, expected =TANH(")
    assert len(follow) == 11
    assert more == f"… and {len(wrong) - 12} more blocks; --blocks shows all"
    assert "or export the workbook again" in mend
    every = rnnsheet("check", "hello.xlsx", "--blocks", cwd=tmp_path).stdout.splitlines()
    assert [changed, *follow] == every[1:13]
    assert every[len(wrong) + 1] == mend


@pytest.mark.slow
@pytest.mark.usefixtures("book")
def test_the_table_of_blocks_follows_the_verdict_where_it_is_asked_for(tmp_path):
    verdict, head, *rows = rnnsheet("check", "hello.xlsx", "--blocks", cwd=tmp_path).stdout.splitlines()
    assert verdict.startswith("hello.xlsx: all ")
    assert head.split() == ["block", "sheet", "range", "cells", "failed", "greatest", "error"]
    blocks = json.loads(rnnsheet("check", "hello.xlsx", "--json", cwd=tmp_path).stdout)["blocks"]
    assert len(rows) == len(blocks)
    for row, block in zip(rows, blocks, strict=True):
        assert row.startswith(f"{block['name']} ")
        assert row.split()[-3:-1] == [str(block["cells"]), str(block["failed"])]


@pytest.mark.slow
def test_every_command_speaks_chinese(tmp_path):
    """And English, as the other tests see."""

    def says(*arguments: str, status: int = 0) -> str:
        ended = rnnsheet(*arguments, "--lang", "zh", cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (status, "")
        return ended.stdout

    assert "第 7 步 ·" in says("run", "hello")
    assert hello().title["zh"] in says("templates")
    assert "my.toml" in says("new", "my.toml")
    assert "hello.xlsx 已写好" in says("export", "hello", "--epochs", "1", "--steps", "2")
    assert "个单元格正确" in says("check", "hello.xlsx")
    change_h(tmp_path / "hello.xlsx", "zh")
    assert "个不符" in says("check", "hello.xlsx", status=1).splitlines()[0]


def change_h(path: Path, language: str = "en") -> str:
    """Puts a constant in the place of a formula and gives the cell."""
    book, h = openpyxl.load_workbook(path), plan(hello(), language).names["h"]
    book[h.sheet].cell(h.row, h.col).value = 0.7
    book.save(path)
    return f"{h.sheet}!{h.part().a1}"


def test_the_version(tmp_path):
    assert rnnsheet("--version", cwd=tmp_path).stdout.startswith("rnnsheet 0.")


BAD_LESSONS = {
    "wrong shape": (
        "[0.902874, 0.871522, 0.691079, 0.18998],",
        "",
        "Why has the shape 4×3; expected 4×2 (letters × hidden units), so that it has as many units as Wxh",
    ),
    "ragged": ("0.572392, 0.486813", "0.572392", "Wxh does not consist of numbers only, in rows of one"),
    "a text for a number": ("0.427043", '"much"', "Whh does not consist of numbers only"),
    "a truth for a number": ("0.427043", "true", "Whh does not consist of numbers only"),
    "wrong shape of a scalar": ("0.427043", "[[1, 2]]", "Whh has the shape 1×2; expected 3×3"),
    "not a number": ("0.427043", "nan", "Whh, row 1, column 1: not a finite number"),
    "infinity": ("0.84606", "inf", "Wxh, row 1, column 2: not a finite number"),
    "unknown letter": ('"hello"', '"help"', "letter 4 of the word, 'p', is not in the vocabulary"),
    "short word": ('"hello"', '"h"', "the text 'h' is too short; expected at least 2"),
    "empty word": ('"hello"', '""', "the text '' is too short"),
    "a number for a word": ('"hello"', "5", "data.word is missing or not a text"),
    "letter twice": ('"e", "l", "o"]', '"e", "l", "l"]', "data.vocabulary has 'l' twice"),
    "long letter": ('"e", "l", "o"]', '"e", "l", "oo"]', "'oo' in the vocabulary is not one printable"),
    "emoji": ('"e", "l", "o"]', '"e", "l", "😀"]', "is not one printable letter"),
    "control sign": ('"e", "l", "o"]', '"e", "l", "\\t"]', "is not one printable letter"),
    "empty vocabulary": ('["h", "e", "l", "o"]', "[]", "data.vocabulary is empty"),
    "vocabulary of numbers": ('["h", "e", "l", "o"]', "[1]", "data.vocabulary is missing or not a list"),
    "unknown key": ("Whh =", "whh =", "the network has no parameter whh; did you mean Whh?"),
    "unknown table": ("[data]", "[dta]", "unknown key dta; did you mean data?"),
    "far-off key": ("Whh =", "zzzzzz =", "the network has no parameter zzzzzz; expected: Wxh"),
    "missing weight": (
        "Whh =",
        "#",
        "the parameter Whh of the cell elman is missing; expected 3×3 (hidden units × hidden units)",
    ),
    "unknown cell": ('"elman"', '"transformer"', "unknown cell 'transformer'; known cells: elman"),
    "no room": ("# steps = 8", "steps = 3", "data.steps is 3; expected a whole number from 4"),
    "a truth among numbers": ("0.567001", "[1, true, 0]", "bh does not consist of numbers only"),
    "a key of two lines": ("[data]", '"a\\nb" = 1\n[data]', "unknown key"),
    "a truth for a number of steps": ("# steps = 8", "steps = true", "data.steps is True; expected a whole"),
    "an example of three": ("[data]", '[data]\nexamples = [["hello", "h", "e"]]', "data.examples"),
    "half a step": ("# steps = 8", "steps = 4.5", "data.steps is 4.5; expected a whole number"),
    "note of nothing": ("hh.en", "nonsense.en", "notes.nonsense belongs to no equation"),
    "note in no language": ("hh.en", "hh.xx", "unknown key notes.hh.xx"),
    "text too long": ('have not been trained."', f'x{"x" * 16_000}"', "predicted.en is 16"),
    "control sign in a text": ('have not been trained."', 'x\\u0001"', "predicted.en holds the sign U+0001"),
    "no TOML": ("[data]", "[data", "not valid TOML in line 13, column 6: [data"),
}


@pytest.mark.parametrize("mistake", BAD_LESSONS)
def test_a_bad_lesson_is_told_in_one_line(tmp_path, monkeypatch, mistake):
    old, new, said = BAD_LESSONS[mistake]
    assert old in HELLO
    (tmp_path / "bad.toml").write_text(HELLO.replace(old, new, 1), "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RnnsheetError) as told:
        export("bad.toml")
    assert str(told.value).startswith("bad.toml: ")
    assert said in str(told.value)
    assert "\n" not in str(told.value)
    assert [each.name for each in tmp_path.iterdir()] == ["bad.toml"]


@pytest.mark.parametrize("command", ["run", "explain", "export"])
def test_every_command_tells_of_a_bad_lesson(tmp_path, command):
    old, new, said = BAD_LESSONS["ragged"]
    (tmp_path / "bad.toml").write_text(HELLO.replace(old, new, 1), "utf-8")
    message = fails(command, "bad.toml", cwd=tmp_path)
    assert message.startswith("rnnsheet: bad.toml: ")
    assert said in message


def test_numbers_too_large_are_told_in_one_line(tmp_path):
    huge = HELLO.replace("[0.37168, 0.974829459", "[1.7e308, 1.7e308")
    (tmp_path / "bad.toml").write_text(huge, "utf-8")
    assert "bad.toml: y at time step 1 grows past" in fails("export", "bad.toml", cwd=tmp_path)


@pytest.mark.parametrize("command", ["run", "export", "explain"])
def test_a_missing_lesson_is_told_with_the_one_that_was_meant(tmp_path, command):
    assert "did you mean hello?" in fails(command, "helo", cwd=tmp_path)
    assert "no-such.toml: there is no such file" in fails(command, "no-such.toml", cwd=tmp_path)


def test_a_lesson_in_another_encoding_is_told(tmp_path):
    (tmp_path / "gbk.toml").write_bytes(HELLO.encode("gbk", "replace"))
    assert "gbk.toml: the file is not UTF-8 text" in fails("run", "gbk.toml", cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("export", "hello", "-o", "there.xlsx"), ("new", "there.toml")])
def test_an_existing_file_is_replaced_only_by_force(tmp_path, arguments):
    there = tmp_path / arguments[-1]
    there.write_text("mine")
    assert f"{there.name}: the file exists; use --force" in fails(*arguments, cwd=tmp_path)
    assert there.read_text() == "mine"
    assert rnnsheet(*arguments, "--force", cwd=tmp_path).returncode == 0
    assert there.read_bytes()[:4] != b"mine"


@pytest.mark.parametrize("folder", ["missing", "a-file"])
@pytest.mark.parametrize("arguments", [("export", "hello", "-o", "x.xlsx"), ("new", "x.toml")])
def test_a_folder_that_cannot_be_written_is_told(tmp_path, arguments, folder):
    (tmp_path / "a-file").write_text("")
    *before, name = arguments
    said = {"missing": "missing: there is no such folder", "a-file": f"a-file/{name}: cannot be written ("}
    assert said[folder] in fails(*before, f"{folder}/{name}", cwd=tmp_path)


def test_a_folder_for_a_workbook_is_told(tmp_path):
    (tmp_path / "folder.xlsx").mkdir()
    message = fails("export", "hello", "-o", "folder.xlsx", "--force", cwd=tmp_path)
    assert "folder.xlsx: cannot be written (Is a directory)" in message


@pytest.mark.parametrize("name", ["hello", "hello.csv", "hello.xls"])
def test_a_workbook_of_another_name_is_told(tmp_path, name):
    assert f"{name}: a workbook's name must end in .xlsx" in fails(
        "export", "hello", "-o", name, cwd=tmp_path
    )


def test_a_network_too_wide_for_a_worksheet_is_told(tmp_path):
    (tmp_path / "wide.toml").write_text(HELLO.replace("# steps = 8", "steps = 16384"), "utf-8")
    message = fails("export", "wide.toml", cwd=tmp_path)
    assert "wide.toml: t has no room on the sheet" in message


def test_room_without_end_is_told(tmp_path):
    (tmp_path / "endless.toml").write_text(HELLO.replace("# steps = 8", f"steps = {10**20}"), "utf-8")
    assert "endless.toml: " in fails("export", "endless.toml", cwd=tmp_path)


@pytest.mark.parametrize("name", [".", "..", "/", "hello", "translate.xlsx"])
def test_another_name_for_a_lesson_is_told(tmp_path, name):
    """`new translate` would look like a copy of that lesson, under a name that no program opens."""
    message = fails("new", name, "--force", cwd=tmp_path)
    assert message == f"rnnsheet: {name}: a lesson's name must end in .toml\n"
    (tmp_path / "folder.toml").mkdir()
    assert "cannot be written" in fails("new", "folder.toml", "--force", cwd=tmp_path)


@pytest.mark.parametrize("arguments", [("run", "{}"), ("check", "{}"), ("export", "hello", "-o", "{}")])
def test_a_name_too_long_for_a_file_is_told(tmp_path, arguments):
    name = "n" * 300 + ".xlsx"
    message = fails(*(argument.format(name) for argument in arguments), cwd=tmp_path)
    assert message.startswith(f"rnnsheet: {name}: ")


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a file's name be any bytes")
def test_a_lesson_whose_name_is_no_text_is_exported_or_told(tmp_path):
    name = os.fsdecode(b"b\xffb.toml")
    (tmp_path / name).write_text(HELLO, "utf-8")
    ended = in_a_process("export", name, "-o", "out.xlsx", cwd=tmp_path)
    assert ended.returncode in (0, 2)
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "out.xlsx").exists() == (ended.returncode == 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell's >&- is needed")
@pytest.mark.parametrize(
    ("command", "way"),
    [
        *(("run hello", way) for way in (">&-", "2>&-", "| true", "> /dev/full")),
        *((command, "> /dev/full") for command in ("explain hello", "export hello")),
    ],
)
def test_output_that_nobody_takes_brings_no_traceback(tmp_path, command, way):
    shell = f'"{sys.executable}" -m rnnsheet {command} {way}'
    ended = subprocess.run(
        ["sh", "-c", shell], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60
    )
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") <= 1


@pytest.fixture
def book(hello_xlsx, tmp_path) -> Path:
    """The workbook of `lessons.hello`, to be changed."""
    return Path(shutil.copy(hello_xlsx, tmp_path))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "there is no such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:4000]), "not a readable .xlsx workbook"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_text("a,b\n1,2\n"), "this is CSV (.csv, .tsv, .txt), not an .xlsx workbook"),
        (lambda path: openpyxl.Workbook().save(path), "not written by rnnsheet"),
    ],
    ids=["missing", "truncated", "empty", "csv", "foreign"],
)
def test_a_file_that_is_no_workbook_of_ours_is_told(book, tmp_path, spoil, said):
    spoil(book)
    message = fails("check", "hello.xlsx", cwd=tmp_path)
    assert message.startswith("rnnsheet: hello.xlsx: ")
    assert said in message


def change(path: Path, name: str, value: object) -> str:
    """Puts a value into the first cell of an input and gives the cell."""
    area = next(b.area for b in plan(hello(), "en").blocks() if b.name == name and b.kind == "input")
    workbook = openpyxl.load_workbook(path)
    workbook[area.sheet].cell(area.row, area.col).value = value
    workbook.save(path)
    return f"{area.sheet}!{area.part().a1}"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Wxh", "many", "this cell of Wxh holds 'many'; expected a number"),
        ("Wxh", None, "this cell of Wxh is empty; expected a number"),
        ("Whh", True, "this cell of Whh holds 'TRUE'; expected a number"),
        ("bh", "=1/0", "this cell of bh holds '#DIV/0!'; expected a number"),
        ("word", None, "the cell of the word is empty; expected a word"),
        ("word", "help", "letter 4 of the word, 'p', is not in the vocabulary"),
        ("vocabulary", None, "this cell of the vocabulary is empty; expected one letter"),
    ],
)
def test_an_input_that_is_none_is_told_with_its_cell(book, tmp_path, name, value, said):
    cell = change(book, name, value)
    message = fails("check", "hello.xlsx", cwd=tmp_path)
    assert message.startswith(f"rnnsheet: hello.xlsx: {cell}: ")
    assert said in message


def test_a_letter_twice_in_the_file_is_told(book, tmp_path):
    change(book, "vocabulary", "o")
    assert "data.vocabulary has 'o' twice" in fails("check", "hello.xlsx", cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda sheets: sheets.remove(sheets["Steps"]), "the sheet Steps is missing"),
        (lambda sheets: sheets.remove(sheets["Inputs"]), "the sheet Inputs is missing"),
        (lambda sheets: sheets["rnnsheet"].__setitem__("B2", "99"), "in layout 99; this version checks"),
        (lambda sheets: sheets["rnnsheet"].__setitem__("A3", "x"), "is damaged: rnnsheet!A3"),
        (lambda sheets: sheets["rnnsheet"].__setitem__("B8", "many"), "is damaged: rnnsheet!B8"),
        (
            lambda sheets: sheets["rnnsheet"].__setitem__(
                "B5", sheets["rnnsheet"]["B5"].value.replace("elman", "gro")
            ),
            "has a cell 'gro', which is none of elman",
        ),
    ],
)
def test_a_damaged_description_is_told(book, tmp_path, spoil, said):
    workbook = openpyxl.load_workbook(book)
    spoil(workbook)
    workbook.save(book)
    assert said in fails("check", "hello.xlsx", cwd=tmp_path)


@pytest.mark.parametrize("tolerance", ["0", "-1", "nan", "inf"])
@pytest.mark.usefixtures("book")
def test_a_bad_tolerance_is_told(tmp_path, tolerance):
    message = fails("check", "hello.xlsx", "--tolerance", tolerance, cwd=tmp_path)
    assert "expected a positive number" in message


def test_an_unknown_language_is_told(tmp_path):
    assert "there is no language 'xx'; known: en, zh" in fails(
        "export", "hello", "--lang", "xx", cwd=tmp_path
    )


MISTAKEN = {
    "export": ("LESSON is missing (", "缺少 LESSON（"),
    "expotr": ("did you mean export?", "没有命令 expotr；是否指 export？"),
    "export hello --epoch 5": ("did you mean --epochs?", "没有选项 --epoch；是否指 --epochs？"),
    "export hello --epochs x": ("--epochs is 'x'; expected a whole number", "--epochs 是 'x'；应为整数"),
    "check a --tolerance x": ("--tolerance is 'x'; expected a number", "--tolerance 是 'x'；应为一个数"),
    "export hello --epochs": ("--epochs needs a value", "--epochs 后面要有一个值"),
    "run hello --json=3": ("--json takes no value", "--json 不带值"),
    "run hello more": ("more is more than rnnsheet run takes", "rnnsheet run 用不上多出的 more"),
    "sentiment trian": ("did you mean train?", "是否指 train？"),
}


@pytest.mark.parametrize("command", MISTAKEN)
def test_a_mistake_in_the_command_is_one_line_in_the_user_s_language(monkeypatch, capsys, command):
    monkeypatch.setattr(sys, "argv", ["rnnsheet", *command.split()])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    for language, said in zip(("en", "zh"), MISTAKEN[command], strict=True):
        monkeypatch.setenv("LC_ALL", language)
        assert cli.run_command() == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("rnnsheet: ")
        assert said in told.err
        assert told.err.count("\n") == 1


def test_a_mistaken_command_speaks_the_language_that_it_asks_for(tmp_path):
    ended = rnnsheet("export", "hello", "--epoch", "5", "--lang", "zh_CN", cwd=tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "没有选项 --epoch" in ended.stderr


def test_mistakes_are_told_in_chinese_too(tmp_path):
    ended = rnnsheet("run", "helo", "--lang", "zh", cwd=tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "没有课程" in ended.stderr


def test_a_terminal_without_the_signs_gets_no_traceback(tmp_path):
    ended = in_a_process("run", "hello", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_train_writes_a_lesson_that_spells_its_word(tmp_path):
    trained = rnnsheet("train", "hello", "-o", "trained.toml", cwd=tmp_path)
    assert (trained.returncode, trained.stderr) == (0, "")
    assert "the loss went from 6.8113 to 0.18" in trained.stdout
    assert "reads “hello”, says “ello”; right is “ello”" in trained.stdout
    assert rnnsheet("export", "trained.toml", cwd=tmp_path).returncode == 0
    assert rnnsheet("check", "trained.xlsx", cwd=tmp_path).returncode == 0
    data = json.loads(rnnsheet("run", "trained.toml", "--json", cwd=tmp_path).stdout)
    assert data["arrays"]["predicted"] == [list("ello")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_output_that_nobody_reads_to_its_end_is_no_wrong_cell(hello_xlsx, options):
    command = [sys.executable, "-m", "rnnsheet", "check", str(hello_xlsx), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_train_tells_that_the_loss_rose(tmp_path):
    told = "It rose: the network has got worse."
    assert told in rnnsheet("train", "hello", "--epochs", "20", "--rate", "5", cwd=tmp_path).stdout
    assert told not in rnnsheet("train", "hello", "--epochs", "20", "--force", cwd=tmp_path).stdout


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_seed_that_no_random_numbers_begin_at_is_told(tmp_path, seed):
    said = f"rnnsheet: seed is {seed}; expected a whole number from 0 to 4294967295\n"
    assert rnnsheet("train", "hello", "--seed", seed, cwd=tmp_path).stderr == said


def test_train_tells_its_course_as_json(tmp_path):
    options = ("--epochs", "7", "--rate", "0.05", "--clip", "1", "--optimizer", "adam", "--seed", "3")
    data = json.loads(rnnsheet("train", "hello", "--json", *options, cwd=tmp_path).stdout)
    assert data["file"] == "hello-trained.toml"
    assert len(data["losses"]) == 8
    assert data["losses"][7] < data["losses"][0]


@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_ends_a_training_and_keeps_what_was_learned(tmp_path):
    command = [sys.executable, "-m", "rnnsheet", "train", "hello", "--epochs", "100000000"]
    settings = {**os.environ, "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(command, cwd=tmp_path, env=settings, stdout=-1, stderr=-1, text=True) as training:
        time.sleep(3)
        training.send_signal(signal.SIGINT)
        printed, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (0, "")
    assert "Stopped after epoch" in printed
    assert rnnsheet("run", "hello-trained.toml", cwd=tmp_path).returncode == 0


INTERRUPTED = """
import signal, sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
from rnnsheet.__main__ import main
main()
"""


@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_while_it_still_begins_ends_it_without_a_traceback():
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_train_draws_the_loss(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install -e '.[plot]'")
    assert rnnsheet("train", "hello", "--plot", "loss.png", cwd=tmp_path).returncode == 0
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rate", "0"), "rate is 0.0; expected a number greater than 0"),
        (("--rate", "-1"), "rate is -1.0; expected"),
        (("--rate", "nan"), "rate is nan; expected"),
        (("--rate", "inf"), "rate is inf; expected"),
        (("--rate", "1e308"), "use a smaller --rate or a --clip"),
        (("--epochs", "0"), "epochs is 0; expected"),
        (("--clip", "0"), "clip is 0.0; expected"),
        (("--clip", "nan"), "clip is nan; expected"),
        (("--optimizer", "lion"), "there is no optimizer 'lion'; known: sgd, adagrad, adam"),
        (("-o", "missing/x.toml"), "missing: there is no such folder"),
    ],
)
def test_a_training_that_cannot_be_is_told(tmp_path, options, said):
    assert said in fails("train", "hello", *options, cwd=tmp_path)


def test_a_training_does_not_replace_a_file(tmp_path):
    (tmp_path / "hello-trained.toml").write_text("mine")
    assert "hello-trained.toml: the file exists" in fails("train", "hello", cwd=tmp_path)


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    """The top-level modules that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "rnnsheet", *arguments]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=60)
    assert ended.returncode == 0
    return {line.split("|")[-1].strip().split(".")[0] for line in ended.stderr.splitlines() if "|" in line}


def test_help_imports_nothing_heavy(tmp_path):
    heavy = {"numpy", "pandas", "openpyxl", "ironcalc", "rich", "pydantic"}
    assert not loaded_by("--help", cwd=tmp_path) & heavy


def test_export_imports_neither_pandas_nor_an_engine_and_check_no_writer(tmp_path):
    loaded = loaded_by("export", "hello", "--epochs", "1", cwd=tmp_path)
    assert {"numpy", "openpyxl"} <= loaded
    assert not loaded & {"pandas", "ironcalc", "rich", "pydantic"}
    assert not loaded_by("check", "hello.xlsx", cwd=tmp_path) & {"pandas", "openpyxl", "rich", "pydantic"}


@pytest.mark.slow
def test_several_files_and_engines_are_told_in_order(tmp_path):
    for name in ("a", "b"):
        rnnsheet("export", "hello", "-o", f"{name}.xlsx", "--epochs", "1", "--steps", "2", cwd=tmp_path)
    (tmp_path / "no.xlsx").write_text("a,b\n")
    ended = rnnsheet("check", "a.xlsx", "no.xlsx", "b.xlsx", cwd=tmp_path)
    assert ended.returncode == 2
    assert [line.partition(":")[0] for line in ended.stdout.splitlines()] == ["a.xlsx", "b.xlsx"]
    assert ended.stderr.startswith("rnnsheet: no.xlsx: this is CSV")
    told = json.loads(rnnsheet("check", "a.xlsx", "no.xlsx", "--json", cwd=tmp_path).stdout)
    assert told[0]["ok"] is True
    assert list(told[1]) == ["file", "error"]
    assert told[1]["file"] == "no.xlsx"
    alone = rnnsheet("check", "no.xlsx", "--json", cwd=tmp_path)
    assert alone.returncode == 2
    assert json.loads(alone.stdout) == told[1]
    assert alone.stderr == f"rnnsheet: {told[1]['error']}\n"


@pytest.mark.slow
def test_a_wrong_file_among_several_decides_the_status(tmp_path):
    for name in ("a", "b"):
        rnnsheet("export", "hello", "-o", f"{name}.xlsx", "--epochs", "1", "--steps", "2", cwd=tmp_path)
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    book["Unrolled"]["H24"] = 1
    book.save(tmp_path / "b.xlsx")
    ended = rnnsheet("check", "b.xlsx", "a.xlsx", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    verdict, changed, *_, last = ended.stdout.splitlines()
    assert verdict.startswith("b.xlsx: ") and verdict.endswith("cells wrong (ironcalc).")
    assert "Unrolled!H24 holds 1" in changed
    assert last.startswith("a.xlsx: all ")


def test_the_engines_are_listed(tmp_path):
    versions = json.loads(rnnsheet("engines", "--json", cwd=tmp_path).stdout)
    assert list(versions) == ["ironcalc", "libreoffice", "gnumeric", "formulon"]
    for name, line in zip(versions, rnnsheet("engines", cwd=tmp_path).stdout.splitlines(), strict=True):
        assert line.startswith(name)
        assert line.endswith(versions[name] or line)
    assert "there is no engine 'excel'" in fails("check", "x.xlsx", "--engine", "excel", cwd=tmp_path)
