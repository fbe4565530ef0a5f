"""`rnnsheet new --word`: a lesson of any word and size, which reads back and learns its word."""

import sys

import pytest

import rnnsheet
from rnnsheet import cli, own_word


def run(monkeypatch, capsys, *arguments: str) -> str:
    """What a command says that ends well."""
    monkeypatch.setattr(sys, "argv", ["rnnsheet", *arguments])
    assert cli.run_command() == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "gru-before"])
def test_any_word_is_written_read_back_and_learned(tmp_path, cell):
    file = tmp_path / "own.toml"
    drawn = own_word.drawn("banana", "nab!", 3, cell, 2)
    own_word.write(drawn, 2, file, "en", force=False)
    lesson = rnnsheet.load(file)
    assert (lesson.word, lesson.vocabulary, lesson.model.hidden) == ("banana", tuple("nab!"), 3)
    assert lesson.model.cell == cell
    assert lesson.model.parameters.keys() == drawn.model.parameters.keys()
    assert all(
        (lesson.model.parameters[name] == given).all() for name, given in drawn.model.parameters.items()
    )
    *_, last = lesson.train(rate=0.05, optimizer="adam")
    assert "".join(lesson.with_model(last.model).run()["predicted"][0]) == "anana"


def test_the_command_speaks_of_the_word_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told = run(monkeypatch, capsys, "new", "own.toml", "--word", "天天向上", "--lang", "zh")
    assert told.startswith("own.toml：读“天天向上”，4 个隐藏单元")
    written = (tmp_path / "own.toml").read_text("utf-8")
    assert written.startswith("# 读“天天向上”，4 个隐藏单元。权重是随机的（种子 1）")
    assert "hello" not in written
    # What it says to type next can be typed.
    *_, command = told.strip().rpartition("：rnnsheet ")
    assert "说“天向上”" in run(monkeypatch, capsys, *command.split(), "--lang", "zh")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--hidden", "3", "--seed", "0"), "--hidden, --seed is for a network of a word of your own"),
        (("--word", "cat", "--from", "hello"), "--word makes a new network, --from copies a lesson"),
        (("--word", "cat", "--hidden", "0"), "--hidden is 0; expected a whole number from 1 to 100"),
        (("--word", "cat", "--cell", "lstmm"), "did you mean 'lstm'?"),
        (("--word", "cat", "--vocabulary", "ca"), "letter 3 of the word, 't', is not in the vocabulary"),
        (("--word", "c"), "the text 'c' is too short"),
        (("--word", "cat", "--seed", "-1"), "seed is -1"),
    ],
)
def test_a_word_that_cannot_be_is_told(tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rnnsheet", "new", "own.toml", *options, "--lang", "en"])
    assert cli.run_command() == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
