"""Lessons, traces, trainings and reports as lines of text for a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import typer

from rnnsheet.checking.report import BlockReport, Report
from rnnsheet.engine import Epoch
from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.cells import network
from rnnsheet.equations.notation import symbol, symbols, words
from rnnsheet.equations.recurrence import Equation, Recurrence, WalkStep, walkthrough
from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson, Trace
from rnnsheet.model import ONCE, on_line
from rnnsheet.sheet.meaning import meaning, meaning_of_parameter
from rnnsheet.sheet.pages.overview import title
from rnnsheet.sheet.pages.steps import explanation, heading

if TYPE_CHECKING:
    from rnnsheet.sentiment import Learned
    from rnnsheet.sentiment.training import Progress

_LINE = 96
"""How many columns a paragraph has."""
_FEW = 100
"""Of fewer sentences a share of right answers is a matter of chance."""
_LONGEST = 300
"""So much of a formula is told."""
_BREAKABLE = re.compile(r"[⺀-￯][、。，；：！？）”]*|[^\s⺀-￯]+[、。，；：！？）”]*\s*|\s+")

_ANSWERS = ("predicted", "confidence", "target", "right")


def walk(lesson: Lesson, trace: Trace, labels: Labels) -> Iterator[str]:
    """The steps of a lesson and all of its time steps, with their numbers."""
    equations = network(lesson)
    unit = labels("unit.word" if lesson.split == "words" else "unit.letter")
    sizes = {"hidden": lesson.model.hidden, "letters": len(lesson.vocabulary), "steps": lesson.steps}
    yield labels("run.lesson", title=title(lesson, labels), unit=unit, **sizes)
    for step in walkthrough(equations):
        yield ""
        yield f"{heading(step, equations, labels)}{_when(step, trace, labels)}"
        if told := explanation(step, lesson, equations, labels):
            yield from _indent(wrap(told, _LINE))
        shown = [equation for equation in step.equations if equation.part != "answer"]
        yield from _indent(table([_line(equation, trace, step.time - 1) for equation in shown]))
        for said in step.equations:
            if said.base == "predicted":
                yield f"  {_says(said, trace, step.time - 1, labels)}"
    for line in equations.time_lines:
        yield ""
        several = len(equations.time_lines) > 1
        yield labels(f"line.{line}") if several else labels("run.unrolled")
        yield from _indent(table(_over_time(equations, line, trace, labels)))
    yield ""
    yield labels("run.loss", loss=float(trace["loss"].item()))


def _when(step: WalkStep, trace: Trace, labels: Labels) -> str:
    """The time step and what it reads; nothing of what is computed once."""
    line = step.equations[0].line
    if line == ONCE:
        return ""
    letter = trace[on_line("letter", line)][0, step.time - 1]
    told = labels("run.time", time=step.time, letter=letter)
    return f" ({told})"


def _line(equation: Equation, trace: Trace, step: int) -> list[str]:
    numbers = [number(value) for value in trace[equation.name][:, step]]
    return [f"{symbol(equation.value)} = {symbols(equation.expr)}", "=", *numbers]


def _says(said: Equation, trace: Trace, step: int, labels: Labels) -> str:
    ending = said.name.removeprefix(said.base)
    predicted, confidence, target, right = (trace[f"{base}{ending}"][0, step] for base in _ANSWERS)
    verdict = labels("run.none" if right == "" else "run.right" if right else "run.wrong")
    return labels("run.says", letter=predicted, probability=confidence, target=target, verdict=verdict)


def _over_time(equations: Recurrence, line: str, trace: Trace, labels: Labels) -> Iterator[list[str]]:
    if line != ONCE:
        yield [labels("meaning.t"), "", *(str(step + 1) for step in range(equations.time_lines[line]))]
    own = [equation for equation in equations.equations.values() if equation.line == line]
    answers = sorted(
        (each for each in own if each.base in _ANSWERS), key=lambda each: _ANSWERS.index(each.base)
    )
    for equation in [*(each for each in own if each.base not in _ANSWERS), *answers]:
        name, told = equation.name, meaning(equation, equations, labels)
        head = labels("run.row", name=name, meaning=told) if told else name
        for row, values in zip(trace.rows[name], trace[name], strict=True):
            marks = {1.0: "✓", 0.0: "✗", "": ""} if equation.base == "right" else {}
            yield [head, row, *(marks.get(value) or number(value) for value in values)]
            head = ""


def explain(lesson: Lesson, labels: Labels) -> Iterator[str]:
    """The network's parameters and equations: symbols, shapes, words."""
    recurrence = network(lesson)
    yield labels("explain.parameters")
    parameters = []
    for parameter in recurrence.parameters.values():
        shape = labels("explain.shape", rows=parameter.rows.size, cols=parameter.cols.size)
        parameters.append([parameter.name, shape, meaning_of_parameter(parameter, recurrence, labels)])
    yield from _indent(table(parameters, "lll"))
    yield from ("", labels("explain.equations"))
    for equation in recurrence.equations.values():
        shape = labels("explain.shape", rows=equation.value.rows.size, cols=1)
        left = symbol(equation.value)
        yield f"  {left} = {symbols(equation.expr)}    [{shape}] {meaning(equation, recurrence, labels)}"
        yield f"      {words(equation.expr, labels)}"
    yield from ("", labels("explain.gradients"))
    for gradient in recurrence.gradients.values():
        parameter = gradient.parameter
        shape = labels("explain.shape", rows=parameter.rows.size, cols=parameter.cols.size)
        told = labels("gradient.pulled", name=parameter.name)
        for share in gradient.shares:
            total = "" if share.line == ONCE else "Σₜ "
            yield f"  {gradient.name} = {total}{symbols(share.expr)}    [{shape}] {told}"
            yield f"      {chain_rule(share)}"


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

    def summary(self, lesson: Lesson, trace: Trace, file: str) -> Iterator[str]:
        """What was learned, and where it is."""
        if self.stopped:
            yield self.labels("train.stopped", epoch=self.last.number)
        values = {"epochs": self.last.number, "before": self.losses[0], "after": self.last.loss}
        yield self.labels("train.learned", **values)
        if self.last.loss > self.losses[0]:
            yield self.labels("train.rose")
        yield from self._says(lesson, trace)
        yield self.labels("train.done", file=file)

    def _says(self, lesson: Lesson, trace: Trace) -> Iterator[str]:
        """What each softmax reads of the lesson's own texts, and says now."""
        between = "" if lesson.split == "letters" else " "
        for layer in lesson.model.outputs:
            ending, root = layer.ending, lesson.model.root(layer)
            # An answer is said to what another layer has read.
            read = lesson.second if root == "second" else lesson.word or self.labels("meaning.picture")
            said, target = (
                (between if lesson.model.time_line(layer) == "word" else " ")
                .join(trace[f"{base}{ending}"][0])
                .strip()
                for base in ("predicted", "target")
            )
            yield self.labels("train.says", letter=read, predicted=said, target=target)

    def as_dict(self, file: str) -> dict[str, Any]:
        """The course of the training as plain data for JSON."""
        return {"file": file, "epochs": self.last.number, "stopped": self.stopped, "losses": self.losses}


