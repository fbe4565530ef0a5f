"""ONNX files: a graph of operators, each read as a layer or as another view of what layers give."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnnsheet.errors import ModelError
from rnnsheet.importers import lengths
from rnnsheet.importers.description import Description
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.folding import FOLDED, Folding
from rnnsheet.importers.lengths import Constant, Length, UnreadableError, Whole, whole
from rnnsheet.importers.limits import MOST_WEIGHTS, check_bytes, check_count
from rnnsheet.importers.onnx_views import OneStepError, View, Views, one
from rnnsheet.importers.operators import ACTIVATIONS, cell, directions, hard
from rnnsheet.importers.optional import needed
from rnnsheet.importers.weights import ORDERS, common_precision, recurrent
from rnnsheet.network.imported import INPUT, ImportedLayer

RECURRENT = ("RNN", "LSTM", "GRU")
SAME = ("Identity", "Dropout", "Cast")
MOST_OPERATORS = 10_000
"""More than a graph has whose recurrent layers are one operator each."""
_FLOATS = {"FLOAT": "float32", "DOUBLE": "float64", "FLOAT16": "float16", "BFLOAT16": "bfloat16"}
_WHOLE = ("INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8", "BOOL")


class _TurnedError(Exception):
    """The first axis of the input is time, not the batch."""


def read_onnx(path: Path, description: Description) -> tuple[Draft, Description]:
    """The graph of the file as layers. Raises ModelError where no layer can do what an operator does."""
    return _read(path)[0], description


def reads_time_first(path: Path) -> bool:
    """Whether the first axis of the input of a file that can be read is time, not the batch."""
    return not _read(path)[1]


def _read(path: Path) -> tuple[Draft, bool]:
    """The graph as layers, and whether the first axis of its input is the batch."""
    onnx = needed("onnx", "models")
    check_bytes(path.stat().st_size, 8 * MOST_WEIGHTS)
    model = onnx.load(path, load_external_data=False)
    if (count := len(model.graph.node)) > MOST_OPERATORS:
        raise ModelError("too_many_operators", got=count, most=MOST_OPERATORS)
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    refused: ModelError | None = None
    for batch_first in (True, False):
        try:
            draft = Draft(str(path), padding="after", masked=True, whole=True)
            _Graph(onnx, model.graph, opset, draft).read(batch_first, path.parent)
            return draft, batch_first
        except _TurnedError:
            continue
        except ModelError as error:
            # With the axes the wrong way, shapes may be nonsense before a recurrent operator tells it.
            if not any(node.op_type in RECURRENT for node in model.graph.node):
                raise
            refused = refused or error
    raise refused or ModelError("several_ends", inputs=0, outputs=0)


class _Graph:
    """Walks through a graph, one operator after the other."""

    def __init__(self, onnx: Any, graph: Any, opset: int, draft: Draft):
        self.onnx, self.graph, self.opset, self.draft = onnx, graph, opset, draft
        self.values: dict[str, View | Constant] = {}
        self.uses = Counter(name for node in graph.node for name in node.input)
        self.uses.update(output.name for output in graph.output)
        self.folding = Folding(opset)
        self.views = Views(draft, Length(1))
        self.linear: dict[str, str] = {}
        """Of tensors that linear layers give, the layer."""

    def read(self, batch_first: bool, folder: Path) -> None:
        """Adds all layers to the draft. Raises _TurnedError where the axes of the input are the other way."""
        self._initializers(folder)
        self._check_attributes()
        inputs = [each for each in self.graph.input if each.name not in self.values]
        if len(inputs) != 1 or len(self.graph.output) != 1:
            raise ModelError("several_ends", inputs=len(inputs), outputs=len(self.graph.output))
        self._input(inputs[0], batch_first)
        for node in self.graph.node:
            self._node(node)
        result = self.values.get(self.graph.output[0].name)
        if not isinstance(result, View) or len(result.parts) != 1:
            raise ModelError("unsupported_layer", layer=self.graph.output[0].name, kind="output")
        self.draft.end_with(result.parts[0])

    def _initializers(self, folder: Path) -> None:
        """The weights, some of which may be in a file beside the model's own."""
        given = self.graph.initializer
        check_count(tensor.dims for tensor in given)
        for tensor in given:
            if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
                place = next(entry.value for entry in tensor.external_data if entry.key == "location")
                beside = folder / Path(place).name
                if Path(place).name != place or beside.is_symlink() or not beside.is_file():
                    raise ModelError("linked_weights", name=tensor.name)
                check_bytes(beside.stat().st_size, 8 * MOST_WEIGHTS)
                self.onnx.external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        kinds = {tensor.name: self.onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in given}
        for name, kind in kinds.items():
            if kind not in (*_FLOATS, *_WHOLE):
                raise ModelError("no_floats", name=name, kind=kind)
        self.values |= {tensor.name: _plain(self.onnx.numpy_helper.to_array(tensor)) for tensor in given}
        self.draft.precision = common_precision(_FLOATS[kind] for kind in kinds.values() if kind in _FLOATS)

    def _check_attributes(self) -> None:
        """Raises ModelError where a constant is in another file: it would be looked for anywhere."""
        for node in self.graph.node:
            for attribute in node.attribute:
                for tensor in (attribute.t, *attribute.tensors):
                    if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
                        raise ModelError("linked_weights", name=node.name or node.op_type)

    def _input(self, given: Any, batch_first: bool) -> None:
        """The axes of the input: token numbers, or numbers over time."""
        kind = given.type.tensor_type
        sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in kind.shape.dim]
        over = ["1", "t"] if batch_first else ["t", "1"]
        whole = kind.elem_type in (self.onnx.TensorProto.INT64, self.onnx.TensorProto.INT32)
        if not whole and len(sizes) == 2:
            # Keras exports token numbers as floats.
            self.draft.assume("float_tokens")
        axes = over if whole or len(sizes) == 2 else [*over, "f"]
        if len(sizes) != len(axes):
            raise ModelError("unsupported_layer", layer=given.name, kind=f"{len(sizes)} axes")
        by_axis = dict(zip(axes, sizes, strict=True))
        if by_axis["1"] > 1:
            if by_axis["t"] in (0, 1) and batch_first:
                raise _TurnedError
            raise ModelError("fixed_batch", got=by_axis["1"])
        self.views.length = by_axis["t"] or Length(1)
        self.draft.steps, self.draft.features = by_axis["t"] or None, by_axis.get("f") or None
        # Of a fixed number of steps, none can be left out: padding is computed like any other token.
        self.draft.masked = not by_axis["t"]
        self.values[given.name] = View((INPUT,), tuple(axes))

    def _node(self, node: Any) -> None:
        """Gives the outputs of an operator their values. Raises ModelError where it cannot."""
        if node.domain not in ("", "ai.onnx"):
            raise self._unsupported(node, node.domain)
        try:
            read = [self.values[name] if name else None for name in node.input]
            viewed = any(isinstance(value, View) for value in read)
            if node.op_type == "Constant" or (not viewed and node.op_type in FOLDED):
                self.values[node.output[0]] = self._folded(node, read)
            elif node.op_type in RECURRENT:
                self._recurrent(node, read)
            else:
                self.values[node.output[0]] = self._view(node, read)
        except OneStepError as error:
            layer, step = node.name or node.output[0], error.index
            if isinstance(self.views.length, Length) and isinstance(step, int):
                raise ModelError("fixed_step", layer=layer, step=step + 1) from None
            raise ModelError("written_out", layer=layer) from None
        except UnreadableError as error:
            raise self._unsupported(node, str(error)) from None
        # What an operator may be given besides is without end; a damaged file has been told apart before.
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
            raise self._unsupported(node, ", ".join(self._options(node))) from None

    def _unsupported(self, node: Any, what: str) -> ModelError:
        kind = f"{node.op_type}, {what}" if what else node.op_type
        return ModelError("unsupported_layer", layer=node.name or node.output[0], kind=kind)

    def _options(self, node: Any) -> dict[str, Any]:
        return {each.name: self.onnx.helper.get_attribute_value(each) for each in node.attribute}

    def _folded(self, node: Any, read: Sequence[Any]) -> Constant:
        """The result of an operator of constants, as its opset means it."""
        if any(map(lengths.depends, read)):
            return lengths.fold(node.op_type, read, self._options(node))
        return _plain(self.folding.result(node, read, self._options(node)))

    def _view(self, node: Any, read: Sequence[Any]) -> View | Constant:
        """The result of an operator that reads what layers give."""
        kind, first, options, views = node.op_type, read[0], self._options(node), self.views
        if kind == "Gather" and not isinstance(first, View):
            return self._embedding(node, first, read[1], options)
        if kind == "Add" and sum(isinstance(value, View) for value in read) == 1:
            place = 0 if isinstance(first, View) else 1
            return self._biased(node, node.input[place], read[place], read[1 - place])
        if kind in ("Add", "Mul", "Concat"):
            return self._joined(node, read, options)
        if kind in ("MatMul", "Gemm") and isinstance(first, View):
            return self._product(node, read, options)
        if not isinstance(first, View) or any(isinstance(value, View) for value in read[1:]):
            raise UnreadableError
        if kind in SAME:
            if kind == "Dropout":
                self.draft.assume("idle", _label(node))
            return first
        if kind in ACTIVATIONS or kind == "HardSigmoid":
            return self._activation(node, first, options)
        if kind == "Shape":
            return lengths.array(views.sizes(first)[options.get("start", 0) : options.get("end")])
        if kind == "Transpose":
            return views.transposed(first, options.get("perm") or range(len(first.axes))[::-1])
        if kind == "Reshape":
            return views.reshaped(first, whole(read[1]) if len(read) > 1 else options["shape"])
        if kind == "Flatten":
            before = views.sizes(first)[: options.get("axis", 1)]
            return views.reshaped(first, [math.prod(before), -1])
        if kind in ("Squeeze", "Unsqueeze"):
            places = np.ravel(read[1]).tolist() if len(read) > 1 else options.get("axes", [])
            return (views.squeezed if kind == "Squeeze" else views.unsqueezed)(first, places)
        if kind == "Gather":
            return self._taken(first, read[1], options.get("axis", 0))
        if kind == "Slice":
            return self._sliced(first, lengths.slices(options, list(map(whole, read[1:])), len(first.axes)))
        raise UnreadableError

    def _embedding(self, node: Any, table: Constant, numbers: View, options: Mapping[str, Any]) -> View:
        if options.get("axis", 0) != 0 or table.ndim != 2 or numbers.parts != (INPUT,):
            raise UnreadableError
        name = self.draft.add("embedding", [INPUT], _label(node), weights={"E": table})
        return View((name,), (*numbers.axes, "f"))

    def _taken(self, view: View, index: Constant, place: int) -> View:
        """Gather of one entry, which may stay an axis of size one."""
        if index.size != 1 or index.ndim > 1:
            raise UnreadableError
        taken = self.views.taken(view, place, *whole(index))
        return self.views.unsqueezed(taken, [place % len(view.axes)]) if index.ndim else taken

    def _sliced(self, view: View, cuts: Sequence[list[Whole]]) -> View:
        for start, stop, place, step in zip(*cuts, strict=True):
            view = self.views.sliced(view, int(place), start, stop, step)
        return view

    def _joined(self, node: Any, read: Sequence[Any], options: Mapping[str, Any]) -> View:
        """Several results beside each other, or added or multiplied number by number."""
        views = [value for value in read if isinstance(value, View)]
        if len(views) != len(read):
            raise UnreadableError
        if node.op_type == "Concat":
            return self.views.joined(views, options["axis"])
        first, second = views
        if first.axes != second.axes or self.views.sizes(first) != self.views.sizes(second):
            raise UnreadableError
        kind = {"Add": "add", "Mul": "product"}[node.op_type]
        return View((self.draft.add(kind, [one(first), one(second)], _label(node)),), first.axes)

    def _product(self, node: Any, read: Sequence[Any], options: Mapping[str, Any]) -> View:
        """MatMul or Gemm of a result and a matrix: a linear layer."""
        view, matrix, *bias = read
        usual = {"transA": 0, "alpha": 1.0, "beta": 1.0}
        plain = all(options.get(key, value) == value for key, value in usual.items())
        weights = not any(isinstance(value, View) for value in (matrix, *bias)) and matrix.ndim == 2
        if not plain or not weights or view.axes[-1] != "f":
            raise UnreadableError
        own = {"Wa": matrix if options.get("transB") else matrix.T}
        name = self.draft.add("dense", [one(view)], _label(node), weights=own, activation="linear")
        self.linear[node.output[0]] = name
        return (
            self._biased(node, node.output[0], View((name,), view.axes), bias[0])
            if bias
            else replace(view, parts=(name,))
        )

    def _biased(self, node: Any, tensor: str, view: View, bias: Constant) -> View:
        """A bias that is added to the product before it."""
        layer, size = self._linear(tensor), self.draft.size(one(view))
        if not layer or "ba" in layer.weights or bias.size not in (1, size) or bias.size != bias.shape[-1]:
            raise UnreadableError
        own = {**layer.weights, "ba": np.broadcast_to(np.ravel(bias), size)}
        self.draft.change(layer.name, weights=own)
        self.linear[node.output[0]] = layer.name
        return view

    def _linear(self, tensor: str) -> ImportedLayer | None:
        """The linear layer that gives a tensor, if no other operator reads that."""
        layer = self.draft.layer(self.linear[tensor]) if tensor in self.linear else None
        return layer if layer and layer.activation == "linear" and self.uses[tensor] == 1 else None

    def _activation(self, node: Any, view: View, options: Mapping[str, Any]) -> View:
        """An activation: that of the linear layer before it, or a layer of its own."""
        kind, last = node.op_type, len(view.axes) - 1
        along = options.get("axis", -1 if self.opset >= 13 else 1)
        if view.axes[-1] != "f" or (kind == "Softmax" and along not in (-1, last)):
            raise UnreadableError
        activation = hard(options) if kind == "HardSigmoid" else ACTIVATIONS[kind]
        if layer := self._linear(node.input[0]):
            self.draft.change(layer.name, activation=activation)
            return view
        name = self.draft.add("activation", [one(view)], _label(node), activation=activation)
        return replace(view, parts=(name,))

    def _recurrent(self, node: Any, read: Sequence[Any]) -> None:
        """RNN, LSTM or GRU: a layer for each direction; all their time steps, and the last ones."""
        options = self._options(node)
        x, w, r, b, lengths, *states = [*read] + [None] * (8 - len(read))
        given = states[:2] if node.op_type == "LSTM" else states[:1]
        zeros = all(state is None or (not isinstance(state, View) and not state.any()) for state in given)
        unknown = {key: options.get(key) for key in ("clip", "layout", "input_forget")}
        unknown |= {
            "initial_h": not zeros,
            "sequence_lens": lengths is not None,
            "X": not isinstance(x, View),
        }
        if told := [key for key, value in unknown.items() if value]:
            raise self._unsupported(node, ", ".join(told))
        if x.axes == ("1", "t", "f"):
            raise _TurnedError
        if x.axes != ("t", "1", "f"):
            raise self._unsupported(node, "".join(x.axes))
        if node.op_type == "LSTM" and len(node.output) > 2 and self.uses[node.output[2]]:
            raise self._unsupported(node, "Y_c")
        peepholes = states[2] if node.op_type == "LSTM" else None
        names = []
        for number, (ending, reverse) in enumerate(directions(options)):
            kind, activations = cell(node.op_type, options, number)
            order, own = ORDERS["onnx"][kind], (None, None) if b is None else np.split(b[number], 2)
            weights = recurrent(_label(node), kind, order, w[number], r[number], *own)
            if peepholes is not None:
                weights |= dict(zip(("Wci", "Wco", "Wcf"), np.split(peepholes[number], 3), strict=True))
            label = f"{_label(node)}{ending}"
            names.append(
                self.draft.add(kind, [one(x)], label, weights=weights, reverse=reverse, **activations)
            )
        all_steps, last = (*node.output, "")[:2]
        self.values[all_steps] = View(tuple(names), ("t", "d", "1", "f"))
        if last and self.uses[last]:
            parts = tuple(self.draft.add("last", [name], f"{name}last") for name in names)
            self.values[last] = View(parts, ("d", "1", "f"))


def _plain(array: Constant) -> Constant:
    """An array of a float type that NumPy knows; of itself it does not know bfloat16."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _label(node: Any) -> str:
    """A name for the layer of an operator: the last part of its own that says something."""
    parts = [part for part in (node.name or node.op_type).split("/") if part]
    return str(parts[-2] if len(parts) > 1 else parts[-1])
