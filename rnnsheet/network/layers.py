"""A layer of a network: its kind, what it reads, and how its values and parameters are called."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from rnnsheet.errors import LessonError
from rnnsheet.network.kinds import KINDS, Kind

INPUTS = ("word", "second", "picture", "answer")
"""What a layer may read besides other layers: the text, the second text, the picture, its own last answer."""
TAKEN = (*INPUTS, "back", "now", "t")
"""No layer is called so: `dh_back`, `dh_now` and `loss_t` are other things than a layer's."""

STATIC = "once"
"""The sequence of layers that compute once, not at every time step."""


@dataclass(frozen=True)
class Source:
    """What a layer reads: an input or a layer, at each time step, or only in part.

    `at` is "" for each time step, "last" for the last one computed, "sum" for the sum over all, or
    the number of one. `of` None is the layer before.
    """

    of: str | None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.of or ''}[{self.at}]" if self.at else str(self.of or "")


_AT = re.compile("last|sum|[1-9][0-9]{0,4}")
_SOURCE = re.compile(rf"([A-Za-z0-9_]*)(?:\[({_AT.pattern})\])?")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*|[1-9]\d*(_rev)?|")


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    `name` is what the names of its values and parameters end with; None numbers it. `reads` are
    sources, or texts such as "word", "encoder[last]", "[last]"; two of them are put below each other.
    `starts` names the layer whose last state is this one's first. `reverse` lets it read from the end.
    `shares` names the layer whose parameters it uses instead of its own.
    """

    kind: str
    name: str | None = None
    reads: tuple[Source, ...] = ()
    starts: str | None = None
    reverse: bool = False
    activation: str = ""
    shares: str | None = None
    gate_activation: str = ""

    def __post_init__(self) -> None:
        given = (self.reads,) if isinstance(self.reads, str) else self.reads
        object.__setattr__(self, "reads", tuple(_source(text, self) for text in given))

    @cached_property
    def traits(self) -> Kind:
        """What all layers of its kind have."""
        return KINDS[self.kind]

    @cached_property
    def ending(self) -> str:
        """What the names of its values end with."""
        return ending(self.name)

    @cached_property
    def owner(self) -> str:
        """What the names of its parameters end with."""
        return self.ending if self.shares is None else ending(self.shares)

    def named(self, base: str) -> str:
        """The full name of one of its values."""
        return self._parts.get(base) or f"{base}{self.ending}"

    @cached_property
    def _parts(self) -> dict[str, str]:
        """The full names that do not end with its own: `dh2_back`, `loss2_t`."""
        states = ((f"d{state}", part) for state in self.traits.states for part in ("now", "back", "last"))
        return {f"{base}_{part}": f"{base}{self.ending}_{part}" for base, part in (*states, ("loss", "t"))}

    @cached_property
    def parameter_names(self) -> dict[str, str]:
        """The full name of each parameter that its kind has, by the name there."""
        return {spec.name: f"{spec.name}{self.owner}" for spec in self.traits.parameters}

    @cached_property
    def sizing(self) -> str:
        """The full name of the parameter whose rows say how many units it has."""
        return self.parameter_names[self.traits.parameters[0].name]

    @cached_property
    def gradients(self) -> dict[str, str]:
        """By `dW` of each parameter W of its kind, the parameter's full name."""
        return {f"d{base}": name for base, name in self.parameter_names.items()}

    @cached_property
    def activations(self) -> dict[str, str]:
        """What a recurrent layer's functions take for its activations, where it says which they are."""
        given = {"activation": self.activation, "gate_activation": self.gate_activation}
        return {name: activation for name, activation in given.items() if activation}

    def initial(self, state: str) -> str:
        """The full name of one of its states before the first time step."""
        return f"{self.named(state)}_0"

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """What it reads, of each the part that its kind takes."""
        part = self.traits.part
        return tuple(replace(source, at=part) for source in self.reads) if part else self.reads

    @cached_property
    def gathered(self) -> str:
        """The full name of what it reads, put together; "" where that is one value as it is."""
        if self.traits.merges:
            return ""
        base = "both" if len(self.reads) > 1 else "bag" if self.reads[0].at == "sum" else ""
        return base and f"{base}{'_out' * self.traits.says}{self.ending}"

    @cached_property
    def result_base(self) -> str:
        """The name of what other layers read, without its ending."""
        return "p" if self.activation == "softmax" else self.traits.result

    @cached_property
    def result(self) -> str:
        """The full name of what other layers read."""
        return self.named(self.result_base)


def ending(name: str | None) -> str:
    """What names end with in a layer: `2` of "2", `_lstm` of "lstm"."""
    return f"_{name}" if name and not name[0].isdigit() else name or ""


def on_sequence(base: str, sequence: str) -> str:
    """The name of what a sequence has: `letter` of the word, `letter_answer` of the answer."""
    return base if sequence == "word" else f"{base}_{sequence}"


def share_name(parameter: str, sequence: str) -> str:
    """The name of what the time steps of a sequence add to a parameter's gradient: `dWxh_t`."""
    return on_sequence(f"d{parameter}_t", sequence)


def _source(text: Source | str, layer: Layer) -> Source:
    if isinstance(text, Source) and (text.at == "" or _AT.fullmatch(text.at)):
        return text
    found = _SOURCE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise LessonError("bad_source", cell=layer.kind, given=repr(str(text)))
    return Source(found[1] or None, found[2] or "")