def progress(labels: Labels) -> Progress:
    """Shows a bar in a terminal for each piece of work, and nothing elsewhere."""

    @contextmanager
    def bar(work: str, size: int) -> Iterator[Callable[[int], object]]:
        title, hidden = labels(f"sentiment.{work}"), not sys.stderr.isatty()
        with typer.progressbar(length=size, label=title, hidden=hidden, file=sys.stderr) as shown:
            yield shown.update

    return bar


def learned(found: Learned, labels: Labels) -> Iterator[str]:
    """What a network learned of labelled sentences, how often it is right, and where it is."""
    from rnnsheet.sentiment.network import ARTICLE

    facts = {**asdict(found.options), **asdict(found)}
    yield labels("sentiment.sentences", total=found.positive + found.negative, **facts)
    yield labels("sentiment.network", **facts)
    if found.options.network == ARTICLE:
        yield from wrap(labels("sentiment.article"), _LINE)
    yield labels("sentiment.learned", before=found.losses[0], after=found.losses[-1], **facts)
    yield labels("sentiment.right", **facts)
    shares = [
        [labels(f"sentiment.accuracy_{judge}"), labels("sentiment.share", share=share)]
        for judge, share in found.accuracy.items()
    ]
    yield from _indent(table(shares, "lr"))
    if found.held_out < _FEW:
        yield labels("sentiment.few")
    yield labels("sentiment.written", files=", ".join(found.written))


