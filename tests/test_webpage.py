"""The live page: what it computes is what NumPy and a spreadsheet engine find, and it is one honest file."""

import json
import random
import re
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from shutil import which
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import engine, templates
from rnnsheet.checking import node
from rnnsheet.network import Model
from rnnsheet.sheet.plan import Block
from rnnsheet.webpage import document
from rnnsheet.webpage.book import Book, moved
from rnnsheet.webpage.document import FOLDER, SCRIPTS, TEXTS, Page
from rnnsheet.webpage.grammar import UnknownFormulaError, parsed
from rnnsheet.webpage.javascript import Compiler, Grid
from tests.imported_networks import forecaster, moods, speller
from tests.lessons import SMALL, lessons, networks
from tests.typist import Typist

needs_node = pytest.mark.skipif(not node.installed(), reason="Node is not installed")
NAMES = templates.names()


def small(lesson: rnnsheet.Lesson) -> rnnsheet.Lesson:
    """The lesson with room for a short training."""
    return replace(
        lesson, settings=replace(lesson.settings, epochs=SMALL.epochs, flow_steps=SMALL.flow_steps)
    )


def shown(page: Page) -> list[Block]:
    return [block for sheet in page.plan.sheets if not sheet.hidden for block in sheet.blocks]


def place(page: Page, block: Block, down: int = 0, right: int = 0) -> int:
    """Where a cell lies in the page's arrays."""
    start = 0
    for name, rows, cols in page.book.sheets:
        if name == block.area.sheet:
            return start + (block.area.row + down - 1) * cols + block.area.col + right - 1
        start += rows * cols
    raise AssertionError(block)


def differing(lesson: rnnsheet.Lesson, page: Page, values) -> list[str]:
    """The cells that are not what NumPy computes, beyond 1e-9 and what roundings may amount to."""
    trace, roundings = engine.complete(lesson), None
    wrong = []
    for block in shown(page):
        expected, found = block.expected(trace), values.of(block.area)
        for index, got in enumerate(found):
            down, right = divmod(index, block.area.cols)
            # An input may be empty.
            got, value = ("" if each is None else each for each in (got, expected[down][right]))
            if got == value and type(got) is not bool:
                continue
            both = isinstance(got, int | float) and isinstance(value, int | float)
            if both and abs(got - value) <= 1e-9 * max(1.0, abs(value)):
                continue
            roundings = engine.roundings(lesson) if roundings is None else roundings
            if both and block.trace in roundings:
                amounts = roundings[block.trace].T if block.transposed else roundings[block.trace]
                if abs(got - value) <= 1e-9 + amounts[down].ravel()[block.time - 1 + right]:
                    continue
            wrong.append(f"{block.area.sheet} {block.name}[{down},{right}]: {value!r}, not {got!r}")
    return wrong


@needs_node
@pytest.mark.parametrize("make", [moods, speller, forecaster], ids=lambda make: make.__name__)
def test_a_page_of_an_imported_network_is_right(make, tmp_path):
    file = rnnsheet.page(make(), tmp_path / "page.html", "en")
    report = rnnsheet.check(file)
    assert report.ok
    assert report.engine == "node"
    assert sum(block.cells for block in report.blocks) > 500
    other = tmp_path / "other.html"
    text = changed_data(
        file.read_text("utf-8"), lambda data: data["book"]["constants"][-1][4].__setitem__(0, 9)
    )
    other.write_text(text, "utf-8")
    assert not rnnsheet.check(other).ok


@pytest.mark.slow
def test_a_page_of_a_workbook_has_what_stands_in_it(tmp_path):
    for number, source in enumerate((replace(small(rnnsheet.load("hello")), word="olleh"), moods())):
        book = rnnsheet.export(source, tmp_path / f"{number}.xlsx", "en")
        pages = [
            rnnsheet.page(each, tmp_path / f"{number}{k}.html", "en") for k, each in enumerate((book, source))
        ]
        (first, second) = (data_of(each.read_text("utf-8")) for each in pages)
        assert first["book"] == second["book"]
        assert first["values"] == second["values"]


