"""import_drawings: data of other programs, refused lines, and broken or hostile files."""

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
from recognizer.datasets import read_lines
from recognizer.models import Correction, Drawing, ImportedDrawing, ImportJob, Label, QueueEntry, Recognizer, Review
from tests.recognizer.datasets.conftest import Command, counts, picture, refusals

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


def test_lines_of_quick_draw_are_imported(sketches: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, QUICK_DRAW, QUICK_DRAW | {"key_id": "2", "drawing": json.dumps(QUICK_DRAW["drawing"])})
    packed = tmp_path / "clocks.ndjson.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert counts(bring(packed, "--recognizer=sketches", licence="CC BY 4.0, Google Quick, Draw!"))[0] == 2
    first = Drawing.objects.order_by("pk")[0]
    assert (first.ink, first.created.year) == (QUICK_DRAW["drawing"], 2017)
    assert first.author.email == "unknown@imported.invalid"
    said = Correction.objects.get(drawing=first)
    assert said.label
    assert said.label.slug == "alarm-clock"
    assert not Review.objects.exists()  # nobody of this site has reviewed them
    assert set(QueueEntry.objects.filter(waits=True).values_list("correction", flat=True)) == set(
        Correction.objects.values_list("pk", flat=True)
    )
    assert ImportedDrawing.objects.get(drawing=first).licence == "CC BY 4.0, Google Quick, Draw!"
    assert ImportJob.objects.get().source == "clocks.ndjson.gz"
    assert counts(bring(file, "--recognizer=sketches")) == (0, 2, 0)
    assert ImportJob.objects.count() == 1


def test_an_import_needs_a_statement_of_the_operator(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, _line())
    for statement in ("", "=1+1", "two\nlines", "x" * 201):
        with pytest.raises(CommandError, match="--licence"):
            bring(file, licence=statement)
    assert not Drawing.objects.exists()


def test_a_dry_run_reports_the_same_and_saves_nothing(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, _line(), _line(), _line(label="x"), _line(key_id="another"))
    said = bring(file, "--dry-run", licence="")
    assert counts(said) == (2, 1, 1)
    assert "'x'" in refusals(said)["some.ndjson, line 3"]
    assert not any(model.objects.exists() for model in (Drawing, User, ImportJob))
    assert counts(bring(file))[:3] == (2, 1, 1)


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


def _history(*reviews: dict[str, Any], label: Any = "7", **more: Any) -> dict[str, Any]:
    when = {"timestamp": "2026-01-01 00:00:00 UTC"}
    return {"corrections": [{"label": label, **more, **when, "reviews": [when | review for review in reviews]}]}


BAD: list[tuple[Any, str]] = [
    ("not json", "JSON"),
    ("[1]", "object"),
    ("[" * 100_000, "nested"),
    ('{"drawing": [[[NaN], [1]]]}', "NaN"),
    ('{"drawing": [[[1' + "0" * 5000 + "], [1]]]}", "JSON"),
    (_line(drawing=[[[1e999], [1]]]), "JSON"),
    (_line(drawing=[[[10**400], [1]]]), "finite"),
    (_line(drawing=[[[2e6], [1]]]), "beyond"),
    (_line(drawing=[[[1, 2], [1]]]), " y"),
    (_line(drawing=[[["1"], [1]]]), "not a number"),
    (_line(drawing=[]), "stroke"),
    (_line(drawing=None), "image"),
    (_line(image="data:image/png;base64,AAAA"), "image"),
    (_line(drawing=None, image="data:image/png;base64,AAAA"), "image"),
    (_line(drawing=None, image="http://example.org/a.png"), "data URL"),
    (_line(recognizer="runes"), "'runes'"),
    (_line(recognizer=None), "--recognizer"),
    (_line(recognizer=["digits"]), "recognizer"),
    (_line(author="a\nb"), "author"),
    (_line(timestamp="yesterday"), "'yesterday'"),
    (_line(timestamp=5), "'5'"),
    (_line(timestamp="2999-01-01 00:00:00 UTC"), "2999"),
    (_line(timestamp="0001-01-01 00:00:00+14:00"), "0001-01-01"),
    (_line(key_id=[1]), "key_id"),
    (_line(licence="=HYPERLINK(1)"), "licence"),
    (_line(status="fine"), "'fine'"),
    (_line(corrections={}), "corrections"),
    (_line(corrections=["7"]), "correction"),
    (_line(corrections=[{}]), "None"),
    (_line(**_history(label=None)), "first correction"),
    (_line(**_history(none_of_these=True)), "none of these"),
    (_line(**_history(origin="nowhere")), "nowhere"),
    (_line(**_history({"decision": "undone"})), "review"),
    (_line(**_history({"decision": "loved"})), "'loved'"),
    (_line(**_history({"decision": "accepted"})), "label"),
    (_line(**_history({"decision": "accepted", "label": "1"})), "relabelled"),
    (_line(**_history({"decision": "rejected"})), "reasons"),
    (_line(**_history({"decision": "accepted", "label": "7", "automatic": True, "by": "x"})), "automatic"),
    (_line(predictions=[_prediction(model_version=[1])]), "model_version"),
    (_line(predictions=["x"]), "prediction"),
]


