"""Files written whole or not at all."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from rnnsheet.errors import OutputError


def check_free(path: Path, force: bool) -> None:
    """Raises OutputError where the file exists and is not to be replaced."""
    try:
        taken = path.exists() and not force
    except OSError as error:
        raise OutputError("unwritable", place=str(path), reason=error.strerror or error) from None
    if taken:
        raise OutputError("exists", place=str(path))


def is_file(path: Path) -> bool:
    """Whether there is such a file; no for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def write_whole(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Lets `fill` write into a file beside the target and renames it when it is done.

    Raises OutputError where the file cannot be written; what stood there before stays.
    """
    beside = path.parent / f".{path.name}.{os.urandom(4).hex()}.tmp"
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise OutputError("special_file", place=str(path))
        with beside.open("xb") as file:
            fill(file)
        beside.replace(path)
    except OSError as error:
        raise OutputError("unwritable", place=str(path), reason=error.strerror or error) from None
    finally:
        with suppress(OSError):
            beside.unlink()
