"""Python users: load, run, frames, export, check."""

import ast
import inspect
from dataclasses import replace

import numpy as np
import pytest

import rnnsheet
from rnnsheet import templates
from rnnsheet.network import checks

WEIGHTS = {"Wxh": [[0.5, -1.0], [0.25, 2.0]], "Whh": 0.9, "Why": [[1.0, 0.5], [-1.0, 0.5]]}


def lesson(word: str = "abba", vocabulary=("a", "b"), **more) -> rnnsheet.Lesson:
    parameters = WEIGHTS | {name: more.pop(name) for name in list(more) if name[0] in "WbVX"}
    return rnnsheet.Lesson("mine", rnnsheet.Model("elman", parameters), vocabulary, word, **more)


def test_everything_promised_is_there():
    for name in rnnsheet.__all__:
        assert getattr(rnnsheet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = rnnsheet.nonsense


@pytest.mark.slow
def test_the_example_of_the_package_s_docstring_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = inspect.getdoc(rnnsheet).split("\n\n", 1)[1]
    *lines, last = ast.parse(example).body
    names = {"rnnsheet": rnnsheet}
    exec(compile(ast.Module(lines, []), "docstring", "exec"), names)
    assert eval(compile(ast.Expression(last.value), "docstring", "eval"), names) is True
    assert (tmp_path / "hello.xlsx").is_file()


@pytest.mark.parametrize("form", [str, lambda path: path], ids=["text", "Path"])
def test_a_path_and_a_name_load_the_same_lesson(form):
    named, by_path = rnnsheet.load("hello"), rnnsheet.load(form(templates.FOLDER / "hello.toml"))
    assert (
        (by_path.name, by_path.word, by_path.steps)
        == (named.name, named.word, named.steps)
        == ("hello", "hello", 4)
    )
    for name, array in named.run().arrays.items():
        np.testing.assert_array_equal(array, by_path.run()[name])


def test_a_lesson_made_in_python_is_exported_and_checked(tmp_path):
    path = rnnsheet.export(lesson(), tmp_path / "mine.xlsx")
    report = rnnsheet.check(path)
    assert report.ok
    assert (report.lesson, report.failed) == ("mine", 0)
    assert report.max_error < 1e-12


@pytest.mark.parametrize("source", ["hello", templates.FOLDER / "hello.toml"], ids=["name", "Path"])
def test_export_takes_what_load_takes_and_gives_the_path(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    assert str(rnnsheet.export(source)) == "hello.xlsx"
    with pytest.raises(rnnsheet.OutputError, match=r"hello\.xlsx: the file exists"):
        rnnsheet.export(source)
    assert rnnsheet.export(source, force=True).is_file()


def test_every_mistake_is_an_rnnsheet_error():
    for name in ("LessonError", "WorkbookError", "OutputError"):
        assert issubclass(getattr(rnnsheet, name), rnnsheet.RnnsheetError)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: rnnsheet.Lesson("x", rnnsheet.Model("lstn", WEIGHTS), ("a", "b"), "ab"),
            "unknown cell 'lstn'",
        ),
        (lambda: rnnsheet.Lesson("x", rnnsheet.Model("elman", {}), ("a", "b"), "ab"), "Wxh"),
        (lambda: lesson(Wxz=1.0), "has no parameter Wxz"),
        (lambda: lesson(Why=[[1.0, 2.0]]), "Why has the shape 1×2; expected 2×2"),
        (lambda: lesson(Wxh=[[1.0, np.nan], [0, 0]]), "Wxh, row 1, column 2: not a finite number"),
        (lambda: lesson(bh=[1.0, 2.0, 3.0]), "bh has the shape 3; expected 2×1"),
        (lambda: lesson(bh=[1.0, True]), "bh does not consist of numbers only"),
        (lambda: lesson(by=["1", "2"]), "by does not consist of numbers only"),
        (lambda: lesson(Wxh=np.ones((2, 2), complex)), "Wxh does not consist of numbers only"),
        (lambda: lesson(initial={"h_0": [0.0, 0.0, 0.0]}), "h_0 has the shape 3; expected 2×1"),
        (lambda: lesson("abc"), "letter 3 of the word, 'c', is not in the vocabulary"),
        (lambda: lesson("a"), "the text 'a' is too short"),
        (lambda: lesson(steps=-1), "-1"),
        (lambda: lesson(steps=2.5), "2.5"),
        (lambda: lesson(vocabulary=("a", "a")), "data.vocabulary has 'a' twice"),
        (lambda: lesson(vocabulary=("a", 2)), "2"),
        (lambda: rnnsheet.check("nowhere.xlsx"), "nowhere.xlsx: there is no such file"),
        (lambda: rnnsheet.load("helo"), "did you mean hello"),
        (lambda: rnnsheet.export("hello", language="fr"), "there is no language 'fr'"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, monkeypatch, make, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rnnsheet.RnnsheetError) as caught:
        make()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("vocabulary", [["a", "b"], "ab"], ids=["list", "text"])
def test_a_vocabulary_may_be_any_row_of_letters(tmp_path, vocabulary):
    np.testing.assert_array_equal(lesson(vocabulary=vocabulary).run()["p"], lesson().run()["p"])


def test_a_lesson_keeps_its_numbers_whatever_happens_to_the_array_it_was_made_of():
    given = np.array(WEIGHTS["Wxh"])
    mine = lesson(Wxh=given)
    given[:] = 0
    np.testing.assert_array_equal(mine.model.parameters["Wxh"], WEIGHTS["Wxh"])
    with pytest.raises(ValueError, match="read-only"):
        mine.model.parameters["Wxh"][0, 0] = 1


def test_one_number_stands_for_all_units():
    short, long = (
        lesson(initial={"h_0": 0.5}, bh=0.25, by=0.125),
        lesson(initial={"h_0": [0.5, 0.5]}, bh=[0.25, 0.25], by=[0.125, 0.125]),
    )
    for name in ("z", "h", "y", "p", "loss_t", "dz", "dWxh", "dWhy"):
        np.testing.assert_array_equal(short.run()[name], long.run()[name])
    np.testing.assert_allclose(short.run()["dbh"], long.run()["dbh"].sum(keepdims=True))


def test_every_array_comes_as_a_frame_of_the_same_numbers():
    trace = rnnsheet.load("hello").run()
    assert trace.frames.keys() == trace.arrays.keys()
    for name, frame in trace.frames.items():
        assert (frame.to_numpy() == trace[name]).all()
        assert name.startswith("dW") or name in ("loss", "dbh") or list(frame.columns) == [1, 2, 3, 4]
    assert list(trace.frame("dWxh").columns) == list("helo")
    assert list(trace.frame("dWhy").index) == list("helo")
    assert list(trace.frame("dWhy_t").index)[:2] == ["h 1", "e 1"]
    assert list(trace.frame("x").index) == list("helo")
    assert list(trace.frame("z").index) == ["1", "2", "3"]


def test_a_network_is_checked_once(monkeypatch):
    """However often a lesson is changed in what it reads, or is set to, and not in its network."""
    checked, resolved = [], checks._resolved
    monkeypatch.setattr(checks, "_resolved", lambda *given: checked.append(given) or resolved(*given))
    order = rnnsheet.load("order")
    list(order.train(epochs=1))
    replace(order, settings=replace(order.settings, epochs=3))
    assert len(checked) == 1
    with pytest.raises(rnnsheet.LessonError):
        replace(order, vocabulary=order.vocabulary[1:])
    assert len(checked) == 2
