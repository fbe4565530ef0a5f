"""Whatever kind of number or text comes in, a workbook and a lesson file hold plain ones."""

import enum
import tomllib
import zipfile
from dataclasses import astuple, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

import rnnsheet
from rnnsheet import LessonError, templates
from rnnsheet.experiments import FLOW_STEPS, LIMIT, Settings
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Text
from tests.lessons import SMALL, hello

FLOATS = st.sampled_from([np.float16, np.float32, np.float64, np.longdouble, float, Fraction])
WHOLES = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64, int])
NUMBERS = ("rate", "clip", "update_rate", "flow_clip", "flow_whh")


class Word(str):
    """A text that calls itself something else."""

    __slots__ = ()

    def __str__(self) -> str:
        return "else"


class Choice(enum.StrEnum):
    H, E, L, O = "helo"  # noqa: E741


TEXTS = st.sampled_from([np.str_, Word, str])


@given(FLOATS, WHOLES, TEXTS, st.floats(2.0**-10, 100.0, width=16), st.integers(2, 12))
def test_settings_are_plain_whatever_type_they_come_in(number, whole, text, value, size):
    exact = {name: number(value) for name in NUMBERS}
    given = Settings(epochs=whole(size), flow_steps=whole(size), chosen=text("Wxh[1,2]"), **exact)
    found = replace(hello(), settings=given).settings
    assert {type(value) for value in astuple(found)} == {int, float, str, tuple}
    assert found == Settings(size, size, *[value] * 3, "Wxh[1,2]", value, value)


def test_a_workbook_of_numpy_s_scalars_is_that_of_plain_ones(tmp_path):
    lesson = hello()
    texts = {name: np.str_(getattr(lesson, name)) for name in ("name", "word", "split", "target")}
    strange = replace(
        lesson,
        vocabulary=np.array(lesson.vocabulary),
        labels=np.array(lesson.labels),
        steps=np.int64(lesson.steps),
        title={np.str_(language): np.str_(title) for language, title in lesson.title.items()},
        settings=replace(SMALL, epochs=np.int64(8), rate=np.float64(0.1), chosen=np.str_("Whh[1,1]")),
        **texts,
    )
    plain = replace(lesson, settings=replace(SMALL, chosen="Whh[1,1]"))
    parts = []
    for number, each in enumerate((strange, plain)):
        with zipfile.ZipFile(rnnsheet.export(each, tmp_path / f"{number}.xlsx", "en")) as book:
            parts.append({name: book.read(name) for name in book.namelist() if "sheet" in name})
    assert parts[0] == parts[1]
    assert strange.save(tmp_path / "0.toml").read_bytes() == plain.save(tmp_path / "1.toml").read_bytes()


def test_texts_of_other_types_are_what_they_hold(tmp_path):
    lesson = replace(
        hello(), vocabulary=tuple(Choice), labels=(), word=Word("hello"), title={"en": Word("A&B")}
    )
    sheet = load_workbook(rnnsheet.export(lesson, tmp_path / "a.xlsx", "en"))["Overview"]
    assert "A&B" in [cell.value for row in sheet.iter_rows() for cell in row]


@pytest.mark.parametrize("name", [*NUMBERS, "epochs", "flow_steps"])
@pytest.mark.parametrize(
    "value", [np.nan, np.float64(np.inf), -np.inf, True, np.True_, "1", 10**400, 2 * LIMIT, -1e300, 1j, [1.0]]
)
def test_a_setting_that_cannot_be_is_refused_with_its_key(name, value):
    with pytest.raises(LessonError, match=rf"^settings\.{name} is "):
        replace(hello(), settings=replace(SMALL, **{name: value}))


@pytest.mark.parametrize(("name", "value"), [("epochs", 1_000_001), ("flow_steps", FLOW_STEPS[1] + 1)])
def test_a_size_beyond_its_limit_is_refused_with_its_key(name, value):
    with pytest.raises(LessonError, match=rf"^settings\.{name} is {value}; expected a whole number"):
        replace(hello(), settings=replace(SMALL, **{name: value}))


