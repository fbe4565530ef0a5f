"""PyTorch's state dicts against the modules that they are from."""

import json
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from tests.networks import result

INSTALL = "is not installed: pip install -e '.[dev]'"
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
TOKENS, STEPS = 11, 7


class Net(torch.nn.Module):
    """An embedding or numbers, recurrent layers, one or two linear layers."""

    def __init__(self, random, dtype):
        super().__init__()

        def choose(*options):
            return options[random.integers(len(options))]

        self.kind, self.both, wide = choose("RNN", "LSTM", "GRU"), choose(True, False), choose(1, 3, 4)
        self.network = {"output": choose("linear", "softmax", "sigmoid")}
        self.network["reads"] = choose("all", "last", "final") if self.both else choose("all", "last")
        self.embedding = torch.nn.Embedding(TOKENS, 3, dtype=dtype) if choose(True, False) else None
        more = {"bidirectional": self.both, "bias": choose(True, False), "dtype": dtype}
        if self.kind == "RNN":
            more["nonlinearity"] = self.network["rnn"] = choose("tanh", "relu")
        self.rnn = getattr(torch.nn, self.kind)(3, wide, choose(1, 2, 3), batch_first=True, **more)
        size = wide * (1 + self.both)
        self.hidden = torch.nn.Linear(size, 5, dtype=dtype) if choose(True, False) else None
        if self.hidden:
            self.network["between"] = choose("relu", "tanh", "sigmoid")
            size = 5
        # A softmax of one number is always 1, and refused.
        outputs = 3 if self.network["output"] == "softmax" else choose(1, 3)
        self.fc = torch.nn.Linear(size, outputs, bias=choose(True, False), dtype=dtype)

    def forward(self, x):
        states, last = self.rnn(self.embedding(x) if self.embedding else x)
        last = last[0] if isinstance(last, tuple) else last
        if self.network["reads"] == "last":
            states = states[:, -1]
        elif self.network["reads"] == "final":
            states = torch.cat([last[-2], last[-1]], -1)
        if self.hidden:
            states = getattr(torch, self.network["between"])(self.hidden(states))
        ends = {"linear": torch.nn.Identity(), "softmax": torch.nn.Softmax(-1), "sigmoid": torch.sigmoid}
        return ends[self.network["output"]](self.fc(states))

    def inputs(self, random, count: int) -> list[np.ndarray]:
        """Texts of different lengths, or numbers (steps, features)."""
        if self.embedding:
            return [random.integers(0, TOKENS, random.integers(1, STEPS + 1)) for _ in range(count)]
        return [*random.normal(size=(count, STEPS, 3))]

    def described(self, folder: Path) -> Path:
        """A file that says what the state dict does not."""
        lines = ["[network]", *(f'{key} = "{value}"' for key, value in self.network.items())]
        path = folder / "network.toml"
        table = "[text]" if self.embedding else "[numbers]"
        path.write_text("\n".join([*lines, table, f"steps = {STEPS}"]))
        return path

    def said(self, inputs, dtype) -> list[np.ndarray]:
        """What the module says of each input, at its own length."""
        tensors = [
            torch.tensor(each) if each.ndim == 1 else torch.tensor(each, dtype=dtype) for each in inputs
        ]
        with torch.no_grad():
            return [self(each[None])[0].numpy() for each in tensors]


