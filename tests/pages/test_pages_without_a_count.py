"""Pages of lists that nobody counts."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Drawing, Recognizer
from recognizer.pages.drawings import cards
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(alice: User, digits: Recognizer, monkeypatch: pytest.MonkeyPatch) -> list[Drawing]:
    """Three pages of drawings, the newest first."""
    monkeypatch.setattr(cards, "PAGE_SIZE", 2)
    made = [Drawing.objects.create(author=alice, recognizer=digits, ink=SEVEN) for _ in range(5)]
    return made[::-1]


@pytest.mark.parametrize(
    ("page", "shown"),
    [("1", [0, 1]), ("2", [2, 3]), ("3", [4]), ("4", [0, 1]), ("0", [0, 1]), ("-1", [0, 1]), ("²", [0, 1]),
     ("99999999999999999999", [0, 1]), ("", [0, 1])],
)  # fmt: skip
def test_a_page_that_is_not_there_is_the_first(
    as_alice: Client, five: list[Drawing], page: str, shown: list[int]
) -> None:
    found = as_alice.get("/drawings/", {"page": page}).context["cards"]
    assert [card.drawing for card in found] == [five[place] for place in shown]


def test_links_lead_to_the_pages_there_are(as_alice: Client, five: list[Drawing]) -> None:
    first, last = (as_alice.get(f"/drawings/?page={n}").content.decode() for n in (1, 3))
    assert ('href="?page=2"' in first, 'rel="prev"' in first) == (True, False)
    assert ('href="?page=2"' in last, 'rel="next"' in last) == (True, False)


def test_how_many_there_are_is_told_where_an_index_or_the_last_page_tells(
    as_alice: Client, five: list[Drawing]
) -> None:
    queries = ("", "?state=unanswered", "?state=unanswered&page=3")
    assert [as_alice.get(f"/drawings/{query}").context["count"] for query in queries] == [5, None, 5]


def test_one_page_has_no_links_to_others(as_alice: Client, alice: User, digits: Recognizer) -> None:
    Drawing.objects.create(author=alice, recognizer=digits, ink=SEVEN)
    assert 'aria-label="Pages"' not in as_alice.get("/drawings/").content.decode()
