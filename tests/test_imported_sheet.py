"""The workbook of an imported network: every engine finds what NumPy finds, whatever is typed."""

import re
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.engine.imported import run
from rnnsheet.errors import ModelError, WorkbookError
from rnnsheet.labels import labels, languages
from rnnsheet.network.imported import ImportedLayer, ImportedNetwork, Numbers, Text
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook.input_reader import read_inputs
from rnnsheet.workbook.manifest_reader import Manifest
from rnnsheet.workbook.package import opened as opened_package
from rnnsheet.workbook.read import read
from rnnsheet.workbook.worksheet import CellError
from rnnsheet.workbook.write import write
from tests.imported_networks import (
    ANY_CELL,
    NETWORKS,
    counter,
    medley,
    moods,
    namer,
    recurrent,
    speller,
    trained,
    typed_texts,
    weights,
)
from tests.planned import blocks_in_english, filled, referred, taken
from tests.test_checking import failures
from tests.test_engines import skip_without
from tests.test_sheet import EXCEL_COLUMNS, EXCEL_FORMULA, EXCEL_ROWS, EXCEL_SHEET_NAME, excel_takes
from tests.typist import Typist, marked

EXCEL_NESTING = 64
PUT_TOGETHER = ("last", "flatten", "masked", "concat", "add", "mean", "product")
GATES = {"elman": "h", "lstm": "ifgo", "gru": "run", "gru-before": "run"}


def export(network: ImportedNetwork, path: Path, language: str = "en") -> Path:
    trace = run(network, network.read.sample)
    write(plan(network, language), lambda block: block.expected(trace), path)
    return path


def differences(network: ImportedNetwork, value, tolerance: float = 1e-12, lang: str = "en") -> list[tuple]:
    """The cells of formulas that are not what NumPy finds; sentences must only be no errors."""
    found = []
    trace = run(network, network.read.sample)
    for block in plan(network, lang).blocks():
        if block.kind != "formula":
            continue
        for down, row in enumerate(block.expected(trace)):
            for right, expected in enumerate(row):
                area = block.area.part(down, right)
                got = value(area.sheet, area.row, area.col)
                if not matches(got, expected, block.words, tolerance):
                    found.append((block.name, area.sheet, area.a1, expected, got))
    return found


def found_by(path: Path, engine: str = "ironcalc"):
    """The value of each cell as an engine finds it."""
    with recalculations([ENGINES[engine]], read(opened_package(path))) as running:
        return running[engine].values().value


def matches(got, expected, is_sentence: bool, tolerance: float) -> bool:
    if isinstance(got, CellError):
        return False
    if is_sentence:
        return bool(got) == bool(expected)
    if isinstance(expected, str):
        return (got or "") == expected
    return isinstance(got, int | float) and abs(got - expected) <= tolerance * max(1, abs(expected))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trained")
    return {name: export(network(), folder / f"{name}.xlsx") for name, network in NETWORKS.items()}


@pytest.mark.slow
@settings(max_examples=20)
@given(trained())
def test_every_cell_of_any_network_is_what_numpy_finds(tmp_path_factory, network):
    path = export(network, tmp_path_factory.mktemp("book") / "book.xlsx")
    assert differences(network, found_by(path)) == []


READINGS = [
    ("emb",),
    ("end",),
    ("emb", "rnn"),
    ("end", "emb"),
    ("emb", "end"),
    ("end", "flat"),
    ("flat", "emb"),
]


