"""Recurrent networks written out of linear layers: never guessed, and right once they are described."""

import re

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from tests.networks import agree

INSTALL = "is not installed: pip install -e '.[dev]'"
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
STEPS = 6


class WrittenOut(torch.nn.Module):
    """A recurrent network written out of linear layers, in any order, with any names."""

    def __init__(self, takes: int, units: int, names: str = "i2h h2h h2o", bias: bool = True):
        super().__init__()
        self.names = names.split()
        self.units = units
        made = {
            "i": torch.nn.Linear(takes, units),
            "h": torch.nn.Linear(units, units, bias=bias),
            "o": torch.nn.Linear(units, 3),
        }
        for name in self.names:
            kind = "o" if name.endswith(("o", "out", "hy")) else "i" if name[-3:] in ("i2h", "_ih") else "h"
            setattr(self, name, made[kind])
            setattr(self, f"_{kind}", [made[kind]])

    def forward(self, x):
        h, said = torch.zeros(1, self.units), []
        for step in x:
            h = torch.tanh(self._i[0](step[None]) + self._h[0](h))
            said.append(self._o[0](h)[0])
        return torch.stack(said)


class SideBySide(torch.nn.Module):
    """As the tutorial on names has it: one linear layer takes the input and the state side by side."""

    def __init__(self, takes: int, units: int):
        super().__init__()
        self.units = units
        self.i2h, self.h2o = torch.nn.Linear(takes + units, units), torch.nn.Linear(units, 3)

    def forward(self, x):
        h, said = torch.zeros(1, self.units), []
        for step in x:
            h = torch.tanh(self.i2h(torch.cat((step[None], h), 1)))
            said.append(self.h2o(h)[0])
        return torch.stack(said)


def described(folder, takes: int, weights: str, out: str = "h2o.*"):
    (folder / "a.toml").write_text(
        f"[numbers]\nfeatures = {takes}\nsteps = {STEPS}\n"
        f'[[layers]]\nname = "rnn"\nkind = "elman"\narrays = "{weights}"\n'
        f'[[layers]]\nname = "out"\nkind = "dense"\narrays = "{out}"\n'
    )
    return folder / "a.toml"


def agrees(module, folder, takes: int, path, **description) -> None:
    network = read_model(path, description=described(folder, takes, **description))
    x = torch.randn(20, STEPS, takes)
    with torch.no_grad():
        agree(network, x.numpy().swapaxes(1, 2), [module(each).numpy() for each in x], 1e-6)


@pytest.mark.parametrize("units", [4, 5])
@pytest.mark.parametrize("names", ["i2h h2h h2o", "h2o h2h i2h"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_description_of_linear_layers_is_what_they_compute(units, names, bias, tmp_path):
    """Also where the input is as wide as the state, and whichever layer was made first."""
    torch.manual_seed(0)
    module = WrittenOut(5, units, names, bias)
    torch.save(module.state_dict(), tmp_path / "a.pt")
    agrees(module, tmp_path, 5, tmp_path / "a.pt", weights="?2h.*")
    library = pytest.importorskip("safetensors.torch", reason=f"safetensors {INSTALL}")
    library.save_file(module.state_dict(), tmp_path / "a.safetensors")
    agrees(module, tmp_path, 5, tmp_path / "a.safetensors", weights="?2h.*")


def test_one_layer_that_takes_the_input_and_the_state_side_by_side(tmp_path):
    torch.manual_seed(0)
    module = SideBySide(5, 4)
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r'kind = "elman" and arrays = "i2h\.\*"'):
        read_model(tmp_path / "a.pt")
    agrees(module, tmp_path, 5, tmp_path / "a.pt", weights="i2h.*")


def test_names_that_tell_nothing_are_told_apart_by_shapes_or_not_at_all(tmp_path):
    torch.manual_seed(0)
    for units, names in ((4, "a b c"), (5, "a b c")):
        module = WrittenOut(5, units)
        state = {
            f"{names.split()[number // 2]}.{name.partition('.')[2]}": each
            for number, (name, each) in enumerate(module.state_dict().items())
        }
        torch.save(state, tmp_path / "a.pt")
        if units != 5:
            agrees(module, tmp_path, 5, tmp_path / "a.pt", weights="[ab].*", out="c.*")
            continue
        with pytest.raises(ModelError, match=r"which of a\.weight, b\.weight, .* meets the input"):
            read_model(tmp_path / "a.pt", description=described(tmp_path, 5, "[ab].*", "c.*"))


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ("i2h h2h h2o", "*2h.*"),
        ("W_ih W_hh W_hy", "W_*h.*"),
        ("in2hidden hidden2hidden hidden2out", "*n2hidden.*"),
        ("input_to_hidden hidden_to_hidden hidden_to_output", "*_to_hidden.*"),
        ("rnn.x2h rnn.h2h head", "rnn.*2h.*"),
        ("Wx Wh Wy", "W*.*"),
        ("recurrent.linear head linear", "…"),
        ("i2h i2o softmax_head", "i2h.*"),
    ],
)
def test_linear_layers_whose_names_tell_of_a_state_are_never_read_one_after_the_other(
    names, pattern, tmp_path
):
    into, of, out = names.split()
    shapes = {into: (4, 4), of: (4, 4), out: (3, 4)}
    state = {f"{name}.weight": torch.ones(shape) for name, shape in shapes.items()}
    torch.save(state, tmp_path / "a.pt")
    (tmp_path / "chain.toml").write_text(
        '[network]\nbetween = "tanh"\noutput = "linear"\n[numbers]\nsteps = 3'
    )
    told = f'nothing recurrent was found.*{re.escape(into)} 4×4.*arrays = "{re.escape(pattern)}"'
    for more in ({}, {"description": tmp_path / "chain.toml"}):
        with pytest.raises(ModelError, match=told):
            read_model(tmp_path / "a.pt", **more)


def test_matrices_by_themselves_are_told_as_well(tmp_path):
    names = {"Wxh": (4, 5), "Whh": (4, 4), "bh": (4,), "Why": (3, 4), "by": (3,)}
    np.savez(tmp_path / "a.npz", **{name: np.ones(shape) for name, shape in names.items()})
    with pytest.raises(ModelError, match=r'nothing recurrent was found.*Whh 4×4.*arrays = "W\*h\.\*"'):
        read_model(tmp_path / "a.npz")


def test_other_linear_layers_are_asked_for_and_said_to_follow_each_other(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 4))
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with pytest.raises(ModelError, match="nothing recurrent was found: linear layers alone"):
        read_model(tmp_path / "a.pt")
    (tmp_path / "chain.toml").write_text(
        '[network]\nbetween = "tanh"\noutput = "linear"\n[numbers]\nsteps = 3'
    )
    network = read_model(tmp_path / "a.pt", description=tmp_path / "chain.toml")
    assert {"nothing_recurrent", "order_of_file"} <= {key for key, _ in network.assumed}
    x = torch.randn(5, 3, 4)
    agree(network, x.numpy().swapaxes(1, 2), module(x).detach().numpy(), 1e-6)
