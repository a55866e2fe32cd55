"""How much the sheet loads the first time, and that it works from the bundles of a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.collected import Answer, CollectedSite, collected_site
from tests.browser.visitors import SEVEN, Visitor, said_by

MOST_REQUESTS, MOST_BYTES = 12, 120_000  # beside the model and the questions to it
MOST_BYTES_IN_ALL = 150_000  # with what the device stores afterwards, of which rounds are 40 KB


@pytest.fixture
def release(settings: Any, tmp_path: Path, transactional_db: None) -> Iterator[CollectedSite]:
    with collected_site(settings, tmp_path) as site:
        yield site


def loaded(site: CollectedSite) -> list[Answer]:
    """What the page needs: neither the model with its labels and golden vectors, nor the answers to what is drawn."""
    return [answer for answer in site.answers if answer.method == "GET" and "/api/" not in answer.path]


@pytest.mark.usefixtures("three")
def test_the_sheet_cold_is_light(visit: Any, release: CollectedSite) -> None:
    visitor = visit()
    visitor.site = release.url
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    for link in visitor.page.query_selector_all("link[rel=manifest], link[rel=icon][type='image/svg+xml']"):
        visitor.page.evaluate("address => fetch(address).then(answer => answer.text())", link.get_attribute("href"))
    visitor.page.wait_for_load_state("networkidle")
    sent = loaded(release)
    assert {"", ".css", ".js", ".svg", ".webmanifest"} <= {Path(answer.path).suffix for answer in sent}
    assert len(sent) <= MOST_REQUESTS, [answer.path for answer in sent]
    assert sum(answer.size for answer in sent) <= MOST_BYTES, sent
    assert visitor.complaints == []


@pytest.mark.usefixtures("three")
def test_the_sheet_and_what_works_without_a_connection_are_light(visit: Any, release: CollectedSite) -> None:
    """After the page has loaded the device stores what it needs without a connection."""
    visitor = visit(service_workers="allow")
    visitor.site = release.url
    visitor.open_sheet()
    stored = "async () => (await navigator.serviceWorker.ready) && (await caches.match('/offline/')) !== undefined"
    visitor.page.wait_for_function(stored)
    visitor.waits_until_all_is_asked()
    sent = loaded(release)
    assert "/offline/" in {answer.path for answer in sent}
    assert sum(answer.size for answer in sent) <= MOST_BYTES_IN_ALL, sent


@pytest.mark.usefixtures("digits")
def test_a_release_saves_a_drawing_and_its_label(visit: Any, release: CollectedSite, as_alice: Any, alice: Any) -> None:
    visitor: Visitor = visit()
    visitor.site = release.url
    session = {"name": "sessionid", "value": as_alice.cookies["sessionid"].value, "url": release.url}
    visitor.page.context.add_cookies([session])
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.page.keyboard.press("Enter")
    visitor.sees("thanks")
    visitor.waits_until_all_is_asked()
    assert said_by(alice) == ["7"]
    assert visitor.complaints == []
