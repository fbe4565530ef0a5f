"""What a stranger's model, lesson or table may cost, and how the command ends whatever happens to it."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import toml
from rnnsheet.errors import DataError, LessonError, ModelError
from rnnsheet.experiments import Settings
from rnnsheet.files import temporary_folder
from rnnsheet.importers import read_model
from rnnsheet.importers.vocabulary import read_vocabulary
from rnnsheet.importing import Request
from rnnsheet.sentiment import table, vectors
from tests.lessons import hello
from tests.test_cli import HELLO
from tests.test_models import DENSE, GOOD, every_format, keras_h5

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install -e '.[dev]'")
onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install -e '.[dev]'")

MOST_SECONDS, MOST_MEMORY = 30, 1500 << 20


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def graph(path: str, nodes: list, **constants: np.ndarray) -> Path:
    """An ONNX file whose last operator gives y, of an input x (1, 4, 2)."""
    make = onnx.helper
    x = make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 4, 2))
    y = make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()]
    operators = [make.make_node(*each[:3], **(each[3] if len(each) > 3 else {})) for each in nodes]
    model = make.make_model(
        make.make_graph(operators, "g", [x], [y], tensors), opset_imports=[make.make_opsetid("", 17)]
    )
    onnx.save(model, path)
    return Path(path)


HUGE = np.array([100_000, 100_000])
COLUMN, ROW = np.ones((100_000, 1), np.float32), np.ones((1, 100_000), np.float32)
GREEDY = {
    **{
        kind: ([(kind, ["a", "b"], ["y"])], {"a": COLUMN, "b": ROW})
        for kind in ("Add", "Sub", "Mul", "Div", "Equal")
    },
    "Where": ([("Where", ["c", "a", "b"], ["y"])], {"c": COLUMN > 0, "a": ROW, "b": ROW}),
    "Expand": ([("Expand", ["a", "n"], ["y"])], {"a": COLUMN, "n": np.array([1, 100_000])}),
    "ConstantOfShape": ([("ConstantOfShape", ["n"], ["y"])], {"n": HUGE}),
    "Range": (
        [("Range", ["a", "b", "c"], ["y"])],
        {"a": np.array(0), "b": np.array(10**10), "c": np.array(1)},
    ),
    "Gather": (
        [("Gather", ["a", "n"], ["y"])],
        {"a": np.ones((2, 50_000), np.float32), "n": np.zeros(50_000, np.int64)},
    ),
    "Concat": ([("Concat", ["a"] * 5000, ["y"], {"axis": 0})], {"a": COLUMN}),
    "one after the other": (
        [("Neg", ["a" if n == 0 else f"n{n - 1}"], [f"n{n}"]) for n in range(700)],
        {"a": COLUMN},
    ),
}


@pytest.mark.parametrize("kind", GREEDY)
def test_what_onnx_folds_is_counted_first(kind, monkeypatch):
    nodes, constants = GREEDY[kind]
    path = graph("a.onnx", nodes, **constants)
    usual = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        # 500 MB more than there is: none of them needs it.
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + (500 << 20), usual[1]))
        with pytest.raises(ModelError, match="numbers are too many for a workbook"):
            read_model(path, steps=4)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, usual)


@given(st.data())
def test_what_onnx_folds_is_never_more_than_was_counted(data):
    from rnnsheet.importers import folding

    shapes = st.lists(st.integers(1, 4), max_size=3)
    kind = data.draw(st.sampled_from(["Add", "Where", "Expand", "Gather", "Range", "ConstantOfShape"]))
    first, second = (np.ones(data.draw(shapes), np.int64) for _ in range(2))
    read = {
        "Add": [first, second],
        "Where": [first > 0, second, first],
        "Expand": [first, np.array(data.draw(shapes), np.int64)],
        "Gather": [np.ones([2, *first.shape], np.int64), np.zeros(second.shape, np.int64)],
        "Range": [np.array(data.draw(st.integers(-9, 9))) for _ in range(2)] + [np.array(2)],
        "ConstantOfShape": [np.array(data.draw(shapes), np.int64)],
    }[kind]
    names = [f"i{n}" for n in range(len(read))]
    fold = folding.Folding(17)
    try:
        found = fold.result(onnx.helper.make_node(kind, names, ["y"]), read, {})
    except (TypeError, ValueError, RuntimeError):
        # They do not fit each other.
        return
    assert found.size <= max(1, fold.count)


def nested(path: str, depth: int) -> None:
    keras_h5([DENSE], {"dense": GOOD}, path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        for _ in range(depth):
            group = group.create_group("g")


def hostile() -> list[Path]:
    """Models of some kilobytes that want more than there is, in every format."""
    nested("deep.h5", 3000)
    keras_h5([DENSE], {"dense": GOOD}, "names.h5")
    with h5py.File("names.h5", "r+") as file:
        attributes = file["model_weights/dense"].attrs
        attributes["weight_names"] = np.full(60_000, b"a", "S1")
    keras_h5([DENSE], {"dense": GOOD[1:]}, "chunk.h5")
    with h5py.File("chunk.h5", "r+") as file:
        inner = file["model_weights/dense"]
        array = inner.create_dataset(
            "k", (2, 3), "f4", chunks=(30_000, 30_000), maxshape=(None, None), compression="gzip"
        )
        assert array.chunks == (30_000, 30_000)
    with zipfile.ZipFile("entries.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        for number in range(200_000):
            archive.writestr(str(number), b"")
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**18] * 500_000, "data_offsets": [0, 4]}}).encode()
    Path("shape.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    nodes = [("Neg", ["a" if n == 0 else f"n{n - 1}"], [f"n{n}"]) for n in range(12_000)]
    graph("operators.onnx", nodes, a=np.ones(1, np.float32))
    graph("add.onnx", *GREEDY["Add"][:1], **GREEDY["Add"][1])
    return sorted(Path().glob("*.*"))


@pytest.mark.slow
def test_no_hostile_model_takes_long_or_much():
    # In a process of its own: others that this test run has begun may have taken more.
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        assert fresh.submit(taken_by_hostile_models).result() < MOST_MEMORY


def taken_by_hostile_models() -> int:
    """The most memory of any import, in bytes; each is refused in one line and in time."""
    for path in hostile():
        before = time.monotonic()
        with pytest.raises(ModelError) as caught:
            Request(str(path), steps=4).network()
        assert time.monotonic() - before < MOST_SECONDS, path
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def test_groups_inside_each_other_are_not_followed_without_end():
    nested("deep.h5", 70)
    with pytest.raises(ModelError, match="64 groups inside each other"):
        read_model("deep.h5")
    nested("flat.h5", 5)
    assert len(read_model("flat.h5").layers) == 1


@pytest.mark.slow
def test_a_model_is_the_same_from_the_other_process():
    for path in every_format():
        described = "a.toml" if path.suffix in (".npz", ".pt", ".safetensors") else "steps.toml"
        here, there = (
            read_model(path, description=described),
            Request(str(path), description=described).network(),
        )
        assert [each.name for each in there] == [each.name for each in here]
        for one, other in zip(here, there, strict=True):
            assert {**vars(one), "weights": 0} == {**vars(other), "weights": 0}
            for name, array in one.weights.items():
                np.testing.assert_array_equal(array, other.weights[name])
        assert (there.assumed, there.precision, there.source) == (here.assumed, here.precision, here.source)


def test_a_reader_that_breaks_down_or_does_not_end_is_told_in_one_line(monkeypatch, tmp_path):
    Path("a.onnx").write_bytes(b"\x08")
    for program, told in (
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "broke down (SIGSEGV)"),
        ("while True: pass", "it took more than 1 s "),
        ("a = []\nwhile True: a.append(bytes(1 << 20))", "it ended with status 1"),
    ):
        path = tmp_path / "program.py"
        limit = "import resource, sys\nfor kind, at in ((0, 3), (2, 4)): resource.setrlimit("
        path.write_text(f"{limit}kind, (int(sys.argv[at - 1]), -1))\n{program}")
        monkeypatch.setattr("rnnsheet.importing._PROGRAM", path)
        monkeypatch.setattr("rnnsheet.importing._READING", 1)
        monkeypatch.setattr("rnnsheet.importing._ROOM", 200 << 20)
        with pytest.raises(ModelError) as caught:
            Request("a.onnx").network()
        assert told in str(caught.value)


DEEP = 100_000
KEYS = {
    "dots": "a" + ".a" * DEEP + " = 1",
    "blanks": "a" + " . a" * DEEP + " = 1",
    "quotes": '"a"' + ".'a'" * DEEP + " = 1",
    "heading": "[a" + ".a" * DEEP + "]",
    "inline": "x = {y = [{a" + ".a" * DEEP + " = 1}]}",
    "behind a long text": 'x = {y = """a"""", a' + ".a" * DEEP + ' = "}',
    "behind another": "x = {y = '''a''''', a" + ".a" * DEEP + " = '}",
    "behind an escape": 'x = "\\\\" #"\na' + ".a" * DEEP + " = 1",
    "behind a sign of remarks": 'x = "#"\n[a' + ".a" * DEEP + "]",
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_without_end_is_refused_before_it_is_parsed(kind):
    Path("a.toml").write_text(KEYS[kind])
    before = time.process_time()
    for load, error in (
        (rnnsheet.load, LessonError),
        (lambda path: toml.parsed(Path(path), ModelError), ModelError),
    ):
        with pytest.raises(error, match=r"a key of 10000. parts"):
            load("a.toml")
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    "text",
    [
        '"""\n' + '\\"""\n' * 40_000,
        'x = "' + '\\"' * DEEP,
        "x = " + '"' * DEEP,
        "x = " + "[" * DEEP,
        "x = " + "9" * DEEP,
    ],
)
def test_other_toml_without_end_is_told_at_once(text):
    Path("a.toml").write_text(text)
    before = time.process_time()
    with pytest.raises(LessonError, match="not valid TOML"):
        rnnsheet.load("a.toml")
    assert time.process_time() - before < 5


TOML_KEY = st.sampled_from(["a", "b", '"c.d"', "'e#'", '"\\""'])
TOML_VALUE = st.sampled_from(
    [
        "1.5",
        '"a.b.c.d.e.f.g.h.i.j"',
        "'a.b.c.d.e.f.g.h.i.j'",
        '"""\na.b.c.d.e.f.g.h.i.j"""""',
        "'''a''''",
        '"\\""',
    ]
)


@given(
    st.lists(st.tuples(st.lists(TOML_KEY, min_size=1, max_size=12), TOML_VALUE, st.booleans()), max_size=4)
)
def test_keys_are_measured_as_toml_reads_them(entries):
    lines = [
        f"k{number}.{'.'.join(key)} = {{z = {value}, {'.'.join(key)} = 2}} # a.b.c.d.e.f.g.h.i.j"
        if inline
        else f'k{number}.{" . ".join(key)} = {value} # it\'s """ a.b.c.d.e.f.g.h.i.j'
        for number, (key, value, inline) in enumerate(entries)
    ]
    text = "\n".join(lines)
    deep = any(len(key) + 1 > 8 for key, _, _ in entries)
    Path("a.toml").write_text(text)
    try:
        assert toml.parsed(Path("a.toml"), LessonError) == tomllib.loads(text)
        assert not deep
    except LessonError as error:
        assert (error.key == "deep_key") == deep


