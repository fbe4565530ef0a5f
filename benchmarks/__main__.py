"""`python -m benchmarks [--quick]` prints every ratio; --quick leaves out the million cells."""

import os
import platform
import sys

# One thread for NumPy's matrix products too; it must be said before NumPy is imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from benchmarks import book, checks, engine, layouts, mutations, startup, trained, writers

quick = "--quick" in sys.argv[1:]
print(f"Python {platform.python_version()}, {platform.system()}; ratios, medians of alternating rounds\n")
for text in startup.report(11 if quick else 21):
    print(text, flush=True)
for text in checks.report(5 if quick else 9):
    print(text, flush=True)
for text in engine.report(5 if quick else 9):
    print(text, flush=True)
for text in book.report(9 if quick else 15):
    print(text, flush=True)
for text in writers.report({1_000: 15, 100_000: 5} if quick else {1_000: 15, 100_000: 9, 1_000_000: 5}):
    print(text, flush=True)
for text in trained.report(3):
    print(text, flush=True)
for text in layouts.report(3):
    print(text, flush=True)
for text in mutations.report(50 if quick else 1000):
    print(text, flush=True)
