"""Everything that can be given or asked for stands in the docs, in both languages, or is named as missing."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import typer

import rnnsheet
from rnnsheet import engine, templates
from rnnsheet.checking.engines import ALL, ENGINES
from rnnsheet.cli import app
from rnnsheet.equations.cells import BUILT_IN
from rnnsheet.importers import description
from rnnsheet.labels import languages
from rnnsheet.network import KINDS
from rnnsheet.network.imported import ACTIVATIONS, LAYER_KINDS

DOCS = Path(__file__).parent.parent / "docs"

pytestmark = pytest.mark.parametrize("language", languages())


def reference(language: str, page: str) -> str:
    return (DOCS / language / "reference" / f"{page}.md").read_text("utf-8")


def missing(names: Iterable[str], text: str) -> list[str]:
    """Those that stand nowhere in the text as code: `name`, or as a key in a block."""
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)]


def commands(group: typer.core.TyperGroup, path: str = "rnnsheet") -> Iterator[tuple[str, list[str]]]:
    """Every command with its options."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", [text for each in command.params for text in each.opts if text[0] == "-"]


def test_every_command_and_option(language):
    page = reference(language, "commands")
    common, *parts = re.split(r"^## (?=rnnsheet )", page, flags=re.MULTILINE)
    told = {part.partition("\n")[0]: part for part in parts}
    group = typer.main.get_command(app)
    everywhere = {"--lang", "--help"}
    of_all = [text for each in group.params for text in each.opts]
    assert missing([*of_all, *everywhere], common) == []
    every = dict(commands(group))
    assert [path for path in every if path not in told] == []
    assert {path: missing(set(options) - everywhere, told[path]) for path, options in every.items()} == {
        path: [] for path in every
    }


def test_every_key_of_a_lesson_file(language):
    page = reference(language, "lesson-file")
    _, one, data, _, layers = page.split("\n## ")
    assert missing(templates.TABLES, page) == []
    assert missing(templates.NETWORK, one) == []
    assert missing(templates.DATA, data) == []
    assert missing(templates.LAYER, layers) == []


def test_every_setting_with_what_it_is_without(language):
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", reference(language, "lesson-file"), re.MULTILINE)
    usual = templates.Settings()
    numbers = {name: float(said) for name, said in rows if re.fullmatch(r"[\d.]+", said)}
    assert [name for name, _ in rows] == list(templates.SETTINGS)
    assert numbers == {name: getattr(usual, name) for name in numbers}
    assert len(numbers) == len(rows) - 4


def test_every_key_of_a_file_that_describes_a_model(language):
    page = reference(language, "model-file")
    _, of_model, *sections, _, _ = page.split("\n## ")
    told = {table: text for text in sections for table in re.findall(r"\[(\w+)\]", text.partition("\n")[0])}
    keys = description._KEYS
    told = {table: text.replace(f"`{table}.", "`") for table, text in {"": of_model, **told}.items()}
    assert {table: missing(keys[table], told[table]) for table in keys} == {table: [] for table in keys}


def test_every_kind_of_layer_and_activation(language):
    of_lessons = [name for name in BUILT_IN if KINDS[name].of_lessons]
    assert missing(of_lessons, reference(language, "layers")) == []
    assert missing([*LAYER_KINDS, *ACTIVATIONS], reference(language, "model-file")) == []


def test_every_choice_of_an_option(language):
    choices = [*ENGINES, ALL, *engine.OPTIMIZERS, *templates.names(), *languages()]
    assert missing(choices, reference(language, "commands")) == []


def test_every_public_name(language):
    assert missing(rnnsheet.__all__, reference(language, "python")) == []
