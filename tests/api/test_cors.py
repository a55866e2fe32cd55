"""Pages of other sites use the API with a key that is bound to their site, and by nothing else."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User
from recognizer.models import Drawing
from tests.api.test_keys import BODY, program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
APP, EVIL = "https://app.example", "https://evil.example"


def predict(client: Client, origin: str, **more: str) -> Any:
    return client.post("/api/v1/predict", BODY, content_type="application/json", headers={"origin": origin, **more})


def ask_before(client: Client, origin: str, path: str = "/api/v1/predict") -> Any:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    return client.options(path, headers={**asked, "access-control-request-headers": "authorization"})


def allowed(answer: Any) -> str | None:
    found: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return found


def test_a_page_is_told_beforehand_that_it_may_ask(client: Client, alice: User) -> None:
    program(alice, origins=[APP])
    answer = ask_before(client, APP)
    assert (answer.status_code, allowed(answer), answer["Vary"]) == (204, APP, "Origin")
    assert "PUT" in answer["Access-Control-Allow-Methods"]
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_a_page_to_which_no_key_is_bound_is_told_that_it_may_not(client: Client, alice: User) -> None:
    program(alice)
    program(alice, origins=[APP])
    for origin in (EVIL, "null", "", "https://app.example.evil.example", "http://app.example"):
        answer = ask_before(client, origin)
        assert (answer.status_code, answer.json()["code"], allowed(answer)) == (403, "origin_refused", None)


def test_while_the_database_is_away_a_page_is_told_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr(keys, "bound_origins", away)
    answer = ask_before(client, APP)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")


def test_a_revoked_key_opens_no_page(client: Client, alice: User) -> None:
    program(alice, origins=[APP])
    ApiKey.objects.update(revoked=timezone.now())
    assert ask_before(client, APP).status_code == 403


def test_a_new_key_opens_its_page_at_once(client: Client, alice: User) -> None:
    assert ask_before(client, APP).status_code == 403
    program(alice, origins=[APP])
    assert ask_before(client, APP).status_code == 204


def test_the_page_may_read_the_answer_and_what_stands_above_it(alice: User) -> None:
    answer = predict(program(alice, origins=[APP, "http://localhost:5173"]), APP)
    assert (answer.status_code, allowed(answer)) == (200, APP)
    assert "Origin" in answer["Vary"]
    for name in ("RateLimit-Remaining", "Retry-After", "ETag", "Idempotency-Replayed"):
        assert name in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_the_page_may_read_errors_too(alice: User) -> None:
    app = program(alice, "export", origins=[APP])
    assert allowed(predict(app, APP)) == APP
    keys.revoke_key(key=ApiKey.objects.get(), by=alice)
    refused = predict(app, APP)
    assert (refused.status_code, allowed(refused)) == (401, APP)


def test_a_page_of_another_site_cannot_use_the_key(alice: User) -> None:
    app = program(alice, origins=[APP])
    for origin in (EVIL, "null", APP + ".evil.example"):
        answer = predict(app, origin)
        assert (answer.status_code, answer.json()["code"], allowed(answer)) == (403, "origin_refused", None)
    written = app.post("/api/v1/drawings", BODY, content_type="application/json", headers={"origin": EVIL})
    assert written.status_code == 403
    assert not Drawing.objects.exists()


def test_a_program_and_our_own_pages_use_it_as_ever(alice: User) -> None:
    app = program(alice, origins=[APP])
    assert app.get("/api/v1/drawings").status_code == 200
    assert predict(app, "http://testserver").status_code == 200


def test_a_key_that_is_bound_to_no_site_lets_no_page_read(alice: User) -> None:
    program(alice, origins=[APP])
    assert allowed(predict(program(alice), APP)) is None


def test_the_key_of_another_does_not_open_the_page(alice: User, bob: User) -> None:
    program(alice, origins=[APP])
    assert allowed(predict(program(bob, origins=[EVIL]), EVIL)) == EVIL
    assert predict(program(bob, origins=[EVIL]), APP).status_code == 403


def test_without_a_key_no_page_of_another_site_reads_what_is_not_public(
    client: Client, as_alice: Client, alice: User
) -> None:
    program(alice, origins=[APP])
    for who in (client, as_alice):
        assert allowed(predict(who, APP)) is None
        for path in ("drawings", "corrections", "usage", "exports"):
            assert allowed(who.get(f"/api/v1/{path}", headers={"origin": APP})) is None


PUBLIC = (
    *("recognizers", "recognizers/digits", "recognizers/digits/versions", "recognizers/digits/versions/1"),
    *("live-versions", "recognizers/digits/model", "recognizers/digits/versions/1/model.tflite"),
    *("openapi.json", "openapi.yaml"),
)


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_of_any_site_reads_what_is_public(client: Client, path: str) -> None:
    url = f"/api/v1/{path}"
    answer = client.get(url, headers={"origin": EVIL})
    assert (answer.status_code, allowed(answer)) == (200, "*")
    assert "Access-Control-Allow-Credentials" not in answer
    assert "ETag" in answer["Access-Control-Expose-Headers"]
    known = client.get(url, headers={"origin": EVIL, "if-none-match": answer["ETag"]})
    assert (known.status_code, allowed(known)) == (304, "*")
    wrong = client.get(url, {"nothing": 1}, headers={"origin": EVIL})
    assert (wrong.status_code, allowed(wrong)) == (400, "*")
    asked = client.options(
        url,
        headers={
            "origin": EVIL,
            "access-control-request-method": "GET",
            "access-control-request-headers": "if-none-match",
        },
    )
    assert (asked.status_code, allowed(asked)) == (204, "*")
    assert "Authorization" not in asked["Access-Control-Allow-Headers"]


def test_a_site_under_a_prefix_is_read_from_elsewhere_too(client: Client) -> None:
    answer = client.get("/api/v1/recognizers", headers={"origin": EVIL}, SCRIPT_NAME="/ink")
    assert (answer.status_code, allowed(answer)) == (200, "*")
    assert "Origin" in answer["Vary"]


def test_a_public_read_with_a_key_is_as_any_other_with_a_key(client: Client, alice: User) -> None:
    bound, unbound = program(alice, origins=[APP]), program(alice)
    read = {"origin": APP}
    assert allowed(bound.get("/api/v1/recognizers", headers=read)) == APP
    assert allowed(unbound.get("/api/v1/recognizers", headers=read)) is None
    asked = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    assert client.options("/api/v1/recognizers", headers={"origin": EVIL, **asked}).status_code == 403
    assert allowed(client.options("/api/v1/recognizers", headers={"origin": APP, **asked})) == APP


def test_what_is_public_is_what_the_document_says(client: Client) -> None:
    """Everything that can be read without a key, and nothing else."""
    document = client.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        if "get" in methods:
            url = "/api/v1" + path.replace("{slug}", "digits").replace("{number}", "1").replace("{uuid}", str(uuid4()))
            is_public = {} in methods["get"]["security"]
            assert (allowed(client.get(url, headers={"origin": EVIL})) == "*") == is_public, path


def test_an_unknown_key_is_not_told_to_the_page(client: Client, alice: User) -> None:
    program(alice, origins=[APP])
    answer = predict(client, APP, authorization=f"Bearer ink_{'a' * 10}_{'b' * 44}")
    assert (answer.status_code, allowed(answer)) == (401, None)


def test_every_answer_of_the_api_depends_on_the_origin_and_no_page_does(client: Client) -> None:
    assert "Origin" in client.get("/api/v1/recognizers")["Vary"]
    assert "Origin" in client.get("/api/v1/nothing")["Vary"]
    assert "Origin" not in client.get("/accounts/login/").get("Vary", "")


def test_asking_beforehand_elsewhere_is_no_business_of_the_api(client: Client, alice: User) -> None:
    program(alice, origins=[APP])
    assert allowed(ask_before(client, APP, "/accounts/login/")) is None


def test_which_sites_are_bound_is_looked_up_once(client: Client, alice: User, django_assert_num_queries: Any) -> None:
    program(alice, origins=[APP])
    keys.bound_origins()
    with django_assert_num_queries(0):
        ask_before(client, APP)
        ask_before(client, EVIL)
