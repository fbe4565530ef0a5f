"""What a check found, and which spreadsheet engines there are."""

from collections.abc import Iterator, Mapping

from rnnsheet.checking.report import BlockReport, Failure, Report
from rnnsheet.console.lines import table
from rnnsheet.labels import Labels

_LONGEST = 300
"""So much of a formula is told."""
_MOST = 12
"""Of so many blocks a failure is told: where a row was inserted, most blocks have one."""


def verdict(report: Report, labels: Labels, with_blocks: bool) -> Iterator[str]:
    """The verdict, the first failure of each block, what else was found, and the table, if wanted."""
    yield _headline(report, labels)
    for sheet, row, by in report.displaced:
        way = "displaced_down" if by > 0 else "displaced_up"
        yield labels(f"check.{way}", file=report.file, sheet=sheet, row=row, by=abs(by))
    # What was changed comes before what follows from it.
    failed = ((block, block.first_failure) for block in report.blocks if block.first_failure)
    wrong = sorted(failed, key=lambda each: each[1].follows)
    for block, failure in wrong if with_blocks else wrong[:_MOST]:
        yield _failure(block, failure, labels)
    if len(wrong) > _MOST and not with_blocks:
        yield labels("check.more", count=len(wrong) - _MOST)
    if report.failed:
        yield labels("check.mend")
    if report.ok and report.amplified:
        yield labels("check.amplified", file=report.file, count=report.amplified)
    if told := report.framework:
        key = "unlike_framework" if told.failed else "like_framework" if told.compared else "not_compared"
        facts = {"framework": told.framework, "inputs": told.inputs, "error": told.max_error}
        yield labels(f"check.{key}", file=report.file, **facts, tolerance=told.tolerance)
    if report.notes:
        settings = ", ".join(labels(f"check.setting.{note}") for note in report.notes)
        yield labels("check.noted", file=report.file, settings=settings)
    if report.drawn_on:
        yield labels("check.drawn_on", file=report.file, names=", ".join(report.drawn_on))
    if report.further:
        found = "; ".join(f"{sheet}: {', '.join(names)}" for sheet, names in report.further.items())
        yield labels("check.further", file=report.file, found=found)
    if with_blocks:
        yield from table([labels("check.head").split("|"), *map(_block, report.blocks)], "lllrrr")


def engines(versions: Mapping[str, str | None], labels: Labels) -> Iterator[str]:
    """Each spreadsheet engine with its version, or how to get it."""
    yield from table(
        [name, labels("engines.missing", how=labels(f"engines.{name}")) if version is None else version]
        for name, version in versions.items()
    )


def _headline(report: Report, labels: Labels) -> str:
    """The verdict in one line."""
    if report.failed:
        key = "bad"
    elif report.framework and report.framework.failed:
        key = "other"
    elif not report.engine:
        key = "stored"
    else:
        key = "good" if report.proved else "unproved"
    return labels(
        f"check.{key}",
        file=report.file,
        cells=report.cells,
        failed=report.failed,
        engine=report.engine,
        error=report.max_error,
    )


def _failure(block: BlockReport, failure: Failure, labels: Labels) -> str:
    """What is wrong with a block's first failing cell."""
    place = f"{block.sheet}!{failure.cell}" if block.sheet else failure.cell
    found = {key: _shown(getattr(failure, key)) for key in ("formula", "got", "expected")}
    reason = "no_name" if failure.reason == "name" and not failure.got else failure.reason
    reason = f"shown_{failure.cause}" if failure.cause else reason
    return labels(f"check.{reason}", block=block.name, place=place, **found)


def _shown(text: str) -> str:
    """A formula or a value in a message: an empty one can be seen, a long one is cut."""
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text or '""'


def _block(block: BlockReport) -> list[str]:
    error = f"{block.max_error:.1e}" if block.max_error else "0"
    return [block.name, block.sheet, block.range, str(block.cells), str(block.failed), error]
