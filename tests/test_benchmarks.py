"""Every benchmark runs, once and with the least that there is; its figures are no matter of a test."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import benchmarks
from tests.conftest import INSTALL

FOLDER = Path(benchmarks.__file__).parent


@pytest.mark.slow
def test_every_benchmark_ends_with_its_ratios():
    for package in ("torch", "keras", "xlsxwriter"):
        if not find_spec(package):
            pytest.skip(f"{package} {INSTALL}")
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"], cwd=FOLDER.parent, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    ratios = re.findall(r"^.{64} +[\d.]+", ended.stdout, re.MULTILINE)
    assert len(ratios) > len(list(FOLDER.glob("*.py")))
    assert not re.findall(r"^(?:mutations missed|false alarms).*MISSED", ended.stdout, re.MULTILINE)


def test_every_benchmark_is_among_them():
    modules = {path.stem for path in FOLDER.glob("*.py") if "def report(" in path.read_text("utf-8")}
    listed = re.findall(r"yield (\w+)\.report\(", (FOLDER / "__main__.py").read_text("utf-8"))
    assert sorted(listed) == sorted([*modules, *modules])
