"""The inputs that stand in the workbook of an imported network, into that network."""

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnsheet.errors import LessonError, ModelError, WorkbookError
from rnnsheet.labels import labels, languages
from rnnsheet.network import Array
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
from rnnsheet.sheet.pages.manifest import NAME, sources, witnessed
from rnnsheet.sheet.plan import Area
from rnnsheet.workbook.lesson_inputs import Manifest, Value, as_typed, one_by_one, plain_numbers
from rnnsheet.workbook.read import Contents
from rnnsheet.workbook.worksheet import CellError


def imported_network(manifest: Manifest, recalculated: Value) -> ImportedNetwork:
    """The network that a workbook describes, with its inputs as they stand; what is typed is its sample.

    An input cell that holds a formula counts with its recalculated value. Raises ModelError, with the file
    and the cell, where a number is none, or where the inputs make no network.
    """
    inputs, path = _Inputs(manifest.contents, dict(manifest.inputs()), recalculated), manifest.contents.path
    try:
        return _network(manifest.facts, json.loads(manifest.facts["network"]), inputs)
    except ModelError as error:
        raise error.at(str(path)) from None
    except (LessonError, KeyError, ValueError, TypeError, RecursionError):
        raise WorkbookError("damaged_manifest", place=str(path), reason=NAME) from None


@dataclass(frozen=True)
class _Inputs:
    """The input blocks of a file by their names."""

    contents: Contents
    places: Mapping[str, Area]
    recalculated: Value

    def written(self, name: str, textless: Container[int]) -> tuple[str, ...]:
        """The texts of a block, which only `textless` cells may lack; of a number its digits."""
        texts = self._each(name, _text, "label")
        for row, text in enumerate(texts):
            if not text and row not in textless:
                cell = self.places[name].part(row)
                place = f"{self.contents.path}: {cell.sheet}!{cell.a1}"
                raise ModelError("empty_label", place=place, name=name)
        return tuple(texts)

    def numbers(self, name: str) -> Array:
        """The numbers of a block, (rows, columns)."""
        area = self.places[name]
        numbers = plain_numbers(self.contents, area)
        if numbers is None or max(map(abs, numbers)) > LARGEST:
            numbers = self._each(name, _number, "number")
        return np.array(numbers, dtype=np.float64).reshape(area.rows, area.cols)

    def _each(self, name: str, entry: Callable[[Any], Any], kind: str) -> list[Any]:
        """What is made of each cell of a block, row by row."""
        found = []
        for place, value in one_by_one(self.contents, self.recalculated, self.places[name]):
            try:
                found.append(entry(value))
            except ValueError:
                state = "empty" if value in (None, "") else "other"
                raise ModelError(
                    f"{state}_{kind}", place=place, name=name, got=repr(as_typed(value))
                ) from None
        return found


def _text(value: Any) -> str:
    if isinstance(value, CellError):
        raise ValueError(value)
    return as_typed(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise ValueError(value)
    return float(value)


def _network(facts: Mapping[str, str], told: dict[str, Any], inputs: _Inputs) -> ImportedNetwork:
    network = ImportedNetwork(
        name=facts["lesson"],
        read=_read(told["read"], inputs),
        layers=tuple(_layer(layer, inputs) for layer in told["layers"]),
        labels=inputs.written("labels", ()) if "labels" in inputs.places else (),
        answer=Answer(**told["answer"]) if told["answer"] else None,
        precision=told["precision"],
        source=told["source"],
        usual=float(told["usual"]),
        assumed=tuple(_assumed(key, values) for key, values in json.loads(facts["assumed"])),
    )
    return replace(network, witness=_witness(json.loads(facts["witness"]), network, inputs.contents))


def _assumed(key: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Something that is assumed. Raises KeyError or TypeError where there are no words for it."""
    words = labels(languages()[0])
    words(f"assumed.{key}", **values)
    return key, values


def _witness(told: dict[str, Any], network: ImportedNetwork, contents: Contents) -> Witness | None:
    """What the framework gave. Raises ValueError or TypeError where that is none of the network."""
    if not told:
        return None
    given, found = (_plain(area, contents) for area in witnessed(told["given"], told["found"]))
    sequence = network.sequence(network.result.name)
    read, said = network.read.steps, network.sequences[sequence] if sequence else 1
    sizes = [read * network.size(INPUT), said * network.size(network.result.name)]
    if [len(given), len(found)] != sizes or given.shape[1] != found.shape[1]:
        raise ValueError(told)
    if not (np.isfinite(given).all() and np.isfinite(found).all()):
        raise ValueError(told)
    return Witness(str(told["framework"]), float(told["tolerance"]), str(told["weights"]), given, found)


def _plain(area: Area, contents: Contents) -> Array:
    """The numbers of an area. Raises ValueError where others than numbers stand there."""
    numbers = plain_numbers(contents, area)
    if numbers is None:
        raise ValueError(area.a1)
    return np.reshape(numbers, (area.rows, area.cols))


def _read(told: dict[str, Any], inputs: _Inputs) -> Text | Numbers:
    if not told:
        return Numbers(inputs.numbers("numbers"))
    forms = {}
    if "forms" in inputs.places:
        numbers = inputs.numbers("form_numbers")[:, 0]
        texts = inputs.written("forms", range(len(numbers)))
        forms = {text: int(number) for text, number in zip(texts, numbers, strict=True)}
    (sample,) = inputs.written("text", (0,))
    tokens = [""] * inputs.places["vocabulary"].rows
    read = Text(tokens=tuple(tokens), sample=sample, forms=forms, **{**told, "blank": tuple(told["blank"])})
    return replace(read, tokens=inputs.written("vocabulary", read.textless))


def _layer(told: dict[str, Any], inputs: _Inputs) -> ImportedLayer:
    layer = ImportedLayer(**{**told, "reads": sources(told["reads"])})
    names = {spec.name: layer.named(spec.name) for spec in layer.traits.parameters}
    weights = {base: inputs.numbers(name) for base, name in names.items() if name in inputs.places}
    return replace(layer, weights=weights)
