"""The texts: every language has them all, and nothing asks for one that is not there."""

import ctypes
import plistlib
import re
import string
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import rnnsheet
from rnnsheet import templates
from rnnsheet.equations.imported import network as equations_of
from rnnsheet.equations.lesson import network
from rnnsheet.equations.rules import RULES
from rnnsheet.labels import default_language, labels, language_of, languages
from rnnsheet.network import KINDS
from rnnsheet.sheet.pages.manifest import MESSAGES
from rnnsheet.sheet.pages.overview import LEGEND
from rnnsheet.workbook.input_reader import SETTINGS
from tests.imported_networks import NETWORKS
from tests.lessons import EVERY_FORM

SOURCE = "\n".join(path.read_text("utf-8") for path in Path(rnnsheet.__file__).parent.rglob("*.py"))
ENGLISH = labels("en").texts


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def asked_for() -> set[str]:
    """Every key that the source names, with * for a part that is computed."""
    asked = re.findall(
        r'(?:labels|texts|_help|help_text|words)(?:\(\w+\))?(?:\.get)?\(\s*f?"([^"]+)"', SOURCE
    )
    asked += [f"error.{key}" for key in re.findall(r'Error\(\s*f?"(\w[^" ]*)"', SOURCE)]
    asked += [f"error.{key}" for key in re.findall(r'_unknown\("(\w+)"', SOURCE)]
    of_sheets = re.findall(r'(?:sheets\[|Page\.of\(|KEY = |to: str = )"(\w+)"', SOURCE)
    asked += [f"sheet.{key}" for key in of_sheets]
    keys = {re.sub(r"\{[^}]*\}", "*", key) for key in asked}
    return {key for key in keys if key.strip("*")}


def pattern(key: str) -> str:
    return re.escape(key).replace(r"\*", r"\w+")


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_keys_and_placeholders(language):
    texts = labels(language).texts
    assert texts.keys() == ENGLISH.keys()
    for key, text in texts.items():
        assert placeholders(text) == placeholders(ENGLISH[key]), key
        assert text.strip() or key == "steps.join", key


def test_there_are_english_and_chinese():
    assert languages()[:2] == ("en", "zh")


def test_every_key_that_the_source_asks_for_is_there():
    for key in asked_for():
        assert any(re.fullmatch(pattern(key), known) for known in ENGLISH), key


def test_every_text_is_asked_for():
    named_elsewhere = ("error.", "assumed.")
    asked = asked_for()
    computed = [pattern(key) for key in asked if "*" in key and not key.startswith(named_elsewhere)]
    computed += [
        r"error\.\w+_meant",
        r"error\.(empty|other)_(number|letter|word|positive|slider|weight|step|label|index)",
        r"system\.\w+",
        r"assumed\.\w+",
        r"walk\.(again\.)?[\w.]+",
        r"assumed\.(padding_(before|after)|gates_(keras|pytorch))",
    ]
    unused = [
        key
        for key in ENGLISH
        if key not in asked
        and f'"{key}"' not in SOURCE
        and f'"{key.removeprefix("error.").removeprefix("assumed.")}"' not in SOURCE
        and not any(re.fullmatch(known, key) for known in computed)
    ]
    assert unused == []


def named(table: str) -> set[str]:
    """The names that a table of the label file speaks of."""
    return {key.removeprefix(f"{table}.") for key in ENGLISH if key.startswith(f"{table}.")}


