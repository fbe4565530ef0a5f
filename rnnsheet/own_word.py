"""A lesson of a word and a size of one's own: its weights are drawn, and nothing is learned yet."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rnnsheet import engine, templates
from rnnsheet.errors import LessonError, check_seed, unknown
from rnnsheet.files import write_whole
from rnnsheet.labels import labels, languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import KINDS, Model

MOST_HIDDEN = 100
_DIGITS = 4
"""Of each weight, so that people can read the file."""


def drawn(word: str, vocabulary: Sequence[str], hidden: int, cell: str, seed: int) -> LessonData:
    """A lesson that reads a word by one recurrent layer, with weights as `train` draws them with a seed.

    Without a vocabulary it knows the letters of the word. Raises LessonError where it cannot be run.
    """
    recurrent = [name for name, kind in KINDS.items() if kind.states and kind.of_lessons]
    if cell not in recurrent:
        raise unknown("unknown_cell", cell, recurrent)
    if not 1 <= hidden <= MOST_HIDDEN:
        raise LessonError("wrong_size", name="--hidden", got=hidden, least=1, most=MOST_HIDDEN)
    check_seed(seed)
    letters = tuple(vocabulary or dict.fromkeys(word))
    sizes = {"hidden": hidden, "input": len(letters), "one": 1}
    # A peephole alone may neither be left out as a bias, nor be one number.
    own = [spec for spec in KINDS[cell].parameters if spec.scalar or not spec.optional]
    shapes = {spec.name: (sizes[spec.rows], sizes[spec.cols]) for spec in own}
    shapes |= {"Why": (len(letters), hidden), "by": (len(letters), 1)}
    told = {language: labels(language) for language in languages()}
    lesson = LessonData(
        name=word,
        model=Model(cell, {name: np.zeros(shape) for name, shape in shapes.items()}),
        vocabulary=letters,
        word=word,
        title={language: texts("new.title", word=word) for language, texts in told.items()},
        about={language: texts("new.about", word=word, hidden=hidden) for language, texts in told.items()},
    )
    model = engine.random_model(lesson.model, seed)
    rounded = {name: array.round(_DIGITS) for name, array in model.parameters.items()}
    return replace(lesson, model=Model(model.layers, rounded))


def write(lesson: LessonData, seed: int, target: Path, language: str, force: bool) -> None:
    """Writes it as a file to edit, with remarks. Raises OutputError where it cannot be written."""
    templates.check_target(target, force)
    texts, hidden = labels(language), lesson.model.hidden
    remarks = [
        texts("new.remark", word=lesson.word, hidden=hidden, seed=seed),
        texts("new.remark_train", file=target.name),
        texts("new.remark_weights"),
    ]
    text = "".join(f"# {remark}\n" for remark in remarks).encode() + b"\n"
    text += templates.dumped(templates.tree(lesson))
    write_whole(target, lambda file: file.write(text))
