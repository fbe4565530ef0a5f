"""What the Python API and the command line do with a lesson or a workbook: they bring the rooms together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnsheet import engine, templates
from rnnsheet.engine import Epoch
from rnnsheet.equations.lesson import network
from rnnsheet.errors import LessonError, OutputError, RnnsheetError, check_seed, known_language
from rnnsheet.files import check_file, check_free, temporary_folder, write_whole
from rnnsheet.labels import default_language
from rnnsheet.lesson import LessonData
from rnnsheet.network import KINDS, Model
from rnnsheet.notebook import html_table
from rnnsheet.plain import plain
from rnnsheet.progress import Advance, Progress, shares, silent, unheard
from rnnsheet.trace import Trace

if TYPE_CHECKING:
    from rnnsheet.network.imported import ImportedNetwork
    from rnnsheet.sheet.plan import Block, Plan
    from rnnsheet.workbook.write import Expected


class Lesson(LessonData):
    """A lesson that can be run, trained, saved and shown: what its data is, `LessonData` tells."""

    def run(self) -> Trace:
        """Every number that the lesson's network computes, by NumPy."""
        return engine.run(self)

    def train(
        self,
        epochs: int = 200,
        rate: float = 0.1,
        clip: float = math.inf,
        optimizer: str = "sgd",
        seed: int | None = None,
    ) -> Iterator[Epoch]:
        """Learns the word by gradient descent: the network before the first epoch, and after each.

        With a `seed` it starts from random weights of the same shapes. `clip` bounds the norm of
        each epoch's gradient. Raises LessonError where an option is not positive or unknown, the
        word has no letter to be predicted, or the numbers overflow.
        """
        epochs = _positive("epochs", epochs, int)
        rate, clip = _positive("rate", rate, int, float), _positive("clip", clip, int, float)
        if rate == math.inf:
            raise LessonError("not_positive", name="rate", got=rate)
        if optimizer not in engine.OPTIMIZERS:
            raise LessonError("unknown_optimizer", given=optimizer, known=", ".join(engine.OPTIMIZERS))
        if not any(
            any(each.should_say(layer)) for each in self.each_example() for layer in self.model.outputs
        ):
            raise LessonError("short_word", place=self.source, word=repr(self.word), shortest=2)
        check_seed(seed or 0)
        start = self if seed is None else self.with_model(engine.random_model(self.model, seed))
        return engine.train(start, epochs, rate, clip, optimizer)

    def _repr_html_(self) -> str:
        """A notebook shows the lesson's page in a frame; of a large one the layers and sizes alone."""
        language = default_language()
        if sum(array.size for array in self.model.parameters.values()) > _SHOWN:
            arrays = self.model.parameters.items()
            shapes = [(name, " × ".join(map(str, array.shape))) for name, array in arrays]
            return html_table(("array", "shape"), shapes)
        page = escape(page_text(self, language, framed=True))
        title = escape(self.title.get(language, self.name))
        return f'<iframe {_FRAME} title="{title}" srcdoc="{page}"></iframe>'

    def with_model(self, model: Model) -> Lesson:
        """The same lesson with another network."""
        return replace(self, model=model)

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Writes the lesson as a file that `load` takes. Raises OutputError where it cannot."""
        templates.save(self, Path(path), force)
        return Path(path)


_SHOWN = 300
"""A lesson with so many weights at most is shown as a page."""
_FRAME = 'sandbox="allow-scripts allow-downloads allow-modals" width="100%" height="760" style="border:0"'


def _positive(name: str, value: object, *types: type) -> Any:
    """The number as a plain one. Raises LessonError where it is none of these types, or not above 0."""
    number: Any = plain(value)
    if type(number) not in types or not number > 0:
        raise LessonError("not_positive", name=name, got=value)
    return number


def load(source: str | Path) -> Lesson:
    """The lesson of a built-in template's name, or of a path to a TOML file.

    Raises LessonError, with the file and the key, where it cannot be run.
    """
    loaded = templates.load_as(source, Lesson)
    network(loaded)
    return loaded


def as_dict(ran: LessonData, trace: Trace) -> dict[str, Any]:
    """A lesson with every array of its trace as plain data for JSON."""
    return {
        "lesson": ran.name,
        "cell": ran.model.cell,
        "vocabulary": ran.vocabulary,
        "labels": ran.labels,
        "word": ran.word,
        "steps": ran.steps,
        "parameters": {name: array.tolist() for name, array in ran.model.parameters.items()},
        **{name: np.asarray(array).tolist() for name, array in ran.initial.items()},
        "arrays": {name: array.tolist() for name, array in trace.arrays.items()},
    }


def export(
    source: LessonData | ImportedNetwork | str | Path,
    path: str | Path = "",
    language: str = "",
    force: bool = False,
    epochs: int | None = None,
    steps: int | None = None,
    progress: Progress = silent,
    paper: str = "a4",
    digits: int | None = None,
    sheets: Sequence[str] = (),
) -> Path:
    """Writes the workbook of a lesson or an imported network; by default it is named as that, with .xlsx.

    Of a lesson, `epochs` is for how many rows of training it has room, by default `Lesson.epochs`; `steps`
    for how many time steps it shows the gradient's flow, by default what the lesson's settings say, else 30;
    `digits` (1 to 6, or 0 for as many as it needs) how many of a number are shown, by default what the
    settings say, else 4.
    `progress` is told of the work "export" and its cells. `paper` is "a4" or "letter"; `sheets` names
    those of a lesson that are wanted, all where it is empty. Raises
    RnnsheetError for another paper, LessonError or ModelError where it cannot be run, OutputError where the
    file cannot be written, exists already (unless `force`), or is not named .xlsx.
    """
    from rnnsheet.sheet.layout import plan
    from rnnsheet.sheet.plan import PAPERS
    from rnnsheet.workbook.write import write

    language = known_language(language)
    if paper not in PAPERS:
        raise RnnsheetError("wrong_choice", key="paper", got=paper, known=", ".join(PAPERS))
    loaded = load(source) if isinstance(source, str | Path) else source
    target = workbook_file(path or f"{loaded.name}.xlsx", force)
    if isinstance(loaded, LessonData):
        loaded = _sized(loaded, epochs, steps, digits)
        if sheets:
            loaded = replace(loaded, settings=replace(loaded.settings, sheets=tuple(sheets)))
    try:
        planned = replace(plan(loaded, language), paper=paper)
    except LessonError as error:
        if sheets and error.key == "no_such_sheet":
            # It is not the lesson's file that asks for it.
            error.place = "sheets"
        raise
    cells = planned.cells
    with progress("export", cells) as advance:
        # To compute the numbers takes about as long as to write them.
        rows = loaded.epochs + 1 if isinstance(loaded, LessonData) else 1
        values = _values(loaded, planned, shares(advance, cells // 2, rows))
        write(planned, values, target, shares(advance, cells - cells // 2, cells))
    return target


def page(
    source: LessonData | ImportedNetwork | str | Path,
    path: str | Path = "",
    language: str = "",
    force: bool = False,
    epochs: int | None = None,
    steps: int | None = None,
) -> Path:
    """Writes a lesson or an imported network as one HTML file that computes what its workbook computes.

    `source` may be a workbook of either, an .xlsx; its inputs are taken as they stand. By default the file
    is named as the lesson, with .html. `epochs` and `steps` as for `export`. Raises LessonError, ModelError
    or WorkbookError where it cannot be run, or would be too large, OutputError where the file cannot be
    written, exists already (unless `force`), or is not named .html.
    """
    language = known_language(language)
    loaded = _loaded(source) if isinstance(source, str | Path) else source
    target = page_file(path or f"{loaded.name}.html", force)
    if isinstance(loaded, LessonData):
        loaded = _sized(loaded, epochs, steps)
    text = page_text(loaded, language)
    write_whole(target, lambda file: file.write(text.encode()))
    return target


def _loaded(source: str | Path) -> LessonData | ImportedNetwork:
    """A lesson by its name or file, or what a workbook is of."""
    if Path(source).suffix.lower() != ".xlsx":
        return load(source)
    from rnnsheet.checking.check import source_of

    return source_of(source)


def page_text(loaded: LessonData | ImportedNetwork, language: str, framed: bool = False) -> str:
    """The HTML of the page of a lesson or an imported network, for a file or the frame of a notebook."""
    from rnnsheet.webpage.document import Page

    compiled = Page(loaded, language)
    return compiled.html(_values(loaded, compiled.plan, unheard), framed)


_OPTIONS: Mapping[Any, str] = {
    "settings.epochs": "epochs",
    "settings.flow_steps": "steps",
    "settings.digits": "digits",
}
"""What those settings are called here that one may give."""


def _sized(
    loaded: LessonData, epochs: int | None, steps: int | None, digits: int | None = None
) -> LessonData:
    """The lesson with so many epochs, steps of the gradient's flow and digits, where these are given."""
    given = {"epochs": epochs, "flow_steps": steps, "digits": digits}
    sizes: dict[str, Any] = {name: size for name, size in given.items() if size is not None}
    try:
        return replace(loaded, settings=replace(loaded.settings, **sizes)) if sizes else loaded
    except LessonError as error:
        # It is no entry of the lesson's file that is wrong.
        name = error.values.get("name")
        error.values["name"] = _OPTIONS.get(name, name)
        raise


