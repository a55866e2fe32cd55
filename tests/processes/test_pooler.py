"""The site works through PgBouncer in transaction mode, with DATABASE_POOLER=transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recognizer.management.demo.http_user import HttpUser
from tests.ink import SEVEN
from tests.processes.installations import composed
from tests.processes.services import own_postgres, own_redis, pgbouncer
from tests.processes.site import RunningSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
EMAIL, PASSWORD = "alice@example.org", "a long enough word"
MAKE_ALICE = f"""
from django.utils import timezone
from accounts.models import User
User.objects.create_superuser({EMAIL!r}, {PASSWORD!r}, consented_at=timezone.now())
"""
PAGES = ["/", "/drawings/", "/accounts/download/", "/review/", "/audit/", "/admin/recognizer/drawing/", "/readyz"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """The web service; migrations go through the pooler, too. Four connections serve its eight threads."""
    with own_postgres() as postgres, own_redis() as redis, pgbouncer(postgres.port, size=4) as port:
        database, cache = f"postgres://postgres@127.0.0.1:{port}/postgres", f"redis://127.0.0.1:{redis.port}/0"
        with composed(tmp_path, database, cache, only=["web"], DATABASE_POOLER="transaction") as site:
            site.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
            yield site


def test_threads_share_fewer_connections_of_a_pooler(site: RunningSite) -> None:
    visitor = HttpUser(site.url)
    visitor.sign_in(EMAIL, PASSWORD)

    def use(number: int) -> str:
        if number % 2:
            return str(visitor.draw("digits", SEVEN, "7")["agrees"])
        return visitor.ask(PAGES[number // 2 % len(PAGES)])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(use, range(120)))
    assert len(answers) == 120
    assert len(json.loads(visitor.ask("/accounts/download/"))["drawings"]) == 60
    assert "Traceback" not in site.log("web")
