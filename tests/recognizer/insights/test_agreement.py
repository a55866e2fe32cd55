"""/review/agreement/: how far reviewers say the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from recognizer.models import Control, Correction, Opinion, Recognizer
from tests.recognizer.insights.conftest import Desk
from tests.recognizer.training import community

PAGE = "/review/agreement/digits/"


def _text(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _rows(html: str) -> list[list[str]]:
    """The cells of the tables."""
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def say(desk: Desk, correction: Correction, by: User, label: str | None, **more: Any) -> Opinion:
    """An opinion where others are asked too; no label rejects."""
    held = desk.labels[label] if label else None
    fields = {"decision": "accepted", "label": held} if held else {"decision": "rejected", "reason": "scribble"}
    return Opinion.objects.create(correction=correction, by=by, shared=True, **fields, **more)


@pytest.fixture
def reviewers(digits: Recognizer) -> list[User]:
    return [community.reviewer(name) for name in ("rosa", "ravi", "ruth")]


@pytest.fixture
def fifty(desk: Desk, reviewers: list[User]) -> list[Opinion]:
    """Rosa and ravi about fifty drawings, as in the example that many texts work out: kappa is 0.4."""
    rosa, ravi, _ruth = reviewers
    said = []
    for count, first, second in ((20, "7", "7"), (5, "7", "1"), (10, "1", "7"), (15, "1", "1")):
        for _ in range(count):
            correction = desk.draw("7")
            said += [say(desk, correction, ravi, second), say(desk, correction, rosa, first)]
    return said


def test_opinions_on_the_same_drawings_are_counted_per_pair(
    as_rita: Client, fifty: list[Opinion], reviewers: list[User]
) -> None:
    html = _text(as_rita)
    rosa, ravi, _ruth = reviewers
    assert [f"reviewer {rosa.pk} and reviewer {ravi.pk}", "50", "70.0%", "0.40"] in _rows(html)
    overall = as_rita.get(PAGE).context["found"]
    assert (overall.all_pairs.drawings, overall.all_pairs.same, overall.overall) == (50, 0.7, "0.39")
    assert ["7", "35", "57.1%", "0.39"] in _rows(html)
    assert rosa.email not in html


def test_staff_see_addresses_and_oneself_is_you(
    admin_client: Client, fifty: list[Opinion], reviewers: list[User]
) -> None:
    assert "rosa@example.org and ravi@example.org" in _text(admin_client)
    client = Client()
    client.force_login(reviewers[0])
    assert "you and ravi@example.org" in _text(client)


def test_withdrawn_and_unshared_opinions_do_not_count(
    as_rita: Client, desk: Desk, fifty: list[Opinion], reviewers: list[User]
) -> None:
    rosa, ravi, ruth = reviewers
    for opinion in fifty[:20]:  # of ten drawings
        Opinion.objects.filter(pk=opinion.pk).update(withdrawn=timezone.now())
    other = say(desk, fifty[30].correction, ruth, "7")
    Opinion.objects.filter(pk=other.pk).update(shared=False)
    assert [row[:2] for row in _rows(_text(as_rita))[1:2]] == [[f"reviewer {rosa.pk} and reviewer {ravi.pk}", "40"]]


def test_few_shared_drawings_give_no_figures(as_rita: Client, desk: Desk, reviewers: list[User]) -> None:
    for _ in range(19):
        correction = desk.draw("7")
        for each in reviewers[:2]:
            say(desk, correction, each, "7")
    html = _text(as_rita)
    assert not as_rita.get(PAGE).context["found"].all_pairs.is_enough
    assert [len(row) for row in _rows(html)] == [4, 3, 4, 3]  # one cell in place of two figures
    assert _rows(html)[1][1] == "19"
    assert _rows(html)[3][:2] == ["7", "19"]


def test_rejections_agree_whatever_the_reason(as_rita: Client, desk: Desk, reviewers: list[User]) -> None:
    for at in range(40):
        correction = desk.draw("7")
        for each in reviewers[:2]:
            say(desk, correction, each, None if at % 2 else "7")
    rows = _rows(_text(as_rita))
    assert rows[1][1:] == ["40", "100.0%", "1.00"]
    assert ["rejected", "20", "100.0%", "1.00"] in rows


def test_without_variation_there_is_no_kappa(as_rita: Client, desk: Desk, reviewers: list[User]) -> None:
    for _ in range(20):
        correction = desk.draw("7")
        for each in reviewers[:2]:
            say(desk, correction, each, "7")
    assert _rows(_text(as_rita))[1][1:] == ["20", "100.0%", "–"]


def test_opinions_on_controls_count_too(as_rita: Client, desk: Desk, reviewers: list[User]) -> None:
    correction = desk.draw("7")
    control = Control.objects.create(correction=correction, label=correction.label)
    for each in reviewers:
        say(desk, correction, each, "7", control=control)
    assert len(_rows(_text(as_rita))) == 6  # three pairs, one label, two heads


def test_an_empty_page_says_what_to_do(
    as_rita: Client, admin_client: Client, digits: Recognizer, three: list[Recognizer], fifty: list[Opinion]
) -> None:
    sketches = "/review/agreement/sketches/"
    assert "data-empty" in _text(as_rita, sketches)
    assert "data-policy" not in _text(as_rita, sketches)
    assert "data-policy" in _text(admin_client, sketches)


def test_only_reviewers_can_open_the_page(
    client: Client, as_alice: Client, as_rita: Client, digits: Recognizer
) -> None:
    assert client.get(PAGE).status_code == 302
    assert as_alice.get(PAGE).status_code == 403
    assert as_rita.get("/review/agreement/nothing/").status_code == 404


def test_the_number_of_opinions_does_not_change_the_number_of_queries(
    as_rita: Client, desk: Desk, fifty: list[Opinion], reviewers: list[User]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            _text(as_rita)
        return len(found)

    queries()
    before = queries()
    for correction in {opinion.correction for opinion in fifty}:
        say(desk, correction, reviewers[2], "3")
    assert queries() == before
