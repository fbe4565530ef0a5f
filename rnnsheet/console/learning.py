"""A training under way, and what was learned."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from rnnsheet.console.lines import LINE, indent, table, wrap
from rnnsheet.engine import Epoch
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.trace import Trace

if TYPE_CHECKING:
    from rnnsheet.sentiment import Learned

_FEW = 100
"""Of fewer sentences a share of right answers is a matter of chance."""


class Training:
    """Runs a training with a bar in a terminal, silently elsewhere; Ctrl-C ends it and keeps what it has."""

    def __init__(self, training: Iterator[Epoch], epochs: int, labels: Labels):
        self.labels, self.stopped = labels, False
        self.last = next(training)
        self.losses = [self.last.loss]
        start = perf_counter()

        def now(epoch: Epoch | None) -> str:
            speed = len(self.losses) / (perf_counter() - start)
            return labels("train.now", loss=self.last.loss, speed=speed) if epoch else ""

        hidden = not sys.stderr.isatty()
        steps = max(1, epochs // 100)
        with typer.progressbar(
            training,
            epochs,
            show_pos=True,
            item_show_func=now,
            hidden=hidden,
            file=sys.stderr,
            update_min_steps=steps,
        ) as bar:
            try:
                for self.last in bar:
                    self.losses.append(self.last.loss)
            except KeyboardInterrupt:
                self.stopped = True

    def summary(self, lesson: LessonData, trace: Trace, file: str) -> Iterator[str]:
        """What was learned, and where it is."""
        if self.stopped:
            yield self.labels("train.stopped", epoch=self.last.number)
        values = {"epochs": self.last.number, "before": self.losses[0], "after": self.last.loss}
        yield self.labels("train.learned", **values)
        if self.last.loss > self.losses[0]:
            yield self.labels("train.rose")
        yield from self._says(lesson, trace)
        yield self.labels("train.done", file=file)

    def _says(self, lesson: LessonData, trace: Trace) -> Iterator[str]:
        """What each softmax reads of the lesson's own texts, and says now."""
        between = "" if lesson.split == "letters" else " "
        for layer in lesson.model.outputs:
            ending, root = layer.ending, lesson.model.root(layer)
            # An answer is said to what another layer has read.
            read = lesson.second if root == "second" else lesson.word or self.labels("meaning.picture")
            said, target = (
                (between if lesson.model.sequence(layer) == "word" else " ")
                .join(trace[f"{base}{ending}"][0])
                .strip()
                for base in ("predicted", "target")
            )
            yield self.labels("train.says", letter=read, predicted=said, target=target)

    def as_dict(self, file: str) -> dict[str, Any]:
        """The course of the training as plain data for JSON."""
        return {"file": file, "epochs": self.last.number, "stopped": self.stopped, "losses": self.losses}


def sentiment_summary(found: Learned, labels: Labels) -> Iterator[str]:
    """What a network learned of labelled sentences, how often it is right, and where it is."""
    from rnnsheet.sentiment.keras_model import ARTICLE

    facts = {**asdict(found.options), **asdict(found)}
    yield labels("sentiment.sentences", total=found.positive + found.negative, **facts)
    if found.assumed:
        what = "; ".join(labels(f"sentiment.assumed_{each}") for each in found.assumed)
        yield labels("sentiment.assumed", what=what)
    yield labels("sentiment.network", **facts)
    if found.options.network == ARTICLE:
        yield from wrap(labels("sentiment.article"), LINE)
    yield labels("sentiment.learned", before=found.losses[0], after=found.losses[-1], **facts)
    yield labels("sentiment.right", **facts)
    shares = [
        [labels(f"sentiment.accuracy_{judge}"), labels("sentiment.share", share=share)]
        for judge, share in found.accuracy.items()
    ]
    yield from indent(table(shares, "lr"))
    if found.held_out < _FEW:
        yield labels("sentiment.few")
    yield labels("sentiment.written", files=", ".join(found.written))
