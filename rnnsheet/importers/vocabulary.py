"""A vocabulary file: which number stands for which token."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnsheet.errors import ModelError
from rnnsheet.files import as_text, content
from rnnsheet.importers.limits import MOST_ROWS, MOST_TEXT, reading

UNKNOWN = ("<unk>", "[unk]", "<oov>", "[oov]", "<unknown>")
"""What vocabularies call the token that stands for all others, in small letters."""
PADDING = ("<pad>", "[pad]", "<padding>")

_SPECIAL = re.compile(r"<[^<>]+>|\[[^][]+\]|")
_NO_CELL = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SIGNS = {"": "∅", " ": "␣", "\t": "⇥", "\n": "↵"}
"""What stands for a token that nobody could see."""


@dataclass(frozen=True)
class Vocabulary:
    """What texts may have, and the numbers that it is read as."""

    tokens: tuple[str, ...] = ()
    """The token of each number, from 0; "" where no text can have it."""
    forms: Mapping[str, int] = field(default_factory=dict)
    """Further texts that are read as one of the tokens."""
    answers: tuple[str, ...] = ()
    """What is shown of each number where it is an answer."""


def read_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary of a file.

    Takes one token per line, a JSON list, a JSON map of token to number such as the `word_index` of Keras, or
    what its Tokenizer's `to_json` gives. Of several texts with one number in a map, the first is the token.
    Raises ModelError where it is none of these.
    """
    with reading(str(path), "JSON"):
        text = as_text(content(path, ModelError, MOST_TEXT), path, ModelError)
        given = _parsed(text, path.suffix.lower() == ".json")
        tokens = _tokens(given)
    if not any(tokens):
        raise ModelError("no_tokens", place=str(path))
    token, times = Counter(token for token in tokens if token).most_common(1)[0]
    if times > 1:
        raise ModelError("token_twice", place=str(path), given=repr(token))
    entries = given.items() if isinstance(given, dict) else ()
    forms = {text: number for text, number in entries if text != tokens[number] and not _NO_CELL.search(text)}
    typed = tuple("" if _NO_CELL.search(token) else token for token in tokens)
    if not any(typed):
        raise ModelError("bad_vocabulary", place=str(path), given=repr(tokens[0])[:50])
    return Vocabulary(typed, forms, tuple(map(_shown, tokens)))


def _shown(token: str) -> str:
    """A token as an answer that can be seen."""
    if any(sign.isprintable() and not sign.isspace() for sign in token) and not _NO_CELL.search(token):
        return token
    return _SIGNS.get(token) or " ".join(f"U+{ord(sign):04X}" for sign in token)


def is_special(token: str) -> bool:
    """Whether a token stands for something that no text has, such as <pad>."""
    return bool(_SPECIAL.fullmatch(token))


def number_of(tokens: Sequence[str], names: Sequence[str]) -> int | None:
    """The number of the first token that is called one of these, in small letters."""
    return next((number for number, token in enumerate(tokens) if token.lower() in names), None)


def _parsed(text: str, is_json: bool) -> Any:
    """What the file says in JSON, or else its lines."""
    try:
        given = json.loads(text)
    except ValueError:
        if is_json:
            raise
        return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if isinstance(given, str):
        # Keras' Tokenizer.to_json is a text, which json.dump puts into quotes.
        given = json.loads(given)
    if isinstance(given, dict) and given.get("class_name") == "Tokenizer":
        return _tokenizer(given["config"])
    return given


def _tokenizer(config: Mapping[str, Any]) -> dict[str, int]:
    """The words of a Tokenizer that it gives numbers to: where it has a `num_words`, those below it."""
    index = config["word_index"]
    index = json.loads(index) if isinstance(index, str) else index
    most = config.get("num_words") or len(index) + 1
    kept = {word: number for word, number in index.items() if number < most}
    if oov := config.get("oov_token"):
        kept = {"<unk>" if word == oov else word: number for word, number in kept.items()}
    return kept


def _tokens(given: Any) -> list[str]:
    """The tokens by their numbers, of a list or of a map."""
    if isinstance(given, dict):
        by_number: dict[int, str] = {}
        for token, number in given.items():
            if type(number) is not int or not 0 <= number <= MOST_ROWS:
                raise ModelError("bad_vocabulary", given=f"{token!r}: {number!r}")
            by_number.setdefault(number, token)
        given = [by_number.get(number, "") for number in range(max(by_number, default=-1) + 1)]
    if not isinstance(given, list):
        raise ModelError("bad_vocabulary", given=repr(given)[:50])
    for token in given:
        if not isinstance(token, str):
            raise ModelError("bad_vocabulary", given=repr(token)[:50])
    return given
