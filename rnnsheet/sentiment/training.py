"""From a file of labelled sentences to a trained network: its files, its workbook, how often it is right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rnnsheet.errors import DataError, OutputError, RnnsheetError, check_seed, known_language
from rnnsheet.files import check_file, check_free, copy_together, temporary_folder
from rnnsheet.labels import labels
from rnnsheet.network.imported import Text
from rnnsheet.plain import plain
from rnnsheet.progress import Progress, silent
from rnnsheet.sentiment import bayes, keras_model, table, vectors
from rnnsheet.sentiment.sequences import Flags, Sequences, held_out
from rnnsheet.sentiment.words import Vocabulary, vocabulary

HELD_OUT = 0.2
"""The share of the sentences that are not learned from."""
FEWEST = 5
"""So many sentences of both answers are needed, that one of each is held out."""


@dataclass(frozen=True)
class Options:
    """How to learn. Raises RnnsheetError where an option is not possible."""

    network: str = keras_model.EMBEDDING
    """One of `keras_model.NETWORKS`."""
    glove: str = ""
    """A file of word vectors, which the embedding then takes as they are."""
    words: int = 16_000
    """How many words are read at most, the most frequent ones; the article's number."""
    epochs: int = 4
    batch: int = 128
    seed: int = 1
    """Where the random numbers begin that hold sentences out, set the first weights and shuffle."""

    def __post_init__(self) -> None:
        for name in ("words", "epochs", "batch"):
            value = plain(getattr(self, name))
            if type(value) is not int or value < 1:
                raise RnnsheetError("not_positive", name=name, got=value)
            object.__setattr__(self, name, value)
        check_seed(self.seed)
        if self.network not in keras_model.NETWORKS:
            raise RnnsheetError("no_network", given=self.network, known=", ".join(keras_model.NETWORKS))
        if self.glove and self.network != keras_model.EMBEDDING:
            raise RnnsheetError("no_embedding", given=self.network)


@dataclass(frozen=True)
class Learned:
    """What was learned of a file, and how well."""

    file: str
    options: Options
    positive: int
    negative: int
    neutral: int
    """How many sentences were left out because they are neither."""
    assumed: tuple[str, ...]
    """What the file does not say and was taken for granted, as in `table.Sentences`."""
    held_out: int
    """How many sentences were not learned from; the accuracies are on them."""
    words: int
    forms: int
    """How many word forms the words have."""
    weights: int
    losses: tuple[float, ...]
    """The loss of each epoch."""
    seconds: float
    """How long the network learned."""
    accuracy: Mapping[str, float]
    """The share of the sentences held out that "network", "bag" of words and "majority" have right."""
    written: tuple[str, ...]
    """The model, its vocabulary, its workbook."""


def train(
    path: str | Path,
    output: str | Path = "",
    options: Options | None = None,
    language: str = "",
    force: bool = False,
    progress: Progress = silent,
) -> Learned:
    """Trains a network to tell positive sentences from negative ones, and writes its files.

    `path` is a file as `table.read` takes it, `output` the workbook, by default the file's name with .xlsx;
    beside it are written the model (.keras) and its vocabulary (-vocabulary.json). Raises RnnsheetError where
    a file cannot be read or written, or the training fails.
    """
    options, language = options or Options(), known_language(language)
    source = Path(path)
    check_file(source, DataError)
    if options.glove:
        check_file(Path(options.glove), DataError)
    written = _free(Path(output or f"{source.stem}.xlsx"), force)
    keras_model.check_installed()

    with progress("read", _size(source)) as advance:
        sentences = table.read(source, advance)
    task = _task(source, sentences, options)
    model = _untrained(task, options, progress)
    losses, seconds = _learned(task, model, options, progress)
    accuracy = _accuracy(task, model)
    _write(model, task.vocabulary, written, language)
    return Learned(
        file=str(source),
        options=options,
        positive=int(np.sum(task.positive)),
        negative=int(np.sum(~task.positive)),
        neutral=sentences.neutral,
        assumed=sentences.assumed,
        held_out=int(np.sum(task.tested)),
        words=len(task.vocabulary.lemmas),
        forms=len(task.vocabulary.numbers),
        weights=model.count_params(),
        losses=tuple(losses),
        seconds=seconds,
        accuracy=accuracy,
        written=tuple(map(str, written)),
    )


