"""The turns of checks that run on one machine at the same time.

They stand on locks of files in the temporary folder, which the system opens as soon as their process ends,
however it ends. Where it has no such locks (Windows), nobody waits.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_PREFIX = "rnnsheet-"
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


def _place(number: int) -> Path:
    return Path(gettempdir(), f"{_PREFIX}{os.getuid()}-{number}.lock")


def _first_free(places: list[Path], waiting: Callable[[], object]) -> tuple[Path, BinaryIO]:
    """The first lock of these that nobody has, as soon as there is one."""
    begun = time.monotonic()
    told = False
    while True:
        for place in places:
            if lock := _locked(place):
                return place, lock
        if not told and time.monotonic() - begun > _LONG:
            told = True
            waiting()
        time.sleep(_PAUSE)


def _locked(path: Path) -> BinaryIO | None:
    """The file, locked; None where another has it, or has just removed it."""
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600), "r+b")
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # What was opened may be another file than what is there now.
        if os.path.samestat(os.fstat(file.fileno()), path.lstat()):
            return file
    file.close()
    return None