@pytest.mark.parametrize(
    "setting", [each.name for each in fields(Settings) if each.name not in ("chosen", "sheets")]
)
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e999", "0x" + "f" * 400])
def test_a_setting_that_is_not_finite_is_told_with_its_key(setting, value):
    others = re.sub(rf"^{setting} = .*\n", "", HELLO, flags=re.MULTILINE)
    Path("a.toml").write_text(others.replace("[settings]\n", f"[settings]\n{setting} = {value}\n"))
    with pytest.raises(LessonError, match=f"^a.toml: settings.{setting} is "):
        rnnsheet.load("a.toml")
    with pytest.raises(LessonError, match=f"settings.{setting} is "):
        number = int(value, 16) if value[:2] == "0x" else float(value)
        lesson = hello()
        replace(lesson, settings=replace(lesson.settings, **{setting: number}))


def test_only_ordinary_files_are_read():
    os.mkfifo("fifo")
    Path("folder").mkdir()
    for path in map(Path, ("fifo", "folder", "/dev/zero", "none")):
        for read, error in (
            (read_vocabulary, ModelError),
            (read_model, ModelError),
            (lambda path: read_model("a.h5", description=path), ModelError),
            (lambda path: vectors.read(path, ["a"], int), DataError),
            (lambda path: rnnsheet.load(str(path.absolute())), LessonError),
        ):
            keras_h5([DENSE], {"dense": GOOD})
            with pytest.raises(error, match=r"no ordinary file|no such file"):
                read(path)