def agrees(network, inputs, expected, tolerance: float) -> None:
    for each, theirs in zip(inputs, expected, strict=True):
        read_in, theirs = each if each.ndim == 1 else each.T, np.atleast_2d(theirs)
        if network.sequence(network.result.name):
            # Behind the end of a text nothing is said.
            theirs = np.concatenate([theirs, np.full((STEPS - len(theirs), theirs.shape[1]), np.nan)])
        ours = result(network, read_in)
        np.testing.assert_allclose(
            np.where(np.isnan(theirs), np.nan, ours), theirs, rtol=tolerance, atol=tolerance
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_any_state_dict_agrees_with_its_module(seed, tmp_path):
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    dtype = (torch.float32, torch.float64)[seed % 2]
    module = Net(random, dtype)
    inputs = module.inputs(random, 100 if seed < 10 else 10)
    torch.save(module.state_dict(), tmp_path / "a.pt", _use_new_zipfile_serialization=seed % 3 > 0)
    network = read_model(tmp_path / "a.pt", steps=STEPS, description=module.described(tmp_path))
    assert network.precision == ("float32", "float64")[seed % 2]
    agrees(network, inputs, module.said(inputs, dtype), (1e-6, 1e-12)[seed % 2])


@pytest.mark.parametrize("half", [False, True])
def test_safetensors_are_read_in_whatever_order(half, tmp_path):
    library = pytest.importorskip("safetensors.torch", reason=f"safetensors {INSTALL}")
    random = np.random.default_rng(3)
    module = Net(random, torch.float32)
    if half:
        module.bfloat16().float()
    stored = {name: each.bfloat16() if half else each for name, each in module.state_dict().items()}
    library.save_file(stored, tmp_path / "a.safetensors", {"format": "pt"})
    network = read_model(tmp_path / "a.safetensors", steps=STEPS, description=module.described(tmp_path))
    inputs = module.inputs(random, 20)
    agrees(network, inputs, module.said(inputs, torch.float32), 1e-6)


def test_a_checkpoint_has_its_state_dict_inside(tmp_path):
    module = Net(np.random.default_rng(8), torch.float32)
    optimizer = torch.optim.Adam(module.parameters())
    module(
        torch.zeros(1, STEPS, dtype=torch.long) if module.embedding else torch.zeros(1, STEPS, 3)
    ).sum().backward()
    optimizer.step()
    inside = {f"module.{name}": each for name, each in module.state_dict().items()}
    more = {"loss": torch.tensor(0.5), "random": torch.get_rng_state(), "optimizer": optimizer.state_dict()}
    torch.save({"epoch": 3, "state_dict": inside, **more}, tmp_path / "a.ckpt")
    network = read_model(tmp_path / "a.ckpt", steps=STEPS, description=module.described(tmp_path))
    inputs = module.inputs(np.random.default_rng(9), 5)
    agrees(network, inputs, module.said(inputs, torch.float32), 1e-6)


def test_of_several_state_dicts_none_is_chosen(tmp_path):
    state = torch.nn.Linear(2, 2).state_dict()
    torch.save({"model": state, "mean": {"inner": state}}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"holds several state dicts \(model, mean\.inner\); save the one"):
        read_model(tmp_path / "a.pt")


READ = """
[text]
steps = 6
{}
[[layers]]
name = "e"
kind = "embedding"
arrays = "e.*"
[[layers]]
name = "r"
kind = "gru"
arrays = "r.*"
"""
"""A text, read by an embedding and a GRU; more may be said of the text."""
LAST_OF_SUM = """
[[layers]]
name = "s"
kind = "sum"
reads = ["e", "r"]
[[layers]]
name = "end"
kind = "last"
"""


def test_the_last_step_of_a_sum_with_an_embedding_is_that_of_the_text(tmp_path):
    """Behind the end of a shorter text a state stays what it was, an embedding does not."""
    torch.manual_seed(2)
    module = torch.nn.ModuleDict({"e": torch.nn.Embedding(9, 4), "r": torch.nn.GRU(4, 4, batch_first=True)})
    torch.save(module.state_dict(), tmp_path / "a.pt")
    (tmp_path / "a.toml").write_text(READ.format("") + LAST_OF_SUM)
    network = read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")
    texts = [torch.arange(1, 1 + length) for length in range(1, 7)]
    with torch.no_grad():
        words = [module["e"](text[None]) for text in texts]
        expected = [(each + module["r"](each)[0])[0, -1].numpy() for each in words]
    agrees(network, [text.numpy() for text in texts], expected, 1e-6)
    (tmp_path / "a.toml").write_text(READ.format('padding = "after"') + LAST_OF_SUM)
    with pytest.raises(
        ModelError, match=r"a\.toml: layer end reads the last time step, .* leave out padding"
    ):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")


def test_of_several_orders_that_fit_none_is_chosen(tmp_path):
    """In a .safetensors file names are in the order of the alphabet, not in that of the modules."""
    library = pytest.importorskip("safetensors.torch", reason=f"safetensors {INSTALL}")
    (tmp_path / "a.toml").write_text('[network]\nreads = "last"\noutput = "linear"\n[text]\nsteps = 4')
    embedding, head = {"emb": torch.nn.Embedding(9, 4)}, {"fc": torch.nn.Linear(4, 3)}
    tied = torch.nn.Linear(4, 9, bias=False)
    for layers in (
        {**embedding, "b": torch.nn.GRU(4, 4), "a": torch.nn.GRU(4, 4), **head},
        {**embedding, "proj": torch.nn.Linear(4, 4), "rnn": torch.nn.GRU(4, 4), **head},
        {"lookup": torch.nn.Embedding(9, 4), "gru": torch.nn.GRU(4, 4), "decoder": tied},
    ):
        library.save_file(torch.nn.ModuleDict(layers).state_dict(), tmp_path / "a.safetensors")
        with pytest.raises(ModelError, match="names do not tell the layers or their order"):
            read_model(tmp_path / "a.safetensors", description=tmp_path / "a.toml")
    layers = {**embedding, "b": torch.nn.GRU(4, 5), "a": torch.nn.GRU(5, 4), **head}
    library.save_file(torch.nn.ModuleDict(layers).state_dict(), tmp_path / "a.safetensors")
    network = read_model(tmp_path / "a.safetensors", description=tmp_path / "a.toml")
    assert [layer.name for layer in network] == ["emb", "b0", "a0", "a0last", "fc"]


def test_the_tenth_level_of_a_layer_is_above_the_second(tmp_path):
    """In the order of the alphabet it stands before it."""
    torch.manual_seed(4)
    module = torch.nn.ModuleDict({"rnn": torch.nn.GRU(3, 3, 11, batch_first=True)})
    np.savez(tmp_path / "a.npz", **{name: each.numpy() for name, each in sorted(module.state_dict().items())})
    (tmp_path / "a.toml").write_text('[network]\nreads = "all"\n[numbers]\nsteps = 7')
    network = read_model(tmp_path / "a.npz", description=tmp_path / "a.toml")
    inputs = np.random.default_rng(0).normal(size=(3, STEPS, 3))
    with torch.no_grad():
        agrees(network, inputs, module["rnn"](torch.tensor(inputs, dtype=torch.float32))[0].numpy(), 1e-6)
    state = {name: each for name, each in module.state_dict().items() if not name.endswith("l3")}
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(ModelError, match="layer rnn: weights are missing: weight_ih_l3"):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")


def test_where_all_steps_count_padding_is_read(tmp_path):
    torch.manual_seed(2)
    module = torch.nn.ModuleDict({"e": torch.nn.Embedding(9, 4), "r": torch.nn.GRU(4, 3, batch_first=True)})
    torch.save(module.state_dict(), tmp_path / "a.pt")
    (tmp_path / "a.toml").write_text(READ.format("") + '[[layers]]\nname = "flat"\nkind = "flatten"')
    network = read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")
    texts = [np.arange(1, 1 + length) for length in range(1, 7)]
    with torch.no_grad():
        padded = [torch.tensor([*text, *[0] * (6 - len(text))]) for text in texts]
        expected = [module["r"](module["e"](each[None]))[0].flatten().numpy() for each in padded]
    agrees(network, texts, expected, 1e-6)


def test_arrays_of_a_layer_that_reads_from_the_end_are_told(tmp_path):
    both = torch.nn.GRU(2, 3, bidirectional=True).state_dict()
    torch.save({f"r.{name}": each for name, each in both.items()}, tmp_path / "a.pt")
    layers = ("there", "r.*_l0", "input"), ("back", "r.*_reverse", "input")
    lesson = "[numbers]\nsteps = 4\nfeatures = 2\n" + "".join(
        f'[[layers]]\nname = "{name}"\nkind = "gru"\narrays = "{own}"\nreads = ["{reads}"]\n'
        for name, own, reads in layers
    )
    (tmp_path / "a.toml").write_text(f'{lesson}[[layers]]\nname="c"\nkind = "sum"\nreads = ["there", "back"]')
    with pytest.raises(ModelError, match=r"a.toml: layer back: the array r.*_reverse is of a"):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("r.bias_ih_l0", None, "layer r0: weights are missing: bias_ih"),
        ("r.weight_hh_l1_reverse", None, "layer r1: weights are missing: weight_hh_reverse"),
        ("r.bias_hh_l0", (3,), "layer r0: r.bias_hh_l0 has the shape 3, 12 was expected"),
        ("r.weight_ih_l1", (12, 9), "layer r1: r.weight_ih_l1_reverse has the shape 12×8, 12×9 was expected"),
        ("fc.bias", (4,), "layer fc: fc.bias has the shape 4, 3 was expected"),
    ],
)
def test_an_array_that_is_missing_or_of_another_shape_is_named(name, shape, told, tmp_path):
    parts = {"e": torch.nn.Embedding(9, 2), "r": torch.nn.GRU(2, 4, 2, bidirectional=True)}
    state = torch.nn.ModuleDict({**parts, "fc": torch.nn.Linear(8, 3)}).state_dict()
    del state[name]
    if shape:
        state[name] = torch.zeros(shape)
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(ModelError) as caught:
        read_model(tmp_path / "a.pt")
    assert str(caught.value).endswith(told)


