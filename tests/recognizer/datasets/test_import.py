"""import_drawings: what comes from elsewhere, what is refused line by line, and what nothing is lost by."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError

from accounts.models import User
from recognizer.datasets import parse_lines
from recognizer.models import Correction, Drawing, ImportedDrawing, ImportJob, QueueEntry, Recognizer, Review
from tests.recognizer.datasets.conftest import Command, picture

QUICK_DRAW = {
    "word": "alarm clock",
    "countrycode": "DE",
    "timestamp": "2017-03-09 00:28:55.637750 UTC",
    "recognized": True,
    "key_id": "5201136883597312",
    "drawing": [[[130, 113, 99], [72, 40, 27]], [[76, 28], [31, 29]]],
}


def _line(**more: Any) -> dict[str, Any]:
    return {"recognizer": "digits", "label": "7", "drawing": [[[0, 10], [0, 10]]], **more}


def _file(tmp_path: Path, *rows: Any, name: str = "some.ndjson") -> Path:
    file = tmp_path / name
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return file


def test_quick_draws_own_lines_come_in(sketches: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, QUICK_DRAW, QUICK_DRAW | {"key_id": "2", "drawing": json.dumps(QUICK_DRAW["drawing"])})
    packed = tmp_path / "clocks.ndjson.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert "2 are kept" in bring(packed, "--recognizer=sketches", licence="CC BY 4.0, Google Quick, Draw!")
    first = Drawing.objects.order_by("pk")[0]
    assert (first.ink, first.created.year) == (QUICK_DRAW["drawing"], 2017)
    assert first.author.email == "unknown@imported.invalid"
    said = Correction.objects.get(drawing=first)
    assert said.label
    assert said.label.slug == "alarm-clock"
    assert not Review.objects.exists()  # nobody of this site has looked
    assert set(QueueEntry.objects.filter(waits=True).values_list("correction", flat=True)) == set(
        Correction.objects.values_list("pk", flat=True)
    )
    assert ImportedDrawing.objects.get(drawing=first).licence == "CC BY 4.0, Google Quick, Draw!"
    assert ImportJob.objects.get().source == "clocks.ndjson.gz"
    assert "0 are kept, 2 were here already" in bring(file, "--recognizer=sketches")
    assert ImportJob.objects.count() == 1


def test_nothing_comes_in_without_a_statement(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, _line())
    for statement in ("", "=1+1", "two\nlines", "x" * 201):
        with pytest.raises(CommandError, match="on what grounds"):
            bring(file, licence=statement)
    assert not Drawing.objects.exists()


def test_a_dry_run_says_the_same_and_keeps_nothing(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, _line(), _line(), _line(label="x"), _line(key_id="another"))
    said = bring(file, "--dry-run", licence="")
    assert "2 would be kept, 1 were here already, 1 would be refused." in said
    assert "some.ndjson, line 3: digits has no label 'x'. There are: 0, 1, 2" in said
    assert not any(model.objects.exists() for model in (Drawing, User, ImportJob))
    assert "2 are kept, 1 were here already, 1 were refused." in bring(file)


def _prediction(**more: Any) -> dict[str, Any]:
    now = "2026-01-01 00:00:00 UTC"
    return {
        "model_version": 1,
        "label": "7",
        "probability": 0.5,
        "unsure": False,
        "guesses": [],
        "timestamp": now,
    } | more


def _story(*reviews: dict[str, Any], label: Any = "7") -> dict[str, Any]:
    when = {"timestamp": "2026-01-01 00:00:00 UTC"}
    return {"corrections": [{"label": label, **when, "reviews": [when | review for review in reviews]}]}


BAD: list[tuple[Any, str]] = [
    ("not json", "It is not JSON"),
    ("[1]", "A line must hold an object"),
    ("[" * 100_000, "nested too deeply"),
    ('{"drawing": [[[NaN], [1]]]}', "NaN is not a number"),
    ('{"drawing": [[[1' + "0" * 5000 + "], [1]]]}", "It is not JSON"),
    (_line(drawing=[[[1e999], [1]]]), "not JSON"),
    (_line(drawing=[[[10**400], [1]]]), "not finite"),
    (_line(drawing=[[[2e6], [1]]]), "beyond"),
    (_line(drawing=[[[1, 2], [1]]]), "as many x as y"),
    (_line(drawing=[[["1"], [1]]]), "not a number"),
    (_line(drawing=[]), "has no strokes"),
    (_line(drawing=None), "one of the two"),
    (_line(image="data:image/png;base64,AAAA"), "one of the two"),
    (_line(drawing=None, image="data:image/png;base64,AAAA"), "not an image"),
    (_line(drawing=None, image="http://example.org/a.png"), "no data URL"),
    (_line(recognizer="runes"), "There is no recognizer 'runes'. There are: digits."),
    (_line(recognizer=None), "for which recognizer"),
    (_line(recognizer=["digits"]), "must be one line"),
    (_line(author="a\nb"), "must be one line"),
    (_line(timestamp="yesterday"), "is no time"),
    (_line(timestamp=5), "is no time"),
    (_line(timestamp="2999-01-01 00:00:00 UTC"), "cannot be meant"),
    (_line(timestamp="0001-01-01 00:00:00+14:00"), "is no time"),
    (_line(key_id=[1]), "neither a text nor a number"),
    (_line(licence="=HYPERLINK(1)"), "Its licence"),
    (_line(status="fine"), "There is no status 'fine'"),
    (_line(corrections={}), "must be a list"),
    (_line(corrections=["7"]), "must be an object"),
    (_line(corrections=[{}]), "is no time"),
    (_line(**_story(label=None)), "first correction names no label"),
    (_line(**_story({"decision": "undone"})), "nothing to decide"),
    (_line(**_story({"decision": "loved"})), "There is no decision 'loved'"),
    (_line(**_story({"decision": "accepted"})), "has a label"),
    (_line(**_story({"decision": "accepted", "label": "1"})), "that is relabelling"),
    (_line(**_story({"decision": "rejected"})), "one of these reasons"),
    (_line(**_story({"decision": "accepted", "label": "7", "automatic": True, "by": "x"})), "nobody's"),
    (_line(predictions=[_prediction(model_version=[1])]), "needs the number"),
    (_line(predictions=["x"]), "must be an object"),
]


@pytest.mark.parametrize(("row", "why"), BAD)
def test_a_bad_line_is_refused_and_the_others_are_kept(
    digits: Recognizer, bring: Command, tmp_path: Path, row: Any, why: str
) -> None:
    file = _file(tmp_path, _line(key_id="before"), row, _line(key_id="after"))
    said = bring(file)
    assert "some.ndjson, line 2: " in said
    assert why in said
    assert "2 are kept, 0 were here already, 1 were refused." in said


@pytest.mark.parametrize(
    "more",
    [
        {"probability": 2},
        {"probability": "1"},
        {"unsure": 1},
        {"guesses": [["x", 1]]},
        {"guesses": [[["7"], 1]]},
        {"label": "x"},
    ],
)
def test_a_bad_answer_of_a_version_that_is_here_is_refused(
    digits: Recognizer, bring: Command, tmp_path: Path, more: dict[str, Any]
) -> None:
    sha256 = digits.versions.get().sha256
    file = _file(tmp_path, _line(predictions=[_prediction(sha256=sha256, **more)]), _line(key_id="other"))
    assert "1 are kept, 0 were here already, 1 were refused." in bring(file)


def test_an_answer_of_the_same_version_twice_is_refused(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    answer = _prediction(sha256=digits.versions.get().sha256)
    assert "A version answered it twice." in bring(_file(tmp_path, _line(predictions=[answer, answer])))


def test_another_drawing_of_the_same_identifier_is_refused(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, _line(key_id="1"), _line(key_id="1", drawing=[[[5], [5]]]))
    assert "line 2: Another drawing has the identifier" in bring(file)
    assert "line 2: Another drawing has the identifier" in bring(file)
    assert Drawing.objects.count() == 1


def test_a_huge_line_is_passed_over_unread(
    digits: Recognizer, bring: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse_lines, "MOST_BYTES", 1 << 20)
    file = _file(tmp_path, _line(key_id="1"), "x" * (3 << 20), _line(key_id="2"))
    said = bring(file)
    assert "line 2: The line is longer than 1 MB." in said
    assert "2 are kept" in said


def test_a_broken_archive_keeps_what_came_before(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    rows = "".join(
        json.dumps(_line(key_id=str(n), drawing=[[[n, n * 7 % 13], [1, n * n]]])) + "\n" for n in range(3000)
    )
    packed = tmp_path / "some.ndjson.gz"
    packed.write_bytes(gzip.compress(rows.encode())[:-4000])
    said = bring(packed)
    assert "From here on it cannot be read" in said
    assert 0 < Drawing.objects.count() < 3000


def test_a_table_is_read_line_by_line(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    good = '7,digits,"[[[0, 5], [1, 2]]]"'
    file.write_bytes(
        "\n".join(["\ufefflabel,recognizer,drawing", good, '7,digits,"[[[0', "7,digits", "", good]).encode()
    )
    said = bring(file)
    assert "some.csv, line 3: It is not CSV" in said
    assert "some.csv, line 4: It has 2 cells, but the head has 3." in said
    assert "1 are kept, 1 were here already, 2 were refused." in said


def test_a_folder_of_labelled_pictures_comes_in_with_its_writers(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    for name, content in (("7/Ada L./a.png", picture()), ("1/b.png", b"no picture"), ("x/c.png", picture())):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    (folder / "3.ndjson").write_text(json.dumps({"drawing": [[[0, 9], [0, 9]]], "writer": 12}) + "\n")
    said = bring(folder, "--recognizer=digits")
    assert "mine/1/b.png: This is not an image." in said
    assert "mine/x/c.png: digits has no label 'x'." in said
    assert "2 are kept" in said
    emails = set(Drawing.objects.values_list("author__email", flat=True))
    assert "12@imported.invalid" in emails
    assert len(emails) == 2
    assert not any("ada" in email for email in emails)  # names stay outside


def test_names_that_lead_out_of_a_folder_or_an_archive_are_refused(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    table = "file,recognizer,label\n../secret.png,digits,7\n/etc/passwd,digits,7\nlink.png,digits,7\nno.png,digits,7\n"
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "drawings.csv").write_text(table)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    said = bring(folder)
    assert said.count("leads out of the folder") == 3
    assert "4 were refused" in said
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("drawings.csv", table)
    assert bring(tmp_path / "mine.zip").count("is not in the archive") == 4
    assert not Drawing.objects.exists()


def test_a_zip_bomb_is_read_no_further_than_a_picture_may_be(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("7/bomb.png", b"\0" * 50_000_000)
        archive.writestr("7/good.png", picture())
    said = bring(tmp_path / "some.zip", "--recognizer=digits")
    assert "7/bomb.png has more than 5000000 bytes" in said
    assert "1 are kept" in said


def test_anybodys_arrays_come_in_as_pictures(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    x = np.zeros((3, 28, 28), np.uint8)
    x[:2, 5:23, 13:16] = 255
    x[1, 5:8, 6:16] = 255
    np.savez(tmp_path / "some.npz", x=x, y=np.array([1, 7, 1]))
    said = bring(tmp_path / "some.npz", "--recognizer=digits", "--author=MNIST")
    assert "some.npz, drawing 3: " in said  # blank
    assert "2 are kept" in said
    assert Drawing.objects.filter(image__isnull=False).count() == 2


@pytest.mark.parametrize(
    "arrays", [{"y": np.zeros(1, np.int64)}, {"x": np.array([{}], object), "y": np.zeros(1, np.int64)}]
)
def test_arrays_that_are_none_are_refused_whole(
    digits: Recognizer, bring: Command, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "some.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(CommandError):
        bring(tmp_path / "some.npz", "--recognizer=digits")


def test_what_is_no_file_of_ours_is_said(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    (tmp_path / "some.zip").write_bytes(b"no archive")
    (tmp_path / "some.txt").write_text("")
    (tmp_path / "empty").mkdir()
    for name, why in (
        ("some.zip", "no .zip"),
        ("some.txt", "--format"),
        ("empty", "no pictures"),
        ("none", "There is no"),
    ):
        with pytest.raises(CommandError, match=why):
            bring(tmp_path / name)
    assert not ImportJob.objects.exists()
