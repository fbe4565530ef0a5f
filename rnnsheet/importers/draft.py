"""A network while it is read from a file: its layers, and what the file says of its input."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from rnnsheet.errors import ModelError
from rnnsheet.importers.description import DescribedLayer, Description, fault_of
from rnnsheet.importers.network_input import LONGEST, answered, numbers, text
from rnnsheet.importers.products import folder_of, from_pytorch
from rnnsheet.importers.vocabulary import Vocabulary
from rnnsheet.importers.weights import arrays_of, from_keras
from rnnsheet.network import Array, Source
from rnnsheet.network.imported import ANSWER, INPUT, ImportedLayer, ImportedNetwork, Numbers, Text
from rnnsheet.network.reading import MOST_STEPS

_BACKWARD = re.compile("_reverse$|/backward_")
"""What the frameworks call arrays of a layer that reads from the end."""


class _Facts(NamedTuple):
    """What is known of a layer's result."""

    size: int
    once: bool
    stays: bool
    """Whether behind the end of a masked text, where states are kept, it stays what it was."""


@dataclass
class Draft:
    """What has been read so far of a network.

    `steps` and `features` are those of its input where the file says them; its framework takes no others.
    `padding` and `masked` are as in `Text`: masked after its end, a text has a length of its own, as in
    PyTorch. `mask_zero`: an embedding leaves token 0 out, as in Keras.
    """

    source: str
    precision: str = "float32"
    steps: int | None = None
    features: int | None = None
    padding: str = "before"
    masked: bool = False
    mask_zero: bool = False
    whole: bool = False
    """The file itself says which layers there are."""
    tells_masks: bool = False
    """The file itself says whether padding is left out."""
    reads_end: str = ""
    """A layer that reads the last time step of what does not stay: no padding may stand behind the text."""
    layers: list[ImportedLayer] = field(default_factory=list)
    assumed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What the file does not tell, as keys of [assumed] in the label files and the values in their texts."""
    _facts: dict[str, _Facts] = field(default_factory=dict)
    """Of each layer, found when it is added: where results meet again, paths are without number."""

    def add(self, kind: str, reads: Sequence[str], source: str, name: str = "", **more: Any) -> str:
        """Adds a layer, and gives it a legal name of its own, which it returns."""
        layer = ImportedLayer(
            kind, self._free(name or source or kind), tuple(map(Source, reads)), source=source, **more
        )
        size = layer.traits.size(layer.weights, list(map(self.size, layer.names_read)))
        self._facts[layer.name] = _Facts(size, self._once(layer), self._stays(layer))
        self.layers.append(layer)
        if kind == "flatten" and not all(map(self.once, reads)):
            # Padding is read like any other token where all time steps count.
            self.masked = False
        ends = layer.names_read if kind == "last" else filter(None, [layer.starts])
        if self.masked and not all(self._stays_or_ends_first(name) for name in ends):
            self.reads_end, self.padding = layer.name, "before"
        return layer.name

    def _free(self, wanted: str) -> str:
        base = re.sub("[^A-Za-z0-9]", "", wanted)
        base = base if base[:1].isalpha() else f"layer{base}"
        # Spreadsheets take names for the same that differ in capitals alone.
        taken = {INPUT, ANSWER, *(layer.name.lower() for layer in self.layers)}
        names = (base, *(f"{base}n{number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name.lower() not in taken)

    def layer(self, name: str) -> ImportedLayer:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)

    def change(self, name: str, **fields: Any) -> None:
        """Replaces fields of a layer."""
        place = self.layers.index(self.layer(name))
        self.layers[place] = replace(self.layers[place], **fields)

    def end_with(self, name: str) -> None:
        """Puts the layer last whose result is what the network says."""
        self.layers.sort(key=lambda layer: layer.name == name)

    def assume(self, key: str, layer: str = "", **values: Any) -> None:
        """Keeps what is taken for so though the file does not tell it; the same of several layers as one."""
        for known, told in self.assumed:
            if known == key and layer and {**told, "layer": ""} == {"layer": "", **values}:
                if layer not in told["layer"].split(", "):
                    told["layer"] += f", {layer}"
                return
        entry = (key, {"layer": layer, **values} if layer else values)
        if entry not in self.assumed:
            self.assumed.append(entry)

    def once(self, name: str) -> bool:
        """Whether a result is computed once, not at each time step."""
        return name in self._facts and self._facts[name].once

    def size(self, name: str) -> int:
        """The number of rows of a result."""
        return self._facts[name].size if name in self._facts else self.features or 1

    def _once(self, layer: ImportedLayer) -> bool:
        return layer.traits.once or all(map(self.once, layer.names_read))

    def _stays(self, layer: ImportedLayer) -> bool:
        if layer.traits.states:
            return not layer.reverse
        return self._once(layer) or (layer.kind != "masked" and all(map(self._stays_of, layer.names_read)))

    def _stays_of(self, name: str) -> bool:
        return name in self._facts and self._facts[name].stays

    def _stays_or_ends_first(self, name: str) -> bool:
        """Whether the last step that is computed has the same result with padding behind the text."""
        return self._stays_of(name) or (name in self._facts and self.layer(name).reverse)

    def describe(self, description: Description, arrays: Mapping[str, Array], layout: str) -> None:
        """Adds the layers of a description with those of the arrays that their patterns fit.

        The arrays lie as in `weights.from_keras` or `weights.from_pytorch`, which `layout` chooses.
        """
        names = {INPUT: INPUT, ANSWER: ANSWER}
        _check_read(description, arrays)
        if description.recognised:
            self.assume("recognised", name=description.name)
        else:
            self.assume("no_weights")
        for spec in description.layers:
            own = _fitting(spec, arrays, description.source, layout) if spec.arrays else {}
            with fault_of(description):
                weights = _converted(spec, own, layout) if own else {}
                if not spec.reverse and any(map(_BACKWARD.search, own)):
                    raise ModelError("not_reverse", layer=spec.name, name=next(iter(own)))
            if own:
                self._assume_usual(spec, own, layout)
            names[spec.name] = self.add(
                spec.kind,
                [names[str(source)] for source in spec.reads],
                spec.name,
                weights=weights,
                activation=spec.activation,
                gate_activation=spec.gate_activation,
                reverse=spec.reverse,
                starts=names[spec.starts] if spec.starts else None,
            )

    def _assume_usual(self, spec: DescribedLayer, own: Mapping[str, Array], layout: str) -> None:
        """What weights alone do not tell of a layer, and its description does not either."""
        if spec.kind == "dense" and not spec.activation:
            self.assume("no_activation", spec.name)
        if not spec.traits.states:
            return
        if not spec.activation:
            self.assume("tanh", spec.name)
        if spec.kind != "elman":
            # What those of Keras compute depends on its version, which its files tell.
            if layout == "pytorch" and not spec.gate_activation:
                self.assume("sigmoid_gates", spec.name)
            self.assume(f"gates_{layout}", spec.name)
        if layout == "pytorch" and sum(array.ndim == 2 for array in own.values()) == 1:
            self.assume("input_first", spec.name)
        if not spec.starts:
            self.assume("zero_states", spec.name)

    def finish(self, description: Description, vocabulary: Vocabulary, steps: int | None) -> ImportedNetwork:
        """The network, with what its description, a vocabulary and the user add. Raises ModelError."""
        if steps is not None and not 1 <= steps <= MOST_STEPS:
            raise ModelError("wrong_size", name="--steps", least=1, most=MOST_STEPS, got=steps)
        labels, read = description.labels, self._read(description, vocabulary, steps)
        with fault_of(description):
            answer = answered(description.answer, labels) if description.answer else None
        self._check_used(description, read)
        if self.steps not in (None, read.steps):
            raise ModelError("other_steps", got=read.steps, expected=self.steps)
        with fault_of(description if description.layers else Description()):
            network = ImportedNetwork(
                description.name or Path(self.source).name.partition(".")[0],
                read,
                tuple(self.layers),
                (),
                answer,
                self.precision,
                Path(self.source).name,
            )
        with fault_of(description):
            network = replace(network, labels=labels)
        tokens = vocabulary.tokens
        if not labels and tokens and network.size(network.result.name) == len(tokens) > 2:
            # It says tokens of the vocabulary that it reads.
            network = replace(network, labels=vocabulary.answers)
            self.assume("labels_of_vocabulary")
        if isinstance(read, Text):
            self._assume_text(read, description.text, bool(tokens))
        return replace(network, assumed=tuple(self.assumed))

    def _assume_text(self, read: Text, told: Mapping[str, Any], has_vocabulary: bool) -> None:
        """How a text becomes numbers, as far as neither the file nor the description says it."""
        if not has_vocabulary and "tokens" not in told:
            self.assume("token_numbers")
        elif read.unit == "words":
            self.assume("words")
        else:
            self.assume("letters_lower" if read.lower else "letters")
        if read.begin is None and read.end is None:
            self.assume("nothing_around")
        if "unknown" not in told:
            given = {} if read.unknown is None else {"token": read.tokens[read.unknown]}
            self.assume("read_as_unknown" if given else "unknown_left_out", **given)
        if "padding" not in told:
            self.assume(f"padding_{read.padding}")
        if "masked" not in told and not self.tells_masks:
            self.assume("masked" if read.masked else "not_masked")
        if "pad" not in told and not read.masked:
            self.assume("pad", pad=read.pad)

    def _check_used(self, description: Description, read: Text | Numbers) -> None:
        """Raises ModelError where a description has tables that the network has no use for."""
        answers = any(ANSWER in layer.names_read for layer in self.layers)
        unused = {
            "[network]": (self.whole or description.layers) and description.network,
            "text.masked": self.whole and "masked" in description.text,
            "[[layers]]": self.whole and description.layers,
            "[text]": isinstance(read, Numbers) and description.text,
            "[numbers]": isinstance(read, Text) and description.numbers,
            "[answer]": not answers and description.answer,
        }
        if tables := [name for name, given in unused.items() if given]:
            raise ModelError("unused_tables", place=description.source, tables=", ".join(tables))

    def _read(self, description: Description, vocabulary: Vocabulary, steps: int | None) -> Text | Numbers:
        """What the network reads: a text where it has an embedding, or reads token numbers themselves."""
        rows = [len(e.weights["E"]) for e in self.layers if e.kind == "embedding" and INPUT in e.names_read]
        if vocabulary.tokens and "tokens" in description.text:
            raise ModelError("tokens_twice", place=description.source)
        tokens = vocabulary.tokens or tuple(description.text.get("tokens", ()))
        if not rows and (not tokens or self.features not in (None, 1)):
            if tokens:
                raise ModelError("vocabulary_unused", features=self.features)
            told = {"features": self.features, "steps": self.steps, **description.numbers}
            with fault_of(description):
                return numbers(told["features"], steps or told["steps"])
        if (self.masked or self.mask_zero) and not (steps or self.steps or "steps" in description.text):
            self.assume("steps", steps=LONGEST)
        usual = {"steps": self.steps, "padding": self.padding, "masked": self.masked or self.mask_zero}
        if not tokens:
            tokens, usual["unit"] = tuple(map(str, range(max(rows)))), "words"
        for expected in rows:
            if len(tokens) != expected:
                raise ModelError("vocabulary_size", place=self.source, got=len(tokens), expected=expected)
        wishes = {
            **usual,
            "forms": vocabulary.forms,
            **description.text,
            **({"steps": steps} if steps else {}),
        }
        if self.reads_end and wishes["masked"] and wishes["padding"] == "after":
            raise ModelError("reads_padding", place=description.source, layer=self.reads_end)
        if self.mask_zero:
            # Keras leaves token 0 out wherever it stands, so no text may have it.
            tokens = ("", *tokens[1:])
        with fault_of(description):
            return text(tokens, wishes)


def _check_read(description: Description, arrays: Mapping[str, Array]) -> None:
    """Raises ModelError where of arrays that lie beside each other some fit a pattern and one does not."""
    patterns = [spec.arrays for spec in description.layers]
    read = {name for name in arrays if any(fnmatchcase(name, pattern) for pattern in patterns)}
    beside = {folder_of(name) for name in read} - {""}
    for name in arrays:
        if name not in read and folder_of(name) in beside:
            raise ModelError("unread_array", place=description.source, name=name)


def _converted(spec: DescribedLayer, own: Mapping[str, Array], layout: str) -> dict[str, Array]:
    """The weights of a layer from its arrays."""
    if layout == "keras":
        return from_keras(spec.name, spec.kind, list(own.values()))
    return from_pytorch(spec.name, spec.kind, own)


def _fitting(spec: DescribedLayer, arrays: Mapping[str, Array], source: str, layout: str) -> dict[str, Array]:
    """The arrays that a layer's pattern fits. Raises ModelError where there are none, or too many or few."""
    found = [name for name in arrays if fnmatchcase(name, spec.arrays)]
    place = {"place": source, "layer": spec.name, "pattern": spec.arrays}
    if not found:
        raise ModelError("no_arrays", **place, names=", ".join(arrays))
    if len(found) not in (counts := arrays_of(spec.kind, layout)):
        expected, names = "/".join(map(str, counts)), ", ".join(found[:8])
        raise ModelError(
            "other_arrays", **place, got=len(found), names=names, kind=spec.kind, expected=expected
        )
    return {name: arrays[name] for name in found}
