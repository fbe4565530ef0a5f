"""The programs of examples/ run, and do what their first lines say."""

import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import rnnsheet
from tests.command import in_a_process
from tests.conftest import INSTALL

FOLDER = Path(__file__).parent.parent / "examples"


def run(example: str, *arguments: str, cwd: Path) -> str:
    """What the program prints."""
    command = [sys.executable, str(FOLDER / f"{example}.py"), *arguments]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_own_word_learns_it(tmp_path):
    told = run("own_word", "abacus", "6", cwd=tmp_path)
    assert "should say bacus, says bacus" in told
    assert "all right" in told
    assert rnnsheet.check(tmp_path / "abacus.xlsx").lesson == "abacus"


@pytest.mark.parametrize(("example", "arguments"), [("import_keras", ()), ("own_word", ("banana",))])
def test_a_program_without_what_it_needs_says_how_it_is_used(tmp_path, example, arguments):
    command = [sys.executable, str(FOLDER / f"{example}.py"), *arguments]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"usage: python {example}.py ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_own_cell_writes_a_workbook_without_a_wrong_cell(tmp_path):
    told = run("own_cell", cwd=tmp_path)
    assert ", 0 wrong" in told
    assert "NumPy too: False" in told


def test_own_cell_adds_its_cell_to_a_command(tmp_path):
    rows = [[0.1, 0.2]]
    tables = 'data = {vocabulary = ["a", "b"], word = "ab"}\nnetwork = {cell = "mgu"}'
    weights = f"Wxf = {rows}\nWhf = 0.1\nWxn = {rows}\nWhn = 0.1\nWhy = [[0.1], [0.2]]"
    (tmp_path / "my.toml").write_text(f"{tables}\n[weights]\n{weights}\n", "utf-8")
    told = in_a_process("--cells", str(FOLDER / "own_cell.py"), "explain", "my.toml", cwd=tmp_path)
    assert "keptₜ = " in told.stdout
    assert not list(tmp_path.glob("*.xlsx"))


@pytest.mark.slow
def test_a_class_has_different_weights_and_what_comes_back_is_judged(tmp_path):
    run("class_workbooks", "class", "Ann", "Ben", cwd=tmp_path)
    books = {name: tmp_path / "class" / f"{name}.xlsx" for name in ("Ann", "Ben")}
    answers = pd.read_csv(tmp_path / "class" / "answers.csv", index_col="student")
    assert list(answers.index) == list(books)
    assert answers["last hidden state"].nunique() == 2

    changed = openpyxl.load_workbook(books["Ben"])
    changed["Unrolled"]["H15"] = 0.5
    changed.save(books["Ben"])
    (tmp_path / "class" / "Chen.xlsx").write_bytes(b"PK")
    run("check_folder", "class", cwd=tmp_path)
    verdicts = pd.read_csv(tmp_path / "class" / "verdicts.csv", index_col="file")
    assert list(verdicts["verdict"]) == ["right", "wrong", "not checked"]
    assert verdicts["what"]["Ben.xlsx"].startswith("Unrolled!H15")
    assert "Chen.xlsx" in verdicts["what"]["Chen.xlsx"]


def test_a_trace_in_pandas_has_every_number(tmp_path):
    assert "hello.csv" in run("trace_in_pandas", cwd=tmp_path)
    long = pd.read_csv(tmp_path / "hello.csv", index_col=["array", "row", "column"])["number"]
    trace = rnnsheet.load("hello").run()
    assert long[("p", "h", "2")] == pytest.approx(trace["p"][0, 1])
    assert long[("dWxh", "3", "l")] == pytest.approx(trace["dWxh"][2, 2])


def test_a_keras_file_becomes_a_workbook(keras, tmp_path):
    pytest.importorskip("h5py", reason=f"h5py {INSTALL}")
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(5, 3), layers.LSTM(2), layers.Dense(1)])
    model.save(tmp_path / "mood.keras")
    (tmp_path / "words.txt").write_text("\n".join(["<pad>", "not", "very", "good", "bad"]), "utf-8")
    told = run("import_keras", "mood.keras", "words.txt", cwd=tmp_path)
    assert "lstm" in told
    assert "mood.xlsx: all right" in told
