"""Every page of the site by the name of its address, and a site on which each of them has something to show."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.insights import counts, drift, label_checks
from recognizer.models import Event, Export, Policy, Recognizer, Review, Webhook
from recognizer.moderation import exclusions, reports
from recognizer.operations import processes
from recognizer.registry import serving
from recognizer.review import controls, decisions
from recognizer.webhooks import events
from tests.accounts.helpers import force_login_by_password
from tests.csrf_client import CsrfClient
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import named
from tests.pages.training_runs import ended, examined, learned, running, superuser
from tests.people import rita_who_may
from tests.recognizer.training.base_data import report_base_data

# What is in braces is filled in from `site`.
FOR_GUESTS = {
    "draw": "/",
    "draw-for": "/draw/sketches/",
    "rounds": "/rounds/",
    "rounds-for": "/rounds/sketches/",
    "privacy": "/privacy/",
    "attribution": "/attribution/",
    "models": "/models/",
    "model": "/models/digits/",
    "model-version": "/models/digits/1/",
    "reading": "/models/digits/reading/",
    "progress": "/progress/",
    "developers": "/developers/",
    "reference": "/developers/reference/",
    "report": "/report/?page=/models/",
    "account_login": "/accounts/login/",
    "account_signup": "/accounts/signup/",
    "account_inactive": "/accounts/inactive/",
    "account_email_verification_sent": "/accounts/confirm-email/",
    "account_confirm_email": "/accounts/confirm-email/unknown/",
    "account_reset_password": "/accounts/password/reset/",
    "account_reset_password_done": "/accounts/password/reset/done/",
    "account_reset_password_from_key": "/accounts/password/reset/key/1-unknown/",
    "account_reset_password_from_key_done": "/accounts/password/reset/key/done/",
    "offline": "/offline/",
    "offline-sheet": "/offline/sheet/",
    "offline-rounds": "/offline/rounds/",
    "not found": "/nothing/",
}
FOR_PEOPLE = {
    "draw": "/",
    "drawings": "/drawings/?recognizer=digits&label=7",
    "drawing-delete": "/drawings/{drawing}/delete/",
    "drawings-delete": "/drawings/delete/?drawing={drawing}",
    "memory": "/memory/",
    "account": "/accounts/",
    "account_consent": "/accounts/consent/",
    "account_delete": "/accounts/delete/",
    "account_email": "/accounts/email/",
    "account_logout": "/accounts/logout/",
    "account_change_password": "/accounts/password/change/",
    "account_keys": "/accounts/keys/",
    "key-make": "/accounts/keys/new/",
    "key-revoke": "/accounts/keys/{key}/revoke/",
    "webhooks": "/accounts/webhooks/",
    "webhook": "/accounts/webhooks/{hook}/",
    "webhook-delete": "/accounts/webhooks/{hook}/delete/",
    "account_reauthenticate": "/accounts/reauthenticate/",
    "mfa_index": "/accounts/2fa/",
    "mfa_activate_totp": "/accounts/2fa/totp/activate/",
    "mfa_list_webauthn": "/accounts/2fa/webauthn/",
    "mfa_add_webauthn": "/accounts/2fa/webauthn/add/",
}
FOR_STAFF = {
    "review": "/review/",
    "review of a decided drawing": "/review/?correction={decided}",
    "review-grid": "/review/grid/",
    "exports": "/review/export/",
    "exclusions": "/review/set-aside/",
    "exclude-author": "/review/set-aside/new/?correction={decided}",
    "exclusion": "/review/set-aside/{exclusion}/",
    "reports": "/review/reports/",
    "confusion": "/review/confusion/digits/",
    "confusion-version": "/review/confusion/digits/1/",
    "confusion-cell": "/review/confusion/digits/1/live/7/1/",
    "label-errors": "/review/doubtful/digits/",
    "coverage": "/review/coverage/digits/",
    "drift": "/review/drift/digits/",
    "agreement": "/review/agreement/digits/",
    "reviewer-accuracy": "/review/track-records/digits/",
    "disputes": "/review/disputed/digits/",
    "operations": "/operations/",
    "audit": "/audit/",
    "audit-decisions": "/audit/decisions/",
    "progress": "/progress/",
    "runs": "/runs/",
    "run": "/runs/{run}/",
    "running": "/runs/{running}/",
    "base-data": "/runs/base-data/",
    "review of sketches": "/review/?recognizer=sketches",
    "review of Bangla digits": "/review/?recognizer=bangla-digits",
}
NO_PAGES = {  # addresses that take forms, redirect, or answer with files and JSON
    *("drawing-correction", "drawing-picture", "memory-forget", "memory-forget-all", "memory-switch"),
    *("service-worker", "manifest", "offline-session", "share", "memory-device"),
    *("favicon", "robots", "security", "sitemap", "round-labels", "round-examples", "labels", "glyphs"),
    *(
        "promote",
        "roll-back",
        "run-status",
        "run-cancel",
        "base-data-status",
        "review-control",
        "review-next",
        "review-undo",
    ),
    *("review-show-skipped", "review-release", "review-decide", "review-grid-undo", "export-download"),
    *("export-status", "export-delete", "exclusion-retrain", "exclusion-lift", "report-handle", "account_download"),
    *("webhook-pause", "webhook-renew", "webhook-test", "webhook-replay", "account_withdraw_consent"),
    *("account_set_password", "account_confirm_login_code", "mfa_authenticate", "mfa_reauthenticate"),
    *("mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"),
    *("mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn", "mfa_login_webauthn"),
}


@pytest.fixture
def root(db: None) -> User:
    """Somebody who may do everything."""
    return superuser()


@pytest.fixture
def site(three: list[Recognizer], starter: Bundle, alice: User, bob: User, root: User) -> dict[str, Any]:
    """A site in use: drawings in all states, disputes, controls, runs, exports, keys, webhooks, reports."""
    digits, _bangla, sketches = three
    Policy.objects.update_or_create(recognizer=digits, defaults={"opinions": 2})
    rita = rita_who_may()
    seven, disputed, rejected = named(alice, SEVEN, "7"), named(alice, ONE, "7"), named(alice, ZERO, "0")
    for reviewer in (rita, root):
        decisions.accept(correction=seven, reviewer=reviewer)
        decisions.reject(correction=rejected, reviewer=reviewer, reason="duplicate")
    decisions.accept(correction=disputed, reviewer=rita)
    decisions.relabel(correction=disputed, reviewer=root, label="1")
    named(alice, SCRIBBLE, "3")
    named(bob, SEVEN, "1")
    corrections.mark_none_of_these(drawing=named(alice, SCRIBBLE, "3").drawing)
    controls.mark_control(review=Review.objects.filter(correction=seven).get(), by=root)
    learned(digits, starter)
    run = ended(digits)
    examined(run, seven.drawing, "7", "1", "7")
    under_way = running(sketches, step=3, steps=10)
    for slug in ("bangla-digits", "sketches"):
        drawing, _new = store.save_drawing(author=alice, recognizer=slug, content=Content.from_ink(SEVEN))
        corrections.correct(drawing=drawing, label=drawing.recognizer.labels.all()[3].slug)
    Export.objects.create(by=root, form="ndjson", state=Export.State.READY, size=5000, finished=timezone.now())
    hook = Webhook.objects.create(person=alice, url="https://hooks.example.org/", events=Event.values)
    events.create_test_delivery(hook)
    key, _secret = keys.create_key(person=alice, name="Shop", scopes=["predict"])
    reports.create_report(page="/models/", reason="wrong", words="It is a one.", by=alice, drawing=seven.drawing.uuid)
    exclusion = exclusions.exclude_author(author=bob.pk, by=root, reason="Test drawings")
    report_base_data()
    label_checks.refresh_label_checks()
    counts.recount()
    drift.refresh_answer_weeks()
    serving.live_version_now("digits")  # not the one before the promotion of a moment ago
    for kind in processes.Kind:
        processes.report(processes.new_process(kind))
    return {
        "run": run.pk,
        "running": under_way.pk,
        "drawing": seven.drawing.uuid,
        "decided": seven.pk,
        "key": key.pk,
        "hook": hook.uuid,
        "exclusion": exclusion.pk,
    }


def signed_in(person: User) -> CsrfClient:
    """A browser in which this person has just signed in with their password."""
    client = CsrfClient()
    force_login_by_password(client, person)
    return client
