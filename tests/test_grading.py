"""Marking: every kind of mistake is found for what it is, and no honest student is suspected."""

import os
import random
import shutil
import subprocess
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import rnnsheet
from rnnsheet.checking.recalculate import Values
from rnnsheet.classroom import evaluation, handing_out, tables
from rnnsheet.classroom.evaluation import Answer, Evaluation, Refused, evaluate, is_near
from rnnsheet.classroom.key import Rule, Settings
from rnnsheet.classroom.marks import FOLLOWS, RIGHT, WRONG, Mark, Scheme, marked
from rnnsheet.classroom.platforms import comment
from rnnsheet.classroom.submissions import Submission
from rnnsheet.labels import labels
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.templates import load
from rnnsheet.workbook.copy import copied
from rnnsheet.workbook.worksheet import CellError
from tests import students
from tests.conftest import INSTALL
from tests.students import GOOD, KINDS, TOLERANCE, Planted, Student
from tests.test_exercise import command


@pytest.fixture(scope="module")
def exercise():
    made = handing_out.prepare(load("hello"), Settings(), None, Path("key.toml"))
    return students.always_the_same(made)


@pytest.fixture(scope="module")
def scheme(exercise):
    return Scheme(exercise.blanks, exercise.key.rubric, TOLERANCE)


@pytest.fixture(scope="module")
def group(exercise):
    return [Student(exercise, str(number)) for number in range(5)]


