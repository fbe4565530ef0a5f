"""What every test may use."""

import os

# Workers share the processors: threads of each for every matrix product wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import rnnsheet
from tests.lessons import hello

INSTALL = "is not installed: pip install -e '.[dev]'"

settings.register_profile(
    "usual", deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, max_examples=40
)
settings.load_profile("usual")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages in English, whatever the developer's locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setitem(os.environ, name, "C.UTF-8")


@pytest.fixture
def heard_signals() -> Iterator[None]:
    """The signals that end a program do so: a script's `&` and nohup have them ignored, by children too."""
    handlers = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
    numbers = {getattr(signal, name): own for name, own in handlers.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, own) for number, own in numbers.items()}
    yield
    for number, own in before.items():
        signal.signal(number, own)


@pytest.fixture(scope="session")
def hello_xlsx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of `lessons.hello`; not to be changed."""
    return rnnsheet.export(hello(), tmp_path_factory.mktemp("hello") / "hello.xlsx", "en")


@pytest.fixture
def keras(monkeypatch):
    """Keras on PyTorch, in float64 throughout.

    Its PyTorch backend takes matrix products of float64 in float32: `result_type` never answers
    float64 (keras-team/keras, issue 23704).
    """
    pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason=f"Keras {INSTALL}")
    from keras.src.backend.common import dtypes

    usual = dtypes.result_type

    def result_type(*given):
        return "float64" if any("float64" in str(each) for each in given) else usual(*given)

    monkeypatch.setattr(dtypes, "result_type", result_type)
    return keras


@pytest.fixture
def float64(keras):
    """Keras in float64."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
