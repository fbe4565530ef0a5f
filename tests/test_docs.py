"""What the READMEs promise: their Python runs, their lesson is one, their commands agree."""

import re
from pathlib import Path

import pytest

import rnnsheet

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh.md"]


def fenced(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("readme", READMES)
def test_the_python_of_the_readme_runs_and_prints_what_stands_below_it(readme, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / readme).read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for code, printed in blocks:
        exec(compile(code, readme, "exec"), names)
        found = capsys.readouterr().out
        assert not printed or found.split() == printed.split()


@pytest.mark.parametrize("readme", READMES)
def test_the_lessons_of_the_readme_are_lessons(readme, tmp_path):
    one, several = fenced(readme, "toml")
    for text, steps in ((one, 8), (several, 6)):
        (tmp_path / "lesson.toml").write_text(text, "utf-8")
        lesson = rnnsheet.load(tmp_path / "lesson.toml")
        assert lesson.steps == steps
        assert rnnsheet.check(rnnsheet.export(lesson, tmp_path / "book.xlsx", epochs=3, force=True)).ok


def test_both_readmes_give_the_same_two_commands():
    english, chinese = (fenced(readme, "sh") for readme in READMES)
    assert english == chinese
    assert len(english) == 2


@pytest.mark.parametrize("readme", [*READMES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_pictures_lead_somewhere(readme):
    text = (ROOT / readme).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("readme", READMES)
def test_the_number_of_cells_is_the_true_one(readme, tmp_path):
    counts = re.findall(r"all (\d+) cells right", (ROOT / readme).read_text("utf-8"))
    assert counts
    book = rnnsheet.export("hello", tmp_path / "hello.xlsx")
    assert set(counts) == {str(rnnsheet.check(book).cells)}
