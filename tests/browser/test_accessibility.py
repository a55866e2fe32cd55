"""axe-core finds nothing on any page, in both languages, in light and dark: for guests, signed-in people and staff."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import URLPattern, URLResolver, get_resolver

import ml
from accounts.models import User
from ml.bundles.bundle import Bundle, load_bundle, with_history
from ml.evaluation.base_test import read_base_test_file
from recognizer.insights.worst_mistakes import refresh_worst_mistakes
from recognizer.models import Recognizer
from recognizer.registry import install
from recognizer.registry.base_tests import install_base_test
from tests.browser.visitors import SCRIBBLE as DRAWN_SCRIBBLE
from tests.browser.visitors import SEVEN, Visitor
from tests.every_page import FOR_GUESTS, FOR_PEOPLE, FOR_STAFF, NO_PAGES, signed_in
from tests.pages.training_runs import learned

IN_FULL = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}  # all else is the same in both themes
IS_COMPLETE = "() => !document.querySelector('#swagger-ui:not(:has(.opblock))')"  # Swagger renders the reference
OPEN_ALL = "document.querySelectorAll('details').forEach(details => { details.open = true })"


def _violations(visitor: Visitor) -> list[str]:
    """What axe finds on the page as it is, with all details open, in light and in dark."""
    page = visitor.page
    page.wait_for_function(IS_COMPLETE, timeout=60_000)
    page.evaluate(OPEN_ALL)
    page.evaluate(AXE_SCRIPT)
    found = []
    for scheme, options in (("light", IN_FULL), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("options => axe.run(options)", options)
        found += [
            f"{page.url} ({scheme}) {violation['id']}: {node['html'][:300]}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    return found


def _visit_all(visitor: Visitor, pages: Collection[str], site: dict[str, Any]) -> list[str]:
    found = []
    visitor.page.route("**/offline/session", lambda route: route.abort())  # the offline page reloads when it answers
    for path in pages:
        address = visitor.site + path.format(**site)
        visitor.page.goto(address)
        assert visitor.page.url == address  # and not the page to sign in
        found += _violations(visitor)
    return found


def test_axe_finds_nothing_where_people_draw_and_review(
    visit: Any, site: dict[str, Any], alice: User, root: User
) -> None:
    visitor = visit(signed_in(alice), reduced_motion="reduce")
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer")
    found = _violations(visitor)
    visitor.press("7")
    visitor.sees_outcome("saved")
    found += _violations(visitor)
    found += _visit_all(visitor, [FOR_PEOPLE["drawings"]], site)
    found += _visit_all(visit(signed_in(root), reduced_motion="reduce"), [FOR_STAFF["review"]], site)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_on_the_page_of_a_model(visit: Any, digits: Recognizer, starter: Bundle) -> None:
    folder = Path(ml.__file__).parent / "models"
    for slug in ("bangla-digits", "sketches"):  # with their networks, histories and worst mistakes
        version = install.install(bundle=load_bundle(folder / slug)).version
        install_base_test(recognizer=version.recognizer, content=read_base_test_file(folder / slug))
    while refresh_worst_mistakes():
        pass
    learned(digits, with_history(starter, [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]))
    pages = ["/models/digits/", "/models/digits/1/", "/models/bangla-digits/", "/models/sketches/"]
    found = _visit_all(visit(reduced_motion="reduce"), pages, {})
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_the_api_reference_as_it_is_used(visit: Any, three: list[Recognizer]) -> None:
    visitor: Visitor = visit(reduced_motion="reduce")
    visitor.page.set_default_timeout(60_000)  # Swagger is large
    visitor.go("/developers/reference/")
    for name in ("Predictions-predict", "webhooks-onWebhookTest"):
        operation = visitor.page.locator(f"#operations-{name}")
        operation.locator(".opblock-summary-control").click()
        operation.locator(".responses-table").wait_for()
        operation.get_by_role("tab", name="Schema").first.click()
    operation = visitor.page.locator("#operations-Models-listVersions")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    operation.locator("[data-param-name] input").first.fill("digits")
    operation.locator(".execute").click()
    operation.locator(".live-responses-table").wait_for()
    visitor.page.locator(".models > h4 button").click()
    visitor.page.click(".btn.authorize")
    visitor.page.wait_for_selector(".modal-ux")
    found = _violations(visitor)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "bn"])
def test_axe_finds_nothing_on_any_page(
    visit: Any, site: dict[str, Any], alice: User, root: User, language: str
) -> None:
    found = []
    for client, pages in (
        (None, FOR_GUESTS),
        (signed_in(alice), FOR_PEOPLE),
        (signed_in(root), FOR_STAFF),
    ):
        found += _visit_all(visit(client, reduced_motion="reduce").in_language(language), pages.values(), site)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "bn"])
def test_axe_finds_nothing_on_the_sheet_of_any_recognizer_in_any_state(
    visit: Any, three: list[Recognizer], language: str
) -> None:
    visitor = visit(reduced_motion="reduce").in_language(language)
    found = []
    for recognizer in three:
        visitor.go(f"/draw/{recognizer.slug}/")
        for ink, state in ((SEVEN, "answer"), (DRAWN_SCRIBBLE, "unsure")):
            visitor.draw(ink)
            visitor.sees(state)
            found += _violations(visitor)
            visitor.press("x")
        visitor.click("help")
        found += _violations(visitor)
        visitor.press("Escape")
    assert not found, "\n".join(found)


def test_every_page_is_in_this_list() -> None:
    listed = {*FOR_GUESTS, *FOR_PEOPLE, *FOR_STAFF, *NO_PAGES}
    assert _names(get_resolver()) - listed == set()


def _names(resolver: URLResolver) -> set[str]:
    """The names of all addresses but those of the API and the admin."""
    found = set()
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            found |= {each.name} if each.name else set()
        elif str(each.pattern) not in ("api/v1/", "admin/"):
            found |= _names(each)
    return found