def test_what_is_said_of_names_is_said_of_all_of_them_and_of_nothing_else():
    """The keys that no scan of the source can see: those made of the name of an equation or operation."""
    lessons = [network(lesson) for lesson in EVERY_FORM.values()]
    trained = [equations_of(make()) for make in NETWORKS.values()]
    everything = [*lessons, *trained]
    of_trained = {each.base for r in trained for each in r.equations.values()} | {"token"}
    equations = [e for r in lessons for e in r.equations.values() if e.part != "gradient"]
    of_values = {e.base for e in equations} | {f"{e.base}_{e.sequence}" for e in equations}
    of_parameters = {r.bases.get(name, name) for r in everything for name in r.parameters}
    of_texts = {"word", "word_words", "vocabulary_words", "second", "wanted", "wanted_second", "picture"}
    of_texts |= {"wanted_used", "wanted_second_used"}
    told = named("meaning")
    assert {r.bases[name] for r in everything for name in r.bases} <= told
    assert of_trained <= told
    assert told <= {*of_values, *of_trained, *of_parameters, *of_texts, "t", "loss"}
    assert named("words") == {*RULES, "previous", "next", "at", "part"}
    assert named("setting") == {*SETTINGS, "used"}
    assert named("message") == set(MESSAGES)
    assert named("legend") == {key for style in LEGEND for key in (style, f"{style}_sample")}
    assert named("walk.broadcast") == {"scale", "spread"}
    said = {name for name in named("walk") if "." not in name}
    assert said <= {e.base for e in equations if e.part in ("output", "answer")}
    for cell, kind in KINDS.items():
        if kind.says or not kind.of_lessons:
            continue
        table, of_cell = (
            f"walk.{cell.replace('-', '_')}",
            {e.base for e in equations if e.layer and e.layer.kind == cell},
        )
        variants = {f"{base}_{form}" for base in of_cell for form in (*kind.activations, "above")}
        assert {kind.result} <= named(table) <= of_cell | variants | {"both"}


def test_the_chinese_speaks_in_the_terms_of_the_chinese_article():
    chinese = "".join(labels("zh").texts.values())
    for term in ("时间步", "隐藏状态", "权重共享", "广播", "偏差"):
        assert term in chinese
    for other in ("偏置", "时刻", "隐状态", "隐含状态", "隐层状态", "参数共享"):
        assert other not in chinese


@pytest.mark.parametrize("name", templates.names())
def test_every_template_has_its_texts_in_every_language(name):
    lesson = templates.load(name)
    for texts in (lesson.title, lesson.about, *lesson.notes.values()):
        assert set(texts) == set(languages())


@pytest.mark.parametrize(
    ("setting", "language"),
    [("zh_CN.UTF-8", "zh"), ("zh-TW", "zh"), ("en_GB", "en"), ("fr_FR.UTF-8", "en"), ("C", "en")],
)
def test_the_locale_chooses_the_language(monkeypatch, setting, language):
    monkeypatch.setenv("LC_ALL", setting)
    assert default_language() == language


@pytest.fixture
def no_locale(monkeypatch):
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("number", "language"), [(0x0804, "zh"), (0x0404, "zh"), (0x0407, "en"), (1, "en")])
def test_windows_tells_its_language_by_a_number(no_locale, number, language):
    """Source: Microsoft, [MS-LCID], 2.2: 0x0804 is zh-CN, 0x0404 zh-TW, 0x0407 de-DE."""
    kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: number)
    no_locale.setattr(sys, "platform", "win32")
    no_locale.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert default_language() == language
    no_locale.setenv("LANG", "en_GB.UTF-8")
    assert default_language() == "en"


@pytest.mark.parametrize(
    ("told", "language"), [(["zh-Hans-CN", "en-CN"], "zh"), (["de-DE"], "en"), ([], "en")]
)
def test_macos_tells_its_language_in_a_file(no_locale, tmp_path, told, language):
    folder = tmp_path / "Library" / "Preferences"
    folder.mkdir(parents=True)
    (folder / ".GlobalPreferences.plist").write_bytes(
        plistlib.dumps({"AppleLanguages": told}, fmt=plistlib.FMT_BINARY)
    )
    no_locale.setattr(sys, "platform", "darwin")
    no_locale.setattr(Path, "home", lambda: tmp_path)
    assert default_language() == language


def test_a_language_is_known_by_the_name_of_its_locale():
    known = {"zh_CN": "zh", "zh-CN": "zh", "ZH": "zh", "cn": "zh", "en_US.UTF-8": "en", "fr": "", "": ""}
    assert {name: language_of(name) for name in known} == known
