"""Named arrays without a network (a state dict, an .npz): the layers that their names and shapes tell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise, permutations
from typing import Any

from numpy.typing import NDArray

from rnnsheet.errors import ModelError
from rnnsheet.importers.description import DescribedLayer, Description, completed, fault_of
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.products import pattern_of, suggests_recurrence
from rnnsheet.network import Source
from rnnsheet.network.imported import INPUT

Arrays = Mapping[str, NDArray[Any]]

_NAME = re.compile(
    r"(?P<module>.*?)[._/]?(?P<role>(weight|w|bias|b)(_ih|_hh)?|emb)(_l(?P<level>\d+))?(?P<reverse>_reverse)?"
)
_KINDS = {1: "elman", 3: "gru", 4: "lstm"}
"""Which cell has so many gates."""
_RECURRENT = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""The arrays of one direction of a recurrent layer; the biases may be left out together."""
_MOST_MOVED = 6
"""Of so many layers, every order is tried."""
CHOICES = {
    "rnn": ("tanh", "relu"),
    "between": ("relu", "tanh", "sigmoid", "linear"),
    "reads": ("all", "last", "final"),
    "output": ("linear", "softmax", "sigmoid"),
}
"""What names and shapes do not tell, and a description's [network] says."""


@dataclass
class _Module:
    """Arrays that belong together: an embedding, a linear layer, or one level of a recurrent layer."""

    name: str
    stack: str = ""
    level: int = 0
    """The layer that it is a level of, and which."""
    kind: str = ""
    forward: list[str] = field(default_factory=list)
    backward: list[str] = field(default_factory=list)
    takes: int = 0
    gives: int = 0


def read_states(
    source: str, arrays: Arrays, description: Description, precision: str, in_order: bool = True
) -> tuple[Draft, Description]:
    """The arrays as a network, with the description completed where they are those of a published one.

    `precision` is the float type that they had in the file. `in_order`: they are in the order in which the
    modules were made, not in that of the alphabet. Raises ModelError, with what to write, where names and
    shapes are not enough.
    """
    floats = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    if not floats:
        raise ModelError("no_weights")
    draft = Draft(source, precision, padding="after", masked=True)
    description = completed(description, floats)
    if description.layers:
        if not description.recognised:
            draft.assume("rows_out")
        draft.describe(description, {name: floats[name] for name in sorted(floats, key=_order)}, "pytorch")
        return draft, description
    found = _modules(floats)
    modules = (
        _chain(found, floats, in_order) if any(map(_is_level, found)) else _linear(found, floats, in_order)
    )
    _assume_order(draft, found, modules, in_order)
    with fault_of(description):
        choices = _chosen(modules, description.network)
    specs = _specs(modules, choices)
    draft.describe(
        replace(description, layers=tuple(specs)),
        {f"{spec.name}/{_role(name)}": floats[name] for spec, names in specs.items() for name in names},
        "pytorch",
    )
    if modules[0].kind != "embedding":
        draft.features = modules[0].takes
    return draft, description


def _order(name: str) -> tuple[bool, bool]:
    """Matrices before biases, and what meets the input before what meets the state."""
    role = _role(name)
    return role.startswith("b"), role.endswith("hh")


def _modules(arrays: Arrays) -> list[_Module]:
    """The modules in the order of the file."""
    modules: dict[str, _Module] = {}
    for name in arrays:
        found = _NAME.fullmatch(name)
        if not found and arrays[name].ndim < 3 and suggests_recurrence(name):
            raise _written_out({name: array.shape for name, array in arrays.items()})
        if not found:
            raise ModelError("unsupported_layer", layer=name, kind="×".join(map(str, arrays[name].shape)))
        role, recurrent = found["role"], found["role"].endswith("h")
        level = found["level"] or ("0" if recurrent else "emb" if role == "emb" else "")
        own = _Module(f"{found['module']}{level}", found["module"], int(found["level"] or 0))
        module = modules.setdefault(f"{found['module']} {level}", own)
        (module.backward if found["reverse"] else module.forward).append(name)
    for module in modules.values():
        _measure(module, arrays)
    # In the order of the alphabet, level 10 stands before level 2.
    stacks = _stacks(modules.values())
    levels = {name: iter(sorted(own, key=lambda each: each.level)) for name, own in stacks.items()}
    return [next(levels[module.stack]) if _is_level(module) else module for module in modules.values()]


def _is_level(module: _Module) -> bool:
    return module.kind in _KINDS.values()


