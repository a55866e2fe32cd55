"""/api/v1/openapi.json: what the API says of itself, held against the routes and against real answers."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from accounts.models import ApiKey, User
from recognizer.api import urls
from recognizer.api.error_codes import CODES
from recognizer.api.openapi import build
from recognizer.api.openapi.build import build_document, document
from recognizer.api.openapi.operations import OPERATIONS
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven

pytestmark = pytest.mark.django_db
URL = "/api/v1/openapi.json"


@pytest.fixture
def told(client: Client) -> Any:
    """The document as a client reads it."""
    return client.get(URL).json()


def test_it_is_valid_openapi_3_1_and_nothing_in_it_was_guessed(told: Any) -> None:
    build_document.cache_clear()
    GENERATOR_STATS.reset()
    document()
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    assert told["openapi"] == "3.1.0"
    validate_schema(told)


def test_it_is_built_once_although_several_threads_ask_for_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    build_document.cache_clear()
    builds: list[int] = []

    class Slow(build.Generator):
        def get_schema(self, *args: Any, **options: Any) -> Any:
            builds.append(threading.get_ident())
            time.sleep(0.2)  # in which the others ask, too
            return super().get_schema(*args, **options)

    monkeypatch.setattr(build, "Generator", Slow)
    with ThreadPoolExecutor(6) as threads:
        made = {each.etag for each in threads.map(lambda _: document(), range(6))}
    assert (len(made), len(builds)) == (1, 1)


def test_every_route_is_in_it_and_nothing_else(told: Any) -> None:
    routed = set()
    for pattern in urls.urlpatterns[:-1]:  # the last one says that there is nothing
        view = pattern.callback.view_class()  # type: ignore[attr-defined]
        path = str(pattern.pattern)
        for kind in ("uuid", "slug", "int"):
            path = path.replace(f"<{kind}:", "{").replace(">", "}")
        routed |= {(f"/{path}", method.lower()) for method in view.allowed_methods if method != "OPTIONS"}
    described = {(path, method) for path, methods in told["paths"].items() for method in methods}
    assert described == {each for each in routed if each[1] != "head"}


def test_it_says_which_scope_each_address_needs_as_the_views_do(told: Any) -> None:
    for pattern in urls.urlpatterns[:-1]:
        path = str(pattern.pattern).replace("uuid:", "").replace("slug:", "").replace("int:", "")
        path = path.replace("<", "{").replace(">", "}")
        for method, scope in pattern.callback.view_class.scopes.items():  # type: ignore[attr-defined]
            assert OPERATIONS[path, method].scope == scope, path


def test_every_code_of_an_error_is_one_of_the_registry_and_stands_where_it_belongs(told: Any) -> None:
    seen = set()
    for methods in told["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                examples = response.get("content", {}).get("application/json", {}).get("examples", {})
                assert all(CODES[code].status == int(status) for code in examples)
                seen |= set(examples)
    assert set(CODES) - seen == {"method_not_allowed"}  # an address that is not there has no operation
    assert set(told["components"]["examples"]) == seen


@pytest.mark.usefixtures("digits")
def test_its_examples_work_and_the_answers_are_as_it_says(told: Any, alice: User) -> None:
    app = program(alice, *ApiKey.Scope.values)
    for path, method in (("/predict", "post"), ("/predict/batch", "post"), ("/drawings", "post")):
        operation = told["paths"][path][method]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        response = app.post(f"/api/v1{path}", example, content_type="application/json")
        schema = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
        jsonschema.validate(response.json(), {**schema, "components": told["components"]})


@pytest.mark.usefixtures("digits")
def test_a_picture_has_an_address_of_its_own_with_one_type_of_body(told: Any, alice: User) -> None:
    app = program(alice, *ApiKey.Scope.values)
    for path in ("/predict/picture", "/pictures"):
        operation = told["paths"][path]["post"]
        binary = {"type": "string", "format": "binary"}
        assert operation["requestBody"]["content"] == {"application/octet-stream": {"schema": binary}}
        assert [each["name"] for each in operation["parameters"] if each["required"]] == ["recognizer"]
        address = f"/api/v1{path}?recognizer=digits"
        response = app.post(address, picture_of_seven(), content_type="application/octet-stream")
        schema = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
        jsonschema.validate(response.json(), {**schema, "components": told["components"]})


def test_an_operation_with_a_body_takes_one_type_of_it(told: Any) -> None:
    """A client that is generated from several types sends none of them, or the wrong one."""
    for methods in told["paths"].values():
        for operation in methods.values():
            assert len(operation.get("requestBody", {"content": [""]})["content"]) == 1
            assert all("requestBody" not in link for each in operation["responses"].values() for link in _links(each))


def test_generators_make_no_functions_of_webhooks_but_have_their_schemas(told: Any) -> None:
    assert told["webhooks"]
    for event in told["webhooks"].values():
        assert event["post"]["x-internal"] is True
        assert "$ref" in event["post"]["requestBody"]["content"]["application/json"]["schema"]


def _links(response: Any) -> Any:
    return response.get("links", {}).values()


def test_a_response_has_no_enum_since_a_new_value_would_break_generated_clients(told: Any) -> None:
    schemas = told["components"]["schemas"]
    closed = {name for name, schema in schemas.items() if '"enum"' in json.dumps(schema)}
    assert closed == {"AnswerInput", "BatchInput", "CorrectionInput", "ExportInput"}
    assert set(CODES) == set(schemas["ApiError"]["properties"]["code"]["x-extensible-enum"])


def test_no_two_names_collide_in_a_generated_client(told: Any) -> None:
    operations = [each["operationId"] for methods in told["paths"].values() for each in methods.values()]
    schemas = list(told["components"]["schemas"])
    names = [name.casefold() for name in operations + schemas]
    assert len(names) == len(set(names))
    assert not set(operations) & {"export", "import", "delete", "default", "new", "return", "class", "package"}
    assert not set(schemas) & {"Error", "Exception", "Object", "Date", "File", "Map", "Record", "Model", "Response"}
    assert not [name for name in schemas if name.endswith(("Request", "Response", "Params", "Body", "Headers"))]
    for name, schema in told["components"]["schemas"].items():
        assert name.casefold() not in {each.replace("_", "") for each in schema.get("properties", {})}


def test_who_has_it_is_not_sent_it_again(client: Client) -> None:
    for name in ("openapi.json", "openapi.yaml"):
        first = client.get(f"/api/v1/{name}")
        again = client.get(f"/api/v1/{name}", headers={"if-none-match": first["ETag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_both_forms_say_the_same(client: Client, told: Any) -> None:
    assert yaml.safe_load(client.get("/api/v1/openapi.yaml").content) == json.loads(json.dumps(told))