def test_a_model_too_large_for_a_page_is_refused_before_it_is_planned(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "MOST_CELLS", 50)
    with pytest.raises(rnnsheet.ModelError, match="at most 50"):
        rnnsheet.page(moods(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@needs_node
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(lessons(), networks()))
def test_every_cell_of_a_random_network_is_what_numpy_computes(lesson):
    page = Page(lesson, "en")
    (values,) = node.computed(page)
    assert differing(lesson, page, values) == []


def edits_of(page: Page, count: int) -> list[tuple[Block, int, int, str]]:
    """What someone may type: words, weights, a rate of 1, nothing, a text where a number belongs."""
    chance = random.Random(7)
    inputs = [block for block in shown(page) if block.entry]
    words = ["hello", "olleh", "", "héllo!", "not good", "1.5", "e"]
    numbers = ["0", "1", "-0.75", "2.5", "", "abc", "1e3", "0.1"]
    found = []
    for _ in range(count):
        block = chance.choice(inputs)
        down, right = chance.randrange(block.area.rows), chance.randrange(block.area.cols)
        texts = words if block.entry in ("word", "answer", "letter", "label", "weight") else numbers
        found.append((block, down, right, chance.choice(texts)))
    return found


def typed(text: str):
    """What a cell holds after that is typed, as the page has it."""
    return (float(text) if re.fullmatch(r"[-+]?\d+(\.\d*)?(e\d+)?", text) else text) if text else None


@needs_node
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in ("hello", "by-hand") else [pytest.mark.slow]) for name in NAMES],
)
def test_a_page_has_what_numpy_finds_and_after_any_edits_what_a_spreadsheet_engine_does(name, tmp_path):
    lesson = small(rnnsheet.load(name))
    page, typist = Page(lesson, "en"), Typist(rnnsheet.export(lesson, tmp_path / "book.xlsx", "en"))
    edits = edits_of(page, 200)
    rounds = [[], *(edits[start : start + 25] for start in range(0, len(edits), 25))]
    found = node.computed(
        page, [{place(page, *each[:3]): typed(each[3]) for each in some} for some in rounds]
    )
    assert differing(lesson, page, found[0]) == []
    wrong = []
    for some, values in zip(rounds, found, strict=True):
        for block, down, right, text in some:
            typist.type(block.area.part(down, right), text)
        for block in shown(page):
            if not block.fills:
                continue
            expected = [value for line in typist.values(block) for value in line]
            for k, (value, got) in enumerate(zip(expected, values.of(block.area), strict=True)):
                value, got = ("" if each is None else each for each in (value, got))
                if isinstance(value, int | float) and isinstance(got, int | float):
                    same = abs(value - got) <= 1e-9 * max(1.0, abs(value))
                else:
                    same = str(value) == str(got)
                if not same:
                    wrong.append(f"{block.area.sheet} {block.name} {k}: {value!r}, not {got!r}")
    assert wrong == []


def test_the_script_has_the_texts_that_it_says_and_no_others():
    script = "".join((FOLDER / name).read_text("utf-8") for name in SCRIPTS)
    said = set(re.findall(r'\btext\(\s*"(\w+)"', script))
    said |= {each for both in re.findall(r'text\([^()"]*\? "(\w+)" : "(\w+)"', script) for each in both}
    assert len(said) > 15
    assert said <= {*TEXTS}
    assert [key for key in TEXTS if not re.search(rf"\b{key}\b", script)] == []


def test_what_the_script_looks_for_stands_in_the_page(page_file):
    text = page_file.read_text("utf-8")
    script = "".join((FOLDER / name).read_text("utf-8") for name in SCRIPTS)
    known = set(re.findall(r"^\t(\w+)(?:,|:|\()", script[script.index("const ACTS") :], re.MULTILINE))
    done = set(re.findall(r'data-act="(\w+)"', text))
    assert len(done) > 10
    assert done <= known
    looked_for = set(re.findall(r'one\("([.#]\w+)"\)', script))
    assert len(looked_for) > 5
    missing = [each for each in looked_for if f'"{each[1:]}"' not in text and f"{each[1:]} " not in text]
    assert missing == []


def test_script_and_style_of_a_page_are_small():
    # What a person can read; a page of hello has three times as much of its own.
    assert sum(file.stat().st_size for file in (*FOLDER.glob("*.js"), *FOLDER.glob("*.css"))) <= 60_000


