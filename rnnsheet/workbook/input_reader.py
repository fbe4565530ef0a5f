"""What stands in the input cells of a workbook, as the lesson or the imported network that it is of."""

import json
import math
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from rnnsheet.entries import Example
from rnnsheet.errors import LessonError, ModelError, WorkbookError
from rnnsheet.experiments import Settings
from rnnsheet.labels import labels, languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import KINDS, Array, Model
from rnnsheet.network.imported import (
    INPUT,
    LARGEST,
    Answer,
    ImportedLayer,
    ImportedNetwork,
    Numbers,
    Text,
    Witness,
)
from rnnsheet.network.reading import picture_of, reading
from rnnsheet.plain import is_number
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook.manifest_reader import Manifest, as_typed
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import CellError

Value = Callable[[str, int, int], Any]
"""(sheet, row, column) to the cell's value: float, str, bool, CellError or None."""

SETTINGS = {
    "rate": "positive",
    "clip": "positive",
    "update_rate": "positive",
    "flow_clip": "positive",
    "flow_Whh": "slider",
    "chosen": "weight",
    "step": "step",
}
"""What the cells of a lesson's settings hold: the kind that messages go by."""

_TEXTS = ("word", "second", "wanted", "wanted_second", "vocabulary", "labels")
"""The inputs of a lesson that are no numbers."""

_LOOKS = ("reveal",)
"""What says how much of a sheet is shown, and nothing of a lesson."""


def read_inputs(described: Manifest, recalculated: Value) -> LessonData | ImportedNetwork:
    """What a workbook is of, with the inputs as they stand; what is typed is an imported network's sample.

    An input cell that holds a formula counts with its recalculated value. Raises WorkbookError, with the
    file and the cell, where an input is empty or no number, letter or word; LessonError or ModelError where
    the inputs make no lesson or network.
    """
    inputs, path = _Inputs(described, recalculated), described.contents.path
    try:
        imported = described.facts["kind"] == manifest.IMPORTED
        return _imported_network(inputs) if imported else _lesson(inputs)
    except LessonError as error:
        if error.key.startswith("unknown_cell"):
            known = {name: error.values[name] for name in ("given", "known")}
            raise WorkbookError("unknown_cell_in_book", place=str(path), **known) from None
        if "example_number" in error.values:
            # The sheet does not let one change them.
            raise described.changed_error("examples") from None
        named = {"target": "wanted", "second_target": "wanted_second", "settings.step": "step"}
        name = str(error.values.get("name"))
        area = inputs.places.get(named.get(name, name))
        raise error.at(f"{path}: {area.sheet}!{area.a1}" if area else str(path)) from None
    except ModelError as error:
        raise error.at(str(path)) from None
    except (KeyError, ValueError, TypeError, RecursionError):
        raise WorkbookError("damaged_manifest", place=str(path), reason=manifest.NAME) from None