@pytest.mark.slow
@pytest.mark.parametrize("masked", [False, True])
def test_every_kind_of_layer_may_read_what_is_computed_once_and_what_is_not(tmp_path, masked):
    """One network with a layer of each kind over each of these, as far as such a layer can be."""
    read = Text("words", ("", "a", "b"), 4, "a b b", masked=masked)
    emb = ImportedLayer("embedding", "emb", weights={"E": weights(3, 2)})
    rnn = ImportedLayer("elman", "rnn", ("emb",), weights=recurrent("h", 2, 2))
    end, flat = ImportedLayer("last", "end", ("rnn",)), ImportedLayer("flatten", "flat", ("rnn",))
    network = ImportedNetwork("readings", read, (emb, rnn, end, flat))
    for kind, reads in product((*ANY_CELL, "dense", "attention", "activation", *PUT_TOGETHER), READINGS):
        size = sum(map(network.size, reads))
        own = {
            "dense": {"Wa": weights(3, size)},
            "attention": {"Wq": weights(1, size)},
            **{cell: recurrent(gates, 3, size) for cell, gates in GATES.items()},
        }
        name, activation = f"layer{len(network.layers)}", "softmax" if kind == "activation" else ""
        layer = ImportedLayer(kind, name, reads, weights=own.get(kind, {}), activation=activation)
        with suppress(ModelError):
            network = replace(network, layers=(*network.layers, layer))
    assert {layer.kind for layer in network} >= {*ANY_CELL, "dense", "attention", "activation", *PUT_TOGETHER}
    assert len(network.layers) > 60
    path = export(network, tmp_path / "book.xlsx")
    assert differences(network, found_by(path)) == []


EVERY_NETWORK = [*NETWORKS.values(), lambda: moods("", 10), lambda: speller("A~?* b")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "engine"),
    # Two start slowly; of what they get one is masked, one answers, one reads numbers, one has each kind.
    [
        *product(EVERY_NETWORK, ("ironcalc", "gnumeric")),
        *product((moods, speller, counter, medley), ("libreoffice",)),
        *product((speller, medley), ("formulon",)),
    ],
)
def test_every_engine_finds_what_numpy_finds(tmp_path, engine, network):
    skip_without(engine)
    path = export(network(), tmp_path / "book.xlsx", "zh")
    assert differences(network(), found_by(path, engine), lang="zh") == []
    if engine == "ironcalc":
        # Of the others the check reads what was just compared.
        assert failures(rnnsheet.check(path, engine=engine)) == []


TYPED = [
    *(
        "",
        " ",
        "?",
        "~",
        "*",
        "the",
        "THE CAT",
        "the\tcat\nsat",
        "(the) “cat” — sat…",
        "don't DON'T don’t DON’T dont",
    ),
    *("the the the the the the the the bad", "no such words", "films", "oov OOV", "7 seven", "c?t t* ~the"),
    *("the " * 60 + "good bad " * 9, "sat " + "dog " * 70, "good " * 70 + "dog " * 60 + "cat bad"),
    *("Été été ete", "the " * 200, "the" * 200, "sat-good/bad_movie"),
]


@pytest.mark.parametrize("typed", TYPED)
def test_any_text_typed_is_read_as_numpy_reads_it(books, typed):
    check_typed(books["moods"], moods(typed))


LETTERS = ["", "a", "A", "abcABC", "aXb", "?*~ ~", "cab cab cab", " ", "b" * 200, "</s>", "a" * 62 + "bc" * 3]


@pytest.mark.parametrize("typed", LETTERS)
@pytest.mark.parametrize("network", [speller, medley])
def test_any_letters_typed_are_read_as_numpy_reads_them(books, network, typed):
    check_typed(books[network.__name__], network(typed))


@settings(max_examples=15)
@given(typed_texts(words=True))
def test_what_anyone_types_is_read_as_numpy_reads_it(books, typed):
    check_typed(books["moods"], moods(typed))


def check_typed(book: Path, network: ImportedNetwork) -> None:
    """Types the network's sample into a book of the same network with another one."""
    typist = opened(book)
    typed = next(block for block in plan(network, "en").blocks() if block.name == "text")
    typist.type(typed.area, f"'{network.read.sample}" if network.read.sample else "")
    assert differences(network, typist.cell) == []


@cache
def opened(book: Path) -> Typist:
    return Typist(book)


def test_numbers_typed_and_left_empty_are_read(books):
    typist, network = Typist(books["counter"]), counter()
    area = next(block for block in plan(network, "en").blocks() if block.name == "numbers").area
    sample = network.read.sample.copy()
    for place, text, number in (((0, 1), "2.5", 2.5), ((1, 3), "", 0.0)):
        typist.type(area.part(*place), text)
        sample[place] = number
    found = differences(replace(network, read=Numbers(sample)), typist.cell)
    # The empty cell is named; all else is as with a 0 in it.
    assert {name for name, *_ in found} == {"fault", "wrong", "status"}