@pytest.mark.parametrize(
    "unknown", ["VLOOKUP(A1,B1:C2,2)", "A1^2", "A1:B2", "A1 B1", "A1)", "SUM(A1", '"open', "#REF!"]
)
def test_a_formula_that_a_page_cannot_compute_is_no_formula(unknown):
    with pytest.raises(UnknownFormulaError):
        Compiler({"S": Grid(-3, 2)}, "S", 3, 3).function(parsed(unknown))


def test_texts_of_a_lesson_never_become_markup(tmp_path):
    nasty = "</script><img src=x onerror=alert(1)> & \u2028 <!-- "
    lesson = replace(small(rnnsheet.load("hello")), title={"en": nasty, "zh": nasty}, about={"en": nasty})
    lesson = replace(
        lesson, notes={"h": {"en": nasty}}, vocabulary=("h", "<", "&", "é"), labels=(), word="h<&h"
    )
    text = rnnsheet.page(lesson, tmp_path / "page.html", "en").read_text("utf-8")
    assert not set(DATA.search(text)[0]) & set("<>&\u2028\u2029")
    assert nasty in data_of(text)["spoken"]["en"]
    assert text.count("<script") == 2
    assert "<img" not in text


def test_the_same_lesson_is_the_same_page(tmp_path):
    pages = [
        rnnsheet.page(small(rnnsheet.load("hello")), tmp_path / f"{n}.html", "en").read_bytes()
        for n in (1, 2)
    ]
    assert pages[0] == pages[1]
    assert len(pages[0]) < 400_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["caption", "long-memory", "sentiment", "translate"])
def test_the_largest_page_is_small_enough(name, tmp_path):
    assert rnnsheet.page(name, tmp_path / "page.html").stat().st_size < 2_000_000


def test_a_page_that_would_be_too_large_is_refused_before_it_is_written(tmp_path):
    with pytest.raises(rnnsheet.LessonError, match="150000"):
        rnnsheet.page("hello", tmp_path / "page.html", epochs=5000)
    wide = Model("elman", {"Wxh": np.ones((300, 4)), "Whh": np.ones((300, 300)), "Why": np.ones((4, 300))})
    with pytest.raises(rnnsheet.LessonError, match="at least"):
        # Before its plan is made, which would take minutes: a forged page may claim such a network.
        rnnsheet.page(replace(rnnsheet.load("hello"), model=wide, initial={}), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_takes_no_other_file_s_place(tmp_path):
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(rnnsheet.OutputError):
        rnnsheet.page("hello", tmp_path / "page.html")
    with pytest.raises(rnnsheet.OutputError):
        rnnsheet.page("hello", tmp_path / "page.xlsx")
    assert (tmp_path / "page.html").read_text() == "mine"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    return rnnsheet.page(small(rnnsheet.load("hello")), tmp_path_factory.mktemp("page") / "page.html", "en")


def test_the_lines_that_a_page_saves_are_its_lesson(page_file):
    data = data_of(page_file.read_text("utf-8"))
    saved = tomllib.loads("\n".join(data["saving"]["lines"]))
    assert {name: table for name, table in saved.items() if table} == data["lesson"]


@needs_node
def test_a_page_is_checked(page_file):
    report = rnnsheet.check(page_file)
    assert report.ok
    assert report.engine == "node"


DATA = re.compile(r'(?<=id="data">).*?(?=</script>)', re.DOTALL)


def data_of(text: str):
    """What a page carries."""
    return json.loads(DATA.search(text)[0])


def changed_data(text: str, change) -> str:
    """The page with other data, as a person with an editor would leave it."""
    data = data_of(text)
    change(data)
    return DATA.sub(lambda _: json.dumps(data).replace("<", "\\u003c"), text)


def changed(**entries):
    """Other entries of what a page carries."""
    return lambda text: changed_data(text, lambda data: data.update(entries))


def with_booleans(data) -> None:
    """What is 1 or 0 to Python, and no number to a browser."""
    texts = json.dumps(data["book"]["constants"])
    assert re.search(r"\b1(\.0)?\b", texts)
    data["book"]["constants"] = json.loads(re.sub(r"(?<=[\[ ])1(\.0)?(?=[,\]])", "true", texts))


@needs_node
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("Math.tanh(", "Math.sin(", 1), "page"),
        (lambda text: text.replace("--paper:", "--other:", 1), "page"),
        (lambda text: changed_data(text, lambda data: data["values"]["h"].__setitem__(0, 0.5)), "cached"),
        (lambda text: changed_data(text, lambda data: data["book"]["fills"].pop()), "page"),
        (changed(title={"en": "Other"}), "page"),
        (changed(values={}), "cached"),
        (lambda text: changed_data(text, lambda data: data["values"].update(other=[0])), "page"),
        (lambda text: changed_data(text, lambda data: data["values"]["h"].append(0)), "page"),
        (lambda text: changed_data(text, with_booleans), "page"),
    ],
)
def test_what_was_changed_in_a_page_is_found(page_file, tmp_path, change, reason):
    other = tmp_path / "other.html"
    other.write_text(change(page_file.read_text("utf-8")), "utf-8")
    report = rnnsheet.check(other)
    assert not report.ok
    assert reason in {block.first_failure.reason for block in report.blocks if block.first_failure}