@dataclass(frozen=True)
class _Inputs:
    """The input blocks of a file by their names."""

    described: Manifest
    recalculated: Value

    @cached_property
    def places(self) -> dict[str, Area]:
        """Where each stands."""
        return dict(self.described.inputs())

    def numbers(self, name: str, kind: str = "number", most: float = math.inf) -> Array:
        """The numbers of a block, (rows, columns): up to ± `most`, or positive ones where `kind` says so."""
        area = self.places[name]
        least = math.ulp(0.0) if kind == "positive" else -most
        numbers = _plain_numbers(self.described.contents, area)
        if numbers is None or min(numbers) < least or max(numbers) > most:
            numbers = self._each(name, kind, lambda value: is_number(value) and least <= value <= most)
        return np.array(numbers, dtype=np.float64).reshape(area.rows, area.cols)

    def indices(self, name: str, count: int) -> list[int]:
        """The numbers of a column, each a whole one below `count`."""
        found = self._each(name, "index", lambda value: is_number(value) and value in range(count))
        return list(map(int, found))

    def entries(self, name: str, kind: str, textless: Container[int] = ()) -> tuple[str, ...]:
        """The texts of a block, of a number its digits; none where there is no such block.

        The cells `textless`, from 0, may be empty.
        """
        found = self._each(name, kind, lambda value: not isinstance(value, CellError), textless)
        return tuple(map(as_typed, found))

    def entry(self, name: str, kind: str = "label", optional: bool = False) -> str:
        """The text of a block of one cell, which may be empty if `optional`; "" where there is no block."""
        return next(iter(self.entries(name, kind, (0,) if optional else ())), "")

    def setting(self, name: str, kind: str) -> str | float:
        """A number, or what its kind is: the name of a weight, the whole number of a time step."""
        if kind == "weight":
            return self.entry(name, kind)
        if kind == "step":
            return int(self._each(name, kind, lambda value: is_number(value) and 1 <= value == int(value))[0])
        return float(self.numbers(name, kind).item())

    def _each(
        self, name: str, kind: str, fits: Callable[[Any], bool], textless: Container[int] = ()
    ) -> list[Any]:
        """What counts of each cell of a block, row by row: of a formula its recalculated value."""
        contents, found = self.described.contents, []
        for number, cell in enumerate(_cells(self.places.get(name))):
            place = cell.sheet, cell.row, cell.col
            value = (contents.value if contents.formula(*place) is None else self.recalculated)(*place)
            empty = value in (None, "")
            if not (number in textless if empty else fits(value)):
                where, key = f"{contents.path}: {cell.sheet}!{cell.a1}", "empty" if empty else "other"
                raise WorkbookError(f"{key}_{kind}", place=where, name=name, got=repr(as_typed(value)))
            found.append(value)
        return found


def _cells(area: Area | None) -> Iterator[Area]:
    """The cells of an area, row by row."""
    if area:
        yield from (area.part(down, right) for down in range(area.rows) for right in range(area.cols))


def _plain_numbers(contents: Contents, area: Area) -> list[float] | None:
    """The numbers of an area, row by row; None where not every cell holds one as it is."""
    grid = contents.grid(area.sheet)
    # Before a list of all cells is made of an area that is far too large.
    if area.rows * area.cols > len(grid.values):
        return None
    cells = area.cells()
    values = [grid.values.get(cell) for cell in cells]
    if set(map(type, values)) != {float} or not grid.formulas.keys().isdisjoint(cells):
        return None
    return values  # type: ignore[return-value]


def _lesson(inputs: _Inputs) -> LessonData:
    described, facts, places = inputs.described, inputs.described.facts, inputs.places
    layers = manifest.layers(json.loads(facts["network"]))
    sizes: dict[str, Any] = {name: int(facts[name]) for name in ("epochs", "flow_steps", "digits")}
    settings: dict[str, Any] = {
        name.lower(): inputs.setting(name, kind) for name, kind in SETTINGS.items() if name in places
    }
    numbers = {name: inputs.numbers(name) for name in places if name not in (*_TEXTS, *SETTINGS, *_LOOKS)}
    # A cell that is not known here is told of by the lesson.
    known = [layer for layer in layers if layer.kind in KINDS]
    states = [layer.initial(state) for layer in known for state in layer.traits.states]
    return LessonData(
        name=facts["lesson"],
        picture=numbers.pop("picture", None),
        initial={name: numbers.pop(name) for name in states if name in numbers},
        model=Model(layers, numbers),
        vocabulary=inputs.entries("vocabulary", "letter"),
        word=inputs.entry("word", "word"),
        steps=int(facts["steps"]) if "word" in places else 0,
        split=facts["split"],
        labels=inputs.entries("labels", "label"),
        second=inputs.entry("second", "word"),
        given=inputs.entry("wanted", optional=True),
        second_given=inputs.entry("wanted_second", optional=True),
        examples=_examples(described, facts["split"]),
        answer_steps=int(facts["answer_steps"]),
        source=str(described.contents.path),
        settings=Settings(**sizes, **settings, sheets=described.sheets),
    )


