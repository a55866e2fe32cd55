"""Builds the OpenAPI document: drf-spectacular lists the routes, `operations` describes each of them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import yaml
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.views import APIView

from recognizer.api.error_codes import CODES
from recognizer.api.openapi.operations import (
    INK,
    OPERATIONS,
    PICTURE,
    TAGS,
    Operation,
    query_parameter,
    query_parameters,
)
from recognizer.api.openapi.schemas import BINARY, SCHEMAS, SLUG, UUID, Json, ref
from recognizer.api.openapi.webhooks import event_schemas, webhooks

WRITES = ("POST", "PUT", "DELETE")
READ_ONLY = ("predictBatch",)  # POST, but writes nothing
KEY_ERRORS = ("key_malformed", "key_unknown", "key_revoked", "key_expired", "account_inactive")
EVERYWHERE = (
    *KEY_ERRORS,
    "unknown_field",
    "scope_missing",
    "origin_refused",
    "account_changed",
    "throttled",
    "unavailable",
    "invalid_host",
    "internal_error",
)
SENDING = (
    "parse_error",
    "unreadable",
    "invalid",
    "missing_field",
    "length_required",
    "too_large",
    "unsupported_media_type",
)
TWICE = ("idempotency_invalid", "idempotency_in_progress", "idempotency_mismatch")
IN_PATH = {"slug": SLUG, "uuid": UUID, "number": {"type": "integer", "minimum": 0}}

WAITING = {"throttled", "unavailable", "no_model", "export_open", "export_unfinished", "idempotency_in_progress"}

LONG_ADDRESS = "The address has more than 8,190 bytes. The web server answers this, not in JSON."


_FIELDS = {
    **dict.fromkeys(INK, "ink"),
    **dict.fromkeys(PICTURE, "image"),
    "unknown_recognizer": "recognizer",
    "recognizer_off": "recognizer",
    "no_model": "recognizer",
    "unknown_label": "label",
    "id_taken": "id",
    "drawing_deleted": "id",
    "too_many_items": "items",
    "unknown_version": "as_of",
    "version_unavailable": "as_of",
    "invalid_cursor": "cursor",
}


_building = Lock()


class Document(NamedTuple):
    """The document in both forms, and the ETag of each."""

    json: bytes
    yaml: bytes
    etag: str


def document() -> Document:
    """The document; each process builds it once, in one thread: drf-spectacular fails in several."""
    with _building:
        return build_document()


@cache
def build_document() -> Document:
    """The document; only one thread may call it."""
    plain = _plain(Generator(urlconf="recognizer.api.urls").get_schema(public=True))
    as_json = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    as_yaml = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120).encode()
    return Document(as_json, as_yaml, f'"{hashlib.sha256(as_json).hexdigest()[:32]}"')


class Generator(SchemaGenerator):
    """The routes of the API, described by OPERATIONS."""

    def create_view(self, callback: Any, method: str, request: HttpRequest | None = None) -> APIView:
        """The view, described by OPERATIONS instead of by drf-spectacular."""
        view: APIView = super().create_view(callback, method, request)
        view.schema = OperationSchema()
        return view

    def get_schema(self, request: HttpRequest | None = None, public: bool = False) -> Json:
        """The whole document, with our schemas."""
        found: Json = super().get_schema(request, public)
        found["tags"] = [{"name": tag, "description": description} for tag, description in TAGS.items()]
        found["webhooks"] = webhooks()
        schemas = {**SCHEMAS, **event_schemas()}
        found["components"] = {"schemas": schemas, "securitySchemes": SECURITY, "headers": HEADERS}
        found["components"]["examples"] = {
            code: {
                "summary": str(known.meaning),
                "value": {
                    "code": code,
                    "detail": f"{known.meaning} {known.cure}",
                    "field": _FIELDS.get(code),
                    "request_id": REQUEST_ID,
                },
            }
            for code, known in CODES.items()
            if code != "method_not_allowed"  # a method that an address does not have is in no operation
        }
        return found


class OperationSchema(AutoSchema):
    """One operation of the document."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Json:
        """The operation. Raises KeyError for a route without a description."""
        path = path.removeprefix("/")
        operation = OPERATIONS[path, method]
        description = operation.description or f"{operation.summary}."
        if operation.scope:
            description += _(" Scope: `%s`.") % operation.scope
        found: Json = {
            "operationId": operation.name,
            "summary": operation.summary,
            "description": description,
            "tags": [operation.tag],
            "parameters": _parameters(path, method, operation),
            "security": [*([{}] if operation.open_to_all else []), {"key": []}, {"session": []}],
            "responses": _responses(method, operation),
        }
        if operation.body:
            found["requestBody"] = {"required": True, "content": _request_content(operation)}
        return found


def _parameters(path: str, method: str, operation: Operation) -> list[Json]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": form}
        for name, form in IN_PATH.items()
        if f"{{{name}}}" in path
    ]
    if operation.query:
        found += query_parameters(operation.query)
    if method in WRITES and operation.name not in READ_ONLY:
        found.append(IDEMPOTENCY)
    if operation.etag:
        found.append(IF_NONE_MATCH)
    if method in ("PUT", "DELETE"):
        found += CONDITIONS
    return found + _picture_parameters(operation)


