"""rnnsheet compiles recurrent neural networks into spreadsheets of live formulas, and proves them.

lesson = rnnsheet.load("hello")
lesson.run().frame("p")
rnnsheet.export(lesson, "hello.xlsx")
rnnsheet.check("hello.xlsx").ok
"""

from __future__ import annotations

from rnnsheet.version import VERSION

TYPE_CHECKING = False
"""As that of `typing`, which takes long to import, and Ctrl-C is not heard before this is done."""
if TYPE_CHECKING:
    from typing import Any

    from rnnsheet.api import Lesson, export, load, page
    from rnnsheet.checking.check import check
    from rnnsheet.checking.report import Report
    from rnnsheet.classroom.grading import grade
    from rnnsheet.errors import LessonError, ModelError, OutputError, RnnsheetError, WorkbookError
    from rnnsheet.importers import read_model
    from rnnsheet.network import Layer, Model
    from rnnsheet.network.imported import ImportedNetwork
    from rnnsheet.trace import Trace

__version__ = VERSION

_HOMES = {
    **dict.fromkeys(("Lesson", "export", "load", "page"), "rnnsheet.api"),
    **dict.fromkeys(
        ("LessonError", "ModelError", "OutputError", "RnnsheetError", "WorkbookError"), "rnnsheet.errors"
    ),
    **dict.fromkeys(("Layer", "Model"), "rnnsheet.network"),
    "check": "rnnsheet.checking.check",
    "grade": "rnnsheet.classroom.grading",
    "Trace": "rnnsheet.trace",
    "ImportedNetwork": "rnnsheet.network.imported",
    "read_model": "rnnsheet.importers",
    "Report": "rnnsheet.checking.report",
}

__all__ = [
    "ImportedNetwork",
    "Layer",
    "Lesson",
    "LessonError",
    "Model",
    "ModelError",
    "OutputError",
    "Report",
    "RnnsheetError",
    "Trace",
    "WorkbookError",
    "__version__",
    "check",
    "export",
    "grade",
    "load",
    "page",
    "read_model",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: the command line pays only for what it uses."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnsheet' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
