"""Every block stands where it was reviewed last, and computes what it did: what moved is shown."""

from difflib import unified_diff

import pytest

from tests.golden import COMMAND, FOLDER, NAMES, lines


@pytest.mark.parametrize("name", NAMES)
def test_every_block_is_where_it_was_and_computes_what_it_did(name):
    file = FOLDER / f"{name}.txt"
    reviewed = file.read_text("utf-8").splitlines(True) if file.exists() else []
    moved = "".join(unified_diff(reviewed, list(lines(name)), f"tests/golden/{name}.txt", "the plan", n=0))
    if moved:
        pytest.fail(f"{moved}\nIf this is meant: {COMMAND}, and review the diff.", pytrace=False)


def test_every_file_belongs_to_a_workbook():
    assert {file.stem for file in FOLDER.iterdir()} == set(NAMES)
