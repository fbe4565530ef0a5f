"""What every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import rnnsheet
from tests.lessons import hello

settings.register_profile("default", deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages in English, whatever the developer's locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setitem(os.environ, name, "C.UTF-8")


@pytest.fixture(scope="session")
def hello_xlsx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of `lessons.hello`; not to be changed."""
    return rnnsheet.export(hello(), tmp_path_factory.mktemp("hello") / "hello.xlsx", "en")
