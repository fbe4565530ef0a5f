"""Networks on labelled sentences: the files that are read, the words, the baseline, what is learned."""

import csv
import gzip
import io
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsheet.console.learning import sentiment_summary
from rnnsheet.errors import DataError, RnnsheetError
from rnnsheet.labels import labels
from rnnsheet.sentiment import Learned, Options, bayes, keras_model, source, table, vectors
from rnnsheet.sentiment.sequences import Sequences, held_out
from rnnsheet.sentiment.words import vocabulary, words
from tests.command import rnnsheet

TWEETS = Path(__file__).parent.parent.parent / "shared" / "data" / "vader-tweets.tsv"
"""Tweets rated by people: Hutto and Gilbert, "VADER", ICWSM 2014."""

needs_extra = pytest.mark.skipif(
    not all(map(keras_model.find_spec, keras_model.PACKAGES)), reason="needs pip install -e '.[sentiment]'"
)
needs_words = pytest.mark.skipif(
    not all(map(keras_model.find_spec, ("bm25s", "simplemma"))), reason="needs pip install -e '.[sentiment]'"
)


def ignore(done: int) -> None:
    """A progress that nobody watches."""


def read(path: Path) -> list[tuple[bool, list[str]]]:
    """The answers and words of a file."""
    found = table.read(path, ignore)
    starts, numbers = found.words.starts, found.words.numbers
    rows = [[found.forms[n] for n in numbers[a:b]] for a, b in itertools.pairwise(starts)]
    return list(zip(found.positive.tolist(), rows, strict=True))


def sequences(rows: list[list[int]]) -> Sequences:
    starts = np.cumsum([0, *map(len, rows)])
    return Sequences(np.array(list(itertools.chain(*rows)), int), starts)


def lists(found: Sequences) -> list[list[int]]:
    return [found.numbers[a:b].tolist() for a, b in itertools.pairwise(found.starts)]


ROWS = st.lists(st.lists(st.integers(0, 9), max_size=7), min_size=1, max_size=8)


def test_sentiment140_is_read_with_its_latin_letters(tmp_path):
    lines = [
        b'"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","a","@b Awww, that\'s a bummer."',
        b'"2","3","Mon May 11 03:17:40 UTC 2009","kindle2","c","It is a book."',
        b'"4","2193602129","Tue Jun 16 2009","NO_QUERY","d","The caf\xe9 &quot;Zo\xeb&quot; great"',
    ]
    (tmp_path / "tweets.csv").write_bytes(b"\n".join(lines) + b"\n")
    assert read(tmp_path / "tweets.csv") == [
        (False, ["b", "awww", "that's", "a", "bummer"]),
        (True, ["the", "café", "zoë", "great"]),
    ]
    assert table.read(tmp_path / "tweets.csv", ignore).neutral == 1


@pytest.mark.parametrize("scale", [("0", "1"), ("0", "4"), ("negative", "Positive"), ("-2.5", "0.1")])
@pytest.mark.parametrize("header", [(), ("sentiment", "text")])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_two_columns_are_recognised(tmp_path, scale, header, turned, delimiter):
    rows = [*([header] if header else []), (scale[0], "so sad"), (scale[1], "très bien"), (scale[1], "7")]
    with (tmp_path / "file").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(row[::-1] if turned else row for row in rows)
    assert read(tmp_path / "file") == [(False, ["so", "sad"]), (True, ["très", "bien"]), (True, ["7"])]


def test_text_in_quotes_may_have_lines_and_commas_and_tabs_may_have_quotes(tmp_path):
    (tmp_path / "a.csv").write_text('\ufeff0,"no, not\nthat"\n\n1,"a ""good"" one"\n', "utf-8")
    assert read(tmp_path / "a.csv") == [(False, ["no", "not", "that"]), (True, ["a", "good", "one"])]
    (tmp_path / "a.tsv").write_text('5\t-1.5\t"bad\n6\t2.5\tgood" day\n7\t0\tday\n', "utf-8")
    assert read(tmp_path / "a.tsv") == [(False, ["bad"]), (True, ["good", "day"])]
    (tmp_path / "b.tsv").write_text('0\tbad,"' + "\n1\tgood day" * 20_000, "utf-8")
    assert len(read(tmp_path / "b.tsv")) == 20_001


