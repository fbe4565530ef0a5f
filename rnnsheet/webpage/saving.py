"""A lesson as the lines of a TOML file, an entry to a line: a page saves it with other values in some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_KEYS = {"wanted": "target", "wanted_second": "second_target"}
"""What entries are called of which a sheet has other names."""


def saving(tree: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The lines; by input its line, its key, and how deep its values are listed; the line of the steps."""
    entries = [_entry(given) for given in inputs]
    whole: dict[str, Any] = {name: tree.get(name, {}) for name, _ in entries} | dict(tree)
    lines, places = [], dict[tuple[str, str], int]()
    for name, tables in whole.items():
        for table in tables if isinstance(tables, list | tuple) else [tables]:
            lines.append(f"[[{name}]]" if table is not tables else f"[{name}]")
            absent = {key: None for of, key in entries if of == name and key not in table}
            for key, value in (table | absent).items():
                if not isinstance(value, Mapping):
                    places[name, key] = len(lines)
                    lines.append("" if value is None else f"{json.dumps(key)} = {_written(value)}")
            lines += _inner(name, table)
    of_inputs = {
        given["name"]: [places[entry], entry[1], _depth(given, whole[entry[0]].get(entry[1]))]
        for given, entry in zip(inputs, entries, strict=True)
    }
    return {"lines": [*lines, ""], "inputs": of_inputs, "steps": places.get(("data", "steps"), -1)}


def _inner(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """The tables in a table."""
    for key, inner in table.items():
        if isinstance(inner, Mapping):
            head = f"{name}.{json.dumps(key)}"
            yield f"[{head}]"
            values = {each: value for each, value in inner.items() if not isinstance(value, Mapping)}
            yield from (f"{json.dumps(each)} = {_written(value)}" for each, value in values.items())
            yield from _inner(head, inner)


def _written(value: Any) -> str:
    """A value as JSON, which TOML takes, but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _entry(given: Mapping[str, Any]) -> tuple[str, str]:
    """The table of a lesson, and the key, where an input stands."""
    name: str = given["name"]
    if given["kind"] == "weight":
        return "weights", name
    if given["kind"] == "setting":
        return "settings", "flow_whh" if given["entry"] == "slider" else name
    return "data", _KEYS.get(name, name)


def _depth(given: Mapping[str, Any], now: Any) -> int:
    rows, cols = given["at"][3:]
    if rows * cols == 1 and not isinstance(now, list | tuple):
        return 0
    return 1 if cols == 1 and not (now and isinstance(now[0], list | tuple)) else 2
