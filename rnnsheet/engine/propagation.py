"""A whole network, layer by layer, forward and backward through time; arrays as in `elman`."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from rnnsheet.engine import dense, output
from rnnsheet.engine.cell import Arrays, Mask
from rnnsheet.engine.layers import CELLS, Call, cell_of, compute, joined, turned
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC, Array, Layer, Model, on_sequence, share_name
from rnnsheet.network.reading import END


def knows(model: Model) -> bool:
    """Whether NumPy can compute the network: not where a cell is known by its equations alone."""
    return all(layer.kind in CELLS or not layer.traits.states for layer in model)


class Answers(Protocol):
    """How a network reads its own answers, (1, batch, rows) at each step."""

    @property
    def steps(self) -> int:
        """For how many."""

    def first(self, batch: int) -> Array:
        """What it reads before it has said anything."""

    def after(self, read: Array, result: Array, step: int) -> Array:
        """What it reads next, from what it read at a step, counted from 0, and the result there."""


@dataclass(frozen=True)
class OwnWords:
    """The label that was most probable, one-hot; nothing at first, and nothing after the end."""

    steps: int
    labels: int
    end: int
    """Which of the labels ends an answer."""

    def first(self, batch: int) -> Array:
        return np.zeros((1, batch, self.labels))

    def after(self, read: Array, result: Array, step: int) -> Array:
        best = result[0].argmax(axis=-1)
        going = (read[0].any(axis=-1) if step else np.ones(len(best), bool)) & (best != self.end)
        words: Array = np.eye(self.labels)[best] * going[:, None]
        return words[None]


@dataclass(frozen=True)
class Batch:
    """What a network reads, and what it should say.

    `x` has each input (steps, batch, size), `goals` per softmax what its names end with and the
    one-hot targets (steps, batch, labels), `initial` each given state before the first step (batch,
    units), zeros where left out. Without "answer" in x the network reads its own `answers`.
    """

    x: Arrays
    goals: Arrays = field(default_factory=dict)
    initial: Arrays = field(default_factory=dict)
    answers: Answers | None = None
    masks: Mapping[str, Mask] = field(default_factory=dict)
    """Of a sequence, where it is padding."""

    @cached_property
    def asked(self) -> dict[str, Array]:
        """Where the targets of `goals` are, as `output.asked` tells."""
        return {ending: output.asked(goal) for ending, goal in self.goals.items()}

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(next(iter(self.x.values()), np.zeros((1, 1, 1)))[0])


def batch(lesson: LessonData) -> Batch:
    """The lesson's own texts as a batch of one."""
    sequences = lesson.sequences
    x = {
        sequence: output.one_hot(lesson.read(sequence), lesson.vocabulary)
        for sequence in sequences
        if sequence in ("word", "second")
    }
    if lesson.picture is not None:
        x["picture"] = lesson.picture.reshape(1, 1, -1)
    goals = {
        layer.ending: output.one_hot(lesson.should_say(layer), lesson.labels)
        for layer in lesson.model.outputs
    }
    initial = {name: array.T for name, array in lesson.initial.items()}
    end = list(lesson.labels).index(END) if END in lesson.labels else -1
    answers = OwnWords(lesson.answer_steps, len(lesson.labels), end) if "answer" in sequences else None
    return Batch(x, goals, initial, answers)


def forward(model: Model, batch: Batch) -> dict[str, Array]:
    """Everything that the network computes of a batch, (steps, batch, rows), by its full name."""
    found = {on_sequence("x", name): array for name, array in batch.x.items()}
    answering = [layer for layer in model if model.sequence(layer) == "answer"]
    forced = "answer" in batch.x
    for layer in model:
        if layer not in answering or forced:
            found |= _layer(model, layer, batch, found, _initial(model, layer, batch, found))
        elif layer is answering[0]:
            found |= _answer(model, answering, batch, found)
    return found


def backward(model: Model, batch: Batch, found: Arrays, limit: float = np.inf) -> dict[str, Array]:
    """Every gradient: of the values by their names, and of each parameter in its shape.

    Takes what `forward` gave. No gradient of a state is taken to be above `limit` or below -`limit`.
    """
    back = _Backward(model, batch, found, limit)
    for layer in reversed(list(model)):
        back.layer(layer)
    return back.gradients