def test_what_the_weights_do_not_tell_is_asked(tmp_path):
    module = torch.nn.ModuleDict(
        {"e": torch.nn.Embedding(4, 3), "r": torch.nn.RNN(3, 2), "a": torch.nn.Linear(2, 2)}
    )
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with pytest.raises(ModelError) as caught:
        read_model(tmp_path / "a.pt")
    for line in (
        'rnn = "tanh" | "relu"',
        'reads = "all" | "last"',
        'output = "linear" | "softmax" | "sigmoid"',
    ):
        assert line in str(caught.value)
    (tmp_path / "a.toml").write_text('[network]\nrnn = "tan"\nreads = "all"\noutput = "linear"')
    with pytest.raises(ModelError, match=r"network.rnn is .tan.; expected one of: tanh \| relu"):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")
    (tmp_path / "a.toml").write_text(
        '[network]\nrnn = "tanh"\nreads = "all"\noutput = "linear"\nbetween = "relu"'
    )
    with pytest.raises(
        ModelError,
        match=r"a\.toml: network\.between would not be used .*: e, r0, a; leave it",
    ):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")


def test_a_softmax_of_one_number_is_refused_with_the_lesson(tmp_path):
    module = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 1))
    torch.save(module.state_dict(), tmp_path / "a.pt")
    (tmp_path / "a.toml").write_text('[network]\noutput = "softmax"\n')
    with pytest.raises(ModelError, match=r"a\.toml: layer 1 is a softmax of one number"):
        read_model(tmp_path / "a.pt", description=tmp_path / "a.toml")


