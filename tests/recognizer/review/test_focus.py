"""/review/: one drawing at a time, as the server makes it and without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Claim, Correction, Label, Recognizer, Review
from recognizer.review import decisions
from tests.ink import SEVEN
from tests.pages.conftest import message_codes, named

REVIEW = "/review/"


def _decide(client: Client, correction: Correction, **data: str) -> Any:
    return client.post(f"{REVIEW}{correction.pk}/", data)


def _shown(client: Client, query: str = "") -> Correction | None:
    card = client.get(REVIEW + query).context["card"]
    return card.correction if card else None


def _decisions() -> list[tuple[str, str | None, str]]:
    return list(Review.objects.order_by("pk").values_list("decision", "label__slug", "reason"))


STEPS = ("next/", "undo/", "again/", "release/", "1/", "grid/", "grid/undo/")


def test_only_reviewers_can_open_the_review_pages(
    client: Client, as_alice: Client, alice: User, as_rita: Client
) -> None:
    assert client.get(REVIEW).status_code == 302  # to the sign-in
    assert as_alice.get(REVIEW).status_code == 403
    assert as_rita.get(REVIEW).status_code == 200
    for step in STEPS:
        assert client.post(REVIEW + step).status_code == 302
        assert as_alice.post(REVIEW + step).status_code == 403, step
    alice.is_superuser = True
    alice.save()
    assert as_alice.get(REVIEW).status_code == 200


def test_only_reviewers_can_decide(as_alice: Client, said: dict[str, Correction]) -> None:
    assert _decide(as_alice, said["7"], accept="yes").status_code == 403
    assert as_alice.post(REVIEW + "undo/", {"review": "1"}).status_code == 403
    assert _decisions() == []


def test_the_page_shows_the_drawing_and_the_labels_but_not_the_author(
    as_rita: Client, said: dict[str, Correction], alice: User
) -> None:
    assert _shown(as_rita) == said["?"]  # where author and model differ, and the model was not sure, comes first
    page = as_rita.get(REVIEW)
    assert "3" in page.context["waiting"]
    assert "data-unsure" in page.content.decode()
    html = as_rita.get(f"{REVIEW}?correction={said['1'].pk}").content.decode()
    assert '<svg class="thumb"' in html
    assert "data-differs" in html
    assert "data-unsure" not in html
    assert alice.email not in html


def test_each_button_shows_its_key(as_rita: Client, said: dict[str, Correction]) -> None:
    html = as_rita.get(REVIEW).content.decode()
    for key in "akpznedosr":
        if key != "z":  # nothing to take back yet
            assert f'data-key="{key}"' in html
    for key in "AKSNEDOR":
        assert f'aria-hidden="true">{key}</kbd>' in html
    for digit in range(10):
        assert f'data-key="{digit}"' in html


def test_after_an_approval_the_next_drawing_is_claimed_and_shown(
    as_rita: Client, rita: User, said: dict[str, Correction]
) -> None:
    response = _decide(as_rita, said["1"], accept="yes")
    assert response["Location"] == REVIEW
    assert _decisions() == [("accepted", "7", "")]
    assert _shown(as_rita) == said["?"]
    assert Claim.objects.get(correction=said["?"]).by == rita


@pytest.mark.parametrize(
    ("sent", "decision"),
    [
        ({"label": "1"}, ("relabelled", "1", "")),
        ({"label": "7"}, ("accepted", "7", "")),
        ({"reject": "scribble"}, ("rejected", None, "scribble")),
        ({"reject": "wrong-symbol"}, ("rejected", None, "wrong-symbol")),
    ],
)
def test_each_decision_is_saved_as_a_review(
    as_rita: Client,
    rita: User,
    said: dict[str, Correction],
    sent: dict[str, str],
    decision: tuple[str, str | None, str],
) -> None:
    _decide(as_rita, said["1"], **sent)
    assert _decisions() == [decision]
    assert Review.objects.get().by == rita


@pytest.mark.parametrize("sent", [{}, {"label": "x"}, {"label": ""}, {"reject": ""}, {"reject": "x"}])
def test_an_unknown_decision_is_refused(as_rita: Client, said: dict[str, Correction], sent: dict[str, str]) -> None:
    assert _decide(as_rita, said["1"], **sent).status_code == 400
    assert _decisions() == []


def test_a_skipped_drawing_goes_to_others_and_can_be_shown_again(
    as_rita: Client, admin_client: Client, said: dict[str, Correction]
) -> None:
    assert _shown(as_rita) == said["?"]
    for name in ("1", "?", "7"):
        _decide(as_rita, said[name], skip="yes")
    page = as_rita.get(REVIEW)
    assert (page.context["card"], page.context["skipped"]) == (None, 3)
    assert _shown(admin_client) == said["?"]
    as_rita.post(REVIEW + "again/")
    assert _shown(as_rita) == said["1"]
    assert _decisions() == []


def test_an_undone_decision_shows_its_drawing_again(as_rita: Client, said: dict[str, Correction]) -> None:
    _decide(as_rita, said["1"], reject="empty")
    page = as_rita.get(REVIEW)
    ((opinion, _drawing),) = page.context["last_decisions"]
    assert (opinion.correction, opinion.reason) == (said["1"], "empty")
    response = as_rita.post(REVIEW + "undo/", {"opinion": str(opinion.pk)}, follow=True)
    assert response.context["card"].correction == said["1"]
    assert response.context["last_decisions"] == []
    assert [decision for decision, _, _ in _decisions()] == ["rejected", "undone"]


def test_a_drawing_that_cannot_be_decided_any_more_gives_a_message(
    as_rita: Client, admin_client: Client, said: dict[str, Correction], alice: User
) -> None:
    decisions.accept(correction=said["7"], reviewer=User.objects.get(email="admin@example.com"))
    corrections.correct(drawing=said["1"].drawing, label="1")
    gone = said["?"].pk
    store.delete_drawing(drawing=said["?"].drawing)
    for correction in (said["7"], said["1"]):
        assert message_codes(as_rita.post(f"{REVIEW}{correction.pk}/", {"accept": "yes"}, follow=True)) == ["stale"]
    assert message_codes(as_rita.post(f"{REVIEW}{gone}/", {"accept": "yes"}, follow=True)) == ["deleted"]
    assert len(_decisions()) == 1


def test_two_reviewers_never_see_the_same_drawing(
    as_rita: Client, admin_client: Client, said: dict[str, Correction]
) -> None:
    first, second = _shown(as_rita), _shown(admin_client)
    assert first
    assert second
    assert first != second
    assert _shown(admin_client, f"?correction={first.pk}") == second
    assert message_codes(admin_client.post(f"{REVIEW}{first.pk}/", {"accept": "yes"}, follow=True)) == ["claimed"]
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert _shown(admin_client, f"?correction={first.pk}") == first


def test_reviewers_cannot_review_their_own_drawings(
    digits: Recognizer, as_rita: Client, rita: User, settings: Any
) -> None:
    settings.SELF_REVIEW = False
    rita.consented_at = timezone.now()
    rita.save()
    own = named(rita, SEVEN, "7")
    page = as_rita.get(REVIEW)
    assert page.context["card"] is None
    assert "data-self-review" not in page.content.decode()
    assert message_codes(as_rita.post(f"{REVIEW}{own.pk}/", {"accept": "yes"}, follow=True)) == ["own-drawing"]
    assert _decisions() == []


def test_with_self_review_they_can_and_the_page_says_so(
    digits: Recognizer, as_rita: Client, rita: User, settings: Any
) -> None:
    settings.SELF_REVIEW = True
    rita.consented_at = timezone.now()
    rita.save()
    own = named(rita, SEVEN, "7")
    assert "data-self-review" in as_rita.get(REVIEW).content.decode()
    _decide(as_rita, own, accept="yes")
    assert _decisions() == [("accepted", "7", "")]


def test_the_queue_can_be_filtered_by_recognizer(as_rita: Client, said: dict[str, Correction]) -> None:
    sketches = Recognizer.objects.create(slug="sketches", name="Sketches", position=1)
    Label.objects.create(recognizer=sketches, slug="eye", name="eye", position=0)
    assert _shown(as_rita, "?recognizer=sketches") is None
    assert _shown(as_rita, "?recognizer=digits") == said["?"]
    response = _decide(as_rita, said["1"], accept="yes", recognizer="digits")
    assert response["Location"] == REVIEW + "?recognizer=digits"


def test_only_reviewers_can_see_the_picture_of_a_drawing(
    digits: Recognizer, alice: User, as_alice: Client, as_rita: Client, client: Client
) -> None:
    pixels = np.full((64, 64), 255, np.uint8)
    cv2.line(pixels, (32, 8), (32, 56), 0, 6)
    png = cv2.imencode(".png", pixels)[1].tobytes()
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_image(png))
    address = f"/drawings/{drawing.uuid}/picture/"
    assert as_rita.get(address).status_code == 404  # she has not said what it is
    corrections.correct(drawing=drawing, label="1")
    assert f'src="{address}"' in as_rita.get(REVIEW).content.decode()
    response = as_rita.get(address)
    assert (response["Content-Type"], response.content[:4]) == ("image/png", b"\x89PNG")
    assert as_alice.get(address).status_code == 403
    assert client.get(address).status_code == 302


def test_the_number_of_queries_does_not_grow(as_rita: Client, alice: User, said: dict[str, Correction]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert as_rita.get(REVIEW).status_code == 200
        for query in found:
            assert '"tflite"' not in query["sql"]
        return len(found)

    as_rita.get(REVIEW)
    before = queries()
    for _ in range(5):
        named(alice, SEVEN, "7")
    assert queries() == before


def test_a_form_without_a_token_is_refused(said: dict[str, Correction], rita: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rita)
    assert _decide(client, said["1"], accept="yes").status_code == 403
    assert _decisions() == []


@pytest.mark.parametrize("wanted", ["", "x", "0", "99999999999999999999999"])
def test_undoing_an_unknown_decision_is_not_found(as_rita: Client, digits: Recognizer, wanted: str) -> None:
    assert as_rita.post(REVIEW + "undo/", {"review": wanted}).status_code == 404
    assert as_rita.get(f"{REVIEW}?correction={wanted}").status_code == 200


def test_only_reviewers_have_links_to_their_pages_in_the_header(
    as_rita: Client, as_alice: Client, client: Client, digits: Recognizer
) -> None:
    links = ('href="/review/"', 'href="/runs/"')
    assert all(link in as_rita.get("/privacy/").content.decode() for link in links)
    for other in (as_alice, client):
        html = other.get("/privacy/").content.decode()
        assert 'href="/progress/"' in html
        assert not any(link in html for link in links)
