"""Whole processes: how long they take, and how much memory."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A small program in between: Linux counts the memory of who starts a process as the process's own peak.
_MEASURED = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000]))
"""


def run(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """The seconds that a silent command takes, and the most megabytes that it or one of its children has."""
    measured = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURED, *command],
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, megabytes = json.loads(measured.stdout)
    return seconds, megabytes
