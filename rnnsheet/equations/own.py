"""A cell of one's own: mistakes in its equations, told with the file, the line and the equation."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from functools import wraps
from traceback import extract_tb
from typing import TYPE_CHECKING

from rnnsheet.equations.expr import Expr, Leaf, Operation, Parameter, Value
from rnnsheet.equations.recurrence import Equation
from rnnsheet.equations.rules import RULES
from rnnsheet.errors import LessonError, RnnsheetError
from rnnsheet.network import KINDS, ParameterSpec

if TYPE_CHECKING:
    from rnnsheet.equations.layer import LayerEquations

Cell = Callable[..., Value]
"""From `LayerEquations` and what the layer reads, a vector or several, to what other layers read of it."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def check_kind(name: object, parameters: tuple[object, ...], states: object) -> None:
    """Raises LessonError where no cell can be called so, or have such parameters or states."""
    if not isinstance(name, str) or not name:
        raise LessonError("cell_name", got=repr(name) if isinstance(name, str) else type(name).__name__)
    if name in KINDS:
        raise LessonError("cell_twice", cell=name)
    for parameter in parameters:
        if not isinstance(parameter, ParameterSpec):
            raise LessonError("cell_parameter", cell=name, got=type(parameter).__name__)
    if not parameters:
        raise LessonError("cell_parameter", cell=name, got="()")
    if not isinstance(states, tuple) or states[:1] != ("h",):
        raise LessonError("cell_states", cell=name, got=repr(states))


def reporting_mistakes(name: str, equations: Cell) -> Cell:
    """The same equations, but a mistake in them is a LessonError."""

    @wraps(equations)
    def checked(layer: LayerEquations, x: Leaf) -> Value:
        try:
            result = equations(layer, x)
        except RnnsheetError:
            raise
        except (Exception, SystemExit) as error:
            place, line = _line(equations, error)
            raise LessonError(
                "cell_raises", place=place, cell=name, line=line, reason=reason(error)
            ) from None
        try:
            _check(layer, result)
        except LessonError as error:
            raise error.at(_place(equations)) from None
        return result

    return checked


def reason(error: BaseException) -> str:
    """What an exception says; of ours, which are ValueErrors, without their kind."""
    return str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"


def _line(equations: Cell, error: BaseException) -> tuple[str, str]:
    """The place of the cell's last line that ran, and that line."""
    own = equations.__code__.co_filename
    lines = [frame for frame in extract_tb(error.__traceback__) if frame.filename == own]
    if not lines:
        return _place(equations), f"def {equations.__name__}"
    return f"{own}:{lines[-1].lineno}", lines[-1].line or ""


def _place(equations: Cell) -> str:
    """The file and the line in which the cell begins."""
    code = equations.__code__
    # Its decorators stand before it.
    first = code.co_firstlineno
    while linecache.getline(code.co_filename, first).lstrip().startswith("@"):
        first += 1
    return f"{code.co_filename}:{first}"


def _check(layer: LayerEquations, result: object) -> None:
    """Raises LessonError where the equations are none of which a workbook can be made."""
    name, network = layer.layer.kind, layer.network
    for state in layer.layer.traits.states:
        if layer.layer.named(state) not in network.equations:
            raise LessonError("cell_lacks", cell=name, name=state)
    if not isinstance(result, Value) or result.name != layer.layer.named("h"):
        raise LessonError("cell_returns", cell=name, got=getattr(result, "name", type(result).__name__))
    own = [each for each in network.equations.values() if each.layer is layer.layer]
    for equation in own:
        _check_equation(layer, equation)
    used = {part.name for equation in own for part in _parts(equation.expr) if isinstance(part, Parameter)}
    for base in layer.forms:
        if layer.layer.parameter_names[base] not in used:
            raise LessonError("cell_unused", cell=name, name=base)


def _check_equation(layer: LayerEquations, equation: Equation) -> None:
    cell = layer.layer.kind
    if not _NAME.fullmatch(str(equation.base)) or equation.base in layer.layer.traits.names:
        raise LessonError("cell_equation", cell=cell, name=equation.base)
    for part in _parts(equation.expr):
        if isinstance(part, Operation) and RULES[part.rule].pull is None:
            raise LessonError("cell_derivative", cell=cell, name=equation.base, operation=part.rule)
    forms = {layer.layer.parameter_names[base]: form for base, form in layer.forms.items()}
    starts = {layer.layer.initial(state) for state in layer.layer.traits.states}
    for parameter, multiplies in _parameters(equation.expr):
        form = forms.get(parameter.name)
        size = parameter.rows.size, parameter.cols.size
        if parameter.name in starts:
            continue
        if form is None:
            raise LessonError("cell_unknown", cell=cell, name=equation.base, parameter=parameter.name)
        if size != (form[::-1] if parameter.transposed else form) or (size[1] != 1 and not multiplies):
            values = {"cell": cell, "name": equation.base, "parameter": parameter.name}
            raise LessonError("cell_shape", form="×".join(map(str, form)), **values)


def _parts(expr: Expr) -> Iterator[Expr]:
    yield expr
    for operand in expr.operands if isinstance(expr, Operation) else ():
        yield from _parts(operand)


def _parameters(expr: Expr, multiplies: bool = False) -> Iterator[tuple[Parameter, bool]]:
    """Each parameter of an expression, and whether it is a matrix that multiplies a vector."""
    if isinstance(expr, Parameter):
        yield expr, multiplies
    elif isinstance(expr, Operation):
        for number, operand in enumerate(expr.operands):
            yield from _parameters(operand, expr.rule == "matvec" and number == 0)
