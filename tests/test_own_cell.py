"""A cell of one's own: the fifteen lines of CONTRIBUTING, and nothing else, make a workbook that learns."""

import re
import subprocess
import textwrap
from pathlib import Path

import numpy as np
import pytest

import rnnsheet
from rnnsheet import api, load, templates
from rnnsheet.checking import node
from rnnsheet.equations import cells
from rnnsheet.equations.lesson import OF_SHEETS, network
from rnnsheet.errors import WorkbookError
from rnnsheet.labels import labels
from rnnsheet.network import KINDS, Model
from rnnsheet.sheet.diagram import diagrams
from rnnsheet.sheet.layout import plan
from tests.command import fails
from tests.command import rnnsheet as command
from tests.lessons import SMALL
from tests.test_checking import edit_cell, failures
from tests.typist import Typist, block

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"


@pytest.fixture
def mgu(tmp_path):
    """The example's file; its cell is known while the test runs."""
    (code,) = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text("utf-8"), re.DOTALL)
    code = textwrap.dedent("  " + code.lstrip())
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 15
    file = tmp_path / "mgu.py"
    file.write_text(code, "utf-8")
    api.add_cells(file)
    yield file
    forget()


def forget() -> None:
    """Takes the cells of one's own out again."""
    for name in cells.CELLS.keys() - cells.BUILT_IN:
        del KINDS[name], cells.CELLS[name]


def lesson() -> rnnsheet.Lesson:
    """Two units that read "hello"."""
    random = np.random.default_rng(1)
    shapes = {"Wxf": (2, 4), "Whf": (2, 2), "bf": (2, 1), "Wxn": (2, 4), "Whn": (2, 2), "Why": (4, 2)}
    parameters = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return rnnsheet.Lesson("mgu", Model("mgu", parameters), "helo", "hello", settings=SMALL)


def test_a_workbook_with_a_cell_that_is_not_known_says_how_to_give_it(mgu, tmp_path):
    book = rnnsheet.export(lesson(), tmp_path / "mgu.xlsx")
    forget()
    with pytest.raises(WorkbookError, match=r"cell 'mgu'.* rnnsheet --cells FILE"):
        rnnsheet.check(book)


def by_hand(parameters, word: str) -> np.ndarray:
    """The hidden states, (units, time steps), in plain NumPy."""
    h, states = np.zeros(2), []
    for letter in word:
        x = np.array([float(letter == known) for known in "helo"])
        f = 1 / (1 + np.exp(-(parameters["Wxf"] @ x + parameters["Whf"] @ h + parameters["bf"][:, 0])))
        n = np.tanh(parameters["Wxn"] @ x + parameters["Whn"] @ (f * h))
        h = (1 - f) * h + f * n
        states.append(h)
    return np.array(states).T


@pytest.mark.slow
def test_its_workbook_computes_it(mgu, tmp_path):
    book = rnnsheet.export(lesson(), tmp_path / "mgu.xlsx", "en")
    report = rnnsheet.check(book)
    assert (failures(report), report.ok, report.proved) == ([], True, False)
    shown = Typist(book).values(block("h", "Unrolled", lesson()))
    np.testing.assert_allclose(shown, by_hand(lesson().model.parameters, "hell"), rtol=1e-12)


def test_its_page_computes_it(mgu, tmp_path):
    if not node.installed():
        pytest.skip("Node is not installed")
    report = rnnsheet.check(rnnsheet.page(lesson(), tmp_path / "own.html", "en"))
    assert report.ok
    assert not report.proved


def test_its_diagram_is_laid_out_from_its_equations(mgu):
    (drawn,) = diagrams(network(lesson()), labels("en"), 1, 1)
    boxes = {box.name: box.text for box in drawn.boxes}
    assert boxes["fₜ"] == "σ(Wxf·xₜ + Whf·hₜ₋₁ + bf)"
    assert boxes["keptₜ"] == "fₜ ⊙ hₜ₋₁"


def test_its_gradients_are_those_of_central_differences(mgu, tmp_path):
    typist = Typist(rnnsheet.export(lesson(), tmp_path / "mgu.xlsx", "en"))
    chosen, gradient, central = (
        block(name, "Gradient check", lesson()).area for name in ("chosen", "gradient", "central")
    )
    for name, array in lesson().model.parameters.items():
        for row, col in np.ndindex(array.shape):
            typist.type(chosen, f"{name}[{row + 1},{col + 1}]")
            assert typist.value(gradient) == pytest.approx(typist.value(central), rel=1e-6, abs=1e-9)
            # The column of "o", which is not read, moves nothing.
            assert (typist.value(gradient) != 0) == (not name.startswith("Wx") or col < 3)


def test_it_learns(mgu, tmp_path):
    typist = Typist(rnnsheet.export(lesson(), tmp_path / "mgu.xlsx", "en"))
    losses = [row[0] for row in typist.values(block("loss", "Training", lesson()))]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * losses[0]