@pytest.mark.parametrize(
    ("typed", "unknown", "said"),
    [
        ("the cat", None, ["", ""]),
        ("the dog", None, ["left_out_words", ""]),
        ("the dog", 10, ["read_as_unknown", ""]),
        ("dog", None, ["nothing", ""]),
        ("", 10, ["nothing_typed", ""]),
        ("the cat sat the cat sat the", None, ["", "loses_beginning"]),
        ("dog cat sat the cat sat the", None, ["left_out_words", ""]),
        ("the " * 65, None, ["", "loses_beginning"]),
        ("dog " + "the cat " * 32, None, ["", "loses_beginning"]),
        ("the " + "dog " * 58 + "the " * 6, None, ["left_out_words", "loses_beginning"]),
        ("the " + "dog " * 59 + "the " * 5, None, ["left_out_words", "cut_beginning"]),
    ],
)
def test_the_first_sheet_says_what_becomes_of_the_text(tmp_path, typed, unknown, said):
    network = moods(typed, unknown)
    value = found_by(export(network, tmp_path / "book.xlsx"))
    told = [b for b in plan(network, "en").blocks() if b.name == "status" and b.area.sheet == "Network"][:2]
    expected = [labels("en")(f"message.{key}", room=6, looked=64) if key else "" for key in said]
    assert [block.values[0][0] for block in told] == expected
    areas = [block.area for block in told]
    assert [value(area.sheet, area.row, area.col) for area in areas] == expected


@pytest.mark.parametrize("around", ["begin", "end"])
def test_what_stands_around_a_text_is_nothing_that_is_typed(tmp_path, around):
    """Of it alone a network could be asked, but nobody who empties the cell asks that."""
    network = moods("", 10)
    network = replace(network, read=replace(network.read, **{around: 1}))
    value = found_by(export(network, tmp_path / "book.xlsx"))
    told = next(b for b in plan(network, "en").blocks() if b.name == "status" and b.area.sheet == "Network")
    said = labels("en")("message.nothing_typed")
    assert told.values[0][0] == said == value("Network", told.area.row, told.area.col)


def test_the_state_before_the_first_step_has_its_word_above_it():
    """Of a layer that reads backward it stands behind the last step."""
    book, said = plan(moods(), "en"), labels("en")("unrolled.before")
    for sheet, behind in (("L2_there", False), ("L3_back", True)):
        page = next(page for page in book.sheets if page.name == sheet)
        (steps,) = [block.area for block in page.blocks if block.name == "t"]
        (head,) = [(text.row, text.col) for text in page.texts if text.text == said]
        assert head == (steps.row, steps.col + steps.cols if behind else steps.col - 1)


def test_each_unknown_word_is_named(tmp_path):
    network = moods("the dog cat")
    value = found_by(export(network, tmp_path / "book.xlsx", "zh"))
    area = next(b for b in plan(network, "zh").blocks() if b.name == "status" and b.area.sheet == "文本").area
    said = [value(area.sheet, area.row, area.col + right) or "" for right in range(4)]
    assert said == ["", labels("zh")("message.not_known"), "", ""]


@pytest.mark.parametrize("network", NETWORKS.values())
def test_a_book_read_back_is_the_network(tmp_path, network):
    given = network()
    back = read_back(export(given, tmp_path / "book.xlsx"))
    labelled = given.labels or (() if given.says_numbers else ("0", "1"))
    assert back == replace(given, read=back.read, layers=back.layers, labels=labelled)
    if isinstance(given.read, Text):
        assert back.read == given.read
    else:
        np.testing.assert_array_equal(back.read.sample, given.read.sample)
    for mine, theirs in zip(back.layers, given.layers, strict=True):
        assert replace(mine, weights={}) == replace(theirs, weights={})
        assert mine.weights.keys() == theirs.weights.keys()
        for name, array in mine.weights.items():
            np.testing.assert_array_equal(array, theirs.weights[name])


