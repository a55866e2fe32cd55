"""What holds for every address of the API, found by asking its list of addresses."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import ApiKey, User
from recognizer.api.base import WRITING, Endpoint
from recognizer.api.urls import urlpatterns
from recognizer.api.views.not_found import NotFoundView
from recognizer.models import Correction, Drawing, Receipt
from tests.api import errors
from tests.api.test_keys import BODY, program
from tests.people import allow

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VIEWS: dict[str, Any] = {str(each.pattern): getattr(each.callback, "view_class", None) for each in urlpatterns}
ADDRESSES = {address: view for address, view in VIEWS.items() if view is not NotFoundView}
DOORS = [
    (address, method) for address in ADDRESSES for method in METHODS if hasattr(ADDRESSES[address], method.lower())
]
OF_SOMETHING = [address for address in ADDRESSES if "<uuid" in address]


def filled(address: str, uuid: Any) -> str:
    """With something in each hole."""
    address = re.sub(r"<uuid:\w+>", str(uuid), address)
    return "/api/v1/" + re.sub(r"<int:\w+>", "1", re.sub(r"<slug:\w+>", "digits", address))


def test_there_is_something_to_look_at() -> None:
    assert len(DOORS) > 10
    assert len(OF_SOMETHING) >= 5


@pytest.mark.parametrize("address", VIEWS)
def test_it_is_an_endpoint(address: str) -> None:
    assert issubclass(VIEWS[address], Endpoint)


@pytest.mark.parametrize(("address", "method"), DOORS)
def test_it_names_the_scope_that_a_key_needs(address: str, method: str) -> None:
    scopes = ADDRESSES[address].scopes
    assert method in scopes
    assert scopes[method] in {None, *ApiKey.Scope.values}


@pytest.mark.parametrize(("address", "method"), [door for door in DOORS if ADDRESSES[door[0]].scopes.get(door[1])])
@pytest.mark.django_db
def test_a_key_without_the_scope_is_refused_before_anything_else(
    digits: Any, alice: User, address: str, method: str
) -> None:
    needed = ADDRESSES[address].scopes[method]
    app = program(alice, *[scope for scope in ApiKey.Scope.values if scope != needed])
    answer = app.generic(method, filled(address, uuid4()), b"{", "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert f"`{needed}`" in answer.json()["detail"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", OF_SOMETHING)
@pytest.mark.django_db
def test_anothers_things_look_like_things_that_are_not_there(
    digits: Any, as_alice: Client, bob: User, address: str, method: str
) -> None:
    theirs = as_alice.post("/api/v1/drawings", BODY, content_type="application/json").json()["id"]
    said = f"/api/v1/drawings/{theirs}/correction"
    as_alice.put(said, {"label": "7"}, content_type="application/json")
    app, nowhere = program(bob), uuid4()
    body = {"label": "1", "correct": True, "id": theirs, **BODY}
    if "correct" in address or "feedback" in address:
        body = {"label": "1"}
    real, made_up = (
        app.generic(
            method,
            filled(address, uuid),
            str(body).replace("'", '"').replace("True", "true").encode(),
            "application/json",
        )
        for uuid in (theirs, nowhere)
    )
    assert real.status_code in (404, 405)
    assert str(errors.said(real)).replace(theirs, "") == str(errors.said(made_up)).replace(str(nowhere), "")
    assert Drawing.objects.get().author.email == "alice@example.org"
    assert Correction.objects.count() == 1


@pytest.mark.parametrize(("address", "method"), [door for door in DOORS if door[1] in WRITING])
@pytest.mark.django_db
def test_every_write_takes_an_idempotency_key(digits: Any, alice: User, address: str, method: str) -> None:
    allow(alice, "review_drawings")  # some addresses ask for it
    app = program(alice)
    answer = app.generic(method, filled(address, uuid4()), b"{}", "application/json", headers={"Idempotency-Key": ""})
    assert answer.json()["code"] == "idempotency_invalid"
    assert not Receipt.objects.exists()
