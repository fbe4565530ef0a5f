"""The check of a workbook: its recalculation beside the plan and the trace of its lesson.

Little is imported before the spreadsheet engines have begun: both work at the same time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsheet.checking.engines import chosen
from rnnsheet.checking.recalculate import Engine, Recalculation, recalculations
from rnnsheet.checking.turns import turn
from rnnsheet.errors import RnnsheetError
from rnnsheet.labels import languages
from rnnsheet.workbook.package import opened, readable
from rnnsheet.workbook.read import read

if TYPE_CHECKING:
    from rnnsheet.checking.report import FrameworkReport, Report
    from rnnsheet.lesson import LessonData
    from rnnsheet.network import Array
    from rnnsheet.network.imported import ImportedNetwork
    from rnnsheet.trace import Trace
    from rnnsheet.workbook.manifest_reader import Manifest

TOLERANCE = 1e-9

Waiting = Callable[[], object]


def _unheard() -> None:
    """Tells nobody."""


def check(path: str | Path, tolerance: float = TOLERANCE, engine: str = "ironcalc") -> Report:
    """Recalculates a workbook and compares every cell with NumPy, every formula with its lesson.

    `tolerance` is absolute for numbers up to 1, relative above; where the network amplifies
    roundings, what they may amount to is added. `engine` is one of `checking.engines.ENGINES`. Raises
    WorkbookError or LessonError where the file cannot be read, is not ours, or has an input that is
    none, RnnsheetError where the engine is not installed.
    """
    return checks(path, tolerance, chosen(engine)[:1])[0]


def each(
    files: Sequence[str], tolerance: float, engines: Sequence[Engine], waiting: Waiting = _unheard
) -> Iterator[tuple[str, list[Report] | RnnsheetError]]:
    """Every file's reports, or what is wrong with it, in order; as many at once as there are processors."""
    from concurrent.futures import ThreadPoolExecutor

    def one(file: str) -> list[Report] | RnnsheetError:
        try:
            return checks(file, tolerance, engines, waiting)
        except RnnsheetError as error:
            return error

    if len(files) == 1:
        yield files[0], one(files[0])
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(files, pool.map(one, files), strict=True)


def checks(
    path: str | Path, tolerance: float, engines: Sequence[Engine], waiting: Waiting = _unheard
) -> list[Report]:
    """The reports of several engines on one workbook, which they recalculate at the same time.

    `waiting` is called where other checks on this machine are waited for, and that is long.
    """
    if not isinstance(tolerance, int | float) or not 0 < tolerance < math.inf:
        raise RnnsheetError("bad_tolerance", got=tolerance)
    if _is_page(Path(path)):
        from rnnsheet.checking import live_page

        return [live_page.report(Path(path), tolerance, _witness)]
    package = opened(Path(path))
    with turn(waiting):
        contents = read(package)
        with recalculations(engines, contents) as running:
            # While the engines work.
            from rnnsheet.workbook.manifest_reader import Manifest

            manifest = Manifest(contents)
            manifest.check()
            return _reports(manifest, running, tolerance)


def _is_page(path: Path) -> bool:
    """Whether a file is a page by its name; a workbook, which is a zip archive, is one under any name."""
    if path.suffix.lower() not in (".html", ".htm"):
        return False
    if not path.is_file():
        return True
    with readable(path), path.open("rb") as file:
        return file.read(2) != b"PK"


def _reports(manifest: Manifest, running: Mapping[str, Recalculation], tolerance: float) -> list[Report]:
    from rnnsheet.checking.compare import Comparison
    from rnnsheet.sheet.layout import plan
    from rnnsheet.workbook.input_reader import read_inputs

    first = next(iter(running.values()))
    source = read_inputs(manifest, lambda *cell: first.values().value(*cell))
    language = manifest.facts["language"]
    planned = plan(source, language if language in languages() else "en")
    manifest.check_plan(planned)
    comparison = Comparison(manifest.contents, planned, *_witness(source), source, tolerance)
    framework, notes = _framework(source), manifest.contents.settings
    return [
        replace(
            comparison.report(source.name, name, recalculation.values()), framework=framework, notes=notes
        )
        for name, recalculation in running.items()
    ]


def source_of(path: str | Path) -> LessonData | ImportedNetwork:
    """What a workbook is of, with its inputs as they stand; a formula among them counts as it was stored.

    Raises WorkbookError, LessonError or ModelError where it cannot be read, or has an input that is none.
    """
    from rnnsheet.workbook.input_reader import read_inputs
    from rnnsheet.workbook.manifest_reader import Manifest

    contents = read(opened(Path(path)))
    manifest = Manifest(contents)
    manifest.check()
    return read_inputs(manifest, contents.value)


def _framework(source: LessonData | ImportedNetwork) -> FrameworkReport | None:
    """The results that came with the weights, if they are still the same, beside NumPy's."""
    from rnnsheet.lesson import LessonData

    if isinstance(source, LessonData) or not source.witness:
        return None
    import numpy as np

    from rnnsheet.checking.report import FrameworkReport
    from rnnsheet.engine.witness import differences
    from rnnsheet.network.imported import digest

    told = source.witness
    facts = (told.framework, told.given.shape[1], told.found.size)
    if digest(source, source.precision) != told.weights:
        return FrameworkReport(*facts, 0, 0.0, told.tolerance, compared=False)
    found = differences(source, told)
    failed = int(np.sum(~(found <= told.tolerance)))
    return FrameworkReport(*facts, failed, float(found.max()), told.tolerance)


def _witness(source: LessonData | ImportedNetwork) -> tuple[Trace | None, Callable[[], Mapping[str, Array]]]:
    """What NumPy computes, if it knows the network, and how to find what roundings make of it."""
    from rnnsheet.lesson import LessonData

    if not isinstance(source, LessonData):
        from rnnsheet.engine import imported

        typed = source.read.sample
        return imported.run(source, typed), partial(imported.roundings, source, typed)
    from rnnsheet import engine

    if engine.knows(source.model):
        return engine.complete(source), partial(engine.roundings, source)
    return None, dict
