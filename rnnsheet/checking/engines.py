"""The spreadsheet engines that a check may use, the usual one first."""

from pathlib import Path

from rnnsheet.checking import formulon, gnumeric, ironcalc, libreoffice, turns
from rnnsheet.checking.recalculate import Engine, remove_leftovers
from rnnsheet.errors import RnnsheetError

ENGINES: dict[str, Engine] = {engine.NAME: engine for engine in (ironcalc, libreoffice, gnumeric, formulon)}

ALL = "all"


def chosen(name: str) -> list[Engine]:
    """The engine of that name, or every one that is installed. Raises RnnsheetError where there is none."""
    if name == ALL:
        return [engine for engine in ENGINES.values() if engine.installed()]
    if name not in ENGINES:
        raise RnnsheetError("unknown_engine", given=name, known=", ".join((*ENGINES, ALL)))
    engine = ENGINES[name]
    if not engine.installed():
        raise RnnsheetError("no_engine", engine=name)
    return [engine]


def clear() -> None:
    """Removes what the engines of a check that was killed have left."""

    def leftovers(folder: Path) -> None:
        for engine in ENGINES.values():
            remove_leftovers(engine, folder)

    turns.clear(leftovers)
