"""Whole processes against the bare imports that they cannot do without."""

import compileall
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import rnnsheet
from benchmarks.book import Floor
from benchmarks.timing import line, ratio, rounds

RNNSHEET = str(Path(sys.executable).parent / "rnnsheet")


def report(count: int) -> Iterator[str]:
    """The start-up ratios of the package as pip installs it: compiled."""
    compileall.compile_dir(str(Path(rnnsheet.__file__).parent), quiet=1)
    if more := [name for name in ("PIL", "lxml") if find_spec(name)]:
        yield f"(openpyxl imports {' and '.join(more)}, installed here; a plain installation has neither)"
    with tempfile.TemporaryDirectory() as folder:
        book = str(Path(folder) / "hello.xlsx")
        export = [RNNSHEET, "export", "hello", "-o", book, "--force"]
        short = [*export, "--epochs", "1", "--steps", "2"]
        commands = {
            "import typer": [sys.executable, "-c", "import typer"],
            "import typer, numpy": [sys.executable, "-c", "import typer, numpy"],
            "import typer, numpy, openpyxl": [sys.executable, "-c", "import typer, numpy, openpyxl"],
            "--help": [RNNSHEET, "--help"],
            "export hello, 1 epoch": short,
            "export hello": export,
            "check hello.xlsx": [RNNSHEET, "check", book],
        }
        subprocess.run(export, check=True, capture_output=True)
        tasks = {name: process(command) for name, command in commands.items()}
        times = rounds({**tasks, "floor": Floor(Path(book)).write}, count)
    yield line("rnnsheet --help / import typer", ratio(times, "--help", "import typer"), 1.1)
    yield line(
        "rnnsheet export hello --epochs 1 --steps 2 / import typer, numpy",
        ratio(times, "export hello, 1 epoch", "import typer, numpy"),
    )
    yield line(
        "rnnsheet export hello / import typer, numpy",
        ratio(times, "export hello", "import typer, numpy"),
        1.9,
    )
    yield line(
        "  of which importing openpyxl",
        ratio(times, "import typer, numpy, openpyxl", "import typer, numpy") - 1,
    )
    yield line(
        "  hand-written row templates of as many cells",
        ratio(times, "floor", "import typer, numpy"),
    )
    yield line(
        "rnnsheet check hello.xlsx / import typer, numpy",
        ratio(times, "check hello.xlsx", "import typer, numpy"),
    )


def process(command: list[str]) -> Callable[[], object]:
    """A whole process."""
    return lambda: subprocess.run(command, check=True, capture_output=True)