def _stacks(modules: Iterable[_Module]) -> dict[str, list[_Module]]:
    """The levels of each recurrent layer. Raises ModelError where one is missing."""
    stacks: dict[str, list[_Module]] = {}
    for module in filter(_is_level, modules):
        stacks.setdefault(module.stack, []).append(module)
    for name, levels in stacks.items():
        if missing := {*range(len(levels))} - {each.level for each in levels}:
            raise ModelError("missing_weights", layer=name, names=f"weight_ih_l{min(missing)}")
    return stacks


def _measure(module: _Module, arrays: Arrays) -> None:
    """Finds what a module is, how many numbers it takes and gives."""
    for names in (module.forward, module.backward):
        names.sort(key=_order)
    shapes = [arrays[name].shape for name in module.forward]
    if not shapes or len(shapes[0]) != 2:
        raise ModelError("unsupported_layer", layer=module.name, kind=", ".join(module.forward))
    (rows, module.takes), alone = shapes[0], len(shapes) == 1
    if _role(module.forward[0]).endswith(("_ih", "_hh")):
        _measure_recurrent(module, arrays)
    elif alone and "emb" in module.forward[0].lower():
        module.kind, module.takes, module.gives = "embedding", 1, module.takes
    else:
        module.kind, module.gives = "dense", rows
        for name, shape in zip(module.forward[1:], shapes[1:], strict=True):
            _check_shape(module, name, shape, (rows,))


