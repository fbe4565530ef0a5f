"""The arrays of a layer, as each framework keeps them, as the weights of a `ImportedLayer`."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.network import KINDS, Array

ORDERS: Mapping[str, Mapping[str, str]] = {
    "keras": {"elman": "h", "lstm": "ifgo", "gru": "urn", "gru-before": "urn"},
    "keras1": {"elman": "h", "lstm": "igfo", "gru": "urn", "gru-before": "urn"},
    "pytorch": {"elman": "h", "lstm": "ifgo", "gru": "run"},
    "onnx": {"elman": "h", "lstm": "iofg", "gru": "urn", "gru-before": "urn"},
}
"""In which order the gates lie in one array.

Sources: LSTMCell and GRUCell in keras.src.layers.rnn; the formulas in the manuals of torch.nn.LSTM and GRU;
the operators LSTM and GRU in the manual of ONNX. Those of Keras 1, one after the other:
preprocess_weights_for_loading of Keras 2.
"""


def recurrent(
    layer: str, kind: str, order: str, wx: Array, wh: Array, bx: Array | None = None, bh: Array | None = None
) -> dict[str, Array]:
    """The weights of the recurrent layer of that name, for messages.

    Takes Wx (gates * units, input), Wh (gates * units, units) and the biases of both products (gates *
    units,), the gates in `order`. In a GRU whose reset gate acts after the product, the candidate keeps both
    biases, bn and bm; all others are added. Raises ModelError where the rows are not those of the gates.
    """
    found: dict[str, Array] = {}
    parts = {"Wx": wx, "Wh": wh, "bx": bx, "bh": bh}
    for base, array in parts.items():
        if array is not None:
            if len(array) % len(order):
                raise ModelError("wrong_gates", layer=layer, name=base, got=len(array), gates=len(order))
            pieces = np.split(np.asarray(array, dtype=np.float64), len(order))
            found |= {f"{base}{gate}": piece for gate, piece in zip(order, pieces, strict=True)}
    if kind == "gru" and "bhn" in found:
        found["bm"] = found.pop("bhn")
    for gate in order:
        biases = [found.pop(name) for name in (f"bx{gate}", f"bh{gate}") if name in found]
        if biases:
            found[f"b{gate}"] = sum(biases[1:], start=biases[0])
    return found


def from_keras(layer: str, kind: str, arrays: Sequence[Array]) -> dict[str, Array]:
    """The weights of a layer from Keras' arrays, (in, out): kernel, recurrent kernel, bias.

    In Keras 1 each gate may have its own three. A bias twice as long as usual is that of CuDNNLSTM and
    CuDNNGRU, whose kernels lie otherwise. Source: keras.engine.saving.preprocess_weights_for_loading in
    Keras 2.2.
    """
    if KINDS[kind].parameters and not arrays:
        raise ModelError("never_built", layer=layer)
    if len(arrays) not in (counts := arrays_of(kind, "keras")):
        expected = "/".join(map(str, counts))
        raise ModelError("other_count", layer=layer, got=len(arrays), kind=kind, expected=expected)
    if kind == "embedding":
        return {"E": arrays[0]}
    if not KINDS[kind].states:
        return dict(zip(weight_names(kind), (array.T for array in arrays), strict=False))
    order = ORDERS["keras"][kind]
    if len(arrays) == 3 * len(order):
        arrays = _joined(arrays, [ORDERS["keras1"][kind].index(gate) for gate in order])
    kernel, into, *biases = arrays
    if not biases:
        return recurrent(layer, kind, order, kernel.T, into.T)
    bias = biases[0]
    if kind in ("gru", "gru-before") and (bias.size == 2 * kernel.shape[1]) != (kind == "gru"):
        # Two biases are those of a GRU whose reset gate acts after the product with the recurrent kernel.
        other = "gru-before" if kind == "gru" else "gru"
        raise ModelError("other_gru", layer=layer, kind=kind, got=_shape(bias), other=other)
    if is_cudnn(kind, arrays):
        wx = [part.reshape(part.shape[::-1]) for part in np.split(kernel, len(order), axis=1)]
        wh = np.split(into, len(order), axis=1)
        return recurrent(layer, kind, order, np.concatenate(wx), np.concatenate(wh), *np.split(bias, 2))
    two = bias if bias.ndim == 2 else bias[None]
    return recurrent(layer, kind, order, kernel.T, into.T, *two)


def common_precision(kinds: Iterable[str]) -> str:
    """The float type that has the numbers of all these, named as NumPy and PyTorch do; float32 of none."""
    found = set(kinds)
    if len(found) < 2:
        return next(iter(found), "float32")
    # Of both halves neither has the other's numbers.
    return str(np.result_type(*("float32" if kind == "bfloat16" else kind for kind in found)))


def is_cudnn(kind: str, arrays: Sequence[Array]) -> bool:
    """Whether a layer's arrays are those of CuDNNLSTM or CuDNNGRU, whose gates are always sigmoid."""
    kernel, bias = arrays[0], arrays[-1]
    return len(ORDERS["keras"][kind]) > 1 and bias.ndim == 1 and bias.size == 2 * kernel.shape[1]


def _joined(arrays: Sequence[Array], order: Sequence[int]) -> list[Array]:
    """The arrays W, U and b of each gate as one of each, the gates in this order."""
    return [np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def arrays_of(kind: str, layout: str) -> tuple[int, ...]:
    """How many arrays a layer has in a file, without biases and with them."""
    if KINDS[kind].states:
        return (1, 2, 3, 4) if layout == "pytorch" else tuple(sorted({2, 3, 3 * len(ORDERS["keras1"][kind])}))
    specs = KINDS[kind].parameters
    return tuple(range(sum(not spec.optional for spec in specs), len(specs) + 1))


def weight_names(kind: str) -> tuple[str, ...]:
    """The weights of a layer without states, in the order in which frameworks keep them."""
    return tuple(spec.name for spec in KINDS[kind].parameters)


def _shape(array: Array) -> str:
    return "×".join(map(str, array.shape))
