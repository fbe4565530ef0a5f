"""A trained network against the framework that it comes from, on random inputs."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from rnnsheet.engine import run_trained
from rnnsheet.engine.trained import result_of
from rnnsheet.errors import ModelError, RnnsheetError
from rnnsheet.models import hdf5
from rnnsheet.models.extras import needed
from rnnsheet.models.read import kind_of
from rnnsheet.trained import Numbers, Text, Trained

SAMPLES = 100
TOLERANCES = {"float16": 1e-2, "bfloat16": 1e-1, "float32": 1e-6, "float64": 1e-12}
"""Per float type of the framework, how far its results may be from ours: absolute below 1, relative above."""

Runner = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From inputs (samples, steps, features) or token numbers (samples, steps) to results."""


def greatest_difference(path: Path, network: Trained) -> float:
    """How far the network is, on random inputs, from what the file's own framework computes with it.

    Raises ModelError where the framework is not installed, the file holds weights alone, so that there is
    nothing to run, or the difference is greater than roundings of its float type make.
    """
    runners = {"Keras": _keras, "ONNX": _onnx}
    kind = kind_of(path)
    if kind not in runners or (kind == "Keras" and _holds_weights_alone(path)):
        raise ModelError("nothing_to_run", place=str(path), kinds="Keras, ONNX")
    # PyTorch computes padding like any other token, so that a text of an ONNX file has to fill its steps.
    whole = kind == "ONNX" and isinstance(network.read, Text) and network.read.masked
    reads, given = _random_inputs(network, whole)
    try:
        theirs = np.asarray(runners[kind](path)(given), dtype=np.float64).reshape(SAMPLES, -1)
    except RnnsheetError:
        raise
    # Frameworks raise whatever they like at a model that they cannot run.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ModelError("cannot_run", place=str(path), framework=kind, reason=reason) from None
    plain, layer = _reading_numbers(network), network.result
    traces = (run_trained(plain, read) for read in reads)
    ours = np.array([trace[f"{result_of(layer)}_{layer.name}"].T.ravel() for trace in traces])
    difference = float(np.max(abs(ours - theirs) / np.maximum(1.0, abs(theirs))))
    # Keras on PyTorch takes matrix products of float64 in float32 (keras-team/keras, issue 23704).
    allowed = TOLERANCES["float32" if kind == "Keras" else network.precision]
    if not difference <= allowed:
        raise ModelError("differs", place=str(path), framework=kind, got=difference, expected=allowed)
    return difference


def _holds_weights_alone(path: Path) -> bool:
    """Whether a file of Keras has no model in it."""
    if is_zipfile(path):
        return False
    with hdf5.opened(path) as file:
        return not hdf5.text(file.attrs, "model_config")


def _random_inputs(
    network: Trained, whole: bool
) -> tuple[list[str | NDArray[np.float64]], NDArray[np.float64]]:
    """What our network is given, and the same as one array for the framework.

    Texts are of any length that the network reads, or all as long as it reads at most.
    """
    random = np.random.default_rng(0)
    if isinstance(network.read, Numbers):
        numbers = random.normal(size=(SAMPLES, *network.read.sample.shape))
        return list(numbers), numbers.swapaxes(1, 2)
    text = network.read
    # Where padding is masked, token 0 is none that a text has.
    first, steps = 1 if text.masked or not text.tokens[0] else 0, text.steps
    tokens = random.integers(first, len(text.tokens), (SAMPLES, steps))
    texts: list[str | NDArray[np.float64]] = []
    for row, length in zip(tokens, random.integers(steps if whole else 1, steps + 1, SAMPLES), strict=True):
        before, after = np.split(row, [steps - length if text.padding == "before" else length])
        filled, empty = (after, before) if text.padding == "before" else (before, after)
        empty[:] = text.pad
        texts.append(" ".join(map(str, filled)))
    return texts, tokens.astype(np.float64)


def _reading_numbers(network: Trained) -> Trained:
    """The network with token numbers for words, so that any sequence of them can be typed."""
    if isinstance(network.read, Numbers):
        return network
    tokens = tuple(map(str, range(len(network.read.tokens))))
    read = replace(network.read, unit="words", tokens=tokens, forms={}, unknown=None, begin=None, end=None)
    return replace(network, read=read)


def _keras(path: Path) -> Runner:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    needed("keras", "sentiment")
    import keras

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    _, steps, *features = model.input_shape

    def run(given: NDArray[np.float64]) -> NDArray[np.float64]:
        if not features and given.ndim == 3:
            # It reads numbers once, without time steps.
            given = given.reshape(len(given), -1)
        if steps not in (None, given.shape[1]):
            raise ModelError("other_steps", place=str(path), got=given.shape[1], expected=steps)
        shaped = given.reshape(*given.shape[:2], *(given.shape[2:] or [1 for _ in features]))
        found: NDArray[np.float64] = model.predict(shaped, verbose=0)
        return found

    return run


def _onnx(path: Path) -> Runner:
    runtime = needed("onnxruntime", "models")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    dtype = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(double)": np.float64}.get(
        given.type, np.float32
    )
    sizes = [size if isinstance(size, int) else 0 for size in given.shape]

    def run(samples: NDArray[np.float64]) -> NDArray[np.float64]:
        time_first = sizes[0] == samples.shape[1] or (sizes[1] == 1 and samples.shape[1] != 1)

        def one(sample: NDArray[np.float64]) -> NDArray[np.float64]:
            batch = sample[:, None] if time_first else sample[None]
            found: NDArray[np.float64] = session.run(None, {given.name: batch.astype(dtype)})[0]
            return found.ravel()

        return np.array([one(sample) for sample in samples])

    return run
