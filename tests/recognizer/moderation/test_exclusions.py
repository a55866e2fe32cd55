"""Excluding authors from training, and lifting the exclusion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import audit
from accounts.models import AuditEntry, User
from recognizer.datasets.filters import DrawingFilter
from recognizer.insights import label_checks
from recognizer.models import (
    AuthorExclusion,
    Correction,
    Coverage,
    ModelVersion,
    Recognizer,
    TrainingRun,
)
from recognizer.moderation import exclusions
from recognizer.registry import promotions
from recognizer.review import bulk, decisions
from recognizer.training import monitoring, snapshots
from tests.ink import SEVEN, ZERO
from tests.pages.conftest import keep, message_codes, named
from tests.pages.training_runs import running
from tests.recognizer.moderation.conftest import study

pytestmark = pytest.mark.django_db
NEW = "/review/set-aside/new/"


def exclude(client: Client, correction: Correction, reason: str = "Scribbles all over.") -> Any:
    return client.post(NEW, {"correction": str(correction.pk), "reason": reason}, follow=True)


def test_only_reviewers_can_exclude_authors(
    client: Client, as_alice: Client, said: list[Correction], as_rita: Client
) -> None:
    exclusion = f"{NEW}?correction={said[0].pk}"
    for path in (exclusion, "/review/set-aside/"):
        assert client.get(path).status_code == 302
        assert as_alice.get(path).status_code == 403
        assert as_rita.get(path).status_code == 200
    assert as_alice.post(NEW, {"correction": str(said[0].pk), "reason": "x"}).status_code == 403
    assert as_alice.post("/review/set-aside/1/take-back/").status_code == 403
    assert as_alice.post("/review/set-aside/teach-anew/").status_code == 403
    assert not AuthorExclusion.objects.exists()


def test_the_page_shows_the_impact_without_the_name_of_the_author(
    as_rita: Client, alice: User, trained: ModelVersion, said: list[Correction]
) -> None:
    room = as_rita.get("/review/").content.decode()
    assert f'href="{NEW}?correction={said[1].pk}"' in room
    page = as_rita.get(f"{NEW}?correction={said[1].pk}")
    impact = page.context["impact"]
    assert (impact.drawings, impact.approved, impact.waiting, impact.trained_on) == (2, 1, 1, 1)
    assert [(each.version, each.drawings, each.is_live) for each in impact.versions] == [(trained, 1, True)]
    html = page.content.decode()
    assert "/progress/?recognizer=digits#v2" in html
    assert "data-live-version" in html
    assert alice.email not in html
    assert not AuthorExclusion.objects.exists()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_an_exclusion_needs_a_reason(as_rita: Client, said: list[Correction], reason: str) -> None:
    response = exclude(as_rita, said[0], reason)
    assert response.status_code == 400
    assert response.context["problem"] in response.content.decode()
    assert not AuthorExclusion.objects.exists()


def test_a_deleted_drawing_leads_to_no_author(as_rita: Client, said: list[Correction]) -> None:
    for query in ("", "?correction=999999", "?drawing=x", "?person=999999"):
        assert as_rita.get(NEW + query).status_code == 404


def test_drawings_of_excluded_authors_leave_queue_snapshots_and_exports(
    as_rita: Client, rita: User, digits: Recognizer, bob: User, trained: ModelVersion, said: list[Correction]
) -> None:
    of_bob = named(bob, SEVEN, "7")
    assert exclude(as_rita, said[0]).status_code == 200
    assert list(decisions.waiting_for(reviewer=rita)) == [of_bob]
    assert not snapshots.approved_reviews(digits).exists()
    assert list(DrawingFilter().drawings()) == [of_bob.drawing]
    assert decisions.accept_unseen(recognizer=digits) == 1, "bob's"
    assert bulk.accept(corrections=[said[1].pk], reviewer=rita) == []
    with pytest.raises(decisions.StaleReviewError):
        decisions.accept(correction=said[1], reviewer=rita)


def test_later_drawings_of_excluded_authors_are_not_used_either(
    as_rita: Client, rita: User, alice: User, said: list[Correction]
) -> None:
    exclude(as_rita, said[0])
    named(alice, ZERO, "0")
    assert not decisions.waiting_for(reviewer=rita).exists()


def test_drawings_of_excluded_authors_are_not_counted(
    as_rita: Client, digits: Recognizer, trained: ModelVersion, said: list[Correction]
) -> None:
    label_checks.rebuild_label_checks()
    seven = Coverage.objects.get(label__slug="7", label__recognizer=digits)
    assert (seven.drawings, list(monitoring.count_live_accuracy().values())) == (1, [(2, 2, 2)])
    assert said[0].drawing.label_check.approved
    exclude(as_rita, said[0])
    label_checks.refresh_label_checks()
    seven.refresh_from_db()
    assert (seven.drawings, monitoring.count_live_accuracy()) == (0, {})
    cell = f"/review/confusion/digits/{1}/live/7/7/"
    assert as_rita.get(cell).context["page"].examples == []
    assert as_rita.get("/review/confusion/digits/1/").context["test"].matrix.total == 0


def test_excluded_authors_can_go_on_drawing_and_see_a_notice(
    as_rita: Client, as_alice: Client, alice: User, said: list[Correction]
) -> None:
    notice = "data-excluded"
    assert notice not in as_alice.get("/drawings/").content.decode()
    exclude(as_rita, said[0])
    assert keep(alice, SEVEN).predictions.exists()
    page = as_alice.get("/drawings/").content.decode()
    assert notice in page
    assert page.count("data-drawing=") == 3
    document = as_alice.get("/accounts/download/").getvalue().decode()
    assert '"reason": "Scribbles all over."' in document


def test_an_outdated_account_form_does_not_lift_the_exclusion(
    as_rita: Client, alice: User, said: list[Correction]
) -> None:
    exclude(as_rita, said[0])
    alice.first_name = "Alice"
    alice.save()
    alice.refresh_from_db()
    assert (alice.first_name, alice.set_aside) == ("Alice", True)


def test_an_exclusion_is_logged_without_a_name(
    as_rita: Client, rita: User, alice: User, trained: ModelVersion, said: list[Correction]
) -> None:
    exclude(as_rita, said[0])
    entry = AuditEntry.objects.get(what="author.set-aside")
    assert (entry.by, entry.subject) == (rita, audit.name_of(alice))
    assert entry.detail == {
        "reason": "Scribbles all over.",
        "drawings": 2,
        "taught": 1,
        "versions": ["digits version 2"],
    }
    as_rita.post(f"/review/set-aside/{AuthorExclusion.objects.get().pk}/take-back/")
    assert AuditEntry.objects.get(what="author.taken-back").undoes == entry


def test_an_exclusion_can_be_lifted(
    as_rita: Client, rita: User, digits: Recognizer, trained: ModelVersion, said: list[Correction]
) -> None:
    exclude(as_rita, said[0])
    exclusion = AuthorExclusion.objects.get()
    page = as_rita.post(f"/review/set-aside/{exclusion.pk}/take-back/", follow=True)
    assert message_codes(page)[-1] == "lifted"
    assert "data-lifted" in page.content.decode()
    assert list(decisions.waiting_for(reviewer=rita)) == [said[1]]
    assert snapshots.approved_reviews(digits).count() == 1
    again = as_rita.post(f"/review/set-aside/{exclusion.pk}/take-back/", follow=True)
    assert message_codes(again) == ["refused"]
    assert AuthorExclusion.objects.count() == 2


def test_an_author_can_be_excluded_again(as_rita: Client, said: list[Correction]) -> None:
    exclude(as_rita, said[0], "First.")
    as_rita.post(f"/review/set-aside/{AuthorExclusion.objects.get().pk}/take-back/")
    exclude(as_rita, said[0], "Second.")
    assert [each.reason for each in AuthorExclusion.objects.current()] == ["Second."]
    assert AuthorExclusion.objects.count() == 3


def test_excluding_twice_is_refused_also_by_the_database(as_rita: Client, alice: User, said: list[Correction]) -> None:
    exclude(as_rita, said[0])
    assert "data-excluded" in as_rita.get(f"{NEW}?correction={said[1].pk}").content.decode()
    assert message_codes(exclude(as_rita, said[1])) == ["refused"]
    with pytest.raises(IntegrityError), transaction.atomic():
        AuthorExclusion.objects.create(author=alice, aside=True, reason="Once more.")
    assert AuthorExclusion.objects.count() == 1


def test_nobody_can_exclude_themselves(as_rita: Client, rita: User, digits: Recognizer) -> None:
    User.objects.filter(pk=rita.pk).update(consented_at="2026-01-01T00:00Z")
    own = named(rita, SEVEN, "7")
    assert "data-own" in as_rita.get(f"{NEW}?correction={own.pk}").content.decode()
    assert message_codes(exclude(as_rita, own)) == ["refused"]
    assert not AuthorExclusion.objects.exists()


def test_retraining_leaves_them_out_and_an_earlier_version_can_be_promoted(
    as_rita: Client, admin_client: Client, digits: Recognizer, trained: ModelVersion, said: list[Correction]
) -> None:
    html = exclude(as_rita, said[0]).content.decode()
    assert 'action="/review/set-aside/teach-anew/"' in html
    assert 'data-fallback="1"' in html, "rita may not promote"
    page = admin_client.get(f"/review/set-aside/{AuthorExclusion.objects.get().pk}/")
    (remedy,) = page.context["remedies"]
    assert (remedy.recognizer, remedy.fallback.number, remedy.run) == (digits, 1, None)
    assert 'action="/progress/digits/promote/"' in page.content.decode()
    sent = {"number": "1", "replaces": str(remedy.promotion.pk), "reason": "Meanwhile."}
    as_rita.post("/review/set-aside/teach-anew/")
    run = TrainingRun.objects.open().get()
    assert run.trigger
    assert f'href="/runs/{run.pk}/" data-run' in as_rita.get("/review/set-aside/").content.decode()
    as_rita.post("/review/set-aside/teach-anew/")
    assert TrainingRun.objects.open().count() == 1
    admin_client.post("/progress/digits/promote/", sent)
    newest = promotions.current_promotion(digits.pk)
    assert newest
    assert newest.model_version.number == 1
    assert exclusions.find_remedies() == []


def test_a_version_not_trained_on_excluded_authors_needs_no_remedy(
    as_rita: Client, bob: User, trained: ModelVersion, said: list[Correction]
) -> None:
    of_bob = named(bob, SEVEN, "7")
    html = exclude(as_rita, of_bob).content.decode()
    assert "data-no-remedies" in html
    as_rita.post("/review/set-aside/teach-anew/")
    assert not TrainingRun.objects.open().exists()


def test_a_run_that_uses_their_drawings_is_cancelled(
    as_rita: Client, digits: Recognizer, said: list[Correction]
) -> None:
    run = running(digits)
    study(run, said[0])
    assert "data-running" in as_rita.get(f"{NEW}?correction={said[0].pk}").content.decode()
    exclude(as_rita, said[0])
    run.refresh_from_db()
    assert run.cancelling


def test_a_run_that_started_at_the_same_time_is_recognised(
    as_rita: Client, digits: Recognizer, said: list[Correction]
) -> None:
    exclude(as_rita, said[0])
    run = running(digits)
    assert not snapshots.uses_excluded_authors(run)
    study(run, said[0])
    assert snapshots.uses_excluded_authors(run)


def test_several_authors_can_be_excluded_at_once(
    admin_client: Client, bob: User, alice: User, said: list[Correction]
) -> None:
    of_bob = named(bob, SEVEN, "7")
    asked = {"drawing": [str(said[0].drawing_id), str(of_bob.drawing_id)]}
    assert len(admin_client.get(NEW, asked).context["authors"]) == 2
    page = admin_client.post(NEW, {**asked, "reason": "One person."}, follow=True)
    assert message_codes(page) == ["excluded-2"]
    assert {each.author for each in AuthorExclusion.objects.current()} == {alice, bob}


def test_names_are_shown_only_to_people_who_may_see_them(
    as_rita: Client, admin_client: Client, alice: User, said: list[Correction]
) -> None:
    assert as_rita.get(f"{NEW}?person={alice.pk}").status_code == 404
    assert admin_client.get(f"{NEW}?person={alice.pk}").context["impact"].drawings == 2
    exclude(as_rita, said[0])
    address = f"/review/set-aside/{AuthorExclusion.objects.get().pk}/"
    assert "data-person" not in as_rita.get(address).content.decode()
    assert f"/admin/accounts/user/{alice.pk}/change/" in admin_client.get(address).content.decode()


def test_the_length_of_the_list_does_not_change_the_number_of_queries(
    as_rita: Client, rita: User, digits: Recognizer
) -> None:
    def more(count: int) -> int:
        for number in range(count):
            author = User.objects.create_user(f"p{User.objects.count()}-{number}@example.org")
            exclusions.exclude_author(author=author.pk, by=rita, reason="Noise.")
        with CaptureQueriesContext(connection) as queries:
            assert as_rita.get("/review/set-aside/").status_code == 200
        return len(queries)

    assert more(3) == more(15)


def test_an_exclusion_stays_when_the_reviewer_leaves(as_rita: Client, rita: User, said: list[Correction]) -> None:
    exclude(as_rita, said[0])
    rita.delete()
    exclusion = AuthorExclusion.objects.get()
    assert (exclusion.by, exclusion.reason) == (None, "Scribbles all over.")


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_the_same_time_exclude_once(digits: Recognizer, rita: User, bob: User, alice: User) -> None:
    def attempt(by: User) -> bool:
        try:
            exclusions.exclude_author(author=alice.pk, by=by, reason="Noise.")
        except exclusions.ExclusionError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, [rita, bob])) == [False, True]
    assert AuthorExclusion.objects.count() == AuditEntry.objects.filter(what="author.set-aside").count() == 1
