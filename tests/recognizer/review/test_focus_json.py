"""/review/: the JSON answers for the script of the page."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from recognizer.models import Claim, Correction, Opinion, Review
from recognizer.review import decisions
from tests.ink import SEVEN
from tests.pages.conftest import named
from tests.recognizer.training import community

JSON = {"Accept": "application/json"}


def _next(client: Client, **body: Any) -> list[int]:
    answer = client.post("/review/next/", body, headers=JSON)
    assert answer.status_code == 200
    return [card["id"] for card in answer.json()["cards"]]


def _decide(client: Client, correction: Correction, **body: str) -> Any:
    return client.post(f"/review/{correction.pk}/", body, headers=JSON)


def test_the_next_drawings_come_in_order_and_are_claimed(
    as_rita: Client, rita: User, said: dict[str, Correction]
) -> None:
    order = [said["?"].pk, said["1"].pk, said["7"].pk]
    assert _next(as_rita) == order
    assert set(Claim.objects.filter(by=rita).values_list("correction", flat=True)) == set(order)
    assert _next(as_rita, have=order[:2]) == order[2:]
    assert _next(as_rita, have=order) == []


def test_a_card_is_the_form_of_the_page(as_rita: Client, said: dict[str, Correction]) -> None:
    answer = as_rita.post("/review/next/", {"recognizer": "digits", "order": "oldest"}, headers=JSON).json()
    html = answer["cards"][0]["html"]
    assert f'action="/review/{said["7"].pk}/"' in html
    assert '<input type="hidden" name="order" value="oldest">' in html
    assert "data-replay=" in html
    assert "3" in answer["waiting"]


def test_decisions_on_their_way_are_not_counted_as_waiting(as_rita: Client, said: dict[str, Correction]) -> None:
    held = [said["?"].pk, said["1"].pk]
    assert as_rita.post("/review/next/", {"decided": held}, headers=JSON).json()["count"] == 1
    _decide(as_rita, said["1"], label="1")
    assert as_rita.post("/review/next/", {"decided": held}, headers=JSON).json()["count"] == 1


def test_a_decision_is_saved_and_its_id_returned(as_rita: Client, said: dict[str, Correction]) -> None:
    answer = _decide(as_rita, said["1"], label="1")
    assert answer.json() == {"opinion": Opinion.objects.get().pk}
    assert Review.objects.get().decision == "relabelled"


@pytest.mark.parametrize("sent", [{"accept": "yes"}, {"label": "1"}, {"label": "7"}, {"reject": "scribble"}])
def test_a_decision_that_is_sent_twice_is_saved_once(
    as_rita: Client, said: dict[str, Correction], sent: dict[str, str]
) -> None:
    first = _decide(as_rita, said["1"], **sent).json()
    again = _decide(as_rita, said["1"], **sent)
    assert (again.status_code, again.json()) == (200, first)
    assert Review.objects.count() == 1


@pytest.mark.parametrize("sent", [{"accept": "yes"}, {"label": "0"}, {"reject": "empty"}])
def test_another_decision_about_the_same_drawing_is_refused(
    as_rita: Client, said: dict[str, Correction], sent: dict[str, str]
) -> None:
    _decide(as_rita, said["1"], reject="scribble")
    answer = _decide(as_rita, said["1"], **sent)
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale"
    assert Review.objects.count() == 1


def test_the_same_decision_of_somebody_else_is_refused(as_rita: Client, said: dict[str, Correction]) -> None:
    decisions.accept(correction=said["1"], reviewer=community.reviewer("rosa"))
    assert _decide(as_rita, said["1"], accept="yes").status_code == 409


def test_a_refused_decision_returns_a_code(as_rita: Client, said: dict[str, Correction]) -> None:
    assert _decide(as_rita, said["1"], label="x").json()["code"] == "unknown"
    assert _decide(as_rita, said["1"]).status_code == 400
    said["7"].drawing.delete()
    answer = _decide(as_rita, said["7"], accept="yes")
    assert (answer.status_code, answer.json()["code"]) == (409, "deleted")
    Claim.objects.create(
        correction=said["1"], by=community.reviewer("rosa"), until=timezone.now() + timedelta(minutes=1)
    )
    assert _decide(as_rita, said["1"], accept="yes").json()["code"] == "claimed"


def test_skipping_releases_the_drawing_and_returns_the_number(as_rita: Client, said: dict[str, Correction]) -> None:
    _next(as_rita)
    assert "1" in _decide(as_rita, said["1"], skip="yes").json()["skipped"]
    assert not Claim.objects.filter(correction=said["1"]).exists()
    assert said["1"].pk not in _next(as_rita)


def test_undoing_returns_the_drawing_again(as_rita: Client, rita: User, said: dict[str, Correction]) -> None:
    opinion = _decide(as_rita, said["1"], accept="yes").json()["opinion"]
    card = as_rita.post("/review/undo/", {"opinion": opinion}, headers=JSON).json()["card"]
    assert card["id"] == said["1"].pk
    assert f'data-card="{said["1"].pk}"' in card["html"]
    assert Claim.objects.get(correction=said["1"]).by == rita
    again = as_rita.post("/review/undo/", {"opinion": opinion}, headers=JSON)
    assert again.status_code == 409


def test_requested_drawings_come_first(as_rita: Client, said: dict[str, Correction]) -> None:
    wanted = [said["7"].pk, said["1"].pk]
    assert _next(as_rita, then=wanted) == [*wanted, said["?"].pk]
    decisions.accept(correction=said["7"], reviewer=User.objects.get(email="rita@example.org"))
    assert _next(as_rita, then=wanted) == [said["1"].pk, said["?"].pk]


def test_leaving_the_page_releases_only_the_own_claims(as_rita: Client, said: dict[str, Correction]) -> None:
    held = _next(as_rita)
    rosa = community.reviewer("rosa")
    Claim.objects.filter(correction=said["7"]).update(by=rosa)
    assert as_rita.post("/review/release/", {"have": held}).status_code == 204
    assert list(Claim.objects.values_list("correction", "by")) == [(said["7"].pk, rosa.pk)]


def test_two_reviewers_prefetch_different_drawings(
    as_rita: Client, admin_client: Client, alice: User, said: dict[str, Correction]
) -> None:
    for _ in range(6):
        named(alice, SEVEN, "7")
    first, second = _next(as_rita), _next(admin_client)
    assert len(first) == 5
    assert len(second) == 4
    assert not set(first) & set(second)


@pytest.mark.parametrize("have", [["x"], ["-1"], ["99999999999999999999"], ["1.5"], ["٣"]])
def test_invalid_ids_are_ignored(as_rita: Client, said: dict[str, Correction], have: list[str]) -> None:
    assert len(_next(as_rita, have=have, then=have)) == 3
    assert as_rita.get(f"/review/?correction={have[0]}&author={have[0]}").status_code == 200


def test_prefetching_takes_the_same_number_of_queries_for_any_number(
    as_rita: Client, alice: User, bob: User, said: dict[str, Correction]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert _next(as_rita)
        return len(found)

    as_rita.get("/drawings/")  # shapes of labels are looked up now and then
    first = queries()
    for author in (alice, bob):
        for _ in range(3):
            named(author, SEVEN, "7")
    assert queries() == first


def test_the_replay_keeps_the_times(as_rita: Client, said: dict[str, Correction]) -> None:
    html = as_rita.get(f"/review/?correction={said['7'].pk}").content.decode()
    found = re.search(r'data-replay="([^"]+)"', html)
    assert found
    assert [stroke[2] for stroke in json.loads(found[1])] == [[0, 120, 300], [500, 600]]
