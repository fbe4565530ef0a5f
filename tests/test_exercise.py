"""Exercises: numbers of one's own, blanks, and nothing in the file that tells an answer."""

import json
import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rnnsheet
from rnnsheet import engine, templates
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.classroom import handing_out, key, tables
from rnnsheet.classroom.blanks import Blanks, usual
from rnnsheet.classroom.book import CODE, SEAL, TOLD, Exercise
from rnnsheet.classroom.key import Settings
from rnnsheet.classroom.numbers import Own, _unsaturated, slips
from rnnsheet.classroom.references import qualified, references
from rnnsheet.cli import app
from rnnsheet.network import Layer, Model
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read


def command(arguments: list[str], status: int = 0) -> str:
    """What a command prints, in this process."""
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == status, ended.output
    return ended.output


def fails(arguments: list[str]) -> str:
    """The one line that a user's mistake gets."""
    told = command(arguments, 2)
    assert told.count("\n") == 1, told
    return told


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """An exercise of hello for three students, one with a Chinese name."""
    folder = tmp_path_factory.mktemp("class")
    roster = folder / "roster.csv"
    roster.write_text("学号,姓名\n17,王小明\n18,=cmd()\n19,Zoë\n", "gb18030")
    with pytest.MonkeyPatch.context() as patched:
        # One secret for ever: with some, six digits of an answer are by chance those of another number.
        patched.setattr(key.secrets, "token_bytes", lambda size: bytes(range(size)))
        done = handing_out.exercise("hello", folder / "out", tables.roster(roster), Settings())
    return done, key.load(done.key)


@pytest.fixture(scope="module")
def prepared(handed):
    return Exercise(handed[1])


def contents(path: Path):
    return read(opened(path))


def recalculated(name: str, path: Path):
    if not ENGINES[name].installed():
        pytest.skip(f"{name} is not installed")
    with recalculations([ENGINES[name]], contents(path)) as running:
        return running[name].values()


def answers(prepared: Exercise, code: str) -> list[float]:
    trace = engine.run(prepared.lesson(code))
    return [blank.answer(trace) for blank in prepared.blanks.all]


def test_each_student_has_a_workbook_with_numbers_of_their_own(handed, prepared):
    done, made = handed
    assert list(done.books) == ["17", "18", "19"]
    lessons = [prepared.lesson(made.code(student)) for student in done.books]
    weights = {str(lesson.model.parameters["Wxh"].tolist()) for lesson in lessons}
    assert len(weights) == 3
    for student, file in done.books.items():
        book = contents(file)
        lesson = prepared.lesson(made.code(student))
        given = prepared.given(plan(lesson, "en"))
        assert book.value(prepared.first, CODE, TOLD) == made.code(student) == file.stem
        assert book.value(prepared.first, SEAL, TOLD) == prepared.seal(made.code(student), given)


def test_the_blanks_alone_are_empty_and_not_locked(handed, prepared):
    from openpyxl import load_workbook

    file = next(iter(handed[0].books.values()))
    book, open_cells = load_workbook(file), set()
    # No sheet can be renamed or taken away, either.
    assert book.security.lockStructure
    for sheet in book.worksheets:
        assert sheet.protection.sheet
        open_cells |= {
            f"{sheet.title}!{c.coordinate}" for row in sheet for c in row if not c.protection.locked
        }
    assert open_cells == {blank.place for blank in prepared.blanks.all}
    assert {blank.name for blank in prepared.blanks.all} == {"h", "p", "dWxh"}
    assert all(book[sheet][cell].value is None for sheet, cell in (each.split("!") for each in open_cells))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ironcalc", "libreoffice"])
def test_no_answer_can_be_found_in_the_file_nor_by_recalculating_it(handed, prepared, name):
    code, file = handed[1].code("17"), handed[0].books["17"]
    wanted = [value for value in answers(prepared, code) if value]
    # Six digits, rounded as they are shown and cut as they stand in a longer number.
    texts = {f"{abs(value):.6g}" for value in wanted} | {f"{abs(value):.12f}"[:8] for value in wanted}
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part).decode() for part in archive.namelist()}
    assert [part for part, text in parts.items() if any(each in text for each in texts)] == []
    found = recalculated(name, file)
    numbers = [v for sheet in found.sheets.values() for v in sheet.values() if isinstance(v, float) and v]
    given = {value for array in prepared.lesson(code).model.parameters.values() for value in array.ravel()}
    assert not [n for n in numbers if n not in given and any(abs(n - value) < 1e-6 for value in wanted)]


