"""What the Python API and the command line do with a lesson or a workbook: they bring the rooms together."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnsheet import engine, lesson, templates
from rnnsheet.engine import Epoch
from rnnsheet.equations.cells import network
from rnnsheet.errors import LessonError, OutputError, RnnsheetError, known_language
from rnnsheet.files import check_free
from rnnsheet.lesson import Trace
from rnnsheet.model import Model
from rnnsheet.trained import Trained

if TYPE_CHECKING:
    from rnnsheet.sheet.plan import Block, Plan
    from rnnsheet.workbook.write import Expected


class Lesson(lesson.Lesson):
    """A lesson that can be run."""

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
        for name, value in (("epochs", epochs), ("rate", rate), ("clip", clip)):
            if not value > 0 or (name == "rate" and value == math.inf):
                raise LessonError("not_positive", name=name, got=value)
        if optimizer not in engine.OPTIMIZERS:
            raise LessonError("unknown_optimizer", given=optimizer, known=", ".join(engine.OPTIMIZERS))
        if not any(
            any(each.should_say(layer)) for each in self.each_example() for layer in self.model.outputs
        ):
            raise LessonError("short_word", place=self.source, word=repr(self.word), shortest=2)
        start = self if seed is None else self.with_model(engine.random_model(self.model, seed))
        return engine.train(start, epochs, rate, clip, optimizer)

    def with_model(self, model: Model) -> Lesson:
        """The same lesson with another network."""
        return replace(self, model=model)

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Writes the lesson as a file that `load` takes. Raises OutputError where it cannot."""
        templates.save(self, Path(path), force)
        return Path(path)


def load(source: str | Path) -> Lesson:
    """The lesson of a built-in template's name, or of a path to a TOML file.

    Raises LessonError, with the file and the key, where it cannot be run.
    """
    loaded = templates.load(source)
    network(loaded)
    return Lesson(**{name: getattr(loaded, name) for name in loaded.__dataclass_fields__})


def as_dict(ran: lesson.Lesson, trace: Trace) -> dict[str, Any]:
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
    source: lesson.Lesson | str | Path,
    path: str | Path = "",
    language: str = "",
    force: bool = False,
    epochs: int | None = None,
    steps: int | None = None,
) -> Path:
    """Writes a lesson's workbook and gives its path; by default the lesson's name with .xlsx.

    `epochs` is for how many rows of training it has room, `steps` for how many time steps it shows the
    gradient's flow; by default what the lesson's settings say, else 200 and 30. Raises LessonError
    where the lesson cannot be run, OutputError where the file cannot be written, exists already (unless
    `force`), or is not named .xlsx.
    """
    from rnnsheet.sheet.layout import plan
    from rnnsheet.workbook.write import write

    language = known_language(language)
    loaded = source if isinstance(source, lesson.Lesson) else load(source)
    target = Path(path or f"{loaded.name}.xlsx")
    check_target(target, force)
    settings = loaded.settings
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    if steps is not None:
        settings = replace(settings, flow_steps=steps)
    loaded = replace(loaded, settings=settings)
    planned = plan(loaded, language)
    if engine.knows(loaded.model):
        trace = engine.complete(loaded)
        write(planned, lambda block: block.expected(trace), target)
    else:
        write(planned, _recalculated(planned), target)
    return target


def _recalculated(planned: Plan) -> Expected:
    """The values of a workbook whose network NumPy does not know: as a spreadsheet engine finds them."""
    from rnnsheet.checking import ironcalc
    from rnnsheet.checking.recalculate import recalculation
    from rnnsheet.workbook.write import write

    def unknown(block: Block) -> Sequence[Sequence[Any]]:
        return block.values or [[0.0] * block.area.cols] * block.area.rows

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "workbook.xlsx"
        write(planned, unknown, file)
        with recalculation(ironcalc, file, file.stat().st_size) as running:
            return running.values().block


def import_model(
    source: Trained | str | Path,
    path: str | Path = "",
    language: str = "",
    force: bool = False,
    *,
    vocabulary: str | Path = "",
    steps: int | None = None,
    lesson: str | Path = "",
) -> Path:
    """Writes the workbook of a trained network and gives its path; by default the network's name with .xlsx.

    `source` is the network, or a file of Keras, PyTorch, ONNX or NumPy, as `models.read` takes it with
    its `vocabulary`, its `steps` and, for weights alone, the `lesson` that names its layers. Raises
    ModelError where the network cannot be read, OutputError where the workbook cannot be written.
    """
    from rnnsheet.sheet.layout import plan
    from rnnsheet.workbook.write import write

    language = known_language(language)
    loaded = source if isinstance(source, Trained) else _read(source, vocabulary, steps, lesson)
    target = Path(path or f"{loaded.name}.xlsx")
    check_target(target, force)
    trace = engine.run_trained(loaded, loaded.read.sample)
    write(plan(loaded, language), lambda block: block.expected(trace), target)
    return target


def _read(source: str | Path, vocabulary: str | Path, steps: int | None, lesson: str | Path) -> Trained:
    from rnnsheet.models import read

    optional = [Path(file) if file else None for file in (vocabulary, lesson)]
    return read(Path(source), optional[0], steps, optional[1])


def check_target(target: Path, force: bool) -> None:
    """Raises OutputError where a workbook of that name cannot be written."""
    if target.suffix.lower() != ".xlsx":
        raise OutputError("not_xlsx", place=str(target))
    check_free(target, force)


def add_cells(path: str | Path) -> None:
    """Runs a Python file that adds recurrent cells by `equations.cells.cell`.

    Raises RnnsheetError where it cannot be run.
    """
    import runpy

    try:
        runpy.run_path(str(path))
    except Exception as error:
        raise RnnsheetError("bad_cells", place=str(path), reason=f"{type(error).__name__}: {error}") from None
