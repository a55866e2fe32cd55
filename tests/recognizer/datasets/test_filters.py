"""export_drawings: which drawings, and where to."""

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
def test_filters_choose(
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


def test_days_count_from_midnight_to_midnight(community: Community, export: Command, tmp_path: Path) -> None:
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    Drawing.objects.filter(pk=community["accepted"].pk).update(created=timezone.now() - timedelta(days=1))
    assert "7 drawings" in export(tmp_path / "a.ndjson", "--version-number=1", "--recognizer=digits")
    assert "6 drawings" in export(tmp_path / "a.ndjson", f"--since={today}")
    assert "1 drawings" in export(tmp_path / "a.ndjson", f"--until={yesterday}")
    assert "7 drawings" in export(tmp_path / "a.ndjson", f"--since={yesterday}", f"--until={today}")


def test_who_no_longer_agrees_is_left_out(community: Community, export: Command, tmp_path: Path, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    assert "4 drawings" in export(tmp_path / "a.ndjson")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--recognizer=runes"], "There is no recognizer 'runes'. There are: digits."),
        (["--label=7"], "Say which recognizer"),
        (["--recognizer=digits", "--label=x"], "There is no label 'x'. There are: 0, 1"),
        (["--since=today"], "'today' is no day"),
        (["--since=2026-02-02", "--until=2026-01-01"], "Swap them"),
        (["--version-number=-1"], "A version is a number"),
        (["--format=npz"], "Say which recognizer"),
        (["--licence=two\nlines"], "A licence is one line"),
    ],
)
def test_what_cannot_be_meant_is_said(
    digits: Recognizer, export: Command, tmp_path: Path, options: list[str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        export(tmp_path / "a.ndjson", *options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_where_writing_fails(
    community: Community, export: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ndjson"
    export(file)
    before = file.read_bytes()
    monkeypatch.setattr(rows, "_licences", lambda ids: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_it_can_be_piped(community: Community, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("export_drawings", "-", "--format=ndjson")
    assert len(capfdbinary.readouterr().out.splitlines()) == 7


def test_a_folder_of_pictures_is_one_that_a_recognizer_can_be_made_of(
    community: Community, export: Command, tmp_path: Path
) -> None:
    said = export(tmp_path / "mine", "--format=png", "--status=accepted", "--status=relabelled", "--status=undecided")
    assert "5 drawings" in said
    described, drawn = read_folder(tmp_path / "mine" / "digits")
    assert (described.slug, len(described.labels), len(drawn)) == ("digits", 10, 5)
    assert sorted(described.labels[drawing.label]["slug"] for drawing in drawn) == ["0", "1", "7", "7", "9"]
    assert len({drawing.writer for drawing in drawn}) == 2
    with pytest.raises(CommandError, match="is there already"):
        export(tmp_path / "mine", "--format=png")


def test_it_reads_page_by_page_with_a_fixed_number_of_queries(
    digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(rows, "PAGE", 3)
    made = [named(alice, SEVEN, "7").drawing for _ in range(5)]
    # recognizers, versions, labels, the newest; and of two pages drawings, answers, corrections, reviews, licences;
    # who drew them, once; and that there are no more
    with django_assert_num_queries(4 + 2 * 5 + 1 + 1):
        found = [row.uuid for page in rows.read_pages(DrawingFilter()) for row in page]
    assert found == [str(drawing.uuid) for drawing in made]


def test_what_is_drawn_meanwhile_is_not_in_it(digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE", 1)
    keep(alice, SEVEN)
    keep(alice, SEVEN)
    pages = rows.read_pages(DrawingFilter())
    next(pages)
    keep(alice, SEVEN)
    assert len(list(pages)) == 1
