"""What is said in a terminal of work that takes long, and nothing elsewhere: bars, and who is waited for."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Timer

import typer

from rnnsheet.labels import Labels, labels
from rnnsheet.progress import Advance, Progress

_LONG = {"export": 1_000_000}
"""From what size on a kind of work is worth a bar: so many cells are computed and written in seconds."""
_HUGE = 5_000_000
"""Of so many cells it is said beforehand how many they are."""
_PATIENCE = 3.0
"""So many seconds people wait without a word."""
_BYTES = 20
"""So much of a file a cell takes, about."""


def bars(texts: Labels) -> Progress:
    """Shows how far each piece of work is."""

    @contextmanager
    def bar(work: str, size: int) -> Iterator[Advance]:
        hidden = not sys.stderr.isatty() or size < _LONG.get(work, 0)
        if work == "export" and size >= _HUGE:
            typer.echo(texts("progress.huge", cells=size, megabytes=size * _BYTES / 1e6), err=True)
        title = texts(f"progress.{work}")
        with typer.progressbar(length=size, label=title, hidden=hidden, file=sys.stderr) as shown:
            yield shown.update

    return bar


@contextmanager
def working(language: str, seconds: float = _PATIENCE) -> Iterator[None]:
    """Says, once, that a check is under way, where it takes so many seconds."""
    # Labels take a while to read: nothing waits for them that need not.
    timer = Timer(seconds, lambda: typer.echo(labels(language)("progress.checking"), err=True))
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def waiting(language: str) -> Callable[[], None]:
    """Says, once, that other checks are waited for."""

    @cache
    def say() -> None:
        if sys.stderr.isatty():
            typer.echo(labels(language)("progress.waiting"), err=True)

    return say