def read_back(path: Path) -> ImportedNetwork:
    contents = read(opened_package(path))
    return read_inputs(Manifest(contents), contents.value)


@pytest.mark.slow
@settings(max_examples=15)
@given(trained())
def test_any_book_read_back_has_the_same_plan(tmp_path_factory, network):
    back = read_back(export(network, tmp_path_factory.mktemp("book") / "book.xlsx"))
    mine, theirs = (list(plan(each, "en").blocks()) for each in (back, network))
    assert [(b.name, b.area, b.fills and b.formulas()) for b in mine] == [
        (b.name, b.area, b.fills and b.formulas()) for b in theirs
    ]


@pytest.mark.parametrize(("typed", "reason"), [(None, "empty"), ("x", "other"), (True, "other")])
def test_a_weight_that_is_no_number_is_told_with_its_cell(tmp_path, typed, reason):
    path = export(moods(), tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(path)
    area = next(block for block in plan(moods(), "en").blocks() if block.name == "Wa_says").area.part(1, 2)
    book[area.sheet].cell(area.row, area.col).value = typed
    book.save(path)
    with pytest.raises(WorkbookError) as caught:
        read_back(path)
    assert caught.value.key == f"{reason}_number"
    assert caught.value.place == f"{path}: {area.sheet}!{area.a1}"


@pytest.mark.slow
def test_an_emptied_text_is_read_as_nothing(tmp_path):
    """openpyxl saves the empty cell as a number without one; what engines open is a copy."""
    path = export(moods(), tmp_path / "moods.xlsx")
    book = openpyxl.load_workbook(path)
    book["Network"]["B5"] = None
    book.save(path)
    report = rnnsheet.check(path)
    assert (failures(report), report.ok) == ([], True)


@settings(max_examples=20)
@given(trained())
def test_no_two_things_stand_in_one_cell(network):
    places = taken(plan(network, "en"))
    assert len(places) == len(set(places))


@settings(max_examples=10)
@given(trained())
def test_every_formula_refers_to_planned_cells_only(network):
    planned = plan(network, "en")
    assert referred(planned) <= filled(planned)


@pytest.mark.parametrize(("name", "value"), [("forecaster", "a_says"), ("estimator", "out_last")])
def test_the_first_sheet_shows_the_numbers_that_the_network_says(name, value):
    network = NETWORKS[name]()
    trace = run(network, network.read.sample)
    (shown,) = (b for b in plan(network, "en").sheets[0].blocks if b.style == "result")
    assert np.ravel(shown.expected(trace)).tolist() == np.ravel(trace[value]).tolist()


@settings(max_examples=15)
@given(trained())
def test_formulas_and_names_are_such_as_excel_takes(network):
    planned = plan(network, "en")
    for block in planned.blocks():
        formulas = {text for row in block.formulas() for text in row}
        assert all(formulas) if block.fills else not any(formulas)
        assert all(len(text) < EXCEL_FORMULA and depth(text) <= EXCEL_NESTING for text in formulas)
        assert block.area.row + block.area.rows <= EXCEL_ROWS
        assert block.area.col + block.area.cols <= EXCEL_COLUMNS
    names = [sheet.name for sheet in planned.sheets]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) and len(name) <= EXCEL_SHEET_NAME for name in names)
    assert len({name.lower() for name in planned.names}) == len(planned.names)
    assert all(map(excel_takes, planned.names))
    assert network.says_numbers or {"says", "said", "labels"} <= planned.names.keys()


def depth(formula: str) -> int:
    """How many brackets are open at most, strings left out."""
    deepest = opened = 0
    for sign in re.sub(r'"[^"]*"', "", formula):
        opened += (sign == "(") - (sign == ")")
        deepest = max(deepest, opened)
    return deepest


