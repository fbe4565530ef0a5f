"""What a spreadsheet engine must be able to do for a check, and a workbook after its recalculation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rnnsheet.checking.process import Program, StoppedError, limited, running, without_network
from rnnsheet.errors import WorkbookError
from rnnsheet.sheet.bounds import key
from rnnsheet.workbook.copy import copied
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import Contents, read
from rnnsheet.workbook.texts import unescaped
from rnnsheet.workbook.worksheet import Letters

if TYPE_CHECKING:
    from rnnsheet.sheet.plan import Area, Block

_ROOM, _ROOM_PER_CELL = 640 << 20, 3 << 10
"""The bytes of memory that an engine may take: for itself, and for each cell."""

_FOLDERS = ("HOME", "TMPDIR", *(f"XDG_{kind}" for kind in ("CONFIG_HOME", "CACHE_HOME", "DATA_HOME")))
"""The variables by which programs find a folder of the user's; an engine is given its own."""
_CALLS_NOBODY = {
    "SAL_DISABLE_CUPS": "1",
    "GSETTINGS_BACKEND": "memory",
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
}
"""LibreOffice asks for printers, GNOME's libraries for settings."""


class Limit(NamedTuple):
    """How much processor time a program may take, in seconds."""

    start: float
    per_cell: float

    def seconds(self, cells: int) -> float:
        """For so many cells."""
        return self.start + self.per_cell * cells


USUAL = Limit(10, 1e-4)
"""That of most engines, none of which needs half of it."""


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


def saved_values(path: Path, letters: Letters = unescaped) -> Values:
    """The values that an engine has stored in the file it wrote.

    Raises StoppedError where it wrote none, or one that cannot be read.
    """
    if not path.is_file():
        raise StoppedError("no_output")
    try:
        return Values({name: grid.values for name, grid in read(opened(path), letters).sheets.items()})
    except WorkbookError as error:
        # Its place is a file that the user does not have.
        error.place = ""
        raise StoppedError("bad_output", reason=error) from None


class Engine(Protocol):
    """A spreadsheet program that recalculates every formula of a file, whatever values are stored in it."""

    NAME: str
    """By which people choose it, which reports say, and under which [engines] says how to get it."""
    LIMIT: Limit
    """How much processor time it may take."""

    def installed(self) -> bool:
        """Whether it can be used here."""

    def version(self) -> str:
        """Its version, where it is installed."""

    def command(self, copy: Path, folder: Path) -> Sequence[str]:
        """The command that recalculates a file of ours and may write into the folder, which is its own."""

    def leftovers(self, folder: Path) -> Sequence[Path]:
        """What the command may leave elsewhere where it is killed."""

    def values(self, folder: Path, output: bytes) -> Values:
        """What the command has found, from what it printed or left in the folder."""


def no_leftovers(folder: Path) -> Sequence[Path]:
    """The `leftovers` of an engine that leaves nothing."""
    return ()


class Recalculation:
    """A recalculation under way."""

    def __init__(self, engine: Engine, contents: Contents, copy: bytes, folder: Path):
        self._engine, self._place, self._folder = engine, str(contents.path), folder
        self._values: Values | None = None
        file = folder / "copy.xlsx"
        file.write_bytes(copy)
        self.seconds = engine.LIMIT.seconds(contents.cells)
        self._program = at_work(engine.command(file, folder), folder, contents.cells, engine.LIMIT)

    def values(self) -> Values:
        """What the engine finds, as soon as it has. Raises WorkbookError where it cannot."""
        if self._values is None:
            try:
                output = self._program.output(self.seconds)
                self._values = self._engine.values(self._folder, output)
            except StoppedError as error:
                name = self._engine.NAME
                raise WorkbookError("engine_failed", place=self._place, engine=name, reason=error) from None
        return self._values

    def end(self) -> None:
        """Ends the engine, if it still runs."""
        self._program.end()


def at_work(command: Sequence[str], folder: Path, cells: int, limit: Limit) -> Program:
    """A program that works on so many cells, in a folder of its own and without a network."""
    kept = limited(command, _ROOM + _ROOM_PER_CELL * cells, limit.seconds(cells))
    environment = dict.fromkeys(_FOLDERS, str(folder)) | _CALLS_NOBODY
    return Program([*without_network(), *kept], folder, environment)


@contextmanager
def recalculations(engines: Sequence[Engine], contents: Contents) -> Iterator[dict[str, Recalculation]]:
    """By the names of engines, their recalculations of a workbook; they begin at once, and leave nothing.

    What they open is a copy that is written from what was read, the same for all. Raises WorkbookError,
    before any engine begins, where a formula could reach outside the workbook.
    """
    contents.check_formulas()
    copy = copied(contents)
    with ExitStack() as stack:
        begun: dict[str, Recalculation] = {}
        for engine in engines:
            begin = partial(Recalculation, engine, contents, copy)
            own = running(begin, engine.NAME, partial(remove_leftovers, engine))
            begun[engine.NAME] = stack.enter_context(own)
        yield begun


def remove_leftovers(engine: Engine, folder: Path) -> None:
    """Removes what an engine that has been ended left outside of its folder."""
    for left in engine.leftovers(folder):
        left.unlink(missing_ok=True)