def contributions(model: Model, batch: Batch, found: Arrays) -> dict[str, Array]:
    """What each time step adds to the gradients of `backward`, each (steps, batch, numbers).

    Takes what `forward` and `backward` gave. A matrix's numbers lie column by column. Of a parameter
    that is used on several sequences, `dWxh_t_sum` is the sum for each in the parameter's shape.
    """
    added: dict[str, Array] = {}
    used: defaultdict[str, set[str]] = defaultdict(set)
    for layer in model:
        parameters, x = model.of(layer), _read(model, layer, found)
        own = _Own(layer, found)
        sequence = model.sequence(layer)
        if layer.traits.says:
            shares = output.contributions(parameters, x, own["dy"])
        elif layer.kind == "dense":
            shares = dense.contributions(parameters, x, own["da" if layer.activation == "linear" else "dza"])
        else:
            x, initial = turned(layer, {"x": x})["x"], _initial(model, layer, batch, found)
            shares = turned(layer, cell_of(layer).contributions(parameters, x, initial, own, own))
        for gradient, parameter in layer.gradients.items():
            if (array := shares.get(f"{gradient}_t")) is None:
                continue
            name = share_name(parameter, sequence)
            added[name] = added[name] + array if name in added else array
            used[parameter].add(name)
    for parameter, names in used.items():
        if len(names) > 1:
            rows, cols = model.parameters[parameter].shape
            sums = {f"{name}_sum": added[name].sum(axis=(0, 1)).reshape(cols, rows).T for name in names}
            added |= sums
    return added


def _layer(model: Model, layer: Layer, batch: Batch, found: Arrays, initial: Arrays) -> dict[str, Array]:
    """What one layer computes, and what it reads put together."""
    reads = _reads(model, layer, found)
    if layer.gathered:
        reads = [joined(reads)]
    call = Call(layer, model.of(layer), reads, initial, batch.masks.get(model.along(layer)))
    own = {layer.named(base): array for base, array in compute(call).items()}
    return {layer.gathered: reads[0], **own} if layer.gathered else own


def _reads(model: Model, layer: Layer, found: Arrays) -> list[Array]:
    """Each of what a layer reads, (steps, batch, rows)."""
    return [_part(found[name], at, of) for name, at, of in model.reads[layer.result]]


def _part(array: Array, at: str, of: Layer | None) -> Array:
    """What of a value a source speaks of; its layer, if it is one's, says which step is its last."""
    if at == "sum":
        total: Array = array.sum(axis=0, keepdims=True)
        return total
    if at == "last":
        return array[:1] if of and of.reverse else array[-1:]
    return array[int(at) - 1 : int(at)] if at else array


def _read(model: Model, layer: Layer, found: Arrays) -> Array:
    """What a layer reads, (steps, batch, input); the layers before it have been computed, and it too."""
    return found[layer.gathered] if layer.gathered else joined(_reads(model, layer, found))


def _initial(model: Model, layer: Layer, batch: Batch, found: Arrays) -> dict[str, Array]:
    """Each state of a layer before its first time step, (batch, units)."""
    states = {}
    for state in layer.traits.states:
        start = model.start(layer, state)
        if start:
            before, value = start
            states[state] = found[value][0 if before.reverse else -1]
        else:
            given = batch.initial.get(layer.initial(state))
            states[state] = np.zeros((batch.size, model.size(layer))) if given is None else given
    return states


class _Own:
    """A layer's arrays by their names without its ending, in the order in which it computes them."""

    def __init__(self, layer: Layer, found: Arrays):
        self.layer, self.found = layer, found

    def __getitem__(self, base: str) -> Array:
        array = self.found[self.layer.named(base)]
        return array[::-1] if self.layer.reverse and array.ndim == 3 else array


def _answer(model: Model, layers: list[Layer], batch: Batch, found: Arrays) -> dict[str, Array]:
    """An answer word by word: at each step the layers read what they said at the step before."""
    answers = batch.answers
    assert answers  # noqa: S101
    pieces: defaultdict[str, list[Array]] = defaultdict(list)
    now, x = dict(found), answers.first(batch.size)
    for step in range(answers.steps):
        before, now = now, {**found, "x_answer": x}
        for layer in layers:
            initial = _initial(model, layer, batch, found) if step == 0 else _last(layer, before)
            now |= _layer(model, layer, batch, now, initial)
        for name in now.keys() - found.keys():
            pieces[name].append(now[name])
        x = answers.after(x, now[layers[-1].result], step)
    return {name: np.concatenate(parts) for name, parts in pieces.items()}


