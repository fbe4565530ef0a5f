"""What stands in checkpoints and files of arrays besides plain float32 tensors: read, or named."""

import os
import pickle

import numpy as np
import pytest

from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model

INSTALL = "is not installed: pip install -e '.[dev]'"
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
LESSON = '[network]\nreads = "last"\noutput = "linear"\n[numbers]\nsteps = 3'


@pytest.fixture
def states():
    torch.manual_seed(0)
    return torch.nn.ModuleDict({"rnn": torch.nn.GRU(2, 3), "fc": torch.nn.Linear(3, 4)}).state_dict()


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "a.toml").write_text(LESSON)
    return tmp_path / "a.toml"


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("number", [np.float64(0.1), np.float32(3), np.int64(7), np.bool_(True)])
def test_a_number_of_numpy_in_a_checkpoint_is_harmless(number, zipped, states, lesson, tmp_path):
    given = {"epoch": 3, "best": {"loss": number}, "model": states}
    torch.save(given, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    network = read_model(tmp_path / "a.pt", description=lesson)
    np.testing.assert_array_equal(network.layer("fc").weights["Wa"], states["fc.weight"].double().numpy())


class Harmful:
    """What calls a program when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def array_of_objects(path):
    return np.array([Harmful(path)], dtype=object)


def scalar_of_an_object(path):
    """A number of NumPy whose type is object, so that NumPy would unpickle what it is."""
    from numpy._core.multiarray import scalar

    class Scalar:
        def __reduce__(self):
            return scalar, (np.dtype("O"), pickle.dumps(Harmful(path)))

    return Scalar()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Harmful, r"\(posix\.system\)|\(nt\.system\)"),
        (array_of_objects, r"\(numpy\._?core\.multiarray\._reconstruct\)"),
        (lambda _: np.ones(3), r"\(numpy\._?core\.multiarray\._reconstruct\)"),
        (lambda _: __import__("collections").deque([1]), r"\(collections\.deque\)"),
    ],
)
def test_any_other_class_is_named_and_never_made(make, told, states, tmp_path):
    torch.save({"more": make(tmp_path / "made"), "model": states}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=told):
        read_model(tmp_path / "a.pt")
    assert not (tmp_path / "made").exists()


def test_nothing_is_made_of_what_stands_for_a_number(states, lesson, tmp_path):
    torch.save({"loss": scalar_of_an_object(tmp_path / "made"), "model": states}, tmp_path / "a.pt")
    assert read_model(tmp_path / "a.pt", description=lesson).layers
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32", "float64"])
def test_every_float_type_is_read_exactly_and_told(precision, states, lesson, tmp_path):
    stored = {name: each.to(getattr(torch, precision)) for name, each in states.items()}
    library = pytest.importorskip("safetensors.torch", reason=f"safetensors {INSTALL}")
    torch.save(stored, tmp_path / "a.pt")
    library.save_file(stored, tmp_path / "a.safetensors")
    files = ["a.pt", "a.safetensors"]
    if precision != "bfloat16":
        np.savez(tmp_path / "a.npz", **{name: each.numpy() for name, each in stored.items()})
        files.append("a.npz")
    for file in files:
        network = read_model(tmp_path / file, description=lesson)
        assert network.precision == precision, file
        expected = stored["fc.weight"].double().numpy()
        np.testing.assert_array_equal(network.layer("fc").weights["Wa"], expected, file)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda each: each.to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (lambda each: each.to_sparse(), "sparse_coo"),
        (lambda each: each.to("meta"), "meta"),
        (lambda each: torch.quantize_per_tensor(each, 0.1, 0, torch.qint8), "qint8"),
    ],
)
def test_tensors_that_are_not_supported_are_named(change, told, states, lesson, tmp_path):
    states["fc.weight"] = change(states["fc.weight"])
    torch.save(states, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=rf"fc\.weight has numbers of the type (torch\.)?{told}"):
        read_model(tmp_path / "a.pt", description=lesson)


def test_an_npz_of_another_byte_order_is_read_and_longer_floats_are_named(states, lesson, tmp_path):
    arrays = {name: each.numpy() for name, each in states.items()}
    np.savez(tmp_path / "a.npz", **{name: each.astype(">f4") for name, each in arrays.items()})
    network = read_model(tmp_path / "a.npz", description=lesson)
    assert network.precision == "float32"
    np.testing.assert_array_equal(network.layer("fc").weights["Wa"], arrays["fc.weight"])
    if np.dtype(np.longdouble).itemsize > 8:
        np.savez(tmp_path / "a.npz", **{**arrays, "fc.weight": arrays["fc.weight"].astype(np.longdouble)})
        with pytest.raises(
            ModelError, match=rf"fc\.weight has numbers of the type {np.dtype(np.longdouble)}"
        ):
            read_model(tmp_path / "a.npz", description=lesson)
