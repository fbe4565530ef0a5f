"""The spreadsheet engines: each finds every lesson right, and none outlives its time or leaves anything."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.table import Table

import rnnsheet
from rnnsheet.checking import check
from rnnsheet.checking.engines import ALL, ENGINES, chosen
from rnnsheet.checking.process import Program, StoppedError, limited
from rnnsheet.checking.recalculate import USUAL, at_work, recalculations
from rnnsheet.errors import RnnsheetError
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.lessons import BOOKS, EVERY_FORM
from tests.test_checking import failures
from tests.test_reading import parts, save

ANSWERS = ("ironcalc", "libreoffice", "gnumeric", "formulon")
EVERY_ENGINE = [
    pytest.param(name, marks=pytest.mark.slow if engine.LIMIT != USUAL else ())
    for name, engine in ENGINES.items()
]
"""For tests of each engine; one that loads slowly is for the slow tests."""


def skip_without(engine: str) -> None:
    if not ENGINES[engine].installed():
        pytest.skip(f"{engine} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), BOOKS)
def test_every_cell_of_every_lesson_is_right_in_every_engine(name, language, tmp_path):
    # One of them with a whole training: each of its rows has the formulas of the one above.
    epochs = None if name == "hello-gru" else 2
    path = rnnsheet.export(name, tmp_path / f"{name}.xlsx", language, epochs=epochs, steps=3)
    engines = [engine for engine in chosen(ALL) if engine.NAME != "formulon"]
    reports = check.checks(path, check.TOLERANCE, engines)
    assert [report.engine for report in reports] == [engine.NAME for engine in engines]
    assert [failures(report) for report in reports] == [[] for _ in engines]
    assert all(report.ok and report.proved for report in reports)
    assert len({report.cells for report in reports}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["hello-gru", EVERY_FORM["words for a picture"]], ids=["gru", "picture"])
def test_every_cell_of_some_lessons_is_right_in_formulon(lesson, tmp_path):
    """Small ones: it loads slowly, and the others have the same formulas."""
    skip_without("formulon")
    path = rnnsheet.export(lesson, tmp_path / "book.xlsx", "en", epochs=2, steps=4)
    assert failures(rnnsheet.check(path, engine="formulon")) == []


@pytest.mark.slow
def test_what_a_teacher_adds_with_openpyxl_does_no_harm(hello_xlsx, tmp_path):
    """A remark and a table of marks; every engine opens a copy without them."""
    book = openpyxl.load_workbook(hello_xlsx)
    book["Unrolled"]["H24"].comment = Comment("Well done", "Teacher")
    marks = book.create_sheet("Marks")
    marks.append(["name", "mark"])
    marks.append(["Ann", 3])
    marks.add_table(Table(displayName="marks", ref="A1:B2"))
    book.save(tmp_path / "marked.xlsx")
    assert failures(rnnsheet.check(tmp_path / "marked.xlsx")) == []


def test_each_says_its_version():
    assert tuple(ENGINES) == ANSWERS
    for engine in chosen(ALL):
        assert engine.version().split(".")[0].isdigit()


def test_an_engine_that_there_is_not_is_told():
    with pytest.raises(RnnsheetError, match="there is no engine 'excel'; known: ironcalc, libreoffice"):
        chosen("excel")


def test_an_engine_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RnnsheetError, match="gnumeric is not installed; rnnsheet engines says how"):
        chosen("gnumeric")
    assert not {"libreoffice", "gnumeric"} & {engine.NAME for engine in chosen(ALL)}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ironcalc", "gnumeric"])
def test_several_files_are_checked_side_by_side(hello_xlsx, tmp_path, engine):
    """In a program of our own, and in another's; what they open is always called the same."""
    skip_without(engine)
    files = []
    for name in ("a b.xlsx", "词.xlsx", "c.xlsx"):
        files.append(str(save(parts(hello_xlsx), tmp_path / name)))
    files.insert(1, str(tmp_path / "nowhere.xlsx"))
    found = list(check.each(files, check.TOLERANCE, [ENGINES[engine]]))
    assert [file for file, _ in found] == files
    assert isinstance(found[1][1], RnnsheetError)
    assert all(reports[0].ok for file, reports in found if "nowhere" not in file)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_an_engine_that_takes_too_long_is_ended_with_all_that_it_started(
    hello_xlsx, tmp_path, engine, monkeypatch
):
    skip_without(engine)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with recalculations([ENGINES[engine]], read(opened(hello_xlsx))) as running:
        running[engine].seconds = 0.0
        with pytest.raises(
            rnnsheet.WorkbookError,
            match="it took more than 0 s of processor time, which is the limit; another engine may",
        ):
            running[engine].values()
    assert list(tmp_path.iterdir()) == []
    assert outliving(str(tmp_path)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sh")
def test_a_program_has_the_folders_of_a_user_for_itself_and_is_told_to_ask_for_no_printers(tmp_path):
    command = ["sh", "-c", "echo $HOME $TMPDIR $XDG_CONFIG_HOME $SAL_DISABLE_CUPS"]
    program = at_work(command, tmp_path, 0, USUAL)
    assert program.output(USUAL.start).decode().split() == [*[str(tmp_path)] * 3, "1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no processor time")
@pytest.mark.parametrize("around", ["", "sh -c '\"$@\"; exit $?' sh"], ids=["itself", "by_another"])
def test_a_program_is_ended_by_its_processor_time_and_not_by_that_of_others(tmp_path, around):
    for work, told in (("while True: pass", "it took more than 1 s "), ("time.sleep(1.5)", "")):
        command = [*shlex.split(around), sys.executable, "-c", f"import time\n{work}"]
        program = Program(limited(command, 1 << 30, 1), tmp_path)
        if told:
            with pytest.raises(StoppedError, match=told):
                program.output(1)
        else:
            assert program.output(1) == b""


@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_while_the_folder_of_an_engine_is_made_leaves_nothing(hello_xlsx, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    make = tempfile.mkdtemp

    def interrupted(*arguments, **named):
        made = make(*arguments, **named)
        signal.raise_signal(signal.SIGINT)
        return made

    monkeypatch.setattr("tempfile.mkdtemp", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        recalculations([ENGINES["ironcalc"]], read(opened(hello_xlsx))),
    ):
        pytest.fail("the signal came before")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert list(tmp_path.iterdir()) == []
    assert outliving(str(tmp_path)) == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.usefixtures("heard_signals")
def test_a_signal_ends_the_engine_and_leaves_nothing(hello_xlsx, tmp_path, name):
    skip_without("libreoffice")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "rnnsheet", "check", str(hello_xlsx), "--engine", "libreoffice"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as check:
        while not alive(str(tmp_path)):
            time.sleep(0.05)
        time.sleep(0.1)
        check.send_signal(getattr(signal, name))
        assert check.wait(20) == 128 + getattr(signal, name)
    assert list(tmp_path.iterdir()) == []
    assert outliving(str(tmp_path)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks for a socket in /proc")
@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_leaves_no_socket_of_libreoffice(hello_xlsx, tmp_path):
    skip_without("libreoffice")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "rnnsheet", "check", str(hello_xlsx), "--engine", "libreoffice"]
    with subprocess.Popen(command, env=environment, stdout=-1, stderr=-1) as check:
        while not (made := sockets(str(tmp_path))):
            assert check.poll() is None
            time.sleep(0.01)
        check.send_signal(signal.SIGINT)
        check.communicate(timeout=20)
    assert check.returncode == 130
    assert not any(socket.exists() for socket in made)


@pytest.mark.slow
def test_what_is_ignored_stays_ignored(hello_xlsx, tmp_path):
    """As under nohup."""
    skip_without("libreoffice")
    command = [sys.executable, "-m", "rnnsheet", "check", str(hello_xlsx), "--engine", "libreoffice"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(["nohup", *command], env=environment, stdout=subprocess.PIPE) as check:
        while not list(tmp_path.glob("rnnsheet-*/profile")):
            time.sleep(0.05)
        check.send_signal(signal.SIGHUP)
        assert check.wait() == 0


def outliving(text: str) -> list[str]:
    """The commands with this text that run on; what has been killed takes a moment to end."""
    for _ in range(40):
        if not alive(text):
            break
        time.sleep(0.05)
    return alive(text)


def alive(text: str) -> list[str]:
    """The commands of running processes that have this text."""
    return list(commands(text).values())


def commands(text: str) -> dict[Path, str]:
    """The folder in /proc of each running process whose command has this text, and the command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        # It may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if text in command:
                found[folder] = command
    return found


def sockets(text: str) -> list[Path]:
    """The sockets with a file that running processes have open whose command has this text."""
    found = []
    for folder in commands(text):
        # Its own list: without a network it has a name space of its own, in which its sockets are.
        with suppress(OSError):
            held = {str(file.readlink()) for file in (folder / "fd").iterdir()}
            lines = (line.split(maxsplit=7) for line in (folder / "net/unix").read_text().splitlines()[1:])
            found += [Path(line[7]) for line in lines if len(line) == 8 and f"socket:[{line[6]}]" in held]
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_children_of_a_program_end_with_it(tmp_path):
    mark = tmp_path / "child"
    script = f"sh -c 'sleep 300; echo {mark}' & sleep 300"
    program = Program(["sh", "-c", script], tmp_path)
    time.sleep(0.3)
    assert alive(str(mark))
    start = time.monotonic()
    with pytest.raises(StoppedError):
        program.output(0.2)
    assert time.monotonic() - start < 10
    assert outliving(str(mark)) == []


def test_what_a_program_prints_comes_back_whole(tmp_path):
    program = Program([sys.executable, "-c", "print('x' * 3_000_000)"], tmp_path)
    assert program.output(60) == b"x" * 3_000_000 + os.linesep.encode()


@pytest.mark.parametrize("name", ["book.csv", "book.html", "book", "书 1.xlsx"])
def test_a_workbook_is_one_under_any_name(hello_xlsx, tmp_path, name):
    """Whatever the engine: what it opens is a copy, which has a name of its own."""
    renamed = Path(shutil.copy(hello_xlsx, tmp_path / name))
    assert rnnsheet.check(renamed).ok


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit(3)", "it ended with status 3"),
        ("import os; os.abort()", r"it (broke down \(SIGABRT\)|ended with status 3)"),
    ],
)
def test_a_program_that_fails_is_told(tmp_path, code, told):
    program = Program([sys.executable, "-c", code], tmp_path)
    with pytest.raises(StoppedError, match=told):
        program.output(60)


def test_a_program_that_says_without_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnsheet.checking.process.MOST_OUTPUT", 1 << 20)
    program = Program([sys.executable, "-c", "while True: print('x' * 10_000)"], tmp_path)
    with pytest.raises(StoppedError, match="it wrote more than 1 MB"):
        program.output(60)
