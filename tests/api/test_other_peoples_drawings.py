"""One person's key on another's things, at every address and with every method of the document: never a hint."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import ApiKey, User
from recognizer.api.openapi.operations import OPERATIONS
from tests.api.errors import said
from tests.api.test_drawings import correct, keep
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
SCOPES = list(ApiKey.Scope.values)
ABOUT_ONE = [each for each in OPERATIONS if "{uuid}" in each[0]]
IN_PLACE = {"{slug}": "digits", "{number}": "1"}


def ask(client: Client, path: str, method: str, thing: str = "") -> Any:
    """As the document's own example would."""
    for name, value in {**IN_PLACE, "{uuid}": thing}.items():
        path = path.replace(name, value)
    operation = OPERATIONS[next(key for key in OPERATIONS if _same(key, path, method))]
    if operation.picture:
        return client.post(f"/api/v1/{path}?recognizer=digits", picture_of_seven(), content_type="image/png")
    body = json.dumps(operation.example or {})
    return client.generic(method, f"/api/v1/{path}", body, content_type="application/json")


def _same(key: tuple[str, str], path: str, method: str) -> bool:
    parts, asked = key[0].split("/"), path.split("/")
    fits = len(parts) == len(asked) and all(a == b or a.startswith("{") for a, b in zip(parts, asked, strict=True))
    return fits and key[1] == method


@pytest.fixture
def theirs(as_alice: Client) -> list[str]:
    """Drawings of alice's that have all that a drawing can have: ink with a correction, and a picture."""
    ink = keep(as_alice).json()["id"]
    correct(as_alice, ink, "7")
    file = SimpleUploadedFile("seven.png", picture_of_seven(), "image/png")
    picture = as_alice.post("/api/v1/drawings", {"recognizer": "digits", "image": file}).json()["id"]
    correct(as_alice, picture, "7")
    return [ink, picture]


@pytest.fixture
def strangers(client: Client, bob: User, as_bob: Client) -> dict[str, Client]:
    """Somebody else on the site, and their program that may do all."""
    return {"site": as_bob, "key": program(bob, *SCOPES)}


@pytest.mark.parametrize(("path", "method"), ABOUT_ONE)
def test_anothers_thing_is_as_one_that_was_never_there(
    strangers: dict[str, Client], theirs: list[str], as_alice: Client, client: Client, path: str, method: str
) -> None:
    before = [as_alice.get(f"/api/v1/drawings/{thing}").content for thing in theirs]
    for who in strangers.values():
        nothing = ask(who, path, method, str(uuid.uuid4()))
        for thing in theirs:
            answer = ask(who, path, method, thing)
            assert answer.status_code == 404
            assert said(answer) == said(nothing)
            assert thing not in answer.content.decode()
    assert [ask(client, path, method, thing).status_code for thing in theirs] == [401, 401]
    assert [as_alice.get(f"/api/v1/drawings/{thing}").content for thing in theirs] == before


def test_nothing_of_theirs_is_in_any_other_answer(strangers: dict[str, Client], theirs: list[str]) -> None:
    for path, method in OPERATIONS:
        if "{uuid}" in path:
            continue
        for who in strangers.values():
            answer = ask(who, path, method)
            if path.startswith("exports"):  # for reviewers; tests/api/test_exports.py has strangers among those
                assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
                continue
            assert answer.status_code in (200, 201)
            assert not any(thing.encode() in answer.content for thing in theirs)
            assert b"alice" not in answer.content


@pytest.mark.parametrize(("path", "method"), [key for key, each in OPERATIONS.items() if each.scope])
def test_a_key_without_the_scope_is_refused_before_anything_is_looked_up(
    alice: User, theirs: list[str], path: str, method: str
) -> None:
    scope = OPERATIONS[path, method].scope
    narrow = program(alice, *(each for each in SCOPES if each != scope))
    for thing in (*theirs, str(uuid.uuid4())):
        answer = ask(narrow, path, method, thing)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert f"`{scope}`" in answer.json()["detail"]
