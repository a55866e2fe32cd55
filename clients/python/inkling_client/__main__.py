"""The command line: `python -m inkling_client predict drawing.png`.

The address and the key come from INKLING_URL and INKLING_KEY. Without --recognizer it uses the first one of the site.
Results go to standard output, errors to standard error. Exit codes: 0; 2 for a wrong command or file, 3 if the site
refused the request, 4 if there was no answer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from inkling_client import ink
from inkling_client.answers import Prediction
from inkling_client.calls import Drawn
from inkling_client.client import Client
from inkling_client.errors import ApiError, InklingError

WRONG, REFUSED, NO_ANSWER = 2, 3, 4


class _WrongError(Exception):
    """The command or its file is wrong."""


def main(arguments: Sequence[str] | None = None, *, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Run a command; returns the exit code."""
    out, err = out or sys.stdout, err or sys.stderr
    options = _parser().parse_args(arguments)
    try:
        with Client(options.url, key=options.key or None) as client:
            return options.run(client, options, out, err) or 0
    except ApiError as error:
        code = f" ({error.code})" if error.code else ""
        print(f"inkling: the site refused{code}: {error}", file=err)
        if error.status >= 500 and error.request_id:
            print(f"inkling: if you report this, name the request: {error.request_id}", file=err)
        return REFUSED
    except InklingError as error:
        print(f"inkling: {error}", file=err)
        return NO_ANSWER
    except (_WrongError, ValueError) as error:
        print(f"inkling: {error}", file=err)
        return WRONG
    except OSError as error:
        print(f"inkling: {error.filename or 'the file'} cannot be read: {error.strerror or error}", file=err)
        return WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="inkling", description="Use an Inkling site.")
    parser.add_argument("--url", default=os.environ.get("INKLING_URL") or "http://localhost:8000", help="INKLING_URL")
    parser.add_argument("--key", default=os.environ.get("INKLING_KEY", ""), help="INKLING_KEY")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("predict", help="recognize drawings: pictures, ink as .json or .ndjson, or - for ink")
    command.add_argument("drawings", nargs="+", metavar="FILE", help="- reads ink from standard input")
    command.add_argument("--recognizer", help="its slug; by default the first one of the site")
    command.add_argument("--top", type=int, default=3, help="number of guesses (3)")
    command.add_argument("--as-of", type=int, help="the number of the version to use")
    command.set_defaults(run=_predict)

    command = commands.add_parser("recognizers", help="list the recognizers")
    command.set_defaults(run=_recognizers)

    command = commands.add_parser("usage", help="show how often the key was used")
    command.set_defaults(run=_usage)

    command = commands.add_parser("model", help="download the live model")
    command.add_argument("recognizer")
    command.add_argument("file", type=Path)
    command.set_defaults(run=_model)
    for each in commands.choices.values():
        each.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--url", "--key"):  # also after the command, where people type them
            each.add_argument(name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _predict(client: Client, options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    named = [pair for name in options.drawings for pair in _drawings_in(name)]
    drawn = [each for _name, each in named]
    slug = options.recognizer or _first_recognizer(client, err)
    answers: list[Prediction | ApiError]
    if len(drawn) == 1:
        answers = [client.predict(drawn[0], recognizer=slug, top_k=options.top, as_of=options.as_of)]
    else:
        answers = client.predict_batch(drawn, recognizer=slug, top_k=options.top, as_of=options.as_of)
    for (name, _drawing), answer in zip(named, answers, strict=True):
        if isinstance(answer, ApiError):
            print(f"inkling: {name}: {answer} ({answer.code})", file=err)
            continue
        guesses = ", ".join(f"{guess.glyph or guess.name} {_percent(guess.probability)}" for guess in answer.guesses)
        text = f"{name}: {guesses}{' (not sure)' if answer.unsure else ''}"
        _print(text, {"file": name, **_plain(answer)}, options, out)
    return REFUSED if any(isinstance(answer, ApiError) for answer in answers) else 0


def _percent(probability: float) -> str:
    """As the site shows it: never rounded up to 100%."""
    return f"{probability:.0%}" if probability < 0.995 else f"{min(probability, 0.9994):.1%}"


def _first_recognizer(client: Client, err: TextIO) -> str:
    """The first recognizer with a model; if there are several, says which one is used."""
    found = [each.slug for each in client.recognizers() if each.model_version]
    if not found:
        raise _WrongError("the site has no recognizer with a model yet")
    if len(found) > 1:
        print(f"inkling: using {found[0]}; choose another with --recognizer: {', '.join(found[1:])}", file=err)
    return found[0]


def _drawings_in(name: str) -> list[tuple[str, Drawn]]:
    """The drawings in a file, each with a name: a picture, one ink, or one ink in each line."""
    if name == "-":
        return [("-", _ink("standard input", sys.stdin.read()))]
    path = Path(name)
    if path.suffix == ".ndjson":
        return [(f"{name}:{number}", each) for number, each in enumerate(ink.read_quickdraw(path), start=1)]
    return [(name, _ink(name, path.read_text("utf-8")) if path.suffix == ".json" else path.read_bytes())]


def _ink(name: str, text: str) -> Drawn:
    try:
        return ink.read(text)
    except ValueError as error:
        raise _WrongError(f"{name} has no ink: {error}") from error


def _recognizers(client: Client, options: argparse.Namespace, out: TextIO, _err: TextIO) -> None:
    for each in client.recognizers():
        text = f"{each.slug}: {each.name}, {len(each.labels)} labels, version {each.model_version or 'none'}"
        _print(text, _plain(each), options, out)


def _usage(client: Client, options: argparse.Namespace, out: TextIO, _err: TextIO) -> None:
    for each in client.usage():
        _print(f"{each.day} {each.key} {each.name}: {each.calls}", _plain(each), options, out)


def _model(client: Client, options: argparse.Namespace, out: TextIO, _err: TextIO) -> None:
    model = client.download_model(options.recognizer)
    assert model is not None, "no ETag was sent"  # noqa: S101
    options.file.write_bytes(model.content)
    facts = {"file": str(options.file), "bytes": len(model.content), "version": model.version, "etag": model.etag}
    _print(f"{options.file}: version {model.version}, {len(model.content)} bytes", facts, options, out)


def _plain(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(answer).items() if value is not None and name != "raster"}


def _print(text: str, data: dict[str, Any], options: argparse.Namespace, out: TextIO) -> None:
    """Print the data as JSON with --json, else the text."""
    print(json.dumps(data, ensure_ascii=False, default=str) if options.json else text, file=out)


def run() -> None:
    """The command `inkling`."""
    raise SystemExit(main())


if __name__ == "__main__":
    run()