def test_layers_whose_sizes_do_not_follow_need_a_description(tmp_path):
    module = torch.nn.ModuleDict({"one": torch.nn.LSTM(3, 2), "two": torch.nn.LSTM(3, 2)})
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"\[\[layers\]\]"):
        read_model(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "module",
    [torch.nn.Conv1d(3, 2, 2), torch.nn.LSTM(3, 4, proj_size=2), torch.nn.LayerNorm(3)],
    ids=["conv", "projection", "norm"],
)
def test_modules_that_are_none_of_these_are_named(module, tmp_path):
    torch.save({f"odd.{name}": each for name, each in module.state_dict().items()}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"odd.*not supported"):
        read_model(tmp_path / "a.pt")


class Boom:
    """What a hostile file would unpickle."""

    def __reduce__(self):
        return (Path.touch, (Path("boom"),))


@pytest.mark.parametrize("newer", [True, False])
def test_a_pickle_is_never_run(newer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Boom()}, "a.pt", _use_new_zipfile_serialization=newer)
    with pytest.raises(ModelError, match="would run code"):
        read_model(Path("a.pt"))
    torch.save(Net(np.random.default_rng(1), torch.float32), "a.pt", _use_new_zipfile_serialization=newer)
    with pytest.raises(ModelError, match="would run code"):
        read_model(Path("a.pt"))
    Path("a.pt").write_bytes(pickle.dumps({"weight": Boom()}))
    # PyTorch warns of the pickle's version; a mistake is one line.
    with warnings.catch_warnings(record=True) as warned, pytest.raises(ModelError, match="would run code"):
        read_model(Path("a.pt"))
    assert warned == []
    assert not Path("boom").exists()


