"""The settings of a workbook with which a program computes or shows it otherwise than the copy."""

from collections.abc import Mapping
from xml.etree import ElementTree

from rnnsheet.workbook.tags import local

_NO, _YES = ("0", "false"), ("1", "true")
_USUAL: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "date1904": ("workbookPr", "date1904", _NO),
    "r1c1": ("calcPr", "refMode", ("A1",)),
    "iterate": ("calcPr", "iterate", _NO),
    "manual": ("calcPr", "calcMode", ("auto",)),
    "displayed_precision": ("calcPr", "fullPrecision", _YES),
}
"""Per setting its element, its attribute, and the values which are as if it were not there."""


def unusual_settings(root: ElementTree.Element, space: str) -> tuple[str, ...]:
    """The settings of a workbook that are not as usual, of `_USUAL`.

    Raises ValueError where programs could find others.
    """
    found = []
    for setting, (tag, attribute, usual) in _USUAL.items():
        places = [each for each in root.iter() if local(each) == tag]
        if len(places) > 1 or places != root.findall(f"{space}{tag}"):
            raise ValueError(tag)
        if any(each.get(attribute, usual[0]) not in usual for each in places):
            found.append(setting)
    return tuple(found)
