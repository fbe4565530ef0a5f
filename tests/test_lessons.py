"""The built-in lessons: each is right in every cell, does its job live, and can be learned again."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rnnsheet
from rnnsheet import templates
from rnnsheet.network.reading import END
from rnnsheet.sheet.layout import plan
from tests.test_checking import failures
from tests.typist import Typist


@cache
def load(name: str) -> rnnsheet.Lesson:
    return rnnsheet.load(name)


class Book(Typist):
    """A lesson's workbook to type into, by the names of its blocks."""

    def __init__(self, name: str, folder: Path):
        lesson = replace(load(name), settings=replace(load(name).settings, epochs=2))
        super().__init__(rnnsheet.export(lesson, folder / f"{name}.xlsx", "en"))
        blocks = list(plan(lesson, "en").blocks())
        self.of = lambda block, sheet: next(b for b in blocks if (b.name, b.area.sheet) == (block, sheet))

    def read(self, block: str, sheet: str = "Inputs"):
        """The first row of a block, "" for nothing."""
        return ["" if value is None else value for value in self.values(self.of(block, sheet))[0]]

    def put(self, block: str, text: str, down: int = 0, right: int = 0) -> None:
        self.type(self.of(block, "Inputs").area.part(down, right), text)


@pytest.mark.parametrize("name", templates.names())
def test_a_lesson_is_a_small_file(name):
    assert templates.find(name).stat().st_size < 100_000


LEARNED = re.compile(r"rnnsheet train (\S+) --seed (\d+) --optimizer (\w+) --rate (\S+) --epochs (\d+)")


def learned_again(name: str) -> rnnsheet.Lesson:
    """The lesson as the command in its file's head trains it."""
    lesson, seed, optimizer, rate, epochs = LEARNED.search(templates.find(name).read_text("utf-8")).groups()
    assert lesson == name
    *_, last = load(name).train(int(epochs), float(rate), optimizer=optimizer, seed=int(seed))
    return replace(load(name), model=last.model)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in templates.names() if name not in ("hello", "by-hand", "translate")]
)
def test_the_command_in_its_head_learns_its_weights_again(name):
    learned = learned_again(name).model.parameters
    for parameter, array in load(name).model.parameters.items():
        np.testing.assert_allclose(array, learned[parameter], atol=1e-3, err_msg=parameter)


@pytest.mark.slow
def test_the_command_in_the_head_of_translate_learns_its_sentences_again():
    """Its training multiplies roundings: each kind of processor finds other weights."""
    learned = learned_again("translate")
    for read, target in learned.examples:
        assert says(learned, word=read, target=target) == {"": target}


def says(lesson: rnnsheet.Lesson, **given: object) -> dict[str, str]:
    """What each softmax of the lesson says of another text or picture."""
    trace = replace(lesson, **given).run()
    ends = {layer.name: trace[layer.named("predicted")][0] for layer in lesson.model.outputs}
    return {name: " ".join(word for word in words if word not in ("", END)) for name, words in ends.items()}


@pytest.mark.parametrize(
    "name", ["order", "chinese-order", "mlp-to-rnn", "sentiment", "caption", "translate"]
)
def test_a_lesson_says_what_it_has_learned(name):
    lesson = load(name)
    for read, target in lesson.examples:
        given = {"word": read} if isinstance(read, str) else {"picture": read}
        said = says(lesson, **given, target=target)
        # A bag of words cannot know the order.
        said = {network: answer for network, answer in said.items() if network not in ("mlp", "mlp2", "rnn2")}
        assert set(said.values()) == {target}


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("the book was not good", "negative"),
        ("this film is not great", "negative"),
        ("it was nice", "positive"),
        ("this book is not sad", "positive"),
        ("the book is not very funny", "negative"),
        ("it is not so awful", "positive"),
        ("boring and sad", "negative"),
        ("not boring but nice", "positive"),
    ],
)
def test_sentiment_judges_sentences_that_it_has_not_seen(sentence, answer):
    assert sentence not in dict(load("sentiment").examples)
    assert says(load("sentiment"), word=sentence)[""] == answer