def verdict(report: Report, labels: Labels, with_blocks: bool) -> Iterator[str]:
    """The table of blocks, if wanted, the first failure of each, and the last line."""
    if with_blocks:
        yield from table([labels("check.head").split("|"), *map(_block, report.blocks)], "lllrrr")
    # What was changed comes before what follows from it.
    for block in sorted(report.blocks, key=_follows):
        if failure := block.first_failure:
            place = f"{block.sheet}!{failure.cell}" if block.sheet else failure.cell
            found = {key: _shown(getattr(failure, key)) for key in ("formula", "got", "expected")}
            reason = "no_name" if failure.reason == "name" and not failure.got else failure.reason
            yield labels(f"check.{reason}", block=block.name, place=place, **found)
    values: dict[str, object] = {
        "file": report.file,
        "cells": report.cells,
        "failed": report.failed,
        "engine": report.engine,
    }
    if report.ok and report.amplified:
        yield labels("check.amplified", count=report.amplified, **values)
    verdict = "check.bad" if not report.ok else "check.good" if report.proved else "check.unproved"
    yield labels(verdict, error=report.max_abs_error, **values)


def engines(versions: Mapping[str, str | None], labels: Labels) -> Iterator[str]:
    """Each spreadsheet engine with its version, or how to get it."""
    yield from table(
        [name, labels("engines.missing", how=labels(f"engines.{name}")) if version is None else version]
        for name, version in versions.items()
    )


def _shown(text: str) -> str:
    """A formula or a value in a message: an empty one can be seen, a long one is cut."""
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text or '""'


def _follows(block: BlockReport) -> bool:
    """Whether the block's formulas are right, so that its failure comes from somewhere else."""
    return block.first_failure is not None and block.first_failure.reason == "value"


def _block(block: BlockReport) -> list[str]:
    error = f"{block.max_abs_error:.1e}" if block.max_abs_error else "0"
    return [block.name, block.sheet, block.range, str(block.cells), str(block.failed), error]


def number(value: Any) -> str:
    """A number with six digits behind the point, as the article prints them; a text as it is."""
    return value if isinstance(value, str) else f"{value:.6f}"


def table(rows: Iterable[Sequence[str]], align: str = "ll") -> Iterator[str]:
    """Lines of aligned columns: "l" left, "r" right, columns past `align` right."""
    lines = list(rows)
    columns = max(map(len, lines), default=0)
    widths = [
        max((_width(line[col]) for line in lines if col < len(line)), default=0) for col in range(columns)
    ]
    for line in lines:
        cells = []
        for col, text in enumerate(line):
            space = " " * (widths[col] - _width(text))
            cells.append(space + text if align[col : col + 1] in ("r", "") else text + space)
        yield "  ".join(cells).rstrip()


def wrap(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` columns, broken at blanks and between Chinese letters."""
    line = ""
    for piece in _BREAKABLE.findall(text):
        if line and _width(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()


def _width(text: str) -> int:
    """Columns of a terminal: Chinese letters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
