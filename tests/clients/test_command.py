"""`python -m inkling_client`: what it prints, and what it ends with."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from inkling_client.__main__ import main
from recognizer.models import Promotion, Recognizer
from recognizer.registry import serving
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = Path(__file__).resolve().parents[2] / "clients" / "python"


@pytest.fixture(autouse=True)
def _surroundings(live_server: LiveServer, key: str, digits: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_URL", live_server.url)
    monkeypatch.setenv("INKLING_KEY", key)


@pytest.fixture
def seven(tmp_path: Path, picture: bytes) -> str:
    path = tmp_path / "seven.png"
    path.write_bytes(picture)
    return str(path)


def command(*arguments: str) -> tuple[int, str, str]:
    """What it ends with, what it prints, what it complains of."""
    out, err = io.StringIO(), io.StringIO()
    return main(arguments, out=out, err=err), out.getvalue(), err.getvalue()


def test_a_picture_is_told(seven: str) -> None:
    ended, out, err = command("predict", seven, "--recognizer", "digits")
    assert (ended, err) == (0, "")
    assert out.startswith(f"{seven}: 7 ")
    assert out.count("%") == 3


def test_the_first_recognizer_is_asked_where_none_is_named(seven: str) -> None:
    ended, out, err = command("predict", seven)
    assert (ended, err) == (0, "")
    assert out.startswith(f"{seven}: 7 ")


@pytest.mark.usefixtures("three")
def test_it_says_which_of_several_recognizers_it_uses(seven: str) -> None:
    ended, out, err = command("predict", seven)
    assert ended == 0
    assert [err.count(name) for name in ("digits", "--recognizer", "bangla-digits", "sketches")] == [2, 1, 1, 1]
    assert out.startswith(f"{seven}: 7 ")


def test_a_site_without_a_model_is_an_error(seven: str) -> None:
    Promotion.objects.all()._raw_delete("default")
    serving.clear_cache()
    ended, out, err = command("predict", seven)
    assert (ended, out, len(err.splitlines())) == (2, "", 1)


def test_an_error_of_the_site_names_its_request(seven: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.drawings.predict.recognise", lambda **_: 1 / 0)
    ended, _out, err = command("predict", seven, "--recognizer", "digits")
    assert ended == 3
    assert re.search(r": [0-9a-f]{32}$", err)


def test_as_json_it_is_for_programs(seven: str) -> None:
    ended, out, _err = command("predict", seven, "--recognizer", "digits", "--top", "1", "--json")
    told = json.loads(out)
    assert ended == 0
    assert (told["file"], told["recognizer"], told["model_version"], told["unsure"]) == (seven, "digits", 1, False)
    assert [guess["label"] for guess in told["guesses"]] == ["7"]


def test_many_files_of_many_kinds_go_in_one_request(seven: str, tmp_path: Path) -> None:
    one, lines = tmp_path / "one.json", tmp_path / "more.ndjson"
    one.write_text(json.dumps([[[50, 50], [0, 100]]]))
    lines.write_text("\n".join(json.dumps({"drawing": drawn}) for drawn in (SEVEN, [])))
    ended, out, err = command("predict", seven, str(one), str(lines), "--recognizer", "digits", "--top", "1")
    assert ended == 3, "one of them was refused"
    assert [line.rpartition(": ")[2][0] for line in out.splitlines()] == ["7", "1", "7"]
    assert "more.ndjson:2:" in err
    assert "(empty_ink)" in err


def test_ink_comes_from_standard_input_in_a_process_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "inkling_client", "predict", "-", "--recognizer", "digits"],
        input=json.dumps({"ink": SEVEN}),
        env={**os.environ, "PYTHONPATH": str(CLIENTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("-: 7 ")


def test_recognizers_are_listed() -> None:
    assert command("recognizers") == (0, "digits: Digits, 10 labels, version 1\n", "")
    ended, out, _err = command("recognizers", "--json")
    assert (ended, json.loads(out)["slug"]) == (0, "digits")


def test_the_model_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "digits.tflite"
    ended, out, _err = command("model", "digits", str(file))
    assert (ended, out) == (0, f"{file}: version 1, {file.stat().st_size} bytes\n")
    ended, out, _err = command("model", "digits", str(file), "--json")
    assert json.loads(out)["version"] == 1


def test_what_the_key_was_used_for_is_listed() -> None:
    command("recognizers")
    ended, out, _err = command("usage")
    assert ended == 0
    assert out.endswith(" client: 2\n")
    assert json.loads(command("usage", "--json")[1])["calls"] >= 1


@pytest.mark.parametrize(
    ("arguments", "ended", "shown"),
    [
        (["predict", "{png}", "--recognizer", "no-such"], 3, "(unknown_recognizer)"),
        (["predict", "nothing.png", "--recognizer", "digits"], 2, "nothing.png"),
        (["predict", "{text}", "--recognizer", "digits"], 2, "text.json"),
        (["--key", "no key", "predict", "{png}", "--recognizer", "digits"], 3, "(key_malformed)"),
        (["--url", "http://127.0.0.1:9", "recognizers"], 4, "http://127.0.0.1:9"),
        (["recognizers", "--url", "http://127.0.0.1:9"], 4, "http://127.0.0.1:9"),
        (["--url", "example.org", "recognizers"], 2, "'example.org'"),
    ],
)
def test_an_error_has_its_own_exit_code_and_one_line(
    seven: str, tmp_path: Path, arguments: list[str], ended: int, shown: str
) -> None:
    text = tmp_path / "text.json"
    text.write_text("not ink")
    named = [each.format(png=seven, text=text) for each in arguments]
    status, out, err = command(*named)
    assert (status, out) == (ended, "")
    assert shown in err
    assert len(err.splitlines()) == 1


def test_without_a_command_it_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
