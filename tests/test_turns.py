"""Checks beside each other: they wait for their turn, and what a killed one leaves is ended and cleared."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

import pytest

from rnnsheet.checking import turns
from rnnsheet.checking.turns import turn
from tests.test_engines import alive, outliving, skip_without

fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")

TURN = """
import os, sys, time
from pathlib import Path
from rnnsheet.checking.turns import turn

os.cpu_count = lambda: int(sys.argv[1])
marks = Path(sys.argv[2])
with turn(lambda: None):
    mark = marks / str(os.getpid())
    mark.touch()
    print(len(list(marks.iterdir())), flush=True)
    time.sleep(float(sys.argv[3]))
    mark.unlink()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A temporary folder of its own, also for what is started."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, *arguments], stdout=-1, stderr=-1, text=True)


def check_of(file: Path, engine: str) -> "subprocess.Popen[str]":
    return started("-m", "rnnsheet", "check", str(file), "--engine", engine)


@pytest.mark.parametrize("processors", [1, 3])
def test_no_more_have_a_turn_than_there_are_processors(temporary, tmp_path, processors):
    (marks := tmp_path / "marks").mkdir()
    running = [started("-c", TURN, str(processors), str(marks), "0.2") for _ in range(8)]
    found = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 8, found
    assert max(int(out) for out, _ in found) <= processors
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("temporary")
def test_a_turn_ends_with_a_process_that_is_killed(tmp_path):
    (marks := tmp_path / "marks").mkdir()
    first = started("-c", TURN, "1", str(marks), "300")
    while not list(marks.iterdir()):
        assert first.poll() is None
        time.sleep(0.02)
    second = started("-c", TURN, "1", str(marks), "0")
    time.sleep(0.5)
    assert second.poll() is None, "it did not wait"
    first.kill()
    first.communicate()
    assert second.communicate(timeout=20)[0] == "2\n"


@pytest.mark.usefixtures("temporary")
def test_threads_wait_too_and_a_long_wait_is_told_once(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(turns, "_LONG", 0.2)
    done, told = [], []

    def second() -> None:
        with turn(lambda: told.append(time.monotonic())):
            done.append("second")

    with turn(lambda: told.append("first")):
        thread = Thread(target=second)
        thread.start()
        time.sleep(0.8)
        done.append("first")
    thread.join()
    assert done == ["first", "second"]
    assert len(told) == 1


def test_a_lock_of_a_file_that_is_there_no_more_is_none(temporary, monkeypatch):
    """Between the opening of a file and its lock another check may end, and a third one begin."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    lock, place = fcntl.flock, temporary / f"rnnsheet-{os.getuid()}-0.lock"

    def late(file: object, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        place.unlink()
        place.touch()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with turn(lambda: None), place.open() as file, pytest.raises(BlockingIOError):
        lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_where_no_lock_can_be_there_is_no_waiting(tmp_path, monkeypatch):
    """As where another user has taken the name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    (tmp_path / f"rnnsheet-{os.getuid()}-0.lock").symlink_to(tmp_path / "elsewhere")
    with turn(lambda: None):
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.slow
def test_more_checks_than_turns_all_end_well(temporary, hello_xlsx):
    skip_without("libreoffice")
    running = [check_of(hello_xlsx, "libreoffice") for _ in range((os.cpu_count() or 1) + 1)]
    errors = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), errors
    assert list(temporary.iterdir()) == []


PARENT = """
import sys, time
from pathlib import Path
from rnnsheet.checking.process import Program

program = Program(["sh", "-c", f"sh -c 'sleep 300; echo {sys.argv[1]}' & sleep 300"], Path("."))
print("begun", flush=True)
time.sleep(300)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_program_and_its_children_end_with_a_parent_that_is_killed(tmp_path):
    mark = str(tmp_path / "child")
    parent = started("-c", PARENT, mark)
    assert parent.stdout
    assert parent.stdout.readline() == "begun\n"
    while len(alive(mark)) < 3:
        time.sleep(0.02)
    parent.kill()
    parent.communicate()
    assert outliving(mark) == []
