"""Builds the OpenAPI document: drf-spectacular lists the routes, `operations` describes each of them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

import yaml
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.views import APIView

from recognizer.api.error_codes import CODES
from recognizer.api.input import AddressFields
from recognizer.api.openapi.operations import INK, OPERATIONS, PICTURE, Operation, query_parameter, query_parameters
from recognizer.api.openapi.schemas import SCHEMAS, SLUG, UUID, Json, body_schema, ref

WRITES = ("POST", "PUT", "DELETE")
READ_ONLY = ("predictBatch",)  # POST, but writes nothing
KEY_ERRORS = ("key_malformed", "key_unknown", "key_revoked", "key_expired", "account_inactive")
EVERYWHERE = (*KEY_ERRORS, "scope_missing", "origin_refused", "throttled", "unavailable")
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

LONG_ADDRESS = "The address has more than 8,190 bytes. The web server answers this, not in JSON."


_FIELDS = {
    **dict.fromkeys(INK, "ink"),
    **dict.fromkeys(PICTURE, "image"),
    "unknown_recognizer": "recognizer",
    "no_model": "recognizer",
    "unknown_label": "label",
    "id_taken": "id",
    "too_many_items": "items",
    "unknown_version": "as_of",
    "version_unavailable": "as_of",
    "invalid_cursor": "cursor",
}


class Document(NamedTuple):
    """The document in both forms, and the ETag of each."""

    json: bytes
    yaml: bytes
    etag: str


@cache
def document() -> Document:
    """The document; each process builds it once."""
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
        found["tags"] = [{"name": tag} for tag in dict.fromkeys(each.tag for each in OPERATIONS.values())]
        found["components"] = {"schemas": SCHEMAS, "securitySchemes": SECURITY, "headers": HEADERS}
        found["components"]["examples"] = {
            code: {
                "summary": str(known.meaning),
                "value": {"code": code, "detail": f"{known.meaning} {known.cure}", "field": _FIELDS.get(code)},
            }
            for code, known in CODES.items()
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
        description = operation.description + (_(" Scope: `%s`.") % operation.scope if operation.scope else "")
        found: Json = {
            "operationId": operation.name,
            "summary": operation.summary,
            "description": description.strip(),
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
    if operation.drawing:
        fields = body_schema(AddressFields)["properties"]
        names = SCHEMAS[operation.body]["properties"].keys() - {"include"}
        for name in (name for name in fields if name in names):
            text = f"`{name}`, if the body does not have it. A body that is a picture has no fields."
            found.append(query_parameter(name, text, fields[name]["oneOf"][0]))
    return found


def _request_content(operation: Operation) -> Json:
    schema = ref(operation.body)
    content: Json = {"application/json": {"schema": schema, "example": operation.example}}
    if operation.drawing:
        # A form has a file as `image`, and texts.
        fields = {name: form for name, form in SCHEMAS[operation.body]["properties"].items() if name != "ink"}
        fields["image"] = {"type": "string", "contentMediaType": "application/octet-stream"}
        if "include" in fields:
            fields["include"] = {"type": "string", "description": "Names, separated by commas."}
        form = {"type": "object", "required": ["recognizer", "image"], "properties": fields}
        content["multipart/form-data"] = {"schema": form}
        for kind in ("image/png", "image/jpeg", "image/webp", "image/bmp"):
            content[kind] = {"schema": {"type": "string", "contentMediaType": kind}}
    return content


def _responses(method: str, operation: Operation) -> Json:
    found: Json = {str(status): _success(what, status, operation) for status, what in operation.responses.items()}
    if operation.etag:
        found["304"] = {"description": "Your version is up to date."}
    by_status = defaultdict(list)
    for code in _codes(method, operation):
        by_status[CODES[code].status].append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = _failure(codes)
    if operation.query or operation.drawing:
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
    if method in WRITES:
        found += ["permission_denied", *([] if operation.name in READ_ONLY else TWICE)]
    return list(dict.fromkeys(found))


def _success(what: Any, status: int, operation: Operation) -> Json:
    names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", *(["ETag"] if operation.etag else [])]
    if operation.name in ("loadModel", "loadVersionModel"):
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
    content = {"application/json": {"schema": ref("Error"), "examples": shown}}
    waits = {"headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}} if "throttled" in codes else {}
    return {"description": description, "content": content, **waits}


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
SECURITY: Json = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key from your account page: `ink_…_…`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The site's own pages: a signed-in session; writes need the header `X-CSRFToken`.",
    },
}
HEADERS: Json = {
    "RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Requests left in this minute.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until the next minute starts.", "schema": {"type": "integer"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}},
    "Model-Version": {"description": "The number of the version.", "schema": {"type": "string"}},
}
