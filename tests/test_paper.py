"""Exercises on paper: numbers for the head, one page each, and solutions that plain arithmetic confirms."""

import html.parser
import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rnnsheet.classroom import handing_out, key, tables
from rnnsheet.classroom.book import Exercise
from rnnsheet.classroom.evaluation import Evaluation, evaluate
from rnnsheet.classroom.key import PAPER, Settings
from rnnsheet.classroom.paper import shown
from rnnsheet.lesson import LessonData
from rnnsheet.templates import FOLDER, load
from tests import students
from tests.students import TOLERANCE, Student
from tests.test_exercise import command, fails


class Cells(html.parser.HTMLParser):
    """What stands in the table cells of each page, by their classes."""

    def __init__(self, text: str):
        super().__init__()
        self.pages: list[list[tuple[str, str]]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "section":
            self.pages.append([])
        self._inside = tag == "td"
        if self._inside:
            self.pages[-1].append((dict(attributes).get("class", ""), ""))

    def handle_data(self, data):
        if self._inside:
            kind, text = self.pages[-1][-1]
            self.pages[-1][-1] = kind, text + data

    def handle_endtag(self, tag):
        self._inside = False


def of(kind: str, page: list[tuple[str, str]]) -> list[str]:
    return [text for own, text in page if own == kind]


def by_hand(lesson: LessonData) -> list[str]:
    """Every answer from top to bottom as someone finds it with pencil and table, in plain loops."""
    given = {name: array.tolist() for name, array in lesson.model.parameters.items()}
    units, letters = range(len(given["Wxh"])), range(len(given["Why"]))

    def weight(name: str, row: int, col: int) -> float:
        rows = given.get(name, [[0.0]])
        return rows[row if len(rows) > 1 else 0][col if len(rows[0]) > 1 else 0]

    def activated(z: float) -> float:
        is_relu = lesson.model.layers[0].activation == "relu"
        return max(z, 0.0) if is_relu else round(math.tanh(round(z, 1)), 1)

    columns, h = [], [0.0 for _ in units]
    for letter in lesson.letters:
        own = lesson.vocabulary.index(letter)
        xh = [given["Wxh"][unit][own] for unit in units]
        if len(given["Whh"]) == 1 < len(units):
            hh = [given["Whh"][0][0] * h[unit] + weight("bh", unit, 0) for unit in units]
        else:
            hh = [sum(given["Whh"][u][v] * h[v] for v in units) + weight("bh", u, 0) for u in units]
        z = [xh[unit] + hh[unit] for unit in units]
        h = [activated(each) for each in z]
        y = [sum(given["Why"][r][u] * h[u] for u in units) + weight("by", r, 0) for r in letters]
        says = lesson.vocabulary[max(letters, key=lambda row: y[row])]
        columns.append([*xh, *hh, *z, *h, *y, says])
    return [shown(value) for line in zip(*columns, strict=True) for value in line]


CLASSES = {"by-hand": ("en", False), "hello": ("zh", True), "chinese-phrase": ("zh", False)}


@pytest.fixture(scope="module", params=CLASSES)
def printed(request, tmp_path_factory):
    """A class of three on paper: its folder, its exercise, and the codes."""
    language, words = CLASSES[request.param]
    folder = tmp_path_factory.mktemp("paper") / "out"
    roster = [tables.Student("17", "王小明"), tables.Student("18", "<Zoë>"), tables.Student("19")]
    settings = Settings(mode=PAPER, language=language, words=words)
    done = handing_out.exercise(request.param, folder, roster, settings)
    made = key.load(done.key)
    return folder, Exercise(made), [made.code(student.id) for student in roster]


def pages(folder: Path, name: str) -> list[list[tuple[str, str]]]:
    return Cells((folder / name).read_text("utf-8")).pages


def test_solutions_are_what_pencil_and_table_give(printed):
    folder, exercise, codes = printed
    found = pages(folder, "teacher/solutions.html")
    assert [of("blank", page) for page in found] == [by_hand(exercise.lesson(code)) for code in codes]


def test_a_students_page_has_boxes_and_a_code_and_tells_neither_answer_nor_name(printed):
    folder, exercise, codes = printed
    text = (folder / "students/exercise.html").read_text("utf-8")
    assert re.findall(r"<b>(.{11})</b>", text) == codes
    for page in pages(folder, "students/exercise.html"):
        assert set(of("blank", page)) == {""}
        assert len(of("blank", page)) == len(exercise.blanks.all)
    assert "王小明" not in text
    assert "18 &lt;Zoë&gt;" in (folder / "teacher/solutions.html").read_text("utf-8")


def test_the_numbers_are_for_the_head_and_everyone_has_others(printed):
    _, exercise, codes = printed
    lessons = [exercise.lesson(code) for code in codes]
    drawn = ({name: array.tolist() for name, array in each.model.parameters.items()} for each in lessons)
    assert len(set(map(str, drawn))) == 3
    for lesson in lessons:
        numbers = [float(text.replace("−", "-")) for text in by_hand(lesson) if text not in lesson.vocabulary]
        assert max(map(abs, numbers)) <= 12
        if lesson.model.layers[0].activation == "relu":
            assert all(number.is_integer() for number in numbers)
        for array in lesson.model.parameters.values():
            assert set(array.ravel()) <= {-2, -1, 0, 1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("size", ["A4", "letter"])
@pytest.mark.parametrize("printed", ["hello"], indirect=True)
def test_each_students_page_is_one_page_of_paper(size, printed, tmp_path):
    if not (browser := shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("Chromium is not installed")
    text = (printed[0] / "teacher/solutions.html").read_text("utf-8")
    (tmp_path / "in.html").write_text(text.replace("@page {", f"@page {{ size: {size};"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/home"]
    target = [f"--print-to-pdf={tmp_path}/out.pdf", f"file://{tmp_path}/in.html"]
    subprocess.run([browser, *options, *target], check=True, capture_output=True, timeout=120)
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "out.pdf").read_bytes())) == 3


def test_a_code_is_solved_and_an_example_and_times_stay(tmp_path):
    options = ["--count", "2", "--paper", "--example", "--times", "2-3", "--blanks", "h"]
    assert "2 pages to print" in command(["exercise", "by-hand", *options, "-o", str(tmp_path / "out")])
    students_page, _ = pages(tmp_path / "out", "students/exercise.html")
    # Two units at two times, but the first; what is on the way to them is to be filled in too.
    assert (len(of("blank", students_page)), len(of("way", students_page))) == (3, 4)
    made = key.load(tmp_path / "out/teacher/key.toml")
    target = tmp_path / "solved.html"
    command(["solve", made.code("1"), "--key", str(tmp_path / "out/teacher/key.toml"), "-o", str(target)])
    (solved,) = Cells(target.read_text("utf-8")).pages
    answers = by_hand(Exercise(made).lesson(made.code("1")))
    assert of("blank", solved) == [answers[20], answers[22], answers[23]]


BAD = {
    "lesson": (["hello-lstm", "--paper"], "at most 3 hidden units, 4 time steps and 4 letters"),
    "block": (["by-hand", "--paper", "--blanks", "p"], "on paper there are: xh, hh, z, h, y, predicted"),
    "mode": (["by-hand", "--paper", "--mode", "practice"], "either --paper or --mode practice"),
    "pages": (["by-hand", "--paper", "--count", "1001"], "at most 1000"),
    "numbers": (["small.toml", "--paper"], "no small whole numbers were found"),
    "begins": (["begins.toml", "--paper"], "from a state of 0"),
    "words": (["order", "--words"], "only the weights can differ"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_on_paper_is_told_in_a_line(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (FOLDER / "by-hand.toml").read_text("utf-8")
    # One unit and one step: relu cannot make 0 of something, and leave something.
    weights = "[weights]\nWxh = [[1, 1]]\nWhh = 1\nbh = 1\nWhy = [[1], [2]]\n"
    Path("small.toml").write_text(text.partition("[weights]")[0].replace('"abba"', '"ab"') + weights, "utf-8")
    Path("begins.toml").write_text(f"{text}h_0 = 1\n", "utf-8")
    options, message = BAD[case]
    count = [] if "--count" in options else ["--count", "2"]
    told = fails(["exercise", *options, *count, "-o", str(tmp_path / "out")])
    assert message in told
    assert not (tmp_path / "out").exists()


def test_people_mark_paper(printed, tmp_path):
    file = printed[0] / "teacher/key.toml"
    assert "which people mark" in fails(["grade", str(file), "--key", str(file), "-o", str(tmp_path / "out")])


def test_words_of_their_own_are_marked_as_the_rest():
    settings = Settings(("h", "predicted"), words=True)
    made = students.always_the_same(handing_out.prepare(load("hello"), settings, None, Path("key.toml")))
    one, other = Student(made, "1"), Student(made, "2")
    words = {student.lesson.word for student in (one, other)}
    assert len(words | {"hello"}) == 3 and {len(word) for word in words} == {5}
    found = evaluate(made.key.dumped(), "x.xlsx", one.book(one.formulas), TOLERANCE)
    assert isinstance(found, Evaluation)
    assert found.sealed and found.own.word == one.lesson.word
    assert [answer.own for answer in found.answers] == pytest.approx(list(one.rights.values()))
    easier = {**one.formulas, "Inputs!C4": other.lesson.word}
    found = evaluate(made.key.dumped(), "x.xlsx", one.book(easier), TOLERANCE)
    assert isinstance(found, Evaluation)
    assert found.places == ("Inputs!C4",)
