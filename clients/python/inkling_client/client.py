"""The clients: the same methods, one to be called, one to be awaited."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Self, TypeVar
from uuid import UUID

import httpx

from inkling_client import calls, errors
from inkling_client.answers import Correction, Drawing, Feedback, Model, Prediction, Recognizer, Usage, Version
from inkling_client.calls import Call, Drawn
from inkling_client.retries import Retries

T = TypeVar("T")
Id = UUID | str
TIMEOUT = 30.0  # seconds


class _Site:
    """Where the site is, with which key, and how patient one is."""

    def __init__(self, url: str, key: str | None, retries: Retries) -> None:
        if not _is_address(url):
            raise ValueError(f"{url!r} is no address of a site. It looks like https://ink.example.org.")
        key = (key or "").strip()  # the line of a file has an end
        if not re.fullmatch(r"[ -~]*", key):  # not shown: errors end up in logs
            raise ValueError("The key has signs that no key has. Copy it whole, as it was shown: ink_..._...")
        self.url = url.rstrip("/")
        self.retries = retries
        self.headers = {"User-Agent": "inkling-client/0.1.0"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def where(self, path: str) -> str:
        """The address of a path of the API."""
        return f"{self.url}/api/v1/{path}"

    def finish(self, call: Call[T], response: httpx.Response) -> T:
        """The answer. Raises ApiError."""
        if response.is_success or response.status_code in call.known:
            return call.read(response)
        raise errors.of_response(response)


def _is_address(url: str) -> bool:
    try:
        return url.startswith(("https://", "http://")) and bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _lost(error: httpx.RequestError) -> errors.NoAnswerError:
    try:
        request: httpx.Request | None = error.request
    except RuntimeError:
        request = None
    where = f"{request.url.scheme}://{request.url.netloc.decode()}" if request else "the site"
    return errors.NoAnswerError(f"No answer from {where}: {str(error) or type(error).__name__}", request)


class Client:
    """A site, and the key that opens it. Use it as a context, or `close` it.

    `retries` says how often a passing failure is tried again (see `Retries`). Every method raises `ApiError` where the
    site refuses, and `NoAnswerError` where there is none.
    """

    def __init__(
        self, url: str, *, key: str | None = None, timeout: float = TIMEOUT, retries: Retries | None = None
    ) -> None:
        self._site = _Site(url, key, retries or Retries())
        self._http = httpx.Client(headers=self._site.headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _do(self, call: Call[T]) -> T:
        asked, attempt = call.request(self._site.where), 0
        while True:
            attempt, lost = attempt + 1, None
            try:
                response = self._http.request(**asked)
            except httpx.RequestError as error:
                response, lost = None, error
            wait = None if response is not None and response.is_success else self._wait(attempt, response)
            if wait is not None:
                time.sleep(wait)
            elif response is None:
                raise _lost(lost or httpx.TransportError("")) from lost
            else:
                return self._site.finish(call, response)

    def _wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        return self._site.retries.wait(attempt, response)

    def predict(
        self,
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
    ) -> Prediction:
        """What a drawing is: ink, the bytes of a picture, or the path of a picture or of ink as .json.

        `top_k`: only so many guesses. `threshold`: unsure below it. `as_of`: the number of the version to ask.
        `include`: "embedding", "raster". `personal`: with one's memory. `elsewhere`: ask the other recognizers too.
        `keep`: keep drawing and answer, so that `feedback` may follow (needs the scope `feedback`).
        """
        options = {"top_k": top_k, "threshold": threshold, "as_of": as_of, "personal": personal}
        more = {"keep": keep, "elsewhere": elsewhere, "include": include}
        return self._do(calls.predict(drawn, recognizer, **more, **options))  # type: ignore[arg-type]

    def predict_batch(
        self,
        drawn: Iterable[Drawn],
        *,
        recognizer: str,
        top_k: int | None = None,
        threshold: float | None = None,
        as_of: int | None = None,
        include: Iterable[str] = (),
    ) -> list[Prediction | errors.ApiError]:
        """An answer for each, in their order; an error (not raised) in the place of one that cannot be read.

        As many requests as it takes: the site reads 256 drawings, or 4 MB, at once, and some pictures a minute.
        """
        options = {"top_k": top_k, "threshold": threshold, "as_of": as_of}
        found = calls.batches(drawn, recognizer, include=list(include), **options)
        return [each for call in found for each in self._do(call)]

    def feedback(self, prediction: Id, *, label: str | None = None, correct: bool = False) -> Feedback:
        """Say what a kept prediction should have been, or that it was right."""
        return self._do(calls.feedback(prediction, label=label, correct=correct))

    def keep(self, drawn: Drawn, *, recognizer: str, id: Id | None = None, personal: bool = False) -> Drawing:  # noqa: A002
        """Keep a drawing and get its answer. `id`: a UUID of your own; the same once more is the same drawing."""
        return self._do(calls.keep(drawn, recognizer, id=id, personal=personal))

    def drawing(self, id: Id) -> Drawing:  # noqa: A002
        """One that was kept."""
        return self._do(calls.drawing(id))

    def drawings(
        self,
        *,
        recognizer: str | None = None,
        label: str | None = None,
        corrected: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Drawing]:
        """Those that were kept, the newest first, fetched as they are looked at."""
        filters = {"recognizer": recognizer, "label": label, "corrected": corrected, "since": since, "until": until}
        cursor: str | None = None
        while True:
            page, cursor = self._do(calls.drawings(cursor, page_size=100, **filters))
            yield from page
            if cursor is None:
                return

    def image(self, id: Id) -> bytes:  # noqa: A002
        """The picture of a drawing that came as one: a grey PNG."""
        return self._do(calls.image(id))

    def delete(self, id: Id) -> None:  # noqa: A002
        """Really delete a drawing."""
        self._do(calls.delete(id))

    def correct(self, id: Id, label: str) -> Correction:  # noqa: A002
        """Say what a drawing is; agreeing counts too."""
        return self._do(calls.correct(id, label))

    def take_back(self, id: Id) -> None:  # noqa: A002
        """Say nothing of a drawing any more."""
        self._do(calls.take_back(id))

    def recognizers(self) -> list[Recognizer]:
        """What can be recognised."""
        return self._do(calls.recognizers())

    def versions(self, recognizer: str) -> Iterator[Version]:
        """The versions of a recognizer, the newest first."""
        cursor: str | None = None
        while True:
            page, cursor = self._do(calls.versions(recognizer, cursor))
            yield from page
            if cursor is None:
                return

    def download_model(self, recognizer: str, *, version: int | None = None, etag: str | None = None) -> Model | None:
        """The model that answers now, or another version; None where it is still the one with this `etag`."""
        return self._do(calls.model(recognizer, version=version, etag=etag))

    def usage(self) -> Iterator[Usage]:
        """How many calls the key made, day by day, the newest first."""
        cursor: str | None = None
        while True:
            page, cursor = self._do(calls.usage(cursor))
            yield from page
            if cursor is None:
                return


class AsyncClient:
    """The same as `Client`, to be awaited. Use it as an async context, or await `aclose`."""

    def __init__(
        self, url: str, *, key: str | None = None, timeout: float = TIMEOUT, retries: Retries | None = None
    ) -> None:
        self._site = _Site(url, key, retries or Retries())
        self._http = httpx.AsyncClient(headers=self._site.headers, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _do(self, call: Call[T]) -> T:
        asked, attempt = call.request(self._site.where), 0
        while True:
            attempt, lost = attempt + 1, None
            try:
                response = await self._http.request(**asked)
            except httpx.RequestError as error:
                response, lost = None, error
            wait = None if response is not None and response.is_success else self._wait(attempt, response)
            if wait is not None:
                await asyncio.sleep(wait)
            elif response is None:
                raise _lost(lost or httpx.TransportError("")) from lost
            else:
                return self._site.finish(call, response)

    def _wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        return self._site.retries.wait(attempt, response)

    async def predict(
        self,
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
    ) -> Prediction:
        """What a drawing is, see `Client.predict`."""
        options = {"top_k": top_k, "threshold": threshold, "as_of": as_of, "personal": personal}
        more = {"keep": keep, "elsewhere": elsewhere, "include": include}
        return await self._do(calls.predict(drawn, recognizer, **more, **options))  # type: ignore[arg-type]

    async def predict_batch(
        self,
        drawn: Iterable[Drawn],
        *,
        recognizer: str,
        top_k: int | None = None,
        threshold: float | None = None,
        as_of: int | None = None,
        include: Iterable[str] = (),
    ) -> list[Prediction | errors.ApiError]:
        """An answer or an error for each, see `Client.predict_batch`."""
        options = {"top_k": top_k, "threshold": threshold, "as_of": as_of}
        found = calls.batches(drawn, recognizer, include=list(include), **options)
        return [each for call in found for each in await self._do(call)]

    async def feedback(self, prediction: Id, *, label: str | None = None, correct: bool = False) -> Feedback:
        """Say what a kept prediction should have been, or that it was right."""
        return await self._do(calls.feedback(prediction, label=label, correct=correct))

    async def keep(self, drawn: Drawn, *, recognizer: str, id: Id | None = None, personal: bool = False) -> Drawing:  # noqa: A002
        """Keep a drawing and get its answer. `id`: a UUID of your own; the same once more is the same drawing."""
        return await self._do(calls.keep(drawn, recognizer, id=id, personal=personal))

    async def drawing(self, id: Id) -> Drawing:  # noqa: A002
        """One that was kept."""
        return await self._do(calls.drawing(id))

    async def drawings(
        self,
        *,
        recognizer: str | None = None,
        label: str | None = None,
        corrected: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[Drawing]:
        """Those that were kept, the newest first, fetched as they are looked at."""
        filters = {"recognizer": recognizer, "label": label, "corrected": corrected, "since": since, "until": until}
        cursor: str | None = None
        while True:
            page, cursor = await self._do(calls.drawings(cursor, page_size=100, **filters))
            for each in page:
                yield each
            if cursor is None:
                return

    async def image(self, id: Id) -> bytes:  # noqa: A002
        """The picture of a drawing that came as one: a grey PNG."""
        return await self._do(calls.image(id))

    async def delete(self, id: Id) -> None:  # noqa: A002
        """Really delete a drawing."""
        await self._do(calls.delete(id))

    async def correct(self, id: Id, label: str) -> Correction:  # noqa: A002
        """Say what a drawing is; agreeing counts too."""
        return await self._do(calls.correct(id, label))

    async def take_back(self, id: Id) -> None:  # noqa: A002
        """Say nothing of a drawing any more."""
        await self._do(calls.take_back(id))

    async def recognizers(self) -> list[Recognizer]:
        """What can be recognised."""
        return await self._do(calls.recognizers())

    async def versions(self, recognizer: str) -> AsyncIterator[Version]:
        """The versions of a recognizer, the newest first."""
        cursor: str | None = None
        while True:
            page, cursor = await self._do(calls.versions(recognizer, cursor))
            for each in page:
                yield each
            if cursor is None:
                return

    async def download_model(
        self, recognizer: str, *, version: int | None = None, etag: str | None = None
    ) -> Model | None:
        """The model that answers now, or another version; None where it is still the one with this `etag`."""
        return await self._do(calls.model(recognizer, version=version, etag=etag))

    async def usage(self) -> AsyncIterator[Usage]:
        """How many calls the key made, day by day, the newest first."""
        cursor: str | None = None
        while True:
            page, cursor = await self._do(calls.usage(cursor))
            for each in page:
                yield each
            if cursor is None:
                return
