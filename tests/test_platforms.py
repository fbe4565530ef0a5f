"""What Moodle, Canvas and Gradescope give and take back; names in any script; zips that may be hostile."""

import csv
import json
import unicodedata
import zipfile
from pathlib import Path

import pytest

import rnnsheet
from rnnsheet.classroom import handing_out, submissions, tables
from rnnsheet.classroom.key import Settings
from rnnsheet.classroom.submissions import Submission, is_other
from rnnsheet.errors import DataError
from rnnsheet.templates import load
from tests.students import Student
from tests.test_exercise import fails
from tests.test_grading import Inline

NAMES = {"1": "王小明", "2": "Zoë Ångström", "3": "=cmd()", "4": "Ann O'Neil"}


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """Students of an exercise with small blanks, its key, and a roster."""
    folder = tmp_path_factory.mktemp("exercise")
    exercise = handing_out.prepare(load("hello"), Settings(("h",), (1,)), None, Path("key.toml"))
    exercise.key.save(folder / "key.toml")
    tables.write(folder / "roster.csv", ("学号", "姓名"), NAMES.items())
    return folder, {number: Student(exercise, number) for number in NAMES}


def archive(path: Path, files: dict[str, bytes], flag: str = "utf-8") -> Path:
    """A zip; with names in another encoding than UTF-8 as old programs write it, without saying so."""
    with zipfile.ZipFile(path, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    if flag != "utf-8":
        text = path.read_bytes()
        for name in files:
            utf8, other = name.encode(), name.encode(flag)
            # Of the same length, so that no place in the archive moves.
            other += b"_" * (len(utf8) - len(other))
            text = text.replace(utf8, other)
        path.write_bytes(_without_flag(text))
    return path


def _without_flag(data: bytes) -> bytes:
    text = bytearray(data)
    for sign, place in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        start = text.find(sign)
        while start >= 0:
            text[start + place] &= ~8 & 0xFF
            start = text.find(sign, start + 4)
    return bytes(text)


MOODLE = {
    "folders": "{name}_{number}_assignsubmission_file/{code}.xlsx",
    "before 4.1": "{name}_{number}_assignsubmission_file_/{code}.xlsx",
    "flat": "{name}_{number}_assignsubmission_file_{code}.xlsx",
    "group": "Group A-{name}_{number}_assignsubmission_file/{code}.xlsx",
    "blind": "Participant_{number}_assignsubmission_file/{code}.xlsx",
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("kind", MOODLE)
def test_moodle_zips_of_every_kind_are_read(kind, form, group, tmp_path):
    _, students = group
    names = {
        MOODLE[kind].format(name=NAMES[number], number=1000 + int(number), code=each.code): number
        for number, each in students.items()
    }
    zipped = archive(tmp_path / "all.zip", {unicodedata.normalize(form, name): b"" for name in names})
    found = submissions.found([zipped], tmp_path / "out")
    assert [each.number for each in found] == [str(1000 + int(number)) for number in names.values()]
    assert {each.platform for each in found} == {"moodle"}
    told = {"blind": [""] * 4, "group": [f"Group A-{name}" for name in NAMES.values()]}
    assert [each.student for each in found] == told.get(kind, list(NAMES.values()))


def test_names_of_old_zips_from_chinese_windows_are_read(tmp_path):
    zipped = archive(tmp_path / "old.zip", {"王小明_77_assignsubmission_file/A.xlsx": b"x"}, "gbk")
    (found,) = submissions.found([zipped], tmp_path / "out")
    assert found.student == "王小明" and found.number == "77"
    assert found.read() == b"x"


def test_zips_in_folders_and_zips_are_opened_and_a_bad_one_stops_nothing(group, tmp_path):
    """As whole groups are downloaded, and as students pack their homework."""
    folder, students = group
    place, (one, *others) = tmp_path / "returned", students.values()
    place.mkdir()
    packed = archive(tmp_path / "x.zip", {f"李雷/{one.code}.xlsx": one.book({}), "__MACOSX/._x": b"x"})
    deep = archive(tmp_path / "y.zip", {"z.zip": archive(tmp_path / "z.zip", {"a.zip": b""}).read_bytes()})
    names = [f"王小明_{n}_assignsubmission_file_/homework.zip" for n in range(3)]
    inner = (packed.read_bytes(), deep.read_bytes(), b"PK nothing")
    archive(place / "Group A.zip", dict(zip(names, inner, strict=True)))
    # Some browsers call a workbook so.
    (place / f"{others[0].code}.zip").write_bytes(others[0].book({}))
    out = place / "marks"
    out.mkdir()
    (out / "x.xlsx").write_bytes(b"of an earlier run")
    found = rnnsheet.grade(
        place, folder / "key.toml", out, force=True, platform="moodle", executor=Inline(), language="zh"
    )
    assert {mark.code for mark in found.marks} == {one.code, others[0].code}
    assert {mark.submission.number for mark in found.marks} == {"0", ""}
    reasons = [reason.text("en") for _, reason in found.refused]
    told = ("a zip in a zip in a zip", "not a zip that can be read")
    assert [wanted in reason for wanted, reason in zip(told, reasons, strict=True)] == [True] * 2
    with zipfile.ZipFile(out / "feedback.zip") as feedback:
        assert "王小明_0_assignsubmission_file_/feedback.xlsx" in feedback.namelist()
    # A second run, in which all can be read.
    rnnsheet.grade(packed, folder / "key.toml", out, force=True, executor=Inline())
    assert tables.read(out / "not-marked.csv") == [["file", "reason"]]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_in_a_zip_are_two(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as made:
        for data in (b"one", b"two"):
            made.writestr("a.xlsx", data)
    assert [each.read() for each in submissions.found([tmp_path / "all.zip"], tmp_path / "out")] == [
        b"one",
        b"two",
    ]


def test_canvas_names_are_read():
    names = ["wangxiaoming_1234_99_a.xlsx", "oneilann_LATE_77_98_a-1.xlsx", "anon_a1B2c_97_a.xlsx"]
    found = [Submission(Path(), name=name) for name in names]
    assert [each.number for each in found] == ["1234", "77", "a1B2c"]
    assert [each.student for each in found] == ["wangxiaoming", "oneilann", ""]
    assert {each.platform for each in found} == {"canvas"}


def test_who_is_someone_else():
    assert not is_other("oneilann", "Ann O'Neil")
    assert not is_other(unicodedata.normalize("NFD", "zoëångström"), "Ångström, Zoë")
    assert is_other("王小明", "王小红")
    assert not is_other("Group A-王小明", "王小明")
    assert not is_other("Anne-Marie Li", "Anne-Marie Li")
    assert not is_other("", "王小明")
    assert not is_other("wangxiaoming", "王小明")
    assert not is_other("王小明", "王小明 Wang Xiaoming")
    assert not is_other("liannmarie", "Ann Li") and not is_other("Ann Li", "Ann M. Li")
    assert not is_other("zoeangstrom", "Zoë Ångström")
    assert is_other("liann", "Wang Ann") and is_other("Group A-王小明", "王小红") and is_other("-", "Ann")


def test_moodle_gets_its_own_worksheet_back_filled_in(group, tmp_path):
    """In the site's language: the columns are found by what stands in them. No other cell is changed."""
    folder, students = group
    books = {"1": students["1"].formulas, "2": {}, "4": students["4"].formulas}
    zipped = archive(
        tmp_path / "all.zip",
        {
            MOODLE["folders"].format(
                name=NAMES[number], number=1000 + int(number), code=students[number].code
            ): students[number].book(entries)
            for number, entries in books.items()
        },
    )
    sheet = tmp_path / "成绩.csv"
    header = [
        "编号",
        "全名",
        "状态",
        "成绩",
        "最高分",
        "成绩可以更改",
        "最后修改（提交）",
        "最后修改（成绩）",
        "反馈评语",
    ]
    rows = [
        [f"参与者 {1000 + int(n)}", name, "已提交", "", "100.00", "是", "今天", "-", ""]
        for n, name in NAMES.items()
    ]
    tables.write(sheet, header, rows)
    rnnsheet.grade(
        zipped,
        folder / "key.toml",
        tmp_path / "out",
        roster=folder / "roster.csv",
        worksheet=sheet,
        language="zh",
        executor=Inline(),
    )
    filled = tables.read(tmp_path / "out" / "moodle-成绩.csv")
    assert filled[0] == header
    assert [row[3] for row in filled[1:]] == ["100.00", "0.00", "", "100.00"]
    assert filled[1][8].startswith("3 / 3 分")
    assert [row[:3] + row[4:8] for row in filled[1:]] == [
        [tables.harmless(v) for v in row[:3] + row[4:8]] for row in rows
    ]
    marks = tables.read(tmp_path / "out" / "marks.csv")
    # Last who has handed in nothing.
    assert [row[2] for row in marks[1:]] == ["王小明", "Zoë Ångström", "Ann O'Neil", "'=cmd()"]
    assert [row[-1] for row in marks[1:]] == ["", "", "", ""]


def test_canvas_gets_its_gradebook_back_with_the_number_of_the_assignment(group, tmp_path):
    folder, students = group
    names = {"1": "wangxiaoming_11_9_{}.xlsx", "2": "angstromzoe_LATE_12_8_{}.xlsx"}
    zipped = archive(
        tmp_path / "submissions.zip",
        {name.format(students[n].code): students[n].book(students[n].formulas) for n, name in names.items()},
    )
    sheet = tmp_path / "gradebook.csv"
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "RNN (4711)", "Current Score"]
    rows = [
        ["    Points Possible", "", "", "", "", "12.0", "(read only)"],
        ["王小明", "11", "", "w", "A", "", "7"],
        ["Zoë Ångström", "12", "", "z", "A", "", "8"],
        ["Ann O'Neil", "13", "", "a", "A", "5", "9"],
    ]
    tables.write(sheet, header, rows)
    rnnsheet.grade(zipped, folder / "key.toml", tmp_path / "out", worksheet=sheet, executor=Inline())
    filled = tables.read(tmp_path / "out" / "canvas-gradebook.csv")
    assert filled[0] == header[:6]
    assert [row[5] for row in filled[1:]] == ["12.0", "12.00", "12.00", "5"]


def test_gradescope_gets_its_results(group, tmp_path):
    folder, students = group
    file = tmp_path / f"{students['1'].code}.xlsx"
    file.write_bytes(students["1"].book(students["1"].formulas))
    rnnsheet.grade(file, folder / "key.toml", tmp_path / "out", platform="gradescope", executor=Inline())
    (result,) = [json.loads(each.read_text("utf-8")) for each in (tmp_path / "out" / "gradescope").iterdir()]
    assert (result["score"], result["visibility"]) == (3.0, "visible")
    (test,) = result["tests"]
    assert test == {
        "name": "h",
        "number": "1",
        "score": 3.0,
        "max_score": 3.0,
        "output": "3 of 3 right",
        "visibility": "visible",
    }


def test_of_two_files_of_a_student_none_is_lost_and_the_better_counts(group, tmp_path):
    folder, students = group
    own, books = students["1"], [students["1"].formulas, {}]
    files = {f"王小明_1001_assignsubmission_file/{n}.xlsx": own.book(each) for n, each in enumerate(books)}
    sheet = tmp_path / "m.csv"
    tables.write(
        sheet, ("编号", "全名", "成绩", "最高分", "反馈评语"), [("参与者1001", "王小明", "", "3.00", "")]
    )
    given = {"roster": folder / "roster.csv", "executor": Inline()}
    zipped, place = archive(tmp_path / "all.zip", files), tmp_path / "out"
    found = rnnsheet.grade(zipped, folder / "key.toml", place, worksheet=sheet, **given)
    assert [[flag.name for flag in mark.flags] for mark in found.marks] == [["same_code"]] * 2
    assert tables.read(place / "moodle-m.csv")[1][2] == "3.00"
    with zipfile.ZipFile(place / "feedback.zip") as feedback:
        assert len(set(feedback.namelist())) == 2
    rnnsheet.grade(zipped, folder / "key.toml", place, platform="gradescope", force=True, **given)
    scores = [json.loads(each.read_text("utf-8"))["score"] for each in (place / "gradescope").iterdir()]
    assert sorted(scores) == [0.0, 3.0]


def test_nothing_in_a_table_can_run(tmp_path):
    values = ["=1+1", "+1", "-x", "@x", "\t=1", " =1", "＝1+1", "\n=1", "a=1", -0.5, "王", "-"]
    tables.write(tmp_path / "t.csv", ("v",), [[value] for value in values])
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row[0] for row in csv.reader(file)][1:]
    assert [row for row in rows if row.lstrip()[:1] in tuple("=+-@＝")] == ["-0.5", "-"]
    assert [tables.plain(row) for row in rows[:4]] == values[:4]


def bomb(path: Path) -> Path:
    """A zip that says that it unpacks to more than anyone hands in."""
    archive(path, {f"{number}.xlsx": b"" for number in range(5)})
    text = bytearray(path.read_bytes())
    start = text.find(b"PK\1\2")
    while start >= 0:
        text[start + 24 : start + 28] = (512 << 20).to_bytes(4, "little")
        start = text.find(b"PK\1\2", start + 4)
    path.write_bytes(text)
    return path


HOSTILE = {
    "leads out": (lambda path: archive(path, {"../../x.xlsx": b""}), "x.xlsx, which would lead out"),
    "absolute": (lambda path: archive(path, {"/etc/x.xlsx": b""}), "lead out"),
    "many": (
        lambda path: archive(path, {f"{n}.xlsx": b"" for n in range(10_000)}),
        "10000 files; at most 5000",
    ),
    "bomb": (bomb, "2560 MB; at most 2048 MB"),
    "damaged": (
        lambda path: (path.write_bytes(b"PK\3\4" + bytes(99)), path)[1],
        "not a zip that can be read",
    ),
    "empty": (lambda path: archive(path, {"__MACOSX/x.xlsx": b"", ".DS_Store": b""}), "no file to mark"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_zip_is_refused_in_a_line(case, group, tmp_path):
    make, message = HOSTILE[case]
    zipped = make(tmp_path / "all.zip")
    out = tmp_path / "out"
    told = fails(["grade", str(zipped), "--key", str(group[0] / "key.toml"), "-o", str(out)])
    assert message in told
    assert not out.exists()


BAD = {
    "platform": (["--platform", "blackboard"], "--platform is blackboard; expected one of: moodle, canvas"),
    "tolerance": (["--tolerance", "0"], "the tolerance is 0"),
    "jobs": (["-j", "0"], "-j is 0"),
    "roster": (["--roster", "none.csv"], "none.csv: there is no such file"),
    "worksheet": (["--platform", "moodle", "--worksheet", "sheet.csv"], "not the platform's table of marks"),
    "whose worksheet": (["--worksheet", "sheet.csv"], "say which with --platform"),
    "no key": (["--key", "sheet.csv"], "sheet.csv: "),
    "folder": (["-o", "."], "the folder exists"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_told_in_a_line(case, group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("sheet.csv").write_text("a,b\n1,2\n", "utf-8")
    Path("x.xlsx").write_bytes(b"")
    options, message = BAD[case]
    told = fails(["grade", "x.xlsx", "--key", str(group[0] / "key.toml"), "-o", "out", *options])
    assert message in told
    assert not Path("out").exists()


def test_no_submission_is_a_mistake_of_the_teacher(group, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        submissions.found([tmp_path / "nothing"], tmp_path / "out")
