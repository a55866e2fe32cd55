"""A site whose PostgreSQL and Redis are its own, with relays in between that can slow or stop them.

One site serves all tests of this folder: each test leaves its parts as it found them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest

from recognizer.management.demo.http_user import HttpUser
from tests.ink import SEVEN
from tests.processes.installations import composed
from tests.processes.services import Postgres, Redis, Relay, own_postgres, own_redis, relay
from tests.processes.site import RunningSite, wait_until

LONGEST = 3.0  # seconds for a request, whatever fails
EMAIL, PASSWORD = "alice@example.org", "a long enough word"
MAKE_ALICE = f"""
from django.utils import timezone
from accounts.models import User
User.objects.create_superuser({EMAIL!r}, {PASSWORD!r}, consented_at=timezone.now())
"""


@dataclass(frozen=True)
class Answer:
    """What one request was answered with."""

    status: int
    headers: Message
    text: str
    seconds: float


class Visitor(HttpUser):
    """A browser that remembers its cookies and measures how long each answer takes."""

    def request(self, path: str, data: bytes | None = None, kind: str = "application/json", method: str = "") -> Answer:
        """The answer, also an error. Raises OSError if there is none."""
        token = next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")
        headers = {"X-CSRFToken": token, "Origin": self.site, "Referer": self.site + "/"}
        headers |= {"Content-Type": kind} if data is not None else {}
        request = Request(self.site + path, data, headers, method=method or None)  # noqa: S310 - our own site
        started = time.monotonic()
        try:
            response = self._opener.open(request, timeout=30)
        except HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
            return Answer(response.status, response.headers, text, time.monotonic() - started)

    def guess_password(self, password: str) -> Answer:
        """Try to sign in on a page that was loaded before."""
        form = urlencode({"login": EMAIL, "password": password}).encode()
        return self.request("/accounts/login/", form, "application/x-www-form-urlencoded")

    def draw_seven(self, uuid: str = "") -> Answer:
        """Save a drawing, with this id."""
        body = {"recognizer": "digits", "ink": SEVEN} | ({"id": uuid} if uuid else {})
        return self.request("/api/v1/drawings", json.dumps(body).encode())

    def is_signed_in(self) -> bool:
        """Whether the account page is shown."""
        return EMAIL in self.request("/accounts/").text


@dataclass(frozen=True)
class Parts:
    """The site and what it stands on."""

    site: RunningSite
    postgres: Postgres
    redis: Redis
    to_postgres: Relay
    to_redis: Relay
    alice: Visitor

    def visitor(self) -> Visitor:
        """Somebody who has loaded the sign-in page."""
        visitor = Visitor(self.site.url)
        visitor.ask("/accounts/login/")
        return visitor

    def saved(self) -> set[str]:
        """The ids of all drawings in the database."""
        rows = self.postgres.run("SELECT uuid FROM recognizer_drawing", url=self.database)
        return {str(uuid) for (uuid,) in rows}

    @property
    def database(self) -> str:
        """The address of the site's database, without the relay."""
        return self.site.environment["DATABASE_URL"].replace(str(self.to_postgres.port), str(self.postgres.port))

    def works(self) -> bool:
        """Whether every process of the site reads, writes and counts again."""
        answers = [self.alice.request("/drawings/").status for _ in range(6)]
        return set(answers) == {200} and self.draw().status == 201

    def draw(self, uuid: str = "") -> Answer:
        """Save a drawing."""
        return self.alice.draw_seven(uuid)

    def recovers(self) -> None:
        """Wait until the site works again, without a restart."""
        pids = [process.pid for process in self.site.processes("web")]
        wait_until(self.works, "the site works again", 30)
        assert [process.pid for process in self.site.processes("web")] == pids

    @contextmanager
    def logs(self, *words: str) -> Iterator[None]:
        """Check that lines with these words are added to the log of the web processes."""
        before = len(self.site.log("web"))
        yield

        def said() -> bool:
            return all(word in self.site.log("web")[before:] for word in words)

        wait_until(said, f"the log says {words}", 20)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A site of two web processes, as docker-compose.yml starts them."""
    folder: Path = tmp_path_factory.mktemp("site")
    with (
        own_postgres() as postgres,
        own_redis() as redis,
        relay(postgres.port) as to_postgres,
        relay(redis.port) as to_redis,
    ):
        database = postgres.url.replace(str(postgres.port), str(to_postgres.port))
        cache = f"redis://127.0.0.1:{to_redis.port}/0"
        with composed(folder, database, cache, only=["web", "worker", "beat"], LOG_LEVEL="WARNING") as site:
            site.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
            alice = Visitor(site.url)
            alice.sign_in(EMAIL, PASSWORD)
            yield Parts(site, postgres, redis, to_postgres, to_redis, alice)
            to_postgres.accept()
            to_redis.accept()


@pytest.fixture
def whole(parts: Parts) -> Iterator[Parts]:
    """The same site, which works before and after the test."""
    parts.recovers()
    yield parts
    parts.to_postgres.accept()
    parts.to_redis.accept()
    parts.recovers()
