"""Whatever goes wrong, and wherever, the API answers in its one shape; a bad item of a batch spoils no other."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client

from ml.bundles.predictor import Predictor
from ml.preprocessing.content import Content
from recognizer.registry import serving
from tests.ink import ONE, SEVEN, ZERO

pytestmark = pytest.mark.django_db
PREDICT = "/api/v1/predict"
BODY = {"recognizer": "digits", "ink": SEVEN}
SHAPE = {"code", "detail", "field", "request_id"}


@pytest.fixture
def client() -> Client:
    """A client that shows a 500 as people get it."""
    return Client(raise_request_exception=False)


def raising(error: type[BaseException]) -> Callable[..., Any]:
    def raise_it(*args: Any, **kwargs: Any) -> Any:
        raise error("on purpose")

    return raise_it


def failing_middleware(get_response: Any) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that raises what the header X-Raise names."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if error := ERRORS.get(request.headers.get("X-Raise", "")):
            raise error("on purpose")
        return get_response(request)

    return middleware


def check(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert set(response.json()) == SHAPE
    assert response.json()["request_id"] == response["X-Request-Id"]
    assert response["Content-Type"] == "application/json"


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("error", [RuntimeError, ZeroDivisionError, MemoryError, KeyError, RecursionError])
def test_an_unexpected_exception_of_a_view(client: Client, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    monkeypatch.setattr("recognizer.drawings.predict.recognise", raising(error))
    check(client.post(PREDICT, BODY, content_type="application/json"), 500, "internal_error")


@pytest.mark.usefixtures("digits")
def test_an_answer_that_cannot_be_written_as_json(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.api.views.predict.answer_json", lambda found: {"guesses": [float("nan")]})
    check(client.post(PREDICT, BODY, content_type="application/json"), 500, "internal_error")


ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (RuntimeError, OperationalError, Http404, PermissionDenied, BadRequest, SuspiciousOperation)
} | {error.__name__: error for error in (RequestDataTooBig, MultiPartParserError)}


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("RuntimeError", 500, "internal_error"),
        ("OperationalError", 503, "unavailable"),
        ("Http404", 404, "not_found"),
        ("PermissionDenied", 403, "permission_denied"),
        ("BadRequest", 400, "parse_error"),
        ("SuspiciousOperation", 400, "parse_error"),
        ("MultiPartParserError", 400, "parse_error"),
        ("RequestDataTooBig", 413, "too_large"),
    ],
)
def test_an_exception_in_middleware(
    client: Client, settings: Any, place: str, error: str, status: int, code: str
) -> None:
    failing = f"{__name__}.failing_middleware"
    first, *others = configured.MIDDLEWARE
    settings.MIDDLEWARE = [first, failing, *others] if place == "first" else [first, *others, failing]
    check(client.get("/api/v1/recognizers", headers={"x-raise": error}), status, code)
    page = client.get("/developers/", headers={"x-raise": error})
    assert page["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/v2/predict", "/api/v1/", "/api/v1/predict/"])
def test_an_address_that_does_not_exist(client: Client, path: str) -> None:
    for method in ("get", "post", "put", "delete"):
        check(getattr(client, method)(path), 404, "not_found")


def test_a_host_that_the_site_does_not_have(client: Client) -> None:
    for path in ("/api/v1/recognizers", "/api/nothing"):
        check(client.get(path, HTTP_HOST="evil.example"), 400, "invalid_host")


def test_a_method_that_does_not_exist(as_alice: Client) -> None:
    check(as_alice.put("/api/v1/recognizers"), 405, "method_not_allowed")
    check(as_alice.generic("BREW", "/api/v1/recognizers"), 405, "method_not_allowed")


@pytest.mark.usefixtures("digits")
def test_a_body_that_django_finds_too_large(as_alice: Client) -> None:
    for headers in ({}, {"idempotency-key": "a"}):
        body = b" " * (9 * 1024 * 1024)
        response = as_alice.generic("POST", "/api/v1/drawings", body, "application/json", headers=headers)
        check(response, 413, "too_large")


# --- Batches ---


def send(client: Client, *drawn: Any, **options: Any) -> Any:
    body = {"recognizer": "digits", "items": [{"ink": ink} for ink in drawn], **options}
    return client.post("/api/v1/predict/batch", body, content_type="application/json")


def results(response: Any) -> list[str]:
    """The first guess or the code of the error of each item."""
    assert response.status_code == 200
    found = response.json()["results"]
    assert [each["index"] for each in found] == list(range(len(found)))
    for each in found:
        assert "error" not in each or set(each["error"]) == SHAPE
    return [each["error"]["code"] if "error" in each else each["guesses"][0]["label"] for each in found]


def failing_for(real: Callable[..., Any], bad: Any) -> Callable[..., Any]:
    """The real function, but it raises where its first argument is, or belongs to, the bad ink."""

    def call(first: Any, *args: Any) -> Any:
        if getattr(first, "ink", first) == bad:
            raise ZeroDivisionError
        return real(first, *args)

    return call


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("name", ["raster", "from_ink"])
def test_an_item_that_cannot_be_prepared(client: Client, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    broken: Any = failing_for(getattr(Content, name), ONE)
    monkeypatch.setattr(Content, name, staticmethod(broken) if name == "from_ink" else broken)
    assert results(send(client, SEVEN, ONE, [], ZERO)) == ["7", "internal_error", "empty_ink", "0"]


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("count", [1, 3])
def test_an_item_that_the_model_fails_at(client: Client, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    bad = Content.from_ink(ONE).raster(serving.live_version("digits").raster)
    real = Predictor.predict

    def predict(self: Predictor, rasters: Any) -> Any:
        if any((raster == bad).all() for raster in rasters):
            raise RuntimeError("the interpreter failed")
        return real(self, rasters)

    monkeypatch.setattr(Predictor, "predict", predict)
    assert results(send(client, *[ONE] * count)) == ["internal_error"] * count
    assert results(send(client, SEVEN, ONE, ZERO)) == ["7", "internal_error", "0"]


@pytest.mark.usefixtures("digits")
def test_an_item_whose_extras_fail(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from recognizer.api import output

    real, calls = output.cv2.imencode, iter(range(10))
    monkeypatch.setattr(output.cv2, "imencode", lambda *args: real(*args) if next(calls) else 1 / 0)
    assert results(send(client, SEVEN, ZERO, include=["raster"])) == ["internal_error", "0"]
