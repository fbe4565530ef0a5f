"""A description file: what a file of weights does not say of its network, in TOML."""

import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rnnsheet import toml
from rnnsheet.errors import ModelError, unknown
from rnnsheet.importers.limits import reading
from rnnsheet.network import Layer, Source
from rnnsheet.network.imported import ACTIVATIONS, ANSWER, INPUT, LAYER_KINDS

KNOWN = Path(__file__).parent / "known"
"""Descriptions of published networks, which are recognised by the names of their arrays."""

_NUMBER = (int, str)
_READS = (list, str)
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "": {"name": str, "labels": list, "recognised": list},
    "text": {
        "unit": str,
        "tokens": list,
        "steps": int,
        "padding": str,
        "pad": _NUMBER,
        "unknown": _NUMBER,
        "begin": _NUMBER,
        "end": _NUMBER,
        "masked": bool,
        "sample": str,
    },
    "numbers": {"features": int, "steps": int},
    "answer": {"start": _NUMBER, "end": _NUMBER, "steps": int},
    "network": {"reads": str, "rnn": str, "between": str, "output": str},
    "layers": {
        "name": str,
        "kind": str,
        "reads": _READS,
        "arrays": str,
        "activation": str,
        "gate_activation": str,
        "reverse": bool,
        "starts": str,
    },
}
"""Each table's keys, and of which type their values are; "layers" is a list of tables."""
_RENAMED = {"weights": "arrays"}
_TYPES = {
    str: "wrong_type_text",
    list: "wrong_type_list",
    _READS: "wrong_type_list",
    int: "wrong_type_number",
    bool: "wrong_type_truth",
    _NUMBER: "wrong_type_token",
}
"""Per type, what is said where a value is of another."""


@dataclass(frozen=True)
class DescribedLayer(Layer):
    """One layer in a file of weights."""

    name: str = ""
    arrays: str = ""
    """What fits the names of its arrays, with * for any signs; "" where it has none."""


@dataclass(frozen=True)
class Description:
    """What is known of a network besides its weights; every table may be empty.

    `text`, `numbers` and `answer` have fields of those classes of `network.imported`, token numbers also as
    tokens. `network` says what names and shapes do not: whether what follows the recurrent layers `reads`
    "all" time steps, the "last" one, or the "final" state of each direction; the activation of an `rnn`;
    those `between` linear layers, and of the `output`. `layers` says it all.
    """

    name: str = ""
    labels: tuple[str, ...] = ()
    layers: tuple[DescribedLayer, ...] = ()
    text: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, str] = field(default_factory=dict)
    recognised: tuple[str, ...] = ()
    """Names of arrays that a file has if the description is of it."""
    source: str = ""
    """The user's file that it is from."""


@contextmanager
def fault_of(description: Description) -> Iterator[None]:
    """What goes wrong inside is told with the user's description, where there is one and it is at fault."""
    try:
        yield
    except ModelError as error:
        if description.source and error.key != "weights_not_finite":
            raise ModelError(error.key, place=description.source, **error.values) from None
        raise


def read_description(path: Path) -> Description:
    """The description in a TOML file. Raises ModelError where it has what it cannot have."""
    with reading(str(path), "TOML"):
        given = toml.parsed(path, ModelError)
        tables = {key: value for key, value in given.items() if key in _KEYS}
        top = {key: value for key, value in given.items() if key not in tables}
        _check("", top, {**dict.fromkeys(name for name in _KEYS if name), **_KEYS[""]})
        if Path(name := top.get("name", "")).name != name or "\\" in name:
            raise ModelError("not_a_file_name", given=repr(name))
        layers = tables.pop("layers", [])
        if not isinstance(layers, list):
            raise ModelError("not_tables", key="layers")
        layers = [_of_today(layer) if isinstance(layer, dict) else layer for layer in layers]
        for key, table in [*tables.items(), *(("layers", layer) for layer in layers)]:
            _check(key, table, _KEYS[key])
        texts: dict[str, Any] = {key: tuple(top.pop(key, ())) for key in ("labels", "recognised")}
        for key, words in (
            ("labels", texts["labels"]),
            ("text.tokens", tables.get("text", {}).get("tokens", [])),
        ):
            if twice := [word for word, times in Counter(words).items() if word != "" and times > 1]:
                raise ModelError("entry_twice", key=key, given=_shown(twice[0]))
        return Description(**top, **texts, **tables, layers=_layers(layers), source=str(path))


