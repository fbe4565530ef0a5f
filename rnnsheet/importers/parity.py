"""An imported network against the framework that it comes from, on random inputs."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from rnnsheet.engine.imported import run
from rnnsheet.engine.witness import distance, reading_numbers
from rnnsheet.errors import ModelError, RnnsheetError
from rnnsheet.importers import hdf5
from rnnsheet.importers.limits import MOST_ROWS
from rnnsheet.importers.optional import needed
from rnnsheet.importers.read import kind_of
from rnnsheet.network.imported import ImportedNetwork, Numbers, Text, Witness, digest

SAMPLES = 100
WITNESSED, MOST_WITNESSED = 5, 20_000
"""Of so many inputs the results go with the workbook, unless they are more numbers."""
TOLERANCES = {"float16": 1e-2, "bfloat16": 1e-1, "float32": 1e-6, "float64": 1e-12}
"""Per float type of the framework, how far its results may be from ours: absolute below 1, relative above.
About ten roundings of float16 and bfloat16 each, as a network makes one at every product and activation."""

Numbered = NDArray[np.float64]
Runner = Callable[[Sequence[Numbered]], Sequence[Numbered]]
"""From inputs, each (steps, features) or token numbers (steps,), to the result of each."""


@dataclass(frozen=True)
class Agreement:
    """How far a network is from its framework at most, and what that gave for a few of the inputs."""

    difference: float
    witness: Witness | None
    """None where one result is more numbers than a sheet has rows."""


def greatest_difference(path: Path, network: ImportedNetwork) -> float:
    """How far the network is, on random inputs, from what the file's own framework computes with it."""
    return agreement(path, network).difference


def agreement(path: Path, network: ImportedNetwork) -> Agreement:
    """The network beside what the file's own framework computes with it, on random inputs.

    Raises ModelError where the framework is not installed, the file holds weights alone, so that there is
    nothing to run, or the difference is greater than roundings of its float type make.
    """
    runners = {"Keras": _keras, "ONNX": _onnx}
    kind = kind_of(path)
    if kind not in runners or (kind == "Keras" and _holds_weights_alone(path)):
        raise ModelError("nothing_to_run", place=str(path), kinds="Keras, ONNX")
    samples = _random_samples(network)
    # Keras masks padding itself; what is exported to ONNX knows none, and is given the text alone.
    alone = kind == "ONNX" and isinstance(network.read, Text) and network.read.masked
    try:
        with warnings.catch_warnings():
            # They are for whoever made the model.
            warnings.simplefilter("ignore")
            theirs = runners[kind](path, network)([s.given[s.filled] if alone else s.given for s in samples])
    except RnnsheetError:
        raise
    # Frameworks raise whatever they like at a model that they cannot run.
    except Exception as error:
        raise ModelError("cannot_run", place=str(path), framework=kind, reason=_reason(error)) from None
    plain, layer = reading_numbers(network), network.result
    name, part = layer.result, alone and network.sequence(layer.name)
    difference = 0.0
    for sample, their in zip(samples, theirs, strict=True):
        ours = run(plain, sample.read)[name].T[sample.filled if part else ...].ravel()
        difference = max(difference, float(np.max(distance(ours, their))))
    allowed = TOLERANCES[network.precision]
    if kind == "Keras":
        # On PyTorch it takes matrix products of float64 in float32 (keras-team/keras, issue 23704).
        allowed = max(allowed, TOLERANCES["float32"])
    if not difference <= allowed:
        raise ModelError("differs", place=str(path), framework=kind, got=difference, expected=allowed)
    whole = slice(0, network.read.steps)
    kept = [pair for pair in zip(samples, theirs, strict=True) if not part or pair[0].filled == whole]
    return Agreement(difference, _witness(kept, kind, allowed, network))


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _holds_weights_alone(path: Path) -> bool:
    """Whether a file of Keras has no model in it."""
    if is_zipfile(path):
        return False
    with hdf5.opened(path) as file:
        return not hdf5.text(file.attrs, "model_config")


