"""/review/coverage/: how much there is of each label; and what the sheet asks for more often."""

from __future__ import annotations

import json
import random
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


def _weights(client: Client, path: str = "/") -> dict[str, float]:
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', _text(client, path))
    assert found
    config = json.loads(found[1])
    labels = next(each["labels"] for each in config["recognizers"] if each["slug"] == config["recognizer"])
    return {label["slug"]: label["weight"] for label in labels}


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
    figures = [page.context[name] for name in ("goal", "reached", "missing")]
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
    with django_assert_max_num_queries(8):
        _text(as_rita)


def test_labels_far_from_their_goal_are_asked_for_more_often(
    client: Client, desk: Desk, goal: Policy, read: Read
) -> None:
    assert set(_weights(client).values()) == {1.0}  # nothing was counted: each as often
    for _ in range(3):
        desk.approved("7")
    for _ in range(6):
        desk.approved("1")
    read()
    weights = _weights(client)
    assert (weights["0"], weights["7"], weights["1"]) == (1.0, 0.25, 0.1)


def test_the_first_prompt_uses_the_same_weights(client: Client, digits: Recognizer, goal: Policy, read: Read) -> None:
    read()
    Coverage.objects.exclude(label__slug="3").update(drawings=4)  # the goal
    random.seed(3)
    asked = [re.search(r'data-prompt="label"><span>(\d)<', _text(client, "/")) for _ in range(60)]
    counts = Counter(found[1] for found in asked if found)
    assert counts["3"] > 20  # of 60: 1 beside nine times 0.1
    assert len(counts) > 3  # the others are still asked for


def test_the_weights_cost_the_draw_page_no_query(
    client: Client, as_alice: Client, desk: Desk, three: list[Recognizer], read: Read, django_assert_num_queries: Any
) -> None:
    desk.approved("7")
    read()
    with django_assert_num_queries(2):
        client.get("/")