def zipped(files: dict[str, str]) -> bytes:
    """A zip file, not compressed."""
    with zipfile.ZipFile(archive := io.BytesIO(), "w") as book:
        for name, text in files.items():
            book.writestr(name, text)
    return archive.getvalue()


TEXT = '0,don’t say “naïve” – 5€\r\n1,"so, it’s\r\nŠkoda"\r\n0,"a ""bad"" one"\r\n'


@pytest.mark.parametrize(
    ("content", "assumed"),
    [
        (TEXT.encode(), ()),
        (TEXT.encode("utf-8-sig"), ()),
        (TEXT.replace("\r\n", "\n").encode(), ()),
        (TEXT.replace("\r\n", "\r").encode(), ()),
        (TEXT.encode("utf-16"), ()),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), ()),
        (TEXT.encode("utf-16-le"), ("utf16",)),
        (TEXT.encode("utf-16-be"), ("utf16",)),
        (TEXT.encode("cp1252"), ("cp1252",)),
        (TEXT.replace("0,", "0;").replace("1,", "1;").encode(), ("semicolon",)),
        (TEXT.replace("0,", "-0,5;").replace("1,", "2,25;").encode("cp1252"), ("cp1252", "semicolon")),
        (gzip.compress(TEXT.encode(), mtime=0), ("unpacked",)),
        (zipped({"__MACOSX/._a.csv": "x", "folder/a.csv": TEXT}), ("unpacked",)),
        (gzip.compress(TEXT.encode("utf-16-le"), mtime=0), ("unpacked", "utf16")),
    ],
)
def test_a_table_is_read_as_it_was_saved_and_what_was_assumed_is_kept(tmp_path, content, assumed):
    (tmp_path / "file").write_bytes(content)
    assert read(tmp_path / "file") == [
        (False, ["don’t", "say", "naïve", "5€"]),
        (True, ["so", "it’s", "škoda"]),
        (False, ["a", "bad", "one"]),
    ]
    assert table.read(tmp_path / "file", ignore).assumed == assumed