def _last(layer: Layer, before: Arrays) -> dict[str, Array]:
    return {state: before[layer.named(state)][-1] for state in layer.traits.states}


@dataclass
class _Backward:
    """The way back: what each layer's result is handed by the layers that read it."""

    model: Model
    batch: Batch
    found: Arrays
    limit: float
    gradients: dict[str, Array] = field(default_factory=dict)
    now: dict[str, Array] = field(default_factory=dict)
    """Per value, its gradient by way of the time steps that read it, (steps, batch, rows)."""
    after: dict[str, Array] = field(default_factory=dict)
    """Per state, what is handed to its last time step, (batch, rows)."""

    def layer(self, layer: Layer) -> None:
        """One layer's gradients, and what it hands to those below."""
        kinds = {"softmax": self._softmax, "dense": self._dense}
        way = self._recurrent if layer.traits.states else kinds[layer.kind]
        own = way(layer, self.model.of(layer), _read(self.model, layer, self.found))
        dx = own.pop("dx", None)
        for base, array in own.items():
            self._add(layer, base, array)
        if dx is not None:
            self._hand_down(layer, dx)

    def _softmax(self, layer: Layer, parameters: Arrays, x: Array) -> dict[str, Array]:
        goal, asked = self.batch.goals[layer.ending], self.batch.asked[layer.ending]
        return output.backward(parameters, x, self.found[layer.named("p")], goal, asked)

    def _dense(self, layer: Layer, parameters: Arrays, x: Array) -> dict[str, Array]:
        a = self.found[layer.result]
        da = self.now.get(layer.result, np.zeros_like(a))
        if layer.result in self.after:
            da = da + self.after[layer.result]
        return dense.backward(parameters, x, a, da, layer.activation)

    def _recurrent(self, layer: Layer, parameters: Arrays, x: Array) -> dict[str, Array]:
        model, cell, states = self.model, cell_of(layer), layer.traits.states
        received = self.now.get(layer.result)
        now = np.zeros_like(self.found[layer.result]) if received is None else received
        along = turned(layer, {"x": x, "now": now})
        initial = _initial(model, layer, self.batch, self.found)
        after = {s: self.after[layer.named(s)] for s in states if layer.named(s) in self.after}
        seen = _Own(layer, self.found)
        own = cell.backward(
            parameters, along["x"], initial, seen, along["now"], self.limit, after, **layer.activations
        )
        own = turned(layer, own)
        if received is None:
            del own["dh_now"]
        if any(of for _, _, of in model.reads[layer.result]):
            parts = [own[dz] @ parameters[wx] for dz, wx in cell.input_weights.items()]
            own["dx"] = sum(parts[1:], start=parts[0])
        self._hand_to_start(layer, own)
        return own

    def _hand_to_start(self, layer: Layer, own: Arrays) -> None:
        """To the layer that gives a state its first value, what the first time step hands back to that."""
        for state in layer.traits.states if layer.starts is not None else ():
            if start := self.model.start(layer, state):
                value = start[1]
                first = own[f"d{state}_back"][-1 if layer.reverse else 0]
                self.after[value] = self.after[value] + first if value in self.after else first

    def _add(self, layer: Layer, base: str, array: Array) -> None:
        """A gradient under its full name; a parameter's is the sum over all layers that use it."""
        weight = layer.gradients.get(base)
        if weight is None:
            self.gradients[layer.named(base)] = array
            return
        name = f"d{weight}"
        self.gradients[name] = self.gradients[name] + array if name in self.gradients else array

    def _hand_down(self, layer: Layer, dx: Array) -> None:
        """To each value that a layer reads, its part of the gradient."""
        if layer.gathered and len(layer.reads) > 1:
            self.gradients[f"d{layer.gathered}"] = dx
        start = 0
        for name, at, of in self.model.reads[layer.result]:
            rows = self.found[name].shape[-1]
            part, start = dx[..., start : start + rows], start + rows
            if of is None:
                continue
            if at == "last" and self.model.sequence(of) != STATIC:
                handed = f"d{name}_last"
                self.gradients[handed] = self.gradients[handed] + part if handed in self.gradients else part
                self.after[name] = self.after[name] + part[0] if name in self.after else part[0]
            else:
                self.now[name] = self.now[name] + part if name in self.now else part
