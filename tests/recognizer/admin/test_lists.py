"""Long lists of the admin: counting, searching and filtering."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from recognizer.admin import estimated_count
from recognizer.models import Drawing, Recognizer
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db
LIST = "/admin/recognizer/drawing/"


def _drawn(author: User, recognizer: Recognizer, *days: datetime) -> list[Drawing]:
    return Drawing.objects.bulk_create(
        [Drawing(author=author, recognizer=recognizer, ink=SEVEN, created=day) for day in days]
    )


def _listed(client: Client, query: str = "") -> list[Drawing]:
    response = client.get(LIST + query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


@pytest.fixture
def three(alice: User, digits: Recognizer) -> list[Drawing]:
    """Drawings of three days in two years."""
    days = [(2025, 12, 31), (2026, 1, 1), (2026, 11, 21)]
    return _drawn(alice, digits, *(datetime(*day, 12, tzinfo=UTC) for day in days))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 1, 0]),
        ("?when=2026", [2, 1]),
        ("?when=2026-01", [1]),
        ("?when=2025-12-31", [0]),
        ("?when=2026-11-20", []),
        ("?when=nonsense", [2, 1, 0]),
        ("?when=2026-13", [2, 1, 0]),
        ("?when=2026-02-30", [2, 1, 0]),
        ("?when=1-2-3-4", [2, 1, 0]),
        ("?when=9999-12-31", [2, 1, 0]),  # there is no day after it
    ],
)
def test_the_newest_rows_come_first_and_can_be_filtered_by_time(
    admin_client: Client, three: list[Drawing], query: str, found: list[int]
) -> None:
    assert _listed(admin_client, query) == [three[place] for place in found]


def test_a_year_offers_months_and_a_month_offers_days(admin_client: Client, three: list[Drawing]) -> None:
    years = admin_client.get(LIST).content.decode()
    assert "?when=2025" in years
    assert "?when=2026" in years
    assert "?when=2026-01" not in years
    assert "?when=2026-11" in (months := admin_client.get(f"{LIST}?when=2026").content.decode())
    assert "?when=2026-11-21" not in months
    assert "?when=2026-11-21" in admin_client.get(f"{LIST}?when=2026-11").content.decode()


def test_an_empty_list_offers_no_years(admin_client: Client, digits: Recognizer) -> None:
    assert _listed(admin_client) == []


def test_a_drawing_is_found_by_its_identifier_and_by_a_part_of_its_authors_address(
    admin_client: Client, three: list[Drawing], bob: User, digits: Recognizer
) -> None:
    _drawn(bob, digits, datetime(2026, 1, 1, tzinfo=UTC))
    assert _listed(admin_client, f"?q={three[1].uuid}") == [three[1]]
    assert _listed(admin_client, "?q=ALICE") == [three[2], three[1], three[0]]
    assert _listed(admin_client, "?q=nobody") == []


def test_few_rows_are_counted_exactly(admin_client: Client, three: list[Drawing]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze recognizer_drawing")  # PostgreSQL estimates by the rows that other tests have deleted
    html = admin_client.get(LIST).content.decode()
    assert "3 drawings" in html
    assert "about" not in html.split('class="paginator"')[1].split("</p>")[0]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL tells how many rows it expects.")
def test_the_number_of_many_rows_is_estimated(
    admin_client: Client, alice: User, digits: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _drawn(alice, digits, *[datetime(2026, 1, 1, tzinfo=UTC)] * 400)
    with connection.cursor() as cursor:
        cursor.execute("analyze recognizer_drawing")
    monkeypatch.setattr(estimated_count, "MAX_EXACT", 300)
    monkeypatch.setattr(estimated_count, "MAX_PAGES", 3)
    response = admin_client.get(f"{LIST}?p=3")
    assert "about 400" in response.content.decode()
    assert response.context["cl"].paginator.num_pages == 3
    assert admin_client.get(f"{LIST}?p=9").status_code == 302  # there is no such page


def test_filters_show_no_counts(admin_client: Client, three: list[Drawing], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        html = admin_client.get(f"{LIST}?_facets=True").content.decode()
    assert "Show counts" not in html
    assert "Hide counts" not in html
