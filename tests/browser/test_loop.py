"""The pages of training runs and progress in a real browser."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import BaseDataSet, Recognizer, TrainingRun
from recognizer.training import base_data
from tests.ink import ONE, SEVEN
from tests.pages.conftest import keep, named
from tests.pages.training_runs import SNAPSHOT, examined, learned, running, verdict
from tests.people import otto_the_operator, rita_who_may
from tests.recognizer.training.base_data import report_base_data

REVIEW = "/review/"


@pytest.fixture
def as_rita(db: None) -> Client:
    """A browser of a reviewer."""
    client = Client()
    client.force_login(rita_who_may("add_promotion", is_staff=True))
    return client


def test_the_page_of_a_run_follows_it_until_its_verdict(
    visit: Any, as_rita: Client, digits: Recognizer, starter: Bundle
) -> None:
    run = running(digits, step="training", epoch=1, epochs=4, loss=0.5, seconds_left=30)
    visitor = visit(as_rita)
    visitor.go(f"/runs/{run.pk}/")
    moving = TrainingRun.objects.filter(pk=run.pk)
    progress = {"step": "training", "epoch": 3, "epochs": 4, "loss": 0.0123, "seconds_left": 9}
    moving.update(progress=progress, log="10:00:00 gathering\n10:00:09 training")
    visitor.page.wait_for_selector("[data-live=epoch]:text-is('3 of 4')")
    assert visitor.page.text_content("[data-live=loss]") == "0.0123"
    assert visitor.page.text_content("[data-live=left]") == "9 s"
    assert visitor.page.evaluate("document.querySelector('[data-share]').value") == 0.75
    assert "10:00:09 training" in visitor.page.text_content("[data-live=log]")
    moving.update(snapshot=SNAPSHOT)
    visitor.page.wait_for_selector("[data-run][data-chosen]")
    moving.update(state="refused", reason="It loses more.", finished=timezone.now(), verdict=verdict("refused"))
    visitor.page.wait_for_selector("[data-outcome=refused]")
    assert visitor.page.is_visible("text=It loses more.")
    assert visitor.complaints == []


def test_the_page_of_a_run_survives_a_lost_connection(visit: Any, as_rita: Client, digits: Recognizer) -> None:
    run = running(digits, step="training")
    visitor = visit(as_rita)
    visitor.page.route("**/status", lambda route: route.abort())
    visitor.go(f"/runs/{run.pk}/")
    visitor.page.wait_for_selector("[data-offline]:visible")
    visitor.page.unroute("**/status")
    visitor.page.wait_for_selector("[data-offline]", state="hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_breaks_the_policy_or_scrolls_sideways(
    visit: Any, as_rita: Client, digits: Recognizer, starter: Bundle, alice: User, width: int, scheme: str
) -> None:
    for _ in range(2):
        run: Any = learned(digits, starter).training_run
    examined(run, keep(alice, SEVEN), "7", before="1", after="7")
    named(alice, ONE, "7")
    live = running(digits, step="training", epoch=1, epochs=4, loss=0.5, seconds_left=30)
    visitor = visit(as_rita, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/progress/", "/runs/", f"/runs/{run.pk}/", f"/runs/{live.pk}/", REVIEW):
        visitor.go(path)
        visitor.page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = "[...document.querySelectorAll('button, nav a, summary, .button')].filter(e => e.checkVisibility())"
        heights = visitor.page.evaluate(f"{small}.map(e => [e.innerText, e.getBoundingClientRect().height])")
        assert [name for name, height in heights if height < 43.9] == [], path
    assert visitor.complaints == []


@pytest.fixture
def as_otto(db: None) -> Client:
    """An operator, who may download base data."""
    client = Client()
    client.force_login(otto_the_operator())
    return client


def test_the_page_of_the_base_data_follows_a_download(visit: Any, as_otto: Client, words_only: Recognizer) -> None:
    report_base_data()
    visitor = visit(as_otto)
    visitor.go("/runs/base-data/")
    visitor.page.click("button[value=digits]")
    visitor.page.wait_for_selector("[data-run][data-open]")
    assert not visitor.page.locator("button[value=digits]").count()
    moving = BaseDataSet.objects.filter(name="quickdraw")
    progress = {"done": 1, "files": 4, "bytes": 1 << 20}
    moving.update(state="running", lease=uuid4(), progress=progress)
    visitor.page.wait_for_selector("[data-live=quickdraw]:has-text('1 of 4')")
    assert visitor.page.evaluate("document.querySelector('[data-share]').value") == 0.25
    error = "The publisher does not answer."
    moving.update(state="idle", lease=None, error=error, reported=timezone.now())
    visitor.page.wait_for_selector("[data-run]:not([data-open])")
    assert visitor.page.text_content("[data-error]") == error
    assert visitor.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_of_the_base_data_does_not_scroll_sideways(
    visit: Any, as_otto: Client, digits: Recognizer, width: int, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["mnist", "pendigits", "quickdraw", "omniglot", "numtadb"]
    monkeypatch.setattr(base_data, "base_data_of", lambda _: base_data.BaseData(names, None, ""))
    report_base_data()
    visitor = visit(as_otto, viewport={"width": width, "height": 800}, color_scheme=scheme)
    visitor.go("/runs/base-data/")
    assert visitor.page.locator("[data-error], [data-wrong], [data-by-hand]").count() == 3
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.complaints == []


def test_the_menu_of_a_phone_has_the_links_that_do_not_fit_the_header(
    visit: Any, as_rita: Client, digits: Recognizer
) -> None:
    phone = visit(as_rita, phone=True)
    phone.go("/")
    assert not phone.page.is_visible(".far a[href='/runs/']")
    phone.page.tap(".more")
    links = phone.page.locator("#more a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links == ["/", "/rounds/", "/progress/", "/review/", "/runs/", "/accounts/"]
    phone.page.tap("#more a[href='/progress/']")
    phone.page.wait_for_url("**/progress/")
    phone.page.tap(".more")
    phone.page.touchscreen.tap(20, 700)
    phone.page.wait_for_selector("#more", state="hidden")
