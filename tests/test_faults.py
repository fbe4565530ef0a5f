"""Faults in the middle of an export, by really doing them: the old file is whole, nothing else is left."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

OLD = b"the file of yesterday"

pytestmark = pytest.mark.skipif(
    not hasattr(os, "O_TMPFILE"), reason="what a process writes is looked up in Linux's /proc"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files alone, of which none may be left."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setitem(os.environ, "TMPDIR", str(tmp_path / "temporary"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that is there before, alone in its folder."""
    file = tmp_path / "books" / "hello.xlsx"
    file.parent.mkdir()
    file.write_bytes(OLD)
    return file


def export(target: Path, *before: str, epochs: int = 1000, **more) -> subprocess.Popen[str]:
    """An export that takes a second or two, in a process of its own."""
    command = [*before, sys.executable, "-m", "rnnsheet", "export", "hello", "-o", str(target), "--force"]
    # What Python compiles would be the first to be cut short.
    settings = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [*command, "--epochs", str(epochs)], env=settings, stderr=subprocess.PIPE, text=True, **more
    )


def failed(exporting: subprocess.Popen[str], target: Path, reason: str) -> None:
    """The export ends with one line that says why."""
    _, errors = exporting.communicate(timeout=60)
    assert errors == f"rnnsheet: {target}: cannot be written ({reason})\n"
    assert exporting.returncode == 2


def as_before(target: Path) -> bool:
    """The old file is whole, and alone in its folder and in that for temporary files."""
    return alone(target) and target.read_bytes() == OLD


def alone(target: Path) -> bool:
    """There is nothing else in the target's folder, nor in that for temporary files."""
    return list(target.parent.iterdir()) == [target] and not list(Path(os.environ["TMPDIR"]).iterdir())


def in_the_middle(exporting: subprocess.Popen[str], folder: Path, done: Callable[[], object]) -> None:
    """Does something as soon as the process has written a part of its file."""
    while not any(size > 100_000 for size in written(exporting.pid, folder)):
        assert exporting.poll() is None, "the export ended before"
        time.sleep(0.001)
    done()


def written(process: int, folder: Path) -> Iterator[int]:
    """The size of each file in the folder that a process has open."""
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            if folder in descriptor.readlink().parents:
                yield descriptor.stat().st_size
        except FileNotFoundError:
            continue  # closed meanwhile


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1, 100_000, 300_000, "all but the end"])
def test_a_file_that_may_grow_no_further(target, size):
    if not isinstance(size, int):
        assert export(target, epochs=100).wait(60) == 0
        # Within the last record of 22 bytes: the times of two books differ in length, compressed.
        size = target.stat().st_size - 16
        target.write_bytes(OLD)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    failed(export(target, epochs=100, preexec_fn=limit), target, "File too large")
    assert as_before(target)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(disk):
    target = disk / "hello.xlsx"
    target.write_bytes(OLD)
    failed(export(target), target, "No space left on device")
    assert as_before(target)


@pytest.mark.slow
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("heard_signals")
def test_an_export_that_is_ended(target, way):
    for moment in (0.0, 0.1):
        with export(target) as exporting:
            in_the_middle(exporting, target.parent, lambda: time.sleep(moment))  # noqa: B023
            exporting.send_signal(way)
        assert exporting.returncode != 0
        assert as_before(target)


@pytest.mark.slow
def test_exports_that_are_killed_at_any_moment(target):
    """One export after the other to the same file: whenever they are killed, it is a whole workbook."""
    program = "import rnnsheet\nwhile True: rnnsheet.export('hello', {!r}, force=True, epochs=100)"
    for moment in range(0, 10, 2):
        target.write_bytes(OLD)
        with subprocess.Popen([sys.executable, "-c", program.format(str(target))]) as exporting:
            while target.read_bytes() == OLD:
                time.sleep(0.001)
            time.sleep(moment / 30)
            exporting.kill()
        assert alone(target)
        with zipfile.ZipFile(target) as book:
            assert book.testzip() is None


def test_the_folder_is_removed(target):
    with export(target) as exporting:
        in_the_middle(exporting, target.parent, lambda: shutil.rmtree(target.parent))
        failed(exporting, target, "No such file or directory")
    assert not target.parent.exists()


@pytest.mark.slow
def test_the_folder_is_made_read_only(target):
    may = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everywhere, and setpriv (util-linux) is not installed")
        may = ("setpriv", "--bounding-set", "-dac_override")
    with export(target, *may) as exporting:
        in_the_middle(exporting, target.parent, lambda: target.parent.chmod(0o555))
        failed(exporting, target, "Permission denied")
    target.parent.chmod(0o755)
    assert as_before(target)


def test_a_folder_takes_the_target_s_name(target):
    def replace():
        target.unlink()
        target.mkdir()

    with export(target) as exporting:
        in_the_middle(exporting, target.parent, replace)
        failed(exporting, target, "Is a directory")
    assert list(target.parent.iterdir()) == [target]
    assert list(target.iterdir()) == []
