"""The one entry: a file of an imported network, of whatever framework, as a `ImportedNetwork`."""

import zipfile
from pathlib import Path

from rnnsheet.errors import ModelError
from rnnsheet.files import check_file
from rnnsheet.importers.description import Description, read_description
from rnnsheet.importers.draft import Draft
from rnnsheet.importers.limits import reading
from rnnsheet.importers.vocabulary import Vocabulary, read_vocabulary
from rnnsheet.network.imported import ImportedNetwork


def read_model(
    path: str | Path, vocabulary: str | Path = "", steps: int | None = None, description: str | Path = ""
) -> ImportedNetwork:
    """The network in a file of Keras, PyTorch, ONNX or NumPy.

    Its content tells what the file is. `vocabulary` is a file of tokens, as `read_vocabulary` takes it;
    `steps` how many tokens or columns of numbers are read, by default what the file says; `description` a
    TOML file, as `read_description` takes it, with what the file does not say. No code in the file is run.
    Raises ModelError where the network cannot be read.
    """
    path = Path(path)
    check_file(path, ModelError)
    known = read_vocabulary(Path(vocabulary)) if vocabulary else Vocabulary()
    described = read_description(Path(description)) if description else Description()
    kind = kind_of(path)
    with reading(str(path), kind):
        draft, described = _draft(kind, path, described)
        return draft.finish(described, known, steps)


def _draft(kind: str, path: Path, description: Description) -> tuple[Draft, Description]:
    """What the reader of its kind finds in the file, and what is known of it besides."""
    # Each reader is imported for its own files alone: some load large packages.
    if kind == "Keras":
        from rnnsheet.importers.keras import read_archive, read_hdf5

        return (read_archive if zipfile.is_zipfile(path) else read_hdf5)(path, description)
    if kind == "NumPy":
        from rnnsheet.importers.npz import read_npz

        return read_npz(path, description)
    if kind == "ONNX":
        from rnnsheet.importers.onnx import read_onnx

        return read_onnx(path, description)
    from rnnsheet.importers.pytorch import read_pickled, read_safetensors

    return (read_safetensors if kind == "safetensors" else read_pickled)(path, description)


def kind_of(path: Path) -> str:
    """Of which framework the file is. Raises ModelError where it is of none that is known."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[:8] == b"\x89HDF\r\n\x1a\n":
        return "Keras"
    if head[:2] == b"PK":
        return _kind_of_zip(path)
    if head[8:9] == b"{" and head[7:8] == b"\0":
        return "safetensors"
    if head[:1] == b"\x80":
        return "PyTorch"
    if path.suffix.lower() == ".onnx" or head[:1] == b"\x08":
        return "ONNX"
    raise ModelError("unknown_model", place=str(path))


def _kind_of_zip(path: Path) -> str:
    with reading(str(path), "Keras, PyTorch, NumPy"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if "config.json" in names:
        return "Keras"
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "PyTorch"
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy"
    raise ModelError("unknown_model", place=str(path))
