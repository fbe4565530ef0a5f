"""A TOML file that is none: the line, and what a slip of the keyboard should have been."""

import re

import pytest

from rnnsheet import templates
from rnnsheet.errors import LessonError

HELLO = (templates.FOLDER / "hello.toml").read_text("utf-8")


SLIPS = {
    "Chinese quotation marks": ('"hello"', "“hello”", "line 15, column 8: word = “hello”", "“ ”", '" "'),
    "a Chinese comma": (
        '"h", "e"',
        '"h"，"e"',
        'line 14, column 18: vocabulary = ["h"，',
        "，",
        ",",
    ),
    "a Chinese equals sign": ("word =", "word ＝", "line 15", "＝", "="),
    "Chinese brackets": ("[data]", "［data］", "line 13, column 1: ［data］", "［ ］", "[ ]"),
    "a Chinese point": ("0.427043", "0．427043", "line 30", "．", "."),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_signs_of_a_chinese_keyboard_are_told(tmp_path, slip):
    old, new, place, got, meant = SLIPS[slip]
    (tmp_path / "bad.toml").write_text(HELLO.replace(old, new, 1), "utf-8")
    with pytest.raises(LessonError) as told:
        templates.load(tmp_path / "bad.toml")
    assert place in str(told.value)
    assert str(told.value).endswith(f"; in place of {got} write {meant}")
    assert told.value.text("zh").endswith(f"；请把 {got} 换成半角（英文）的 {meant}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"hello"',
            "hello",
            "a text stands in quotation marks",
        ),
        ('"hello"', '"hello', "a quotation mark is missing"),
        ('["h", "e", "l", "o"]', '["h", "e", "l", "o"', "line 15, column 1"),
        ("0.334287084],", "0.334287084]", "a comma or ] is missing"),
        ("[data]", '[data]\nword = "he"', "it is in the file twice"),
        ("[data]", '[data]\nword = """', "a quotation mark is missing"),
    ],
)
def test_usual_slips_are_told_with_what_to_do(tmp_path, old, new, said):
    (tmp_path / "bad.toml").write_text(HELLO.replace(old, new, 1), "utf-8")
    with pytest.raises(LessonError) as told:
        templates.load(tmp_path / "bad.toml")
    assert said in str(told.value)
    assert not re.search("Invalid|Unclosed|Expected|Illegal|Cannot", told.value.text("zh"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            f'# [\n[data]\nword = "[[["\nvocabulary = {"[" * 2_000}\n',
            "not valid TOML: in line 4 brackets stand 2000 deep in each other",
        ),
        (
            f"[settings]\nepochs = {'9' * 5_000}\n",
            "not valid TOML: a number in line 2 has more digits than can be read",
        ),
        ("", "the file is empty"),
    ],
    ids=["brackets", "digits", "nothing"],
)
def test_what_python_cannot_read_is_told_without_python(tmp_path, content, said):
    (tmp_path / "bad.toml").write_text(content, "utf-8")
    with pytest.raises(LessonError, match="^[^\n]*bad.toml: " + said) as told:
        templates.load(tmp_path / "bad.toml")
    assert not re.search("recursion|sys[.]|integer string", str(told.value))
