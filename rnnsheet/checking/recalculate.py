"""What a spreadsheet engine must be able to do for a check, and a workbook after its recalculation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rnnsheet.checking.process import Program, StoppedError, held_signals
from rnnsheet.errors import WorkbookError
from rnnsheet.files import own_folder
from rnnsheet.sheet.grid import key
from rnnsheet.workbook.package import MEGABYTE, Package, opened

if TYPE_CHECKING:
    from rnnsheet.sheet.plan import Area, Block

_ROOM, _ROOM_PER_BYTE = 640 << 20, 12
"""The memory that an engine may take: for itself, and for each byte of the file's parts."""


def room(package: Package) -> int:
    """How many bytes of memory an engine may take for a file: more than for any honest one."""
    return _ROOM + _ROOM_PER_BYTE * package.size


@dataclass(frozen=True)
class Values:
    """The values of a workbook by sheet and `grid.key`: float, str, bool or CellError."""

    sheets: Mapping[str, Mapping[int, Any]]

    def value(self, sheet: str, row: int, col: int) -> Any:
        """A cell's value; None where it has none."""
        return self.sheets.get(sheet, {}).get(key(row, col))

    def of(self, area: Area) -> list[Any]:
        """The values of an area's cells, row by row."""
        sheet = self.sheets.get(area.sheet, {})
        return list(map(sheet.get, area.cells()))

    def block(self, block: Block) -> Sequence[Sequence[Any]]:
        """The value of each cell of a block, row by row: what is known of it, or what the engine found."""
        if block.values is not None:
            return block.values
        cols, found = block.area.cols, ["" if value is None else value for value in self.of(block.area)]
        return [found[start : start + cols] for start in range(0, len(found), cols)]


def saved_values(path: Path) -> Values:
    """The values that an engine has stored in the file it wrote.

    Raises StoppedError where it wrote none, or one that cannot be read.
    """
    from rnnsheet.workbook.read import read

    if not path.is_file():
        raise StoppedError("no_output")
    try:
        with opened(path) as package:
            return Values({name: grid.values for name, grid in read(package).sheets.items()})
    except WorkbookError as error:
        # Its place is a file that the user does not have.
        error.place = ""
        raise StoppedError("bad_output", reason=error) from None


class Engine(Protocol):
    """A spreadsheet program that recalculates every formula of a file, whatever values are stored in it."""

    NAME: str
    """By which people choose it, which reports say, and under which [engines] says how to get it."""
    CLOSED: bool
    """Whether no formula lets it reach outside the file."""

    def installed(self) -> bool:
        """Whether it can be used here."""

    def version(self) -> str:
        """Its version, where it is installed."""

    def command(self, package: Package, folder: Path) -> Sequence[str]:
        """The command that recalculates a file and may write into the folder, which is its own."""

    def leftovers(self, folder: Path) -> Sequence[Path]:
        """What the command may leave elsewhere where it is killed."""

    def values(self, package: Package, folder: Path, output: bytes) -> Values:
        """What the command has found, from what it printed or left in the folder."""


class Recalculation:
    """A recalculation under way."""

    def __init__(self, engine: Engine, package: Package, folder: Path):
        self._engine, self._package, self._folder = engine, package, folder
        self.seconds = 20 + 2 * package.size / MEGABYTE
        """How long it may take."""
        self._values: Values | None = None
        self._program = Program(
            engine.command(package, folder), folder, dict.fromkeys(("HOME", "TMPDIR"), str(folder))
        )

    def values(self) -> Values:
        """What the engine finds, as soon as it has. Raises WorkbookError where it cannot."""
        if self._values is None:
            try:
                output = self._program.output(self.seconds)
                self._values = self._engine.values(self._package, self._folder, output)
            except StoppedError as error:
                name, place = self._engine.NAME, str(self._package.path)
                raise WorkbookError("engine_failed", place=place, engine=name, reason=error) from None
        return self._values

    def end(self) -> None:
        """Ends the engine, if it still runs."""
        self._program.end()


@contextmanager
def recalculation(engine: Engine, package: Package) -> Iterator[Recalculation]:
    """The recalculation of a file; it begins at once, and leaves nothing."""
    with ExitStack() as stack:
        with held_signals():
            folder = stack.enter_context(own_folder(engine.NAME, partial(_remove_leftovers, engine)))
            begun = Recalculation(engine, package, folder)
            stack.callback(begun.end)
        yield begun


def _remove_leftovers(engine: Engine, folder: Path) -> None:
    """Removes what an engine that has been ended left outside of its folder."""
    for left in engine.leftovers(folder):
        left.unlink(missing_ok=True)