@pytest.mark.parametrize("pack", ["zip", "gzip"])
def test_what_unpacks_to_too_much_is_not_read(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(source, "LARGEST", 100_000)
    text = "0,bad\n1,good\n" * 50_000
    content = gzip.compress(text.encode(), mtime=0) if pack == "gzip" else zipped({"a.csv": text})
    (tmp_path / "bomb").write_bytes(content)
    with pytest.raises(DataError, match="it unpacks to more than 100000 bytes"):
        table.read(tmp_path / "bomb", ignore)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0,bad\n1,good\n1,fine,day\n", "row 3 has 3 column(s), 2 were expected"),
        (b"label,text\n0,bad\n1,good\nx,fine\n", "row 4: 'x' is no label here; expected 0 and 4"),
        (b"0,bad\n1,good\n2,fine\n", "row 3: '2' is no label here"),
        (b"3,bad\n5,good\n", "row 1: '3' is no label here"),
        (b"a,b\nc,d\n", "no table of labelled sentences, from row 1 on: expected six columns"),
        (b"1,2\n3,4\n", "no table of labelled sentences"),
        (b"", "no table of labelled sentences"),
        (b"0,bad\n1,good\n1," + b'"' + b"x" * 200_000, "row 3 is no row of a table (field larger than"),
        (b"0,bad\n" * 21 + b'1,"good\n' + b"0,bad\n" * 9, "row 22: a quotation mark is opened and never"),
        (b"0,bad\n" * 21 + b'1,"good\n0,"bad"\n', "row 22 is no row of a table"),
        (b'0;bad\n1;good\n1;"fine\n', "row 3: a quotation mark is opened and never closed"),
        (b"0,bad\n1,go\x00od\n", "row 2 has a NUL byte"),
        (b"\x00" * 5000, "no table of labelled sentences"),
        (b"label,text\n", "no table of labelled sentences"),
        ("0,bad\n1,good\n".encode("utf-16")[:-1], "the file is not UTF-8 text; save it as UTF-8"),
        (gzip.compress(b"0,bad\n1,good\n1,fine,day\n", mtime=0), "row 3 has 3 column(s), 2 were expected"),
        (gzip.compress(b"0,bad\n" * 9, mtime=0)[:-9], "cannot be read (Compressed file ended before"),
        (b"\x1f\x8b" + b"x" * 99, "cannot be read (Unknown compression method"),
        (b"PK\x03\x04" + b"x" * 99, "cannot be read (File is not a zip file)"),
        (zipped({"a.csv": "0,bad", "b.csv": "1,good"}), "the archive has 2 files; expected one"),
        (zipped({"xl/workbook.xml": "<a/>"}), "this is a file of the kind .xlsx; expected a table as text"),
        (zipped({"content.xml": "<a/>"}), "this is a file of the kind OpenDocument"),
        (zipped({"a.csv": "0,bad\n1,good\n"}).replace(b"bad", b"BAD"), "cannot be read (Bad CRC-32"),
        (b"%PDF-1.4\n", "this is a file of the kind PDF; expected a table as text, such as .csv"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 99, "this is a file of the kind PNG"),
        (b"GIF89a" * 99, "no table of labelled sentences"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_what_is_no_table_of_sentences_is_told_with_its_row(tmp_path, content, said):
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError) as told:
        table.read(tmp_path / "file", ignore)
    assert str(told.value).startswith(f"{tmp_path / 'file'}: {said}")


@pytest.mark.slow
def test_many_rows_are_read_within_bounded_memory(tmp_path):
    """The file's texts alone are 60 MB; as Python's texts in a list they would be far more."""
    chance = random.Random(0)
    known = [f"{chance.choice('bcdfgklmnprst')}{number}word" for number in range(50_000)]
    texts = [" ".join(chance.choices(known, k=16)) for _ in range(1000)]
    with (tmp_path / "tweets.csv").open("w", encoding="latin-1") as file:
        for row in range(300_000):
            file.write(
                f'"{row % 2 * 4}","{row}","Mon Apr 06 2009","NO_QUERY","x","{texts[row % 1000]} {row}"\n'
            )
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom rnnsheet.sentiment import table\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = peak()\nfound = table.read(Path(sys.argv[1]), lambda done: None)\n"
        "print(len(found.positive), found.positive.sum(), len(found.words.numbers), peak() - before)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "tweets.csv"], capture_output=True, text=True
    )
    rows, positive, count, megabytes = map(int, ended.stdout.split())
    assert (rows, positive, count) == (300_000, 150_000, 5_100_000)
    assert megabytes < 150, megabytes


def test_words_part_where_a_workbook_parts_them():
    assert words("I LOVED it!! (#so-good)  that’s…") == ["i", "loved", "it", "so", "good", "that’s"]
    assert words(" ?! ") == []


@needs_words
def test_word_forms_become_lemmas_and_stop_words_go():
    """The lemmas are those of a dictionary; the stop words are in NLTK's list."""
    read = words(
        "The dogs loved the feet of a dog. Feet! It's not loving: he isn't, 'he' loves better children"
    )
    forms = list(dict.fromkeys(read))
    counts = np.array([read.count(form) for form in forms])
    found = vocabulary(forms, counts, 100)
    lemma = {form: found.lemmas[number - 1] for form, number in found.numbers.items()}
    assert lemma == {
        "dogs": "dog",
        "dog": "dog",
        "loved": "love",
        "loving": "love",
        "loves": "love",
        "feet": "foot",
        "better": "good",
        "children": "child",
    }
    assert found.lemmas[0] == "love"
    assert list(found.numbers)[found.lemmas.index("dog") + 2] == "dog"
    assert set(vocabulary(forms, counts, 2).numbers.values()) == {1, 2}


