"""How long work tells how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], object]
"""Is told how much more of a piece of work is done."""
Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Of a piece of work ("export", "read", "vectors" or "learn") and its size: what is told each part."""


@contextmanager
def silent(work: str, size: int) -> Iterator[Advance]:
    """A progress that nobody watches."""
    yield unheard


def unheard(done: int) -> None:
    """Tells nobody."""


def shares(advance: Advance, size: int, parts: int) -> Advance:
    """Tells of `size` in whole numbers what is done, where `parts` of equal weight are counted."""
    counted = told = 0

    def count(more: int) -> None:
        nonlocal counted, told
        counted += more
        now = size * counted // parts
        advance(now - told)
        told = now

    return count
