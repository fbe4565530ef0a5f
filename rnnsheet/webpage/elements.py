"""Elements of HTML and SVG as text: what stands in them and in their attributes is never markup."""

from __future__ import annotations

import html


def element(name: str, inner: str = "", kind: str = "", **given: float | str | bool | None) -> str:
    """An element around markup; `kind` is its class, `_` in a name stands for a hyphen.

    An attribute that is True has no value; one that is False or None is left out.
    """
    attributes = "".join(_attribute(key, value) for key, value in {"class": kind or None, **given}.items())
    end = "" if name == "input" else f"{inner}</{name}>"
    return f"<{name}{attributes}>{end}"


def _attribute(key: str, value: float | str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(number(value))}"'


def number(value: float | str) -> str:
    """A coordinate to a tenth, which nobody sees; a text as it is."""
    return f"{round(value, 1):g}" if isinstance(value, float) else str(value)