def test_whoever_fills_in_the_formulas_has_the_answers(handed, prepared, tmp_path):
    code = handed[1].code("17")
    file = handing_out.solve(code, handed[0].key, tmp_path / "solved.xlsx")
    found = recalculated("ironcalc", file)
    for blank, right in zip(prepared.blanks.all, answers(prepared, code), strict=True):
        assert found.sheets[blank.cell[0]][blank.cell[1]] == pytest.approx(right, abs=1e-12), blank.place


def test_nothing_in_a_book_tells_who_it_is_for(handed):
    for student, name in (("17", "王小明"), ("19", "Zoë")):
        with zipfile.ZipFile(handed[0].books[student]) as archive:
            text = "".join(archive.read(part).decode() for part in archive.namelist())
        assert name not in text


def test_the_key_is_for_its_owner_alone_and_holds_no_answer(handed, prepared):
    done, made = handed
    assert stat.S_IMODE(done.key.stat().st_mode) == 0o600
    text = done.key.read_text("utf-8")
    assert made.secret.hex() in text
    for code in map(made.code, done.books):
        assert code not in text
    assert "王小明" not in text


def test_the_teacher_learns_whose_code_is_whose_and_no_name_runs(handed):
    rows = tables.read(handed[0].key.parent / "roster-codes.csv")
    assert [row[1:3] for row in rows[1:]] == [["17", "王小明"], ["18", "'=cmd()"], ["19", "Zoë"]]
    again = tables.roster(handed[0].key.parent / "roster-codes.csv")
    assert again[1] == tables.Student("18", "=cmd()")


def test_typical_slips_show(handed, prepared):
    lesson = prepared.lesson(handed[1].code("18"))
    right = answers(prepared, handed[1].code("18"))
    made = list(slips(lesson.model))
    assert len(made) == 2
    for slip in made:
        wrong = engine.run(rnnsheet.Lesson(**{**vars(lesson), "model": slip}))
        moved = [abs(b.answer(wrong) - r) for b, r in zip(prepared.blanks.all, right, strict=True)]
        assert max(moved) > 0.02


def seen(block):
    """All of a block that is written; two formulas that read alike are two."""
    return replace(block, fills=()), list(map(list, block.formulas())) if block.fills else []


LARGE = ("caption", "long-memory", "translate")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in templates.names()]
)
def test_an_exercise_can_be_made_of_every_lesson(name):
    lesson = templates.load(name)
    prepared = handing_out.prepare(lesson, Settings(), None, Path("key.toml"))
    made, blanks = prepared.key, prepared.blanks
    assert blanks.names == tuple(made.rubric)
    weights = {each: (array + 1).tolist() for each, array in made.lesson.model.parameters.items()}
    own = Own(weights, made.lesson.word).of(made.lesson)
    # What is planned once for all is what would be planned for one.
    anew = {sheet.name: sheet for sheet in plan(own, "en").sheets} if name not in LARGE else {}
    for sheet in prepared.plan(own).sheets if anew else ():
        assert sheet.texts == anew[sheet.name].texts
        assert list(map(seen, sheet.blocks)) == list(map(seen, anew[sheet.name].blocks))
    book = prepared.book("AAAAA-AAAAA", made.lesson)
    cells = {(block.area.sheet, cell): block for block in book.blocks() for cell in block.area.cells()}
    for block in book.blocks():
        for text in {text for line in block.formulas() for text in line if text}:
            for area in references(text, block.area.sheet):
                assert area.sheet in {sheet.name for sheet in book.sheets}
    assert all(cells[blank.cell].style == "input" for blank in blanks.all)
    # There are no rules there that hide what comes after an equation.
    assert not any(block.name == "reveal" for block in book.blocks())
    filled_in = {blank.cell[0] for blank in blanks.all}
    told = [sheet.name for sheet in book.sheets for text in sheet.texts if "given, and locked" in text.text]
    assert told
    assert filled_in.isdisjoint(told)


def test_times_and_an_example_leave_cells_filled():
    lesson = templates.load("hello")
    lesson = replace(lesson, settings=replace(lesson.settings, epochs=1))
    planned, trace = plan(lesson, "en"), engine.run(lesson)
    every = Blanks(planned, lesson, trace, ("h",), (), False)
    some = Blanks(planned, lesson, trace, ("h",), (2, 3), True)
    assert len(every.all) == 12
    assert [blank.right + 1 for blank in some.all] == [3, 2, 3, 2, 3]