@pytest.mark.parametrize("network", NETWORKS.values())
def test_formulas_and_places_are_the_same_in_every_language_but_for_the_names_of_sheets(network):
    first, *others = (blocks_in_english(plan(network(), language)) for language in languages())
    assert others
    assert all(other == first for other in others)


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from(["A", "b", "=1+1", "", "~*?", "中"]), min_size=11, max_size=11),
    typed_texts(True),
)
def test_formulas_and_places_do_not_depend_on_texts(tokens, typed):
    network = moods()
    other = replace(
        network,
        name="another",
        read=replace(network.read, tokens=tuple(tokens), sample=typed),
        labels=(" ", "x", "="),
    )
    mine, theirs = (
        [(block.name, block.area, block.fills and block.formulas()) for block in plan(each, "en").blocks()]
        for each in (network, other)
    )
    assert mine == theirs


def test_a_book_does_not_tell_the_folders_of_who_made_it():
    network = replace(moods(), source="/home/someone/secret/moods.keras")
    planned = plan(network, "en")
    texts = [text.text for sheet in planned.sheets for text in sheet.texts]
    assert any("moods.keras" in text for text in texts)
    assert not any("secret" in text for text in texts)


def test_a_large_layer_is_a_product_of_matrices():
    formulas = {b.name: b.formulas()[0][0] for b in plan(moods(), "en").blocks() if b.fills}
    assert re.fullmatch(
        r"IF\(W6_says!\$A\$4=1,SUM\(MMULT\(W6_says![A-Z]+\d+:[A-Z]+\d+,"
        r"L5_att!\$?[A-Z]+\$\d+:\$?[A-Z]+\$\d+\)\),0\)",
        formulas["y_says"],
    )


def wide(units: int, features: int) -> ImportedNetwork:
    """An LSTM that reads six time steps of numbers, at the end of which a dense layer says one of two."""
    return ImportedNetwork(
        "wide",
        Numbers(weights(features, 6)),
        (
            ImportedLayer("lstm", "lstm", weights=recurrent("ifgo", units, features)),
            ImportedLayer("last", "last", ("lstm",)),
            ImportedLayer(
                "dense", "says", ("last",), weights={"Wa": weights(1, units)}, activation="sigmoid"
            ),
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("units", "features"), [(32, 3), (80, 1), (4, 200)])
def test_libreoffice_sees_no_circle_where_there_is_none(tmp_path, units, features):
    """In threads, LibreOffice 7.4 shows Err:522 in networks of these sizes."""
    skip_without("libreoffice")
    path = export(wide(units, features), tmp_path / "wide.xlsx")
    assert failures(rnnsheet.check(path, engine="libreoffice")) == []


def test_a_network_without_room_is_refused():
    weights_ = {"Wxh": np.zeros((1, 17_000)), "Whh": np.zeros((1, 1))}
    layer = ImportedLayer("elman", "wide", weights=weights_)
    with pytest.raises(ModelError) as caught:
        plan(ImportedNetwork("wide", Numbers(np.zeros((17_000, 1))), (layer,)), "en")
    assert caught.value.key == "no_room"


@pytest.mark.parametrize("name", ["moods", "speller"])
def test_the_row_that_is_marked_is_that_of_what_the_network_says(books, name):
    network = NETWORKS[name]()
    said = run(network, network.read.sample)["said"][0].astype(int)
    marks = [mark for sheet in plan(network, "en").sheets for mark in sheet.highlights]
    (area,) = [mark.area for mark in marks if mark.kind == "chosen"]
    assert marked(books[name], area) == {(row, step) for step, row in enumerate(said.tolist())}


@pytest.mark.parametrize("labels", [2, 30, 31])
def test_probabilities_are_drawn_where_they_are_few(labels):
    *layers, says = namer().layers
    network = replace(
        namer(),
        layers=(*layers, replace(says, weights={"Wa": weights(labels, 6)})),
        labels=tuple(f"name {number}" for number in range(labels)),
    )
    assert sum(len(sheet.charts) for sheet in plan(network, "en").sheets) == (labels <= 30)


def test_what_is_an_input_can_be_changed_and_nothing_else(books):
    book = openpyxl.load_workbook(books["moods"])
    for block in plan(moods(), "en").blocks():
        cell = book[block.area.sheet].cell(block.area.row, block.area.col)
        assert cell.protection.locked == (block.kind != "input"), block.name
