"""A real browser on the running site. Without one these tests are skipped, except in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Condition
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from recognizer.models import Recognizer
from tests.browser.visitors import Visitor
from tests.programs import find_chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of this folder that fails runs once more: the browser is a program of others with threads of its own.

    The summary of the run names each test that needed it.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def _plain_http(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests of a module. While it is open Django is told that an event loop in this thread is fine."""
    chromium = find_chromium()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class _Counter:
    """How many requests the site is answering."""

    def __init__(self) -> None:
        self._open = 0
        self._changed = Condition()

    def more(self, **_told: Any) -> None:
        with self._changed:
            self._open += 1

    def less(self, **_told: Any) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Until every request is answered: one that still reads would meet the emptying of the tables."""
        with self._changed:
            self._changed.wait_for(lambda: self._open <= 0, timeout=10)


@pytest.fixture
def answering(live_server: LiveServer) -> Iterator[_Counter]:
    counter = _Counter()
    request_started.connect(counter.more)
    request_finished.connect(counter.less)
    yield counter
    request_started.disconnect(counter.more)
    request_finished.disconnect(counter.less)


@pytest.fixture
def visit(browser: Any, transactional_db: None, live_server: LiveServer, answering: _Counter) -> Iterator[Any]:
    """Call it for a visitor: `visit()`, `visit(as_alice)`, `visit(phone=True)`, or with options of the browser.

    Pages install no service worker, unless with `service_workers="allow"`.
    """
    contexts = []

    def come(client: Client | None = None, *, phone: bool = False, **options: Any) -> Visitor:
        if phone:
            options = PHONE | options
        usual = {"viewport": {"width": 1280, "height": 800}, "service_workers": "block"}
        context = browser.new_context(**usual | options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        if client:
            session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            context.add_cookies([session])
        return Visitor(context.new_page(), live_server.url)

    yield come
    for context in contexts:
        context.close()
    answering.wait()


PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True}


@pytest.fixture
def someone(visit: Any, digits: Recognizer) -> Visitor:
    """A stranger in front of a blank sheet."""
    visitor: Visitor = visit()
    visitor.open_sheet()
    return visitor


@pytest.fixture
def alice_draws(visit: Any, digits: Recognizer, as_alice: Client) -> Visitor:
    """alice, signed in, in front of a blank sheet."""
    visitor: Visitor = visit(as_alice)
    visitor.open_sheet()
    return visitor