def test_references_of_a_formula():
    text = "SUM(H$24:K26)+'Gradient check'!$B$4*Inputs!C5&\"A1\""
    areas = [area.absolute for area in references(text, "Unrolled")]
    assert areas == ["Unrolled!$H$24:$K$26", "'Gradient check'!$B$4", "Inputs!$C$5"]
    moved = "SUM(Unrolled!H$24:K26)+'Gradient check'!$B$4*Inputs!C5&\"A1\""
    assert qualified(text, "Unrolled") == moved
    assert list(references("TANH(1)", "Unrolled")) == []
    assert next(references("A1", "S")) == Area("S", 1, 1)


def test_a_late_student_gets_a_book_of_the_same_exercise(handed, tmp_path):
    done, made = handed
    more = [tables.Student("17"), tables.Student("99")]
    late = handing_out.exercise("hello", tmp_path / "late", more, Settings(), done.key)
    assert late.books["17"].read_bytes() == done.books["17"].read_bytes()
    assert contents(late.books["99"]).value("Exercise", CODE, TOLD) == made.code("99")
    # They are on the list beside the key, too.
    codes = [made.code(student) for student in ("17", "18", "19", "99")]
    assert list(handing_out.listed_students(done.key.parent)) == codes
    assert list(handing_out.listed_students(late.folder / "teacher")) == [codes[0], codes[3]]


def test_what_is_handed_out_again_is_of_the_same_key(tmp_path):
    """A new one would leave all that was handed out before without marks."""
    folder, settings = tmp_path / "out", Settings(("h",))
    first = handing_out.exercise("hello", folder, [tables.Student("17")], settings)
    secret = first.key.read_bytes()
    handing_out.exercise("hello", folder, [tables.Student("99")], settings, force=True)
    assert first.key.read_bytes() == secret
    listed = tables.read(folder / "teacher" / "roster-codes.csv")
    assert [row[1] for row in listed] == ["id", "17", "99"]
    with pytest.raises(key.KeyFileError, match="another"):
        handing_out.exercise("hello", folder, [tables.Student("17")], Settings(("p",)), force=True)
    assert first.key.read_bytes() == secret