def _examples(described: Manifest, split: str) -> list[Example]:
    """The examples with their right answers, as `LessonData.answers` has them."""
    texts, answers = described.column("examples"), described.column("example_answers")
    pictures = not any(name == "word" for name, _ in described.inputs())
    found: list[Example] = [
        (picture_of(text) if pictures else text, answer) for text, answer in zip(texts, answers, strict=True)
    ]
    if [reading(read, split) for read, _ in found] != texts or len(set(texts)) < len(texts):
        raise described.changed_error("examples")
    return found


def _imported_network(inputs: _Inputs) -> ImportedNetwork:
    facts, told = inputs.described.facts, json.loads(inputs.described.facts["network"])
    network = ImportedNetwork(
        name=facts["lesson"],
        read=_read(told["read"], inputs),
        layers=tuple(_with_weights(layer, inputs) for layer in manifest.imported_layers(told["layers"])),
        labels=inputs.entries("labels", "label"),
        answer=Answer(**told["answer"]) if told["answer"] else None,
        precision=told["precision"],
        source=told["source"],
        usual=float(told["usual"]),
        assumed=tuple(_assumed(key, values) for key, values in json.loads(facts["assumed"])),
    )
    return replace(
        network, witness=_witness(json.loads(facts["witness"]), network, inputs.described.contents)
    )


def _with_weights(layer: ImportedLayer, inputs: _Inputs) -> ImportedLayer:
    names = {spec.name: layer.named(spec.name) for spec in layer.traits.parameters}
    weights = {
        base: inputs.numbers(name, most=LARGEST) for base, name in names.items() if name in inputs.places
    }
    return replace(layer, weights=weights)


def _read(told: dict[str, Any], inputs: _Inputs) -> Text | Numbers:
    if not told:
        return Numbers(inputs.numbers("numbers", most=LARGEST))
    forms = {}
    if "forms" in inputs.places:
        numbers = inputs.indices("form_numbers", inputs.places["vocabulary"].rows)
        texts = inputs.entries("forms", "label", range(len(numbers)))
        forms = dict(zip(texts, numbers, strict=True))
    sample, tokens = inputs.entry("text", optional=True), [""] * inputs.places["vocabulary"].rows
    read = Text(tokens=tuple(tokens), sample=sample, forms=forms, **{**told, "blank": tuple(told["blank"])})
    return replace(read, tokens=inputs.entries("vocabulary", "label", read.textless))


def _assumed(key: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Something that is assumed. Raises KeyError or TypeError where there are no words for it."""
    words = labels(languages()[0])
    words(f"assumed.{key}", **values)
    return key, values


def _witness(told: dict[str, Any], network: ImportedNetwork, contents: Contents) -> Witness | None:
    """What the framework gave. Raises ValueError or TypeError where that is none of the network."""
    if not told:
        return None
    given, found = (_constants(area, contents) for area in manifest.witnessed(told["given"], told["found"]))
    sequence = network.sequence(network.result.name)
    read, said = network.read.steps, network.sequences[sequence] if sequence else 1
    sizes = [read * network.size(INPUT), said * network.size(network.result.name)]
    if [len(given), len(found)] != sizes or given.shape[1] != found.shape[1]:
        raise ValueError(told)
    if not (np.isfinite(given).all() and np.isfinite(found).all()):
        raise ValueError(told)
    return Witness(str(told["framework"]), float(told["tolerance"]), str(told["weights"]), given, found)


def _constants(area: Area, contents: Contents) -> Array:
    """The numbers of an area. Raises ValueError where others than numbers stand there."""
    numbers = _plain_numbers(contents, area)
    if numbers is None:
        raise ValueError(area.a1)
    return np.reshape(numbers, (area.rows, area.cols))
