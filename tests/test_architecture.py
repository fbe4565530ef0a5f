"""The rooms and the arrows between them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rnnsheet

PACKAGE = Path(rnnsheet.__file__).parent
WHERE_BOTH_MEET = PACKAGE / "checking" / "check.py"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module of ours that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("rnnsheet")}


@pytest.mark.parametrize(
    ("room", "strangers"),
    [
        ("engine", ("equations", "sheet", "workbook", "checking", "api", "cli")),
        *((room, ("engine", "api", "cli")) for room in ("equations", "sheet", "workbook", "checking")),
    ],
)
def test_the_oracle_and_the_compiler_never_meet(room, strangers):
    for path in {*(PACKAGE / room).rglob("*.py")} - {WHERE_BOTH_MEET}:
        for name in imported(path):
            assert name.split(".")[1:2] not in [[stranger] for stranger in strangers], path


def test_no_module_is_too_long_to_be_read_at_once():
    lines = {path.name: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert [name for name, count in lines.items() if count > 400] == []


def test_the_contracts_of_pyproject_hold():
    lint = shutil.which("lint-imports", path=Path(sys.executable).parent)
    if not lint:
        pytest.skip("import-linter is not installed: pip install -e '.[dev]'")
    ended = subprocess.run([lint], cwd=PACKAGE.parent, capture_output=True, encoding="utf-8", timeout=60)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_starts_with_what_belongs_in_it(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_the_equations_stay_small():
    lines = [
        line
        for name in ("rules.py", "recurrence.py")
        for line in (PACKAGE / "equations" / name).read_text("utf-8").splitlines()
    ]
    assert len(lines) <= 500