@pytest.mark.parametrize(("row", "why"), BAD)
def test_a_bad_line_is_refused_and_the_others_are_imported(
    digits: Recognizer, bring: Command, tmp_path: Path, row: Any, why: str
) -> None:
    file = _file(tmp_path, _line(key_id="before"), row, _line(key_id="after"))
    said = bring(file)
    assert why in refusals(said)["some.ndjson, line 2"]
    assert counts(said)[:3] == (2, 0, 1)


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
def test_a_bad_prediction_of_an_installed_version_is_refused(
    digits: Recognizer, bring: Command, tmp_path: Path, more: dict[str, Any]
) -> None:
    sha256 = digits.versions.get().sha256
    file = _file(tmp_path, _line(predictions=[_prediction(sha256=sha256, **more)]), _line(key_id="other"))
    assert counts(bring(file))[:3] == (1, 0, 1)


def test_two_predictions_of_one_version_are_refused(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    answer = _prediction(sha256=digits.versions.get().sha256)
    assert counts(bring(_file(tmp_path, _line(predictions=[answer, answer])))) == (0, 0, 1)


# Labels

WORDS = {
    "A": "upper-a", "a": "lower-a", "C": "c", "C++": None, "C#": None, "c": "c",
    "ß": None, "SS": None, "ss": None, "-a": None, "upper a": "upper-a", "a.": None,
}  # fmt: skip


@pytest.fixture
def letters(db: None) -> Recognizer:
    recognizer = Recognizer.objects.create(slug="letters", name="Letters")
    for position, (slug, name) in enumerate((("upper-a", "A"), ("lower-a", "a"), ("c", "C"))):
        Label.objects.create(recognizer=recognizer, slug=slug, name=name, position=position)
    return recognizer


def _slugs() -> list[str]:
    return list(Correction.objects.order_by("pk").values_list("label__slug", flat=True))


@pytest.mark.parametrize("key", ["word", "label"])
def test_words_mean_labels_exactly_or_are_refused_with_their_line(
    letters: Recognizer, bring: Command, tmp_path: Path, key: str
) -> None:
    rows = [{key: word, "drawing": [[[0, 10 + x], [0, 50]]], "key_id": f"{x}"} for x, word in enumerate(WORDS)]
    said = bring(_file(tmp_path, *rows), "--recognizer=letters")
    refused = {f"some.ndjson, line {line}": word for line, word in enumerate(WORDS, 1) if WORDS[word] is None}
    assert {location: word for location, word in refused.items() if repr(word) in refusals(said)[location]} == refused
    assert _slugs() == [slug for slug in WORDS.values() if slug]
    assert counts(said)[:3] == (5, 0, 7)


def test_numbers_are_words(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    labels = [7, 0, "seven", "Seven", -7, 7.0, True, "7?", "-7"]
    file = _file(tmp_path, *(_line(label=label, key_id=str(n)) | _drawing(n) for n, label in enumerate(labels)))
    assert list(refusals(bring(file))) == [f"some.ndjson, line {line}" for line in range(5, 10)]
    assert _slugs() == ["7", "0", "7", "7"]


def _drawing(x: int) -> dict[str, Any]:
    return {"drawing": [[[0, 10 + x], [0, 10]]]}


def test_a_word_that_means_two_labels_is_refused(letters: Recognizer, bring: Command, tmp_path: Path) -> None:
    Label.objects.create(recognizer=letters, slug="lower-c", name="c", position=3)
    file = _file(tmp_path, {"word": "c"} | _drawing(1), {"label": "c"} | _drawing(2), {"word": "C"} | _drawing(3))
    assert "c, lower-c" in refusals(bring(file, "--recognizer=letters"))["some.ndjson, line 1"]
    assert _slugs() == ["c", "c"]


@pytest.mark.parametrize("keys", [(None, None), ("1", "2"), ("1", "1"), (None, "2")])
@pytest.mark.parametrize("option", ["--author=x", "--dry-run"])
def test_the_same_strokes_with_another_label_are_refused(
    digits: Recognizer, bring: Command, tmp_path: Path, keys: tuple[str | None, ...], option: str
) -> None:
    timed = [[[0.0, 10], [0, 10], [0, 5]]]
    first, second = (_line(key_id=key) for key in keys)
    file = _file(tmp_path, first, second | {"label": "1"}, first, _line(label="1", key_id="3", drawing=timed))
    for saved in (1, 0) if option != "--dry-run" else (1, 1):
        said = bring(file, option)
        assert "7" in refusals(said)["some.ndjson, line 2"]
        assert list(refusals(said)) == ["some.ndjson, line 2", "some.ndjson, line 4"]
        assert counts(said) == (saved, 2 - saved, 2)


def test_a_drawing_of_this_site_with_another_label_is_refused(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    assert counts(bring(_file(tmp_path, _line())))[0] == 1
    other = _file(tmp_path, _line(label="1"), name="other.ndjson")
    assert list(refusals(bring(other))) == ["other.ndjson, line 1"]
    correction = Correction.objects.get()
    Review.objects.create(
        correction=correction, decision=Review.Decision.RELABELLED, label=digits.labels.get(slug="1"), automatic=False
    )
    assert counts(bring(other)) == (0, 1, 0)  # a reviewer has said the same since


def test_a_drawing_that_is_none_of_these_is_imported_as_such(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    bring(_file(tmp_path, _line(**_history(label=None, none_of_these=True))))
    [said] = Correction.objects.all()
    assert said.none_of_these
    assert said.label is None


def test_what_a_round_asked_for_is_imported_and_exported_as_such(
    digits: Recognizer, bring: Command, export: Command, tmp_path: Path
) -> None:
    bring(_file(tmp_path, _line(**_history(label="7", origin="round"))))
    assert Correction.objects.get().origin == "round"
    export(tmp_path / "again.ndjson")
    [correction] = json.loads((tmp_path / "again.ndjson").read_text())["corrections"]
    assert correction["origin"] == "round"


def test_a_drawing_that_was_none_of_these_first_and_has_a_label_now_agrees_with_itself(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    first, then = (_history(label=label, none_of_these=not label)["corrections"] for label in (None, "7"))
    assert counts(bring(_file(tmp_path, _line(corrections=first + then))))[0] == 1
    assert [said.label and said.label.slug for said in Correction.objects.order_by("pk")] == [None, "7"]


def test_the_same_drawing_may_have_other_labels_in_other_recognizers(
    digits: Recognizer, sketches: Recognizer, bring: Command, tmp_path: Path
) -> None:
    file = _file(tmp_path, _line(), _line(recognizer="sketches", label="alarm clock"))
    assert counts(bring(file)) == (2, 0, 0)


def test_another_drawing_with_the_same_identifier_is_refused(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    file = _file(tmp_path, _line(key_id="1"), _line(key_id="1", drawing=[[[5], [5]]]))
    assert list(refusals(bring(file))) == ["some.ndjson, line 2"]
    assert list(refusals(bring(file))) == ["some.ndjson, line 2"]
    assert Drawing.objects.count() == 1


def test_a_line_that_is_too_long_is_skipped(
    digits: Recognizer, bring: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lines, "MAX_LINE_BYTES", 1 << 20)
    file = _file(tmp_path, _line(key_id="1"), "x" * (3 << 20), _line(key_id="2"))
    said = bring(file)
    assert "1 MB" in refusals(said)["some.ndjson, line 2"]
    assert counts(said)[0] == 2


def test_a_broken_archive_is_imported_up_to_the_break(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    rows = "".join(
        json.dumps(_line(key_id=str(n), drawing=[[[n, n * 7 % 13], [1, n * n]]])) + "\n" for n in range(3000)
    )
    packed = tmp_path / "some.ndjson.gz"
    packed.write_bytes(gzip.compress(rows.encode())[:-4000])
    said = bring(packed)
    assert counts(said)[0] == Drawing.objects.count()
    assert 0 < Drawing.objects.count() < 3000


def test_a_broken_line_of_csv_does_not_affect_others(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    good = '7,digits,"[[[0, 5], [1, 2]]]"'
    file.write_bytes(
        "\n".join(["\ufefflabel,recognizer,drawing", good, '7,digits,"[[[0', "7,digits", "", good]).encode()
    )
    said = bring(file)
    assert list(refusals(said)) == ["some.csv, line 3", "some.csv, line 4"]
    assert counts(said)[:3] == (1, 1, 2)


def test_a_folder_of_labelled_pictures_is_imported_with_its_writers(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    for name, content in (("7/Ada L./a.png", picture()), ("1/b.png", b"no picture"), ("x/c.png", picture())):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    (folder / "3.ndjson").write_text(json.dumps({"drawing": [[[0, 9], [0, 9]]], "writer": 12}) + "\n")
    said = bring(folder, "--recognizer=digits")
    assert list(refusals(said)) == ["mine/1/b.png", "mine/x/c.png"]
    assert counts(said)[0] == 2
    emails = set(Drawing.objects.values_list("author__email", flat=True))
    assert "12@imported.invalid" in emails
    assert len(emails) == 2
    assert not any("ada" in email for email in emails)  # names are not imported


def test_file_names_outside_of_the_folder_or_archive_are_refused(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    table = "file,recognizer,label\n../secret.png,digits,7\n/etc/passwd,digits,7\nlink.png,digits,7\nno.png,digits,7\n"
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "drawings.csv").write_text(table)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    said = bring(folder)
    assert counts(said) == (0, 0, 4)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("drawings.csv", table)
    assert counts(bring(tmp_path / "mine.zip")) == (0, 0, 4)
    assert not Drawing.objects.exists()


def test_a_zip_bomb_is_read_only_up_to_the_limit(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("7/bomb.png", b"\0" * 50_000_000)
        archive.writestr("7/good.png", picture())
    said = bring(tmp_path / "some.zip", "--recognizer=digits")
    assert list(refusals(said)) == ["some.zip/7/bomb.png"]
    assert "5000000" in said
    assert counts(said)[0] == 1


def test_arrays_of_other_programs_are_imported_as_pictures(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    x = np.zeros((3, 28, 28), np.uint8)
    x[:2, 5:23, 13:16] = 255
    x[1, 5:8, 6:16] = 255
    np.savez(tmp_path / "some.npz", x=x, y=np.array([1, 7, 1]))
    said = bring(tmp_path / "some.npz", "--recognizer=digits", "--author=MNIST")
    assert list(refusals(said)) == ["some.npz, drawing 3"]  # blank
    assert counts(said)[0] == 2
    assert Drawing.objects.filter(image__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("y", "labels", "saved"),
    [
        (["7", "seven", "-7", "7?"], None, ["7", "7"]),
        ([7, 1, -7, 12], None, ["7", "1"]),
        ([0, 1, -7, 2], ["seven", "1"], ["7", "1"]),
        ([7.0, 7.6, 1.0, -7.0], None, []),
    ],
)
def test_the_labels_of_arrays_are_words_or_indices(
    digits: Recognizer, bring: Command, tmp_path: Path, y: list[Any], labels: list[str] | None, saved: list[str]
) -> None:
    x = np.zeros((4, 28, 28), np.uint8)
    for row in range(4):
        x[row, 5:23, 10 + row : 14 + 2 * row] = 255
    arrays = {"x": x, "y": np.array(y)} | ({"labels": np.array(labels)} if labels else {})
    np.savez(tmp_path / "some.npz", **arrays)  # type: ignore[arg-type]
    assert counts(bring(tmp_path / "some.npz", "--recognizer=digits")) == (len(saved), 0, 4 - len(saved))
    assert _slugs() == saved


@pytest.mark.parametrize(
    "arrays", [{"y": np.zeros(1, np.int64)}, {"x": np.array([{}], object), "y": np.zeros(1, np.int64)}]
)
def test_a_file_without_proper_arrays_is_refused(
    digits: Recognizer, bring: Command, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "some.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(CommandError):
        bring(tmp_path / "some.npz", "--recognizer=digits")


def test_unreadable_files_are_errors_that_name_the_file(digits: Recognizer, bring: Command, tmp_path: Path) -> None:
    (tmp_path / "some.zip").write_bytes(b"no archive")
    (tmp_path / "some.txt").write_text("")
    (tmp_path / "empty").mkdir()
    for name, why in (
        ("some.zip", "some.zip"),
        ("some.txt", "--format"),
        ("empty", "empty/7/one.png"),
        ("none", "none"),
    ):
        with pytest.raises(CommandError, match=why):
            bring(tmp_path / name)
    assert not ImportJob.objects.exists()
