"""Practice books that say live what is right, and what students and teachers get back of marked ones."""

import html.parser
import subprocess
import zipfile
from pathlib import Path

import pytest

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.classroom import handing_out
from rnnsheet.classroom.key import Settings
from rnnsheet.templates import load
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests import students
from tests.students import Student
from tests.test_grading import Inline
from tests.test_platforms import MOODLE, NAMES, archive


@pytest.fixture(scope="module")
def learner():
    settings = Settings(("h", "predicted"), (1, 2), "practice")
    made = handing_out.prepare(load("hello"), settings, None, Path("key.toml"))
    return Student(students.always_the_same(made), "1")


def said(path: Path, engine: str = "ironcalc") -> set[str]:
    """The words beside the blocks."""
    if not ENGINES[engine].installed():
        pytest.skip(f"{engine} is not installed")
    contents = read(opened(path))
    with recalculations([ENGINES[engine]], contents) as running:
        values = running[engine].values()
    texts = {v for sheet in values.sheets.values() for v in sheet.values() if isinstance(v, str)}
    return texts & {EMPTY, BAD, FINE, FOLLOWS}


def in_file(learner: Student, entries, tmp_path: Path) -> Path:
    file = tmp_path / "book.xlsx"
    file.write_bytes(learner.book(entries))
    return file


EMPTY, BAD, FINE = "← something is empty", "← something is wrong", "← right"
FOLLOWS = "← right given what stands above"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ironcalc", "libreoffice", "gnumeric"])
def test_a_word_beside_each_block_says_how_it_stands(engine, learner, tmp_path):
    states = [blank.place for blank in learner.exercise.blanks.all if blank.name == "h"]
    early = [place for place in states if place[9] == states[0][9]]
    assert said(in_file(learner, {}, tmp_path), engine) == {EMPTY}
    typed = {place: round(learner.rights[place], 3) for place in states}
    assert said(in_file(learner, typed, tmp_path), engine) == {FINE, EMPTY}
    assert said(in_file(learner, {**learner.formulas, early[0]: 0.77}, tmp_path), engine) >= {BAD}
    assert said(in_file(learner, {**learner.formulas, early[0]: "text"}, tmp_path), engine) >= {BAD}


def test_what_follows_from_a_wrong_answer_is_told_apart(tmp_path):
    made = handing_out.prepare(load("hello"), Settings(("h", "p"), (1,), "practice"), None, tmp_path)
    learner = Student(students.always_the_same(made), "1")
    wrong = {place: learner.rights[place] + 0.4 for place in learner.places("h")}
    assert said(in_file(learner, {**learner.formulas, **wrong}, tmp_path)) == {BAD, FOLLOWS}


def test_it_says_that_answers_can_be_found_in_it(learner):
    text = "".join(learner.parts.values())
    assert "The answers can be found in this file" in text
    assert ">Check<" in text or '"Check"' in text


@pytest.mark.slow
def test_a_book_that_libreoffice_saved_still_tells_right_from_wrong(learner, tmp_path):
    file = in_file(learner, learner.formulas, tmp_path)
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    command = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    if not ENGINES["libreoffice"].installed():
        pytest.skip("LibreOffice is not installed")
    subprocess.run([*command, str(tmp_path / "out"), str(file)], check=True, capture_output=True, timeout=120)
    assert said(tmp_path / "out" / "book.xlsx") == {FINE}


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """A class of three, marked from Moodle's zip: all right, a slip, and a text that would run."""
    folder = tmp_path_factory.mktemp("class")
    made = handing_out.prepare(load("hello"), Settings(("h", "p"), (1,)), None, folder)
    exercise = students.always_the_same(made)
    exercise.key.save(folder / "key.toml")
    group = [Student(exercise, number) for number in "124"]
    first = group[1].places("h")[0]
    entries = [
        group[0].formulas,
        {**group[1].formulas, first: group[1].rights[first] + 0.4},
        {**group[2].formulas, **dict.fromkeys(group[2].places("p")[:2], "@SUM(1)")},
    ]
    files = {
        MOODLE["folders"].format(name=NAMES[each.id], number=each.id, code=each.code): each.book(own)
        for each, own in zip(group, entries, strict=True)
    }
    zipped = archive(folder / "all.zip", files)
    rnnsheet.grade(zipped, folder / "key.toml", folder / "out", executor=Inline(), language="zh")
    return folder / "out", group, files


def test_each_student_gets_a_workbook_back_with_what_was_expected(marked):
    out, group, _ = marked
    book = read(opened(out / "feedback" / f"{group[1].code}.xlsx"))
    texts = list(map(str, book.sheets["Feedback"].values.values()))
    place = group[1].places("h")[0]
    assert any(place in text and "first went wrong" in text for text in texts)
    follow = f"{group[1].rights[place]:.6g}"
    assert f"expected given your numbers: {follow}" in texts
    assert f"computed right; it first went wrong in {place}" in texts
    # In the book's language, whatever the teacher's is.
    assert any(text.endswith("right given your earlier answers, 1 wrong, 0 empty") for text in texts)


@pytest.mark.slow
def test_a_note_at_each_cell_says_what_was_expected_and_where_it_went_wrong(marked):
    """As openpyxl reads it, and as LibreOffice does, which writes it again."""
    from openpyxl import load_workbook

    out, group, _ = marked
    file = out / "feedback" / f"{group[1].code}.xlsx"
    place = group[1].places("h")[0]
    if ENGINES["libreoffice"].installed():
        home = f"-env:UserInstallation=file://{out}/home"
        command = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
        subprocess.run(
            [*command, str(out / "saved"), str(file)], check=True, capture_output=True, timeout=120
        )
    for each in (file, *(out / "saved").glob("*.xlsx")):
        sheet = load_workbook(each)["Unrolled"]
        notes = {f"Unrolled!{c.coordinate}": c.comment.text for row in sheet for c in row if c.comment}
        assert notes.keys() == set(group[1].rights)
        assert notes[place] == f"wrong\nexpected given your numbers: {group[1].rights[place]:.6g}"
        follow = f"right given your earlier answers\ncomputed right; it first went wrong in {place}"
        assert {notes[other] for other in group[1].places("p")} == {follow}
        assert {notes[other] for other in group[1].places("h")[1:]} == {"right"}


def test_no_answer_runs_in_what_goes_back(marked):
    out, group, _ = marked
    book = read(opened(out / "feedback" / f"{group[2].code}.xlsx"))
    assert "@SUM(1)" in book.sheets["Feedback"].values.values()
    assert not [
        text for sheet in book.sheets.values() for text in sheet.formulas.values() if "SUM(1)" in text
    ]


def test_moodle_finds_the_feedback_under_the_names_that_it_gave(marked):
    out, _, files = marked
    with zipfile.ZipFile(out / "feedback.zip") as zipped:
        assert [name.rpartition("/")[0] for name in zipped.namelist()] == [
            n.rpartition("/")[0] for n in files
        ]


def test_the_class_is_told_at_a_glance(marked):
    out, group, _ = marked
    text = (out / "overview.html").read_text("utf-8")
    html.parser.HTMLParser().feed(text)
    assert "全班一览" in text and text.index("<td>p</td>") < text.index("<td>h</td>")
    assert group[0].code not in text
    book = read(opened(out / "overview.xlsx"))
    counts = [v for v in book.sheets["全班"].values.values() if isinstance(v, float)]
    assert sum(counts[-10:]) == 3
