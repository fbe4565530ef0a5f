"""The command line: parses, calls the API, prints. Nothing heavy is imported before a command runs."""

import warnings
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from rnnsheet.console import classroom, usage
from rnnsheet.console.command import (
    Force,
    Json,
    Language,
    LessonName,
    Paper,
    argument,
    listed,
    option,
    show_warning,
)
from rnnsheet.console.command import errors as _errors
from rnnsheet.console.command import help_text as _help
from rnnsheet.console.command import print_json as _print_json
from rnnsheet.console.command import print_lines as _print
from rnnsheet.console.command import tell as _tell
from rnnsheet.errors import RnnsheetError
from rnnsheet.files import check_free
from rnnsheet.labels import labels
from rnnsheet.version import VERSION

FRAMEWORK, NOTHING = "framework", "none"
"""What an imported network may be checked against."""

MODELS = (".keras", ".h5", ".hdf5", ".pt", ".pth", ".safetensors", ".onnx", ".npz")
"""What files of models are named; a page of any other file is one of a lesson or a workbook."""

usage.translate_help()
app = typer.Typer(
    cls=usage.Commands,
    help=_help("help.app"),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


@app.command(help=_help("help.run"))
def run(lesson: LessonName, as_json: Json = False, lang: Language = "") -> None:
    with _errors(lang) as language:
        from rnnsheet import api
        from rnnsheet.console import lessons

        loaded = api.load(lesson)
        trace = loaded.run()
        if as_json:
            _print_json(api.as_dict(loaded, trace))
        else:
            _print(lessons.walk(loaded, trace, labels(language)))


@app.command(help=_help("help.export"))
def export(
    lesson: LessonName,
    output: Annotated[str, option("output", "-o", "--output", of="FILE")] = "",
    epochs: Annotated[int | None, option("rows")] = None,
    steps: Annotated[int | None, option("steps")] = None,
    digits: Annotated[int | None, option("shown_digits")] = None,
    sheets: Annotated[str, option("sheets", of="NAME,…")] = "",
    paper: Paper = "a4",
    lang: Language = "",
    force: Force = False,
) -> None:
    with _errors(lang) as language:
        from rnnsheet import api
        from rnnsheet.console import progress
        from rnnsheet.experiments import MOST_USUAL

        texts = labels(language)
        shown, loaded = progress.bars(texts), api.load(lesson)
        written = api.export(
            loaded, output, language, force, epochs, steps, shown, paper, digits, listed(sheets)
        )
        _print([texts("export.done", file=written)])
        if epochs is None and loaded.settings.epochs is None and loaded.epochs < MOST_USUAL:
            _print([texts("export.epochs", epochs=loaded.epochs, more=2 * loaded.epochs)])


@app.command(help=_help("help.page"))
def page(
    source: Annotated[str, argument("page_of", "LESSON")],
    output: Annotated[str, option("page_output", "-o", "--output", of="FILE.html")] = "",
    epochs: Annotated[int | None, option("rows")] = None,
    steps: Annotated[int | None, option("page_steps")] = None,
    vocab: Annotated[str, option("vocab", of="FILE")] = "",
    lesson: Annotated[str, option("named_layers", of="FILE.toml")] = "",
    lang: Language = "",
    force: Force = False,
) -> None:
    with _errors(lang) as language:
        from rnnsheet import api

        texts = labels(language)
        if not (vocab or lesson or Path(source).suffix.lower() in MODELS):
            written = api.page(source, output, language, force, epochs, steps)
        else:
            from rnnsheet.console.models import read
            from rnnsheet.importing import Request

            network = Request(source, vocab, steps, lesson).network()
            _print(read(network, texts))
            written = api.page(network, output, language, force)
        _print([texts("page.done", file=written)])


@app.command("import", help=_help("help.import"))
def import_(
    model: Annotated[str, argument("model", "MODEL")],
    output: Annotated[str, option("imported", "-o", "--output", of="FILE.xlsx")] = "",
    vocab: Annotated[str, option("vocab", of="FILE")] = "",
    steps: Annotated[int | None, option("read_steps", of="T")] = None,
    lesson: Annotated[str, option("named_layers", of="FILE.toml")] = "",
    check_against: Annotated[str, option("against", of=f"{FRAMEWORK}|{NOTHING}")] = NOTHING,
    paper: Paper = "a4",
    force: Force = False,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        from rnnsheet.importing import Request

        if check_against not in (FRAMEWORK, NOTHING):
            known = f"{FRAMEWORK}, {NOTHING}"
            raise RnnsheetError("wrong_choice", key="--check-against", got=check_against, known=known)
        request = Request(model, vocab, steps, lesson)
        network = request.network()
        from rnnsheet import api
        from rnnsheet.console import progress
        from rnnsheet.console.models import read

        target = api.workbook_file(output or f"{network.name}.xlsx", force)
        texts = labels(language)
        _print(read(network, texts))
        if check_against == FRAMEWORK:
            from rnnsheet.importers.parity import SAMPLES

            difference, witness = request.agreement(network)
            network = replace(network, witness=witness)
            _print([texts("import.agrees", samples=SAMPLES, file=model, error=difference)])
        shown = progress.bars(texts)
        written = api.export(network, target, language, force, progress=shown, paper=paper)
        _print([texts("export.done", file=written)])


@app.command(help=_help("help.train"))
def train(
    lesson: LessonName,
    epochs: Annotated[int, option("epochs")] = 200,
    rate: Annotated[float, option("rate")] = 0.1,
    clip: Annotated[float, option("clip")] = float("inf"),
    optimizer: Annotated[str, option("optimizer", of="sgd|adagrad|adam")] = "sgd",
    seed: Annotated[int | None, option("seed")] = None,
    output: Annotated[str, option("trained", "-o", "--output", of="FILE.toml")] = "",
    plot: Annotated[str, option("plot", of="FILE.png")] = "",
    force: Force = False,
    as_json: Json = False,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        from rnnsheet import api
        from rnnsheet import plot as curve
        from rnnsheet.console import learning

        loaded = api.load(lesson)
        target = Path(output or f"{loaded.name}-trained.toml")
        for file in (target, Path(plot)) if plot else (target,):
            check_free(file, force)
        if plot:
            curve.check_installed()
        run = learning.Training(loaded.train(epochs, rate, clip, optimizer, seed), epochs, labels(language))
        trained = loaded.with_model(run.last.model)
        trained.save(target, force)
        if plot:
            curve.draw(run.losses, Path(plot), labels(language))
        if as_json:
            _print_json(run.as_dict(str(target)))
        else:
            _print(run.summary(trained, trained.run(), str(target)))


@app.command(help=_help("help.check"))
def check(
    files: Annotated[list[str], argument("file", "FILE...")],
    engine: Annotated[str, option("engine", of="NAME|all")] = "ironcalc",
    blocks: Annotated[bool, option("blocks", "--blocks")] = False,
    as_json: Json = False,
    tolerance: Annotated[float, option("tolerance")] = 1e-9,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        from rnnsheet.checking.check import each
        from rnnsheet.checking.engines import chosen
        from rnnsheet.console import progress

        engines, status = chosen(engine), 0
        told: list[dict[str, object]] = []
        waiting = progress.waiting(language)
        with progress.working(language):
            for file, found in each(files, tolerance, engines, waiting):
                if isinstance(found, RnnsheetError):
                    status = 2
                    told.append({"file": file, "error": found.text(language)})
                    _tell(found, language)
                    continue
                status = max(status, *(0 if report.ok else 1 for report in found))
                if as_json:
                    told += [report.as_dict() for report in found]
                    continue
                from rnnsheet.console import verdicts

                for report in found:
                    _print(verdicts.verdict(report, labels(language), blocks))
        if as_json:
            _print_json(told[0] if len(files) == len(engines) == 1 else told)
    raise typer.Exit(status)


@app.command(help=_help("help.render"))
def render(
    file: Annotated[str, argument("rendered", "FILE.xlsx")],
    output: Annotated[str, option("folder", "-o", "--output", of="DIR")] = "",
    sheets: Annotated[str, option("printed", of="NAME,…")] = "",
    dpi: Annotated[int, option("dpi")] = 150,
    pdf: Annotated[bool, option("pdf", "--pdf")] = False,
    force: Force = False,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        from rnnsheet.rendering import render as rendered

        written = rendered(file, output, listed(sheets), dpi, pdf, force)
        _print([labels(language)("render.done", file=each) for each in written])


@app.command(help=_help("help.engines"))
def engines(as_json: Json = False, lang: Language = "") -> None:
    with _errors(lang) as language:
        from rnnsheet.checking.engines import ENGINES
        from rnnsheet.console import verdicts

        versions = {name: own.version() if own.installed() else None for name, own in ENGINES.items()}
        if as_json:
            _print_json(versions)
        else:
            _print(verdicts.engines(versions, labels(language)))


@app.command(help=_help("help.templates"))
def templates(as_json: Json = False, lang: Language = "") -> None:
    with _errors(lang) as language:
        from rnnsheet import templates as built_in
        from rnnsheet.console import lines

        titles = {name: built_in.load(name).title.get(language, "") for name in built_in.names()}
        if as_json:
            _print_json(titles)
        else:
            _print(lines.table(list(titles.items())))


@app.command(help=_help("help.new"))
def new(
    file: Annotated[str, argument("target", "FILE.toml")],
    source: Annotated[str, option("from", "--from", of="LESSON")] = "",
    word: Annotated[str, option("own_word", of="WORD")] = "",
    vocabulary: Annotated[str, option("own_vocabulary", of="LETTERS")] = "",
    hidden: Annotated[int | None, option("own_hidden", of="N")] = None,
    cell: Annotated[str, option("own_cell", of="elman|lstm|gru|gru-before")] = "",
    seed: Annotated[int | None, option("own_seed", of="N")] = None,
    force: Force = False,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        texts, target = labels(language), Path(file)
        of_word = {"--vocabulary": vocabulary, "--hidden": hidden, "--cell": cell, "--seed": seed}
        given = [name for name, value in of_word.items() if value not in ("", None)]
        if word and source:
            raise RnnsheetError("word_or_from")
        if given and not word:
            raise RnnsheetError("needs_word", given=", ".join(given))
        if word:
            from rnnsheet import own_word

            size, start = 4 if hidden is None else hidden, 1 if seed is None else seed
            lesson = own_word.drawn(word, vocabulary, size, cell or "elman", start)
            own_word.write(lesson, start, target, language, force)
            _print([texts("new.drawn", file=file, word=word, hidden=size)])
            return
        from rnnsheet import templates as built_in

        built_in.copy(source or "hello", target, force)
        _print([texts("new.done", file=file, lesson=source or "hello")])


@app.command(help=_help("help.explain"))
def explain(lesson: LessonName, lang: Language = "") -> None:
    with _errors(lang) as language:
        from rnnsheet import api
        from rnnsheet.console import lessons

        _print(lessons.explain(api.load(lesson), labels(language)))


sentiment = typer.Typer(
    cls=usage.Commands, help=_help("help.sentiment"), no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(sentiment, name="sentiment")


@sentiment.command("train", help=_help("help.sentiment_train"))
def train_sentiment(
    file: Annotated[str, argument("csv", "CSV")],
    network: Annotated[str, option("network", of="embedding|article")] = "embedding",
    glove: Annotated[str, option("glove", of="FILE")] = "",
    words: Annotated[int, option("words")] = 16_000,
    epochs: Annotated[int, option("passes")] = 4,
    batch: Annotated[int, option("batch")] = 128,
    seed: Annotated[int, option("chance")] = 1,
    output: Annotated[str, option("book", "-o", "--output", of="FILE.xlsx")] = "",
    force: Force = False,
    as_json: Json = False,
    lang: Language = "",
) -> None:
    with _errors(lang) as language:
        from rnnsheet.console import learning, progress
        from rnnsheet.sentiment import Options, train

        options = Options(network, glove, words, epochs, batch, seed)
        texts = labels(language)
        found = train(file, output, options, language, force, progress.bars(texts))
        if as_json:
            _print_json(asdict(found))
        else:
            _print(learning.sentiment_summary(found, texts))


classroom.add(app)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, option("version", "--version")] = False,
    cells: Annotated[list[str] | None, option("cells", of="FILE.py")] = None,
) -> None:
    if version:
        _print([f"rnnsheet {VERSION}"])
        raise typer.Exit
    for file in cells or ():
        with _errors(""):
            from rnnsheet import api

            api.add_cells(file)


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""A mistake in the command itself; Typer has Click's own class or a copy of it."""


def run_command() -> int:
    """Runs the command that the process was given, and gives its exit status."""
    warnings.showwarning = show_warning
    try:
        return app(standalone_mode=False, prog_name="rnnsheet") or 0
    except SystemExit as end:
        if end.code == 1:
            # So Typer ends where nobody reads what is printed; here it would mean that a cell differs.
            raise BrokenPipeError from None
        raise
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            with suppress(OSError):
                error.show()  # type: ignore[attr-defined]
        else:
            _tell(usage.mistake(error), usage.asked_language())
    except RnnsheetError as error:
        _tell(error, usage.asked_language())
    return 2