def test_tensors_of_types_that_weights_do_not_have(tmp_path):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"weight": {"dtype": "F8_E4M3", "shape": [4, 4], "data_offsets": [0, 16]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(16))
    with pytest.raises(ModelError, match="weight has numbers of the type F8_E4M3"):
        read_model(path)
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelError, match="no weights: no arrays of float16"):
        read_model(path)


@pytest.mark.parametrize("kind", [torch.int64, torch.int8, torch.complex64])
def test_weights_that_are_no_floats_are_refused(tmp_path, kind):
    """Left out in silence, the network would be another."""
    states = torch.nn.Sequential(torch.nn.Linear(2, 1)).state_dict()
    states["0.bias"] = states["0.bias"].to(kind)
    torch.save(states, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=rf"0\.bias has numbers of the type {kind}"):
        read_model(tmp_path / "a.pt")
    np.savez(tmp_path / "a.npz", **{name: tensor.numpy() for name, tensor in states.items()})
    with pytest.raises(ModelError, match=r"0\.bias has numbers of the type"):
        read_model(tmp_path / "a.npz")


def test_positions_and_counters_that_modules_keep_are_no_weights(tmp_path):
    states = torch.nn.Sequential(torch.nn.Linear(2, 1)).state_dict()
    states |= {"0.position_ids": torch.arange(2)[None], "0.num_batches_tracked": torch.tensor(3)}
    (tmp_path / "a.toml").write_text('[network]\noutput = "linear"\n[numbers]\nsteps = 4')
    torch.save(states, tmp_path / "a.pt")
    np.savez(tmp_path / "a.npz", **{name: tensor.numpy() for name, tensor in states.items()})
    for name in ("a.pt", "a.npz"):
        (layer,) = read_model(tmp_path / name, description=tmp_path / "a.toml").layers
        assert list(layer.weights) == ["Wa", "ba"]


def test_safetensors_that_lie_about_their_sizes(tmp_path):
    path = tmp_path / "a.safetensors"

    def write(shape, offsets, length=None):
        header = json.dumps({"rnn.weight_ih_l0": {"dtype": "F32", "shape": shape, "data_offsets": offsets}})
        path.write_bytes((length or len(header)).to_bytes(8, "little") + header.encode() + bytes(64))

    for shape, offsets, length in (
        ([4, 4], [0, 640], None),
        ([40, 40], [0, 64], None),
        ([10**6, 10**6], [0, 64], None),
        ([-4, -4], [0, 64], None),
        ([4, 4], [0, 64], 2**40),
    ):
        write(shape, offsets, length)
        with pytest.raises(ModelError):
            read_model(path)


@pytest.mark.slow
def test_a_zip_of_tensors_that_would_fill_the_disk(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}q\x00.")
        with archive.open("a/data/0", "w", force_zip64=True) as file:
            for _ in range(600):
                file.write(bytes(1 << 20))
    with pytest.raises(ModelError, match="too large"):
        read_model(tmp_path / "a.pt")


def test_a_whole_model_as_code_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2)).save(str(path))
    with pytest.raises(ModelError, match=r"run code from the file.*save the state_dict\(\) alone"):
        read_model(path)


def test_the_content_tells_what_a_file_is(tmp_path):
    states = torch.nn.Sequential(torch.nn.Linear(2, 1)).state_dict()
    for name in ("a.pt", "a.safetensors", "a.bin"):
        torch.save(states, tmp_path / name)
    found = {read_states_of(tmp_path / name) for name in ("a.pt", "a.safetensors", "a.bin")}
    assert len(found) == 1


def read_states_of(path: Path) -> str:
    """What the reader says of a state dict that does not tell its network."""
    with pytest.raises(ModelError) as caught:
        read_model(path)
    return str(caught.value).removeprefix(f"{path}: ")
