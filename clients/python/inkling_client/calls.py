"""Calls: what is asked, and how its answer is read; said once for both clients, and sent by neither of them here."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import httpx

from inkling_client import errors, ink
from inkling_client.answers import Correction, Drawing, Feedback, Model, Prediction, Recognizer, Usage, Version

T = TypeVar("T")
Drawn = bytes | str | Path | Sequence[Any]
"""A drawing: ink, the bytes of a picture, or the path of a picture or of ink as .json."""

BATCH_ITEMS, BATCH_BYTES = 256, 3_900_000  # of one request; the site reads 4 MiB
BATCH_PICTURES = 30  # of these it reads 60 a minute: more at once than it ever lets pass would never be answered


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and what to make of its answer. `known`: statuses that are answers too."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    body: dict[str, Any] = field(default_factory=dict)  # for httpx: json=, or data= with files=
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    writes: bool = False
    known: frozenset[int] = frozenset()

    def request(self, url: Callable[[str], str]) -> dict[str, Any]:
        """For httpx. A write gets a key of its own, the same at each attempt, so that it is done once."""
        headers = {"Accept": "application/json", **self.headers}
        if self.writes:
            headers.setdefault("Idempotency-Key", str(uuid4()))
        return {"method": self.method, "url": url(self.path), "params": self.params, "headers": headers, **self.body}


def _json(read: Callable[[Any], T]) -> Callable[[httpx.Response], T]:
    def answer(response: httpx.Response) -> T:
        try:
            return read(response.json())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"{response.request.url} answered something that is not of an Inkling site."
            raise errors.NoAnswerError(text, response.request) from error

    return answer


def _nothing(_response: httpx.Response) -> None:
    return None


# --- What is drawn ---


def content(drawn: Drawn) -> dict[str, Any]:
    """`{"ink": ...}`, or `{"image": bytes}`. OSError for a path that cannot be read, ValueError for no drawing."""
    if isinstance(drawn, bytes | bytearray):
        return {"image": bytes(drawn)}
    if isinstance(drawn, str | Path):
        path = Path(drawn)
        return {"ink": ink.read(path.read_text("utf-8"))} if path.suffix == ".json" else {"image": path.read_bytes()}
    return {"ink": drawn}


def _sent(drawn: Drawn, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Ink travels as JSON, a picture as a form."""
    what = content(drawn)
    fields = {name: value for name, value in fields.items() if value is not None and value is not False}
    if "ink" in what:
        return {"json": {**fields, **what}}
    data = {name: _text(value) for name, value in fields.items()}
    return {"data": data, "files": {"image": ("drawing", what["image"], "application/octet-stream")}}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "true" if value is True else str(value)


def _named(include: Iterable[str]) -> list[str] | None:
    return list(include) or None


# --- Answers ---


def predict(
    drawn: Drawn, recognizer: str, *, keep: bool, elsewhere: bool, include: Iterable[str], **options: Any
) -> Call[Prediction]:
    """An answer; kept where it says so, so that feedback may follow."""
    fields = {"recognizer": recognizer, "keep": keep, "elsewhere": elsewhere, "include": _named(include), **options}
    if keep:
        fields["id"] = str(uuid4())
    return Call("POST", "predict", _json(Prediction.read), body=_sent(drawn, fields), writes=keep)


def batches(
    drawn: Iterable[Drawn], recognizer: str, *, include: Iterable[str], **options: Any
) -> Iterator[Call[list[Prediction | errors.ApiError]]]:
    """As many requests as it takes, each as large as the site reads."""
    said = {name: value for name, value in options.items() if value is not None}
    fields = {"recognizer": recognizer, **said} | ({"include": list(include)} if include else {})
    items: list[dict[str, Any]] = []
    size = pictures = 0
    for each in drawn:
        item = _item(each)
        weight, picture = len(json.dumps(item)) + 2, "image" in item
        full = len(items) == BATCH_ITEMS or size + weight > BATCH_BYTES or pictures + picture > BATCH_PICTURES
        if items and full:
            yield _batch(items, fields)
            items, size, pictures = [], 0, 0
        items.append(item)
        size, pictures = size + weight, pictures + picture
    if items:
        yield _batch(items, fields)


def _item(drawn: Drawn) -> dict[str, Any]:
    what = content(drawn)
    if "image" in what:
        what["image"] = "data:image/png;base64," + base64.b64encode(what["image"]).decode()
    return what


def _batch(items: list[dict[str, Any]], fields: dict[str, Any]) -> Call[list[Prediction | errors.ApiError]]:
    body = {"json": {**fields, "items": items}}
    if len(items) > 1:
        return Call("POST", "predict/batch", _json(_results), body=body)
    return Call("POST", "predict/batch", _one_result, body=body, known=frozenset({413}))