@given(ROWS, st.integers(1, 9))
def test_the_last_words_stand_at_the_end_of_the_time_steps(rows, steps):
    expected = [([0] * steps + row)[-steps:] for row in rows]
    assert sequences(rows).padded(steps).tolist() == expected


@needs_extra
def test_they_stand_where_keras_puts_them():
    rows = [[1, 2, 3, 4, 5], [], [7], [1, 2, 3]]
    expected = keras_model._keras().utils.pad_sequences(rows, 3)
    np.testing.assert_array_equal(sequences(rows).padded(3), expected)


@given(ROWS, st.lists(st.integers(0, 3), min_size=10, max_size=10), st.randoms())
def test_sequences_are_chosen_and_renumbered_like_lists(rows, numbers, chance):
    chosen = [chance.random() < 0.5 for _ in rows]
    found = sequences(rows)
    assert lists(found.where(np.array(chosen))) == [
        row for row, kept in zip(rows, chosen, strict=True) if kept
    ]
    assert lists(found.renumbered(np.array(numbers))) == [
        [numbers[n] for n in row if numbers[n]] for row in rows
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_the_split_is_stratified_and_follows_the_seed(answers, seed):
    positive = np.array(answers)
    chosen = held_out(positive, 0.2, seed)
    assert (chosen == held_out(positive, 0.2, seed)).all()
    for answer in (True, False):
        assert chosen[positive == answer].sum() == round(0.2 * (positive == answer).sum())


def test_another_seed_holds_others_out():
    positive = np.arange(200) % 3 == 0
    assert (held_out(positive, 0.2, 1) != held_out(positive, 0.2, 2)).any()


def test_the_baseline_computes_the_example_of_its_textbook():
    """Manning, Raghavan and Schütze, table 13.1 and example 13.1: is the text about China?"""
    names = ["", "chinese", "beijing", "shanghai", "macao", "tokyo", "japan"]
    texts = ["chinese beijing chinese", "chinese chinese shanghai", "chinese macao", "tokyo japan chinese"]
    numbered = sequences([[names.index(word) for word in text.split()] for text in texts])
    odds = bayes.log_odds(numbered, np.array([True, True, True, False]), 6)
    test = sequences([[1, 1, 1, names.index("tokyo"), names.index("japan")], []])
    china, other = 3 / 4 * (3 / 7) ** 3 * 1 / 14 * 1 / 14, 1 / 4 * (2 / 9) ** 3 * 2 / 9 * 2 / 9
    np.testing.assert_allclose(bayes.scores(test, odds), [np.log(china / other), np.log(3)], rtol=1e-12)


@needs_words
def test_the_baseline_is_better_than_chance_on_real_tweets():
    if not TWEETS.exists():
        pytest.skip(f"there is no {TWEETS.name} beside the project")
    found = table.read(TWEETS, ignore)
    assert (len(found.positive), found.neutral) == (4196, 4)
    tested = held_out(found.positive, 0.2, 1)
    counts = np.bincount(found.words.where(~tested).numbers, minlength=len(found.forms))
    known = vocabulary(found.forms, counts, 16_000)
    read = found.words.renumbered(np.array([known.numbers.get(form, 0) for form in found.forms]))
    odds = bayes.log_odds(read.where(~tested), found.positive[~tested], len(known.lemmas))
    right = (bayes.scores(read.where(tested), odds) > 0) == found.positive[tested]
    assert right.mean() > 0.8 > 0.7 > found.positive[tested].mean()


def test_word_vectors_are_found_by_their_words(tmp_path):
    (tmp_path / "glove.txt").write_text("love 1 2.5\nat home 3 4\nto 5 6\nhate -1 -2\n", "utf-8")
    found = vectors.read(tmp_path / "glove.txt", ("hate", "at", "love"), ignore)
    assert found.tolist() == [[0, 0], [-1, -2], [0, 0], [1, 2.5]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("to 1 2\nlove 1\n", "row 2 is not a word and 2 numbers"),
        ("to 1 2\nlove 1 x\n", "row 2 is not a word and 2 numbers"),
        ("to 1 2\nlove 1 nan\n", "row 2 is not a word and 2 numbers"),
        ("love\n", "row 1 is not a word and 0 numbers"),
        ("to 1 2\n", "it has a vector for none of the words"),
        ("", "the file is empty"),
    ],
)
def test_what_is_no_file_of_word_vectors_is_told(tmp_path, content, said):
    (tmp_path / "glove.txt").write_text(content, "utf-8")
    with pytest.raises(DataError) as told:
        vectors.read(tmp_path / "glove.txt", ("love",), ignore)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"network": "lstm"}, "there is no network 'lstm'; known: embedding, article"),
        ({"network": "article", "glove": "g.txt"}, "the network 'article' has no embedding"),
        ({"epochs": 0}, "epochs is 0; expected a number greater than 0"),
        ({"batch": 1.5}, "batch is 1.5; expected a number greater than 0"),
        ({"seed": 1.5}, "seed is 1.5; expected a whole number from 0 to"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0 to 4294967295"),
    ],
)
def test_an_option_that_is_not_possible_is_told(options, said):
    with pytest.raises(RnnsheetError) as told:
        Options(**options)
    assert str(told.value).startswith(said)


