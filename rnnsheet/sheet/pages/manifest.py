"""The hidden worksheet by which the workbook describes itself: its lesson, its blocks, its messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from rnnsheet.experiments import GREATEST_FLOW_WEIGHT
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import Layer, Source
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Text, Witness
from rnnsheet.network.reading import UNUSUAL
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import LAYOUT, Area, Sheet
from rnnsheet.version import VERSION

NAME = "rnnsheet"
LESSON, IMPORTED = "lesson", "imported"
"""What a workbook can be of."""
KEYS = (
    *("rnnsheet", "layout", "kind", "lesson", "network", "language"),
    *("split", "steps", "answer_steps", "epochs", "flow_steps", "digits"),
    *("assumed", "witness"),
)
"""What is known of a workbook; the second line of a lesson's alone, the third of an imported network's."""
MESSAGES = (
    *("fine", "typed_error", "nothing_typed", "one_alone", "one_alone_words", "none_known"),
    *("ends_in_blank", "note", "ignored_answer", "long_answer", "never_read", "large", "no_ink"),
    *("is_unknown", "is_capital", "is_full_width", "is_blank", "read_as_nothing", "no_loss", "long"),
    *("short", "fits", "long_words", "short_words", "fits_words", "fits_whole", "not_possible"),
    *("not_possible_word", "given_answer", "no_answer", "no_entry", "no_letter", "twice", "no_token"),
    *("no_number", "too_large", "positive", "slider", "no_weight", "no_step", "not_known", "unusable"),
    *("unusable_large", "ignored_large", "overflows", "not_whole", "left_out_words", "left_out_letters"),
    *("read_as_unknown", "nothing", "loses_beginning", "loses_end", "cut_beginning", "cut_end"),
)
"""What formulas may say of what was typed."""
TABLE, COLUMNS = 4, 4
"""The first column of the table of blocks, and how many it has: name, sheet, range, kind."""


def place(source: LessonData | ImportedNetwork, labels: Labels) -> Page:
    """The sheet with everything but its table of blocks."""
    page = Page(NAME, labels)
    page.sheet.hidden = True
    facts = {"rnnsheet": VERSION, "layout": LAYOUT, "lesson": source.name, "language": labels.language}
    facts |= _of_lesson(source) if isinstance(source, LessonData) else _of_imported(source)
    for row, key in enumerate(KEYS, start=1):
        page.text(row, 1, key)
        page.text(row, 2, str(facts.get(key, 0)))
    if not isinstance(source, LessonData) and source.witness:
        arrays = source.witness.given, source.witness.found
        for array, area in zip(arrays, witnessed(*(array.shape for array in arrays)), strict=True):
            page.constants("witness", area.row, area.col, array.tolist(), "plain")
    return page


def _of_lesson(lesson: LessonData) -> dict[str, object]:
    settings = lesson.settings
    sizes = {"epochs": lesson.epochs, "flow_steps": settings.flow_steps, "digits": settings.digits}
    steps = {"steps": lesson.steps, "answer_steps": lesson.answer_steps}
    return {
        "kind": LESSON,
        "network": json.dumps(_layers(lesson.model)),
        "split": lesson.split,
        **steps,
        **sizes,
    }


def _of_imported(network: ImportedNetwork) -> dict[str, object]:
    """The network as JSON, without its weights and what else stands in cells."""
    read = network.read
    skipped = ("sample", "tokens", "forms")
    is_text = isinstance(read, Text)
    described = {
        "read": {key: fact for key, fact in vars(read).items() if key not in skipped} if is_text else {},
        "layers": _layers(network),
        "answer": vars(network.answer) if network.answer else None,
        "precision": network.precision,
        "usual": network.usual,
        "source": source_of(network),
    }
    steps = {"steps": read.steps, "answer_steps": network.answer.steps if network.answer else 0}
    told = {"network": described, "assumed": network.assumed, "witness": _of_witness(network.witness)}
    return {"kind": IMPORTED, **steps, **{key: json.dumps(fact) for key, fact in told.items()}}


def _of_witness(witness: Witness | None) -> dict[str, object]:
    """What stands in no cells of a witness, and the shapes of what does."""
    if not witness:
        return {}
    facts = {"framework": witness.framework, "tolerance": witness.tolerance, "weights": witness.weights}
    return {**facts, "given": witness.given.shape, "found": witness.found.shape}


def witnessed(given: Sequence[int], found: Sequence[int]) -> tuple[Area, Area]:
    """Where the arrays of a witness stand, of these shapes."""
    first = TABLE + COLUMNS + 1
    return Area(NAME, 1, first, *given), Area(NAME, 1, first + given[1] + 1, *found)


def source_of(network: ImportedNetwork) -> str:
    """Where a network is from, without the folders: a workbook is for others to read."""
    return re.split(r"[/\\]", network.source)[-1]


def _layers(network: Iterable[Layer]) -> list[dict[str, object]]:
    """The layers, without their weights, and without what is as it usually is."""
    return [
        {"kind": layer.kind}
        | {
            field.name: told
            for field in fields(layer)
            if field.name not in _ALWAYS and (told := getattr(layer, field.name)) != field.default
        }
        | {"name": layer.name, "reads": [[source.of, source.at] for source in layer.reads]}
        for layer in network
    ]


_ALWAYS = ("kind", "name", "reads", "weights")
"""What is told of every layer; its weights stand in cells."""


def layers(found: Iterable[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """The layers of a lesson that `place` wrote. Raises KeyError or TypeError where it did not."""
    return tuple(Layer(**_facts(each)) for each in found)


def imported_layers(found: Iterable[Mapping[str, Any]]) -> tuple[ImportedLayer, ...]:
    """Those of an imported network, without their weights. Raises KeyError or TypeError likewise."""
    return tuple(ImportedLayer(**_facts(each)) for each in found)


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "reads": tuple(Source(*source) for source in found["reads"])}


def messages(page: Page, room: int, looked: int = 0, usual: float = UNUSUAL) -> dict[str, Area]:
    """Where each of `MESSAGES` stands; `room`, `looked` and `usual` as in `message`."""
    places = {}
    for row, key in enumerate(MESSAGES, start=len(KEYS) + 1):
        page.text(row, 1, key)
        page.text(row, 2, message(key, page.labels, room, looked, usual))
        places[key] = page.area(row, 2)
    return places


def message(key: str, labels: Labels, room: int = 0, looked: int = 0, usual: float = UNUSUAL) -> str:
    """One of `MESSAGES`, as words: `room` letters or words can be read, `looked` are looked at for that.

    Numbers are `usual` up to ± that.
    """
    return labels(
        f"message.{key}", room=room, looked=looked, most=f"{GREATEST_FLOW_WEIGHT:g}", usual=f"{usual:G}"
    )


def list_blocks(page: Page, sheets: tuple[Sheet, ...]) -> None:
    """The table of every block in the workbook but this one."""
    blocks = [block for sheet in sheets for block in sheet.blocks]
    entries = [[block.name, block.area.sheet, block.area.a1, block.kind] for block in blocks]
    page.constants("blocks", 1, TABLE, entries, "plain")
