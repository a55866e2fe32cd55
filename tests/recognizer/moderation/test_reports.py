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
def test_every_public_page_links_to_the_report_form(client: Client, digits: Recognizer, page: str) -> None:
    door = f'href="/report/?page={page}"'
    assert door in client.get(page).content.decode()
    form = client.get(f"/report/?page={page}").content.decode()
    assert f'name="page" value="{page}"' in form


def test_visitors_can_report_a_page(client: Client, digits: Recognizer) -> None:
    response = send(client, words="The third label hurts.")
    assert response["Location"] == "/models/digits/"
    found = Report.objects.get()
    assert (found.page, found.reason, found.words) == ("/models/digits/", "offensive", "The third label hurts.")
    assert (found.by, found.drawing, found.outcome) == (None, None, "")
    assert message_codes(client.get("/models/")) == ["reported"]


def test_a_report_of_a_user_has_the_user_and_the_drawing(as_bob: Client, bob: User, said: list[Correction]) -> None:
    send(as_bob, drawing=str(said[0].drawing.uuid))
    found = Report.objects.get()
    assert (found.by, found.drawing) == (bob, said[0].drawing)


def test_reporting_does_not_reveal_which_drawings_exist(client: Client, digits: Recognizer) -> None:
    assert send(client, drawing="6f1f77a8-0000-4000-8000-000000000000").status_code == 302
    assert send(client, drawing="no identifier").status_code == 302
    assert [each.drawing for each in Report.objects.all()] == [None, None]


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_form_redirects_only_within_the_site(client: Client, digits: Recognizer, page: str) -> None:
    assert send(client, page=page)["Location"] == "/"
    assert Report.objects.get().page == "/"


@pytest.mark.parametrize("said", [{"reason": "x"}, {"words": "x" * 501}])
def test_an_invalid_report_is_refused(client: Client, db: None, said: dict[str, str]) -> None:
    response = send(client, **said)
    assert response.status_code == 400
    assert response.context["problem"] in response.content.decode()
    assert not Report.objects.exists()


def test_reports_are_rate_limited(client: Client, digits: Recognizer, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"report": "3/m/ip"}
    codes = [send(client).status_code for _ in range(4)]
    assert codes == [302, 302, 302, 429]
    assert Report.objects.count() == 3


def test_the_form_needs_a_csrf_token(db: None) -> None:
    assert send(Client(enforce_csrf_checks=True)).status_code == 403


def test_only_reviewers_can_read_reports(
    client: Client, as_alice: Client, as_rita: Client, said: list[Correction]
) -> None:
    found = about(said[0])
    assert client.get(INBOX).status_code == 302
    assert as_alice.get(INBOX).status_code == 403
    assert as_alice.post(f"{INBOX}{found.pk}/", {"do": "dismiss"}).status_code == 403
    assert as_rita.get(INBOX).status_code == 200
    assert Report.objects.open().get() == found


def test_the_review_page_shows_the_number_of_open_reports(as_rita: Client, said: list[Correction]) -> None:
    assert "data-reports=" not in as_rita.get("/review/").content.decode()
    about(said[0])
    about(said[1])
    assert 'data-reports="2"' in as_rita.get("/review/").content.decode()


def test_the_list_shows_the_drawing_and_escapes_the_text(as_rita: Client, said: list[Correction]) -> None:
    Report.objects.create(page="/", drawing=said[0].drawing, reason="offensive", words="<script>alert(1)</script>")
    html = as_rita.get(INBOX).content.decode()
    assert '<svg class="thumb' in html
    assert "&lt;script&gt;" in html
    assert f"/review/set-aside/new/?drawing={said[0].drawing_id}&amp;report={Report.objects.get().pk}" in html


@pytest.mark.parametrize("decided", [False, True])
def test_a_reported_drawing_is_rejected_whatever_its_reviews(
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


def test_a_report_without_a_labelled_drawing_stays_open(
    as_rita: Client, as_alice: Client, said: list[Correction]
) -> None:
    found = about(said[0])
    as_alice.post(f"/drawings/{said[0].drawing.uuid}/correction/", {"label": ""})
    page = as_rita.post(f"{INBOX}{found.pk}/", {"do": "hide"}, follow=True)
    assert message_codes(page) == ["no-drawing"]
    assert Report.objects.open().get() == found
    assert not Review.objects.exists()


@pytest.mark.parametrize(("do", "outcome"), [("dismiss", "dismissed"), ("solved", "solved")])
def test_a_report_is_handled_once(as_rita: Client, said: list[Correction], do: str, outcome: str) -> None:
    found = about(said[0])
    as_rita.post(f"{INBOX}{found.pk}/", {"do": do})
    again = as_rita.post(f"{INBOX}{found.pk}/", {"do": "hide"}, follow=True)
    assert message_codes(again)[-1] == "closed"
    found.refresh_from_db()
    assert found.outcome == outcome
    assert not Review.objects.exists()
    assert again.context["rows"] == []
    assert f'data-outcome="{outcome}"' in as_rita.get(f"{INBOX}?handled").content.decode()


def test_excluding_the_author_closes_the_report(as_rita: Client, said: list[Correction], alice: User) -> None:
    found, other = about(said[0]), Report.objects.create(page="/", reason="wrong")
    sent = {"drawing": str(said[0].drawing_id), "report": [str(found.pk), str(other.pk)], "reason": "Offends."}
    as_rita.post("/review/set-aside/new/", sent)
    assert AuthorExclusion.objects.get().author == alice
    found.refresh_from_db()
    assert found.outcome == "set-aside"
    assert Report.objects.open().get() == other


def test_an_unknown_action_is_refused(as_rita: Client, said: list[Correction]) -> None:
    assert as_rita.post(f"{INBOX}{about(said[0]).pk}/", {"do": "x"}).status_code == 400
    assert as_rita.post(f"{INBOX}999999/", {"do": "dismiss"}).status_code == 404


def test_the_length_of_the_list_does_not_change_the_number_of_queries(as_rita: Client, said: list[Correction]) -> None:
    def more(count: int) -> int:
        for _ in range(count):
            about(said[0])
        with CaptureQueriesContext(connection) as queries:
            assert as_rita.get(INBOX).status_code == 200
        return len(queries)

    assert more(3) == more(15)
