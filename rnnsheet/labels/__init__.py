"""Every text that people read, by language: one TOML file per language in this folder."""

import os
import re
import sys
import tomllib
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a label file, English first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda language: language != "en"))


def default_language() -> str:
    """The language of the user's locale where we have it, else English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if setting := os.environ.get(variable):
            return language_of(setting) or "en"
    return language_of(_of_system()) or "en"


def language_of(setting: str) -> str:
    """The language that a locale's name means, such as zh of zh_CN.UTF-8, or cn; "" where we have none."""
    language = re.split("[-_.@]", setting.strip().lower())[0]
    language = _COUNTRIES.get(language, language)
    return language if language in languages() else ""


_COUNTRIES = {"cn": "zh"}
"""The language of a country whose sign is often taken for the language's."""


def _of_system() -> str:
    """The language that Windows or macOS shows its own windows in; neither needs to set a variable."""
    with suppress(Exception):
        if sys.platform == "win32":
            import ctypes
            import locale

            return locale.windows_locale[ctypes.windll.kernel32.GetUserDefaultUILanguage()]
        if sys.platform == "darwin":
            import plistlib

            settings = Path.home() / "Library" / "Preferences" / ".GlobalPreferences.plist"
            return str(plistlib.loads(settings.read_bytes())["AppleLanguages"][0])
    return ""


class Labels:
    """The texts of one language: `labels("error.no_lesson", name="x")`."""

    def __init__(self, language: str, tree: dict[str, object]):
        self.language = language
        self.texts = dict(_flat(tree, ""))
        self.sheets = {
            key.removeprefix(_SHEET): text for key, text in self.texts.items() if key.startswith(_SHEET)
        }
        """What the worksheets are called, by their keys; a text speaks of one as `{sheets[inputs]}`."""

    def __call__(self, key: str, /, **values: object) -> str:
        return self.texts[key].format(sheets=self.sheets, **values)

    def get(self, key: str) -> str:
        """The text as it stands, or "" where the language file has none."""
        return self.texts.get(key, "")


_SHEET = "sheet."


@cache
def labels(language: str) -> Labels:
    """The labels of one of `languages()`."""
    return Labels(language, tomllib.loads(_text(language)))


def help_texts(language: str) -> Labels:
    """The table `help`, and the sheets that it speaks of: all tables take a tenth of a start to read."""
    text = _text(language)
    return Labels(language, tomllib.loads(_table(text, "sheet") + _table(text, "help")))


def sheet_called(name: str, among: Collection[str]) -> str | None:
    """Which of some worksheets has a name, in whatever language it is said; None where none has."""
    if name in among:
        return name
    known = [labels(language).sheets for language in languages()]
    called = {sheets[key] for own in known for key, text in own.items() if text == name for sheets in known}
    return next((each for each in among if each in called), None)


def _table(text: str, name: str) -> str:
    start = text.index(f"\n[{name}]\n")
    return text[start : text.find("\n[", start + 1)]


def _text(language: str) -> str:
    return (FOLDER / f"{language}.toml").read_text("utf-8")


def _flat(tree: dict[str, object], prefix: str) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            flat += _flat(value, f"{prefix}{key}.")
        else:
            flat.append((prefix + key, str(value)))
    return flat
