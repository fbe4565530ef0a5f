"""The nodes of a functional Keras model: which results a call of a layer reads, and with what else."""

from collections.abc import Mapping
from typing import Any

from rnnsheet.importers.keras_config import Config

_MASKS_OF_ONE = ("LogicalOr", "ExpandDims", "Concatenate", "Any")
"""Operations that make of equal masks, and of masks without any token, the same mask again."""


def endpoints(given: Any) -> list[tuple[str, int, int]]:
    """The inputs or outputs of a model, each the name of a layer, of which call, which part."""
    if isinstance(given, dict):
        given = list(given.values())
    return [tuple(end) for end in ([given] if given and isinstance(given[0], str) else given)]


def without_mask(node: Any) -> tuple[Any, Any]:
    """What a call of a layer is given, and of that the mask, which Keras 3 hands on by name."""
    if not isinstance(node, dict) or not isinstance(node.get("kwargs"), dict):
        return node, None
    others = {key: value for key, value in node["kwargs"].items() if key != "mask"}
    return {**node, "kwargs": others}, node["kwargs"].get("mask")


def arguments(node: Any) -> dict[str, Any]:
    """What else a call of a layer is given that is set to something, such as `training`."""
    if isinstance(node, dict):
        given = {**{f"args[{place}]": value for place, value in enumerate(node["args"])}, **node["kwargs"]}
    elif node and isinstance(node[0], str):
        given = node[3] if len(node) > 3 else {}
    else:
        given = {key: value for part in node for key, value in arguments(part).items()}
    return {key: value for key, value in given.items() if value and not tensors(value)}


def is_of_zeros(layers: Mapping[str, Config], mask: Any) -> bool:
    """Whether masks are those that an Embedding with `mask_zero` makes: where the input is not 0.

    Keras 3 writes what its merging layers make of such masks out in operations.
    """

    def of_zeros(name: str, call: int, _: int) -> bool:
        node, kind = layers[name]["inbound_nodes"][call], layers[name]["class_name"]
        if kind == "NotEqual":
            given, number = node["args"]
            return number == 0 and all(layers[of]["class_name"] == "InputLayer" for of, *_ in tensors(given))
        if kind not in _MASKS_OF_ONE:
            return False
        merged = [each for each in tensors(node) if layers[each[0]]["class_name"] != "ZerosLike"]
        return bool(merged) and all(of_zeros(*each) for each in merged)

    return all(of_zeros(*each) for each in tensors(mask))


def tensors(node: Any) -> list[tuple[str, int, int]]:
    """What a call of a layer reads, as in `ends`; Keras 3 writes each as a table of its own."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [tuple(node["config"]["keras_history"])]
        return [tensor for value in node.values() for tensor in tensors(value)]
    if not isinstance(node, list):
        return []
    if node and isinstance(node[0], str):
        return [tuple(node[:3]), *tensors(list(node[3].values()) if len(node) > 3 else [])]
    return [tensor for value in node for tensor in tensors(value)]