def test_sentiment_answers_what_is_typed_and_says_which_word_is_unknown(tmp_path):
    book = Book("sentiment", tmp_path)
    assert book.read("predicted", "Overview") == ["negative"]
    book.put("word", "  The FILM was very, very funny! ")
    assert book.read("predicted", "Overview") == ["positive"]
    assert book.read("word_clean") == ["the film was very very funny"]
    book.put("word", "the pizza was not bad")
    book.put("wanted", "")
    assert book.read("letter")[:5] == ["the", "pizza", "was", "not", "bad"]
    assert book.read("known") == [1, 0, 1, 1, 1, "", "", ""]
    assert "“pizza”, t = 2: not in the vocabulary" in book.read("state")[0]
    expected = says(load("sentiment"), word="the pizza was not bad", target="")[""]
    assert book.read("predicted", "Overview") == [expected]
    assert book.read("target") == [""]
    for sheet in book.sheets:
        assert book.errors(sheet) == []


def test_order_the_bag_cannot_tell_and_the_recurrent_network_can(tmp_path):
    book = Book("order", tmp_path)
    assert book.read("predicted_rnn", "Overview") == ["in order"]
    assert book.read("predicted_rnn2", "Overview") == ["jumbled"]
    assert book.read("a_mlp", "Unrolled") == book.read("a_mlp2", "Unrolled")
    before = book.values(book.of("p_mlp", "Unrolled")), book.values(book.of("p_rnn", "Unrolled"))
    book.put("word", "love we on working learning deep")
    after = book.values(book.of("p_mlp", "Unrolled")), book.values(book.of("p_rnn", "Unrolled"))
    np.testing.assert_allclose(after[0], before[0], rtol=1e-14)
    assert book.read("predicted_rnn", "Overview") == ["jumbled"]
    assert np.abs(np.subtract(after[1], before[1])).max() > 0.5


def test_tied_hidden_layers_are_the_recurrent_layer(tmp_path):
    book = Book("mlp-to-rnn", tmp_path)
    for sentence, weight in [("not very good", ""), ("bad is nice", ""), ("very bad", "-1.5")]:
        book.put("word", sentence)
        if weight:
            book.put("Whh_rnn", weight, 1, 2)
        recurrent = np.array(book.values(book.of("h_rnn", "Unrolled")))
        for step in (1, 2, 3):
            tied = np.array(book.values(book.of(f"h_layer{step}", "Unrolled")))
            np.testing.assert_array_equal(tied[:, 0], recurrent[:, step - 1])
        assert book.read("p_tied", "Unrolled") == book.read("p_rnn", "Unrolled")


@pytest.mark.slow
def test_caption_says_what_is_drawn(tmp_path):
    book = Book("caption", tmp_path)
    assert book.read("predicted", "Overview")[:4] == ["a", "big", "cross", END]
    for down in range(5):
        for right in range(5):
            book.put("picture", "1" if down == 4 else "0", down, right)
    assert book.read("predicted", "Overview") == ["a", "line", "across", "on", "the", "bottom", "<end>", ""]
    said = book.read("letter_answer", "Unrolled")
    assert said == ["<start>", *["a", "line", "across", "on", "the", "bottom"], ""]


@pytest.mark.slow
def test_translate_answers_a_typed_sentence_word_by_word(tmp_path):
    book = Book("translate", tmp_path)
    book.put("word", "the dog is not tired")
    said = " ".join(book.read("predicted", "Overview")).strip()
    assert said == "le chien n'est pas fatigué <end>"
    book.put("wanted", "Le chien n'est pas fatigué.")
    assert book.read("right")[:6] == [1.0] * 6
    assert len(load("translate").examples) == len(dict(load("translate").examples)) == 50


def test_elman_forgets_where_lstm_and_gru_hold():
    lesson = load("long-memory")
    right = {"elman": 0, "lstm": 0, "gru": 0}
    for read, target in lesson.examples:
        for network, answer in says(lesson, word=read, target=target).items():
            right[network] += answer == target
    count = len(lesson.examples)
    assert right["lstm"] == right["gru"] == count
    assert right["elman"] < 0.6 * count
    unseen = "the boy who read my book and saw my dog and drank my tea and ate my pizza has purple hair"
    assert unseen not in dict(lesson.examples)
    assert [says(lesson, word=unseen)[network] for network in ("lstm", "gru")] == ["boy", "boy"]


@pytest.mark.slow
def test_the_flow_of_all_three_gradients_is_on_one_chart(tmp_path):
    (sheet,) = [sheet for sheet in plan(load("long-memory"), "en").sheets if sheet.name == "Gradient flow"]
    (chart,) = sheet.charts
    told = " ".join(str(series.title) for series in chart.series)
    assert all(f"dh_{name}" in told for name in ("elman", "lstm", "gru"))
    book = Book("long-memory", tmp_path)
    norms = {name: book.read(f"norm_dh_{name}", "Gradient flow") for name in ("elman", "lstm", "gru")}
    left = {name: values[0] / values[-1] for name, values in norms.items()}
    assert left["elman"] < 1e-10
    assert min(left["lstm"], left["gru"]) > 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sentiment", "translate"])
