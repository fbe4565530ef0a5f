"""How a command is explained, and a mistake in the command itself as one line, in the user's language."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

from rnnsheet.console.command import help_text
from rnnsheet.errors import RnnsheetError, unknown
from rnnsheet.labels import default_language, language_of

_Formatter: Any = typer.core.TyperGroup.context_class.formatter_class
"""Typer has Click's own classes or a copy of them."""


class _Help(_Formatter):  # type: ignore[misc]
    """What `--help` prints, with the words that Typer has in English alone."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or help_text("help.usage"))

    def write_heading(self, heading: str) -> None:
        super().write_heading(help_text.get(f"help.heading_{heading.lower()}") or heading)

    def write_dl(self, rows: Sequence[tuple[str, str]], *widths: int, **more: int) -> None:
        super().write_dl([(name, _told(text)) for name, text in rows], *widths, **more)


def _told(text: str) -> str:
    """An option's text with what Typer says of every option."""
    text = text.replace("Show this message and exit.", help_text("help.help"))
    text = re.sub(r"\[default: (.*)\]$", lambda found: help_text("help.default", value=found[1]), text)
    return re.sub(r"\[required\]$", help_text("help.required"), text)


class Commands(typer.core.TyperGroup):
    """Commands of which an unknown one is told with the one that was meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown("no_command", args[0], self.commands, command=ctx.command_path)
        return super().resolve_command(ctx, args)


def translate_help() -> None:
    """Lets every command explain itself in the user's language."""
    typer.core.TyperGroup.context_class.formatter_class = _Help


def asked_language() -> str:
    """The language of a command that could not be parsed: the one after `--lang`, or the locale's."""
    asked = re.search(r"(?:^|\n)--lang[=\n](\S*)", "\n".join(sys.argv))
    return language_of(asked[1] if asked else "") or default_language()


def mistake(error: Any) -> RnnsheetError:
    """What Typer found wrong with a command, in one line: what, and what was expected."""
    command = error.ctx.command_path if error.ctx else "rnnsheet"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        names = [name for each in error.ctx.command.get_params(error.ctx) for name in each.opts]
        known = [name for name in names if name.startswith("-")]
        return unknown("no_option", error.option_name, known, command=command)
    if kind == "BadOptionUsage":
        key = "option_takes_none" if "not take a value" in error.message else "option_needs_value"
        return RnnsheetError(key, option=error.option_name)
    if kind == "MissingParameter":
        told = str(error.param.help or "").rstrip(".。")
        return RnnsheetError("missing_argument", command=command, name=_name(error.param), told=told)
    if kind == "BadParameter" and error.param:
        value = error.message.partition(" is not a valid")[0]
        key = "no_whole_number" if "int" in error.param.type.name else "no_number"
        return RnnsheetError(key, command=command, name=_name(error.param), got=value)
    if extra := re.search(r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)$", error.format_message()):
        return RnnsheetError("extra_argument", command=command, got=extra[1])
    return RnnsheetError("said", reason=error.format_message())


def _name(parameter: Any) -> str:
    """What people call an option or an argument."""
    names = [name for name in parameter.opts if name.startswith("-")]
    return str(names[-1] if names else parameter.human_readable_name)
