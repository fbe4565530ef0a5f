"""What is typed into a workbook: a wrong entry gives no number without a word, the same on every sheet."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.labels import labels
from rnnsheet.network.reading import picture_of, reading
from rnnsheet.sheet.layout import plan
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from rnnsheet.workbook.worksheet import CellError
from tests.imported_networks import NETWORKS
from tests.lessons import hello
from tests.test_engines import skip_without
from tests.typist import Typist

FINE = labels("en")("message.fine")
SLOWER = {
    "gnumeric": slice(None, None, 2),
    "libreoffice": slice(None, None, 5),
    "formulon": slice(2, None, 12),
}
"""Of what is typed into every engine, what the slower ones are given."""


class Book(Typist):
    """A workbook to type into, by the names of its blocks."""

    def __init__(self, lesson, path, language="en"):
        super().__init__(rnnsheet.export(lesson, path, language))
        self.blocks = list(plan(lesson, language).blocks())

    def of(self, name: str, sheet: str = "Inputs"):
        return next(b for b in self.blocks if (b.name, b.area.sheet) == (name, sheet))

    def put(self, name: str, text: str, down: int = 0, right: int = 0, sheet: str = "Inputs") -> None:
        self.type(self.of(name, sheet).area.part(down, right), text)

    def row(self, name: str, sheet: str = "Unrolled") -> list[object]:
        return ["" if value is None else value for value in self.values(self.of(name, sheet))[0]]

    @property
    def state(self) -> str:
        """What every sheet says, which is the same."""
        said = {self.value(block.area) for block in self.blocks if block.name == "state"}
        assert len(said) == 1
        return said.pop()

    @property
    def losses(self) -> list[object]:
        """Every cell that shows a loss of the whole text."""
        return [
            row[0]
            for block in self.blocks
            if block.name == "loss" and block.area.sheet != "Gradient flow"
            for row in self.values(block)
        ]

    def no_errors(self, but: str = "") -> bool:
        """Whether no cell shows an error, but the one into which it was typed."""
        return all(not self.errors(sheet) for sheet in self.sheets if sheet != but)


@pytest.fixture
def imported(folder, request):
    return again(folder / f"{request.param}.xlsx", NETWORKS[request.param]())


@pytest.mark.parametrize("imported", ["forecaster", "counter", "moods"], indirect=True)
@pytest.mark.parametrize("typed", ["", "abc", "=1/0"])
def test_a_weight_of_an_imported_network_that_is_no_number_is_named_on_every_sheet(imported, typed):
    assert imported.state == FINE
    block = next(b for b in imported.blocks if b.entry == "number" and b.area.sheet.startswith("W"))
    last = block.area.part(block.area.rows - 1, block.area.cols - 1)
    imported.type(last, typed)
    row = block.area.part(block.area.rows - 1, 0, 1, block.area.cols)
    assert imported.state == f"{row.sheet} {row.a1}: {labels('en')('message.unusable')}"


@pytest.mark.parametrize("imported", ["forecaster"], indirect=True)
def test_a_text_among_the_numbers_that_an_imported_network_reads_is_named(imported):
    numbers = next(block for block in imported.blocks if block.name == "numbers")
    imported.type(numbers.area, "abc")
    row = numbers.area.part(0, 0, 1, numbers.area.cols)
    assert imported.state == f"Network {row.a1}: {labels('en')('message.no_number')}"
    assert imported.no_errors()


@pytest.mark.parametrize("imported", ["moods", "speller"], indirect=True)
def test_what_is_said_of_a_text_stands_on_every_sheet_of_an_imported_network(imported):
    typed = next(block for block in imported.blocks if block.entry == "text")
    imported.type(typed.area, "zzzz")
    said = imported.value(typed.area.part(1))
    assert said
    assert imported.state == f"Network {typed.area.a1}: {said}"


@pytest.mark.parametrize("imported", ["speller"], indirect=True)
def test_a_letter_that_is_twice_in_an_imported_vocabulary_is_named(imported):
    tokens = next(block for block in imported.blocks if block.name == "vocabulary")
    one, other = [row for row, (text,) in enumerate(tokens.values) if len(text) == 1][:2]
    imported.type(tokens.area.part(other), tokens.values[one][0])
    assert imported.state == f"Vocabulary {tokens.area.part(one).a1}: {labels('en')('message.twice')}"


def small(name: str) -> rnnsheet.Lesson:
    lesson = rnnsheet.load(name)
    return replace(lesson, settings=replace(lesson.settings, epochs=2, flow_steps=4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("typed")


@pytest.fixture
def book(folder):
    return again(folder / "hello.xlsx", hello())


def again(file, source) -> Book:
    """The workbook of a lesson or network, as it was written."""
    if not file.exists():
        return Book(source, file)
    again = Book.__new__(Book)
    Typist.__init__(again, file)
    again.blocks = list(plan(source, "en").blocks())
    return again


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("hello", FINE),
        ("he", FINE),
        ("", "nothing is typed, so nothing can be predicted"),
        ("h", "one letter alone: nothing follows it"),
        ("Hello", "“H”, t = 1: a capital letter"),
        ("heLlo", "“L”, t = 3: a capital letter"),
        ("hellO", "“O”, t = 4: a capital letter, which the vocabulary does not have. It cannot be predicted"),
        ("ｈello", "“ｈ”, t = 1: a full-width letter: switch the input method"),
        ("ｈｅｌｌｏ", "a full-width letter: switch the input method to half-width. Nothing of it is in"),
        (" hello", "“ ”, t = 1: a blank: delete it"),
        ("he llo", "“ ”, t = 3: a blank: delete it"),
        ("hel ", "“ ”, t = 4: a blank: delete it"),
        ("hello ", "it ends with a blank: delete the blank"),
        ("hello\u3000", "it ends with a blank: delete the blank"),
        ("\u3000hell", "“\u3000”, t = 1: a blank"),
        ("hel\u00a0o", "“\u00a0”, t = 4: a blank"),
        ("help", "“p”, t = 4: not in the vocabulary. It is read as nothing"),
        ("hellz", "“z”, t = 4: not in the vocabulary. It cannot be predicted, so its time step has no loss"),
        ("hellohello", "longer than the 5 letters"),
        ("=1/0", "an error instead of a text"),
        ("=hello", "an error instead of a text"),
        ("1234", "“1”, t = 1: not in the vocabulary. Nothing of it is in the vocabulary"),
    ],
)
def test_every_sheet_says_what_is_wrong_with_the_word(book, word, said):
    book.put("word", word)
    assert said in book.state
    assert book.no_errors(but="Inputs")
    assert len(book.errors("Inputs")) == word.startswith("=")
    nothing_asked = [letter for letter in word[1:5] if letter in "helo"] == [] or word.startswith("=")
    assert all((loss == "") == nothing_asked for loss in book.losses)


LETTERS = st.sampled_from("helo" * 4 + "HLzｈｏ \u3000é*~1")


@settings(max_examples=20)
@given(st.lists(LETTERS, max_size=7).map("".join))
def test_no_word_gives_a_plausible_number_without_a_word(book, word):
    book.put("word", f"'{word}" if word[:1].isdigit() else word)
    fits = 2 <= len(word) <= 5 and set(word) <= set("helo")
    assert (book.state == FINE) == fits
    assert book.no_errors()
    said = book.row("predicted")
    assert [bool(each) for each in said] == [step < len(word) for step in range(4)]
    if fits:
        trace = rnnsheet.Lesson("typed", hello().model, hello().vocabulary, word, steps=4).run()
        assert book.losses[0] == pytest.approx(trace["loss"].item(), rel=1e-12)


@settings(max_examples=10)
@given(st.data(), st.sampled_from(["", "abc", "=1/0", "TRUE", "=NA()", " "]))
def test_a_weight_that_is_no_number_is_0_everywhere_and_is_named(folder, data, typed):
    book, lesson = again(folder / "hello.xlsx", hello()), hello()
    name = data.draw(st.sampled_from([*lesson.model.parameters, "h_0"]))
    area = book.of(name).area
    down, right = data.draw(st.integers(0, area.rows - 1)), data.draw(st.integers(0, area.cols - 1))
    book.put(name, typed, down, right)
    row = area.part(down, 0, 1, area.cols).a1
    assert book.state == f"Inputs {row}: {labels('en')('message.no_number')}"
    assert book.no_errors(but="Inputs")
    parameters = {key: array.copy() for key, array in lesson.model.parameters.items()}
    if name in parameters:
        parameters[name][down, right] = 0.0
    zero = replace(lesson, model=replace(lesson.model, parameters=parameters))
    losses = [epoch.loss for epoch in zero.train(2, lesson.settings.rate, lesson.settings.clip)]
    assert book.values(book.of("loss", "Training"))[0][0] == pytest.approx(losses[0], rel=1e-10)
    assert book.values(book.of("loss", "Training"))[1][0] == pytest.approx(losses[1], rel=1e-10)


@pytest.mark.parametrize("weight", ["1E+101", "-1E+300"])
def test_a_weight_beyond_what_is_trained_is_named(book, weight):
    book.put("Why", weight, 2, 1)
    assert f"Inputs {book.of('Why').area.part(2, 0, 1, 3).a1}: beyond ±1E+100" in book.state


def test_a_decimal_comma_that_was_taken_for_none_is_told(book):
    book.put("Wxh", "0,427", 1, 0)
    row = book.of("Wxh").area.part(1, 0, 1, 4).a1
    assert book.state.startswith(f"Inputs {row}: an unusually large number")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("h", "an entry that stands there twice"),
        ("hh", "more than one letter"),
        ("", "an empty cell or an error"),
        ("=1/0", "an empty cell or an error"),
        ("l", "an entry that stands there twice"),
    ],
)
def test_an_entry_of_the_vocabulary_that_is_none_is_named(book, entry, said):
    book.put("vocabulary", entry, 1)
    assert f"{said}." in book.state
    assert book.no_errors(but="Inputs")
    # What is left of the vocabulary has a loss of its own, never one below 0.
    assert all(loss == "" or loss > 0 for loss in book.losses)
    first = 0 if entry == "h" else 1
    assert book.state.startswith(f"Inputs {book.of('vocabulary').area.part(first).a1}: ")


@pytest.mark.parametrize(
    ("sheet", "name", "typed"),
    [
        *(("Training", "rate", typed) for typed in ("", "abc", "0", "-1", "=1/0")),
        *(("Training", "clip", typed) for typed in ("", "0")),
        ("Update", "update_rate", "x"),
        ("Gradient flow", "flow_clip", "-2"),
        *(("Gradient flow", "flow_Whh", typed) for typed in ("", "6", "x")),
        *(("Steps", "step", typed) for typed in ("", "0", "5", "1.5", "=1/0")),
        *(("Gradient check", "chosen", typed) for typed in ("", "Wxh[9,9]", "W*", "1")),
    ],
)
def test_a_setting_that_is_none_is_told_beside_it_and_on_every_sheet(book, sheet, name, typed):
    book.put(name, typed, sheet=sheet)
    area = book.of(name, sheet).area
    beside = book.value(area.part(0, 1))
    assert beside
    assert book.state == f"{sheet} {area.a1}: {beside}"
    assert book.no_errors(but=sheet)
    if name == "chosen":
        assert book.value(book.of("difference", sheet).area) == ""


def test_every_number_beside_a_setting_has_a_caption(book):
    texts = {
        (sheet.name, text.row)
        for sheet in plan(hello(), "en").sheets
        for text in sheet.texts
        if text.col == 1
    }
    used = [block.area for block in book.blocks if block.name in ("rate", "clip", "update_rate", "flow_clip")]
    assert len(used) == 8
    assert all((area.sheet, area.row) in texts for area in used)


@pytest.fixture(scope="module")
def sentiment(folder):
    return Book(small("sentiment"), folder / "sentiment.xlsx")


@pytest.mark.parametrize(
    ("text", "wanted", "said", "marked"),
    [
        ("the film was not good", "", FINE, True),
        (" The BOOK, is great!", "", FINE, True),
        ("(the) [book]—is/“great”…", "", FINE, True),
        ("the\u3000film\u00a0is good", "", FINE, True),
        ("good", "", "no right answer is known for this", False),
        ("good", "positive", "Note · Inputs C7: the right answer is the one given in this cell", True),
        ("good", "  ", "no right answer is known for this", False),
        ("the film is good", "negative", "this is an example, and its own right answer counts", True),
        ("good", "splendid", "Inputs C7: the network cannot say this", False),
        ("good", "=1/0", "an error instead of a text", False),
        ("", "positive", "nothing is typed, so nothing can be predicted", False),
        ("?!", "", "nothing is typed", False),
        ("zzz", "", "“zzz”, t = 1: not in the vocabulary. Nothing of it is in the vocabulary", False),
        ("good zzz", "positive", "“zzz”, t = 2: not in the vocabulary. It is read as nothing", True),
        ("ｇｏｏｄ film", "", "“ｇｏｏｄ”, t = 1: a full-width letter", False),
        ("=1/0", "", "an error instead of a text", False),
    ],
)
def test_a_sentence_has_the_right_answer_of_its_example_or_the_one_given_or_none(
    sentiment, text, wanted, said, marked
):
    sentiment.put("word", text)
    sentiment.put("wanted", wanted)
    assert said in sentiment.state
    assert sentiment.no_errors(but="Inputs")
    assert (sentiment.row("right") != [""]) == marked
    assert all((loss != "") == marked for loss in sentiment.losses)
    nothing = text in ("", "?!", "=1/0")
    assert (sentiment.row("predicted") == [""]) == nothing
    assert (sentiment.row("confidence") == [""]) == nothing


def test_an_example_whose_answer_can_no_longer_be_said_has_none(sentiment):
    for text, wanted in (("the film was not good", ""), ("good", "negative")):
        sentiment.put("word", text)
        sentiment.put("wanted", wanted)
        sentiment.put("labels", "Bad", 1)
        assert "the network cannot say this" in sentiment.state
        assert sentiment.row("right") == [""]
        assert set(sentiment.losses) == {""}
        sentiment.put("labels", "negative", 1)


def test_every_example_is_marked_by_its_own_answer(sentiment):
    sentiment.put("wanted", "")
    for text, answer in dict(small("sentiment").examples[:12]).items():
        sentiment.put("word", text)
        assert (sentiment.row("target"), sentiment.row("right")) == ([answer], [1])
        assert sentiment.state == FINE


@pytest.mark.slow
def test_a_translation_is_marked_by_the_example_that_reads_the_same(folder):
    book = Book(small("translate"), folder / "translate.xlsx")
    target = book.of("target", "Unrolled")
    for text, answer in small("translate").examples[:5]:
        book.put("word", text.upper())
        assert " ".join(filter(None, book.values(target)[0])) == f"{answer} <end>"
        assert book.state == FINE
    book.put("word", "i am cat")
    assert "no right answer is known" in book.state
    assert book.row("right") == [""] * 7
    assert set(book.losses) == {""}
    book.put("wanted", "je suis Cat")
    typed = book.of("wanted").area.a1
    assert f"Inputs {typed}: “cat”, t = 3: the network cannot say this word" in book.state
    assert "its time step has no loss" in book.state
    book.put("wanted", "je suis content <END>")
    assert f"Inputs {typed}: “end”, t = 4: the network cannot say this word" in book.state
    book.put("wanted", "je suis tu es il est le")
    assert "the right answer and its end are longer than the time steps of the answer" in book.state
    book.put("wanted", " ?! ")
    assert "no right answer is known" in book.state
    book.put("word", "")
    assert "nothing is typed" in book.state
    assert book.row("predicted") == [""] * 7
    book.put("labels", "Je", 0)
    assert "an entry that no text is read as" in book.state


@pytest.mark.slow
def test_a_drawing_is_marked_by_the_example_that_looks_the_same(folder):
    book = Book(small("caption"), folder / "caption.xlsx")
    target = book.of("target", "Unrolled")
    for picture, answer in small("caption").examples[::7]:
        for down, right in np.ndindex(5, 5):
            book.put("picture", f"{picture[down, right]:g}", down, right)
        assert " ".join(filter(None, book.values(target)[0])) == f"{answer} <end>"
        assert book.state == FINE
    book.put("picture", "0.5", 0, 0)
    assert "no right answer is known" in book.state
    assert set(book.losses) == {""}
    book.put("picture", "2", 0, 0)
    assert "a number that is not from 0 (paper) to 1 (ink)" in book.state
    book.put("picture", "ink", 0, 0)
    assert book.state.startswith(
        f"Inputs {book.of('picture').area.part(0, 0, 1, 5).a1}: a cell without a number"
    )
    assert book.no_errors()


@pytest.mark.parametrize("name", ["long-memory", "order"])
@pytest.mark.slow
def test_other_texts_of_the_lessons_have_their_own_right_answers(folder, name):
    book, lesson = Book(small(name), folder / f"{name}.xlsx"), small(name)
    output = next(layer for layer in lesson.model.outputs if lesson.model.root(layer) == "word")
    for text, answer in lesson.examples[1:8:3]:
        book.put("word", text)
        assert book.row(output.named("target")) == [answer]
    book.put("word", lesson.vocabulary[0])
    assert book.row(output.named("target")) == [""]
    assert book.row(output.named("right")) == [""]
    assert "no right answer is known" in book.state


@given(st.lists(st.floats(-3, 3).map(lambda value: round(value, 2)), min_size=4, max_size=4))
def test_a_picture_comes_back_from_its_text(numbers):
    picture = np.reshape(numbers, (2, 2))
    np.testing.assert_allclose(picture_of(reading(picture, "words")), picture, atol=0.005000001)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Hello", "is a capital letter"),
        ("ｈello", "is a full-width letter"),
        ("he llo", "there is a blank at"),
    ],
)
def test_a_lesson_names_what_a_letter_is_as_the_sheet_does(word, said):
    with pytest.raises(rnnsheet.LessonError, match=said):
        rnnsheet.Lesson("typed", hello().model, hello().vocabulary, word)


@pytest.mark.slow
def test_a_workbook_with_another_text_and_its_answer_is_right_in_every_cell(sentiment, tmp_path):
    for number, (text, wanted) in enumerate([("good", "positive"), ("i like it", "negative"), ("good", "")]):
        sentiment.put("word", text)
        sentiment.put("wanted", wanted)
        sentiment.recalculate()
        sentiment.model.save_to_xlsx(str(tmp_path / f"{number}.xlsx"))
        report = rnnsheet.check(tmp_path / f"{number}.xlsx")
        assert [block.first_failure for block in report.blocks if block.failed] == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "ironcalc"])
def test_every_engine_says_the_same_of_what_is_typed(folder, tmp_path, engine):
    """Each entry in a workbook of its own; IronCalc's word for it is the expected one."""
    skip_without(engine)
    entries = [
        *(("word", word) for word in ("", "h", "Hello", "ｈello", "hel ", "hellz", "hellohello")),
        *(("Whh", typed) for typed in ("", "abc")),
        ("vocabulary", "h"),
        ("Wxh", "1E+101"),
    ]
    file = folder / "hello.xlsx"
    for number, (name, typed) in enumerate(entries[SLOWER.get(engine, slice(None))]):
        book = again(file, hello())
        book.put(name, typed, 1 if name == "vocabulary" else 0)
        expected = book.state, book.losses, book.row("predicted")
        book.model.save_to_xlsx(str(tmp_path / f"{number}.xlsx"))
        with recalculations([ENGINES[engine]], read(opened(tmp_path / f"{number}.xlsx"))) as running:
            values = running[engine].values()
        states = {values.of(block.area)[0] for block in book.blocks if block.name == "state"}
        losses = [
            values.of(block.area)[row]
            for block in book.blocks
            if block.name == "loss" and block.area.sheet != "Gradient flow"
            for row in range(block.area.rows)
        ]
        assert states == {expected[0]}
        assert [value or "" for value in values.of(book.of("predicted", "Unrolled").area)] == expected[2]
        for loss, one in zip(losses, expected[1], strict=True):
            assert (loss or "") == (one if one == "" else pytest.approx(one, rel=1e-9))
        errors = [each for sheet in values.sheets.values() for each in sheet.values()]
        assert not [each for each in errors if isinstance(each, CellError)]
