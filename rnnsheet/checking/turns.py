"""What the checks on one machine share: their turns, and what one that was killed has left behind.

Both stand on locks of files in the temporary folder, which the system opens as soon as their process ends,
however it ends. Where it has no such locks (Windows), nobody waits and nothing is cleared.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_PREFIX = "rnnsheet-"
_FOLDER = re.compile(rf"{_PREFIX}\w{{8}}", re.ASCII)
_LOCK = ".engine"
"""In an engine's folder, locked for as long as the check runs that made it."""
_PAUSE, _LONG = 0.1, 2.0
"""Seconds: after which it is asked again whose turn it is, and after which people are told."""


@contextmanager
def turn(waiting: Callable[[], object]) -> Iterator[None]:
    """Waits while as many checks of a user run as there are processors; `waiting` is called if that is long.

    A check has one turn, however many engines it begins: so none keeps what another waits for.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        place, lock = _first_free([_place(number) for number in range(os.cpu_count() or 1)], waiting)
    except OSError:
        # The folder takes no locks: then there are no turns.
        yield
        return
    with lock:
        try:
            yield
        finally:
            # Before the lock is opened, so that nobody removes a file that another has locked.
            place.unlink(missing_ok=True)


@contextmanager
def engine_folder() -> Iterator[Path]:
    """A folder of its own for an engine, which the next check removes if this one is killed."""
    with TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name:
        if sys.platform == "win32":
            yield Path(name)
            return
        with _marked(Path(name)):
            yield Path(name)


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Has the folder locked as one of ours, where it takes locks."""
    lock = None
    with suppress(OSError):
        lock = _locked(folder / _LOCK, os.O_CREAT)
    try:
        yield
    finally:
        if lock:
            lock.close()


def clear(remove_more: Callable[[Path], object]) -> None:
    """Removes the folders of a user's checks that were killed, and what `remove_more` does of each before."""
    if sys.platform == "win32":
        return
    for place in Path(gettempdir()).glob(_place("*").name):
        with suppress(OSError):
            if lock := _locked(place):
                with lock:
                    place.unlink()
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        # Another check may clear it at the same time.
        with suppress(OSError):
            is_own = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
            if is_own and _FOLDER.fullmatch(folder.name) and (lock := _locked(folder / _LOCK)):
                with lock:
                    remove_more(folder)
                    shutil.rmtree(folder, ignore_errors=True)


def _place(number: int | str) -> Path:
    return Path(gettempdir(), f"{_PREFIX}{os.getuid()}-{number}.lock")


def _first_free(places: list[Path], waiting: Callable[[], object]) -> tuple[Path, BinaryIO]:
    """The first lock of these that nobody has, as soon as there is one."""
    begun = time.monotonic()
    told = False
    while True:
        for place in places:
            if lock := _locked(place, os.O_CREAT):
                return place, lock
        if not told and time.monotonic() - begun > _LONG:
            told = True
            waiting()
        time.sleep(_PAUSE)


def _locked(path: Path, flags: int = 0) -> BinaryIO | None:
    """The file, locked; None where another has it, or has just removed it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW | flags, 0o600), "r+b")
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # What was opened may be another file than what is there now.
        if os.path.samestat(os.fstat(file.fileno()), path.lstat()):
            return file
    file.close()
    return None
