"""A cell of one's own: the fifteen lines of CONTRIBUTING, and nothing else, make a workbook that learns."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import rnnsheet
from rnnsheet import api
from rnnsheet.equations import cells
from rnnsheet.model import KINDS, Model
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
    del KINDS["mgu"], cells.CELLS["mgu"]


def lesson() -> rnnsheet.Lesson:
    """Two units that read "hello"."""
    random = np.random.default_rng(1)
    shapes = {"Wxf": (2, 4), "Whf": (2, 2), "bf": (2, 1), "Wxn": (2, 4), "Whn": (2, 2), "Why": (4, 2)}
    parameters = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return rnnsheet.Lesson("mgu", Model("mgu", parameters), "helo", "hello", settings=SMALL)


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


def test_its_workbook_computes_it(mgu, tmp_path):
    book = rnnsheet.export(lesson(), tmp_path / "mgu.xlsx", "en")
    report = rnnsheet.check(book)
    assert (failures(report), report.ok, report.proved) == ([], True, False)
    shown = Typist(book).values(block("h", "Unrolled", lesson()))
    np.testing.assert_allclose(shown, by_hand(lesson().model.parameters, "hell"), rtol=1e-12)


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


def test_the_command_line_takes_its_file(mgu, tmp_path):
    lesson().save(tmp_path / "my.toml")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rnnsheet", *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    assert command("--cells", "mgu.py", "export", "my.toml").returncode == 0
    checked = command("--cells", "mgu.py", "check", "my.xlsx")
    assert (checked.returncode, "nothing else has computed it" in checked.stdout) == (0, True)
    without = command("check", "my.xlsx")
    assert (without.returncode, "unknown cell 'mgu'" in without.stderr) == (2, True)
    broken = command("--cells", "my.toml", "check", "my.xlsx")
    assert (broken.returncode, broken.stderr.count("\n")) == (2, 1)
    assert "my.toml: cannot be run as a file of cells" in broken.stderr
