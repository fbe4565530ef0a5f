"""The version of rnnsheet; pyproject.toml reads it from here."""

VERSION = "0.2.0"
