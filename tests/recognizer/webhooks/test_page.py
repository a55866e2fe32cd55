"""/accounts/webhooks/: make one, see its secret once, try it, read its log, send again, pause, renew, delete."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, User
from recognizer.models import Delivery, Event, Recognizer, Webhook
from recognizer.webhooks import delivery as sending
from recognizer.webhooks import events as noting
from recognizer.webhooks import manage, signing
from tests.recognizer.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db
PATH = "/accounts/webhooks/"
GOOD: dict[str, Any] = {"url": "https://public.example.org/hook", "events": ["correction.reviewed", "version.promoted"]}


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def make(client: Client, **more: Any) -> str:
    """The address of the page of a new one."""
    response = client.post(PATH, GOOD | more)
    assert response.status_code == 302, response.context["problem"]
    return str(response.headers["Location"])


def test_visitors_have_to_sign_in(client: Client) -> None:
    assert client.get(PATH).headers["Location"].startswith("/accounts/login/")


def test_the_account_page_links_to_webhooks(as_alice: Client) -> None:
    assert f'href="{PATH}"' in text(as_alice, "/accounts/")


def test_a_new_webhook_shows_its_secret_once(as_alice: Client, alice: User) -> None:
    page = make(as_alice)
    hook = Webhook.objects.get()
    assert page == f"{PATH}{hook.uuid}/"
    assert (hook.person, hook.url, hook.events, hook.recognizer) == (alice, GOOD["url"], GOOD["events"], None)
    assert signing.secret_of(hook) in text(as_alice, page)
    assert not re.search("whsec_[A-Za-z0-9+/]{8}", text(as_alice, page))
    assert AuditEntry.objects.get().what == "webhook.made"


def test_no_secret_is_stored(as_alice: Client, settings: Any) -> None:
    make(as_alice)
    hook = Webhook.objects.get()
    before = signing.secret_of(hook)
    key = before.removeprefix("whsec_")
    rows = [*Webhook.objects.values(), dict(as_alice.session), *AuditEntry.objects.values()]
    assert key not in str(rows)
    settings.SECRET_KEY = "another one"
    assert signing.secret_of(hook) != before


@pytest.mark.parametrize("events", [[], ["everything"], ["correction.reviewed", "everything"]])
def test_an_unknown_event_is_refused_and_the_form_stays_filled(as_alice: Client, events: list[str]) -> None:
    response = as_alice.post(PATH, {"url": GOOD["url"], "events": events})
    assert response.status_code == 400
    html = response.content.decode()
    assert 'role="alert"' in html
    assert f'value="{GOOD["url"]}"' in html
    assert not Webhook.objects.exists()


def test_a_webhook_can_be_limited_to_one_recognizer(as_alice: Client, digits: Recognizer) -> None:
    page = make(as_alice, recognizer="digits")
    assert Webhook.objects.get().recognizer == digits
    assert '<option value="digits" selected>' in text(as_alice, page)
    assert as_alice.post(PATH, GOOD | {"recognizer": "no-such"}).status_code == 404


def test_a_person_has_at_most_ten_webhooks(as_alice: Client) -> None:
    for _ in range(10):
        make(as_alice)
    response = as_alice.post(PATH, GOOD)
    assert response.status_code == 400
    assert Webhook.objects.count() == 10


def test_saving_webhooks_is_limited_because_each_looks_up_a_name(
    as_alice: Client, as_bob: Client, hook: Webhook, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"webhook": "2/h/user"}
    pages = ["/accounts/webhooks/", f"/accounts/webhooks/{hook.uuid}/"] * 2
    answers = [as_alice.post(page, GOOD) for page in pages]
    assert [answer.status_code for answer in answers] == [302, 302, 429, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert as_bob.post("/accounts/webhooks/", GOOD).status_code == 302
    assert as_alice.get("/accounts/webhooks/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_ten_holds_for_requests_at_the_same_time(alice: User) -> None:
    def press(_number: int) -> int:
        client = Client()
        client.force_login(alice)
        try:
            return client.post(PATH, GOOD).status_code
        finally:
            connection.close()

    for _ in range(7):
        manage.create_webhook(person=alice, **GOOD)
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(press, range(6))) == [302, 302, 302, 400, 400, 400]
    assert Webhook.objects.count() == 10


def test_address_and_events_can_be_changed(as_alice: Client) -> None:
    page = make(as_alice)
    as_alice.post(page, {"url": "https://public.example.org/other", "events": ["version.rolled_back"]})
    hook = Webhook.objects.get()
    assert (hook.url, hook.events) == ("https://public.example.org/other", ["version.rolled_back"])
    response = as_alice.post(page, {"url": "https://inside.example.org/", "events": ["version.rolled_back"]})
    assert response.status_code == 400
    assert Webhook.objects.get().url == "https://public.example.org/other"


def test_a_test_event_is_sent_and_listed_with_its_result(as_alice: Client, hook: Webhook, receiver: Receiver) -> None:
    page = f"{PATH}{hook.uuid}/"
    receiver.answer = b"<script>alert(1)</script>"
    assert as_alice.post(page + "test/", follow=True).redirect_chain
    sending.send_due_deliveries()
    html = text(as_alice, page)
    assert Delivery.objects.get().state == "delivered"
    assert "200" in html
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


def test_a_delivery_is_sent_again_under_the_same_id(as_alice: Client, hook: Webhook, receiver: Receiver) -> None:
    first = manage.send_test(hook=hook)
    sending.send_due_deliveries()
    as_alice.post(f"{PATH}{hook.uuid}/{first.pk}/replay/")
    sending.send_due_deliveries()
    again, before = hook.deliveries.all()
    assert (again.replays, again.event, again.body, again.state) == (before, before.event, before.body, "delivered")
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    assert as_alice.get(f"{PATH}{hook.uuid}/").status_code == 200


def test_tests_and_replays_are_limited(as_alice: Client, hook: Webhook) -> None:
    for _ in range(manage.MAX_MANUAL_PER_MINUTE):
        as_alice.post(f"{PATH}{hook.uuid}/test/")
    assert Delivery.objects.count() == manage.MAX_MANUAL_PER_MINUTE
    for action in ("test", f"{Delivery.objects.last().pk}/replay"):  # type: ignore[union-attr]
        refused = as_alice.post(f"{PATH}{hook.uuid}/{action}/", follow=True)
        assert [message.level_tag for message in refused.context["messages"]][-1:] == ["warning"]
    assert Delivery.objects.count() == manage.MAX_MANUAL_PER_MINUTE
    Delivery.objects.update(created=timezone.now() - timedelta(minutes=2))
    as_alice.post(f"{PATH}{hook.uuid}/test/")
    assert Delivery.objects.count() == manage.MAX_MANUAL_PER_MINUTE + 1


def test_a_paused_webhook_sends_nothing_until_it_is_resumed(
    as_alice: Client, hook: Webhook, receiver: Receiver
) -> None:
    page = f"{PATH}{hook.uuid}/"
    as_alice.post(page + "test/")
    as_alice.post(page + "pause/")
    hook.refresh_from_db()
    assert hook.paused
    assert sending.send_due_deliveries() == (0, False)
    refused = as_alice.post(page + "test/", follow=True)
    assert [message.level_tag for message in refused.context["messages"]][-1:] == ["warning"]
    as_alice.post(page + "pause/")
    assert sending.send_due_deliveries() == (1, False)


def test_the_reason_for_a_pause_is_shown(as_alice: Client, hook: Webhook) -> None:
    Webhook.objects.update(paused=timezone.now(), pause_reason="a reason")
    for page in (PATH, f"{PATH}{hook.uuid}/"):
        assert "a reason" in text(as_alice, page)


def test_a_failing_webhook_is_marked(as_alice: Client, hook: Webhook) -> None:
    Webhook.objects.update(failing_since=timezone.now() - timedelta(hours=5))
    assert re.search(r"5\Whours ago", text(as_alice, PATH))


def test_a_renewed_secret_is_shown_once(as_alice: Client, hook: Webhook) -> None:
    before = signing.secret_of(hook)
    page = as_alice.post(f"{PATH}{hook.uuid}/renew/", follow=True).content.decode()
    hook.refresh_from_db()
    assert signing.secret_of(hook) in page
    assert before not in page


def test_a_webhook_is_deleted_with_its_deliveries_after_a_confirmation(as_alice: Client, hook: Webhook) -> None:
    manage.send_test(hook=hook)
    page = f"{PATH}{hook.uuid}/delete/"
    assert as_alice.get(page).status_code == 200
    assert Webhook.objects.exists()
    assert as_alice.post(page).headers["Location"] == PATH
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert AuditEntry.objects.filter(what="webhook.deleted").exists()


def test_webhooks_of_others_cannot_be_opened(as_bob: Client, hook: Webhook) -> None:
    delivery = manage.send_test(hook=hook)
    assert hook.url not in text(as_bob, PATH)
    page = f"{PATH}{hook.uuid}/"
    assert as_bob.get(page).status_code == 404
    for action in ("", "pause/", "renew/", "test/", "delete/", f"{delivery.pk}/replay/"):
        assert as_bob.post(page + action, GOOD).status_code == 404
    assert (Webhook.objects.get(), Delivery.objects.count()) == (hook, 1)


def test_a_delivery_of_another_webhook_is_not_sent_from_this_one(as_bob: Client, bob: User, hook: Webhook) -> None:
    delivery = manage.send_test(hook=hook)
    mine = manage.create_webhook(person=bob, **GOOD)
    assert as_bob.post(f"{PATH}{mine.uuid}/{delivery.pk}/replay/").status_code == 404


def test_get_requests_change_nothing(as_alice: Client, hook: Webhook) -> None:
    for action in ("pause/", "renew/", "test/"):
        assert as_alice.get(f"{PATH}{hook.uuid}/{action}").status_code == 405


def test_forms_need_a_csrf_token(alice: User, hook: Webhook) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for path in (PATH, f"{PATH}{hook.uuid}/delete/", f"{PATH}{hook.uuid}/pause/"):
        assert client.post(path, GOOD).status_code == 403


def test_a_long_log_has_pages_and_needs_no_query_per_row(
    as_alice: Client, hook: Webhook, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page = f"{PATH}{hook.uuid}/"
    text(as_alice, page)
    for _ in range(30):
        noting.create_test_delivery(hook)
    with django_assert_max_num_queries(8):
        html = text(as_alice, page)
    assert len(re.findall(r'<span[^>]* class="type">', html)) == 20
    assert len(re.findall(r'<span[^>]* class="type">', text(as_alice, page + "?page=2"))) == 10


def test_the_admin_shows_no_address_and_no_payload(hook: Webhook) -> None:
    root, client = User.objects.create_superuser("root@example.org", "a rather long word"), Client()
    client.force_login(root)
    delivery = manage.send_test(hook=hook)
    page = partial(text, client)
    for path in ("", f"{hook.pk}/change/"):
        html = page(f"/admin/recognizer/webhook/{path}")
        assert "from=here" not in html
    assert "hooks.example.org" in page("/admin/recognizer/webhook/")
    assert str(delivery.event) in page("/admin/recognizer/delivery/")
    assert "&quot;version&quot;" not in page(f"/admin/recognizer/delivery/{delivery.pk}/change/")
    assert client.post(f"/admin/recognizer/delivery/{delivery.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_list_names_the_events_and_shows_no_secret(as_alice: Client, alice: User) -> None:
    for url in ("https://hooks.example.org/a?token=geheim", "https://hooks.example.org"):
        Webhook.objects.create(person=alice, url=url, events=["correction.reviewed", "version.promoted"])
    html = as_alice.get(PATH).content.decode()
    assert html.count(">hooks.example.org</a>") == 2
    assert 'class="code">/a?…</span>' in html
    assert 'class="code">/</span>' in html
    assert f"{Event.REVIEWED.label} · {Event.PROMOTED.label}" in html
    assert "geheim" not in html