BAD = {
    "unknown blocks": (
        ["--blanks", "hh2", "--count", "1"],
        r"no block hh2; did you mean hh\? There are: letter",
    ),
    "no such time": (["--times", "1-9", "--count", "1"], "no time step 9; the lesson has 4"),
    "times as words": (["--times", "first", "--count", "1"], "time steps are first; expected such as 1-2"),
    "neither": ([], "either --roster"),
    "both": (["--roster", "ids.csv", "--count", "2"], "either --roster"),
    "nobody": (["--count", "0"], "--count is 0; expected a whole number from 1"),
    "no ids": (["--roster", "no-ids.csv"], "no-ids.csv: it has no column of ids"),
    "id twice": (["--roster", "twice.csv"], "twice.csv: row 3 has the id 7 again"),
    "rounded": (["--roster", "rounded.csv"], "row 2 has the id 2.02401E.11, of which Excel has cut digits"),
    "a workbook": (["--roster", "book.csv"], "save the table as CSV"),
    "no id": (["--roster", "empty.csv"], "empty.csv: row 3 has no id"),
    "no file": (["--roster", "none.csv"], "none.csv: there is no such file"),
    "mode": (["--count", "1", "--mode", "easy"], "--mode is easy; expected one of: graded"),
    "digits": (["--count", "1", "--digits", "0"], "digits is 0; expected a whole number from 1 to 9"),
    "no key": (["--count", "1", "--key", "ids.csv"], "ids.csv: "),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_told_in_a_line(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "ids.csv": "id\n7\n",
        "no-ids.csv": "name\nAnn\n",
        "twice.csv": "id\n7\n7\n",
        "rounded.csv": "学号\n2.02401E+11\n",
        "book.csv": "PK\3\4",
        "empty.csv": "id,name\n7,Ann\n,Ben\n",
    }.items():
        Path(name).write_text(text, "utf-8")
    options, message = BAD[case]
    told = fails(["exercise", "hello", "-o", "out", *options])
    assert re.search(message, told)
    assert not Path("out").exists()


def test_a_folder_that_exists_stays_as_it_is(tmp_path):
    (tmp_path / "out").mkdir()
    assert "the folder exists" in fails(["exercise", "hello", "-o", str(tmp_path / "out"), "--count", "1"])
    assert list((tmp_path / "out").iterdir()) == []


KEYS = {
    "damaged": ("secret = ", "secrets = ", "missing are secret"),
    "other version": ("layout = ", "layout = 9", "layout 9"),
    "short secret": ('secret = "', 'secret = "00', "expected 64 hexadecimal digits"),
    "rubric": ("[rubric.h]", "[rubric.hh]", "expected h, p, dWxh"),
    "a key of the rubric": (
        "points = ",
        "point = ",
        "did you mean rubric.h.points?",
    ),
    "points": ("points = 12.0", "points = -1", "points from 0"),
    "settings": ("digits = 3", "digit = 3", r"\[settings\] is not as expected"),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_cannot_be_is_told_in_a_line(case, handed, tmp_path):
    before, after, message = KEYS[case]
    file = tmp_path / "key.toml"
    file.write_text(handed[0].key.read_text("utf-8").replace(before, after, 1), "utf-8")
    told = fails(["solve", handed[1].code("17"), "--key", str(file), "-o", str(tmp_path / "solved.xlsx")])
    assert re.search(message, told) and str(file) in told


def test_a_code_and_a_key_are_needed_to_solve(handed, tmp_path):
    assert "expected --key" in fails(["solve", "AAAAA-AAAAA"])
    for nobody in ("../../x", "ABCDE-23456"):
        told = fails(["solve", nobody, "--key", str(handed[0].key)])
        assert f"roster-codes.csv: nobody has the code or id {nobody}" in told
    alone = tmp_path / "key.toml"
    alone.write_bytes(handed[0].key.read_bytes())
    assert "is no code" in fails(["solve", "../../x", "--key", str(alone)])


def test_a_student_s_id_or_code_is_enough_to_solve(handed, tmp_path):
    done, made = handed
    solved = [
        handing_out.solve(student, done.key, tmp_path / f"{number}.xlsx").read_bytes()
        for number, student in enumerate(("19", made.code("19"), made.code("19").lower()))
    ]
    assert solved[0] == solved[1] == solved[2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_roster_is_read_in_the_encodings_in_which_programs_save_it(tmp_path, encoding):
    (tmp_path / "r.csv").write_text("学号\t姓名\n001\t王小明\n", encoding)
    assert tables.roster(tmp_path / "r.csv") == [tables.Student("001", "王小明")]


ROSTERS = {
    "of Excel, which says its sign": "sep=;\nid;name\n7;Ann Li\n",
    "of a school, with a title": "成绩登记表,,\n,,\n班级：一班,,\n序号,学 号,姓 名\n1,7,Ann Li\n",
    "of Moodle": "First name,Last name,ID number,Email address\nAnn,Li,7,a@b\n",
    "with zeros kept": 'Student_ID,Name\n="7",Ann Li\n',
}


@pytest.mark.parametrize("form", ROSTERS)
def test_a_roster_is_read_in_the_forms_in_which_programs_save_it(tmp_path, form):
    (tmp_path / "r.csv").write_text(ROSTERS[form], "utf-8")
    assert tables.roster(tmp_path / "r.csv") == [tables.Student("7", "Ann Li")]


def test_the_command_says_what_it_wrote(tmp_path):
    options = ["-o", str(tmp_path / "out"), "--count", "2", "--blanks", "h", "--times", "1-2", "--json"]
    told = json.loads(command(["exercise", "hello", *options]))
    files = sorted((tmp_path / "out" / "students").iterdir())
    assert sorted(told["books"].values()) == sorted(map(str, files))
    code = files[0].stem
    assert "solved.xlsx" in command(
        ["solve", code, "--key", told["key"], "-o", str(tmp_path / "solved.xlsx")]
    )


USUAL = {
    "hello": ("h", "p", "dWxh"),
    "hello-lstm": ("h", "p", "dWxi"),
    "hello-gru": ("h", "p", "dWxr"),
    "long-memory": ("h_elman", "p_elman", "dWxh_elman"),
}


@pytest.mark.parametrize("name", USUAL)
def test_what_is_blank_without_a_word_goes_by_the_layer_s_kind(name):
    lesson = templates.load(name)
    assert usual(plan(lesson, "en"), lesson.model) == USUAL[name]


@pytest.mark.parametrize(("activation", "right"), [("tanh", False), ("relu", True)])
def test_a_layer_whose_activation_has_an_end_is_not_to_come_near_it(activation, right):
    """Also one that is no first layer, whose states are not called h."""
    layers = (Layer("dense"), Layer("elman", activation=activation), Layer("softmax"))
    names = {"Wa": (2, 4), "Wxh2": (2, 2), "Whh2": (1, 1), "Why": (4, 2)}
    parameters = {name: np.full(shape, 0.1 if name == "Wa" else 9.0) for name, shape in names.items()}
    lesson = rnnsheet.Lesson("two", Model(layers, parameters), "helo", "hello")
    trace = engine.run(lesson)
    assert set(trace.arrays) >= {"a", "h2"}
    assert _unsaturated(lesson.model, trace) == right
