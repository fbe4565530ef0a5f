"""What is typed into the workbook of an imported network: a wrong entry gives no number without a word."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.engine.imported import run
from rnnsheet.labels import labels
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Numbers, Text
from rnnsheet.network.imported.packing import packed, unpacked
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from rnnsheet.workbook.worksheet import CellError
from tests.imported_networks import NETWORKS, moods, namer, recurrent, speller, weights
from tests.test_engines import skip_without
from tests.test_typing import FINE, SLOWER, Book, again

SAY = labels("en")
BAD = ["", "abc", "=1/0", "TRUE", "１"]


def clerk() -> ImportedNetwork:
    """Reads the numbers of tokens, as of a file without a vocabulary."""
    return ImportedNetwork(
        "clerk",
        Text("words", tuple(map(str, range(7))), 5, "0 1 2 3 4", padding="after"),
        (
            ImportedLayer("embedding", "emb", weights={"E": weights(7, 3)}),
            ImportedLayer("lstm", "rnn", ("emb",), weights=recurrent("ifgo", 4, 3)),
            ImportedLayer("last", "last", ("rnn",)),
            ImportedLayer("dense", "says", ("last",), weights={"Wa": weights(2, 4)}, activation="softmax"),
        ),
        ("no", "yes"),
        assumed=(("token_numbers", {}),),
    )


ALL = {**NETWORKS, "clerk": clerk}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("typed")


def book_of(folder, name: str) -> Book:
    return again(folder / f"{name}.xlsx", ALL[name]())


@pytest.fixture
def clerks(folder):
    return book_of(folder, "clerk")


def block(book: Book, name: str):
    return next(each for each in book.blocks if each.name == name and each.kind == "input")


def results(book: Book) -> list[object]:
    """Every cell that tells what the network says, on its sheet and on the first."""
    told = [each for each in book.blocks if each.name in ("says", "confidence", "so_far", "top", "top_says")]
    told += [each for each in book.blocks if each.trace == "shown"]
    return ["" if value is None else value for each in told for row in book.values(each) for value in row]


def error_cells(book: Book) -> int:
    return sum(len(book.errors(sheet)) for sheet in book.sheets)


def failures(book: Book, path) -> list[object]:
    """What the check of the book finds wrong, as it stands now."""
    book.recalculate()
    book.model.save_to_xlsx(str(path))
    return [block.first_failure for block in rnnsheet.check(path).blocks if block.failed]


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("moods", "speller", "medley")])
def test_nothing_is_wrong_before_anything_is_typed(folder, name):
    book = book_of(folder, name)
    assert book.state == FINE
    assert "" not in results(book)


@settings(max_examples=20)
@given(st.data(), st.sampled_from(sorted(ALL)), st.sampled_from(BAD))
def test_a_weight_that_is_no_number_is_named_and_nothing_is_said(folder, data, name, typed):
    """MMULT takes numbers alone: none of its errors goes further."""
    book = book_of(folder, name)
    places = [each for each in book.blocks if each.entry == "number" and each.area.sheet.startswith("W")]
    area = data.draw(st.sampled_from(places)).area
    down, right = data.draw(st.integers(0, area.rows - 1)), data.draw(st.integers(0, area.cols - 1))
    book.type(area.part(down, right), typed)
    row = area.part(down, 0, 1, area.cols)
    assert book.state == f"{row.sheet} {row.a1}: {SAY('message.unusable')}"
    assert set(results(book)) == {""}
    assert error_cells(book) == (typed == "=1/0")


@pytest.mark.parametrize("name", ["clerk", "counter", "speller"])
@pytest.mark.parametrize("typed", ["abc", "=1/0", "TRUE", "1E+200"])
def test_the_check_names_the_cell_of_a_weight_that_is_none(folder, tmp_path, name, typed):
    book = book_of(folder, name)
    area = next(each for each in book.blocks if each.area.sheet.startswith("W") and each.entry).area
    book.type(area.part(0, area.cols - 1), typed)
    with pytest.raises(rnnsheet.WorkbookError, match=rf"{area.sheet}!{area.part(0, area.cols - 1).a1}\b"):
        failures(book, tmp_path / "book.xlsx")


@pytest.mark.parametrize(
    ("typed", "said"), [("101", "large"), ("-1E+99", "large"), ("1E+101", "unusable_large")]
)
def test_a_weight_that_is_too_large_is_named(clerks, typed, said):
    area = block(clerks, "Wa_says").area
    clerks.type(area.part(1, 2), typed)
    assert clerks.state == f"W4_says {area.part(1, 0, 1, 4).a1}: {SAY(f'message.{said}', usual=100)}"
    assert error_cells(clerks) == 0
    assert ("" in results(clerks)) == (said != "large")


def test_what_is_usual_is_known_from_the_weights_that_were_given(tmp_path):
    network = clerk()
    layers = (*network.layers[:-1], replace(network.layers[-1], weights={"Wa": 150 * np.ones((2, 4))}))
    network = replace(network, layers=layers, usual=0.0)
    assert unpacked(packed(network)).usual == network.usual == 1000
    book = Book(network, tmp_path / "book.xlsx")
    assert book.state == FINE
    book.type(block(book, "Wa_says").area, "2000")
    assert "unusually large number, beyond ±1000" in book.state
    assert failures(book, tmp_path / "typed.xlsx") == []


def test_numbers_that_grow_past_a_cell_are_told_and_nothing_is_said(tmp_path):
    layer = ImportedLayer("elman", "says", weights={"Wxh": [[1.0]], "Whh": [[1.0]]}, activation="linear")
    book = Book(ImportedNetwork("grows", Numbers(np.ones((1, 5))), (layer,)), tmp_path / "book.xlsx")
    book.type(block(book, "Whh_says").area, "1E+90")
    assert "unusually large" in book.state
    assert set(results(book)) == {""}
    wrong = [each for each in book.blocks if each.name == "wrong"]
    assert book.value(wrong[-1].area) == 1


@pytest.mark.parametrize("typed", BAD)
def test_a_number_that_is_read_and_is_none_is_named_and_counts_as_0(folder, tmp_path, typed):
    book, area = book_of(folder, "counter"), block(book_of(folder, "counter"), "numbers").area
    book.type(area.part(1, 2), typed)
    assert book.state == f"Network {area.part(1, 0, 1, 5).a1}: {SAY('message.no_number')}"
    assert error_cells(book) == (typed == "=1/0")
    x = next(each for each in book.blocks if each.name == "x")
    assert book.values(x)[1][2] == 0
    with pytest.raises(rnnsheet.WorkbookError, match=rf"Network!{area.part(1, 2).a1}\b"):
        failures(book, tmp_path / "book.xlsx")


def test_a_number_that_is_read_and_too_large_is_named(folder):
    book, area = book_of(folder, "counter"), block(book_of(folder, "counter"), "numbers").area
    for typed, said in (("427", "large"), ("1E+200", "ignored_large")):
        book.type(area, typed)
        assert book.state == f"Network {area.part(0, 0, 1, 5).a1}: {SAY(f'message.{said}', usual=100)}"
        assert error_cells(book) == 0


@pytest.mark.parametrize("name", ["clerk", "moods", "counter", "namer"])
@pytest.mark.parametrize("typed", ["", "=1/0"])
def test_an_answer_without_a_label_is_named_and_floods_nothing(folder, tmp_path, name, typed):
    book = book_of(folder, name)
    area = block(book, "labels").area
    book.type(area, typed)
    assert book.state == f"Vocabulary {area.part().a1}: {SAY('message.no_entry')}"
    assert error_cells(book) == (typed == "=1/0")
    with pytest.raises(rnnsheet.WorkbookError, match=rf"Vocabulary!{area.part().a1}\b"):
        failures(book, tmp_path / "book.xlsx")


def test_an_answer_may_be_called_otherwise_but_not_as_another(clerks, tmp_path):
    area = block(clerks, "labels").area
    clerks.type(area.part(1), "No")
    assert clerks.state == FINE
    assert failures(clerks, tmp_path / "other.xlsx") == []
    clerks.type(area.part(1), "no")
    assert clerks.state == f"Vocabulary {area.part().a1}: {SAY('message.twice')}"
    assert failures(clerks, tmp_path / "twice.xlsx") == []


@pytest.mark.parametrize("name", ["clerk", "moods", "speller"])
@pytest.mark.parametrize("typed", ["", "=1/0"])
def test_an_entry_of_the_vocabulary_that_is_none_is_named(folder, tmp_path, name, typed):
    book = book_of(folder, name)
    cell = block(book, "vocabulary").area.part(3)
    book.type(cell, typed)
    assert book.state == f"Vocabulary {cell.a1}: {SAY('message.no_entry')}"
    assert error_cells(book) == (typed == "=1/0")
    with pytest.raises(rnnsheet.WorkbookError, match=rf"Vocabulary!{cell.a1}\b"):
        failures(book, tmp_path / "book.xlsx")


@pytest.mark.parametrize("compared", [1000, 0])
def test_a_word_that_the_vocabulary_has_twice_is_named(tmp_path, monkeypatch, compared):
    """Of very many words those alone that are read."""
    monkeypatch.setattr("rnnsheet.sheet.imported.vocabulary._COMPARED", compared)
    book = Book(clerk(), tmp_path / "clerk.xlsx")
    tokens, cell = block(book, "vocabulary").area, block(book, "text").area
    for row, typed in ((1, "0"), (6, "5")):
        book.type(tokens.part(row), typed)
        twice = f"Vocabulary {tokens.part(row).a1}: {SAY('message.twice')}"
        assert book.state == (twice if compared or row == 1 else FINE)
        assert failures(book, tmp_path / f"{row}.xlsx") == []
        book.type(tokens.part(row), str(row))
        assert book.state == FINE
    book.type(tokens.part(1), "0")
    book.type(cell, "3 1")
    assert (SAY("message.left_out_words") in book.state) == (not compared)


def test_another_form_of_a_word_has_the_number_of_a_token(tmp_path):
    network = moods()
    network = replace(network, read=replace(network.read, forms={"liked": 2, "hated": 3}))
    book, says = Book(network, tmp_path / "book.xlsx"), SAY("message.no_token")
    numbers, forms = block(book, "form_numbers").area, block(book, "forms").area
    fine = book.state
    for typed in ("1.5", "-1", "99", "", "abc"):
        book.type(numbers.part(1), typed)
        assert book.state == f"Vocabulary {forms.part(1).a1}: {says}"
        with pytest.raises(rnnsheet.WorkbookError, match=rf"Vocabulary!{numbers.part(1).a1}\b"):
            failures(book, tmp_path / f"wrong{typed}.xlsx")
    book.type(numbers.part(1), "1")
    assert book.state == fine
    assert failures(book, tmp_path / "right.xlsx") == []


@pytest.mark.parametrize(
    ("typed", "said", "speaks"),
    [
        ("0 1 2", FINE, True),
        ("1, 2, 3", FINE, True),
        ("-1", "not_whole", True),
        ("1.5", "not_whole", True),
        ("1/2", "not_whole", True),
        ("", "nothing_typed", False),
        ("?", "nothing_typed", False),
        ("9", "nothing", False),
        ("=1/0", "typed_error", False),
        ("1 x", "left_out_words", True),
    ],
)
def test_what_is_no_token_is_named_and_without_one_nothing_is_said(clerks, tmp_path, typed, said, speaks):
    cell = block(clerks, "text").area
    clerks.type(cell, typed)
    told = FINE if said == FINE else f"Network {cell.a1}: {SAY(f'message.{said}')}"
    assert clerks.state == told
    assert error_cells(clerks) == (typed == "=1/0")
    assert ("" not in results(clerks)) == (set(results(clerks)) != {""}) == speaks
    if typed == "=1/0":
        with pytest.raises(rnnsheet.WorkbookError, match=rf"Network!{cell.a1}\b"):
            failures(clerks, tmp_path / "book.xlsx")
    else:
        assert failures(clerks, tmp_path / "book.xlsx") == []


@pytest.mark.parametrize(
    ("name", "typed", "first"),
    [
        ("clerk", "１ ２", "１"),
        ("clerk", "1 ２", "２"),
        ("moods", "ｇｏｏｄ", "ｇｏｏｄ"),
        ("namer", "ａb", "ａ"),
        ("speller", "aｂ", "ｂ"),
    ],
)
def test_full_width_letters_are_named_as_what_they_are(folder, tmp_path, name, typed, first):
    book = book_of(folder, name)
    book.type(block(book, "text").area, typed)
    assert f"“{first}”: {SAY('message.is_full_width')} " in book.state
    assert failures(book, tmp_path / "book.xlsx") == []


@pytest.mark.parametrize("network", [moods, namer, clerk, speller, NETWORKS["estimator"]])
def test_a_network_that_reads_nothing_says_nothing_in_numpy_as_well(network):
    trace = run(network(), "")
    assert set(trace["shown"].ravel()) == {""}
    for name in {"says", "confidence", "top", "top_says"} & trace.arrays.keys():
        assert set(trace[name].ravel()) == {""}


def test_what_is_put_behind_nothing_is_nothing_that_is_typed(folder, tmp_path):
    """The speller reads an end behind each text."""
    book = book_of(folder, "speller")
    book.type(block(book, "text").area, "")
    assert SAY("message.nothing_typed") in book.state
    assert set(results(book)) == {""}
    assert failures(book, tmp_path / "book.xlsx") == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "ironcalc"])
def test_every_engine_says_the_same_of_what_is_typed(folder, tmp_path, engine):
    """Each entry in a workbook of its own; IronCalc's word for it is the expected one."""
    skip_without(engine)
    entries = [
        *(("clerk", "text", typed) for typed in ("", "-1", "１ ２", "9", "=1/0")),
        *(("clerk", "Wxi_rnn", typed) for typed in ("", "abc", "=1/0", "1E+101", "427")),
        *(("moods", "Wxf_there", typed) for typed in ("", "abc", "=1/0")),
        *(("moods", "E_emb", typed) for typed in ("", "=1/0")),
        *(("clerk", "labels", typed) for typed in ("", "=1/0", "yes")),
        *(("moods", "vocabulary", typed) for typed in ("", "=1/0", "cat")),
        *(("counter", "numbers", typed) for typed in ("", "abc", "1E+200")),
    ]
    for number, (name, into, typed) in enumerate(entries[SLOWER.get(engine, slice(None))]):
        book = book_of(folder, name)
        book.type(block(book, into).area.part(int(into == "vocabulary")), typed)
        state, said = book.state, results(book)
        book.model.save_to_xlsx(str(tmp_path / f"{number}.xlsx"))
        with recalculations([ENGINES[engine]], read(opened(tmp_path / f"{number}.xlsx"))) as running:
            values = running[engine].values()
        assert {values.of(each.area)[0] for each in book.blocks if each.name == "state"} == {state}
        found = [values.of(each.area) for each in book.blocks if each.name == "says"]
        assert (set(said) == {""}) == (not any(value for row in found for value in row))
        cells = [each for sheet in values.sheets.values() for each in sheet.values()]
        assert sum(isinstance(each, CellError) for each in cells) == (typed == "=1/0")
