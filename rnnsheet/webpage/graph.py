"""What of a network is drawn, where, and what leads to what: time to the right, what is said at the top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

ROW = 74
TALL = 30
_GAP = 10
_WIDE = 1400
"""No wider are sequences beside each other."""
_GATES = 160
"""No wider are gates beside each other: a step that is narrow lets more of them be seen."""
LISTED = 92
"""The width of a list of the greatest of many values."""

Described = Mapping[str, Any]
"""An equation as `described` has it."""


@dataclass(frozen=True)
class Node:
    """A value at one time step: before the first, -1, where it is handed on."""

    of: Described
    t: int
    x: float
    y: float
    size: float
    """The width of a unit; 0 where there is none: a word that is said, the greatest of many values."""
    wide: float

    @property
    def key(self) -> str:
        """How it is called."""
        return f"{self.of['name']} {self.t}"

    @property
    def rows(self) -> int:
        """So many units it has."""
        return len(self.of["rows"])


@dataclass(frozen=True)
class Edge:
    """What leads from one node to another, and the weight that it meets, if it meets one."""

    start: Node
    end: Node
    weight: str


@dataclass(frozen=True)
class _Stack:
    """What stands above each other, row by row from below, at each time step of a sequence."""

    sequence: str
    rows: list[list[Described]]
    wide: float
    first: float
    """The width of what stands before the first time step."""
    width: float


class _Shelf:
    def __init__(self) -> None:
        self.stacks: list[tuple[_Stack, float]] = []
        self.end = 12.0

    @property
    def rows(self) -> int:
        return max(len(stack.rows) for stack, _ in self.stacks)

    def add(self, stack: _Stack) -> None:
        self.stacks.append((stack, self.end))
        self.end += stack.width


class Graph:
    """A network's nodes, and the edges between them; `steps` are the time steps of each sequence."""

    def __init__(self, equations: Iterable[Described], steps: Mapping[str, int]):
        self._equations = {equation["name"]: equation for equation in equations}
        self.steps = steps
        self.nodes: dict[str, Node] = {}
        self.width = self.height = 26.0
        self._place()
        self.edges = [edge for node in self.nodes.values() if node.t >= 0 for edge in self._edges(node)]

    def home(self, equation: Described) -> str:
        """In whose node a value goes: its own, or the first computed of it; a gradient in its value's."""
        name = equation["name"]

        def reads(other: Described) -> bool:
            found = (self._equations.get(read) for read, _, _ in other["reads"])
            return any(
                each and (each["name"] == name or (not each["drawn"] and reads(each))) for each in found
            )

        def is_home(other: Described) -> bool:
            if equation["part"] == "gradient":
                return bool(other["gradient"] == name or name.startswith(f"d{other['name']}"))
            return other is equation or (not equation["drawn"] and reads(other))

        drawn = (other for other in self._equations.values() if other["drawn"])
        return next((other["name"] for other in drawn if is_home(other)), "")

    def _stacks(self, sequence: str) -> Iterator[_Stack]:
        """What stands above each other; of what is computed once, a stack for each answer."""
        rows: list[list[Described]] = []
        for equation in self._equations.values():
            if not equation["drawn"] or equation["sequence"] != sequence:
                continue
            gates = (row for row in rows if _is_gate_of(equation["layer"], row[0]))
            beside = next((row for row in gates if len(row) < self._beside(equation)), None)
            if beside:
                beside.append(equation)
            else:
                rows.append([equation])
            if equation["drawn"] == "said" and sequence == "once":
                yield self._stack(sequence, rows)
                rows = []
        if rows:
            yield self._stack(sequence, rows)

    def _beside(self, gate: Described) -> int:
        """So many gates of a layer stand beside each other, in rows of like length; 0 of what is none."""
        if gate["drawn"] != "gate":
            return 0
        count = sum(_is_gate_of(gate["layer"], each) for each in self._equations.values())
        room = max(1, (_GATES + _GAP) // (_size(gate)[1] + _GAP))
        return ceil(count / ceil(count / room))

    def _stack(self, sequence: str, rows: list[list[Described]]) -> _Stack:
        wide = max(64, *map(_across, rows))
        first = wide / 2 + 34 if any("before" in equation for row in rows for equation in row) else 0
        return _Stack(sequence, rows, wide, first, first + self.steps[sequence] * (wide + 40) + 16)

    def _place(self) -> None:
        """Beside each other as far as there is room, then above."""
        shelves = [_Shelf()]
        for sequence in self.steps:
            stacks = list(self._stacks(sequence))
            width = sum(stack.width for stack in stacks)
            if shelves[-1].stacks and shelves[-1].end + width > _WIDE:
                shelves.append(_Shelf())
            for stack in stacks:
                shelves[-1].add(stack)
        shelves = [shelf for shelf in shelves if shelf.stacks]
        self.width = max((shelf.end for shelf in shelves), default=26)
        for shelf in reversed(shelves):
            self.height += shelf.rows * ROW + (0 if shelf is shelves[-1] else 30)
            # What is computed once of the last time steps stands above these.
            above = shelf is not shelves[0] and all(stack.sequence == "once" for stack, _ in shelf.stacks)
            for stack, left in shelf.stacks:
                self._put(stack, left + (self.width - shelf.end if above else 0))

    def _put(self, stack: _Stack, left: float) -> None:
        for level, row in enumerate(stack.rows):
            y = self.height - 46 - TALL - level * ROW
            for t in range(-1 if stack.first else 0, self.steps[stack.sequence]):
                step = stack.first + t * (stack.wide + 40) + (stack.wide - _across(row)) / 2
                x = left + (step if t >= 0 else 0)
                for equation in row:
                    size, wide = _size(equation)
                    if t < 0 and size:
                        size = min(size, stack.wide / 2 / len(equation["rows"]))
                        wide = size * len(equation["rows"])
                    if t >= 0 or "before" in equation:
                        node = Node(equation, t, x, y, size, wide)
                        self.nodes[node.key] = node
                    x += wide + _GAP

    def _edges(self, node: Node) -> Iterator[Edge]:
        for name, when, weight in dict.fromkeys(self._sources(node.of["reads"])):
            for t in self._times(name, node.t, when):
                start = self.nodes.get(f"{name} {t}")
                if start and start is not node:
                    yield Edge(start, node, weight)

    def _times(self, name: str, t: int, when: str) -> Iterable[int]:
        """The time steps at which a value is read."""
        sequence = self._equations[name]["sequence"]
        if when == "all":
            return range(self.steps[sequence])
        at = {"before": t - 1, "after": t + 1, "now": 0 if sequence == "once" else t}
        return [at[when] if when in at else int(when) - 1]

    def _sources(self, reads: Sequence[Sequence[str]]) -> Iterator[tuple[str, str, str]]:
        """What is read, as far as it is drawn; else what that is computed of."""
        for name, when, weight in reads:
            equation = self._equations.get(name)
            if equation and equation["drawn"]:
                yield name, when, weight
            elif equation:
                inner = [
                    (read, when if then == "now" else then, own or weight)
                    for read, then, own in equation["reads"]
                ]
                yield from self._sources(inner)


def _is_gate_of(layer: str, equation: Described) -> bool:
    return bool(equation["drawn"] == "gate" and equation["layer"] == layer)


def _across(row: Sequence[Described]) -> float:
    return sum(_size(equation)[1] + _GAP for equation in row) - _GAP


def _size(equation: Described) -> tuple[float, float]:
    """The width of a unit, 0 where the greatest are listed, and of all."""
    count, drawn = len(equation["rows"]), equation["drawn"]
    if drawn == "said" or (count > 8 and drawn not in ("state", "gate")):
        return 0, LISTED
    size = 15 if drawn == "gate" else 34 if count <= 4 else 22 if count <= 8 else 13
    fitting = min(size, 260 / count)
    return fitting, max(fitting * count, TALL)
