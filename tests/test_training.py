"""Learning: gradients and optimizers against PyTorch and finite differences; the article's word."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

import rnnsheet
from rnnsheet import engine
from rnnsheet.engine import output
from rnnsheet.engine.propagation import Batch
from rnnsheet.engine.training import random_model
from rnnsheet.network import Layer, Model
from tests.lessons import ANY_CELL, SAYS, TEXT, form, hello, lessons, networks


def found(lesson, parameters=None):
    model = Model(lesson.model.layers, parameters or lesson.model.parameters)
    return engine.gradients(model, engine.batch(lesson))


@given(lessons(largest=1.5, cells=ANY_CELL) | networks())
def test_every_gradient_agrees_with_central_differences(lesson):
    gradients, width = found(lesson), 1e-6
    for name, array in lesson.model.parameters.items():
        place = tuple(np.unravel_index(np.abs(gradients[f"d{name}"]).argmax(), array.shape))
        losses = []
        for change in (width, -width):
            moved = array.copy()
            moved[place] += change
            losses.append(found(lesson, {**lesson.model.parameters, name: moved})["loss"].sum())
        assert gradients[f"d{name}"].shape == array.shape
        assert gradients[f"d{name}"][place] == pytest.approx(
            (losses[0] - losses[1]) / (2 * width), 1e-5, 1e-6
        )


def as_torch(torch, lesson, last_only=False):
    """The loss by PyTorch's autograd, with its leaves: parameters, and z, h, y of every step.

    The loss is the whole word's, or that of the last time step only.
    """
    leaves = {
        name: torch.tensor(np.array(array), requires_grad=True)
        for name, array in lesson.model.parameters.items()
    }
    h, kept, loss = (
        torch.tensor(np.array(lesson.initial["h_0"])),
        {"z": [], "h": [], "y": []},
        torch.zeros(()),
    )
    for letter, target in zip(lesson.letters, lesson.targets, strict=True):
        x = torch.tensor([[float(known == letter)] for known in lesson.vocabulary], dtype=torch.float64)
        whh = leaves["Whh"]
        memory = whh * h if whh.numel() == 1 else whh @ h
        z = leaves["Wxh"] @ x + memory + leaves.get("bh", 0.0)
        h = torch.tanh(z)
        y = leaves["Why"] @ h + leaves.get("by", 0.0)
        for name, value in (("z", z), ("h", h), ("y", y)):
            value.retain_grad()
            kept[name].append(value)
        if target:
            loss = (0.0 if last_only else loss) - torch.log_softmax(y, dim=0)[
                lesson.vocabulary.index(target), 0
            ]
    loss.backward()
    return loss, leaves, kept


@settings(max_examples=40)
@given(lessons(largest=1.5))
def test_loss_and_every_gradient_agree_with_pytorch(lesson):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    loss, leaves, kept = as_torch(torch, lesson)
    gradients = found(lesson)
    assert gradients["loss"].sum() == pytest.approx(loss.item(), 1e-12)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(gradients[f"d{name}"], leaf.grad.numpy(), rtol=1e-12, atol=1e-13)
    for name, values in kept.items():
        steps = [np.zeros(value.shape) if value.grad is None else value.grad.numpy() for value in values]
        by_torch = np.stack(steps)[:, :, 0]
        np.testing.assert_allclose(gradients[f"d{name}"][:, 0], by_torch, rtol=1e-12, atol=1e-13)


def test_a_batch_has_the_sum_of_its_words_gradients():
    generator, lesson = np.random.default_rng(0), hello()
    x, goal = generator.normal(size=(5, 3, 4)), np.eye(4)[generator.integers(0, 4, (5, 3))]
    h_0 = generator.normal(size=(3, 3))
    whole = engine.gradients(lesson.model, Batch({"word": x}, {"": goal}, {"h_0": h_0}))
    parts = [
        engine.gradients(lesson.model, Batch({"word": x[:, [i]]}, {"": goal[:, [i]]}, {"h_0": h_0[[i]]}))
        for i in range(3)
    ]
    for name in ("dWxh", "dWhh", "dbh", "dWhy"):
        np.testing.assert_allclose(whole[name], sum(part[name] for part in parts), rtol=1e-12)
    np.testing.assert_allclose(whole["dz"][:, 1], parts[1]["dz"][:, 0], rtol=1e-12)


def test_the_article_s_network_learns_to_spell_hello_at_rate_a_tenth():
    epochs = list(hello().train(epochs=200, rate=0.1))
    assert epochs[0].loss > 6
    assert epochs[200].loss < 0.2
    trained = [list(hello().with_model(epoch.model).run()["predicted"][0]) for epoch in epochs]
    assert trained[99] == trained[200] == list("ello")


def test_it_fails_at_rate_one_without_an_error():
    *_, last = hello().train(epochs=200, rate=1.0)
    assert math.isfinite(last.loss)
    assert last.loss > 5
    assert list(hello().with_model(last.model).run()["predicted"][0]) != list("ello")


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
def test_the_optimizers_agree_with_pytorch_s(optimizer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    peers = {
        "sgd": lambda leaves: torch.optim.SGD(leaves, lr=0.1),
        "adagrad": lambda leaves: torch.optim.Adagrad(leaves, lr=0.1, eps=1e-8),
        "adam": lambda leaves: torch.optim.Adam(leaves, lr=0.1, eps=1e-8),
    }
    epochs = list(hello().train(epochs=12, rate=0.1, optimizer=optimizer))
    leaves = {name: torch.tensor(np.array(w)) for name, w in hello().model.parameters.items()}
    peer = peers[optimizer](leaves.values())
    for epoch in epochs:
        for name, leaf in leaves.items():
            np.testing.assert_allclose(epoch.model.parameters[name], leaf.numpy(), rtol=1e-10)
            leaf.grad = torch.tensor(found(hello().with_model(epoch.model))[f"d{name}"])
        peer.step()


def test_a_clipped_step_has_the_norm_of_the_threshold():
    before, after = hello().train(epochs=1, rate=1.0, clip=0.25)
    moved = [after.model.parameters[name] - array for name, array in before.model.parameters.items()]
    assert math.sqrt(sum(np.vdot(step, step) for step in moved)) == pytest.approx(0.25)
    unclipped = list(hello().train(epochs=1, rate=1.0, clip=1e9))
    assert unclipped[1].loss == list(hello().train(epochs=1, rate=1.0))[1].loss


def test_a_seed_starts_from_random_weights_of_the_same_shapes():
    first, again, other = (next(hello().train(seed=seed)).model for seed in (1, 1, 2))
    for name, array in hello().model.parameters.items():
        assert first.parameters[name].shape == array.shape
        np.testing.assert_array_equal(first.parameters[name], again.parameters[name])
        assert (first.parameters[name] != other.parameters[name]).all()
        assert (np.abs(first.parameters[name]) <= 3**-0.5).all()


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_random_weights_are_as_large_as_pytorch_s(cell):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    layer = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](3, 40)
    theirs = [*layer.parameters()], [*torch.nn.Linear(40, 3).parameters()]
    made = form(Layer(cell, "n", ("word",)), SAYS, units=40, **TEXT)
    drawn = random_model(made.model, 0).parameters
    ours = [[array for name, array in drawn.items() if (name in ("Why", "by")) == says] for says in (0, 1)]
    for own, their in zip(ours, theirs, strict=True):
        largest = max(float(array.detach().abs().max()) for array in their)
        assert max(abs(array).max() for array in own) == pytest.approx(largest, rel=0.05)


def test_a_training_that_overflows_is_told():
    with pytest.raises(rnnsheet.LessonError, match=r"too large for a computer at epoch [1-9]"):
        list(hello().train(rate=1e308))


@given(lessons(cells=ANY_CELL))
def test_a_saved_lesson_is_the_same_bit_for_bit(tmp_path_factory, lesson):
    path = lesson.save(tmp_path_factory.mktemp("saved") / "saved.toml")
    again = rnnsheet.load(path)
    assert (again.vocabulary, again.word, again.steps) == (lesson.vocabulary, lesson.word, lesson.steps)
    for state, array in lesson.initial.items():
        np.testing.assert_array_equal(again.initial[state], array)
    assert again.model.parameters.keys() == lesson.model.parameters.keys()
    for name, array in lesson.model.parameters.items():
        assert again.model.parameters[name].tobytes() == array.tobytes()


def test_a_saved_lesson_keeps_its_texts(tmp_path):
    again = rnnsheet.load(hello().save(tmp_path / "saved.toml"))
    assert (again.title, again.about, again.notes) == (hello().title, hello().about, hello().notes)


@settings(max_examples=30)
@given(lessons(largest=1.5, cells=("lstm", "gru"), peepholes=False))
def test_gated_cells_agree_with_pytorch_s_layers(lesson):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    kind, v, h = lesson.model.cell, len(lesson.vocabulary), lesson.model.hidden
    gates = {"lstm": "ifgo", "gru": "run"}[kind]
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](v, h).double()

    def whole(name, shape):
        """A parameter as PyTorch has it: one number is a multiple of the identity, or a row of it."""
        array = lesson.model.parameters.get(name, np.zeros((1, 1)))
        one = np.eye(h) if name.startswith("Wh") else np.ones(shape)
        return array * one if array.shape == (1, 1) and shape != (1, 1) else array

    with torch.no_grad():
        for ours, theirs, shape in (("Wx", "ih", (h, v)), ("Wh", "hh", (h, h))):
            rows = np.concatenate([whole(f"{ours}{gate}", shape) for gate in gates])
            getattr(layer, f"weight_{theirs}_l0")[:] = torch.tensor(rows)
        bias = np.concatenate([whole(f"b{gate}", (h, 1)) for gate in gates])[:, 0]
        layer.bias_ih_l0[:], layer.bias_hh_l0[:] = torch.tensor(bias), 0.0
        if kind == "gru":
            layer.bias_hh_l0[2 * h :] = torch.tensor(whole("bm", (h, 1))[:, 0])
    x, goal = (output.one_hot(letters, lesson.vocabulary) for letters in (lesson.letters, lesson.targets))
    initial = [torch.tensor(np.array(array.T))[None] for array in lesson.initial.values()]
    states, _ = layer(torch.tensor(x), tuple(initial) if kind == "lstm" else initial[0])
    by = torch.tensor(whole("by", (v, 1))[:, 0])
    y = states @ torch.tensor(np.array(lesson.model.parameters["Why"])).T + by
    loss = -(torch.log_softmax(y, -1) * torch.tensor(goal)).sum()
    loss.backward()
    ours = found(lesson)
    np.testing.assert_allclose(ours["h"], states.detach().numpy(), rtol=1e-12, atol=1e-13)
    assert ours["loss"].sum() == pytest.approx(loss.item(), 1e-12)
    by_torch = np.split(layer.weight_ih_l0.grad.numpy(), len(gates))
    for gate, gradient in zip(gates, by_torch, strict=True):
        np.testing.assert_allclose(ours[f"dWx{gate}"], gradient, rtol=1e-10, atol=1e-12)
    by_torch = np.split(layer.weight_hh_l0.grad.numpy(), len(gates))
    for gate, gradient in zip(gates, by_torch, strict=True):
        mine = ours[f"dWh{gate}"]
        np.testing.assert_allclose(
            mine, np.trace(gradient).reshape(1, 1) if mine.shape == (1, 1) else gradient, 1e-10, 1e-12
        )
