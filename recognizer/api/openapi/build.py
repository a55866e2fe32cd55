"""Making the document: drf-spectacular walks the routes, and each gets what `operations` says of it."""

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
from recognizer.api.openapi.operations import INK, OPERATIONS, PICTURE, Operation, parameters
from recognizer.api.openapi.schemas import SCHEMAS, SLUG, UUID, Json, ref

WRITES = ("POST", "PUT", "DELETE")
ASKING = ("predictBatch",)  # by a method that writes, without writing
SHOWN_A_KEY = ("key_malformed", "key_unknown", "key_revoked", "key_expired", "account_inactive")
EVERYWHERE = (*SHOWN_A_KEY, "scope_missing", "origin_refused", "throttled", "unavailable")
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

LONG_ADDRESS = "The address has more than 8,190 bytes. Whoever serves the site says so, not in JSON."


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
    """Made once in a process."""
    found = Generator().get_schema(public=True)
    plain = _plain(found)
    as_json = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    as_yaml = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120).encode()
    return Document(as_json, as_yaml, f'"{hashlib.sha256(as_json).hexdigest()[:32]}"')


class Generator(SchemaGenerator):
    """The routes of the API, described by the table."""

    def __init__(self, **kwargs: Any) -> None:
        from recognizer.api import urls

        super().__init__(patterns=urls.urlpatterns, **kwargs)

    def create_view(self, callback: Any, method: str, request: HttpRequest | None = None) -> APIView:
        """The view, described by us instead of by itself."""
        view: APIView = super().create_view(callback, method, request)
        view.schema = FromTheTable()
        return view

    def get_schema(self, request: HttpRequest | None = None, public: bool = False) -> Json:
        """All of it; its forms are ours."""
        found: Json = super().get_schema(request, public)
        found["tags"] = [{"name": tag} for tag in dict.fromkeys(each.tag for each in OPERATIONS.values())]
        found["components"] = {"schemas": SCHEMAS, "securitySchemes": SECURITY, "headers": HEADERS}
        found["components"]["examples"] = _examples()
        return found


class FromTheTable(AutoSchema):
    """One operation as OpenAPI says it."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Json:
        """KeyError for a route that nobody described."""
        path = path.removeprefix("/")
        operation = OPERATIONS[path, method]
        about = operation.about + (_(" Scope: `%s`.") % operation.scope if operation.scope else "")
        said: Json = {
            "operationId": operation.name,
            "summary": operation.summary,
            "description": about.strip(),
            "tags": [operation.tag],
            "parameters": _parameters(path, method, operation),
            "security": [*([{}] if operation.open_to_all else []), {"key": []}, {"session": []}],
            "responses": _responses(method, operation),
        }
        if operation.body:
            said["requestBody"] = {"required": True, "content": _content(operation)}
        return said


def _parameters(path: str, method: str, operation: Operation) -> list[Json]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": form}
        for name, form in IN_PATH.items()
        if f"{{{name}}}" in path
    ]
    if operation.query:
        found += parameters(operation.query)
    if method in WRITES and operation.name not in ASKING:
        found.append(IDEMPOTENCY)
    if operation.held:
        found.append({**KNOWN, "schema": {"type": "string"}})
    if operation.ways:
        found += [_in_query(name) for name in ("recognizer", "top_k", "threshold", "as_of") if _takes(operation, name)]
    return found


def _takes(operation: Operation, name: str) -> bool:
    return name in SCHEMAS[operation.body]["properties"]


def _in_query(name: str) -> Json:
    form = SCHEMAS["Predict"]["properties"][name]
    form = form["oneOf"][0] if "oneOf" in form else form
    about = f"`{name}`, where the body does not say it: a body that is a picture cannot."
    return {"name": name, "in": "query", "required": False, "description": about, "schema": form}


def _content(operation: Operation) -> Json:
    schema = ref(operation.body)
    content: Json = {"application/json": {"schema": schema, "example": operation.example}}
    if operation.ways:
        content["multipart/form-data"] = {"schema": _form_of(operation)}
        for kind in ("image/png", "image/jpeg", "image/webp", "image/bmp"):
            content[kind] = {"schema": {"type": "string", "contentMediaType": kind}}
    return content


def _form_of(operation: Operation) -> Json:
    """The same as a form: a file as `image`, and texts."""
    fields = {name: form for name, form in SCHEMAS[operation.body]["properties"].items() if name != "ink"}
    fields["image"] = {"type": "string", "contentMediaType": "application/octet-stream"}
    if "include" in fields:
        fields["include"] = {"type": "string", "description": "Names with commas between them."}
    return {"type": "object", "required": ["recognizer", "image"], "properties": fields}


def _responses(method: str, operation: Operation) -> Json:
    found: Json = {str(status): _given(what, status, operation) for status, what in operation.gives.items()}
    if operation.held:
        found["304"] = {"description": "What you have still stands."}
    by_status = defaultdict(list)
    for code in _codes(method, operation):
        by_status[CODES[code].status].append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = _refused(codes)
    if operation.query or operation.ways:
        found["414"] = {"description": LONG_ADDRESS}
    return found


def _codes(method: str, operation: Operation) -> list[str]:
    found = [*operation.codes, *EVERYWHERE]
    if not operation.open_to_all or "consent_required" in operation.codes:
        found.append("not_authenticated")
    if operation.held:
        found.append("precondition_failed")
    if operation.query:
        found += ["invalid", "invalid_cursor"]
    if operation.body:
        found += SENDING
    if method in WRITES:
        found += ["permission_denied", *([] if operation.name in ASKING else TWICE)]
    return list(dict.fromkeys(found))


def _given(what: Any, status: int, operation: Operation) -> Json:
    if what is None:
        return {"description": "Done.", "headers": _headers(operation)}
    kind, schema = what if isinstance(what, tuple) else ("application/json", what)
    links = {"links": operation.links} if operation.links else {}
    about = "Made." if status == 201 else "As asked for."
    return {"description": about, "headers": _headers(operation), "content": {kind: {"schema": schema}}, **links}


def _headers(operation: Operation) -> Json:
    names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    if operation.held:
        names.append("ETag")
    if operation.name in ("loadModel", "loadVersionModel"):
        names.append("Model-Version")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refused(codes: list[str]) -> Json:
    about = "\n".join(f"- `{code}`: {CODES[code].meaning}" for code in codes)
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {"application/json": {"schema": ref("Error"), "examples": shown}}
    waits = {"headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}} if "throttled" in codes else {}
    return {"description": about, "content": content, **waits}


def _examples() -> Json:
    """An answer for each code."""
    return {
        code: {
            "summary": str(known.meaning),
            "value": {"code": code, "detail": f"{known.meaning} {known.cure}", "field": _FIELDS.get(code)},
        }
        for code, known in CODES.items()
    }


def _plain(value: Any) -> Any:
    """Dicts, lists and texts alone, as YAML knows them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


IDEMPOTENCY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your own for this write, best a UUID: sent again, it is done once and answered alike.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
KNOWN: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what you have: 304, without a body, where it still stands.",
}
SECURITY: Json = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of your account page: `ink_…_…`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The site's own pages: signed in, and writes with the header `X-CSRFToken`.",
    },
}
HEADERS: Json = {
    "RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until they are counted anew.", "schema": {"type": "integer"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}},
    "Model-Version": {"description": "The number of the version.", "schema": {"type": "string"}},
}
