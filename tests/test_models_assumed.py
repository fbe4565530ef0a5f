"""What a file does not tell is said: when it is imported, and on the first sheet of the workbook."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import rnnsheet
from rnnsheet.errors import WorkbookError
from rnnsheet.importers import read_model
from rnnsheet.labels import labels, languages
from tests.command import rnnsheet as command

GATES = {"weight_ih_l0": (12, 4), "weight_hh_l0": (12, 3), "bias_ih_l0": (12,), "bias_hh_l0": (12,)}
STATES = {"emb.weight": (6, 4), **{f"rnn.{name}": shape for name, shape in GATES.items()}}
HEAD = {"fc.weight": (6, 3), "fc.bias": (6,)}
NETWORK = '[network]\nreads = "last"\noutput = "softmax"\n'


def run(*arguments: object, expected: int = 0) -> str:
    """What a command prints that ends with this status."""
    done = command(*map(str, arguments), cwd=Path.cwd())
    assert done.returncode == expected, done.stderr
    return done.stdout


def saved(folder, shapes, lesson: str):
    random = np.random.default_rng(0)
    np.savez(folder / "a.npz", **{name: random.normal(size=shape) for name, shape in shapes.items()})
    (folder / "a.toml").write_text(lesson)
    return {"path": folder / "a.npz", "description": folder / "a.toml"}


def assumed(**given) -> dict[str, dict]:
    return dict(read_model(**given).assumed)


def test_what_a_state_dict_does_not_tell(tmp_path):
    (tmp_path / "words.txt").write_text("<pad>\n<unk>\ngood\nbad\nnot\nvery\n")
    given = saved(tmp_path, STATES | HEAD, NETWORK)
    told = assumed(**given, vocabulary=tmp_path / "words.txt")
    assert told == {
        "order_of_file": {"order": "emb, rnn0, fc"},
        "no_weights": {},
        "tanh": {"layer": "rnn0"},
        "sigmoid_gates": {"layer": "rnn0"},
        "gates_pytorch": {"layer": "rnn0"},
        "zero_states": {"layer": "rnn0"},
        "steps": {"steps": 20},
        "labels_of_vocabulary": {},
        "words": {},
        "nothing_around": {},
        "read_as_unknown": {"token": "<unk>"},
        "padding_after": {},
        "masked": {},
    }


def test_what_is_told_is_not_assumed(tmp_path):
    lesson = """labels = ["a", "b", "c", "d", "e", "f"]
    [text]
    unit = "letters"
    tokens = ["-", "x", "y", "z", "?", "!"]
    steps = 5
    padding = "before"
    masked = false
    pad = "-"
    unknown = "?"
    begin = "!"
    [[layers]]
    name = "emb"
    kind = "embedding"
    arrays = "emb.*"
    [[layers]]
    name = "first"
    kind = "gru"
    arrays = "rnn.*"
    activation = "tanh"
    gate_activation = "sigmoid"
    [[layers]]
    name = "end"
    kind = "last"
    [[layers]]
    name = "fc"
    kind = "dense"
    arrays = "fc.*"
    activation = "linear"
    """
    shapes = {name: (9, *shape[1:]) if name.startswith("rnn") else shape for name, shape in STATES.items()}
    assert assumed(**saved(tmp_path, shapes | HEAD, lesson)) == {
        "rows_out": {},
        "no_weights": {},
        "gates_pytorch": {"layer": "first"},
        "zero_states": {"layer": "first"},
        "letters_lower": {},
    }


def test_layers_of_which_the_same_is_assumed_are_told_together(tmp_path):
    shapes = {f"rnn.{name.replace('l0', 'l1')}": (12, *[3] * len(s[1:])) for name, s in GATES.items()}
    told = assumed(**saved(tmp_path, STATES | shapes | HEAD, NETWORK))
    assert told["zero_states"] == told["gates_pytorch"] == {"layer": "rnn0, rnn1"}
    assert "token_numbers" in told


@pytest.mark.parametrize("language", languages())
def test_import_prints_it_and_the_first_sheet_keeps_it(language, tmp_path):
    given = saved(tmp_path, STATES | HEAD, NETWORK)
    network, texts = read_model(**given), labels(language)
    sentences = [texts(f"assumed.{key}", **values) for key, values in network.assumed]
    assert len(sentences) > 8
    printed = run(
        "import",
        given["path"],
        "--lesson",
        given["description"],
        "-o",
        tmp_path / "a.xlsx",
        "--lang",
        language,
    )
    lines = printed.splitlines()
    assert lines[1] == texts("import.assumed")
    assert lines[2:-1] == [f"  {sentence}" for sentence in sentences]
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    column = [row[0] for row in sheet.iter_rows(max_col=1, values_only=True)]
    place = column.index(texts("network.assumed"))
    assert column[place + 1 : place + 1 + len(sentences)] == sentences
    assert rnnsheet.check(tmp_path / "a.xlsx").ok


@pytest.mark.parametrize("given", [[["no_such", {}]], [["steps", {}]], [["steps", 3]], "steps", [["steps"]]])
def test_a_hidden_sheet_that_assumes_what_there_are_no_words_for(given, tmp_path):
    network = read_model(**saved(tmp_path, STATES | HEAD, NETWORK))
    rnnsheet.export(network, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    (cell,) = (row[1] for row in book["rnnsheet"].iter_rows(max_col=2) if row[0].value == "assumed")
    cell.value = json.dumps(given)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError, match="rnnsheet"):
        rnnsheet.check(tmp_path / "a.xlsx")