@needs_extra
@pytest.mark.slow
def test_the_networks_are_the_articles():
    """An Elman layer has 100·inputs + 100·100 + 100 weights, and reads 1 number or 100."""
    dense = [100_000 + 1000, 500_000 + 500, 1000 + 2]
    article = keras_model.build(keras_model.ARTICLE, 16_000)
    assert [layer.count_params() for layer in article.layers] == [100 + 10_000 + 100, *dense]
    assert article.count_params() == 612_702
    meant = keras_model.build(keras_model.EMBEDDING, 16_000)
    assert [layer.count_params() for layer in meant.layers] == [1_600_100, 10_000 + 10_000 + 100, *dense]
    for model, steps in ((article, (15, 1)), (meant, (15,))):
        assert model.input_shape == (None, *steps)


@needs_extra
@pytest.mark.slow
def test_a_network_learns_the_same_again_and_leaves_given_vectors_alone():
    chance = np.random.default_rng(0)
    positive = np.arange(200) % 2 == 0
    tokens = np.zeros((200, keras_model.STEPS), np.int32)
    tokens[:, -2:] = np.stack([np.where(positive, 1, 2), chance.integers(3, 9, 200)], axis=1)
    given = chance.normal(size=(10, 7)).astype(np.float32)
    done: list[int] = []

    def learned() -> list[np.ndarray]:
        keras_model.seed_randomness(5)
        model = keras_model.build(keras_model.EMBEDDING, 9, given)
        keras_model.learn(model, tokens, positive, 30, 64, done.append)
        assert (keras_model.finds_positive(model, tokens) == positive).all()
        return model.get_weights()

    first, again = learned(), learned()
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert (first[0] == given).all()
    assert done == [64, 64, 64, 8] * 60


def sentences(path: Path) -> Path:
    """A file of 200 different sentences, each of which one word decides."""
    places = list(itertools.product(["house", "tree", "street", "garden", "river", "bridge"], repeat=3))[:200]
    random.Random(0).shuffle(places)
    with path.open("w", encoding="utf-8") as file:
        for row, three in enumerate(places):
            verb, seen = ("hated", "love")[row % 2], " and ".join(three)
            file.write(f"{row % 2},I {verb} the {seen}\n")
    return path


