"""The calls of the API: for each method of the clients a function that returns its request and how to read the answer.

Nothing is sent here. `client` makes the methods of both clients from these functions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import httpx

from inkling_client import errors, ink
from inkling_client.answers import Correction, Drawing, Feedback, Label, Model, Prediction, Recognizer, Usage, Version

T = TypeVar("T")
Id = UUID | str
Drawn = bytes | str | Path | Sequence[Any]
"""A drawing: ink, the bytes of a picture, or the path of a picture or of ink as .json."""

BATCH_ITEMS, BATCH_BYTES = 256, 3_900_000  # in one request; the site accepts 4 MiB
BATCH_PICTURES = 30  # in one request; the site accepts 60 a minute, so a larger request might never be accepted


class Page(NamedTuple, Generic[T]):
    """One page of a list, and the cursor of the next one."""

    items: list[T]
    cursor: str | None


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how to read its answer. `known`: statuses besides 2xx that `read` understands."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    body: dict[str, Any] = field(default_factory=dict)  # for httpx: json= or content=
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    writes: bool = False
    known: frozenset[int] = frozenset()

    def request(self, url: str) -> dict[str, Any]:
        """The arguments for httpx. All attempts of a write have the same idempotency key, so that it runs once."""
        headers = {"Accept": "application/json", **self.headers}
        if self.writes:
            headers.setdefault("Idempotency-Key", str(uuid4()))
        return {"method": self.method, "url": url, "params": self.params, "headers": headers, **self.body}

    def at(self, cursor: str | None) -> Call[T] | None:
        """The call for another page of the same list; None without a cursor."""
        return replace(self, params={**self.params, "cursor": cursor}) if cursor else None


# --- Predictions ---


def predict(
    drawn: Drawn,
    *,
    recognizer: str,
    top_k: int | None = None,
    threshold: float | None = None,
    as_of: int | None = None,
    include: Iterable[str] = (),
    personal: bool = False,
    elsewhere: bool = False,
    keep: bool = False,
) -> Call[Prediction]:
    """Recognise a drawing: ink, the bytes of a picture, or the path of a picture or of ink as .json.

    `top_k`: return at most so many guesses, 60 by default. `threshold`: unsure below it. `as_of`: the number of the
    version to use. `include`: "codes", "embedding", "figure", "raster". `personal`: use the person's memory.
    `elsewhere`: look for another recognizer that is much more certain. `keep`: save the drawing and the answer, for
    `feedback` (needs the scope `feedback`).
    """
    fields = {
        "id": str(uuid4()) if keep else None,
        "recognizer": recognizer,
        "top_k": top_k,
        "threshold": threshold,
        "as_of": as_of,
        "include": list(include) or None,
        "personal": personal or None,
        "elsewhere": elsewhere or None,
        "keep": keep or None,
    }
    request = _request(drawn, fields, "predict", "predict/picture")
    return Call("POST", read=_json(Prediction.read), writes=keep, **request)


def predict_batch(
    drawn: Iterable[Drawn],
    *,
    recognizer: str,
    top_k: int | None = None,
    threshold: float | None = None,
    as_of: int | None = None,
    include: Iterable[str] = (),
) -> Iterator[Call[list[Prediction | errors.ApiError]]]:
    """Recognise many drawings: an answer for each, in their order, or an error (not raised) if it cannot be read.

    Sends as many requests as needed: the site accepts 256 drawings or 4 MB in one, and some pictures a minute.
    """
    options = {"top_k": top_k, "threshold": threshold, "as_of": as_of, "include": list(include) or None}
    fields = {"recognizer": recognizer, **_without_none(options)}
    items: list[dict[str, Any]] = []
    size = pictures = 0
    for each in drawn:
        item = content(each)
        if picture := "image" in item:
            item["image"] = "data:image/png;base64," + base64.b64encode(item["image"]).decode()
        item_size = len(json.dumps(item)) + 2
        full = len(items) == BATCH_ITEMS or size + item_size > BATCH_BYTES or pictures + picture > BATCH_PICTURES
        if items and full:
            yield _batch(items, fields)
            items, size, pictures = [], 0, 0
        items.append(item)
        size, pictures = size + item_size, pictures + picture
    if items:
        yield _batch(items, fields)


def feedback(
    prediction: Id, *, label: str | None = None, correct: bool = False, none_of_these: bool = False
) -> Call[Feedback]:
    """Give feedback on a saved prediction: its right label, that its first guess is correct, or that no label is."""
    if (label is not None) + correct + none_of_these != 1:
        raise ValueError(
            "Pass one of: the right label (label=...), correct=True if the first guess is right, "
            "none_of_these=True if no label is right."
        )
    said = {"label": label, "correct": correct, "none_of_these": none_of_these}
    body = {"json": {name: value for name, value in said.items() if value}}
    return Call("POST", f"predictions/{prediction}/feedback", _json(Feedback.read), body=body, writes=True)


# --- Drawings ---


def keep(drawn: Drawn, *, recognizer: str, id: Id | None = None, personal: bool = False) -> Call[Drawing]:  # noqa: A002
    """Save a drawing and get its answer. `id`: a UUID of your own; saving it again returns the same drawing."""
    fields = {"recognizer": recognizer, "id": str(id or uuid4()), "personal": personal or None}
    return Call("POST", read=_json(Drawing.read), writes=True, **_request(drawn, fields, "drawings", "pictures"))


def drawing(id: Id) -> Call[Drawing]:  # noqa: A002
    """One saved drawing."""
    return Call("GET", f"drawings/{id}", _json(Drawing.read))


def drawings(
    *,
    recognizer: str | None = None,
    label: str | None = None,
    corrected: bool | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Call[Page[Drawing]]:
    """The saved drawings, the newest first. Further pages are fetched while you iterate.

    `since` and `until`: a datetime, or a date, which is its first moment in UTC. `until` is not included.
    """
    filters = {"recognizer": recognizer, "label": label, "corrected": corrected, "since": since, "until": until}
    params = {"page_size": "100", **{name: _query_text(value) for name, value in _without_none(filters).items()}}
    return Call("GET", "drawings", _page(Drawing.read), params=params)


def image(id: Id) -> Call[bytes]:  # noqa: A002
    """The picture of a drawing that was sent as one: a grey PNG."""
    return Call("GET", f"drawings/{id}/image", lambda response: response.content, headers={"Accept": "image/png, */*"})


def delete(id: Id) -> Call[None]:  # noqa: A002
    """Delete a drawing and everything that belongs to it."""
    return Call("DELETE", f"drawings/{id}", _nothing, writes=True)


def correct(id: Id, label: str, *, origin: str | None = None) -> Call[Correction]:  # noqa: A002
    """Confirm or correct the label of a drawing. `origin`: "round" if a round asked for this label."""
    body = {"json": _without_none({"label": label, "origin": origin})}
    return Call("PUT", f"drawings/{id}/correction", _json(Correction.read), body=body, writes=True)


def mark_none_of_these(id: Id) -> Call[Correction]:  # noqa: A002
    """Say that no label is right for a drawing. It is not used for training."""
    body = {"json": {"none_of_these": True}}
    return Call("PUT", f"drawings/{id}/correction", _json(Correction.read), body=body, writes=True)


def take_back(id: Id) -> Call[None]:  # noqa: A002
    """Take the correction of a drawing back."""
    return Call("DELETE", f"drawings/{id}/correction", _nothing, writes=True)


# --- Recognizers, versions, usage ---


def recognizers() -> Call[list[Recognizer]]:
    """The recognizers of the site."""
    return Call("GET", "recognizers", _json(lambda data: [Recognizer.read(each) for each in data["results"]]))


def labels(recognizer: str) -> Call[list[Label]]:
    """The labels of a recognizer in the order of the site, with further names and codes."""
    path = f"recognizers/{quote(recognizer, safe='')}/labels"
    return Call("GET", path, _json(lambda data: [Label.read(each) for each in data["results"]]))


def versions(recognizer: str) -> Call[Page[Version]]:
    """The versions of a recognizer, the newest first."""
    return Call("GET", f"recognizers/{quote(recognizer, safe='')}/versions", _page(Version.read))


def download_model(recognizer: str, *, version: int | None = None, etag: str | None = None) -> Call[Model | None]:
    """The file of the live model, or of another version; None if the model still has this `etag`."""
    where = "" if version is None else f"/versions/{version}"
    headers = {"Accept": "application/octet-stream, */*"} | ({"If-None-Match": etag} if etag else {})
    path = f"recognizers/{quote(recognizer, safe='')}{where}/model.tflite"
    return Call("GET", path, _model, headers=headers, known=frozenset({304}))


def usage() -> Call[Page[Usage]]:
    """How many calls the key made on each day, the newest first."""
    return Call("GET", "usage", _page(Usage.read))


# --- Requests ---


def content(drawn: Drawn) -> dict[str, Any]:
    """`{"ink": ...}` or `{"image": bytes}`. Raises OSError for an unreadable file, ValueError for one without ink."""
    if isinstance(drawn, bytes | bytearray):
        return {"image": bytes(drawn)}
    if isinstance(drawn, str | Path):
        path = Path(drawn)
        return {"ink": ink.read(path.read_text("utf-8"))} if path.suffix == ".json" else {"image": path.read_bytes()}
    return {"ink": drawn}


def _request(drawn: Drawn, fields: Mapping[str, Any], path: str, picture_path: str) -> dict[str, Any]:
    """The path and the body of a Call: JSON for ink; for a picture the picture, with its fields in the query string."""
    what, fields = content(drawn), _without_none(fields)
    if "ink" in what:
        return {"path": path, "body": {"json": {**fields, **what}}}
    params = {
        name: ",".join(value) if isinstance(value, list) else _query_text(value) for name, value in fields.items()
    }
    headers = {"Content-Type": "application/octet-stream"}
    return {"path": picture_path, "body": {"content": what["image"]}, "params": params, "headers": headers}


def _batch(items: list[dict[str, Any]], fields: dict[str, Any]) -> Call[list[Prediction | errors.ApiError]]:
    known = frozenset({413} if len(items) == 1 else ())  # too large; the other items still get their answers
    return Call("POST", "predict/batch", _results, body={"json": {**fields, "items": items}}, known=known)


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _query_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- Answers ---


def _json(read: Callable[[Any], T]) -> Callable[[httpx.Response], T]:
    def read_response(response: httpx.Response) -> T:
        try:
            return read(response.json())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"The answer of {response.request.url} is not from an Inkling site. Check the address."
            raise errors.NoAnswerError(text, response.request) from error

    return read_response


def _page(read: Callable[[Any], T]) -> Callable[[httpx.Response], Page[T]]:
    def read_page(data: Any) -> Page[T]:
        # Only the cursor of `next` is used: the key must not be sent to another address than the site's.
        cursors = parse_qs(urlsplit(data.get("next") or "").query).get("cursor")
        return Page([read(each) for each in data["results"]], cursors[0] if cursors else None)

    return _json(read_page)


def _nothing(_response: httpx.Response) -> None:
    return None


def _results(response: httpx.Response) -> list[Prediction | errors.ApiError]:
    def read(data: Any) -> list[Prediction | errors.ApiError]:
        version = {"recognizer": data["recognizer"], "model_version": data["model_version"]}
        return [
            errors.of_item(each["error"]) if "error" in each else Prediction.read(each, **version)
            for each in data["results"]
        ]

    return [errors.of_response(response)] if response.status_code == 413 else _json(read)(response)


def _model(response: httpx.Response) -> Model | None:
    if response.status_code == 304:
        return None
    number = response.headers.get("model-version", "")
    return Model(response.content, response.headers.get("ETag", ""), int(number) if number.isdecimal() else None)