def _learned(task: _Task, model: Any, options: Options, progress: Progress) -> tuple[list[float], float]:
    """Learns the sentences that are not held out: the loss of each pass, and how many seconds that took."""
    start = perf_counter()
    with progress("learn", options.epochs * int(np.sum(~task.tested))) as advance:
        learned, answers = task.tokens[~task.tested], task.positive[~task.tested]
        losses = keras_model.learn(model, learned, answers, options.epochs, options.batch, advance)
    return losses, perf_counter() - start


def _free(book: Path, force: bool) -> tuple[Path, Path, Path]:
    """The model, its vocabulary and its workbook. Raises OutputError, before long work, if one cannot be."""
    if book.suffix.lower() != ".xlsx":
        raise OutputError("not_xlsx", place=str(book))
    written = book.with_suffix(".keras"), book.with_name(f"{book.stem}-vocabulary.json"), book
    for file in written:
        check_free(file, force)
    return written


@dataclass(frozen=True)
class _Task:
    """What there is to learn: sentences as word numbers, their answers, which are held out."""

    vocabulary: Vocabulary
    sentences: Sequences
    positive: Flags
    tested: Flags

    @cached_property
    def tokens(self) -> keras_model.Numbers:
        return self.sentences.padded(keras_model.STEPS)


def _task(source: Path, sentences: table.Sentences, options: Options) -> _Task:
    """The vocabulary is that of the sentences that are learned from."""
    positive = sentences.positive
    counts = np.bincount(positive, minlength=2)
    if min(counts) < FEWEST:
        raise DataError("too_few", place=str(source), negative=counts[0], positive=counts[1], expected=FEWEST)
    tested = held_out(positive, HELD_OUT, options.seed)
    occurrences = np.bincount(sentences.words.where(~tested).numbers, minlength=len(sentences.forms))
    known = vocabulary(sentences.forms, occurrences, options.words)
    if not known.lemmas:
        raise DataError("no_words", place=str(source))
    numbers = np.array([known.numbers.get(form, 0) for form in sentences.forms], np.int32)
    return _Task(known, sentences.words.renumbered(numbers), positive, tested)


def _untrained(task: _Task, options: Options, progress: Progress) -> Any:
    lemmas, meanings = task.vocabulary.lemmas, None
    if options.glove:
        glove = Path(options.glove)
        with progress("vectors", _size(glove)) as advance:
            meanings = vectors.read(glove, lemmas, advance)
    keras_model.seed_randomness(options.seed)
    return keras_model.build(options.network, len(lemmas), meanings)


def _accuracy(task: _Task, model: Any) -> dict[str, float]:
    """The shares of right answers to the sentences held out."""
    learned, answers = task.sentences.where(~task.tested), task.positive[~task.tested]
    odds = bayes.log_odds(learned, answers, len(task.vocabulary.lemmas))
    said = {
        "network": keras_model.finds_positive(model, task.tokens[task.tested]),
        "bag": bayes.scores(task.sentences.where(task.tested), odds) > 0,
        "majority": np.mean(answers) > 0.5,
    }
    right = task.positive[task.tested]
    return {name: float(np.mean(answer == right)) for name, answer in said.items()}


def _write(model: Any, known: Vocabulary, written: tuple[Path, Path, Path], language: str) -> None:
    """Writes all three files elsewhere, and then all of them into their places, or none."""
    with temporary_folder("learned") as folder:
        drafts = [folder / target.name for target in written]
        try:
            model.save(drafts[0])
            drafts[1].write_text(json.dumps(known.numbers, ensure_ascii=False, indent=0), "utf-8")
        except OSError as error:
            raise OutputError("unwritable", place=str(folder), reason=error.strerror or error) from None
        _export(drafts, language)
        copy_together([*zip(drafts, written, strict=True)])


def _export(files: Sequence[Path], language: str) -> None:
    """Writes the workbook of a model and its vocabulary."""
    from rnnsheet import api, importers

    model, known, book = files
    trained = importers.read_model(model, known, keras_model.STEPS)
    texts = labels(language)
    assert isinstance(trained.read, Text)  # noqa: S101
    said = replace(
        trained,
        labels=(texts("sentiment.negative"), texts("sentiment.positive")),
        read=replace(trained.read, sample=texts("sentiment.sample")),
        # The sentences that it learned from were read in this way.
        assumed=(),
    )
    api.export(said, book, language)


def _size(path: Path) -> int:
    """The number of bytes of a file; 0 where it cannot be told, and reading it will say why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
