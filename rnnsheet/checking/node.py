"""A page's formulas computed by Node, in a process of its own: the script that we compile, never a file's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsheet.checking.process import Program, limited, running, version_of, without_network
from rnnsheet.checking.recalculate import Values
from rnnsheet.sheet.bounds import key
from rnnsheet.workbook.worksheet import CellError

if TYPE_CHECKING:
    from rnnsheet.webpage.document import Page

NAME = "node"
_ROOM = 4 << 30
"""The bytes of memory that it may take; it asks for much more than it uses."""
_SECONDS = 120
_PROGRAM = Path(__file__).with_name("node_program.js")

Edits = Sequence[Mapping[int, Any]]
"""What is typed into cells, by their places, time after time."""


def installed() -> bool:
    """Whether there is Node."""
    return shutil.which(NAME) is not None


def version() -> str:
    """Its version."""
    return version_of(NAME)


def computed(page: Page, edits: Edits = ({},)) -> list[Values]:
    """The values of every cell after each of the edits. Raises StoppedError where Node does not find them."""
    from rnnsheet.webpage.document import engine_with

    data = json.dumps({"book": page.content, "edits": [list(each.items()) for each in edits]}, default=dict)
    program = "\n".join((engine_with(page.functions), _PROGRAM.read_text("utf-8")))
    command = limited([shutil.which(NAME) or NAME, "program.cjs", "data.json"], _ROOM, _SECONDS)

    def begin(folder: Path) -> Program:
        (folder / "program.cjs").write_text(program, "utf-8")
        (folder / "data.json").write_text(data, "utf-8")
        return Program([*without_network(), *command], folder)

    with running(begin, NAME) as node:
        output = node.output(_SECONDS)
    return [_values(page, each) for each in json.loads(output)]


def _values(page: Page, found: list[Any]) -> Values:
    """The values by sheet of what Node printed: cell by cell as its arrays are; an error is a list."""
    sheets: dict[str, dict[int, Any]] = {}
    start = 0
    for name, rows, cols in page.book.sheets:
        cells = sheets[name] = {}
        for place, value in enumerate(found[start : start + rows * cols]):
            if value is not None:
                row, col = divmod(place, cols)
                cells[key(row + 1, col + 1)] = CellError(value[0]) if isinstance(value, list) else value
        start += rows * cols
    return Values(sheets)