def test_whatever_is_typed_shows_no_error_and_stays_checkable(name, tmp_path):
    book = Book(name, tmp_path)
    texts = ["=1+1", "not " * 60, "中文 的 词", "  a  B! "]
    for number, text in enumerate(texts[:2] if name == "translate" else texts):
        book.put("word", text)
        assert [book.errors(sheet) for sheet in book.sheets] == [[] for _ in book.sheets]
        if number % 2:
            saved = tmp_path / f"{number}.xlsx"
            book.model.save_to_xlsx(str(saved))
            assert failures(rnnsheet.check(saved)) == []


CAPTION_PICTURE = '[["...#.", "..###", "...#.", ".....", "....."], "a small cross"]'


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("sentiment", 'target = "', 'target = "x', "target has 'x"),
        (
            "sentiment",
            "examples = [",
            'examples = [["good", "fine"],',
            "#1: target has 'fine', which is none",
        ),
        (
            "sentiment",
            "examples = [",
            'examples = [["", "good"],',
            "data.examples #1: the text '' is too short",
        ),
        (
            "sentiment",
            "examples = [",
            'examples = [["good"],',
            "#1: it does not say what the right answer is",
        ),
        ("sentiment", "steps = ", "steps = 2  # ", "data.steps is 2; expected a whole number from 8 "),
        ("sentiment", "steps = ", "answer_steps = 2\nsteps = ", "data.answer_steps would not be used"),
        ("sentiment", "labels = ", "labels = []  # ", "data.labels is empty"),
        ("sentiment", "[[layers]]", '[network]\ncell = "elman"\n[[layers]]', "[network] and [[layers]] both"),
        (
            "translate",
            "answer_steps = ",
            "answer_steps = 3  # ",
            "data.answer_steps is 3; expected a whole num",
        ),
        (
            "caption",
            CAPTION_PICTURE,
            f'[["..", "##"], "a"], {CAPTION_PICTURE}',
            "#19: the picture is 2×2; ex",
        ),
    ],
)
def test_a_lesson_that_could_not_be_learned_is_told_when_it_is_read(name, old, new, told, tmp_path):
    """Each was once taken in silence, or told by `train` alone."""
    text = (templates.FOLDER / f"{name}.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "bad.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(rnnsheet.LessonError) as caught:
        templates.load(tmp_path / "bad.toml")
    assert str(caught.value).startswith(f"{tmp_path / 'bad.toml'}: ")
    assert told in str(caught.value)


def test_a_text_has_room_for_every_example():
    """Without `steps`, the longest of all that is read or answered sets them; nothing is cut off."""
    lesson = templates.load("sentiment")
    assert replace(lesson, word="good", steps=0).steps == 8
    lesson = templates.load("translate")
    assert replace(lesson, target="je", answer_steps=0).answer_steps == 6


def test_by_hand_is_whole_numbers_that_fit_in_a_head():
    lesson = load("by-hand")
    trace = lesson.run()
    for name in ("xh", "hh", "z", "h", "y"):
        numbers = trace[name]
        assert np.array_equal(numbers, numbers.round()) and abs(numbers).max() <= 3, name
    assert trace["right"].tolist() == [[1.0, 1.0, 1.0]]
    # The letter read is the same, what is said is not: that is memory.
    assert trace["letter"][0][1] == trace["letter"][0][2]
    assert trace["predicted"][0][1] != trace["predicted"][0][2]


def test_a_character_that_comes_twice_is_told_apart_by_memory_alone():
    lesson = load("chinese-phrase")
    assert says(lesson) == {"": "天 向 上"}
    assert says(replace(lesson, word="向天天上"))[""] != "天 天 上"


def test_the_order_of_chinese_words_is_seen_by_the_recurrent_network_alone():
    lesson = load("chinese-order")
    words = "我们 喜欢 研究 深度 学习"
    turned = " ".join(reversed(words.split()))
    one, other = says(lesson, word=words, target="通顺"), says(lesson, word=turned, target="打乱")
    assert one["mlp"] == other["mlp"]
    assert (one["rnn"], other["rnn"]) == ("通顺", "打乱")