@dataclass(frozen=True)
class _Sample:
    """One random input."""

    read: str | Numbered
    """As our network is given it."""
    given: Numbered
    """As a framework is, (steps, features) or (steps,)."""
    filled: slice
    """The steps that are no padding."""

    @property
    def read_as(self) -> Numbered:
        """As a Witness keeps it."""
        if not isinstance(self.read, str):
            return self.read.ravel()
        numbers = np.full(len(self.given), -1.0)
        numbers[self.filled] = self.given[self.filled]
        return numbers


def _random_samples(network: ImportedNetwork) -> list[_Sample]:
    """Inputs of every length that the network reads."""
    random = np.random.default_rng(0)
    if isinstance(network.read, Numbers):
        numbers = random.normal(size=(SAMPLES, *network.read.sample.shape))
        return [_Sample(each, each.T, slice(None)) for each in numbers]
    text = network.read
    # Where padding is masked, token 0 is none that a text has.
    first, steps = 1 if text.masked or not text.tokens[0] else 0, text.steps
    tokens = random.integers(first, len(text.tokens), (SAMPLES, steps))
    lengths = random.integers(1, steps + 1, SAMPLES)
    lengths[:2] = steps
    samples = []
    for row, length in zip(tokens, lengths.tolist(), strict=True):
        filled = slice(steps - length, steps) if text.padding == "before" else slice(0, length)
        given = np.full(steps, float(text.pad))
        given[filled] = row[filled]
        samples.append(_Sample(" ".join(map(str, row[filled])), given, filled))
    return samples


def _witness(
    pairs: Sequence[tuple[_Sample, Numbered]], framework: str, tolerance: float, network: ImportedNetwork
) -> Witness | None:
    """Some of the inputs and results, as many as a workbook should carry."""
    size = max(max(sample.read_as.size, their.size) for sample, their in pairs[:1])
    if size > MOST_ROWS:
        return None
    pairs = pairs[: max(1, min(WITNESSED, MOST_WITNESSED // size))]
    given, found = (
        np.column_stack(columns) for columns in zip(*((s.read_as, t) for s, t in pairs), strict=True)
    )
    return Witness(framework, tolerance, digest(network, network.precision), given, found)


def _keras(path: Path, network: ImportedNetwork) -> Runner:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    needed("keras", "sentiment")
    import keras

    told = {"version": keras.__version__}
    used = {each for layer in network for each in (layer.activation, layer.gate_activation)}
    if "hard_sigmoid_keras2" in used:
        raise ModelError("other_hard_sigmoid", place=str(path), **told)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    # Keras raises whatever it likes at a file of another version.
    except Exception as error:
        raise ModelError("cannot_load", place=str(path), reason=_reason(error), **told) from None
    (given,) = model.inputs
    _, _, *features = given.shape

    def run(samples: Sequence[Numbered]) -> Sequence[Numbered]:
        # Keras makes of them what its input's type is, also of token numbers.
        numbers = np.stack(samples)
        if not features and numbers.ndim == 3:
            # It reads numbers once, without time steps.
            numbers = numbers.reshape(len(numbers), -1)
        shaped = numbers.reshape(*numbers.shape[:2], *(numbers.shape[2:] or [1 for _ in features]))
        size = given.shape[0] or len(shaped)
        return [each.ravel() for start in range(0, len(shaped), size) for each in one(shaped[start:], size)]

    def one(numbers: Numbered, size: int) -> Numbered:
        """The results of the first inputs, as many as the model takes at once, each from its first states."""
        for layer in model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()
        found: Numbered = model.predict_on_batch(np.resize(numbers[:size], (size, *numbers.shape[1:])))
        return found[: len(numbers)].astype(np.float64)

    return run


def _onnx(path: Path, _: ImportedNetwork) -> Runner:
    from rnnsheet.importers.onnx import reads_time_first

    runtime = needed("onnxruntime", "models")
    options = runtime.SessionOptions()
    # Only what is fatal; errors are raised too.
    options.log_severity_level = 4
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    dtype = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(double)": np.float64}.get(
        given.type, np.float32
    )
    batch_axis = 1 if reads_time_first(path) else 0

    def one(sample: Numbered) -> Numbered:
        batch = np.expand_dims(sample, batch_axis).astype(dtype)
        found: Numbered = session.run(None, {given.name: batch})[0]
        return found.ravel()

    return lambda samples: list(map(one, samples))
