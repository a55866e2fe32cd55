"""/review/grid/: many drawings of one label at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.drawings import corrections
from recognizer.models import Claim, Correction, Recognizer, Review
from recognizer.review import decisions
from tests.ink import ONE, SEVEN, ZERO
from tests.pages.conftest import message_codes, named
from tests.recognizer.training import community

GRID = "/review/grid/"
SEVENS = f"{GRID}?recognizer=digits&said=7"


@pytest.fixture
def sevens(digits: Recognizer, alice: User, bob: User) -> list[Correction]:
    """What two people call a seven, an odd one first; and a one."""
    named(alice, ONE, "1")
    return [named(alice, ZERO, "7"), named(alice, SEVEN, "7"), named(bob, SEVEN, "7"), named(bob, SEVEN, "7")]


def _shown(client: Client, address: str = SEVENS) -> list[Correction]:
    return [card.correction for card in client.get(address).context["cards"]]


def _send(client: Client, shown: list[Correction], odd: list[Correction] = (), **more: str) -> Any:  # type: ignore[assignment]
    body = {"shown": [each.pk for each in shown], "odd": [each.pk for each in odd], "fate": "look"}
    return client.post(GRID, {**body, "recognizer": "digits", "said": "7", **more})


def _decisions() -> set[tuple[int, str, str]]:
    return set(Review.objects.current().values_list("correction", "decision", "reason"))


def test_the_grid_shows_and_claims_drawings_with_the_same_label(
    as_rita: Client, rita: User, sevens: list[Correction]
) -> None:
    assert _shown(as_rita) == sevens
    assert Claim.objects.filter(by=rita).count() == 4
    html = as_rita.get(SEVENS).content.decode()
    assert html.count('name="odd"') == 4


def test_strokes_with_their_times_are_only_on_the_page_that_replays_them(
    as_rita: Client, sevens: list[Correction]
) -> None:
    assert "data-replay=" not in as_rita.get(SEVENS).content.decode()
    assert "data-replay=" in as_rita.get("/review/?recognizer=digits&said=7").content.decode()


def test_without_a_label_the_grid_takes_that_of_the_first_drawing_in_the_queue(
    as_rita: Client, sevens: list[Correction]
) -> None:
    assert _shown(as_rita, GRID) == sevens
    Correction.objects.all().delete()
    assert "data-nothing" in as_rita.get(GRID).content.decode()


def test_the_others_are_approved_together_and_the_selected_are_reviewed_next(
    as_rita: Client, rita: User, sevens: list[Correction]
) -> None:
    odd, *rest = sevens
    response = _send(as_rita, _shown(as_rita), [odd])
    assert response["Location"] == f"/review/?correction={odd.pk}&recognizer=digits&said=7"
    assert _decisions() == {(each.pk, "accepted", "") for each in rest}
    assert set(Review.objects.values_list("label__slug", "by")) == {("7", rita.pk)}
    assert as_rita.get(response["Location"]).context["card"].correction == odd
    assert list(Claim.objects.values_list("correction", flat=True)) == [odd.pk]


def test_several_selected_drawings_follow_each_other_without_scripts(as_rita: Client, sevens: list[Correction]) -> None:
    address = _send(as_rita, _shown(as_rita), sevens[:2])["Location"]
    page = as_rita.get(address)
    assert page.context["card"].correction == sevens[0]
    response = as_rita.post(f"/review/{sevens[0].pk}/", {"accept": "yes", "then": page.context["then"]})
    assert response["Location"] == f"/review/?correction={sevens[1].pk}"


def test_the_selected_drawings_can_be_rejected_or_left(as_rita: Client, sevens: list[Correction]) -> None:
    odd, *rest = sevens
    assert _send(as_rita, _shown(as_rita), [odd], fate="leave")["Location"] == SEVENS
    assert _decisions() == {(each.pk, "accepted", "") for each in rest}
    assert not Claim.objects.exists()
    assert _shown(as_rita) == []  # it comes back when skipped drawings are asked for
    as_rita.post("/review/again/")
    _send(as_rita, _shown(as_rita), [odd], fate="wrong-symbol")
    assert (odd.pk, "rejected", "wrong-symbol") in _decisions()


def test_an_unknown_decision_is_refused(as_rita: Client, sevens: list[Correction]) -> None:
    assert _send(as_rita, _shown(as_rita), sevens[:1], fate="x").status_code == 400
    assert _decisions() == set()


def test_a_whole_round_can_be_undone_and_the_one_before_it_too(as_rita: Client, sevens: list[Correction]) -> None:
    _send(as_rita, sevens[:2])
    _send(as_rita, sevens[2:], sevens[2:3], fate="scribble")
    assert as_rita.get(SEVENS).context["last_round"] == 2
    for left in (2, 0):
        page = as_rita.post(f"{GRID}undo/", {"recognizer": "digits", "said": "7"}, follow=True)
        assert message_codes(page)[-1] == "undone-2"
        assert Review.objects.current().exclude(decision="undone").count() == left
    assert _shown(as_rita) == sevens
    as_rita.post(f"{GRID}undo/")
    assert Review.objects.count() == 8


def test_undone_drawings_can_be_decided_again(as_rita: Client, sevens: list[Correction]) -> None:
    _send(as_rita, sevens)
    as_rita.post(f"{GRID}undo/")
    _send(as_rita, sevens)
    assert _decisions() == {(each.pk, "accepted", "") for each in sevens}
    assert Review.objects.count() == 12


def test_changed_drawings_are_left_out_and_counted_in_a_message(
    as_rita: Client, sevens: list[Correction], alice: User
) -> None:
    shown = _shown(as_rita)
    Claim.objects.all().delete()
    rosa = community.reviewer("rosa")
    decisions.accept(correction=sevens[0], reviewer=rosa)
    corrections.correct(drawing=sevens[1].drawing, label="1")
    Claim.objects.create(correction=sevens[2], by=rosa, until=timezone.now() + timedelta(minutes=1))
    page = as_rita.get(_send(as_rita, shown)["Location"])
    assert message_codes(page) == ["saved-1", "lost-3"]
    assert set(Review.objects.values_list("correction", flat=True)) == {sevens[0].pk, sevens[3].pk}


def test_own_drawings_and_those_without_consent_cannot_be_decided(
    as_rita: Client, rita: User, bob: User, sevens: list[Correction], settings: Any
) -> None:
    settings.SELF_REVIEW = False
    people.give_consent(person=rita)
    own = named(rita, SEVEN, "7")
    people.withdraw_consent(person=bob)
    assert _shown(as_rita) == sevens[:2]
    _send(as_rita, [own, *sevens])
    assert _decisions() == {(each.pk, "accepted", "") for each in sevens[:2]}


def test_only_the_own_rounds_can_be_undone(as_rita: Client, admin_client: Client, sevens: list[Correction]) -> None:
    _send(as_rita, sevens)
    admin_client.post(f"{GRID}undo/")
    assert len(_decisions()) == 4


def test_the_number_of_queries_does_not_grow(as_rita: Client, bob: User, sevens: list[Correction]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert as_rita.get(SEVENS).status_code == 200
        return len(found)

    queries()
    before = queries()
    for _ in range(5):
        named(bob, SEVEN, "7")
    assert queries() == before
