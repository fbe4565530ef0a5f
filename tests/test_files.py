"""A file is written whole or not at all, and nothing else is touched."""

import os
import re
import stat
from pathlib import Path

import pytest

from rnnsheet.errors import DataError, OutputError
from rnnsheet.files import check_file, check_free, copy_together, made_folder, write_whole


def put(content: bytes):
    return lambda file: file.write(content)


def test_a_file_is_replaced(tmp_path):
    write_whole(tmp_path / "a", put(b"old"))
    write_whole(tmp_path / "a", put(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    write_whole(tmp_path / "a", lambda file: file.write((tmp_path / "a").read_bytes() + b" and new"))
    assert (tmp_path / "a").read_bytes() == b"old and new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_any_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise error

    with pytest.raises(error):
        write_whole(tmp_path / "a", fail)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize("name", [".", "..", "folder", "missing/a", "file/a", "n" * 300, "/proc/a"])
def test_what_cannot_be_written_is_told_with_its_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError) as told:
        write_whole(Path(name), put(b"new"))
    assert str(told.value).startswith(f"{Path(name)}: cannot be written (")
    assert not re.search("[A-Za-z]", told.value.text("zh").removeprefix(str(Path(name))))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_ordinary_file_is_never_replaced(tmp_path):
    """As root, `-o /dev/null --force` must not turn a device into a workbook."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError):
        write_whole(pipe, put(b"new"))
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    def outer(file):
        write_whole(tmp_path / "a", put(b"inner"))
        assert (tmp_path / "a").read_bytes() == b"inner"
        file.write(b"outer")

    write_whole(tmp_path / "a", outer)
    assert (tmp_path / "a").read_bytes() == b"outer"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_files_that_belong_together_take_their_places_together(tmp_path):
    sources = [tmp_path / name for name in "abc"]
    for source in sources:
        source.write_text(source.name, "utf-8")
    (tmp_path / "to").mkdir()
    targets = [tmp_path / "to" / name for name in "abc"]
    copy_together([*zip(sources, targets, strict=True)])
    assert [target.read_text("utf-8") for target in targets] == ["a", "b", "c"]
    sources[0].write_text("new", "utf-8")
    sources[2].unlink()
    with pytest.raises(OutputError):
        copy_together([*zip(sources, targets, strict=True)])
    assert [target.read_text("utf-8") for target in targets] == ["a", "b", "c"]
    assert len(list((tmp_path / "to").iterdir())) == 3


def test_a_folder_is_told_before_long_work(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        check_free(tmp_path, force=True)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_that_was_made_for_nothing_is_gone_again(tmp_path, error):
    (tmp_path / "old").mkdir()
    with pytest.raises(error), made_folder(tmp_path / "old" / "new" / "newer"):
        assert (tmp_path / "old" / "new" / "newer").is_dir()
        raise error
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]
    with pytest.raises(error), made_folder(tmp_path / "old"):
        raise error
    with pytest.raises(error), made_folder(tmp_path / "old" / "new") as folder:
        (folder / "a").write_bytes(b"whole")
        raise error
    assert (tmp_path / "old" / "new" / "a").read_bytes() == b"whole"


@pytest.mark.parametrize(("place", "told"), [("a", "已有同名文件"), ("a/b", "路径中有一段不是文件夹")])
def test_a_folder_that_cannot_be_made_is_told_in_chinese_too(tmp_path, place, told):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written") as caught, made_folder(tmp_path / place):
        pytest.fail("there is none")
    assert told in caught.value.text("zh")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_file_with_nothing_in_it_is_said_to_be_empty(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(DataError, match="a: the file is empty"):
        check_file(tmp_path / "a", DataError)
