"""NumPy files against the arithmetic of the package that one is from, and of PyTorch."""

import re
import types
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from rnnsheet.engine import imported
from rnnsheet.errors import ModelError
from rnnsheet.importers import read_model
from tests.networks import agree


def package() -> Path:
    spec = find_spec("g2p_en")
    if not spec or not spec.origin:
        pytest.skip("g2p-en is not installed: pip install --no-deps g2p-en==2.1.0")
    return Path(spec.origin).parent


def speller():
    """The package's own class without what it asks of NLTK; only its arithmetic is run."""
    source = (package() / "g2p.py").read_text("utf-8")
    body = source[source.index("class G2p") : source.index("    def __call__")]
    module = types.ModuleType("g2p")
    module.__dict__.update(np=np, os=__import__("os"), dirname=str(package()))
    module.__dict__.update(cmudict=types.SimpleNamespace(dict=dict), construct_homograph_dictionary=dict)
    exec(body, module.__dict__)
    return module.G2p()


def words() -> list[str]:
    """200 words that English has or could have."""
    text = re.sub("[^a-z]+", " ", Path(__file__).with_name("test_cli.py").read_text("utf-8").lower())
    found = sorted({word for word in text.split() if len(word) <= 19}, key=lambda word: (-len(word), word))
    return found[:200]


@pytest.mark.slow
def test_g2p_en_says_the_same_phonemes_of_200_words():
    theirs, network = speller(), read_model(package() / "checkpoint20.npz")
    assert list(network.labels) == theirs.phonemes and list(network.read.tokens) == theirs.graphemes
    for word in words():
        says = [said for said in imported.run(network, word)["says"][0] if said]
        assert says == theirs.predict(word), word


def test_g2p_en_reads_capitals_and_strange_letters_as_the_package_does():
    theirs, network = speller(), read_model(package() / "checkpoint20.npz")
    for typed, word in (("SpreadSheet", "spreadsheet"), ("naïve", "naïve"), ("o'clock", "o'clock")):
        says = [said for said in imported.run(network, typed)["says"][0] if said]
        assert says == theirs.predict(word)


def test_g2p_en_s_numbers_agree_step_by_step():
    theirs, network = speller(), read_model(package() / "checkpoint20.npz")
    trace = imported.run(network, "recurrent")
    encoded = theirs.encode("recurrent")
    names = ("enc_w_ih", "enc_w_hh", "enc_b_ih", "enc_b_hh")
    states = theirs.gru(encoded, 10, *(getattr(theirs, name) for name in names))[0]
    np.testing.assert_allclose(trace["h_encoder"][:, :10].T, states, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("separator", [".", "_", "/"])
def test_named_arrays_are_layers_by_their_names(tmp_path, separator):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[dev]'")
    lstm, head = torch.nn.LSTM(3, 4, dtype=torch.float64), torch.nn.Linear(4, 2, dtype=torch.float64)
    arrays = {f"lstm.{name}": w for name, w in lstm.state_dict().items()}
    arrays |= {f"out.{name}": w for name, w in head.state_dict().items()}
    np.savez(
        tmp_path / "a.npz", **{name.replace(".", separator): w.numpy() for name, w in arrays.items()}, note=3
    )
    (tmp_path / "a.toml").write_text('[network]\nreads = "all"\noutput = "linear"\n[numbers]\nsteps = 5')
    network = read_model(tmp_path / "a.npz", description=tmp_path / "a.toml")
    x = torch.randn(20, 5, 3, dtype=torch.float64)
    expected = head(torch.stack([lstm(each)[0] for each in x])).detach().numpy()
    assert network.precision == "float64"
    agree(network, x.numpy().swapaxes(1, 2), expected, 1e-12)


def test_pickled_arrays_are_never_read(tmp_path):
    np.savez(tmp_path / "a.npz", lstm=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError, match="pickle"):
        read_model(tmp_path / "a.npz")
