"""Words of sentences: where they part, which count, which are forms of one, and their numbers.

As the article does it: small letters, no stop words, lemmas, the most frequent ones. The stop words are those
of NLTK for English, which the package bm25s has in it; the lemmas are simplemma's, for WordNet's of NLTK.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnnsheet.network.imported import CURLY, STRAIGHT
from rnnsheet.network.reading import parted
from rnnsheet.sentiment.sequences import Integers


def words(text: str) -> list[str]:
    """The words of a text as a workbook reads them: in small letters."""
    return parted(text.lower())


@dataclass(frozen=True)
class Vocabulary:
    """The words that a network reads, numbered from 1: `lemmas[0]` has the number 1. 0 is the padding."""

    lemmas: tuple[str, ...]
    numbers: Mapping[str, int]
    """The number of every word form; stop words and rare words are not in it. The forms of a lemma follow
    each other, the lemma itself first where the sentences have it, then the most frequent first."""


def vocabulary(forms: Sequence[str], counts: Integers, most: int) -> Vocabulary:
    """The `most` frequent lemmas of the word forms, each of which occurs `counts` times, and their forms."""
    forms_of = _lemmas(forms, counts)
    ranked = sorted(forms_of, key=lambda lemma: -sum(counts[n] for n in forms_of[lemma]))[:most]
    numbers = {}
    for number, lemma in enumerate(ranked, 1):
        for form in sorted(forms_of[lemma], key=lambda n: (forms[n] != lemma, -counts[n])):
            numbers[forms[form]] = number
    return Vocabulary(tuple(ranked), numbers)


def _lemmas(forms: Sequence[str], counts: Integers) -> dict[str, list[int]]:
    """The forms of each lemma, as indices, of forms that occur and are no stop words."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS
    from simplemma import lemmatize

    stop_words = frozenset(STOPWORDS_EN_PLUS)
    forms_of = defaultdict(list)
    for form in np.flatnonzero(counts).tolist():
        word = forms[form].replace(CURLY, STRAIGHT).strip(STRAIGHT)
        if word and word not in stop_words:
            forms_of[lemmatize(word, lang="en").lower()].append(form)
    return forms_of
