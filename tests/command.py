"""The command as a user calls it, without the half second that a process of its own takes to begin."""

import io
import os
import signal
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

_before = signal.getsignal(signal.SIGINT)
from rnnsheet.__main__ import _status  # noqa: E402

# What a command that still begins does at Ctrl-C is not for the tests.
signal.signal(signal.SIGINT, _before)


def rnnsheet(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in this process: its exit status, and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["rnnsheet", *arguments])
        patch.setattr(warnings, "showwarning", warnings.showwarning)
        patch.setattr("rnnsheet.console.command._libraries_end_with_2", lambda: None)
        for name, value in {"LC_ALL": "C.UTF-8", **environment}.items():
            patch.setitem(os.environ, name, value)
        status = _status()
    signal.signal(signal.SIGINT, before)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def in_a_process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, where that is what is tested."""
    command = [sys.executable, "-m", "rnnsheet", *arguments]
    settings = {**os.environ, "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run(command, cwd=cwd, env=settings, capture_output=True, encoding="utf-8", timeout=60)


def fails(*arguments: str, cwd: Path) -> str:
    """The one line that a user's mistake gets, and nothing left behind."""
    before = sorted(cwd.rglob("*"))
    ended = rnnsheet(*arguments, cwd=cwd)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert sorted(cwd.rglob("*")) == before
    return ended.stderr
