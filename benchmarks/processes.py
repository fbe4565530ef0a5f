"""Whole processes: how long they take, and how much memory."""

import os
import time
from pathlib import Path


def run(command: object, folder: Path) -> tuple[float, float]:
    """The seconds that a silent command takes, and the most megabytes that it or one of its children has."""
    start = time.perf_counter()
    process = os.posix_spawnp(
        command[0],  # type: ignore[index]
        command,  # type: ignore[arg-type]
        {**os.environ, "HOME": str(folder)},
        file_actions=[(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)],
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise ChildProcessError(f"{command} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000
