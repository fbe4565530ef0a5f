"""Elements and their attributes as all programs read them: what could be taken for another is refused."""

import re
from collections.abc import Mapping
from math import isfinite
from xml.etree.ElementTree import Element

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_TRUTHS = {"0": False, "1": True, "false": False, "true": True}
_EXTENSIONS = "extLst"


def local(element: Element) -> str:
    """The name of an element without its namespace: Strict and Transitional have different ones."""
    return str(element.tag).rpartition("}")[2]


def space_of(root: Element) -> str:
    """The namespace of a part, in braces."""
    return str(root.tag).removesuffix(local(root))


def within(root: Element) -> list[Element]:
    """All elements of a part but its extensions, in any order.

    Raises ValueError for an element of another namespace: some programs pass over it, others know it by its
    name, or count it.
    """
    space, found = space_of(root), [root]
    for element in found:
        if space_of(element) != space:
            raise ValueError(element.tag)
        found.extend(each for each in element if each.tag != space + _EXTENSIONS)
    return found


def at_path(root: Element | None, *names: str) -> Element | None:
    """The element that a path of names leads to. Raises ValueError where there are several."""
    found = [] if root is None else root.findall("/".join(space_of(root) + name for name in names))
    if len(found) > 1:
        raise ValueError(f"{names[-1]}: twice")
    return found[0] if found else None


def by_name(element: Element) -> Mapping[str, Element]:
    """What is in an element by its name.

    Raises ValueError for a name twice: programs take the one or the other.
    """
    found = {local(each): each for each in element}
    if len(found) < len(element):
        raise ValueError(f"{local(element)}: {', '.join(map(local, element))}")
    return found


def natural(text: str | None, usual: int = 0) -> int:
    """A number that counts something. Raises ValueError for 01, +1, 1_0 and digits of other scripts."""
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal()) or text != str(int(text)):
        raise ValueError(f"{text!r} is no number")
    return int(text)


def number(text: str | None, usual: float = 0.0) -> float:
    """A number. Raises ValueError for what some programs take for another: 1_0, other digits, 1E999."""
    if text is None:
        return usual
    if not _NUMBER.fullmatch(text) or not isfinite(found := float(text)):
        raise ValueError(f"{text!r} is no number")
    return found


def truth(text: str | None, usual: bool = False) -> bool:
    """Whether something is so. Raises ValueError for `t`, `2`, `TRUE`, `on`: some programs take them so."""
    if text is None:
        return usual
    if text not in _TRUTHS:
        raise ValueError(f"{text} is neither true nor false")
    return _TRUTHS[text]
