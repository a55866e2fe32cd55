"""/review/doubtful/: approved drawings whose label is doubtful."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from recognizer.insights import label_errors
from recognizer.models import Recognizer
from tests.recognizer.insights.conftest import Desk

Read = Callable[[], None]
PAGE = "/review/doubtful/digits/"


def _text(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _opened(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'class="example" href="[^"]*\?correction=(\d+)"', html)]


def test_the_most_doubtful_label_comes_first_with_the_reason(as_rita: Client, desk: Desk, read: Read) -> None:
    for _ in range(3):
        desk.approved("1", label_1=0.6, label_7=0.3)
    little = desk.approved("7", label_1=0.7, label_7=0.2)
    much = desk.approved("7", label_1=0.96, label_7=0.02)
    read()
    html = _text(as_rita)
    assert _opened(html) == [much.pk, little.pk]
    reasons = re.findall(r'data-version="1">(.*?)</p>', html)
    assert [re.findall(r"\d+%", reason) for reason in reasons] == [["2%", "96%", "60%"], ["20%", "70%", "60%"]]


def test_a_rival_below_its_average_probability_is_not_listed(as_rita: Client, desk: Desk, read: Read) -> None:
    desk.approved("1", label_1=0.98)
    desk.approved("7", label_1=0.55, label_7=0.4)
    read()
    assert _opened(_text(as_rita)) == []
    assert 'class="empty-state' in _text(as_rita)


def test_a_rival_without_an_average_needs_one_half(as_rita: Client, desk: Desk, read: Read) -> None:
    sure = desk.approved("7", label_3=0.6, label_7=0.2)
    desk.approved("7", label_3=0.4, label_7=0.3)
    read()
    html = _text(as_rita)
    assert _opened(html) == [sure.pk]
    (reason,) = re.findall(r'data-version="1">(.*?)</p>', html)
    assert re.findall(r"\d+%", reason) == ["20%", "60%"]  # and not what the rival usually gets


def test_a_drawing_that_looks_like_no_label_is_listed(as_rita: Client, desk: Desk, read: Read) -> None:
    scribble = desk.approved("7", label_7=0.05, label_1=0.03)
    read()
    html = _text(as_rita)
    assert _opened(html) == [scribble.pk]
    (reason,) = re.findall(r'data-version="1">(.*?)</p>', html)
    assert re.findall(r"\d+%", reason) == ["5%", "92%"]


def test_a_version_trained_on_a_drawing_does_not_check_it(as_rita: Client, desk: Desk, read: Read) -> None:
    taught = desk.approved("7", label_7=0.9)
    fresh = desk.approved("7", label_7=0.9)
    desk.judged(2, taught=[taught])
    for said in (taught, fresh):
        desk.answer(said, 2, label_1=0.9, label_7=0.05)
    read()
    html = _text(as_rita)
    assert _opened(html) == [fresh.pk]
    assert 'data-version="2"' in html


def test_only_approved_drawings_with_consent_are_listed(as_rita: Client, desk: Desk, bob: User, read: Read) -> None:
    waits = desk.draw("7")
    desk.answer(waits, label_1=0.9)
    theirs = desk.approved("7", bob, label_1=0.9)
    read()
    assert _opened(_text(as_rita)) == [theirs.pk]
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    assert _opened(_text(as_rita)) == []


def test_a_new_review_settles_a_doubtful_label(as_rita: Client, desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_1=0.9, label_7=0.02)
    read()
    (room,) = re.findall(r'class="example" href="([^"]+)"', _text(as_rita))
    assert as_rita.get(room).context["card"].correction == said
    as_rita.post("/review/undo/", {"review": str(said.reviews.get().pk)})
    assert 'data-state="waiting"' in _text(as_rita)  # also before the background looks
    as_rita.post(f"/review/{said.pk}/", {"label": "1"})
    page = as_rita.get(PAGE)
    assert 'data-state="approved">now 1<' in page.content.decode()
    assert page.context["review_query"] == ""
    read()
    assert _opened(_text(as_rita)) == []


def test_a_drawing_rejected_meanwhile_is_marked(as_rita: Client, desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_1=0.9)
    read()
    undone = said.reviews.create(decision="undone", replaces=said.reviews.get())
    said.reviews.create(decision="rejected", reason="scribble", replaces=undone)
    assert 'data-state="unused"' in _text(as_rita)
    assert _opened(_text(as_rita)) == [said.pk]


def test_a_page_links_to_a_review_of_all_its_drawings(as_rita: Client, desk: Desk, read: Read) -> None:
    first, second = desk.approved("7", label_1=0.9), desk.approved("4", label_9=0.9)
    read()
    query = f"correction={first.pk}&amp;correction={second.pk}"
    assert f'href="/review/?{query}"' in _text(as_rita)


def test_the_list_can_be_filtered_by_label(as_rita: Client, desk: Desk, read: Read) -> None:
    seven, four = desk.approved("7", label_1=0.9), desk.approved("4", label_9=0.9)
    read()
    assert _opened(_text(as_rita)) == [seven.pk, four.pk]
    html = _text(as_rita, PAGE + "?label=4")
    assert _opened(html) == [four.pk]
    assert 'href="?label=4" aria-current="true"' in html
    assert _opened(_text(as_rita, PAGE + "?label=nothing")) == [seven.pk, four.pk]


def test_the_list_has_pages_and_a_limit(as_rita: Client, desk: Desk, read: Read, monkeypatch: Any) -> None:
    monkeypatch.setattr(label_errors, "PAGE_SIZE", 2)
    monkeypatch.setattr(label_errors, "MAX_DOUBTFUL", 3)
    said = [desk.approved("7", label_1=0.9, label_7=at / 100) for at in range(5)]
    read()
    first, second = _text(as_rita), _text(as_rita, PAGE + "?page=2")
    assert _opened(first) + _opened(second) == [each.pk for each in said[:3]]
    assert as_rita.get(PAGE).context["is_cut"]
    assert 'rel="next" href="?page=2"' in first


def test_the_number_of_drawings_does_not_change_the_number_of_queries(
    as_rita: Client, desk: Desk, three: list[Recognizer], read: Read
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            _text(as_rita)
        return len(found)

    desk.approved("7", label_1=0.9)
    read()
    _text(as_rita)  # the first visit also reads the versions, which are kept afterwards
    few = queries()
    for at in range(20):
        desk.approved(str(at % 10), label_5=0.9 if at % 10 != 5 else 0.1, label_6=0.05)
    read()
    assert queries() == few
    assert few <= 13
