"""Programs that run beside ours, with limits of time and output, and end together with what they started."""

import math
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from rnnsheet.errors import RnnsheetError
from rnnsheet.files import temporary_folder

MOST_OUTPUT = 1 << 28
"""In bytes; what a program says beyond that ends it."""
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_ALONE = ("unshare", "--user", "--map-current-user", "--net", "--")
"""Before a command: it runs in a name space of its own, in which there is no network. Of util-linux 2.34."""


def version_of(program: str) -> str:
    """The version that a program says it has, "" where it says none."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else ""


def search_path() -> str:
    """Where this process finds packages, as in PYTHONPATH, for a program of ours that runs beside it."""
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)


def limited(command: Sequence[str], room: int, seconds: float) -> Sequence[str]:
    """The command with so many bytes for data and seconds of processor time, where the system can do that."""
    if sys.platform == "win32":
        return command
    return ["sh", "-c", _LIMITED, str(room >> 10), str(math.ceil(seconds)), *command]


_LIMITED = 'ulimit -d "$0" 2>/dev/null; ulimit -S -t "$1"; shift; exec "$@"'
_WAITING = 4
"""How much longer than its processor time a program may take where the machine has other work."""
_BY_SHELL = 128
"""Where a program that was started by another ends by a signal, this and its number is the status of that."""


_WITH_PARENT = 'exec 3<&0; ( (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & ); exec "$@" </dev/null 3<&-'
"""Runs a command; one beside it ends the whole group when the pipe that is its input ends, as where its
other end belonged to a process that was killed."""


@cache
def without_network() -> Sequence[str]:
    """What stands before a command that shall find no network; nothing where the system does not let us."""
    try:
        tried = subprocess.run([*_ALONE, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return () if tried.returncode else _ALONE


@contextmanager
def _held_signals() -> Iterator[None]:
    """Lets the signals that end us wait until what is begun inside is known, so that it can be ended too."""
    if threading.current_thread() is not threading.main_thread():
        # Signals become exceptions in the main thread alone.
        yield
        return
    waiting: list[int] = []
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    # What is ignored, as under nohup, stays so, for the engine too.
    found = ((number, signal.getsignal(number)) for number in numbers)
    handlers = {number: own for number, own in found if own not in (None, signal.SIG_IGN)}
    for number in handlers:
        signal.signal(number, lambda got, _: waiting.append(got))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for got in waiting:
            signal.raise_signal(got)


class Running(Protocol):
    """What runs until it is ended."""

    def end(self) -> None:
        """Ends it, if it still runs."""


Begun = TypeVar("Begun", bound=Running)


@contextmanager
def running(
    begin: Callable[[Path], Begun], purpose: str, clear: Callable[[Path], object] = lambda _: None
) -> Iterator[Begun]:
    """What `begin` starts in a folder of its own, ended afterwards, whatever interrupts us before or after.

    `purpose` and `clear` as in `files.temporary_folder`.
    """
    with ExitStack() as stack:
        with _held_signals():
            program = begin(stack.enter_context(temporary_folder(purpose, clear)))
            stack.callback(program.end)
        yield program


class StoppedError(RnnsheetError):
    """A program that took too long, said too much or failed; `text` says which."""


class Program:
    """A running program in a process group of its own, which ends with this process, however that ends."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None):
        self._output: list[bytes] = []
        windows = sys.platform == "win32"
        self._process = subprocess.Popen(
            command if windows else ["sh", "-c", _WITH_PARENT, "sh", *command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL if windows else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def output(self, seconds: float) -> bytes:
        """What it prints until it ends. Raises StoppedError where it fails or takes longer.

        `seconds` are of processor time, see `limited`; it may take a few times as long.
        """
        self._reader.join(_WAITING * seconds)
        late = self._reader.is_alive()
        self.end()
        if late:
            raise StoppedError("too_slow", seconds=round(seconds))
        if sum(map(len, self._output)) > MOST_OUTPUT:
            raise StoppedError("too_much", most=MOST_OUTPUT >> 20)
        status = self._process.returncode
        number = -status if status < 0 else status - _BY_SHELL
        if number in set(signal.Signals):
            name = signal.Signals(number).name
            if name == "SIGXCPU":
                raise StoppedError("too_slow", seconds=round(seconds))
            raise StoppedError("broke_down", signal=name)
        if status:
            raise StoppedError("ended", status=status)
        return b"".join(self._output)

    def end(self) -> None:
        """Ends it, if it still runs, and everything that it started."""
        with suppress(subprocess.TimeoutExpired):
            # Its output may be closed a moment before it has ended by itself.
            self._process.wait(0 if self._reader.is_alive() else 5)
        if sys.platform == "win32":
            if self._process.poll() is None:
                subprocess.run(["taskkill", "/F", "/T", "/PID", str(self._process.pid)], capture_output=True)
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        if self._process.stdin:
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout  # noqa: S101
        with self._process.stdout as stream:
            size = 0
            while size <= MOST_OUTPUT and (chunk := stream.read1(1 << 20)):  # type: ignore[attr-defined]
                self._output.append(chunk)
                size += len(chunk)
