"""/review/track-records/ and /review/disputed/: how reviewers and authors do, and what is left to settle."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from recognizer import training
from recognizer.models import Control, Policy, QueueEntry, Recognizer, Review
from recognizer.review import controls, decisions
from tests.pages.conftest import named
from tests.people import allow
from tests.recognizer.insights.conftest import Desk
from tests.recognizer.insights.test_agreement import _rows, _text, say
from tests.recognizer.training import community

RECORDS = "/review/track-records/digits/"
DISPUTED = "/review/disputed/digits/"


@pytest.fixture
def as_manager(digits: Recognizer) -> Client:
    """Who chooses controls, without being staff."""
    manager = User.objects.create_user("manager@example.org", "a manager's word")
    allow(manager, "review_drawings", "mark_controls")
    client = Client()
    client.force_login(manager)
    return client


def tried(desk: Desk, by: User, answers: str, known: str = "7") -> None:
    """Answers to so many controls."""
    for answer in answers:
        correction = desk.draw(known)
        control = Control.objects.create(correction=correction, label=desk.labels[known])
        say(desk, correction, by, answer, control=control)


def row(client: Client, name: str) -> list[str]:
    found = [each for each in _rows(_text(client, RECORDS)) if each and each[0] == name]
    assert len(found) == 1, _rows(_text(client, RECORDS))
    return found[0]


def test_accuracy_on_controls_is_counted(as_manager: Client, desk: Desk) -> None:
    rosa = community.reviewer("rosa")
    tried(desk, rosa, "7777777711")
    assert row(as_manager, f"reviewer {rosa.pk}") == [f"reviewer {rosa.pk}", "10", "80.0% 8 of 10, 49% to 94%", "–"]


def test_rejecting_a_control_to_be_rejected_is_right(as_manager: Client, desk: Desk) -> None:
    rosa = community.reviewer("rosa")
    correction = desk.draw("7")
    say(desk, correction, rosa, None, control=Control.objects.create(correction=correction, label=None))
    assert "1 of 1" in row(as_manager, f"reviewer {rosa.pk}")[2]


def test_ended_controls_do_not_count(as_manager: Client, desk: Desk) -> None:
    rosa = community.reviewer("rosa")
    tried(desk, rosa, "71")
    for control in Control.objects.filter(answers__label__slug="1"):
        controls.unmark_control(control=control, by=rosa)
    assert "1 of 1" in row(as_manager, f"reviewer {rosa.pk}")[2]


def test_agreement_with_final_decisions_is_counted(
    as_manager: Client, desk: Desk, digits: Recognizer, alice: User
) -> None:
    Policy.objects.create(recognizer=digits, opinions=2)
    rosa, ravi, ruth = (community.reviewer(name) for name in ("rosa", "ravi", "ruth"))
    said = named(alice, [[[0, 10], [0, 10]]], "7")
    decisions.relabel(correction=said, reviewer=rosa, label="1")
    decisions.accept(correction=said, reviewer=ravi)
    decisions.accept(correction=said, reviewer=ruth)
    assert row(as_manager, f"reviewer {rosa.pk}")[3].startswith("0.0% 0 of 1")
    assert row(as_manager, f"reviewer {ravi.pk}")[3].startswith("100.0% 1 of 1")


def test_accepted_corrections_of_authors_are_counted(as_manager: Client, desk: Desk, alice: User, bob: User) -> None:
    for _ in range(3):
        desk.approved("7")
    desk.decide(desk.draw("7"), "1")
    desk.decide(desk.draw("7", bob), automatic=True)  # seen by nobody
    assert row(as_manager, f"author {alice.pk}")[1].startswith("75.0% 3 of 4, 30% to 95%")
    assert f"author {bob.pk}" not in _text(as_manager, RECORDS)
    assert alice.email not in _text(as_manager, RECORDS)


def test_staff_see_addresses_and_links_to_the_drawings(admin_client: Client, desk: Desk, alice: User) -> None:
    desk.approved("7")
    tried(desk, community.reviewer("rosa"), "7")
    html = _text(admin_client, RECORDS)
    assert "rosa@example.org" in html
    assert f'<a href="/review/?recognizer=digits&amp;author={alice.pk}">alice@example.org</a>' in html


def test_reviewers_see_only_their_own_figures_in_steps_of_ten(as_rita: Client, rita: User, desk: Desk) -> None:
    tried(desk, community.reviewer("rosa"), "1111")
    tried(desk, rita, "777777711")
    html = _text(as_rita, RECORDS)
    assert "data-own" in html
    assert "of 9" not in html
    tried(desk, rita, "11")
    page = as_rita.get(RECORDS)
    own = page.context["own"].controls
    assert (own.right, own.count) == (7, 10)
    assert "reviewers" not in page.context
    assert "authors" not in page.context


def test_an_empty_page_says_so(as_manager: Client, as_rita: Client, digits: Recognizer) -> None:
    html = _text(as_manager, RECORDS)
    assert 'data-empty="reviewers"' in html
    assert 'data-empty="authors"' in html
    assert "data-own" in _text(as_rita, RECORDS)


def test_only_reviewers_can_open_the_page(client: Client, as_alice: Client, digits: Recognizer) -> None:
    for page in (RECORDS, DISPUTED):
        assert client.get(page).status_code == 302
        assert as_alice.get(page).status_code == 403


def _queries(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(page).status_code == 200
    assert not any('"image"' in query["sql"] for query in found)
    return len(found)


def test_the_number_of_opinions_does_not_change_the_number_of_queries(
    as_manager: Client, as_rita: Client, rita: User, desk: Desk
) -> None:
    def more(at: int) -> None:
        rosa = community.reviewer(f"rosa{at}")
        tried(desk, rosa, "7")
        tried(desk, rita, "7")
        desk.approved("7", community.person(f"author{at}"))
        disputed(desk, rosa)

    more(0)
    pages = [(client, page) for client in (as_manager, as_rita) for page in (RECORDS, DISPUTED)]
    for client, page in pages:
        _queries(client, page)
    before = [_queries(client, page) for client, page in pages]
    for at in range(1, 5):
        more(at)
    assert [_queries(client, page) for client, page in pages] == before


# --- Disputes ---


def disputed(desk: Desk, *_by: Any) -> Any:
    """A drawing that reviewers do not agree on."""
    correction = desk.draw("7")
    place = {"recognizer": desk.recognizer, "label": correction.label, "author": correction.drawing.author}
    QueueEntry.objects.create(correction=correction, waits=False, disputed=True, usefulness=0, **place)
    return correction


def test_disputes_are_listed_for_people_who_may_settle_them(
    as_rita: Client, rita: User, desk: Desk, digits: Recognizer
) -> None:
    said = disputed(desk)
    page = as_rita.get(DISPUTED)
    assert not page.context["may_settle"]
    assert [example.correction for example in page.context["page"].examples] == [said.pk]
    assert f"correction={said.pk}" not in page.content.decode()
    assert "data-open-disputes" not in _text(as_rita, "/review/")
    allow(rita, "settle_disputes")
    assert f'href="/review/?correction={said.pk}"' in _text(as_rita, DISPUTED)
    assert 'data-open-disputes="1"' in _text(as_rita, "/review/")


def test_disputes_have_pages(as_rita: Client, desk: Desk) -> None:
    said = [disputed(desk) for _ in range(25)]
    first = as_rita.get(DISPUTED)
    assert len(first.context["page"].examples) == 24
    assert f"?after={said[23].pk}" in first.content.decode()
    rest = as_rita.get(f"{DISPUTED}?after={said[23].pk}").context["page"]
    assert [example.correction for example in rest.examples] == [said[24].pk]
    assert "data-empty" in _text(as_rita, f"{DISPUTED}?after={said[24].pk}")


# --- The policy ---


def _policy(client: Client, recognizer: Recognizer, **changed: str) -> Any:
    """Send the page of the admin as it is, with something changed in the policy."""
    address = f"/admin/recognizer/recognizer/{recognizer.pk}/change/"
    form = client.get(address).context
    sent: dict[str, Any] = dict(form["adminform"].form.initial)
    for inline in form["inline_admin_formsets"]:
        management = inline.formset.management_form
        sent |= {management.add_prefix(name): value for name, value in management.initial.items()}
        for each in inline.formset.forms:
            sent |= {each.add_prefix(name): each[name].initial for name in each.fields}
    sent |= {f"policy-0-{name}": value for name, value in changed.items()}
    filled = {name: value for name, value in sent.items() if value is not None and value is not False}
    return client.post(address, filled, follow=True)


def test_a_policy_change_in_the_admin_is_logged_and_applied(
    admin_client: Client, digits: Recognizer, alice: User
) -> None:
    policy = training.policy_of(digits)
    policy.opinions = 2
    policy.save()
    decisions.accept(correction=named(alice, [[[0, 10], [0, 10]]], "7"), reviewer=community.reviewer("rosa"))
    assert not Review.objects.exists()
    page = _policy(admin_client, digits, opinions="1", control_share="0.1").content.decode()
    assert 'class="success"' in page
    entry = AuditEntry.objects.get(what="policy.changed")
    assert (entry.subject, entry.detail) == ("digits policy", {"opinions": [2, 1], "control_share": [0.0, 0.1]})
    assert Review.objects.get().agreed == 1
    policy.refresh_from_db()
    assert (policy.opinions, policy.control_share) == (1, 0.1)


@pytest.mark.parametrize(("field", "value"), [("opinions", "0"), ("opinions_share", "1.1"), ("control_share", "0.6")])
def test_an_invalid_policy_is_refused(admin_client: Client, digits: Recognizer, field: str, value: str) -> None:
    training.policy_of(digits)
    assert "Please correct the error" in _policy(admin_client, digits, **{field: value}).content.decode()
    assert not AuditEntry.objects.filter(what="policy.changed").exists()


def test_the_review_page_warns_of_too_few_reviewers(as_rita: Client, admin_client: Client, digits: Recognizer) -> None:
    assert "data-shortage" not in _text(as_rita, "/review/")
    policy = training.policy_of(digits)
    policy.opinions = 3
    policy.save()
    page = as_rita.get("/review/")
    (shortage,) = page.context["shortages"]
    assert (shortage.recognizer, shortage.needed, shortage.available) == (digits, 3, 2)
    assert 'data-shortage="3"' in page.content.decode()
    assert "data-policy" not in page.content.decode()
    assert 'data-shortage="3"' in _text(as_rita, "/review/grid/")
    assert "data-policy" in _text(admin_client, "/review/")
    community.reviewer("rosa")
    assert "data-shortage" not in _text(as_rita, "/review/")
