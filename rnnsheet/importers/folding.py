"""ONNX operators that are given constants alone: how much each gives is known before it is computed."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from rnnsheet.importers.lengths import Constant, UnreadableError
from rnnsheet.importers.limits import MOST_WEIGHTS, check_count

MOST_FOLDED = 3 * MOST_WEIGHTS
"""More numbers than such operators give together in an honest graph, which turns and joins its weights."""

_Sizer = Callable[[Sequence[Any], Mapping[str, Any]], int]


def _broadcast(*shapes: Sequence[int]) -> int:
    """How many numbers arrays of these shapes give that are widened to each other, at most."""
    sizes = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    return math.prod([int(max(each)) for each in sizes])


def _shape(array: Constant) -> list[int]:
    """The shape that the numbers of an array are."""
    return [abs(int(size)) for size in np.ravel(array)[:32]]


def _range(read: Sequence[Any], _: Mapping[str, Any]) -> int:
    start, limit, step = (float(np.ravel(each)[0]) for each in read)
    return max(0, math.ceil((limit - start) / step))


def _gathered(read: Sequence[Any], options: Mapping[str, Any]) -> int:
    array, places = read
    return int(places.size * array.size // max(1, array.shape[options.get("axis", 0)]))


_SIZERS: Mapping[str, _Sizer] = {
    **dict.fromkeys(
        ("Add", "Div", "Equal", "Mul", "Sub", "Where"),
        lambda read, _: _broadcast(*(each.shape for each in read)),
    ),
    **dict.fromkeys(
        ("Cast", "Identity", "Neg", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"),
        lambda read, _: int(read[0].size),
    ),
    "Concat": lambda read, _: sum(int(each.size) for each in read),
    "ConstantOfShape": lambda read, _: math.prod(_shape(read[0])),
    "Expand": lambda read, _: _broadcast(read[0].shape, _shape(read[1])),
    "Gather": _gathered,
    "Range": _range,
    "Shape": lambda read, _: int(read[0].ndim),
}
FOLDED = tuple(_SIZERS)
"""Operators of constants, such as those from which exporters compute shapes."""


class Folding:
    """Computes operators of constants as an opset means them, as long as they do not give too much."""

    def __init__(self, opset: int):
        self.opset = opset
        self.count = 0
        """How many numbers they have given."""

    def result(self, node: Any, read: Sequence[Any], options: Mapping[str, Any]) -> Constant:
        """What an operator gives. Raises ModelError where that, with all before, is too much."""
        if node.op_type == "Constant":
            # Of any other, what it holds lies in the file number by number.
            if "sparse_value" in options:
                raise UnreadableError
        else:
            self.count += _SIZERS[node.op_type](read, options)
            check_count([[self.count]], MOST_FOLDED)
        from onnx import helper

        # `import onnx` does not bring this part of it.
        from onnx.reference import ReferenceEvaluator

        inputs, outputs = (
            [helper.make_empty_tensor_value_info(name) for name in ends if name]
            for ends in (node.input, node.output)
        )
        evaluator = ReferenceEvaluator(helper.make_graph([node], "", inputs, outputs), {"": self.opset})
        found: Any = evaluator.run(
            None, {name: value for name, value in zip(node.input, read, strict=True) if name}
        )
        result = np.asarray(found[0])
        if result.dtype.kind not in "biufV":
            raise UnreadableError
        return result
