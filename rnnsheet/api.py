"""What the Python API and the command line do with a lesson or a workbook: they bring the rooms together."""

from pathlib import Path

from rnnsheet import engine, lesson, templates
from rnnsheet.errors import OutputError
from rnnsheet.labels import default_language
from rnnsheet.lesson import Trace


class Lesson(lesson.Lesson):
    """A lesson that can be run."""

    def run(self) -> Trace:
        """Every number that the lesson's network computes, by NumPy."""
        return engine.run(self)


def load(source: str | Path) -> Lesson:
    """The lesson of a built-in template's name, or of a path to a TOML file."""
    loaded = templates.load(source)
    return Lesson(**{name: getattr(loaded, name) for name in loaded.__dataclass_fields__})


def export(
    source: lesson.Lesson | str | Path, path: str | Path = "", language: str = "", force: bool = False
) -> Path:
    """Writes a lesson's workbook and gives its path; by default the lesson's name with .xlsx."""
    from rnnsheet.sheet.layout import plan
    from rnnsheet.workbook.write import write

    loaded = source if isinstance(source, lesson.Lesson) else load(source)
    target = Path(path or f"{loaded.name}.xlsx")
    if target.exists() and not force:
        raise OutputError("exists", place=str(target))
    write(plan(loaded, language or default_language()), engine.run(loaded), target)
    return target
