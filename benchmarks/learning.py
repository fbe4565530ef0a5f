"""Training every lesson by the NumPy engine, against the same loop written in PyTorch, on one thread each."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch

import rnnsheet
from benchmarks.timing import line, ratio, rounds
from rnnsheet import engine, templates
from rnnsheet.engine.training import to_learn
from rnnsheet.lesson import LessonData
from rnnsheet.network import INPUTS, Layer

EPOCHS = 100
RATE = 1e-4
"""So small that trained lessons stay where they are: far from there roundings grow."""
_MODULES = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
_GATES = {"elman": "h", "lstm": "ifgo", "gru": "run"}
"""PyTorch's order. Source: the formulas in the manuals of torch.nn.RNN, LSTM and GRU."""
_ACTIVATIONS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda z: z,
}


def report(count: int, names: Iterable[str] = templates.names()) -> Iterator[str]:
    """The ratio of the same epochs of plain gradient descent over all of a lesson's examples."""
    torch.set_num_threads(1)
    for name in names:
        lesson = rnnsheet.load(name)
        losses: dict[str, float] = {}

        def ours(lesson: LessonData = lesson, losses: dict[str, float] = losses) -> None:
            for epoch in engine.train(lesson, EPOCHS, RATE, np.inf, "sgd"):
                losses["rnnsheet"] = epoch.loss

        def theirs(lesson: LessonData = lesson, losses: dict[str, float] = losses) -> None:
            losses["torch"] = _Network(lesson).train()

        times = rounds({"rnnsheet": ours, "torch": theirs}, count)
        if not np.isclose(losses["rnnsheet"], losses["torch"], rtol=1e-9):
            raise AssertionError(f"{name}: not the same loop: {losses}")
        yield line(f"training {name} / the same loop in PyTorch", ratio(times, "rnnsheet", "torch"), 0.5)


class _Network:
    """A lesson's network of PyTorch's own layers; of a scalar Whh, which they lack, a loop over time."""

    def __init__(self, lesson: LessonData):
        self.model, self.batch = lesson.model, to_learn(lesson)
        self.x = {name: torch.tensor(array) for name, array in self.batch.x.items()}
        self.goals = {name: torch.tensor(array) for name, array in self.batch.goals.items()}
        self.examples = next(iter(self.x.values())).shape[1]
        self.weights: dict[str, torch.Tensor] = {}
        self.modules: dict[str, torch.nn.RNNBase] = {}
        for layer in self.model:
            if layer.shares is None:
                self._add(layer)

    def train(self) -> float:
        """The loss after `EPOCHS` updates."""
        learned = [*self.weights.values(), *(p for m in self.modules.values() for p in m.parameters())]
        optimizer = torch.optim.SGD([each for each in learned if each.requires_grad], lr=RATE)
        for _ in range(EPOCHS):
            optimizer.zero_grad()
            self._loss().backward()
            optimizer.step()
        with torch.no_grad():
            return float(self._loss())

    def _add(self, layer: Layer) -> None:
        own = self.model.of(layer)
        units = self.model.size(layer)
        if layer.kind in _MODULES and all(
            own[f"Wh{gate}"].shape == (units, units) for gate in _GATES[layer.kind]
        ):
            self.modules[layer.owner] = _module(layer, own, units)
        else:
            for base, array in own.items():
                self.weights[layer.parameter_names[base]] = torch.tensor(array, requires_grad=True)

    def _loss(self) -> torch.Tensor:
        found: dict[str, torch.Tensor] = {}
        loss = torch.zeros((), dtype=torch.float64)
        for layer in self.model:
            x = torch.cat([self._source(source.of, source.at, found) for source in layer.reads], dim=-1)
            if layer.traits.says:
                y = self._dense(layer, x, "Why", "by")
                goal = self.goals[layer.ending]
                loss = loss - (torch.log_softmax(y, -1) * goal.reshape(y.shape)).sum()
            elif layer.kind == "dense":
                found[str(layer.name)] = _ACTIVATIONS[layer.activation](self._dense(layer, x, "Wa", "ba"))
            else:
                found[str(layer.name)] = self._recurrent(layer, x, found)
        return loss

    def _source(self, of: str | None, at: str, found: Mapping[str, torch.Tensor]) -> torch.Tensor:
        whole = self.x[str(of)] if of in INPUTS else found[str(of)]
        if of == "picture":
            return whole[0]
        if not at:
            return whole
        return whole.sum(0) if at == "sum" else whole[-1 if at == "last" else int(at) - 1]

    def _dense(self, layer: Layer, x: torch.Tensor, weight: str, bias: str) -> torch.Tensor:
        z = x @ self.weights[layer.parameter_names[weight]].T
        own = self.weights.get(layer.parameter_names[bias])
        return z if own is None else z + own.reshape(-1)

    def _recurrent(self, layer: Layer, x: torch.Tensor, found: Mapping[str, torch.Tensor]) -> torch.Tensor:
        steps = x if x.dim() == 3 else x[None]
        states = [self._first(layer, state, found) for state in layer.traits.states]
        if layer.owner in self.modules:
            h, _ = self.modules[layer.owner](
                steps, states[0][None] if len(states) == 1 else tuple(s[None] for s in states)
            )
        else:
            h = self._scalar_elman(layer, steps, states[0])
        return h if x.dim() == 3 else h[0]

    def _first(self, layer: Layer, state: str, found: Mapping[str, torch.Tensor]) -> torch.Tensor:
        if layer.starts is not None:
            before = found[layer.starts]
            return (before[-1] if before.dim() == 3 else before).contiguous()
        own = torch.tensor(self.batch.initial[f"{layer.named(state)}_0"])
        return own.expand(self.examples, self.model.size(layer)).contiguous()

    def _scalar_elman(self, layer: Layer, steps: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        projected, states = self._dense(layer, steps, "Wxh", "bh"), []
        for now in projected:
            h = _ACTIVATIONS[layer.activation](now + self.weights[layer.parameter_names["Whh"]] * h)
            states.append(h)
        return torch.stack(states)


def _module(layer: Layer, own: Mapping[str, np.ndarray], units: int) -> torch.nn.RNNBase:
    """PyTorch's layer with the same weights; of its two biases only what ours has learns."""
    gates = _GATES[layer.kind]
    more = {"nonlinearity": layer.activation} if layer.kind == "elman" else {}
    module = _MODULES[layer.kind](own[f"Wx{gates[0]}"].shape[1], units, dtype=torch.float64, **more)

    def rows(base: str) -> torch.Tensor:
        zero = np.zeros((units, 1))
        return torch.tensor(np.concatenate([own.get(f"{base}{gate}", zero) + 0 * zero for gate in gates]))

    module.bias_hh_l0.requires_grad_("bm" in own)
    module.bias_ih_l0.requires_grad_(f"b{gates[0]}" in own)
    with torch.no_grad():
        module.weight_ih_l0[:], module.weight_hh_l0[:] = rows("Wx"), rows("Wh")
        module.bias_ih_l0[:], module.bias_hh_l0[:] = rows("b")[:, 0], 0.0
        if "bm" in own:
            module.bias_hh_l0[2 * units :] = torch.tensor(own["bm"][:, 0])
    if "bm" in own:
        # Ours is a bias of the candidate alone.
        learns = torch.arange(3 * units) >= 2 * units
        module.bias_hh_l0.register_hook(lambda slope: slope * learns)
    return module
