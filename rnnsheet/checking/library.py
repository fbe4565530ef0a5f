"""Engines that are Python packages: each recalculates in a process of its own, by a program of ours."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rnnsheet.checking.process import search_path


def installed(package: str) -> bool:
    """Whether a package is here."""
    return find_spec(package) is not None


def version(package: str) -> str:
    """The version of a package."""
    # It takes longer to import than all that a check needs.
    from importlib import metadata

    return metadata.version(package)


def command(package: str, *arguments: str) -> Sequence[str]:
    """Python with the package's program, which finds what this process finds, and nothing else."""
    program = Path(__file__).with_name(f"{package}_program.py")
    return [sys.executable, "-I", "-S", str(program), search_path(), *arguments]
