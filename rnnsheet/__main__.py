"""The process of the command `rnnsheet`: its signals, its streams, how it ends."""

import os
import signal
import sys

_INTERRUPTED, _NOT_READ = 130, 141
"""As a shell tells of a program that Ctrl-C ended, or that wrote to a closed pipe: 128, and the signal."""
_MISTAKE, _FAULT = 2, 70
"""Something that was given cannot be used; a fault of ours, as EX_SOFTWARE in sysexits.h."""

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Before anything else is imported, which takes most of the time until a command begins.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))

import _thread  # noqa: E402
import gc  # noqa: E402
import time  # noqa: E402
from contextlib import suppress  # noqa: E402
from typing import TYPE_CHECKING, NoReturn  # noqa: E402

if TYPE_CHECKING:
    from types import FrameType

_ended = 0
"""The status with which a signal has ended the command: what is raised after that is no fault."""


def main() -> NoReturn:
    """The entry point of the command."""
    # Imports make few cycles, and looking for them is lost time; a training makes some in every batch.
    gc.set_threshold(20_000, 50, 100)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ignored under nohup.
        if number and signal.getsignal(number) != signal.SIG_IGN:
            # As an exception it ends what runs beside us, and removes temporary files.
            signal.signal(number, _end_by_signal)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # It was closed: what is said is lost, and no file is opened in its place.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        # A terminal of another encoding shows ? for a sign it lacks, and no traceback.
        getattr(sys, name).reconfigure(errors="replace")
    sys.unraisablehook = _come_again
    status = _status()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    # Leaves at once: taking apart what NumPy and openpyxl imported is a sixth of a short command.
    os._exit(status)


def _end_by_signal(number: int, _: "FrameType | None") -> NoReturn:
    global _ended
    _ended = 128 + number
    sys.exit(_ended)


def _interrupt(number: int, frame: "FrameType | None") -> None:
    global _ended
    _ended = _INTERRUPTED
    signal.default_int_handler(number, frame)


def _come_again(lost: "sys.UnraisableHookArgs") -> None:
    """A signal that came where Python can raise nothing, as in a callback of its imports, comes once more."""
    if not _ended or not isinstance(lost.exc_value, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(lost)
        return

    number, here = signal.Signals(_ended - 128), _thread.get_ident()

    def signal_soon() -> None:
        time.sleep(0.01)
        if hasattr(signal, "pthread_kill"):
            # Also where it waits: for a program, or in a sleep.
            signal.pthread_kill(here, number)
        else:
            _thread.interrupt_main(number)

    _thread.start_new_thread(signal_soon, ())


def _status() -> int:
    """Runs the command, and tells in one line what it could not tell itself. 1 is `check`'s alone."""
    waits = callable(signal.getsignal(signal.SIGINT))
    try:
        # Here, so that what goes wrong while it is imported ends it in the same way.
        from rnnsheet.cli import run_command

        if waits:
            signal.signal(signal.SIGINT, _interrupt)
        return run_command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        # Who read it has had enough, as `head` does.
        return _NOT_READ
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            return _INTERRUPTED
        return _ended or _told(error)
    finally:
        if waits:
            signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))


def _told(error: BaseException) -> int:
    """The status of an error that nobody expected, after a line about it."""
    key, status = "fault", _FAULT
    if isinstance(error, MemoryError) or "failed to map segment" in str(error):
        key, status = "no_memory", _MISTAKE
    elif isinstance(error, OSError):
        key, status = "system", _MISTAKE
    line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    with suppress(BaseException):
        # Where memory is short, that may fail too.
        from rnnsheet.errors import RnnsheetError
        from rnnsheet.version import VERSION

        line = str(RnnsheetError(key, reason=line, where=_where(error), version=VERSION))
    with suppress(OSError, ValueError):
        sys.stderr.write(f"rnnsheet: {line}\n")
    return status


def _where(error: BaseException) -> str:
    """The last line of ours that an error came through."""
    from pathlib import Path
    from traceback import extract_tb

    own = Path(__file__).parent
    frames = [frame for frame in extract_tb(error.__traceback__) if own in Path(frame.filename).parents]
    return f"{Path(frames[-1].filename).relative_to(own.parent)}:{frames[-1].lineno}" if frames else "?"


if __name__ == "__main__":
    main()