def workbook_file(path: str | Path, force: bool) -> Path:
    """The path of a workbook that can be written. Raises OutputError where it is taken or no name for one."""
    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise OutputError("not_xlsx", place=str(target))
    check_free(target, force)
    return target


def page_file(path: str | Path, force: bool) -> Path:
    """The path of a page that can be written. Raises OutputError where it is taken or no name for one."""
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError("not_html", place=str(target))
    check_free(target, force)
    return target


def _values(source: LessonData | ImportedNetwork, planned: Plan, advance: Advance) -> Expected:
    """What is expected of each block: what NumPy computes, or else a spreadsheet engine."""
    if not isinstance(source, LessonData):
        from rnnsheet.engine import imported

        trace = imported.run(source, source.read.sample)
    elif engine.knows(source.model):
        trace = engine.complete(source, advance)
    else:
        return _recalculated(planned)
    return lambda block: block.expected(trace)


def _recalculated(planned: Plan) -> Expected:
    """The values of a workbook whose network NumPy does not know: as a spreadsheet engine finds them."""
    from rnnsheet.checking import ironcalc
    from rnnsheet.checking.recalculate import recalculations
    from rnnsheet.workbook.package import opened
    from rnnsheet.workbook.read import read
    from rnnsheet.workbook.write import write

    def unknown(block: Block) -> Sequence[Sequence[Any]]:
        return block.values or [[0.0] * block.area.cols] * block.area.rows

    with temporary_folder("export") as folder:
        file = folder / "workbook.xlsx"
        write(planned, unknown, file)
        with recalculations([ironcalc], read(opened(file))) as running:
            return running[ironcalc.NAME].values().block


def add_cells(path: str | Path) -> None:
    """Runs a Python file that adds recurrent cells by `equations.cells.cell`.

    Raises RnnsheetError where it cannot be run, or adds none.
    """
    import runpy
    from traceback import extract_tb

    check_file(Path(path), RnnsheetError)
    before = set(KINDS)
    try:
        runpy.run_path(str(path))
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        place = f"{path}:{lines[-1]}" if lines else str(path)
        if isinstance(error, RnnsheetError):
            raise error.at(place) from None
        raise RnnsheetError("bad_cells", place=place, reason=f"{type(error).__name__}: {error}") from None
    if KINDS.keys() == before:
        raise RnnsheetError("no_cells", place=str(path))