def test_without_node_the_values_that_a_page_carries_are_compared(page_file, tmp_path, monkeypatch):
    monkeypatch.setattr(node, "installed", lambda: False)
    assert rnnsheet.check(page_file).ok
    assert rnnsheet.check(page_file).engine == ""
    other = tmp_path / "other.html"
    text = page_file.read_text("utf-8")
    other.write_text(changed_data(text, lambda data: data["values"]["p"].__setitem__(0, 0.5)), "utf-8")
    assert rnnsheet.check(other).failed == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda _: "<p>hello</p>", rnnsheet.WorkbookError),
        (changed(layout=1), rnnsheet.WorkbookError),
        (changed(language="xx"), rnnsheet.WorkbookError),
        (changed(values=[]), rnnsheet.WorkbookError),
        (changed(values={"h": [10**400]}), rnnsheet.WorkbookError),
        (changed(layout=10**400), rnnsheet.WorkbookError),
        (changed(lesson=[]), rnnsheet.WorkbookError),
        (changed(lesson={"data": {"word": 1}}), rnnsheet.LessonError),
        (
            lambda text: changed_data(text, lambda data: data["lesson"]["data"].pop("word")),
            rnnsheet.LessonError,
        ),
        (
            lambda text: changed_data(text, lambda data: data["lesson"]["settings"].update(epochs=10**6)),
            rnnsheet.LessonError,
        ),
    ],
)
def test_what_is_no_page_of_ours_is_refused_in_one_line(page_file, tmp_path, change, error):
    other = tmp_path / "other.html"
    other.write_text(change(page_file.read_text("utf-8")), "utf-8")
    with pytest.raises(error) as caught:
        rnnsheet.check(other)
    assert "other.html" in str(caught.value)


BROWSER = Path(__file__).parent / "browser"


def tool(name: str) -> str:
    path = BROWSER / "node_modules" / ".bin" / name
    if not path.exists() or not node.installed():
        pytest.skip(f"Node, or {name}, is not installed: npm ci --prefix tests/browser")
    return str(path)


@pytest.mark.slow
def test_the_script_has_the_types_that_it_says():
    ended = subprocess.run([tool("tsc"), "-p", str(BROWSER)], capture_output=True, text=True)
    assert ended.stdout == ""


