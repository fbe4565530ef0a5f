"""`python -m benchmarks` prints every ratio; with --quick each is taken once, of the least that there is."""

import os
import platform
import sys
from collections.abc import Iterator

# As where it is installed: compiled once, not again by each process.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# One thread for NumPy's matrix products too; it must be said before NumPy is imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from benchmarks import (
    book,
    checks,
    engine,
    imported,
    layouts,
    learning,
    marking,
    memory,
    mutations,
    page,
    startup,
    writers,
)


def usual() -> Iterator[Iterator[str]]:
    """Each report with as many rounds as its figures want."""
    yield startup.report(21)
    yield checks.report(9)
    yield engine.report(9)
    yield learning.report(5)
    yield book.report(15)
    yield writers.report({1_000: 15, 100_000: 9, 1_000_000: 5})
    yield imported.report(3)
    yield layouts.report(3)
    yield page.report(5)
    yield marking.report(3)
    yield memory.report()
    yield mutations.report(1000)


def quick() -> Iterator[Iterator[str]]:
    """Each report once and small: it shows that the benchmark runs, and little of how fast."""
    yield startup.report(1)
    yield checks.report(1, [checks.gnumeric])
    yield engine.report(1, engine.SMALL)
    yield learning.report(1, ["hello"])
    yield book.report(1)
    yield writers.report({100: 1, 1_000: 1})
    yield imported.report(1, (10, 5), "ironcalc")
    yield layouts.report(1, layouts.SMALL, "ironcalc")
    yield page.report(1, ("hello",))
    yield marking.report(1, 10)
    yield memory.report(sentences=40, many=3)
    yield mutations.report(1)


print(f"Python {platform.python_version()}, {platform.system()}; ratios, medians of alternating rounds\n")
for report in quick() if "--quick" in sys.argv[1:] else usual():
    for text in report:
        print(text, flush=True)