@pytest.mark.parametrize("line", ["flow_whh = nan", "rate = inf", "clip = nan", "update_rate = -inf"])
def test_a_lesson_file_with_such_a_setting_is_told_with_its_key(tmp_path, line):
    text = hello().save(tmp_path / "a.toml").read_text("utf-8")
    (tmp_path / "a.toml").write_text(text.replace("[settings]\n", f"[settings]\n{line}\n"), "utf-8")
    with pytest.raises(LessonError, match=rf"a\.toml: settings\.{line.split()[0]} is "):
        rnnsheet.load(tmp_path / "a.toml")


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\x1f", "\ud800", "\udfff", "\ufffe"])
@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("title.en", lambda text: {"title": {"en": text}}),
        ("about.zh", lambda text: {"about": {"zh": text}}),
        ("notes.hh.en", lambda text: {"notes": {"hh": {"en": text}}}),
        ("data.target", lambda text: {"target": text}),
        ("data.second_target", lambda text: {"second_target": text}),
        ("data.word", lambda text: {"word": text}),
        ("data.examples", lambda text: {"examples": [(text, "")]}),
        ("settings.chosen", lambda text: {"settings": replace(SMALL, chosen=text)}),
        ("name", lambda text: {"name": text}),
    ],
)
def test_a_sign_that_no_file_holds_is_told_with_its_key(key, given, sign):
    with pytest.raises(LessonError) as told:
        replace(hello(), **given(f"a{sign}b"))
    assert str(told.value).startswith(f"{key} holds the sign U+{ord(sign):04X}")
    str(told.value).encode()


@pytest.mark.parametrize("picture", ["many", [["a"]], [[1.0], [1.0, 2.0]], [], [[[1.0]]], [[np.nan]], None])
def test_a_picture_that_is_none_is_told(picture):
    caption = rnnsheet.load("caption")
    with pytest.raises(LessonError):
        replace(caption, examples=[(picture, "a small cross")])


WRITTEN = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(
    st.dictionaries(
        st.sampled_from(["en", "zh"]),
        st.one_of(
            WRITTEN,
            st.sampled_from(
                [
                    "a\nb",
                    "a\r\nb",
                    '"""',
                    "'''",
                    "\\",
                    "[\n1,\n]",
                    '["x",\n"y"]',
                    "\t",
                    "#",
                    "= [",
                    "a = [\n  1,\n  2,\n]",
                ]
            ),
        ),
    )
)
def test_every_text_reads_back_from_a_lesson_file(tmp_path_factory, texts):
    lesson = replace(hello(), title=texts, about=texts, notes={"hh": texts} if texts else {})
    again = templates.load(lesson.save(tmp_path_factory.mktemp("saved") / "a.toml"))
    assert (again.title, again.about, again.notes) == (texts, texts, {"hh": texts} if texts else {})


def test_a_lesson_file_has_a_line_for_each_row_of_a_matrix(tmp_path):
    lesson = rnnsheet.load("translate")
    lines = lesson.save(tmp_path / "a.toml").read_text("utf-8").splitlines()
    for name, array in lesson.model.parameters.items():
        if min(array.shape) > 1:
            first = lines.index(f"{name} = [") + 1
            rows = [tomllib.loads(f"row = {line.strip(' ,')}") for line in lines[first : first + len(array)]]
            assert rows == [{"row": row} for row in array.tolist()]
    assert lines.count("[[layers]]") == len(list(lesson.model))


def test_a_trained_network_s_texts_are_plain(tmp_path):
    dense = {"Wa": np.array([[1.0, 2.0], [3.0, 4.0]]), "ba": np.zeros(2)}
    layers = (
        ImportedLayer("embedding", "e", ("input",), weights={"E": np.eye(3)[:, :2]}),
        ImportedLayer("last", "last", ("e",)),
        ImportedLayer("dense", "out", ("last",), weights=dense, activation="softmax"),
    )
    read = Text("words", tuple(np.array(["", "a", "b"])), np.int64(2), np.str_("a b"), pad=np.int8(0))
    labels = tuple(np.array(["<no & never>", "yes"]))
    book = rnnsheet.export(ImportedNetwork(np.str_("t"), read, layers, labels), tmp_path / "a.xlsx", "en")
    values = {cell.value for sheet in load_workbook(book) for row in sheet.iter_rows() for cell in row}
    assert {"<no & never>", "a b"} <= values
