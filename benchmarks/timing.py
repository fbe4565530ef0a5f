"""Rounds that alternate, and ratios of the same round."""

import statistics
import time
from collections.abc import Callable, Mapping


def seconds(task: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def rounds(tasks: Mapping[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """The seconds of every task in each round; the order turns round every other round."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(count):
        order = list(tasks) if number % 2 else list(reversed(tasks))
        for name in order:
            times[name].append(seconds(tasks[name]))
    return times


def ratio(times: Mapping[str, list[float]], name: str, peer: str) -> float:
    """The median of the ratios that two tasks have in the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[peer], strict=True))


def line(what: str, value: float, target: float | None = None) -> str:
    """One row of the printed table."""
    if target is None:
        return f"{what:<64} {value:8.2f}"
    return f"{what:<64} {value:8.2f}   target {target:<5} {'met' if value <= target else 'MISSED'}"
