"""Lines for the terminal: aligned columns, paragraphs that fit, Chinese letters twice as wide."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsheet.console.learning import Training
from rnnsheet.console.lessons import walk
from rnnsheet.console.lines import number, printable, table, wrap
from rnnsheet.labels import labels, languages
from tests.lessons import EVERY_FORM, hello, lessons


def columns(text: str) -> int:
    return sum(2 if "⺀" <= letter <= "￮" else 1 for letter in text)


@given(st.lists(st.text("abc，。的词网络", min_size=1, max_size=9), min_size=1, max_size=30))
def test_a_wrapped_paragraph_loses_nothing_and_fits(pieces):
    text = " ".join(pieces)
    lines = list(wrap(text, 30))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    # A sign that may not begin a line may stand past its end.
    assert all(columns(line.rstrip("，。")) <= 30 for line in lines)


def test_no_line_begins_with_a_comma():
    assert not [line for line in wrap("循环神经网络，" * 9, 14) if line.startswith("，")]


def test_columns_align_whatever_the_width_of_the_letters():
    first, second = table([["中文", "1.5"], ["abc", "10.25"]], "lr")
    assert (first, second) == ("中文    1.5", "abc   10.25")


@pytest.mark.parametrize("sign", ["\x1b", "\r", "\n", "\x9b", "\u202e", "\u2028", "\ud800"])
def test_nothing_moves_the_cursor_or_turns_the_letters_of_a_verdict(sign):
    assert printable(f"网络 {sign}all right") == f"网络 \\u{ord(sign):04x}all right"
    assert json.loads(printable(f'"{sign}"')) == sign


def test_what_is_seen_is_printed_as_it_is():
    text = "\t中文　é “a” 😀 ✓"
    assert printable(text) == text


def test_rows_may_have_different_lengths():
    assert list(table([["a", "b", "c"], ["d"], []])) == ["a  b  c", "d", ""]


def test_numbers_have_the_article_s_six_digits():
    assert number(0.41974812) == "0.419748"
    assert number("h") == "h"


@pytest.mark.parametrize("language", languages())
@given(lesson=lessons())
def test_any_lesson_is_told_without_a_hole(language, lesson):
    told = list(walk(lesson, lesson.run(), labels(language)))
    assert not [line for line in told if "{" in line]
    assert told[0].count(str(lesson.model.hidden))


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("he", "right is “”: nothing is asked for"),
        ("hel", "right is “l”: wrong"),
        ("heh", "right is “h”: right"),
    ],
)
def test_an_answer_is_judged_where_a_letter_follows_alone(word, verdict):
    """The article's network says “h” after “he”."""
    lesson = replace(hello(), word=word, steps=4)
    (told,) = [line for line in walk(lesson, lesson.run(), labels("en")) if line.startswith("  says ")]
    assert told == f"  says “h” (0.4197); {verdict}"


@pytest.mark.parametrize(("word", "said"), [("hello", "“hello”: 3 "), ("hole", "“hello” (here “hole”): 3 ")])
def test_the_first_line_says_the_word_that_is_run(word, said):
    lesson = replace(hello(), word=word)
    assert said in next(walk(lesson, lesson.run(), labels("en")))


def test_what_was_learned_of_words_is_told_with_blanks_between_them():
    lesson = EVERY_FORM["words"]
    training = Training(lesson.train(epochs=1), 1, labels("en"))
    *_, says, written = training.summary(lesson, lesson.run(), "words.toml")
    assert says.startswith("reads “we love it”, says “")
    assert says.endswith("right is “love it”")
    assert "words.toml" in written
