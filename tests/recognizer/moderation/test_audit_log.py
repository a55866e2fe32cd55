"""/audit/: the log as staff read it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit, deletion
from accounts.models import AuditEntry, User
from recognizer.models import Correction, Review
from recognizer.pages.moderation import audit_entries
from recognizer.review import decisions
from tests.people import allow

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
LOG, DECISIONS = "/audit/", "/audit/decisions/"


def shown(client: Client, query: str = "") -> list[AuditEntry]:
    return [line.entry for line in client.get(LOG + query).context["lines"]]


def test_only_people_with_the_permission_can_open_it(
    client: Client, as_alice: Client, as_rita: Client, as_auditor: Client
) -> None:
    for path in (LOG, DECISIONS):
        assert client.get(path).status_code == 302
        assert as_alice.get(path).status_code == 403
        assert as_rita.get(path).status_code == 403
        assert as_auditor.get(path).status_code == 200
    assert 'href="/audit/"' in as_auditor.get("/").content.decode()
    assert 'href="/audit/"' not in as_rita.get("/").content.decode()


def test_the_newest_entry_comes_first_with_old_and_new_values(as_auditor: Client, bob: User) -> None:
    audit.note(
        by=None, what="version.promoted", subject="digits version 2", detail={"reason": "It passed.", "before": 1}
    )
    audit.note(by=bob, what="policy.changed", subject="digits", detail={"train_after": [30, 12], "cap": [100, 50]})
    page = as_auditor.get(LOG)
    html = page.content.decode()
    policy, promotion = page.context["lines"]
    assert (policy.entry.what, promotion.entry.what) == ("policy.changed", "version.promoted")
    assert policy.details == [("cap", "50", "100"), ("train after", "12", "30")]
    assert promotion.actor is None
    assert 'href="/progress/?recognizer=digits#v2"' in html
    assert bob.email in html


def test_every_kind_of_entry_has_a_label() -> None:
    sources = [path.read_text() for part in ("accounts", "recognizer") for path in (ROOT / part).rglob("*.py")]
    noted = {what for text in sources for what in re.findall(r'(?:what=|_write_down\(\w+, )"([a-z.-]+)"', text)}
    assert len(noted) > 20
    assert noted - set(audit_entries.ACTIONS) == set()


def test_addresses_are_shown_only_to_people_who_may_see_them(as_auditor: Client, as_bob: Client, bob: User) -> None:

    allow(bob, "view_auditentry")
    vera = User.objects.get(email="vera@example.org")
    audit.note(by=vera, what="person.changed", subject=audit.name_of(vera))
    assert vera.email in as_auditor.get(LOG).content.decode()
    html = as_bob.get(LOG).content.decode()
    assert vera.email not in html
    assert f"person {vera.pk}" in html


def test_a_person_who_left_keeps_a_number_without_a_name(as_auditor: Client, bob: User) -> None:
    pk, address = bob.pk, bob.email
    audit.note(by=bob, what="key.made", subject="key 1")
    deletion.delete_person(person=bob)
    html = " ".join(as_auditor.get(LOG).content.decode().split())
    assert html.count(f'"?person={pk}"') == 2
    assert address not in html
    assert [entry.what for entry in shown(as_auditor, f"?person={pk}")] == ["person.left", "key.made"]


def test_entries_are_filtered_by_kind_person_and_day(as_auditor: Client, alice: User, bob: User) -> None:
    old = audit.note(by=alice, what="key.made", subject="key 1")
    AuditEntry._base_manager.filter(pk=old.pk).update(when=timezone.now() - timedelta(days=3))
    made = audit.note(by=alice, what="key.made", subject="key 2")
    changed = audit.note(by=bob, what="person.changed", subject=audit.name_of(alice))
    today = f"{timezone.localdate():%Y-%m-%d}"
    assert shown(as_auditor) == [changed, made, old]
    assert shown(as_auditor, "?what=key.made") == [made, old]
    assert shown(as_auditor, f"?person={alice.pk}&day={today}") == [made]
    assert shown(as_auditor, f"?about={alice.pk}") == [changed]
    assert shown(as_auditor, "?what=key.revoked") == []
    assert 'class="empty-state' in as_auditor.get(f"{LOG}?what=key.revoked").content.decode()


@pytest.mark.parametrize(
    "query", ["?person=x", "?day=yesterday", "?below=-1", f"?person={'9' * 30}", "?day=0001-01-01"]
)
def test_invalid_filters_need_no_query(as_auditor: Client, query: str) -> None:
    entry = audit.note(by=None, what="key.made", subject="key 1")
    assert shown(as_auditor, query) == [entry]


def test_an_entry_and_the_one_that_undid_it_link_to_each_other(as_auditor: Client, bob: User) -> None:
    made = audit.note(by=bob, what="key.made", subject="key 1")
    undone = audit.note(by=bob, what="key.revoked", subject="key 1", undoes=made)
    html = as_auditor.get(LOG).content.decode()
    assert f'href="?entry={undone.pk}"' in html
    assert f'href="?entry={made.pk}"' in html
    assert shown(as_auditor, f"?entry={made.pk}") == [made]


def test_the_log_has_pages(as_auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_entries, "PAGE_SIZE", 2)
    made = [audit.note(by=None, what="key.made", subject=f"key {number}") for number in range(5)][::-1]
    assert shown(as_auditor) == made[:2]
    assert f"below={made[1].pk}" in as_auditor.get(LOG).content.decode()
    assert shown(as_auditor, f"?below={made[1].pk}") == made[2:4]
    last = as_auditor.get(f"{LOG}?below={made[3].pk}").content.decode()
    assert 'rel="next"' not in last
    assert "data-newest" in last


def test_an_unknown_kind_of_entry_is_shown_as_it_is(as_auditor: Client) -> None:
    audit.note(by=None, what="moon.landed", subject="<b>moon</b>", detail={"odd": {"a": [1, 2]}, "nothing": None})
    html = as_auditor.get(LOG).content.decode()
    assert "moon.landed" in html
    assert "&lt;b&gt;moon&lt;/b&gt;" in html
    assert "odd: a: 1, 2" in html


def test_reviews_are_read_from_their_own_tables(as_auditor: Client, rita: User, said: list[Correction]) -> None:
    decisions.accept(correction=said[0], reviewer=rita)
    decisions.undo(review=Review.objects.get(), reviewer=rita)
    decisions.reject(correction=said[1], reviewer=rita, reason="scribble")
    page = as_auditor.get(DECISIONS)
    assert [each.decision for each in page.context["decisions"]] == ["rejected", "undone", "accepted"]
    html = page.content.decode()
    assert re.findall(r'data-decision="(\w+)"', html) == ["rejected", "undone", "accepted"]
    assert re.findall(r'data-replaced-by="(\w+)"', html) == ["undone"]
    assert not AuditEntry.objects.filter(what__startswith="review").exists()
    only = as_auditor.get(f"{DECISIONS}?what=rejected&person={rita.pk}")
    assert [each.decision for each in only.context["decisions"]] == ["rejected"]


@pytest.mark.parametrize("path", [LOG, DECISIONS])
def test_the_length_of_a_page_does_not_change_the_number_of_queries(
    as_auditor: Client, rita: User, said: list[Correction], path: str
) -> None:
    def more(count: int) -> int:
        for number in range(count):
            person = User.objects.create_user(f"p{User.objects.count()}-{number}@example.org")
            audit.note(by=person, what="person.changed", subject=audit.name_of(rita))
            decisions.accept(correction=said[0], reviewer=rita)
            decisions.undo(review=Review.objects.order_by("-pk")[0], reviewer=rita)
        with CaptureQueriesContext(connection) as queries:
            assert as_auditor.get(path).status_code == 200
        return len(queries)

    more(1)  # the first visit reads what a process remembers: the shapes of labels
    assert more(3) == more(12)
