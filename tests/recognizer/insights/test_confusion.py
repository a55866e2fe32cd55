"""/review/confusion/: which label a version takes for which, and the drawings behind each cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from recognizer.insights import confusion
from recognizer.models import Recognizer
from tests.recognizer.insights.conftest import Desk

Read = Callable[[], None]
PAGE = "/review/confusion/digits/"


def _text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def _opened(html: str) -> list[int]:
    """The corrections whose drawings open for review, in their order."""
    return [int(pk) for pk in re.findall(r'class="example" href="[^"]*\?correction=(\d+)"', html)]


def _cells(html: str) -> dict[str, str]:
    """By what a cell says of itself, where it leads."""
    return {
        name: path
        for path, name in re.findall(r'<a class="(?:right|wrong) shade-\d+" href="([^"]+)" aria-label="([^"]+)"', html)
    }


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        _text(client, path)
    return len(queries)


@pytest.mark.parametrize(
    "path",
    [PAGE, PAGE + "1/", PAGE + "1/live/7/1/", "/review/doubtful/digits/", "/review/coverage/digits/"],
)
def test_only_reviewers_can_open_the_page(
    path: str, digits: Recognizer, client: Client, as_alice: Client, as_rita: Client
) -> None:
    assert client.get(path).status_code == 302  # to sign in
    assert as_alice.get(path).status_code == 403
    assert as_rita.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/review/confusion/runes/",
        PAGE + "2/",
        PAGE + "1/live/7/x/",
        PAGE + "1/field/7/1/",  # nobody judged the starter
        PAGE + "1/other/7/1/",
        PAGE + "2/live/7/1/",
        "/review/doubtful/runes/",
        "/review/coverage/runes/",
    ],
)
def test_unknown_addresses_are_not_found(as_rita: Client, digits: Recognizer, path: str) -> None:
    assert as_rita.get(path).status_code == 404


def test_live_answers_are_compared_with_the_approved_or_the_authors_label(
    as_rita: Client, desk: Desk, read: Read
) -> None:
    for said in (desk.draw("7"), desk.draw("7"), desk.draw("1")):
        desk.answer(said, label_1=0.9, label_7=0.05)
    desk.decide(said, "7")  # its author says that it is a one
    read()
    page = as_rita.get(PAGE)
    html = page.content.decode()
    assert _cells(html) == {"seven → one: 3": PAGE + "1/live/7/1/"}
    matrix = page.context["test"].matrix
    assert (matrix.total, matrix.right) == (3, 0)
    assert [(str(each.drawn), str(each.answered), each.count) for each in matrix.pairs] == [("7", "1", 3)]
    assert "0.0%" in html


def test_later_answers_to_old_drawings_are_not_live(as_rita: Client, desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_1=0.9)
    desk.answer(said, 2, label_7=0.9)
    desk.answer(desk.draw("4"), 2, label_9=0.8)
    read()
    assert list(_cells(_text(as_rita, PAGE + "1/"))) == ["seven → one: 1"]
    assert list(_cells(_text(as_rita, PAGE + "2/?test=live"))) == ["four → nine: 1"]


def test_a_field_test_shows_both_versions(as_rita: Client, desk: Desk, read: Read) -> None:
    seven, four = desk.approved("7"), desk.approved("4")
    desk.judged(2, exam=[(seven, "1", "7"), (four, "4", "9")])
    html = _text(as_rita, PAGE + "2/")
    assert _cells(html) == {"four → nine: 1": PAGE + "2/field/4/9/", "seven → seven: 1": PAGE + "2/field/7/7/"}
    before = _cells(_text(as_rita, PAGE + "2/?test=before"))
    assert before == {"four → four: 1": PAGE + "2/before/4/4/", "seven → one: 1": PAGE + "2/before/7/1/"}
    read()
    assert _opened(_text(as_rita, before["seven → one: 1"])) == [seven.pk]
    assert _opened(_text(as_rita, PAGE + "2/field/4/9/")) == [four.pk]


def test_without_a_number_the_live_version_is_shown(as_rita: Client, desk: Desk) -> None:
    desk.version(2)  # never promoted
    html = _text(as_rita, PAGE)
    assert 'href="/review/confusion/digits/1/" aria-current="true"' in html
    assert 'data-empty="not-counted"' in html


def test_a_version_without_answers_says_so(as_rita: Client, desk: Desk, read: Read) -> None:
    desk.judged(2)
    said = desk.approved("7", label_7=0.9)
    read()
    said.drawing.delete()
    read()
    assert 'data-empty="no-answers"' in _text(as_rita, PAGE)
    assert 'data-empty="no-exam"' in _text(as_rita, PAGE + "2/")


def test_a_cell_shows_its_drawings_with_links_to_the_review_page(
    as_rita: Client, desk: Desk, alice: User, read: Read
) -> None:
    said = [desk.approved("7", label_1=0.9) for _ in range(confusion.PAGE_SIZE + 2)]
    desk.approved("7", label_7=0.9)
    read()
    newest = [each.pk for each in reversed(said)]
    first = _text(as_rita, PAGE + "1/live/7/1/")
    assert _opened(first) == newest[: confusion.PAGE_SIZE]
    assert alice.email not in first
    row = "&amp;".join(f"correction={pk}" for pk in newest[: confusion.PAGE_SIZE])
    assert f'href="/review/?{row}"' in first
    older = re.search(r'rel="next" href="(\?below=\d+)"', first)
    assert older
    second = _text(as_rita, PAGE + "1/live/7/1/" + older[1])
    assert _opened(second) == newest[confusion.PAGE_SIZE :]
    assert 'rel="next"' not in second
    assert 'href="?">' in second


def test_a_cell_of_an_exam_shows_the_current_labels(as_rita: Client, desk: Desk, read: Read) -> None:
    same, other, gone, waits = desk.approved("7"), desk.draw("7"), desk.draw("7"), desk.draw("7")
    desk.judged(2, exam=[(each, "7", "1") for each in (same, other, gone, waits)])
    desk.decide(other, "1")
    rejected = desk.draw("7")
    read()
    gone.drawing.corrections.all().delete()
    html = _text(as_rita, PAGE + "2/field/7/1/")
    assert _opened(html) == [waits.pk, other.pk, same.pk]
    assert sorted(re.findall(r'data-state="([^"]+)"', html)) == ["1", "approved", "unreviewed", "unused"]
    assert rejected.pk not in _opened(html)


@pytest.mark.parametrize("kind", ["live", "field"])
def test_drawings_of_people_who_withdrew_consent_are_not_shown(
    as_rita: Client, desk: Desk, bob: User, read: Read, kind: str
) -> None:
    theirs = desk.approved("7", bob, label_1=0.9)
    desk.judged(2, exam=[(theirs, "7", "1")])
    read()
    path = {"live": PAGE + "1/live/7/1/", "field": PAGE + "2/field/7/1/"}[kind]
    assert _opened(_text(as_rita, path)) == [theirs.pk]
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    html = _text(as_rita, path)
    assert _opened(html) == []
    assert "data-empty" in html


@pytest.mark.parametrize("below", ["x", "-1", "9" * 30, "²"])
def test_an_invalid_page_is_the_first_page(as_rita: Client, desk: Desk, read: Read, below: str) -> None:
    said = desk.approved("7", label_1=0.9)
    read()
    assert _opened(_text(as_rita, PAGE + "1/live/7/1/?below=" + below)) == [said.pk]


def test_thirty_labels_fit_side_by_side(as_rita: Client, sketches: Recognizer, alice: User, read: Read) -> None:
    desk = Desk(sketches, alice)
    desk.answer(desk.draw("nose"), label_ear=0.9)
    read()
    html = _text(as_rita, "/review/confusion/sketches/")
    assert html.count('<th scope="row">') == 30
    assert html.count('<th scope="col">') == 30
    assert '<table class="words">' in html
    assert list(_cells(html)) == ["nose → ear: 1"]


def test_the_number_of_drawings_does_not_change_the_number_of_queries(
    as_rita: Client, desk: Desk, three: Any, read: Read
) -> None:
    paths = [PAGE, PAGE + "2/", PAGE + "2/?test=before", PAGE + "1/live/7/1/", PAGE + "2/field/7/1/"]
    first = desk.approved("7", label_1=0.9)
    desk.judged(2, exam=[(first, "7", "1")])
    read()
    as_rita.get(PAGE)  # shapes of labels are looked up now and then
    few = [_queries(as_rita, path) for path in paths]
    more = [desk.approved(str(at % 10), label_1=0.5, label_7=0.4) for at in range(30)]
    seven = [desk.approved("7", label_1=0.9) for _ in range(5)]
    desk.judged(3, exam=[(each, "7", "1") for each in seven])
    assert len(more) == 30
    read()
    paths = [path.replace("2/", "3/", 1) for path in paths]
    assert [_queries(as_rita, path) for path in paths] == few
    assert max(few) <= 12


def test_only_reviewers_see_the_link_on_progress(as_rita: Client, as_alice: Client, digits: Recognizer) -> None:
    links = [PAGE, "/review/doubtful/digits/", "/review/coverage/digits/"]
    assert all(f'href="{link}"' in _text(as_rita, "/progress/") for link in links)
    assert not any(f'href="{link}"' in _text(as_alice, "/progress/") for link in links)
    for page in links:
        html = _text(as_rita, page)
        assert all(f'href="{link}"' in html for link in links)
        assert "/review/" in html