def test_script_and_style_are_formatted():
    files = [*FOLDER.glob("*.js"), *FOLDER.glob("*.css")]
    command = [
        tool("prettier"),
        "--config",
        str(BROWSER / ".prettierrc"),
        "--list-different",
        *map(str, files),
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stdout == ""


CHROMIUM = which("chromium") or which("google-chrome")


def in_browser(test):
    """What a browser found, once for all of these."""
    return pytest.mark.slow(pytest.mark.xdist_group("browser")(test))


@pytest.fixture(scope="module")
def browsed(tmp_path_factory):
    """What a browser without a network finds, step by step as tests/browser/drive.cjs tells."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    tool("tsc")
    folder = tmp_path_factory.mktemp("browser")
    file = rnnsheet.page("hello", folder / "hello.html", "en")
    rnnsheet.page("hello-lstm", folder / "lstm.html", "en", epochs=2, steps=3)
    rnnsheet.page("caption", folder / "caption.html", "en", epochs=1)
    rnnsheet.page(moods(), folder / "moods.html", "en")
    command = ["node", str(BROWSER / "drive.cjs"), CHROMIUM, str(file), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


@in_browser
def test_a_browser_shows_what_the_network_says(browsed):
    _, found = browsed
    lesson = rnnsheet.load("hello")
    assert found["says"] == list(lesson.run()["predicted"][0])
    assert found["saysThen"] == list(replace(lesson, word="olleh").run()["predicted"][0])
    assert found["state"].startswith("word to read: “😀”, t = 3: not in the vocabulary")
    *_, last = lesson.train(epochs=200)
    assert found["trained"] == list(lesson.with_model(last.model).run()["predicted"][0])


@in_browser
def test_a_page_goes_step_by_step_and_a_number_can_be_followed_back(browsed):
    _, found = browsed
    assert found["step"].startswith("52/52")
    assert found["stepThen"].startswith("51/52")
    h, z = (rnnsheet.load("hello").run()[name][0, 1] for name in ("h", "z"))
    for part in ("hₜ = tanh(zₜ)", "hidden state", f"=TANH({z:.4f})", f"{h:.4f}"):
        assert part in found["explained"]
    assert found["followed"] == "z[1], t = 2"
    assert found["returned"] == "h[1], t = 2"


@in_browser
def test_the_keyboard_s_place_is_kept_where_what_was_chosen_is_gone(browsed):
    _, found = browsed
    assert found["focus"] == ["found", "quiet"]


@in_browser
def test_what_rnnsheet_would_not_take_is_not_saved(browsed):
    _, found = browsed
    assert "not in the vocabulary" in found["notSaved"]


@in_browser
def test_a_chart_has_whole_powers_of_ten_and_its_table_no_nan(browsed):
    _, found = browsed
    powers = [int(tick.removeprefix("1e").replace("−", "-")) for tick in found["ticks"]]
    assert len(set(np.diff(powers))) == 1
    assert "NaN" not in found["beyond"]
    assert len(found["beyond"]) > 5


@in_browser
def test_words_that_are_said_stand_apart(browsed):
    _, found = browsed
    assert "a big cross <end>" in found["learned"]


@in_browser
def test_a_situation_can_be_sent_as_a_link_and_saved_as_a_lesson(browsed):
    folder, found = browsed
    saved = rnnsheet.load(folder / "saved.toml")
    assert saved.model.parameters["Whh"].item() == 0.9
    assert found["weight"] == found["weightByLink"] == f"{saved.run()['h'][0, 1]:.4f}"
    assert saved.notes == rnnsheet.load("hello").notes
    assert found["opened"] == found["weight"]
    assert "saved.toml is open" in found["openedSays"]
    assert "makes a page of it" in found["otherSays"]
    assert found["otherLeaves"] == found["weight"]
    table = (folder / "saved.csv").read_text("utf-8-sig")
    assert f'"h","1","2","{saved.run()["h"][0, 1]:.10f}'[:-2] in table


@in_browser
def test_a_question_shows_what_belongs_to_it_and_nothing_else(browsed):
    _, found = browsed
    network = "say wrong blame"
    assert found["shown"] == {
        "blame": ["blame", network],
        "flow": ["flow", "flow"],
        "wrong": ["wrong", network],
    }


@in_browser
def test_any_situation_survives_in_the_address(browsed):
    _, found = browsed
    assert found["again"] == ["hé天o&=#%", "0.5", "-2", "0.25"]


@in_browser
def test_a_layer_that_reads_backwards_is_told_from_the_last_step_to_the_first(browsed):
    _, found = browsed
    told = " ".join(found["backwards"])
    back, there = (re.findall(rf"t = (\d+) · h_{name}ₜ =", told) for name in ("back", "there"))
    assert there == list(map(str, range(1, moods().read.steps + 1)))
    assert back == there[::-1]


@in_browser
def test_an_address_of_a_stranger_is_text(browsed):
    _, found = browsed
    assert found["odd"] == [rnnsheet.load("hello").title["en"], "<img src=x onerror=alert(1)>", "1e999", 0]


@in_browser
def test_a_page_is_for_everyone_and_asks_for_nothing(browsed):
    _, found = browsed
    assert found["trouble"] == []
    assert {address.partition("#")[0].rpartition("/")[2] for address in found["requests"]} <= {
        *("hello.html", "lstm.html", "caption.html", "moods.html"),
        *(address.rpartition("/")[2] for address in found["requests"] if address.startswith("blob:")),
    }
    assert found["violations"] == []
    assert found["wide"] == 320
    assert (found["chinese"], found["language"]) == (rnnsheet.load("hello").title["zh"], "zh-CN")


ODD = [2.0, -1.5, "abc", "ABC", True, None]
FORMULAS = """
SUM(A1:A6) SUM(A1,A3) SUM(A1:A7) COUNT(A1:A7) MAX(A1:A6) MAX(A3:A4) MAX(A1:A7) MIN(A1:A6) AVERAGE(A1:A6)
A3=A4 EXACT(A3,A4) A1<A3 A5>A3 A6=0 A6="" A3<>A4 A1>=2 -A1 A1-A2*A1/4 TANH(A2) INT(A2) MOD(-3,2) LN(-1)
MATCH("ABC",A1:A6,0) MATCH("a*",A1:A6,0) MATCH("zzz",A1:A6,0) MATCH(-1.5,A1:A6,0) INDEX(A1:A6,2,1) SQRT(-1)
IFERROR(A7,5) IFERROR(A1,5) ISERROR(A7) ISERROR(A1) ISNUMBER(A3) ISNUMBER(A1) IF(A1>1,A3,A4) IF(A7,1,2)
MID(A3,2,5) LEFT(A3,2) LEN(A3) LEN(A6) SUBSTITUTE(A3,"b","xx") LOWER(A4) UNICODE(A3) UNICODE("") CHAR(65)
1/A6 A3+1 "3"+1 A5+1 A1&A5 A2&"" REPT(A3,2) AND(A1>0,A2>0) OR(A1>0,A2>0) SUMPRODUCT(A1:A2,A1:A2) EXP(1000)
A6 A3 A5 CHOOSE(2,"x","y") COUNTIF(A1:A6,"abc") LARGE(A1:A2,2) FIND("b",A3)
LEN("a😀b") MID("a😀b",2,2) FIND("b","a😀b") FIND("b","😀b😀b",3) LEFT("😀b",1) UNICODE("😀")
SUBSTITUTE("abab","b","x",2) COUNTIF(A1:A6,">0") COUNTIF(A1:A6,"<=-1.5") ABS(A2)
"""


@needs_node
def test_each_function_is_what_a_spreadsheet_engine_finds_of_any_values(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row, value in enumerate(ODD, 1):
        sheet.cell(row, 1, value)
    for row, text in enumerate(["1/A6", *FORMULAS.split()]):
        sheet.cell(row + 7, 1, f"={text}")
    book.save(tmp_path / "odd.xlsx")
    made = Book([[sheet.title, len(FORMULAS.split()) + 7, 1]], [[0, 1, 1, 1, ODD]])
    for row, text in enumerate(["1/A6", *FORMULAS.split()]):
        function = Compiler({sheet.title: Grid(-2, 1)}, sheet.title, row + 7, 1).function(parsed(text))
        number = made.functions.setdefault(function, len(made.functions))
        formula = made.formulas.setdefault(moved(text, row + 7, 1, {}), len(made.formulas))
        made.fills.append([0, row + 7, 1, 1, 1, number, formula])
    content = {**vars(made), "formulas": list(made.formulas)}
    functions = f"const FORMULAS = [{','.join(made.functions)}];"
    page = SimpleNamespace(book=made, content=content, functions=functions)
    (values,) = node.computed(page)
    typist = Typist(tmp_path / "odd.xlsx")
    expected = {text: typist.cell(sheet.title, row + 8, 1) for row, text in enumerate(FORMULAS.split())}
    found = {text: values.value(sheet.title, row + 8, 1) for row, text in enumerate(FORMULAS.split())}
    assert {text: (found[text], right) for text, right in expected.items() if found[text] != right} == {}
