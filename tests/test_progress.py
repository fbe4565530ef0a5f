"""Long work says how far it is, in a terminal alone."""

import os
import pty
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.console import progress
from rnnsheet.labels import labels
from rnnsheet.progress import shares
from tests.command import fails
from tests.command import rnnsheet as command
from tests.lessons import SMALL, hello


@given(st.integers(0, 10**9), st.lists(st.integers(1, 1000), min_size=1))
def test_shares_are_whole_and_add_up(size, parts):
    told: list[int] = []
    count = shares(told.append, size, sum(parts))
    for part in parts:
        count(part)
    assert sum(told) == size
    assert all(type(each) is int and each >= 0 for each in told)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [hello(), rnnsheet.load("translate")])
def test_an_export_tells_of_every_cell_while_it_computes_and_writes(tmp_path, lesson):
    told: list[int] = []
    sizes: list[tuple[str, int]] = []
    target = tmp_path / "a.xlsx"

    @contextmanager
    def recorded(work: str, size: int):
        sizes.append((work, size))
        yield told.append

    rnnsheet.export(replace(lesson, settings=replace(SMALL, epochs=40)), target, progress=recorded)
    ((work, size),) = sizes
    assert (work, sum(told)) == ("export", size)
    # Half of it, epoch by epoch, before anything is written.
    assert sum(told[:41]) == size // 2
    assert max(told[:41]) <= size // 2 // 41 + 1


SOON_LONG = """
from rnnsheet.console import progress
progress._LONG["export"] = 10_000
from rnnsheet.__main__ import main
main()
"""


def in_a_terminal(*arguments: str, cwd) -> tuple[int, str]:
    """The exit status, and what stands in the terminal, where 10,000 cells are many."""
    ours, its = pty.openpty()
    command = [sys.executable, "-c", SOON_LONG, *arguments]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=its)
    os.close(its)
    shown = b""
    # Linux ends a terminal that nobody else has with an error.
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass
    os.close(ours)
    process.communicate()
    return process.returncode, shown.decode()


@pytest.mark.slow
def test_a_long_export_shows_a_bar_in_a_terminal_and_nothing_elsewhere(tmp_path, monkeypatch):
    status, shown = in_a_terminal("export", "hello", "--epochs", "100", cwd=tmp_path)
    assert (status, "computing and writing" in shown, "100%" in shown) == (0, True, True)
    assert in_a_terminal("export", "hello", "--epochs", "1", "--force", cwd=tmp_path) == (0, "")
    monkeypatch.setattr(progress, "_LONG", {})
    assert command("export", "hello", "--epochs", "1", "--force", cwd=tmp_path).stderr == ""


@pytest.mark.parametrize(
    ("is_terminal", "seconds", "said"), [(True, 0.0, 1), (True, 9.0, 0), (False, 0.0, 0)]
)
def test_a_long_check_says_that_it_goes_on_in_a_terminal(capsys, monkeypatch, is_terminal, seconds, said):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with progress.working("zh", seconds):
        time.sleep(0.1)
    assert capsys.readouterr().err.count("正在重新计算并逐格比较") == said


def test_of_a_huge_export_the_size_is_said_before_it_begins(capsys):
    with progress.bars(labels("en"))("export", 200_000_000):
        said = capsys.readouterr().err
    assert said == "200,000,000 cells will be written, about 4,000 MB: this takes minutes, and much memory.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("export", "hello", "--epochs", "1000001"),
            "epochs is 1000001; expected a whole number",
        ),
        (("export", "hello", "--epochs", "0"), "epochs is 0; expected a whole number from 1"),
        (("export", "hello", "--epochs", "-1"), "epochs is -1; expected a whole number from 1"),
        (("export", "hello", "--epochs", "9" * 400), "epochs is 999"),
        (
            ("export", "hello", "--steps", "301"),
            "steps is 301; expected a whole number",
        ),
        (("train", "hello", "--epochs", "0"), "epochs is 0; expected a number greater than 0"),
        (("train", "hello", "--rate", "nan"), "rate is nan; expected a number greater than 0"),
        (("train", "hello", "--rate", "inf"), "rate is inf; expected a number greater than 0"),
        (("train", "hello", "--clip", "0"), "clip is 0.0; expected a number greater than 0"),
        (("train", "hello", "--seed", "-1"), "seed is -1; expected a whole number from 0"),
    ],
)
def test_a_number_that_cannot_be_is_one_line(tmp_path, arguments, said):
    assert fails(*arguments, cwd=tmp_path).startswith(f"rnnsheet: {said}")


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "1", None, True, float("nan")])
def test_the_api_takes_a_number_of_epochs_or_says_so(tmp_path, epochs):
    with pytest.raises(rnnsheet.LessonError, match="epochs is "):
        hello().train(epochs=epochs)
    if epochs is not None:
        with pytest.raises(rnnsheet.LessonError, match="epochs is "):
            rnnsheet.export(hello(), tmp_path / "a.xlsx", epochs=epochs)


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_that_others_are_waited_for_is_said_once_in_a_terminal(capsys, monkeypatch, is_terminal, language):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    say = progress.waiting(language)
    say()
    say()
    told = f"{labels(language)('progress.waiting')}\n"
    assert capsys.readouterr() == ("", told if is_terminal else "")
