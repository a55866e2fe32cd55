"""A page says for which account it was made, and the site refuses its requests for any other."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from recognizer.models import Correction, Drawing, Opinion, Recognizer
from tests.ink import SEVEN
from tests.pages.conftest import keep, named
from tests.people import allow

pytestmark = pytest.mark.django_db
HEADER = "X-Inkling-Acting-For"
INK = {"recognizer": "digits", "ink": SEVEN}


class Browser:
    """A browser with the draw page of this person open; their requests carry a CSRF token, as real ones do."""

    def __init__(self, person: User | None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if person:
            self.client.force_login(person)
        self.acting_for = str(self.client.get("/").context["config"]["actingFor"])

    def send(self, method: str, path: str, data: Any = None, acting_for: str | None = None) -> Any:
        """A request of a page that was made for another browser's person, or of no page that says so."""
        headers = {"X-CSRFToken": self.client.cookies["csrftoken"].value, "Accept": "application/json"}
        if acting_for is not None:
            headers[HEADER] = acting_for
        body = "" if data is None else json.dumps(data)
        return self.client.generic(method, path, body, content_type="application/json", headers=headers)


def test_everybody_has_another_id_and_it_does_not_show_their_number(digits: Recognizer, alice: User, bob: User) -> None:
    ids = {Browser(person).acting_for for person in (alice, bob, None)}
    assert len(ids) == 3
    assert Browser(alice).acting_for in ids
    assert not ids & {str(alice.pk), str(bob.pk)}


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("POST", "predict", INK),
        ("POST", "predict", {**INK, "keep": True}),
        ("POST", "drawings", {**INK, "id": str(uuid.uuid4())}),
        ("GET", "drawings", None),
        ("GET", "drawings/{drawing}", None),
        ("DELETE", "drawings/{drawing}", None),
        ("PUT", "drawings/{drawing}/correction", {"label": "7"}),
        ("DELETE", "drawings/{drawing}/correction", None),
        ("POST", "predictions/{drawing}/feedback", {"correct": True}),
        ("GET", "usage", None),
    ],
)
def test_a_page_of_one_person_does_nothing_in_the_account_of_another(
    digits: Recognizer, alice: User, bob: User, method: str, path: str, data: Any
) -> None:
    path = f"/api/v1/{path.format(drawing=keep(bob, SEVEN).uuid)}"
    before = Drawing.objects.count(), Correction.objects.count()
    for page in (Browser(alice), Browser(None)):
        response = Browser(bob).send(method, path, data, page.acting_for)
        assert (response.status_code, response.json()["code"]) == (409, "account_changed")
    assert (Drawing.objects.count(), Correction.objects.count()) == before
    assert Browser(bob).send(method, path, data, Browser(bob).acting_for).status_code < 300


def test_a_page_of_somebody_who_was_signed_out_is_told_so(digits: Recognizer, alice: User) -> None:
    for path in ("predict", "drawings"):
        response = Browser(None).send("POST", f"/api/v1/{path}", INK, Browser(alice).acting_for)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert Browser(None).send("POST", "/api/v1/predict", INK, Browser(None).acting_for).status_code == 200


def test_an_id_that_means_nothing_is_refused_too(digits: Recognizer, alice: User) -> None:
    for odd in ("nonsense", str(alice.pk), ""):
        assert Browser(alice).send("POST", "/api/v1/drawings", INK, odd).status_code == 409
    assert not Drawing.objects.exists()


def test_programs_with_a_key_need_not_say_it(digits: Recognizer, alice: User, bob: User) -> None:
    _key, secret = keys.create_key(person=alice, name="program", scopes=["predict", "drawings"])
    headers = {"Authorization": f"Bearer {secret}"}
    headers_of_pages: list[dict[str, str]] = [{}, {HEADER: Browser(bob).acting_for}]
    for more in headers_of_pages:
        response = Client().post("/api/v1/drawings", INK, "application/json", headers=headers | more)
        assert response.status_code == 201


def _post(browser: Browser, path: str, fields: dict[str, Any], *, script: bool) -> Any:
    fields = fields | {"csrfmiddlewaretoken": browser.client.cookies["csrftoken"].value}
    return browser.client.post(path, fields, headers={"Accept": "application/json"} if script else {})


@pytest.fixture
def reviewers(db: None) -> tuple[User, User]:
    """Two people who may review."""
    both = [User.objects.create_user(f"{name}@example.org", "a reviewer's word", is_staff=True) for name in ("r", "s")]
    return allow(both[0], "review_drawings"), allow(both[1], "review_drawings")


@pytest.mark.parametrize("script", [True, False])
def test_a_decision_of_one_reviewer_is_not_saved_for_another(
    digits: Recognizer, alice: User, reviewers: tuple[User, User], script: bool
) -> None:
    correction = named(alice, SEVEN, "7")
    rita, sam = reviewers
    page = Browser(rita).client.get(f"/review/?correction={correction.pk}").content.decode()
    field = f'name="acting_for" value="{Browser(rita).acting_for}"'
    assert page.count(field) == page.count("csrfmiddlewaretoken") > 1
    fields = {"accept": "yes", "acting_for": Browser(rita).acting_for}
    for other in (sam, alice):
        refused = _post(Browser(other), f"/review/{correction.pk}/", fields, script=script)
        assert refused.status_code == 409
        assert not script or refused.json()["code"] == "account_changed"
    assert not Opinion.objects.exists()
    grid = {"shown": correction.pk, "acting_for": Browser(rita).acting_for}
    assert _post(Browser(sam), "/review/grid/", grid, script=script).status_code == 409
    assert _post(Browser(rita), f"/review/{correction.pk}/", fields, script=script).status_code < 400
    assert Opinion.objects.get().by == rita


def test_a_reviewer_who_was_signed_out_is_asked_to_sign_in(digits: Recognizer, reviewers: tuple[User, User]) -> None:
    refused = _post(Browser(None), "/review/next/", {"acting_for": Browser(reviewers[0]).acting_for}, script=True)
    assert (refused.status_code, refused["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_one_person_does_not_empty_the_memory_of_another(digits: Recognizer, alice: User, bob: User) -> None:
    named(bob, SEVEN, "7")
    fields = {"acting_for": Browser(alice).acting_for}
    assert _post(Browser(bob), "/memory/digits/forget-all/", fields, script=False).status_code == 409
    page = Browser(bob).client.get("/memory/").content.decode()
    assert f'name="acting_for" value="{Browser(bob).acting_for}"' in page
