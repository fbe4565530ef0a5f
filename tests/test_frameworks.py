"""Recurrent layers, stacked and in both directions, against PyTorch's and Keras' with the same weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsheet import engine
from rnnsheet.engine.propagation import Batch
from rnnsheet.network import KINDS, Axis, Layer, Model, check_model

INSTALL = "is not installed: pip install -e '.[dev]'"


class Stack:
    """One to three recurrent layers under a softmax, and a batch of random numbers to read."""

    def __init__(self, draw, cells: tuple[str, ...]):
        random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.size, self.choices = draw(st.integers(1, 5)), draw(st.integers(2, 4))
        self.depth = [
            (
                draw(st.sampled_from(cells)),
                draw(st.integers(1, 5)),
                draw(st.booleans()),
                draw(st.sampled_from(["tanh", "relu"])),
            )
            for _ in range(draw(st.integers(1, 3)))
        ]
        layers, self.weights, width, below = [], {}, self.size, ["word"]
        for number, (cell, units, both, activation) in enumerate(self.depth):
            names = [f"l{number}", f"r{number}"][: 1 + both]
            for name in names:
                chosen = activation if KINDS[cell].activations else ""
                layers.append(Layer(cell, name, tuple(below), reverse=name[0] == "r", activation=chosen))
                sizes = {"hidden": units, "input": width, "one": 1}
                for spec in KINDS[cell].parameters:
                    if not spec.name.startswith("Wc"):
                        shape = sizes[spec.rows], sizes[spec.cols]
                        self.weights[layers[-1].named(spec.name)] = random.normal(size=shape) * 0.7
            below, width = names, units * len(names)
        layers.append(Layer("softmax", "", tuple(below)))
        self.weights["Why"] = random.normal(size=(self.choices, width))
        self.weights["by"] = random.normal(size=(self.choices, 1))
        steps, batch = draw(st.integers(1, 8)), draw(st.integers(1, 3))
        self.x = random.normal(size=(steps, batch, self.size))
        self.goal = np.eye(self.choices)[random.integers(0, self.choices, (steps, batch))]
        axes = {"word": Axis("letters", self.size)}, Axis("labels", self.choices)
        self.model, self.read = check_model(Model(layers, self.weights), *axes), below
        self.initial = {
            f"{layer.named(state)}_0": np.zeros((batch, self.model.size(layer)))
            for layer in self.model
            for state in layer.traits.states
        }

    def ours(self) -> dict[str, np.ndarray]:
        """Everything that the engine computes, forward and backward."""
        return engine.gradients(self.model, Batch({"word": self.x}, {"": self.goal}, self.initial))

    def states(self, found: dict[str, np.ndarray]) -> np.ndarray:
        """The states of the layer on top, both directions side by side."""
        return np.concatenate([found[f"h_{name}"] for name in self.read], axis=-1)

    def gates(self, base: str, name: str, order: str) -> np.ndarray:
        """The rows of several gates' parameters below each other."""
        return np.concatenate([self.weights[f"{base}{gate}_{name}"] for gate in order])


def agrees(stack: Stack, states, loss, gradients: dict[str, np.ndarray]) -> None:
    """Forward to 1e-12, gradients to 1e-10, in float64."""
    found = stack.ours()
    np.testing.assert_allclose(stack.states(found), states, rtol=1e-12, atol=1e-12)
    assert found["loss"].item() == pytest.approx(loss, rel=1e-12)
    assert gradients.keys() == {name for name in stack.weights if name[:2] not in ("Wh", "by") or "_" in name}
    for name, gradient in gradients.items():
        np.testing.assert_allclose(found[f"d{name}"], gradient, rtol=1e-10, atol=1e-10, err_msg=name)


def split(array: np.ndarray, base: str, name: str, order: str) -> dict[str, np.ndarray]:
    """The gradients of several gates' parameters, from what a framework keeps in one array."""
    parts = np.split(array.reshape(array.shape[0], -1), len(order))
    return {f"{base}{gate}_{name}": part for gate, part in zip(order, parts, strict=True)}


def loss_of(torch, stack: Stack, states):
    """The sum of all losses."""
    y = states @ torch.tensor(stack.weights["Why"]).T + torch.tensor(stack.weights["by"][:, 0])
    return -(torch.log_softmax(y, -1) * torch.tensor(stack.goal)).sum()


GATES = {"elman": "h", "lstm": "ifgo", "gru": "run"}
"""PyTorch's order. Source: the formulas in the manuals of torch.nn.RNN, LSTM and GRU."""


