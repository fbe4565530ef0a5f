"""The sheet that says what to try: experiments in order, each with what to predict and what happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.sheet.page_builder import STATE_ROW, Page
from rnnsheet.sheet.plan import Area, Block

KEY = "try_this"
SHOWS, SAYS, CHANGES, STAYS, SMALL, SAME, ZERO = "shows", "says", "changes", "stays", "small", "same", "zero"
"""What a cell does that is looked at: it shows a value, says that something is wrong, changes or stays, is
nearly 0; two are nearly the same; all are 0."""
_TINY = "0.0000001"
_FIRST_ROW = 6
_UNKNOWN = {
    "letters": ["?", "#", "~", *(chr(number) for number in range(0x2460, 0x2480))],
    "words": [letter * 3 for letter in "zqxjkvw"],
}
"""What a vocabulary hardly has."""
_FORMULA = ("=", "+", "-", "@", "'")
"""With which a cell would take a text for something else."""


_Values = dict[tuple[str, str], Block]
"""The first block of each array of the trace, by the key of its sheet and its name."""


@dataclass(frozen=True)
class Experiment:
    """What is typed where, and what is promised of the cells that are looked at."""

    name: str
    cell: Area
    value: str
    look: tuple[Area, ...]
    promise: str
    expected: object = ""


def place(lesson: LessonData, pages: Sequence[Page], labels: Labels) -> Page:
    """The sheet."""
    page = Page.of(KEY, labels)
    kind = "memory" if _is_elman(lesson) else "gates"
    understand, about = labels(f"try.understand_{kind}"), labels("try.about")
    page.title(labels("try.title"), labels("steps.join").join((understand, about)))
    page.back()
    row = _FIRST_ROW
    for number, each in enumerate(
        experiments(lesson, [block for p in pages for block in p.sheet.blocks], labels), start=1
    ):
        look = each.look[0] if each.look else page.area(STATE_ROW, 1)
        cells = {"cell": told(each.cell, labels), "look": told(look, labels)}
        values = {**cells, "value": each.value, "expected": each.expected}
        do = labels(f"try.{each.name}_do", **values)
        page.text(row, 1, f"{number}. {do}", "symbol")
        page.text(row + 1, 1, labels(f"try.{each.name}_ask", **values), "beside")
        page.text(row + 2, 1, labels(f"try.{each.name}_then", **values), "beside")
        row += 4
    return page


def told(area: Area, labels: Labels) -> str:
    """A place as people read it."""
    return labels("try.place", sheet=area.sheet, cell=area.a1)


def experiments(lesson: LessonData, blocks: Sequence[Block], labels: Labels) -> list[Experiment]:
    """Those that make sense with a lesson, of whose workbook these are the blocks."""
    entries = {block.name: block for block in blocks if block.entry}
    keys = {name: key for key, name in labels.sheets.items()}
    values: _Values = {}
    for block in blocks:
        if block.trace:
            values.setdefault((keys[block.area.sheet], block.trace), block)
    return [*_of_inputs(lesson, entries, values), *_of_learning(lesson, entries, values)]


def _of_inputs(lesson: LessonData, entries: Mapping[str, Block], values: _Values) -> Iterator[Experiment]:
    if "word" in entries:
        cell, blank = entries["word"].area, " " if lesson.split == "words" else ""
        parts = lesson.parts(lesson.word)
        turned = blank.join(reversed(parts))
        letter = _value(values, "unrolled", "letter")
        fits = 0 < len(parts) - lesson.reads_ahead <= lesson.steps and not turned.startswith(_FORMULA)
        if letter and fits and turned != lesson.word:
            yield Experiment("turned", cell, turned, (letter.area.part(),), SHOWS, parts[-1])
            yield from _of_bags(lesson, values, cell, turned)
        unknown = next((each for each in _UNKNOWN[lesson.split] if each not in lesson.vocabulary), "")
        if unknown:
            yield Experiment("unknown", cell, blank.join((unknown, *parts[1:])), (), SAYS)
        vocabulary = entries["vocabulary"].area
        if len(lesson.vocabulary) > 1:
            yield Experiment("twice", vocabulary.part(), lesson.vocabulary[1], (), SAYS)
    pixels = _value(values, "unrolled", "x_picture")
    if "picture" in entries and pixels:
        yield Experiment("pixel", entries["picture"].area.part(), "0.5", (pixels.area.part(),), SHOWS, 0.5)
    weight = next(iter(lesson.model.parameters))
    if weight in entries:
        yield Experiment("no_number", entries[weight].area.part(), "x", (), SAYS)
    for layer in lesson.model:
        first = entries.get(layer.initial("h"))
        if first and (h := _value(values, "unrolled", layer.named("h"))):
            yield Experiment("state", first.area.part(), "1", (h.area.column(0),), CHANGES)
            break


def _of_bags(lesson: LessonData, values: _Values, cell: Area, turned: str) -> Iterator[Experiment]:
    """A network that reads the sum of the words does not see their order."""
    for layer in lesson.model.outputs:
        below = lesson.model.layer(str(layer.reads[0].of)) if layer.reads[0].of else None
        if below and any(source.at == "sum" and source.of == "word" for source in below.reads):
            sure = _value(values, "unrolled", layer.named("confidence"))
            if sure:
                yield Experiment("bag", cell, turned, (sure.area.part(),), STAYS)
                return


def _of_learning(lesson: LessonData, entries: Mapping[str, Block], values: _Values) -> Iterator[Experiment]:
    difference = _value(values, "gradient_check", "check.difference")
    if "chosen" in entries and difference:
        chosen = f"{list(lesson.model.parameters)[-1]}[1,1]"
        yield Experiment("check", entries["chosen"].area, chosen, (difference.area,), SMALL)
    before, after = _value(values, "update", "loss"), _value(values, "update", "update.loss")
    if "update_rate" in entries and before and after:
        cells = (before.area.part(), after.area.part())
        yield Experiment("small_step", entries["update_rate"].area, _TINY, cells, SAME)
    curve = _value(values, "training", "training.loss")
    if curve:
        ends = curve.area.part(), curve.area.part(curve.area.rows - 1)
        yield Experiment("slow", entries["rate"].area, _TINY, ends, SAME)
        yield Experiment("clipped", entries["clip"].area, _TINY, ends, SAME)
    back = _value(values, "gradient_flow", "flow.norm_dh")
    if back and "flow_Whh" in entries and _is_elman(lesson):
        yield Experiment("cut", entries["flow_Whh"].area, "0", (back.area.part(),), ZERO)


def _is_elman(lesson: LessonData) -> bool:
    """Whether no state has a way back but through the recurrent weights."""
    return {layer.kind for layer in lesson.model if layer.traits.states} <= {"elman"}


def _value(values: _Values, sheet: str, trace: str) -> Block | None:
    return values.get((sheet, trace))