def test_a_mistake_in_its_workbook_is_found(mgu, tmp_path):
    book = rnnsheet.export(lesson(), tmp_path / "mgu.xlsx", "en")
    first = block("f", "Unrolled", lesson()).area.part(0, 0).a1
    stored = edit_cell(book, tmp_path / "stored.xlsx", "Unrolled", first, r"<v>[^<]*</v>", "<v>0.5</v>")
    assert [reason for *_, reason in failures(rnnsheet.check(stored))] == ["cached"]
    formula = edit_cell(book, tmp_path / "formula.xlsx", "Unrolled", first, r"\+", "-")
    assert "formula" in [reason for *_, reason in failures(rnnsheet.check(formula))]


def test_numpy_says_that_it_does_not_know_it(mgu):
    with pytest.raises(rnnsheet.LessonError, match="the cell mgu is known by its equations alone"):
        lesson().run()
    with pytest.raises(rnnsheet.LessonError, match="the cell mgu is known by its equations alone"):
        list(lesson().train(1))


@pytest.mark.slow
def test_the_command_line_takes_its_file(mgu, tmp_path):
    lesson().save(tmp_path / "my.toml")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        forget()
        return command(*arguments, cwd=tmp_path)

    assert run("--cells", "mgu.py", "export", "my.toml").returncode == 0
    checked = run("--cells", "mgu.py", "check", "my.xlsx")
    assert (checked.returncode, "nothing else has computed it" in checked.stdout) == (0, True)
    without = run("check", "my.xlsx")
    assert (without.returncode, "a cell 'mgu'" in without.stderr) == (2, True)
    broken = run("--cells", "my.toml", "check", "my.xlsx")
    assert (broken.returncode, broken.stderr.count("\n")) == (2, 1)
    assert "my.toml:1: cannot be run as a file of cells" in broken.stderr


# What a student writes in the place of a part of the example, the line that is told (0: none) and the words.
SLIPS = [
    ("def mgu(layer, x):", "def mgu(layer, x)", 0, "SyntaxError: expected ':'"),
    (
        "from rnnsheet.network import gate",
        "from rnnsheet.network import gates",
        5,
        "cannot import name 'gates'",
    ),
    ("from rnnsheet.network import gate", "import no_such_module", 5, "No module named 'no_such_module'"),
    ('"mgu"', '"gru"', 8, "there is a cell gru already"),
    ('"mgu"', '""', 8, "a cell is called ''; expected a name"),
    ('@cell("mgu", *gate("f"), *gate("n"))', "@cell", 8, "a cell is called function; expected a name"),
    ('*gate("f")', 'gate("f")', 8, "the cell mgu has tuple among its parameters"),
    (', *gate("f"), *gate("n"))', ")", 8, "the cell mgu has () among its parameters"),
    ('*gate("n"))', '*gate("n"), states=("c",))', 8, "has the states ('c',); expected (\"h\", …)"),
    (
        "    h = layer",
        "    raise SystemExit(0)\n    h = layer",
        10,
        "in “raise SystemExit(0)”: SystemExit: 0",
    ),
    ("    h = layer", "    1 / 0\n    h = layer", 10, "in “1 / 0”: ZeroDivisionError: division by zero"),
    ("    h = layer", "    mgu(layer, x)\n    h = layer", 10, "in “mgu(layer, x)”: RecursionError"),
    ("def mgu(layer, x)", "def mgu(layer)", 9, "mgu() takes 1 positional argument but 2 were given"),
    ("layer.weighted", "layer.wieghted", 12, "has no attribute 'wieghted'"),
    ("one_minus(f) *", "one_minus(ff) *", 15, "NameError: name 'ff' is not defined"),
    ("one_minus(f) *", "1.0 *", 15, "unsupported operand type(s) for *: 'float' and 'Previous'"),
    ("one_minus(f) *", "one_minus(f * before) *", 15, "one_minus: a value with a name of its own was"),
    (
        "f * before)",
        "f * x)",
        13,
        'in “kept = layer.let("kept", f * x)”: *: hidden (2) rows meet',
    ),
    ("f * before)", "f * 2)", 13, "*: a value was expected, not 2"),
    ("f * before)", "None)", 13, "'NoneType' object has no attribute 'rows'"),
    ('let("kept"', 'let("f"', 13, "f has an equation already"),
    ('let("kept"', 'let("x"', 13, "x has an equation already"),
    ('let("kept"', "let(7", 9, "has an equation called 7; expected ASCII letters"),
    ('let("kept"', 'let("my kept"', 9, "has an equation called 'my kept'; expected ASCII letters"),
    ('let("kept"', 'let("Wxf"', 9, "has an equation called 'Wxf'; expected ASCII letters"),
    ('let("kept"', 'let("p"', None, "the network with the cell mgu cannot be written: p has an equation"),
    (
        "f * before)",
        'layer.parameter("Whf", layer.hidden, layer.hidden))',
        9,
        "equation kept: Whf is 2×2",
    ),
    ("f * before)", 'layer.parameter("Wz", layer.hidden) * f)', 9, "equation kept: there is no parameter Wz"),
    ('weighted("n", x, kept)', 'weighted("m", x, kept)', 14, "there is no parameter Whm"),
    ('weighted("n", x, kept)', 'weighted("f", x, kept)', 9, "the parameter Wxn, which none of its equations"),
    ('layer.state("h")', 'layer.state("c")', 10, "there is no state c; known: h"),
    ('*gate("n"))', '*gate("n"), states=("h", "c"))', 9, "never gives its state c a value"),
    ('return layer.let("h"', 'return layer.let("g"', 9, "never gives its state h a value"),
    ('return layer.let("h"', 'layer.let("h"', 9, "returns NoneType; expected what layer.let"),
    (
        'return layer.let("h"',
        'layer.let("h", n)\n    return layer.let("g"',
        9,
        "returns g; expected what layer.let",
    ),
    (", sigmoid, tanh", ", hard_sigmoid as sigmoid, tanh", 9, "equation f: hard_sigmoid has no derivative"),
]