def completed(description: Description, names: Container[str]) -> Description:
    """The description, or that of a published network with such arrays, where this one has no layers.

    What the description has besides stays.
    """
    if description.layers:
        return description
    for path in sorted(KNOWN.glob("*.toml")):
        known = read_description(path)
        if all(name in names for name in known.recognised):
            given = {name: value for name, value in vars(description).items() if value}
            return replace(known, **{"source": "", **given})
    return description


def _check(table: str, given: Any, keys: Mapping[str, Any]) -> None:
    if not isinstance(given, dict):
        raise ModelError("not_a_table", key=table)
    if table and not given:
        raise ModelError("empty_entry", key=f"[{table}]")
    for key, value in given.items():
        name = f"{table}.{key}" if table else key
        if key not in keys:
            told = [key for key in keys if key != "recognised"]
            raise unknown("unknown_key", key, told, table and f"{table}.", made=ModelError)
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            raise ModelError(_TYPES[keys[key]], key=name, got=_shown(value))
        if isinstance(value, list):
            _check_texts(name, value)
        if name == "name" and not value:
            raise ModelError("empty_entry", key=name)


def _check_texts(name: str, given: list[Any]) -> None:
    """Raises ModelError where a list has an entry that is no text, or none."""
    # With the name of the layer, one that reads nothing is told later.
    if not given and name != "layers.reads":
        raise ModelError("empty_entry", key=name)
    for entry in given:
        if not isinstance(entry, str):
            raise ModelError("wrong_type_entry", key=name, got=_shown(entry))


def _shown(value: Any) -> str:
    """A value about as TOML writes it, and no longer than a message has room for."""
    return json.dumps(value, ensure_ascii=False, default=str)[:50]


def _of_today(table: dict[str, Any]) -> dict[str, Any]:
    """The table of a layer with the names of today."""
    if table.get("kind") == "sum":
        toml.tell_renamed("sum", "add")
        table = {**table, "kind": "add"}
    return toml.renamed(table, _RENAMED, "layers")


def _layers(given: list[dict[str, Any]]) -> tuple[DescribedLayer, ...]:
    """The layers; one reads the one before unless it says what."""
    layers: list[DescribedLayer] = []
    for number, table in enumerate(given, 1):
        for key in ("name", "kind"):
            if key not in table:
                raise ModelError("missing_key_of_layer", number=number, key=key)
        reads = table.get("reads", layers[-1].name if layers else INPUT)
        reads = [reads] if isinstance(reads, str) else reads
        layer = DescribedLayer(**{**table, "reads": tuple(map(Source, reads))})
        names = [before.name for before in layers]
        if layer.name in names:
            raise ModelError("layer_twice", given=_shown(layer.name))
        if layer.name in ("", INPUT, ANSWER):
            raise ModelError("reserved_layer_name", given=_shown(layer.name), taken=f"{INPUT}, {ANSWER}")
        _check_layer(layer, names)
        layers.append(layer)
    read = {name for layer in layers for name in (*map(str, layer.reads), layer.starts)}
    if unread := [layer for layer in layers[:-1] if layer.name not in read]:
        raise ModelError("unread_layer", given=_shown(unread[0].name), cell=unread[0].kind)
    return tuple(layers)


def _check_layer(layer: DescribedLayer, before: list[str]) -> None:
    """Raises ModelError where a layer has a word that is none of those it can have."""
    chosen = [
        ("kind", layer.kind, LAYER_KINDS),
        *(("reads", str(source), (INPUT, ANSWER, *before)) for source in layer.reads),
        ("activation", layer.activation, ("", *ACTIVATIONS)),
        ("gate_activation", layer.gate_activation, ("", *ACTIVATIONS)),
        ("starts", layer.starts or "", ("", *before)),
    ]
    for key, got, known in chosen:
        if got not in known:
            told = ", ".join(filter(None, known)) or "–"
            raise ModelError("wrong_choice_of_layer", key=key, layer=layer.name, got=_shown(got), known=told)
    if not layer.reads:
        raise ModelError("reads_nothing", layer=layer.name)
    if layer.kind == "embedding" and layer.reads not in ((Source(INPUT),), (Source(ANSWER),)):
        raise ModelError("reads_no_tokens", layer=layer.name, given=", ".join(map(str, layer.reads)))
    if layer.arrays and not layer.traits.parameters:
        raise ModelError("unused_setting", layer=layer.name, kind=layer.kind, key="arrays")
    if not layer.arrays and layer.traits.parameters:
        raise ModelError("missing_pattern", layer=layer.name, kind=layer.kind)