def _measure_recurrent(module: _Module, arrays: Arrays) -> None:
    """Finds the cell, by the matrix that meets the state. Raises ModelError where an array is missing."""
    directions = {"": module.forward, **({"_reverse": module.backward} if module.backward else {})}
    roles = {ending: list(map(_role, names)) for ending, names in directions.items()}
    has_biases = any(role.startswith("bias") for own in roles.values() for role in own)
    wanted = _RECURRENT if has_biases else _RECURRENT[:2]
    if missing := [role + ending for ending, own in roles.items() for role in wanted if role not in own]:
        raise ModelError("missing_weights", layer=module.name, names=", ".join(missing))
    gates, units = arrays[module.forward[1]].shape
    module.kind, module.gives = _KINDS.get(gates // units, ""), units * len(directions)
    if not module.kind:
        raise ModelError("unsupported_layer", layer=module.name, kind=", ".join(module.forward))
    for name in (*module.forward, *module.backward):
        cols = {"weight_ih": (module.takes,), "weight_hh": (units,)}.get(_role(name), ())
        _check_shape(module, name, arrays[name].shape, (gates // units * units, *cols))


def _role(name: str) -> str:
    """What an array is in its layer: weight, bias_ih and so on; "" where its name does not tell."""
    found = _NAME.fullmatch(name)
    base, *product = (found["role"] if found else "").split("_")
    return "_".join([{"w": "weight", "b": "bias"}.get(base, base), *product])


def _check_shape(module: _Module, name: str, got: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(got) != tuple(expected):
        told = {"got": "×".join(map(str, got)), "expected": "×".join(map(str, expected))}
        raise ModelError("wrong_weights", layer=module.name, name=name, **told)


def _chain(modules: Sequence[_Module], arrays: Arrays, in_order: bool) -> list[_Module]:
    """The modules in the order in which each takes what the one before gives.

    That is the order of the file, or else the only one that fits.
    """
    if in_order and _fits(in_file := _looked_up(modules[0], modules[1:])):
        return in_file
    moved = [*_stacks(modules).values(), *([module] for module in modules if not _is_level(module))]
    orders: list[list[_Module]] = []
    if len(moved) <= _MOST_MOVED:
        for order in map(list, map(chain.from_iterable, permutations(moved))):
            orders += [each for each in _both_ways(order) if _fits(each)]
    if len(orders) != 1:
        raise ModelError("needs_layers", names=", ".join(list(arrays)[:3]))
    return orders[0]


def _linear(found: Sequence[_Module], arrays: Arrays, in_order: bool) -> list[_Module]:
    """The modules of a network in which nothing is recurrent. Raises ModelError where names say otherwise."""
    if any(suggests_recurrence(module.name) for module in found):
        raise _written_out({module.name: arrays[module.forward[0]].shape for module in found})
    return _chain(found, arrays, in_order)


def _written_out(shapes: Mapping[str, Sequence[int]]) -> ModelError:
    """The error of a recurrent network that is written out of matrices, with how a description says it."""
    told = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in shapes.items())
    return ModelError("linear_recurrence", layers=told, pattern=pattern_of(shapes))


def _assume_order(draft: Draft, found: Sequence[_Module], modules: Sequence[_Module], in_order: bool) -> None:
    """Tells how it was found which module follows which."""
    before, names = {module.name: module.kind for module in found}, [module.name for module in modules]
    if not any(map(_is_level, modules)):
        draft.assume("nothing_recurrent")
    if len(names) > 1:
        of_file = in_order and names == [module.name for module in found]
        draft.assume("order_of_file" if of_file else "only_order", order=", ".join(names))
    if modules[0].kind != before[modules[0].name]:
        draft.assume("embedding_alone", modules[0].name)


def _both_ways(modules: list[_Module]) -> list[list[_Module]]:
    """The modules with the first as what it seems and, where it is a matrix alone, as an embedding."""
    first, *others = modules
    if first.kind != "dense" or len(first.forward) > 1 or any(each.kind == "embedding" for each in others):
        return [modules]
    return [modules, [replace(first, kind="embedding", takes=1, gives=first.takes), *others]]


def _looked_up(first: _Module, others: Sequence[_Module]) -> list[_Module]:
    """The modules in the order of the file, the first an embedding where only that fits the second."""
    seems, *embedded = _both_ways([first, *others])
    return embedded[0] if embedded and others and first.gives != others[0].takes == first.takes else seems


def _fits(modules: Sequence[_Module]) -> bool:
    inner = any(module.kind == "embedding" for module in modules[1:])
    return bool(modules) and not inner and all(a.gives == b.takes for a, b in pairwise(modules))


def _chosen(modules: Sequence[_Module], given: Mapping[str, str]) -> dict[str, str]:
    """What the description says of the choices that there are. Raises ModelError where it does not."""
    kinds = [module.kind for module in modules]
    recurrent = [module for module in modules if module.kind in _KINDS.values()]
    open_choices = {
        "rnn": "elman" in kinds,
        "between": "dense" in kinds[:-1],
        "reads": bool(recurrent),
        "output": kinds[-1] == "dense",
    }
    known = {name: CHOICES[name] for name, is_open in open_choices.items() if is_open}
    if recurrent and not recurrent[-1].backward:
        known["reads"] = CHOICES["reads"][:2]
    if unused := [f"network.{name}" for name in given if name not in known]:
        told = ", ".join(module.name for module in modules)
        raise ModelError("unused_choice", keys=", ".join(unused), layers=told)
    for name, choices in known.items():
        if name in given and given[name] not in choices:
            expected = " | ".join(choices)
            raise ModelError("wrong_choice", key=f"network.{name}", got=repr(given[name]), known=expected)
    if given.get("output") == "softmax" and modules[-1].gives == 1:
        raise ModelError("softmax_of_one", layer=modules[-1].name)
    if missing := [name for name in known if name not in given]:
        lines = "; ".join(f"{name} = " + " | ".join(f'"{c}"' for c in known[name]) for name in missing)
        raise ModelError("needs_network" if recurrent else "needs_network_linear", lines=lines)
    return {name: given[name] for name in known}


def _specs(modules: Sequence[_Module], choices: Mapping[str, str]) -> dict[DescribedLayer, list[str]]:
    """The layers, each with the names of its arrays."""
    specs: dict[DescribedLayer, list[str]] = {}
    reads: tuple[str, ...] = (INPUT,)

    def add(name: str, kind: str, reads: Sequence[str], arrays: list[str], **more: Any) -> str:
        pattern = f"{name}/*" if arrays else ""
        specs[DescribedLayer(kind, name, tuple(map(Source, reads)), arrays=pattern, **more)] = arrays
        return name

    last = next((module for module in reversed(modules) if module.kind in _KINDS.values()), None)
    for module in modules:
        if module.kind == "embedding":
            reads = (add(module.name, "embedding", reads, module.forward),)
        elif module.kind == "dense":
            activation = choices["output"] if module is modules[-1] else choices["between"]
            reads = (add(module.name, "dense", reads, module.forward, activation=activation),)
        else:
            more = {"activation": choices["rnn"]} if module.kind == "elman" else {}
            both = [add(module.name, module.kind, reads, module.forward, **more)]
            if module.backward:
                name = f"{module.name}reverse"
                both.append(add(name, module.kind, reads, module.backward, reverse=True, **more))
            at = choices["reads"] if module is last else "all"
            if at == "final":
                both = [add(f"{name}last", "last", (name,), []) for name in both]
            reads = tuple(both) if len(both) == 1 else (add(f"{module.name}both", "concat", both, []),)
            if at == "last":
                reads = (add(f"{module.name}last", "last", reads, []),)
    return specs