@pytest.mark.parametrize(("part", "slip", "line", "said"), SLIPS)
def test_a_slip_in_it_is_one_line_with_its_place(mgu, tmp_path, part, slip, line, said):
    forget()
    code = mgu.read_text("utf-8")
    assert part in code
    mgu.write_text(code.replace(part, slip, 1), "utf-8")
    with pytest.raises(rnnsheet.RnnsheetError) as told:
        api.add_cells(mgu)
        rnnsheet.export(lesson(), tmp_path / "a.xlsx")
    place = "" if line is None else f"{mgu}:{line}: " if line else f"{mgu}: "
    assert str(told.value).startswith(place)
    assert said in str(told.value)
    assert not (tmp_path / "a.xlsx").exists()


@pytest.mark.parametrize(
    "content", [None, b"", b"x = 1\n", b"\x00", b"raise SystemExit", b"def f(): f()\nf()"]
)
def test_what_is_no_file_of_cells_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "a.py").write_bytes(content)
    with pytest.raises(rnnsheet.RnnsheetError) as told:
        api.add_cells(tmp_path / "a.py")
    assert str(told.value).startswith(str(tmp_path / "a.py"))


@pytest.mark.parametrize("name", ["export", "explain", "run", "train"])
def test_a_mistake_in_a_cell_ends_the_command_with_2(mgu, tmp_path, name):
    lesson().save(tmp_path / "my.toml")
    forget()
    mgu.write_text(mgu.read_text("utf-8").replace("f * before)", "f * x)"), "utf-8")
    told = fails("--cells", "mgu.py", name, "my.toml", cwd=tmp_path)
    assert told.startswith("rnnsheet: mgu.py:13: the cell mgu, in “kept = ")


@pytest.mark.parametrize("name", ["rate", "word", "step", "loss", "t", "x", "letter", "p", "zn", "h_0"])
def test_a_parameter_has_a_name_of_its_own(mgu, tmp_path, name):
    """Its block would stand under another's name: a traceback, a refused book, a weight without effect."""
    forget()
    code = mgu.read_text("utf-8").replace("import gate", "import ParameterSpec, gate")
    code = code.replace('*gate("n"))', f'*gate("n"), ParameterSpec("{name}", "hidden", "one"))')
    code = code.replace('"n", x, kept)', f'"n", x, kept) + layer.parameter("{name}", h.rows)')
    mgu.write_text(code, "utf-8")
    api.add_cells(mgu)
    shapes = {"Wxf": (2, 4), "Whf": (2, 2), "Wxn": (2, 4), "Whn": (2, 2), name: (2, 1), "Why": (4, 2)}
    weights = {each: np.ones(shape) for each, shape in shapes.items()}
    own = rnnsheet.Lesson("mgu", Model("mgu", weights), "helo", "hello")
    with pytest.raises(rnnsheet.LessonError, match=rf"\b{name}\b"):
        rnnsheet.export(own, tmp_path / "a.xlsx")
    assert not (tmp_path / "a.xlsx").exists()


@pytest.mark.parametrize("name", templates.names())
def test_what_the_sheets_call_their_own_is_listed(name):
    """No parameter can take the name of a block that no equation, parameter or first state has."""
    given = load(name)
    planned, made = plan(given, "en"), network(given)
    named = set(planned.names.values())
    blocks = {block.name for block in planned.blocks() if block.area in named}
    starts = {layer.initial(state) for layer in given.model for state in layer.traits.states}
    gradients = {f"d{each}" for each in made.parameters}
    known = OF_SHEETS | made.equations.keys() | made.parameters.keys() | starts | gradients
    contributions = {share.name for each in made.gradients.values() for share in each.shares}
    assert blocks - known - contributions == set()