@pytest.mark.parametrize("kind", keras_model.NETWORKS)
def test_what_was_learned_is_told(kind):
    found = Learned(
        file="a.csv",
        options=Options(network=kind, seed=7),
        positive=30,
        negative=20,
        neutral=2,
        assumed=("cp1252", "unpacked"),
        held_out=10,
        words=40,
        forms=45,
        weights=612_702,
        losses=(0.9, 0.5),
        seconds=3.2,
        accuracy={"network": 0.9, "bag": 0.8, "majority": 0.6},
        written=("a.keras", "a-vocabulary.json", "a.xlsx"),
    )
    told = " ".join(sentiment_summary(found, labels("en")))
    for part in ("50 sentences", "40 words in 45 forms", "612702 weights", "seed 7", "90.0%", "a.xlsx"):
        assert part in told
    few = labels("en")("sentiment.few")
    assert few in told
    assert few not in " ".join(sentiment_summary(replace(found, held_out=100), labels("en")))
    assert ("never adds it to the model" in told) == (kind == keras_model.ARTICLE)


@needs_extra
@pytest.mark.slow
def test_a_file_of_sentences_becomes_a_model_a_vocabulary_and_a_workbook(tmp_path):
    sentences(tmp_path / "words.csv")
    told = json.loads(
        rnnsheet("sentiment", "train", "words.csv", "--epochs", "20", "--json", cwd=tmp_path).stdout
    )
    assert told["written"] == ["words.keras", "words-vocabulary.json", "words.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*told["written"], "words.csv"])
    assert told["accuracy"]["network"] > 0.95
    assert told["accuracy"]["majority"] == 0.5
    assert told["held_out"] == 40
    numbers = json.loads((tmp_path / "words-vocabulary.json").read_text("utf-8"))
    assert {"hated", "love", "house"} <= set(numbers)
    assert "the" not in numbers
    assert rnnsheet("check", "words.xlsx", cwd=tmp_path).returncode == 0


@needs_extra
@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (
            "0,bad\n1,good\n" * 4,
            (),
            "it has 4 positive and 4 negative sentences; expected at least 5 of each",
        ),
        ("0,the\n1,an\n" * 5, (), "its sentences have no words besides stop words"),
        ("0,bad\n1,good\n" * 9, ("-o", "book.ods"), "book.ods: a workbook's name must end in .xlsx"),
        ("0,bad\n1,good\n" * 9, ("-o", "no/book.xlsx"), "no: there is no such folder"),
        ("0,bad\n1,good\n" * 9, ("-o", "old.xlsx"), "old.keras: the file exists; use --force"),
        ("0,bad\n1,good\n" * 9, ("--glove", "old.keras"), "old.keras: it has a vector for none of the words"),
    ],
)
def test_a_training_that_cannot_be_is_one_line_and_writes_nothing(tmp_path, content, options, said):
    (tmp_path / "file.csv").write_text(content, "utf-8")
    (tmp_path / "old.keras").write_text("\n")
    before = sorted(tmp_path.iterdir())
    ended = rnnsheet("sentiment", "train", "file.csv", *options, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_package_is_told_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(RnnsheetError) as told:
        keras_model.check_installed()
    assert str(told.value) == "keras is not installed; install it with: pip install 'rnnsheet[sentiment]'"


@needs_extra
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sees in /proc when the training begins")
@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_leaves_nothing(tmp_path):
    sentences(tmp_path / "words.csv")
    command = [sys.executable, "-m", "rnnsheet", "sentiment", "train", "words.csv", "--epochs", "1000000"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=dict(os.environ), stdout=-1, stderr=-1, text=True
    ) as run:
        while b"libtorch" not in Path(f"/proc/{run.pid}/maps").read_bytes():
            time.sleep(0.1)
        time.sleep(5)
        run.send_signal(signal.SIGINT)
        printed, errors = run.communicate(timeout=60)
    assert run.returncode != 0
    assert printed == ""
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == [tmp_path / "words.csv"]