def _picture_parameters(operation: Operation) -> list[Json]:
    """The fields beside a picture. In the query string none is null, and a list is a text with commas."""
    if not operation.picture:
        return []
    schema = SCHEMAS[operation.body]
    found = []
    for name in (name for name in schema["properties"] if name not in ("ink", "image")):
        form = schema["properties"][name]
        form = form["oneOf"][0] if "oneOf" in form else form
        parameter = query_parameter(name, form.get("description", ""), form)
        if form.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        found.append(parameter | {"required": name in schema["required"]})
    return found


def _request_content(operation: Operation) -> Json:
    if operation.picture:
        return {"application/octet-stream": {"schema": BINARY}}
    return {"application/json": {"schema": ref(operation.body), "example": operation.example}}


def _responses(method: str, operation: Operation) -> Json:
    found: Json = {str(status): _success(what, status, operation) for status, what in operation.responses.items()}
    if operation.etag:
        found["304"] = {"description": "Your version is up to date."}
    by_status = defaultdict(list)
    for code in _codes(method, operation):
        by_status[CODES[code].status].append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = _failure(codes)
    if operation.query or operation.picture:
        found["414"] = {"description": LONG_ADDRESS}
    return found


def _codes(method: str, operation: Operation) -> list[str]:
    found = [*operation.codes, *EVERYWHERE]
    if not operation.open_to_all or "consent_required" in operation.codes:
        found.append("not_authenticated")
    if operation.etag:
        found.append("precondition_failed")
    if operation.query:
        found += ["invalid", "invalid_cursor"]
    if operation.body:
        found += SENDING
    if method in ("PUT", "DELETE"):
        found.append("precondition_failed")
    if method in WRITES:
        found += ["precondition_unsupported", "permission_denied", *([] if operation.name in READ_ONLY else TWICE)]
    return list(dict.fromkeys(found))


def _success(what: Any, status: int, operation: Operation) -> Json:
    names = ["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Live-Versions"]
    names += ["ETag"] if operation.etag else []
    names += ["Location"] if status == 201 else []
    names += ["Retry-After"] if operation.name in ("requestExport", "readExport") else []
    names += ["Deprecation"] if operation.name == "requestExport" else []
    if operation.name in ("downloadModel", "downloadVersionModel", "readVectors", "readVersionVectors"):
        names.append("Model-Version")
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if what is None:
        return {"description": "Done.", "headers": headers}
    kind, schema = what if isinstance(what, tuple) else ("application/json", what)
    links = {"links": operation.links} if operation.links else {}
    description = "Created." if status == 201 else "Success."
    return {"description": description, "headers": headers, "content": {kind: {"schema": schema}}, **links}


def _failure(codes: list[str]) -> Json:
    description = "\n".join(f"- `{code}`: {CODES[code].meaning}" for code in codes)
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {"application/json": {"schema": ref("ApiError"), "examples": shown}}
    names = ["X-Request-Id", *(["Retry-After"] if {*codes} & WAITING else [])]
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": description, "content": content, "headers": headers}


def _plain(value: Any) -> Any:
    """Only dicts, lists, texts and numbers, which YAML can write."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


IDEMPOTENCY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name for this write, like a UUID. Requests that repeat it run once and get the same response.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of your version. If it is up to date the answer is 304, without a body.",
    "schema": {"type": "string"},
}
CONDITIONS: list[Json] = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": f"{text} Otherwise the answer is 412, and nothing is written.",
        "schema": {"type": "string"},
    }
    for name, text in (
        ("If-Match", "Write only if the resource has this ETag, or with `*` if there is one."),
        ("If-None-Match", "Write only if the resource has another ETag, or with `*` if there is none."),
    )
]
SECURITY: Json = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key from your account page: `ink_…_…`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The site's own pages: a signed-in session; writes need the header `X-CSRFToken`.",
    },
}
REQUEST_ID = "5b2f0c1de64a4a0f9d1c2b7e8f3a6d90"
HEADERS: Json = {
    "X-Request-Id": {
        "description": "What the site's log calls this request. Name it when you report an error.",
        "schema": {"type": "string"},
        "example": REQUEST_ID,
    },
    "RateLimit-Limit": {
        "description": "Requests in a minute, or drawings saved on a day: the limit that is nearest to its end.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {"description": "How many are left of it.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until the next minute or day starts.", "schema": {"type": "integer"}},
    "Retry-After": {"description": "Seconds to wait before the next request.", "schema": {"type": "integer"}},
    "Location": {"description": "The address of what was created.", "schema": {"type": "string"}},
    "Deprecation": {
        "description": "The request is in a form that works, but should not be used any more (RFC 9745).",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}},
    "Model-Version": {"description": "The number of the version.", "schema": {"type": "string"}},
    "Live-Versions": {
        "description": "Recognizers with the numbers of their live versions, as far as this process has checked them "
        "in the last seconds. Not in answers that caches keep for ever.",
        "schema": {"type": "string"},
        "example": "digits=3, sketches=1",
    },
}
