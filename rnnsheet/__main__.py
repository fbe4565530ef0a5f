"""The process of the command `rnnsheet`: its signals, its streams, how it ends."""

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

_INTERRUPTED = 130
"""As a shell tells of a program that Ctrl-C ended."""


def main() -> NoReturn:
    """The entry point of the command."""
    # Imports make few cycles, and looking for them is lost time; a training makes some in every batch.
    gc.set_threshold(20_000, 50, 100)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ignored under nohup.
        if number and signal.getsignal(number) != signal.SIG_IGN:
            # As an exception it ends what runs beside us, and removes temporary files.
            signal.signal(number, lambda got, _: sys.exit(128 + got))
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream]
    for stream in streams:
        # A terminal of another encoding shows ? for a sign it lacks, and no traceback.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        # Here, so that what ends the command while it is imported ends it in the same way.
        from rnnsheet.cli import app

        app()
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)
    except OSError as error:
        sys.stderr.write(f"rnnsheet: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(2)
    except SystemExit as end:
        for stream in streams:
            with suppress(BrokenPipeError):
                stream.flush()
        # Leaves at once: taking apart what NumPy and openpyxl imported is a sixth of a short command.
        os._exit(end.code if isinstance(end.code, int) else 0)
    raise AssertionError("Typer ends with SystemExit")


if __name__ == "__main__":
    main()
