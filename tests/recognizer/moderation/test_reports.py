"""/report/: a door for whoever finds something, and /review/reports/ for who sees to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from recognizer.models import AuthorExclusion, Correction, Recognizer, Report, Review
from recognizer.review import decisions
from tests.pages.conftest import message_codes

pytestmark = pytest.mark.django_db
INBOX = "/review/reports/"


def send(client: Client, **said: str) -> Any:
    return client.post("/report/", {"page": "/models/digits/", "reason": "offensive", **said})


def about(correction: Correction) -> Report:
    return Report.objects.create(page="/", drawing=correction.drawing, reason="offensive")


@pytest.mark.parametrize("page", ["/", "/progress/", "/models/", "/models/digits/", "/privacy/", "/accounts/login/"])
def test_every_public_page_has_the_door(client: Client, digits: Recognizer, page: str) -> None:
    door = f'href="/report/?page={page}"'
    assert door in client.get(page).content.decode()
    form = client.get(f"/report/?page={page}").content.decode()
    assert f'name="page" value="{page}"' in form


def test_a_stranger_reports_a_page(client: Client, digits: Recognizer) -> None:
    response = send(client, words="The third label hurts.")
    assert response["Location"] == "/models/digits/"
    found = Report.objects.get()
    assert (found.page, found.reason, found.words) == ("/models/digits/", "offensive", "The third label hurts.")
    assert (found.by, found.drawing, found.outcome) == (None, None, "")
    assert message_codes(client.get("/models/")) == ["reported"]


def test_who_is_signed_in_is_named_and_a_drawing_is_kept(as_bob: Client, bob: User, said: list[Correction]) -> None:
    send(as_bob, drawing=str(said[0].drawing.uuid))
    found = Report.objects.get()
    assert (found.by, found.drawing) == (bob, said[0].drawing)


def test_which_drawings_there_are_cannot_be_told(client: Client, digits: Recognizer) -> None:
    assert send(client, drawing="6f1f77a8-0000-4000-8000-000000000000").status_code == 302
    assert send(client, drawing="no identifier").status_code == 302
    assert [each.drawing for each in Report.objects.all()] == [None, None]


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_leads_nowhere_else(client: Client, digits: Recognizer, page: str) -> None:
    assert send(client, page=page)["Location"] == "/"
    assert Report.objects.get().page == "/"


@pytest.mark.parametrize("said", [{"reason": "x"}, {"words": "x" * 501}])
def test_what_is_wrong_with_it_is_said(client: Client, db: None, said: dict[str, str]) -> None:
    response = send(client, **said)
    assert response.status_code == 400
    assert response.context["problem"] in response.content.decode()
    assert not Report.objects.exists()


def test_nobody_floods_it(client: Client, digits: Recognizer, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"report": "3/m/ip"}
    codes = [send(client).status_code for _ in range(4)]
    assert codes == [302, 302, 302, 429]
    assert Report.objects.count() == 3


def test_another_site_cannot_send_it(db: None) -> None:
    assert send(Client(enforce_csrf_checks=True)).status_code == 403


def test_only_reviewers_read_them(client: Client, as_alice: Client, as_rita: Client, said: list[Correction]) -> None:
    found = about(said[0])
    assert client.get(INBOX).status_code == 302
    assert as_alice.get(INBOX).status_code == 403
    assert as_alice.post(f"{INBOX}{found.pk}/", {"do": "dismiss"}).status_code == 403
    assert as_rita.get(INBOX).status_code == 200
    assert Report.objects.open().get() == found


def test_the_room_says_how_many_are_open(as_rita: Client, said: list[Correction]) -> None:
    assert "data-reports=" not in as_rita.get("/review/").content.decode()
    about(said[0])
    about(said[1])
    assert 'data-reports="2"' in as_rita.get("/review/").content.decode()


def test_the_list_shows_the_drawing_and_what_was_said_as_text(as_rita: Client, said: list[Correction]) -> None:
    Report.objects.create(page="/", drawing=said[0].drawing, reason="offensive", words="<script>alert(1)</script>")
    html = as_rita.get(INBOX).content.decode()
    assert '<svg class="thumb' in html
    assert "&lt;script&gt;" in html
    assert f"/review/set-aside/new/?drawing={said[0].drawing_id}&amp;report={Report.objects.get().pk}" in html


@pytest.mark.parametrize("decided", [False, True])
def test_a_drawing_is_hidden_whatever_was_decided_before(
    as_rita: Client, rita: User, said: list[Correction], decided: bool
) -> None:
    if decided:
        decisions.accept(correction=said[0], reviewer=rita)
    found = about(said[0])
    as_rita.post(f"{INBOX}{found.pk}/", {"do": "hide"})
    standing = decisions.current(said[0])
    assert standing
    assert (standing.decision, standing.reason) == ("rejected", "offensive")
    found.refresh_from_db()
    assert (found.outcome, found.handled_by) == ("hidden", rita)
    entry = AuditEntry.objects.get(what="report.handled")
    assert (entry.subject, entry.detail) == (f"report {found.pk}", {"outcome": "hidden"})


def test_what_cannot_be_hidden_stays_open(as_rita: Client, as_alice: Client, said: list[Correction]) -> None:
    found = about(said[0])
    as_alice.post(f"/drawings/{said[0].drawing.uuid}/correction/", {"label": ""})
    page = as_rita.post(f"{INBOX}{found.pk}/", {"do": "hide"}, follow=True)
    assert message_codes(page) == ["no-drawing"]
    assert Report.objects.open().get() == found
    assert not Review.objects.exists()


@pytest.mark.parametrize(("do", "outcome"), [("dismiss", "dismissed"), ("solved", "solved")])
def test_it_is_handled_once(as_rita: Client, said: list[Correction], do: str, outcome: str) -> None:
    found = about(said[0])
    as_rita.post(f"{INBOX}{found.pk}/", {"do": do})
    again = as_rita.post(f"{INBOX}{found.pk}/", {"do": "hide"}, follow=True)
    assert message_codes(again)[-1] == "closed"
    found.refresh_from_db()
    assert found.outcome == outcome
    assert not Review.objects.exists()
    assert again.context["rows"] == []
    assert f'data-outcome="{outcome}"' in as_rita.get(f"{INBOX}?handled").content.decode()


def test_its_author_is_set_aside_by_the_page_that_asks(as_rita: Client, said: list[Correction], alice: User) -> None:
    found, other = about(said[0]), Report.objects.create(page="/", reason="wrong")
    sent = {"drawing": str(said[0].drawing_id), "report": [str(found.pk), str(other.pk)], "reason": "Offends."}
    as_rita.post("/review/set-aside/new/", sent)
    assert AuthorExclusion.objects.get().author == alice
    found.refresh_from_db()
    assert found.outcome == "set-aside"
    assert Report.objects.open().get() == other


def test_there_is_no_such_decision(as_rita: Client, said: list[Correction]) -> None:
    assert as_rita.post(f"{INBOX}{about(said[0]).pk}/", {"do": "x"}).status_code == 400
    assert as_rita.post(f"{INBOX}999999/", {"do": "dismiss"}).status_code == 404


def test_a_longer_list_needs_no_more_queries(as_rita: Client, said: list[Correction]) -> None:
    def more(count: int) -> int:
        for _ in range(count):
            about(said[0])
        with CaptureQueriesContext(connection) as queries:
            assert as_rita.get(INBOX).status_code == 200
        return len(queries)

    assert more(3) == more(15)
