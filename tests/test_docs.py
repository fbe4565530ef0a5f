"""What the README and the docs promise: their commands and programs run, and both languages say the same."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

import rnnsheet
from rnnsheet.cli import app
from rnnsheet.importers.description import read_description
from rnnsheet.labels import labels
from tests.command import rnnsheet as command

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh.md"]
ENGLISH = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/en/**/*.md"))]
CHINESE = ["README.zh.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/zh/**/*.md"))]
PAGES = [*ENGLISH, *CHINESE]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def fenced(page: str, *languages: str) -> list[str]:
    return [block for language, block in FENCE.findall(read(page)) if language in languages]


def programs(page: str) -> list[tuple[str, str]]:
    """Each Python program, and what it prints, where that stands below it."""
    return re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", read(page), re.DOTALL)


def having(*languages: str) -> list[str]:
    return [page for page in PAGES if fenced(page, *languages)]


def shape(page: str) -> list[str]:
    """How a page is built: its headings by level, its rows and points, its blocks of code."""
    outside = FENCE.sub(r"```\1", read(page))
    return re.findall(r"^(#+ |\||- |```\w*|!)", outside, re.MULTILINE)


def slug(heading: str) -> str:
    """What a heading is called in an address."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_both_languages_have_the_same_pages():
    assert [page.replace("docs/en", "docs/zh") for page in ENGLISH[1:]] == CHINESE[1:]


@pytest.mark.parametrize(("english", "chinese"), list(zip(ENGLISH, CHINESE, strict=True)))
def test_a_page_is_built_alike_in_both_languages(english, chinese):
    assert shape(english) == shape(chinese)


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_is_short(readme):
    assert read(readme).count("\n") <= 150


def test_both_readmes_give_the_same_two_commands():
    english, chinese = (fenced(readme, "sh") for readme in READMES)
    assert english == chinese
    assert len(english) == 2


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_pictures_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", read(page)):
        file = ROOT / page if not target else (ROOT / page).parent / target
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{target}#{anchor}"


def test_every_page_can_be_reached_from_the_readme():
    for readme, pages in zip(READMES, (ENGLISH, CHINESE), strict=True):
        found, seen = [ROOT / readme], set()
        while found:
            page = found.pop()
            seen.add(page)
            targets = re.findall(r"\]\((?!https?:)([^)#]+\.md)", page.read_text("utf-8"))
            found += {(page.parent / target).resolve() for target in targets} - seen
        assert {ROOT / page for page in pages} <= seen


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in having("python") if page in ENGLISH])
def test_the_python_of_a_page_runs_and_prints_what_stands_below_it(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, printed in programs(page):
        exec(compile(code, page, "exec"), names)
        found = capsys.readouterr().out
        assert not printed or found.split() == printed.split()


def _translated(program: ast.Module, names: dict[str, str]) -> str:
    for node in ast.walk(program):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = names.get(node.value, node.value)
    return ast.dump(program)


@pytest.mark.parametrize(("english", "chinese"), list(zip(ENGLISH, CHINESE, strict=True)))
def test_the_python_is_the_same_in_both_languages_but_for_remarks(english, chinese):
    translated = {name: labels("en").sheets[key] for key, name in labels("zh").sheets.items()} | {"zh": "en"}

    def said(page: str) -> list[tuple[str, str]]:
        return [(_translated(ast.parse(code), translated), told) for code, told in programs(page)]

    assert said(english) == said(chinese)


@pytest.mark.slow
@pytest.mark.parametrize("page", having("toml"))
def test_the_lessons_of_a_page_are_lessons(page, tmp_path):
    for text in fenced(page, "toml"):
        (tmp_path / "lesson.toml").write_text(text, "utf-8")
        lesson = rnnsheet.load(tmp_path / "lesson.toml")
        if page in ENGLISH:
            book = rnnsheet.export(lesson, tmp_path / "book.xlsx", epochs=3, force=True)
            assert rnnsheet.check(book).ok


@pytest.mark.parametrize("page", having("ini"))
def test_the_descriptions_of_models_can_be_read(page, tmp_path):
    for text in fenced(page, "ini"):
        (tmp_path / "model.toml").write_text(text, "utf-8")
        assert read_description(tmp_path / "model.toml").layers


@pytest.mark.parametrize(("english", "chinese"), list(zip(ENGLISH, CHINESE, strict=True)))
def test_the_lessons_and_descriptions_are_the_same_in_both_languages(english, chinese):
    def data(page: str) -> list[dict[str, object]]:
        parsed = map(tomllib.loads, fenced(page, "toml", "ini"))
        return [{key: each[key] for key in each.keys() - {"title", "about", "notes"}} for each in parsed]

    assert data(english) == data(chinese)


@pytest.mark.slow
@pytest.mark.parametrize("page", having("console"))
def test_the_commands_of_a_page_print_what_stands_below_them(page, tmp_path):
    locale = "zh_CN.UTF-8" if page in CHINESE else "C.UTF-8"
    for block in fenced(page, "console"):
        for told in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = told.partition("\n")
            program, *arguments = shlex.split(line)
            assert program == "rnnsheet"
            ended = command(*arguments, cwd=tmp_path, LC_ALL=locale)
            lines = ("(?:.*\n)*" if line == "...\n" else re.escape(line) for line in printed.splitlines(True))
            # The last digits depend on the processor.
            expected = re.sub(r"\d\\\.\de\\-\d\d", r"[-.\\de]+", "".join(lines))
            said = ended.stdout + ended.stderr
            assert re.fullmatch(expected, said), f"{line}\n{said}"


@pytest.mark.parametrize("page", having("sh", "text"))
def test_commands_that_are_not_run_can_be_parsed(page):
    for block in fenced(page, "sh", "text"):
        for line in re.findall(r"^rnnsheet (.+)$", block, re.MULTILINE):
            command, words = typer.main.get_command(app), shlex.split(line)
            if words[0] == "--cells":
                words = words[2:]
            while hasattr(command, "commands"):
                command = command.commands[words.pop(0)]
            command.make_context("rnnsheet", words)


def test_the_number_of_cells_is_the_true_one(tmp_path):
    book = rnnsheet.export("hello", tmp_path / "hello.xlsx")
    cells = str(rnnsheet.check(book).cells)
    for readme in READMES:
        assert set(re.findall(r"all (\d+) cells right", read(readme))) == {cells}, readme
