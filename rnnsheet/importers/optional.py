"""Packages that only some files need, imported when one does."""

from importlib import import_module
from typing import Any

from rnnsheet.errors import ModelError


def needed(package: str, extra: str) -> Any:
    """The package. Raises ModelError, with the extra that installs it, where it is not installed."""
    try:
        return import_module(package)
    except ImportError:
        raise ModelError("needs_extra", package=package, extra=extra) from None
