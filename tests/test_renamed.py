"""Older names of keys and kinds are read on, and each is told with what it is called today."""

import subprocess
import sys

import numpy as np
import pytest

import rnnsheet
from rnnsheet import templates
from rnnsheet.errors import RenamedWarning
from rnnsheet.importers import read_model

OLD = {'kind = "elman"': 'cell = "elman"', 'shares = "mlp"': 'weights = "mlp"'}
NUMBERS = "[numbers]\nfeatures = 2\nsteps = 3\n"
LAYERS = """
[[layers]]
name = "a"
kind = "dense"
{weights} = "a.*"

[[layers]]
name = "b"
kind = "{add}"
reads = ["a", "input"]
"""


def test_a_lesson_of_older_names_is_the_same_lesson(tmp_path):
    text = templates.find("order").read_text("utf-8")
    for new, old in OLD.items():
        assert new in text
        text = text.replace(new, old)
    (tmp_path / "order.toml").write_text(text, "utf-8")
    with pytest.warns(RenamedWarning) as told:
        lesson = rnnsheet.load(tmp_path / "order.toml")
    assert lesson.model.layers == rnnsheet.load("order").model.layers
    assert {str(each.message) for each in told} == {
        "layers.cell is called kind today; the old name is still read",
        "layers.weights is called shares today; the old name is still read",
    }


def test_a_description_of_older_names_is_the_same_description(tmp_path):
    np.savez(tmp_path / "a.npz", **{"a.weight": np.eye(2), "a.bias": np.ones(2)})
    (tmp_path / "new.toml").write_text(NUMBERS + LAYERS.format(weights="arrays", add="add"))
    (tmp_path / "old.toml").write_text(NUMBERS + LAYERS.format(weights="weights", add="sum"))
    new = read_model(tmp_path / "a.npz", description=tmp_path / "new.toml")
    with pytest.warns(RenamedWarning, match=r"weights is called arrays|sum is called add"):
        old = read_model(tmp_path / "a.npz", description=tmp_path / "old.toml")
    assert [(layer.kind, layer.reads) for layer in old] == [(layer.kind, layer.reads) for layer in new]
    run = [sys.executable, "-m", "rnnsheet", "import", "a.npz", "--lesson", "old.toml", "-o", "a.xlsx"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "rnnsheet: layers.weights is called arrays today; the old name is still read\n" in done.stderr
    assert "rnnsheet: sum is called add today; the old name is still read\n" in done.stderr
