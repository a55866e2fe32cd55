"""/operations/: what runs, what waits and what failed, for people with the permission."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from accounts.models import User
from recognizer.models import Process, Recognizer, TrainingRun
from recognizer.operations import processes
from tests.every_page import signed_in
from tests.pages.training_runs import ended
from tests.people import allow

pytestmark = pytest.mark.django_db
PAGE = "/operations/"


@pytest.fixture
def operator(bob: User) -> Client:
    """Somebody who may see the page, and nothing else."""
    allow(bob, "see_operations")
    return signed_in(bob)


def shown(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return " ".join(response.content.decode().split())


def test_only_people_with_the_permission_see_it(client: Client, as_alice: Client, operator: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert as_alice.get(PAGE).status_code == 403
    assert operator.get(PAGE).status_code == 200
    assert operator.post(PAGE).status_code == 405


def test_processes_say_since_when_they_run_and_with_which_versions(site: dict[str, Any], operator: Client) -> None:
    web = Process.objects.get(kind="web")
    Process.objects.filter(pk=web.pk).update(errors=3, last_error=timezone.now(), host="host-7")
    html = shown(operator)
    assert re.findall(r'data-process="(\w+)"', html) == ["beat", "trainer", "web", "worker"]
    assert "host-7" in html
    assert web.versions["digits"] == 2
    assert 'data-problem="missing"' not in html
    assert "data-silent" not in html


def test_a_silent_process_is_marked_and_its_kind_is_missing(site: dict[str, Any], operator: Client) -> None:
    silent = timezone.now() - 2 * processes.silent_after()
    Process.objects.filter(kind="worker").update(seen=silent)
    html = shown(operator)
    assert re.findall(r'data-process="(\w+)" data-silent', html) == ["worker"]
    assert html.count('data-problem="missing"') == 1
    Process.objects.filter(kind="worker").update(seen=timezone.now() - timedelta(hours=2))
    assert 'data-process="worker"' not in shown(operator)


def test_without_a_report_every_kind_is_missing(digits: Recognizer, operator: Client) -> None:
    html = shown(operator)
    assert 'data-empty="processes"' in html
    assert html.count('data-problem="missing"') == 4


def test_a_process_with_another_version_than_the_live_one_is_mentioned(site: dict[str, Any], operator: Client) -> None:
    def elsewhere() -> dict[str, int]:
        promotions = operator.get(PAGE).context["promotions"]
        return {promotion.recognizer.slug: count for promotion, count in promotions}

    assert elsewhere() == {"digits": 0, "bangla-digits": 0, "sketches": 0}
    Process.objects.filter(kind="web").update(versions={"digits": 1, "sketches": 1})
    assert elsewhere() == {"digits": 1, "bangla-digits": 0, "sketches": 0}


def test_what_waits_and_what_failed(site: dict[str, Any], operator: Client) -> None:
    run = ended(Recognizer.objects.get(slug="digits"), TrainingRun.State.FAILED)
    TrainingRun.objects.filter(pk=run.pk).update(finished=timezone.now())
    context = operator.get(PAGE).context
    assert [each.pk for each in context["open_runs"]] == [site["running"]]
    assert [each.pk for each in context["failed_runs"]] == [run.pk]
    assert (context["waiting_deliveries"], context["failed_deliveries"], context["paused_webhooks"]) == (1, 0, 0)
    assert context["reviews"] > 0
    assert context["oldest_review"] is not None
    assert set(context["queues"]) == {"celery", "training"}
    TrainingRun.objects.filter(pk=run.pk).update(finished=timezone.now() - timedelta(days=8))
    assert not operator.get(PAGE).context["failed_runs"]


def test_people_who_do_not_review_get_no_links_to_pages_of_reviewers(
    site: dict[str, Any], operator: Client, root: User
) -> None:
    assert f"/runs/{site['running']}/" not in shown(operator)
    assert f"/runs/{site['running']}/" in shown(signed_in(root))


def test_a_redis_that_is_away_is_said_and_nothing_waits_for_it(
    digits: Recognizer, operator: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def away(client: redis.Redis) -> None:
        asked.append(client.connection_pool.connection_kwargs["port"])
        raise redis.ConnectionError("away")

    settings.REDIS_URL = "redis://127.0.0.1:2/0"
    monkeypatch.setattr("redis.Redis.ping", away)
    assert 'data-problem="redis"' in shown(operator)
    assert asked.count(2) == 1  # a circuit that another test opened asks its own Redis


def test_the_link_is_for_staff_with_the_permission(operator: Client, bob: User) -> None:
    assert f'href="{PAGE}"' not in shown(operator)
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    assert f'href="{PAGE}"' in shown(operator)


def test_the_number_of_queries_does_not_depend_on_the_number_of_processes(
    site: dict[str, Any], operator: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        processes.report(processes.new_process(processes.Kind.WEB))
    with django_assert_max_num_queries(32):
        operator.get(PAGE)