@settings(max_examples=60)
@given(data=st.data())
def test_any_stack_agrees_with_pytorch_s(data):
    torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
    stack = Stack(data.draw, ("elman", "lstm", "gru"))
    states, modules, width = torch.tensor(stack.x), [], stack.size
    for number, (cell, units, both, activation) in enumerate(stack.depth):
        more = {"nonlinearity": activation} if cell == "elman" else {}
        kind = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        module = kind(width, units, bidirectional=both, dtype=torch.float64, **more)
        for direction, name in (("", f"l{number}"), ("_reverse", f"r{number}"))[: 1 + both]:
            values = {
                f"weight_ih_l0{direction}": stack.gates("Wx", name, GATES[cell]),
                f"weight_hh_l0{direction}": stack.gates("Wh", name, GATES[cell]),
                f"bias_ih_l0{direction}": stack.gates("b", name, GATES[cell])[:, 0],
                f"bias_hh_l0{direction}": np.zeros(len(GATES[cell]) * units),
            }
            if cell == "gru":
                values[f"bias_hh_l0{direction}"][2 * units :] = stack.weights[f"bm_{name}"][:, 0]
            with torch.no_grad():
                for key, value in values.items():
                    getattr(module, key)[:] = torch.tensor(value)
        modules.append(module)
        states, _ = module(states)
        width = states.shape[-1]
    loss = loss_of(torch, stack, states)
    loss.backward()
    gradients = {}
    for number, ((cell, units, both, _), module) in enumerate(zip(stack.depth, modules, strict=True)):
        for direction, name in (("", f"l{number}"), ("_reverse", f"r{number}"))[: 1 + both]:
            for base, kind in (("Wx", "weight_ih"), ("Wh", "weight_hh"), ("b", "bias_ih")):
                array = getattr(module, f"{kind}_l0{direction}").grad.numpy()
                gradients |= split(array, base, name, GATES[cell])
            if cell == "gru":
                array = getattr(module, f"bias_hh_l0{direction}").grad.numpy()
                gradients[f"bm_{name}"] = array[2 * units :, None]
    agrees(stack, states.detach().numpy(), loss.item(), gradients)


KERAS_GATES = {"elman": "h", "lstm": "ifgo", "gru": "urn", "gru-before": "urn"}
"""Keras' order. Source: keras.src.layers.rnn, where LSTMCell splits i, f, c, o and GRUCell z, r, h."""


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data())
def test_any_stack_agrees_with_keras(keras, data):
    import torch

    stack = Stack(data.draw, tuple(KERAS_GATES))
    states, layers = torch.tensor(stack.x.swapaxes(0, 1).copy()), []
    for number, (cell, units, both, activation) in enumerate(stack.depth):
        kinds = {"elman": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}
        more = {"elman": {"activation": activation}, "lstm": {}}.get(cell, {"reset_after": cell == "gru"})
        layer = kinds.get(cell, keras.layers.GRU)(units, return_sequences=True, dtype="float64", **more)
        own = [layer]
        if both:
            layer = keras.layers.Bidirectional(layer, dtype="float64")
        layer.build((None, *states.shape[1:]))
        if both:
            own = [layer.forward_layer, layer.backward_layer]
        for name, one in zip((f"l{number}", f"r{number}"), own, strict=False):
            bias = stack.gates("b", name, KERAS_GATES[cell])[:, 0]
            if cell == "gru":
                memory = np.concatenate([np.zeros(2 * units), stack.weights[f"bm_{name}"][:, 0]])
                bias = np.stack([bias, memory])
            one.set_weights([*(stack.gates(b, name, KERAS_GATES[cell]).T for b in ("Wx", "Wh")), bias])
            layers.append((cell, units, name, one))
        states = layer(states)
    states = states.swapaxes(0, 1)
    loss = loss_of(torch, stack, states)
    loss.backward()
    gradients = {}
    for cell, units, name, layer in layers:
        kernel, recurrent, bias = (weight.value.grad.numpy() for weight in layer.trainable_weights)
        if cell == "gru":
            gradients[f"bm_{name}"] = bias[1, 2 * units :, None]
            bias = bias[0]
        for base, array in (("Wx", kernel.T), ("Wh", recurrent.T), ("b", bias)):
            gradients |= split(array, base, name, KERAS_GATES[cell])
    agrees(stack, states.detach().numpy(), loss.item(), gradients)