@pytest.fixture(scope="module")
def key_file(exercise, tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "key.toml"
    exercise.key.save(file)
    return file


def in_this_process(book) -> Values:
    """What IronCalc finds, without a process for each: for many students of our own."""
    import tempfile

    import ironcalc

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(copied(book))
        file.flush()
        model = ironcalc.load_from_xlsx(file.name, "en", "UTC", "en")
    model.evaluate()
    names = [sheet["name"] for sheet in model.get_worksheets_properties()]
    found = {name: {} for name in names}
    for sheet, row, col in model.get_all_cells():
        value = model.get_cell_value(sheet, row, col)
        if isinstance(value, str) and model.get_cell_type(sheet, row, col) == ironcalc.CellType.ErrorValue:
            value = CellError(value)
        if value is not None:
            found[names[sheet]][row * LAST_COLUMN + col - 1] = value
    return Values(found)


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(evaluation, "_recalculated", in_this_process)


def check_planted(mark: Mark, planted: Planted, what: str) -> None:
    places = [blank.place for blank in mark.scheme.blanks.all]
    found = dict(zip(places, mark.verdicts, strict=True))
    wanted = {RIGHT: {RIGHT}, WRONG: {WRONG}, GOOD: {RIGHT, FOLLOWS}, "empty": {"empty"}}
    off = {
        place: found[place]
        for place, verdict in planted.verdicts.items()
        if found[place] not in wanted[verdict]
    }
    assert off == {}, what
    assert tuple(flag.name for flag in mark.flags) == planted.flags, what


@pytest.mark.slow
def test_each_kind_of_mistake_is_found_for_what_it_is(exercise, scheme, group, fast):
    chance, secret = random.Random(1), exercise.key.dumped()
    planted = [(each, kind(each, group, chance), kind.__name__) for kind in KINDS for each in group[:2]]
    found = []
    for number, (student, plan, _) in enumerate(planted):
        evaluated = evaluate(secret, "x.xlsx", student.book(plan.entries), TOLERANCE)
        assert isinstance(evaluated, Evaluation), evaluated
        found.append((Submission(Path(), name=f"{number}/{student.code}.xlsx"), evaluated))
    rest = {each.code: list(each.rights.values()) for each in group}
    for mark, (_, plan, what) in zip(marked(found, scheme, rest), planted, strict=True):
        check_planted(mark, plan, what)


def marks_of(kind, exercise, scheme, group):
    student = group[0]
    plan = kind(student, group, random.Random(2))
    every = [(student, plan.entries), *((each, {}) for each in group[1:])]
    found = [
        (
            Submission(Path(), name=f"{s.code}.xlsx"),
            evaluate(exercise.key.dumped(), "x", s.book(e), TOLERANCE),
        )
        for s, e in every
    ]
    return marked(found, scheme)[0]


@pytest.mark.slow
def test_what_follows_counts_what_is_copied_or_zero_does_not(exercise, scheme, group, fast):
    marks = {kind: marks_of(kind, exercise, scheme, group).mark for kind in KINDS}
    assert marks[students.perfect] == marks[students.rounding] == 40
    assert marks[students.slips] == 37
    assert marks[students.systematic] == 28
    assert marks[students.zeros] <= 5
    assert marks[students.neighbour] <= 5


def one(student, entries, scheme, name="x.xlsx", rest=None, book=None):
    """The mark of one student in a class."""
    made = evaluate(student.exercise.key.dumped(), name, book or student.book(entries), TOLERANCE)
    return marked([(Submission(Path(), name=name), made)], scheme, rest)[0]


def of_block(mark, name):
    pairs = zip(mark.scheme.blanks.all, mark.verdicts, strict=True)
    return {verdict for blank, verdict in pairs if blank.name == name}


def test_no_answer_follows_that_wrong_ones_have_made_trivial(scheme, group, fast):
    """With states of 1 and -1 a gradient of tanh is 0: it is not marked for that."""
    student = group[0]
    states = {place: (-1.0) ** (n + n // 4) for n, place in enumerate(student.places("h"))}
    mark = one(student, {**states, **dict.fromkeys(student.places("dWxh"), 0)}, scheme)
    assert FOLLOWS not in mark.verdicts
    assert WRONG in of_block(mark, "dWxh")


@pytest.mark.parametrize("typed", [0.25, "=1/4"])
def test_what_repeats_itself_follows_once(typed, scheme, group, fast):
    """With states that are nearly 0 every label is as probable: one number for all of a softmax."""
    student = group[0]
    states = {place: 1e-5 * (n + 1) for n, place in enumerate(student.places("h"))}
    mark = one(student, {**states, **dict.fromkeys(student.places("p"), typed)}, scheme)
    assert mark.counts[FOLLOWS] == 1


def test_a_neighbour_s_block_is_told_where_the_rest_follows_from_it(scheme, group, fast):
    student, other = group[:2]
    taken = {place: other.rights[place] for place in student.places("h")}
    mark = one(student, {**student.formulas, **taken}, scheme, rest={other.code: list(other.rights.values())})
    assert [flag.name for flag in mark.flags] == ["neighbour"]
    assert of_block(mark, "h") == {WRONG} and FOLLOWS in of_block(mark, "p")


def test_nobody_is_suspected_where_answers_agree_by_chance(scheme, group):
    """One decimal is asked for: wrong answers are those of someone in a great class."""
    chance = random.Random(4)
    draw = [[chance.uniform(-1, 1) for _ in scheme.blanks.all] for _ in range(300)]
    answers = tuple(Answer("number", chance.uniform(-1, 1), right, None) for right in draw[0])
    rest = {str(number): rights for number, rights in enumerate(draw[1:])}
    wide = Scheme(scheme.blanks, scheme.rubric, 0.1)
    (mark,) = marked([(Submission(Path(), name="x"), Evaluation("own", answers))], wide, rest)
    assert mark.flags == ()


@pytest.mark.parametrize("name", ["homework-solution", "week3-final_{code}", "{code}-homew"])
def test_a_name_that_looks_like_a_code_is_nobody_s(name, scheme, group, fast):
    mark = one(group[0], {}, scheme, f"{name.format(code=group[0].code)}.xlsx")
    assert mark.flags == ()


def test_weights_that_are_texts_are_set_right_again(scheme, group, fast):
    """The seal is the same, and nothing computes with them."""
    student = group[0]
    book = students.with_texts_for_numbers(student.book(student.formulas), "Inputs")
    mark = one(student, {}, scheme, book=book)
    assert {flag.name for flag in mark.flags} == {"changed"}
    assert set(mark.verdicts) == {RIGHT}


def test_strict_marks_nothing_for_what_follows(exercise, group, fast):
    strict = Scheme(exercise.blanks, exercise.key.rubric, TOLERANCE, strict=True)
    mark = marks_of(students.systematic, exercise, strict, group)
    assert FOLLOWS not in mark.verdicts
    assert mark.mark < 10


def test_a_number_where_a_formula_is_asked_for_is_told(exercise, group, fast):
    rubric = {"h": Rule(3.0, 1.0, True), "p": Rule(10.0), "dWxh": Rule(0.0)}
    mark = marks_of(students.rounding, exercise, Scheme(exercise.blanks, rubric, TOLERANCE), group)
    assert mark.mark == 10
    typed = sum(blank.name == "h" for blank in exercise.blanks.all)
    assert [(flag.name, flag.evidence) for flag in mark.flags] == [("typed", {"count": typed})]
    assert f"{typed} typed where a formula was asked for" in comment(mark, labels("en"))


def test_what_is_computed_with_a_number_that_is_a_text_follows(scheme, group, fast):
    student = group[0]
    first = student.places("h")[0]
    mark = one(student, {**student.formulas, first: "０．９１"}, scheme)
    assert mark.counts[WRONG] == 1 and FOLLOWS in of_block(mark, "p")


def test_a_letter_of_full_width_is_that_letter():
    assert is_near("ｈ ", "h", TOLERANCE) and not is_near("H", "h", TOLERANCE)


@pytest.mark.parametrize(("typed", "verdict"), [("  ", "empty"), ("1e999", WRONG), ("1,2,3", WRONG)])
def test_a_text_that_is_no_number_is_none(typed, verdict, scheme, group, fast):
    mark = one(group[0], dict.fromkeys(group[0].rights, typed), scheme)
    assert set(mark.verdicts) == {verdict} and mark.flags == ()


def test_who_has_handed_in_nothing_is_told(handed_in, key_file, group, tmp_path):
    """By the list beside the key, where no roster is given; so is the file of one who has handed in none."""
    (tmp_path / "key.toml").write_bytes(key_file.read_bytes())
    rows = [(s.code, s.id, f"N{s.id}", "") for s in group]
    tables.write(tmp_path / "roster-codes.csv", ("code", "id", "name", "file"), rows)
    (tmp_path / f"{group[4].code}.xlsx").write_bytes(group[0].book({}))
    places = [handed_in, tmp_path / f"{group[4].code}.xlsx"]
    found = rnnsheet.grade(places, tmp_path / "key.toml", tmp_path / "marks", executor=Inline())
    assert [flag.name for flag in found.marks[-1].flags] == ["other_student"]
    assert found.marks[-1].student.name == "N0"
    handed = {mark.code for mark in found.marks}
    assert {code for code, _ in found.absent} == {each.code for each in group} - handed
    rows = tables.read(tmp_path / "marks" / "marks.csv")[1:]
    assert {row[0] for row in rows} >= {each.code for each in group}


def test_a_rubric_can_ask_for_formulas_and_weigh_what_follows(exercise, group, fast):
    rubric = {"h": Rule(3.0, 1.0, True), "p": Rule(10.0, 0.5), "dWxh": Rule(0.0)}
    scheme = Scheme(exercise.blanks, rubric, TOLERANCE)
    assert marks_of(students.perfect, exercise, scheme, group).mark == 13
    assert marks_of(students.rounding, exercise, scheme, group).mark == 10
    typed = marks_of(students.typed_formulas, exercise, scheme, group)
    assert typed.mark == 10
    mark = marks_of(students.systematic, exercise, scheme, group)
    of_p = [v for blank, v in zip(exercise.blanks.all, mark.verdicts, strict=True) if blank.name == "p"]
    shares = {RIGHT: 1.0, FOLLOWS: 0.5}
    assert mark.mark == pytest.approx(10 / 16 * sum(shares[verdict] for verdict in of_p))


class Inline(Executor):
    """Does everything at once, in this process."""

    def submit(self, function, /, *arguments, **options):
        done = Future()
        done.set_result(function(*arguments, **options))
        return done


@pytest.fixture(scope="module")
def handed_in(group, tmp_path_factory):
    """A folder with what eight students handed in, some of it not to be read."""
    folder, chance = tmp_path_factory.mktemp("handed-in"), random.Random(3)
    for student, kind in zip(group, (students.perfect, students.slips, students.systematic), strict=False):
        plan = kind(student, group, chance)
        (folder / f"{student.code}.xlsx").write_bytes(student.book(plan.entries))
    (folder / f"{group[3].code}.xlsx").write_bytes(group[0].book(group[0].formulas))
    (folder / "damaged.xlsx").write_bytes(group[4].book({})[:-300])
    (folder / "essay.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / "hello.xlsx").write_bytes(rnnsheet.export("hello", folder / "x.xlsx", epochs=1).read_bytes())
    (folder / "x.xlsx").unlink()
    return folder


@pytest.fixture(scope="module")
def graded(handed_in, key_file, tmp_path_factory):
    """The same by one process, threads, and processes of its own."""
    folder = tmp_path_factory.mktemp("marks")
    with ThreadPoolExecutor(2) as threads:
        executors = {"inline": Inline(), "threads": threads, "own": None}
        return {
            name: rnnsheet.grade(handed_in, key_file, folder / name, executor=executor, jobs=2)
            for name, executor in executors.items()
        }


def test_whatever_computes_them_the_marks_are_the_same(graded):
    inline = graded["inline"]
    assert [mark.mark for mark in inline.marks if not mark.flags] == [40, 37, 28] or len(inline.marks) == 4
    for name in ("threads", "own"):
        assert graded[name].as_dict()["marks"] == inline.as_dict()["marks"]
        for table in ("marks.csv", "cells.csv", "not-marked.csv"):
            assert (graded[name].folder / table).read_bytes() == (inline.folder / table).read_bytes()


@pytest.mark.slow
def test_a_cluster_gives_the_same_marks_as_one_process(handed_in, key_file, graded, tmp_path):
    """Dask's local cluster: processes that know each other by network alone, as on many machines."""
    distributed = pytest.importorskip("distributed", reason=f"distributed {INSTALL}")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        found = rnnsheet.grade(handed_in, key_file, tmp_path / "out", executor=executor)
    assert found.as_dict()["marks"] == graded["inline"].as_dict()["marks"]
    for table in ("marks.csv", "cells.csv", "not-marked.csv"):
        assert (found.folder / table).read_bytes() == (graded["inline"].folder / table).read_bytes()


def test_a_file_of_another_student_is_told(graded, group):
    (copy,) = [mark for mark in graded["own"].marks if mark.submission.name == f"{group[3].code}.xlsx"]
    # Without a roster nobody knows whose code the name tells.
    assert (copy.code, [flag.name for flag in copy.flags]) == (group[0].code, ["same_code"])
    assert sum(bool(mark.flags) for mark in graded["own"].marks) == 1


def test_what_cannot_be_marked_is_listed_and_stops_nothing(graded):
    reasons = {submission.name: reason.text("en") for submission, reason in graded["own"].refused}
    assert reasons.keys() == {"damaged.xlsx", "essay.pdf", "hello.xlsx"}
    assert "PDF" in reasons["essay.pdf"]
    assert "sheet Exercise" in reasons["hello.xlsx"]
    assert len(graded["own"].marks) == 4


def test_the_command_ends_with_1_where_a_file_could_not_be_marked(handed_in, key_file, tmp_path):
    told = command(["grade", str(handed_in), "--key", str(key_file), "-o", str(tmp_path / "out")], 1)
    assert told.startswith("4 marked, 1 of them flagged")
    assert told.count("not marked: ") == 3


def test_a_file_of_another_exercise_is_told(exercise, group, key_file, tmp_path):
    other = handing_out.prepare(load("hello"), Settings(), None, tmp_path)
    stranger = Student(other, "1")
    found = evaluate(exercise.key.dumped(), "x.xlsx", stranger.book(stranger.formulas), TOLERANCE)
    assert isinstance(found, Refused)
    assert found.key == "other_exercise"


def test_a_changed_code_is_told(exercise, scheme, group, fast):
    one, other = group[:2]
    book = one.book({**one.formulas, "Exercise!B5": other.code})
    found = evaluate(exercise.key.dumped(), "x.xlsx", book, TOLERANCE)
    assert isinstance(found, Evaluation)
    assert not found.sealed and found.count > 10
    (mark,) = marked([(Submission(Path(), name="x.xlsx"), found)], scheme)
    assert [flag.name for flag in mark.flags] == ["changed"]


def test_the_formula_beside_a_blank_cannot_be_found_by_a_student(exercise, group):
    """It stands on a sheet with a name that is new each time."""
    submitted = [evaluation._Submitted(exercise, "x", group[0].book({})) for _ in range(2)]
    assert submitted[0]._beside != submitted[1]._beside


SAVED_BY = {
    "LibreOffice": ("soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"),
    "Gnumeric": ("ssconvert",),
}


def saved(program: str, books: list[bytes], folder: Path) -> list[bytes]:
    """The books as a program saves them; as they are, and told, where it is not installed."""
    name, *options = SAVED_BY[program]
    if not shutil.which(name):
        print(f"{program} is not installed: what it saves is not tried")
        return books
    files, out = [folder / f"{program}-{number}.xlsx" for number in range(len(books))], folder / program
    out.mkdir()
    for file, book in zip(files, books, strict=True):
        file.write_bytes(book)
    home = f"-env:UserInstallation=file://{folder}/home"
    ways = [[name, home, *options, str(out), *map(str, files)]]
    if program == "Gnumeric":
        ways = [[name, str(file), str(out / file.name)] for file in files]
    for way in ways:
        subprocess.run(way, check=True, capture_output=True, timeout=240)
    return [(out / file.name).read_bytes() for file in files]


CLASS = int(os.environ.get("RNNSHEET_CLASS", "80"))
"""How many simulated students there are; 1,000 take some minutes."""


@pytest.mark.slow
def test_a_whole_class_is_marked_as_it_should_be(exercise, scheme, tmp_path, fast):
    """Every kind of mistake, whole files of others, what programs saved and what is damaged, in one class; 40
    have workbooks of their own."""
    chance, secret = random.Random(5), exercise.key.dumped()
    every = [Student(exercise, f"student {number}") for number in range(40)]
    planted: list[tuple[str, Student, Planted]] = []
    for number in range(CLASS):
        student = every[number % len(every)]
        if number % 20 == 19:
            # The whole file of another one, handed in under the own name.
            other = every[(number + 7) % len(every)]
            plan = students.perfect(other, every, chance)
            planted.append((student.code, other, Planted(plan.entries, plan.verdicts, ("other_student",))))
        else:
            planted.append((student.code, student, KINDS[number % len(KINDS)](student, every, chance)))
    books = [student.book(plan.entries) for _, student, plan in planted]
    for first, program in ((3, "LibreOffice"), (23, "Gnumeric")):
        books[first::40] = saved(program, books[first::40], tmp_path)
    books[33::40] = [book[:-300] for book in books[33::40]]
    with ProcessPoolExecutor(2) as pool:
        begun = [pool.submit(evaluate, secret, "x.xlsx", book, TOLERANCE) for book in books]
        results = [each.result() for each in begun]
    damaged = [number for number, result in enumerate(results) if isinstance(result, Refused)]
    assert damaged == list(range(CLASS))[33::40]
    found = [
        (Submission(Path(), name=f"{number}/{planted[number][0]}.xlsx"), result)
        for number, result in enumerate(results)
        if isinstance(result, Evaluation)
    ]
    marks = marked(found, scheme, {each.code: list(each.rights.values()) for each in every})
    for mark in marks:
        number = int(mark.submission.name.partition("/")[0])
        check_planted(mark, planted[number][2], mark.submission.name)
    flagged = Counter(flag.name for mark in marks for flag in mark.flags)
    assert flagged["other_student"] == CLASS // 20