def _one_result(response: httpx.Response) -> list[Prediction | errors.ApiError]:
    """One that is too large by itself does not spoil the rest."""
    return [errors.of_response(response)] if response.status_code == 413 else _json(_results)(response)


def _results(data: Any) -> list[Prediction | errors.ApiError]:
    by = {"recognizer": data["recognizer"], "model_version": data["model_version"]}
    return [
        errors.of(400, each["error"]) if "error" in each else Prediction.read(each, **by) for each in data["results"]
    ]


def feedback(prediction: UUID | str, *, label: str | None, correct: bool) -> Call[Feedback]:
    """What a kept prediction should have been, or that it was right."""
    if (label is None) == (not correct):
        raise ValueError("Say either what it is (label=...), or that it was right (correct=True).")
    body = {"json": {"correct": True} if correct else {"label": label}}
    return Call("POST", f"predictions/{prediction}/feedback", _json(Feedback.read), body=body, writes=True)


# --- Drawings ---


def keep(drawn: Drawn, recognizer: str, *, id: UUID | str | None, **options: Any) -> Call[Drawing]:  # noqa: A002
    """Keep a drawing; its id is made here, so that a repeated request is the same drawing."""
    fields = {"recognizer": recognizer, "id": str(id or uuid4()), **options}
    return Call("POST", "drawings", _json(Drawing.read), body=_sent(drawn, fields), writes=True)


def drawing(id: UUID | str) -> Call[Drawing]:  # noqa: A002
    """One of one's own."""
    return Call("GET", f"drawings/{id}", _json(Drawing.read))


def image(id: UUID | str) -> Call[bytes]:  # noqa: A002
    """The picture of a drawing that came as one."""
    return Call("GET", f"drawings/{id}/image", lambda response: response.content, headers={"Accept": "image/png, */*"})


def delete(id: UUID | str) -> Call[None]:  # noqa: A002
    """Really delete it."""
    return Call("DELETE", f"drawings/{id}", _nothing, writes=True)


def correct(id: UUID | str, label: str) -> Call[Correction]:  # noqa: A002
    """Say what it is."""
    body = {"json": {"label": label}}
    return Call("PUT", f"drawings/{id}/correction", _json(Correction.read), body=body, writes=True)


def take_back(id: UUID | str) -> Call[None]:  # noqa: A002
    """Say nothing of it any more."""
    return Call("DELETE", f"drawings/{id}/correction", _nothing, writes=True)


def drawings(cursor: str | None, **filters: Any) -> Call[tuple[list[Drawing], str | None]]:
    """A page of them, and where the next one begins."""
    asked = {name: _asked(value) for name, value in filters.items() if value is not None}
    params = asked | ({"cursor": cursor} if cursor else {})
    return Call("GET", "drawings", _json(lambda data: _page(data, Drawing.read)), params=params)


def _asked(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _page(data: Any, read: Callable[[Any], T]) -> tuple[list[T], str | None]:
    """Only the cursor is taken of the next address: the key goes nowhere but to the site that it was given for."""
    found = parse_qs(urlsplit(data.get("next") or "").query).get("cursor")
    return [read(each) for each in data["results"]], found[0] if found else None


# --- Recognizers and their versions ---


def recognizers() -> Call[list[Recognizer]]:
    """What can be recognised."""
    return Call("GET", "recognizers", _json(lambda data: [Recognizer.read(each) for each in data["results"]]))


def versions(recognizer: str, cursor: str | None = None) -> Call[tuple[list[Version], str | None]]:
    """A page of the versions of a recognizer."""
    params = {"cursor": cursor} if cursor else {}
    path = f"recognizers/{quote(recognizer, safe='')}/versions"
    return Call("GET", path, _json(lambda data: _page(data, Version.read)), params=params)


def model(recognizer: str, *, version: int | None, etag: str | None) -> Call[Model | None]:
    """The file of the version that answers, or of another; None where `etag` is still that of it."""
    where = "" if version is None else f"/versions/{version}"
    headers = {"Accept": "application/octet-stream, */*"} | ({"If-None-Match": etag} if etag else {})
    path = f"recognizers/{quote(recognizer, safe='')}{where}/model.tflite"
    return Call("GET", path, _model, headers=headers, known=frozenset({304}))


def _model(response: httpx.Response) -> Model | None:
    if response.status_code == 304:
        return None
    number = response.headers.get("model-version", "")
    return Model(response.content, response.headers.get("ETag", ""), int(number) if number.isdecimal() else None)


def usage(cursor: str | None) -> Call[tuple[list[Usage], str | None]]:
    """A page of what the key was used for."""
    return Call(
        "GET", "usage", _json(lambda data: _page(data, Usage.read)), params={"cursor": cursor} if cursor else {}
    )
