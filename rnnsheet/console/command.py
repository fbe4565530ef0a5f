"""What every command shares: its options, mistakes as one line, and how it prints."""

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Annotated, Any

import typer

from rnnsheet.console.lines import printable
from rnnsheet.errors import OutputError, RenamedWarning, RnnsheetError, known_language
from rnnsheet.labels import default_language, help_texts, language_of, languages

help_text = help_texts(default_language())


def option(key: str, *names: str, of: str | None = None) -> Any:
    """An option: the key of its help, its names if they are not its parameter's, what its value is `of`."""
    return typer.Option(*names, metavar=of, help=help_text(f"help.{key}"))


def argument(key: str, of: str) -> Any:
    """What a command is given without a name: the key of its help, and what it is `of`."""
    return typer.Argument(metavar=of, help=help_text(f"help.{key}"))


LessonName = Annotated[str, argument("lesson", "LESSON")]
Language = Annotated[str, typer.Option("--lang", metavar="|".join(languages()), help=help_text("help.lang"))]
Force = Annotated[bool, option("force", "--force")]
Paper = Annotated[str, option("paper", of="a4|letter")]
Json = Annotated[bool, option("json", "--json")]


def listed(names: str) -> tuple[str, ...]:
    """The names of an option, which have commas between them."""
    return tuple(name.strip() for name in names.split(",") if name.strip())


@contextmanager
def errors(lang: str) -> Iterator[str]:
    """The language to speak; a user's mistake ends the command with one line and exit status 2."""
    language = language_of(lang) or default_language()
    _libraries_end_with_2()
    try:
        yield known_language(lang)
    except RnnsheetError as error:
        tell(error, language)
        raise typer.Exit(2) from None


@cache
def _libraries_end_with_2() -> Any:
    """Lets a library that ends the process, as OpenBLAS does where it is refused memory, end it with 2.

    It would be 1, which means that a cell differs. What is returned has to live as long as the process.
    """
    import ctypes

    end = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: os._exit(2))
    # Windows has none.
    with suppress(AttributeError, TypeError):
        ctypes.CDLL(None).__cxa_atexit(end, None, None)
    return end


def tell(error: RnnsheetError, language: str) -> None:
    """Prints what is wrong; where that cannot be, the exit status tells it alone."""
    with suppress(OSError):
        typer.echo(f"rnnsheet: {printable(error.text(language))}", err=True)


_show = warnings.showwarning


def show_warning(message: Warning | str, *place: Any, **more: Any) -> None:
    """Prints what is told of a user's file as one line; other warnings are for programmers."""
    if isinstance(message, RenamedWarning):
        with suppress(OSError):
            typer.echo(f"rnnsheet: {printable(str(message))}", err=True)
    else:
        _show(message, *place, **more)


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines. Raises OutputError where that cannot be."""
    try:
        # All at once: a check of many blocks prints a line for each.
        typer.echo("".join(f"{printable(line)}\n" for line in lines), nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError("unwritable", place="stdout", reason=error.strerror or error) from None


def print_json(data: object) -> None:
    """Prints data for programs."""
    import json

    print_lines(json.dumps(data, ensure_ascii=False, indent=2).split("\n"))
