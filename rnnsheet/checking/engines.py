"""The spreadsheet engines that a check may use, the usual one first."""

from rnnsheet.checking import formulon, gnumeric, ironcalc, libreoffice
from rnnsheet.checking.recalculate import Engine
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
