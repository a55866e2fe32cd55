"""/review/coverage/: how much there is of each label; and what the sheet asks for more often."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer import training
from recognizer.models import Coverage, Policy, Recognizer
from tests.recognizer.insights.conftest import Desk

Read = Callable[[], None]
PAGE = "/review/coverage/digits/"


@pytest.fixture
def goal(digits: Recognizer) -> Policy:
    """Four of each label."""
    policy = training.policy_of(digits)
    policy.goal = 4
    policy.save()
    return policy


def _text(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _asked(client: Client, times: int) -> Counter[str]:
    """How often each label is the first that the draw page asks for."""
    found = [re.search(r'data-prompt="label"><span>(\d)<', _text(client, "/")) for _ in range(times)]
    return Counter(each[1] for each in found if each)


def _prompts(client: Client) -> dict[str, list[str]]:
    """What the page asks for, one after the other, by recognizer."""
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', _text(client, "/"))
    assert found
    return {each["slug"]: each["prompts"] for each in json.loads(found[1])["recognizers"]}


def test_labels_with_the_most_missing_drawings_come_first(
    as_rita: Client, desk: Desk, alice: User, bob: User, goal: Policy, read: Read
) -> None:
    for author in (alice, alice, bob):
        desk.approved("7", author)
    for _ in range(5):
        desk.approved("1")
    desk.draw("7")
    read()
    page = as_rita.get(PAGE)
    html = " ".join(page.content.decode().split())
    cells = (
        r'<th scope="row">(\d)</th> <td class="bar">(\d of \d)',
        r' <svg.*?width="([\d.]+%)" height="8" rx="4"/></svg></td>',
        r" <td>(\d)</td> <td>(\d)</td>",
    )
    rows = re.findall("".join(cells), html)
    assert rows[-2:] == [("7", "3 of 4", "75.0%", "2", "1"), ("1", "5 of 4", "100.0%", "1", "0")]
    assert rows[0] == ("0", "0 of 4", "0.0%", "0", "0")
    figures = [getattr(page.context["summary"], name) for name in ("goal", "reached", "missing")]
    assert figures == [4, 1, 33]


def test_before_the_first_count_the_page_says_so(as_rita: Client, digits: Recognizer) -> None:
    html = _text(as_rita)
    assert "data-empty" in html
    assert html.count("0 of 500") == 10


def test_a_background_that_is_behind_is_mentioned(as_rita: Client, desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("recognizer.insights.label_checks.BATCH_SIZE", 1)
    desk.draw("7")
    desk.draw("7")
    assert "data-behind" in _text(as_rita)


def test_the_goal_is_changed_in_the_admin(admin_client: Client, digits: Recognizer, goal: Policy) -> None:
    path = f"/admin/recognizer/recognizer/{digits.pk}/change/"
    assert f'href="{path}"' in _text(admin_client)
    assert 'name="policy-0-goal" value="4"' in _text(admin_client, path)


def test_only_people_who_may_change_the_goal_see_the_link(as_rita: Client, digits: Recognizer) -> None:
    assert "data-policy" not in _text(as_rita)


def test_the_number_of_drawings_does_not_change_the_number_of_queries(
    as_rita: Client, desk: Desk, three: list[Recognizer], read: Read, django_assert_max_num_queries: Any
) -> None:
    for at in range(10):
        desk.approved(str(at))
    read()
    _text(as_rita)  # shapes of labels are looked up now and then
    with django_assert_max_num_queries(10):
        _text(as_rita)


def test_every_recognizer_has_a_few_prompts_each_once(client: Client, three: list[Recognizer]) -> None:
    prompts = _prompts(client)
    assert sorted(prompts["digits"]) == list("0123456789")
    assert len(set(prompts["sketches"])) == len(prompts["sketches"]) == 12  # of thirty
    assert _prompts(client) != prompts


def test_labels_far_from_their_goal_are_asked_for_more_often_and_earlier(
    client: Client, digits: Recognizer, goal: Policy, read: Read
) -> None:
    read()
    Coverage.objects.exclude(label__slug="3").update(drawings=4)  # the goal
    counts = _asked(client, 60)
    assert counts["3"] > 15  # of 60, of which 32 are likely: 1 beside nine times 0.1
    assert len(counts) > 3  # the others are still asked for


def test_before_anything_is_counted_each_label_is_asked_for_as_often(client: Client, digits: Recognizer) -> None:
    assert max(_asked(client, 60).values()) < 20  # of 60, of which 6 are likely


def test_the_draw_page_needs_a_fixed_number_of_queries(
    client: Client, desk: Desk, three: list[Recognizer], read: Read, django_assert_num_queries: Any
) -> None:
    desk.approved("7")
    read()
    client.get("/")
    with django_assert_num_queries(3):  # recognizers, a summary of their labels, prompts
        client.get("/")
