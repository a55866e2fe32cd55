"""The command line: `python -m inkling_client predict drawing.png`.

The address and the key come from INKLING_URL and INKLING_KEY; where no recognizer is named the site's first one is
asked. What is told goes to standard output, errors to standard error. It ends with 0; 2 where the command or the file
is wrong, 3 where the site refused, 4 where there was no answer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TextIO

from inkling_client import ink
from inkling_client.answers import Prediction
from inkling_client.calls import Drawn
from inkling_client.client import Client
from inkling_client.errors import ApiError, InklingError

WRONG, REFUSED, NO_ANSWER = 2, 3, 4


class _WrongError(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: Sequence[str] | None = None, *, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Carry out a command; returns what the process should end with."""
    out, err = out or sys.stdout, err or sys.stderr
    asked = _parser().parse_args(arguments)
    try:
        with Client(asked.url, key=asked.key or None) as client:
            return int(asked.carry_out(client, asked, out, err))
    except ApiError as error:
        named = f" ({error.code})" if error.code else ""
        print(f"inkling: the site refused{named}: {error}", file=err)
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
    parser = argparse.ArgumentParser(prog="inkling", description="Talk to an Inkling site.")
    parser.add_argument("--url", default=os.environ.get("INKLING_URL") or "http://localhost:8000", help="INKLING_URL")
    parser.add_argument("--key", default=os.environ.get("INKLING_KEY", ""), help="INKLING_KEY")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "predict", help="say what drawings are: pictures, ink as .json, .ndjson, or - for ink"
    )
    command.add_argument("drawings", nargs="+", metavar="FILE", help="- reads ink from standard input")
    command.add_argument("--recognizer", help="its slug; by default the first one of the site")
    command.add_argument("--top", type=int, default=3, help="so many guesses (3)")
    command.add_argument("--as-of", type=int, help="the number of the version to ask")
    command.set_defaults(carry_out=_predict)

    command = commands.add_parser("recognizers", help="list what can be recognised")
    command.set_defaults(carry_out=_recognizers)

    command = commands.add_parser("usage", help="show what the key was used for")
    command.set_defaults(carry_out=_usage)

    command = commands.add_parser("model", help="download the model that answers")
    command.add_argument("recognizer")
    command.add_argument("file", type=Path)
    command.set_defaults(carry_out=_model)
    for each in commands.choices.values():
        each.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--url", "--key"):  # here too: who types a command adds them at its end
            each.add_argument(name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _predict(client: Client, asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    named = [pair for name in asked.drawings for pair in _drawn(name)]
    options = {"recognizer": asked.recognizer or _first(client, err), "top_k": asked.top, "as_of": asked.as_of}
    if len(named) == 1:
        answers: list[Prediction | ApiError] = [client.predict(named[0][1], **options)]
    else:
        answers = client.predict_batch([drawn for _name, drawn in named], **options)
    for (name, _drawing), answer in zip(named, answers, strict=True):
        _tell(name, answer, asked.json, out, err)
    return REFUSED if any(isinstance(answer, ApiError) for answer in answers) else 0


def _first(client: Client, err: TextIO) -> str:
    """The first recognizer that answers; says which, where there is a choice."""
    found = [each.slug for each in client.recognizers() if each.model_version]
    if not found:
        raise _WrongError("the site has no recognizer that answers yet")
    if len(found) > 1:
        print(f"inkling: {found[0]} is asked; --recognizer names another: {', '.join(found[1:])}", file=err)
    return found[0]


def _drawn(name: str) -> list[tuple[str, Drawn]]:
    """What a file holds: a picture, one ink, or one a line."""
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
        raise _WrongError(f"{name} holds no ink: {error}") from error


def _tell(name: str, answer: Prediction | ApiError, as_json: bool, out: TextIO, err: TextIO) -> None:
    if isinstance(answer, ApiError):
        print(f"inkling: {name}: {answer} ({answer.code})", file=err)
    elif as_json:
        _print_json({"file": name, **_plain(answer)}, out)
    else:
        guesses = ", ".join(f"{guess.glyph or guess.name} {guess.probability:.0%}" for guess in answer.guesses)
        print(f"{name}: {guesses}{' (not sure)' if answer.unsure else ''}", file=out)


def _recognizers(client: Client, asked: argparse.Namespace, out: TextIO, _err: TextIO) -> int:
    for each in client.recognizers():
        if asked.json:
            _print_json(_plain(each), out)
        else:
            print(
                f"{each.slug}: {each.name}, {len(each.labels)} labels, version {each.model_version or 'none'}", file=out
            )
    return 0


def _usage(client: Client, asked: argparse.Namespace, out: TextIO, _err: TextIO) -> int:
    for each in client.usage():
        if asked.json:
            _print_json(_plain(each), out)
        else:
            print(f"{each.day} {each.key} {each.name}: {each.calls}", file=out)
    return 0


def _model(client: Client, asked: argparse.Namespace, out: TextIO, _err: TextIO) -> int:
    model = client.download_model(asked.recognizer)
    assert model is not None, "no ETag was sent"  # noqa: S101
    asked.file.write_bytes(model.content)
    told = {"file": str(asked.file), "bytes": len(model.content), "version": model.version, "etag": model.etag}
    if asked.json:
        _print_json(told, out)
    else:
        print(f"{asked.file}: version {model.version}, {len(model.content)} bytes", file=out)
    return 0


def _plain(answer: Any) -> dict[str, Any]:
    assert is_dataclass(answer)  # noqa: S101
    data = asdict(answer)  # type: ignore[arg-type]
    return {name: value for name, value in data.items() if value is not None and name != "raster"}


def _print_json(data: Any, out: TextIO) -> None:
    print(json.dumps(data, ensure_ascii=False, default=str), file=out)


def run() -> None:
    """The command `inkling`."""
    raise SystemExit(main())


if __name__ == "__main__":
    run()