def test_lines_without_end_are_not_read():
    Path("a.txt").write_bytes(b"a " + b"1 " * 200_000)
    with pytest.raises(DataError, match="row 1 is longer than"):
        vectors.read(Path("a.txt"), ["a"], int)
    Path("a.txt").write_bytes(b"a " + b"1 " * 10_000)
    with pytest.raises(DataError, match="row 1 is not a word and 4000 numbers"):
        vectors.read(Path("a.txt"), ["a"] * 5000, int)
    for text in ("0,a\n" + "a" * 2_000_000, "0\ta\n1\t" + "b" * 2_000_000):
        Path("a.csv").write_text(text)
        with pytest.raises(DataError, match="row 2 is longer than"):
            table.read(Path("a.csv"), int)
    Path("a.txt").write_bytes(b"a\n" * 11_000_000)
    with pytest.raises(ModelError, match="too large: 22000000 bytes"):
        read_vocabulary(Path("a.txt"))
    Path("a.json").write_text('{"a": 19999999}')
    with pytest.raises(ModelError, match="19999999"):
        read_vocabulary(Path("a.json"))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rnnsheet", *arguments]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such signals nor such locks")
def test_a_killed_command_leaves_no_process_and_the_next_no_folder(hello_xlsx, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = {**os.environ, "TMPDIR": str(temporary)}
    waiting = tmp_path / "waiting.py"
    waiting.write_text("import time\ntime.sleep(60)")
    # It starts a program that would run on, and is killed.
    program = (
        "import sys, time; from pathlib import Path; from rnnsheet.checking.process import Program\n"
        "from rnnsheet.files import temporary_folder\n"
        "with temporary_folder('ironcalc') as folder:\n"
        "    started = Program([sys.executable, sys.argv[1]], folder)\n"
        "    print(started._process.pid, flush=True); time.sleep(60)"
    )
    shell = [sys.executable, "-c", program, str(waiting)]
    with subprocess.Popen(shell, env=settings, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        group = os.getpgid(child)
        # What is in use is left alone.
        subprocess.run(command("check", str(hello_xlsx)), env=settings, check=True, capture_output=True)
        assert len(list(temporary.iterdir())) == 1
        parent.kill()
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the program has outlived its parent")
    assert len(list(temporary.iterdir())) == 1
    subprocess.run(command("check", str(hello_xlsx)), env=settings, check=True, capture_output=True)
    assert list(temporary.iterdir()) == []


def test_folders_of_others_and_links_are_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path("kept").mkdir()
    Path("rnnsheet-a-link").symlink_to("kept")
    Path("rnnsheet-b-other").mkdir()
    Path("rnnsheet-a-left").mkdir()
    cleared = []
    with temporary_folder("a", cleared.append) as first, temporary_folder("a", cleared.append) as second:
        assert first.is_dir() and second.is_dir() and first != second
        assert cleared == [tmp_path / "rnnsheet-a-left"]
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "rnnsheet-a-link", "rnnsheet-b-other"}


BROKEN = """
import sys
from rnnsheet import cli
def broken(**_):
    {fault}
cli.app = broken
from rnnsheet.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("1 / 0", 70, "a fault of rnnsheet"),
        ("broken()", 70, "RecursionError"),
        ("raise GeneratorExit", 70, "GeneratorExit"),
        ("raise MemoryError", 2, "not enough memory"),
        ("__import__('numpy').ones(10**15)", 2, "not enough memory"),
        ("open('/none/at/all')", 2, "No such file"),
        ("raise KeyboardInterrupt", 130, ""),
        ("raise BrokenPipeError", 141, ""),
        ("sys.exit(1)", 141, ""),
    ],
)
def test_what_nobody_expected_is_one_line_and_never_1(fault, status, told):
    program = BROKEN.format(fault=fault)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.returncode == status, ended.stderr
    assert told in ended.stderr
    assert ended.stderr.count("\n") == (1 if told else 0)
    for full in ("/dev/full", None):
        with open(full or os.devnull, "w") as stream:  # noqa: PTH123
            close = None if full else lambda: os.close(2)
            ended = subprocess.run(
                [sys.executable, "-c", program], stderr=stream, preexec_fn=close, timeout=60
            )
        assert ended.returncode == status


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell's >&- is needed")
@pytest.mark.parametrize(
    ("given", "way"),
    [
        *(("check nope.xlsx", way) for way in (">&-", "2>/dev/full", "2>&-", ">&- 2>&-", "|true")),
        *((given, ">/dev/full 2>/dev/full") for given in ("check nope.xlsx", "check", "--nope", "run nope")),
        *(("--help", way) for way in (">/dev/full", ">&-", "|true")),
    ],
)
def test_streams_that_take_nothing_never_end_with_1(given, way):
    ran = f'"{sys.executable}" -m rnnsheet {given}'
    shell = f"({ran}; echo $? >status) | true" if way == "|true" else f"{ran} {way}"
    ended = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=60)
    status = int(Path("status").read_text()) if way == "|true" else ended.returncode
    assert status in ((0, 2, 141) if given == "--help" else (2,))
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory that the system keeps")
@pytest.mark.parametrize("megabytes", [60, 100, 150])
def test_memory_that_is_refused_is_no_wrong_cell(hello_xlsx, megabytes):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    ended = subprocess.run(
        command("check", str(hello_xlsx)), preexec_fn=limit, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_at_any_time_ends_with_130_and_no_word(hello_xlsx):
    # From when Python hands over to the command: what it does before is its own.
    program = "import rnnsheet.__main__ as m; print(flush=True); m.main()"
    for delay in np.linspace(0, 0.3, 12):
        started = [sys.executable, "-c", program, "check", str(hello_xlsx)]
        with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        assert (process.returncode in (0, 130), errors) == (True, "")


IN_A_CALLBACK = """
import signal, sys, time, weakref
import rnnsheet.__main__ as command
import rnnsheet.cli

class Kept:
    pass

def run_command():
    kept = Kept()
    weak = weakref.ref(kept, lambda _: signal.raise_signal(getattr(signal, sys.argv[1])))
    del kept
    time.sleep(20)
    print("went on")
    return 0

rnnsheet.cli.run_command = run_command
command.main()
"""


@pytest.mark.usefixtures("heard_signals")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_where_python_can_raise_nothing_ends_the_command_too(name, status):
    """As in a callback of its imports: it was told to the terminal, and the command went on."""
    command = [sys.executable, "-c", IN_A_CALLBACK, name]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "", "")


EARLY = """
import signal, sys
sys.modules.pop("typing", None)

class CtrlC:
    def find_spec(self, name, *_):
        if name == "typing":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
import rnnsheet.__main__
"""


@pytest.mark.usefixtures("heard_signals")
def test_ctrl_c_before_anything_is_imported_ends_it_without_a_word():
    ended = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
def test_a_mistake_that_nobody_reads_is_still_one():
    with subprocess.Popen(command("check", "nope.xlsx"), stderr=subprocess.PIPE) as process:
        process.stderr.close()
    assert process.returncode == 2
