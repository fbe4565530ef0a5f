"""What the framework gave goes with an imported workbook, and the check compares with it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import rnnsheet
from rnnsheet.console.verdicts import verdict
from rnnsheet.errors import WorkbookError
from rnnsheet.importers import read_model
from rnnsheet.importers.parity import agreement
from rnnsheet.labels import labels
from rnnsheet.network.imported import ImportedNetwork
from tests.command import rnnsheet as command
from tests.test_models_onnx import TOKENS, Exported, export, run_onnx

INSTALL = "is not installed: pip install -e '.[dev]'"
torch = pytest.importorskip("torch", reason=f"PyTorch {INSTALL}")
pytest.importorskip("onnxruntime", reason=f"onnxruntime {INSTALL}")


def run(*arguments: object, expected: int = 0) -> str:
    """What a command prints that ends with this status."""
    done = command(*map(str, arguments), cwd=Path.cwd())
    assert done.returncode == expected, done.stderr
    return done.stdout


def model(folder: Path, reads: str = "last", numbers: bool = False, free: bool = True) -> Path:
    torch.manual_seed(0)
    module = Exported("GRU", reads, False, numbers, True)
    x = torch.randn(2 if free else 1, 5, 3) if numbers else torch.randint(0, TOKENS, (2 if free else 1, 5))
    export(module, x, str(folder / "a.onnx"), False, free)
    return folder / "a.onnx"


def with_witness(path: Path, steps: int = 5) -> ImportedNetwork:
    network = read_model(path, steps=steps)
    return replace(network, witness=agreement(path, network).witness)


def checked(network: ImportedNetwork, path: Path):
    rnnsheet.export(network, path, force=True)
    return rnnsheet.check(path)


@pytest.mark.parametrize(
    ("reads", "numbers", "free"),
    [("last", False, True), ("all", False, True), ("all", True, False), ("last", True, True)],
)
def test_what_goes_with_the_workbook_is_what_onnx_runtime_gives(reads, numbers, free, tmp_path):
    path = model(tmp_path, reads, numbers, free)
    network = with_witness(path)
    report = checked(network, tmp_path / "a.xlsx")
    assert report.ok and report.framework.compared
    _, told = verdict(report, labels("en"), with_blocks=False)
    assert "(5) NumPy gives what ONNX gave" in told
    assert (report.framework.framework, report.framework.inputs) == ("ONNX", 5)
    assert report.framework.max_error <= report.framework.tolerance == 1e-6
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["rnnsheet"]
    columns = [
        [value for value in column if value is not None]
        for column in sheet.iter_cols(min_col=9, values_only=True)
    ]
    count = report.framework.inputs
    assert columns[count] == [] and len(columns) == 2 * count + 1
    for given, found in zip(columns[:count], columns[count + 1 :], strict=True):
        if numbers:
            x = np.reshape(given, (3, 5)).T[None].astype(np.float32)
        else:
            x = np.array([[int(number) for number in given if number >= 0]])
        np.testing.assert_array_equal(np.float32(found), run_onnx(path, x).ravel())


@pytest.mark.slow
def test_import_stores_it_only_where_the_framework_is_asked(tmp_path):
    path = model(tmp_path)
    run("import", path, "--steps", 5, "-o", tmp_path / "a.xlsx")
    assert rnnsheet.check(tmp_path / "a.xlsx").as_dict()["framework"] is None
    run("import", path, "--steps", 5, "-o", tmp_path / "a.xlsx", "--check-against", "framework", "--force")
    told = rnnsheet.check(tmp_path / "a.xlsx").as_dict()["framework"]
    assert told["compared"] and told["numbers"] == 10 and told["max_error"] < 1e-6


@pytest.mark.slow
def test_a_workbook_that_is_not_the_network_that_was_imported(tmp_path):
    """Both sides of the check would read it in the same wrong way; the framework's results do not."""
    network = with_witness(model(tmp_path))
    layers = [
        replace(each, gate_activation="hard_sigmoid") if each.kind == "gru" else each for each in network
    ]
    report = checked(replace(network, layers=tuple(layers)), tmp_path / "a.xlsx")
    assert (report.failed, report.ok) == (0, False)
    assert report.framework.failed > 0 and report.framework.max_error > 1e-4
    first, told = run("check", tmp_path / "a.xlsx", expected=1).splitlines()
    assert first.endswith("the workbook is not the network that was imported.")
    assert "gives other results than ONNX gave" in told


def edited(path: Path, sheet: str, cell: str, value) -> None:
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)


@pytest.mark.slow
def test_weights_that_someone_changed_are_not_wrong(tmp_path):
    checked(with_witness(model(tmp_path)), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    place = book.defined_names["Wa_head"].attr_text.replace("$", "").split("!")
    edited(tmp_path / "a.xlsx", place[0], place[1].split(":")[0], 0.5)
    report = rnnsheet.check(tmp_path / "a.xlsx")
    assert report.ok and not report.framework.compared
    _, line = verdict(report, labels("en"), with_blocks=False)
    assert "the weights were changed since the network was imported" in line


def test_a_typed_text_changes_nothing(tmp_path):
    checked(with_witness(model(tmp_path)), tmp_path / "a.xlsx")
    edited(tmp_path / "a.xlsx", "Network", "B5", "8 7")
    report = rnnsheet.check(tmp_path / "a.xlsx")
    assert report.ok and report.framework.compared


def test_weights_that_a_program_saved_with_fewer_digits_are_the_same(tmp_path):
    checked(with_witness(model(tmp_path)), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    for sheet in book.worksheets:
        if sheet.title.startswith("W"):
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, float):
                        cell.value = float(f"{cell.value:.15g}")
    book.save(tmp_path / "a.xlsx")
    assert rnnsheet.check(tmp_path / "a.xlsx").framework.compared


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("found", [2, 5000]),
        ("found", [1, 5]),
        ("given", [4, 5]),
        ("given", [-5, 5]),
        ("given", ["5", 5]),
        ("tolerance", "x"),
        ("given", 3),
    ],
)
def test_a_hidden_sheet_that_lies_about_the_results(key, value, tmp_path):
    checked(with_witness(model(tmp_path)), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    (cell,) = (row[1] for row in book["rnnsheet"].iter_rows(max_col=2) if row[0].value == "witness")
    cell.value = json.dumps({**json.loads(cell.value), key: value})
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError, match="rnnsheet"):
        rnnsheet.check(tmp_path / "a.xlsx")


def test_of_many_numbers_fewer_results_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnsheet.importers.parity.MOST_WITNESSED", 12)
    path = model(tmp_path, "all")
    assert with_witness(path).witness.found.shape == (10, 1)
