"""The colours that a file names, as red, green and blue, and whether one is seen on another."""

import colorsys
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from xml.etree.ElementTree import Element

from rnnsheet.workbook.tags import at_path, by_name, local, natural, number, within

Color = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
LEAST_CONTRAST = 1.5
"""Between a letter and its ground, as WCAG 2.1 has it: from 1, the same colour, to 21. Ours have more."""

_SYSTEM = {64: BLACK, 65: WHITE, 81: BLACK}
_INDEXED = re.findall(
    "[0-9A-F]{6}",
    """
    000000 FFFFFF FF0000 00FF00 0000FF FFFF00 FF00FF 00FFFF
    000000 FFFFFF FF0000 00FF00 0000FF FFFF00 FF00FF 00FFFF
    800000 008000 000080 808000 800080 008080 C0C0C0 808080
    9999FF 993366 FFFFCC CCFFFF 660066 FF8080 0066CC CCCCFF
    000080 FF00FF FFFF00 00FFFF 800080 800000 008080 0000FF
    00CCFF CCFFFF CCFFCC FFFF99 99CCFF FF99CC CC99FF FFCC99
    3366FF 33CCCC 99CC00 FFCC00 FF9900 FF6600 666699 969696
    003366 339966 003300 333300 993300 993366 333399 333333
    """,
)
"""The colours by their number where a file has none of its own. Source: ECMA-376, part 1, 18.8.27."""
_THEME = (
    *("FFFFFF", "000000", "EEECE1", "1F497D", "4F81BD", "C0504D"),
    *("9BBB59", "8064A2", "4BACC6", "F79646", "0000FF", "800080"),
)
"""Those of a theme, where a file has none."""
_IN_THEME = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")


_WINDOW: Mapping[str, str] = {"window": "FFFFFF", "windowText": "000000"}
"""What the system's own colours are; programs take that, or what the file says beside it."""
_RGB = re.compile("(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_WAYS = ("rgb", "theme", "indexed", "auto")
"""In which an element may name its colour."""


class Palette:
    """What the colours of a file stand for."""

    def __init__(self, styles: Element | None, theme: Element | None):
        own = at_path(styles, "colors", "indexedColors")
        self._indexed = _INDEXED if own is None or not len(own) else [each.get("rgb", "") for each in own]
        scheme = at_path(theme, "themeElements", "clrScheme")
        named = {} if scheme is None else by_name(within(scheme)[0])
        self._theme = [
            _of_theme(named.get(name), usual) for name, usual in zip(_IN_THEME, _THEME, strict=True)
        ]

    def color(self, element: Element | None, automatic: Color) -> Color:
        """What an element stands for.

        Raises ValueError or IndexError where it stands for nothing, or programs could take it for another.
        """
        if element is None:
            return automatic
        ways = [way for way in _WAYS if way in element.attrib]
        if len(ways) > 1:
            raise ValueError(f"color: {', '.join(ways)}")
        color: Color | None = automatic
        if rgb := element.get("rgb"):
            color = _color(rgb)
        elif theme := element.get("theme"):
            color = self._theme[natural(theme)]
        elif indexed := element.get("indexed"):
            place = natural(indexed)
            color = _SYSTEM[place] if place in _SYSTEM else _color(self._indexed[place])
        if color is None:
            raise ValueError(f"theme: {_IN_THEME[natural(element.get('theme'))]}")
        return _tinted(color, number(element.get("tint")))


def is_seen(letter: Color, grounds: Sequence[Color]) -> bool:
    """Whether a letter can be told from each of the colours that may be behind it."""
    return all(_contrast(letter, ground) >= LEAST_CONTRAST for ground in grounds)


def _of_theme(element: Element | None, usual: str) -> Color | None:
    """A colour of the theme; None for one that is computed from another, or that the system has."""
    if element is None:
        return _color(usual)
    if len(element) != 1 or len(element[0]):
        return None
    named, value = local(element[0]), element[0].get("val", "")
    if named == "sysClr":
        own = _WINDOW.get(value)
        return _color(own) if own and element[0].get("lastClr", own).upper() == own else None
    return _color(value) if named == "srgbClr" else None


def _color(text: str) -> Color:
    """RRGGBB, or AARRGGBB, of which programs show no alpha."""
    found = _RGB.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no colour")
    red, green, blue = bytes.fromhex(found[1])
    return red / 255, green / 255, blue / 255


def _tinted(color: Color, tint: float) -> Color:
    """Darker for a tint below 0, lighter above. Source: ECMA-376, part 1, 18.8.19."""
    if not tint:
        return color
    hue, light, saturation = colorsys.rgb_to_hls(*color)
    light = light * (1 + tint) if tint < 0 else light * (1 - tint) + tint
    return colorsys.hls_to_rgb(hue, min(1.0, max(0.0, light)), saturation)


@lru_cache(1 << 14)
def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = map(_linear, color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
