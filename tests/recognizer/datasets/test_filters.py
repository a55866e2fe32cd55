"""export_drawings: filters and targets."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from ml.data.recognizer_folder import read_folder
from recognizer.datasets import rows
from recognizer.datasets.filters import DrawingFilter
from recognizer.models import Drawing, Recognizer
from tests.ink import SEVEN
from tests.pages.conftest import keep, named
from tests.recognizer.datasets.conftest import Command

Community = dict[str, Drawing]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--status=accepted"], {"accepted", "eventful"}),
        (["--status=rejected", "--status=unnamed"], {"rejected", "unnamed"}),
        (["--status=undecided"], {"undecided", "picture"}),
        (["--status=relabelled"], {"relabelled"}),
        (["--recognizer=digits", "--label=7"], {"accepted", "picture"}),
        (["--recognizer=digits", "--label=1"], {"relabelled"}),
        (["--recognizer=digits", "--label=3"], {"rejected"}),
        (["--recognizer=digits", "--label=4"], set()),
        (["--recognizer=bangla-digits"], set()),
        (["--recognizer=digits", "--version-number=2"], set()),
    ],
)
def test_each_filter_chooses_drawings(
    community: Community,
    bangla_digits: Recognizer,
    export: Command,
    tmp_path: Path,
    options: list[str],
    names: set[str],
) -> None:
    export(tmp_path / "some.ndjson", *options)
    found = {json.loads(line)["key_id"] for line in (tmp_path / "some.ndjson").read_text().splitlines()}
    assert found == {str(community[name].uuid) for name in names}


def test_days_are_from_midnight_to_midnight(community: Community, export: Command, tmp_path: Path) -> None:
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    Drawing.objects.filter(pk=community["accepted"].pk).update(created=timezone.now() - timedelta(days=1))
    assert "7 drawings" in export(tmp_path / "a.ndjson", "--version-number=1", "--recognizer=digits")
    assert "6 drawings" in export(tmp_path / "a.ndjson", f"--since={today}")
    assert "1 drawings" in export(tmp_path / "a.ndjson", f"--until={yesterday}")
    assert "7 drawings" in export(tmp_path / "a.ndjson", f"--since={yesterday}", f"--until={today}")


def test_people_who_withdrew_consent_are_left_out(
    community: Community, export: Command, tmp_path: Path, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    assert "4 drawings" in export(tmp_path / "a.ndjson")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--recognizer=runes"], "'runes'.*digits"),
        (["--label=7"], "recognizer"),
        (["--recognizer=digits", "--label=x"], "'x'.*0, 1"),
        (["--since=today"], "'today'"),
        (["--since=2026-02-02", "--until=2026-01-01"], "first day"),
        (["--version-number=-1"], "'-1'"),
        (["--format=npz"], "recognizer"),
        (["--licence=two\nlines"], "licence"),
    ],
)
def test_invalid_options_are_errors_that_name_the_value(
    digits: Recognizer, export: Command, tmp_path: Path, options: list[str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        export(tmp_path / "a.ndjson", *options)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_stays_if_writing_fails(
    community: Community, export: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ndjson"
    export(file)
    before = file.read_bytes()
    monkeypatch.setattr(rows, "_read_licences", lambda ids: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_it_writes_to_standard_output(community: Community, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("export_drawings", "-", "--format=ndjson")
    assert len(capfdbinary.readouterr().out.splitlines()) == 7


def test_a_recognizer_can_be_trained_from_an_exported_folder(
    community: Community, export: Command, tmp_path: Path
) -> None:
    said = export(tmp_path / "mine", "--format=png", "--status=accepted", "--status=relabelled", "--status=undecided")
    assert "5 drawings" in said
    described, drawn = read_folder(tmp_path / "mine" / "digits")
    assert (described.slug, len(described.labels), len(drawn)) == ("digits", 10, 5)
    assert sorted(described.labels[drawing.label]["slug"] for drawing in drawn) == ["0", "1", "7", "7", "9"]
    assert len({drawing.writer for drawing in drawn}) == 2
    with pytest.raises(CommandError, match=str(tmp_path / "mine")):
        export(tmp_path / "mine", "--format=png")


def test_each_page_takes_a_fixed_number_of_queries(
    digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 3)
    made = [named(alice, SEVEN, "7").drawing for _ in range(5)]
    # Recognizers, versions, labels, the newest id. For each of two pages: drawings, predictions, corrections, reviews
    # and licences. The authors once. The empty last page.
    with django_assert_num_queries(4 + 2 * 5 + 1 + 1):
        found = [row.uuid for page in rows.read_pages(DrawingFilter()) for row in page]
    assert found == [str(drawing.uuid) for drawing in made]


def test_drawings_added_during_the_export_are_left_out(
    digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 1)
    keep(alice, SEVEN)
    keep(alice, SEVEN)
    pages = rows.read_pages(DrawingFilter())
    next(pages)
    keep(alice, SEVEN)
    assert len(list(pages)) == 1
