"""The two clients: `Client` blocks, `AsyncClient` is awaited. Their methods are made from the functions of `calls`."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from inkling_client import calls, errors
from inkling_client.calls import Call, Page
from inkling_client.retries import Retries

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., Any])
TIMEOUT = 30.0  # seconds


class _BaseClient:
    """What both clients do without sending anything."""

    _transport: Callable[..., Any]
    _http: Any

    def __init__(
        self, url: str, *, key: str | None = None, timeout: float = TIMEOUT, retries: Retries | None = None
    ) -> None:
        try:
            host = httpx.URL(url).host if url.startswith(("https://", "http://")) else ""
        except httpx.InvalidURL:
            host = ""
        if not host:
            raise ValueError(f"{url!r} is not the address of a site. It looks like https://ink.example.org.")
        key = (key or "").strip()  # a key that was read from a file may end with a line break
        if not re.fullmatch(r"[ -~]*", key):  # the key is not in the message: messages end up in logs
            raise ValueError("The key has characters that are not allowed in a key. Copy all of it: ink_..._...")
        self._url = url.rstrip("/")
        headers = {"User-Agent": "inkling-client/0.1.0"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._http = self._transport(headers=headers, timeout=timeout)
        self._retries = retries or Retries()

    def _request(self, call: Call[Any]) -> dict[str, Any]:
        """The arguments for httpx."""
        return call.request(f"{self._url}/api/v1/{call.path}")

    def _wait(self, attempt: int, outcome: httpx.Response | httpx.RequestError) -> float | None:
        """Seconds to wait before the next attempt; None if there is none."""
        if isinstance(outcome, httpx.RequestError):
            return self._retries.wait(attempt, None)
        return None if outcome.is_success else self._retries.wait(attempt, outcome)

    @staticmethod
    def _finish(call: Call[T], outcome: httpx.Response | httpx.RequestError) -> T:
        """The result of a call. Raises ApiError and NoAnswerError."""
        if isinstance(outcome, httpx.RequestError):
            raise _no_answer(outcome) from outcome
        if outcome.is_success or outcome.status_code in call.known:
            return call.read(outcome)
        raise errors.of_response(outcome)


# Each of these functions makes a method from a function of `calls`, which returns a call, several calls, or a page.


def _documented_as(build: Callable[..., Any]) -> Callable[[M], M]:
    """Give a method the name, the docstring and the parameters of a function, for `help` and editors."""

    def decorate(method: M) -> M:
        update_wrapper(method, build)
        del method.__dict__["__wrapped__"]
        signature = inspect.signature(build)
        self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        parameters = [self, *signature.parameters.values()]
        signature = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
        method.__dict__["__signature__"] = signature
        return method

    return decorate


def _method(build: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    @_documented_as(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._send(build(*args, **kwargs))

    return method


def _list_method(build: Callable[P, Iterable[Call[list[T]]]]) -> Callable[Concatenate[Client, P], list[T]]:
    @_documented_as(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> list[T]:
        return [each for call in build(*args, **kwargs) for each in self._send(call)]

    return method


def _pages_method(build: Callable[P, Call[Page[T]]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    @_documented_as(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = self._send(call)
            yield from page.items
            call = call.at(page.cursor)

    return method


def _async_method(build: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    @_documented_as(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._send(build(*args, **kwargs))

    return method


def _async_list_method(
    build: Callable[P, Iterable[Call[list[T]]]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, list[T]]]:
    @_documented_as(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> list[T]:
        return [each for call in build(*args, **kwargs) for each in await self._send(call)]

    return method


def _async_pages_method(build: Callable[P, Call[Page[T]]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    @_documented_as(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        call: Call[Page[T]] | None = build(*args, **kwargs)
        while call:
            page = await self._send(call)
            for each in page.items:
                yield each
            call = call.at(page.cursor)

    return method


class Client(_BaseClient):
    """A site, and the key for it. Use it as a context manager, or call `close`.

    `retries`: how often a request is sent again after a temporary failure, see `Retries`. Every method raises
    `ApiError` if the site refuses the request, and `NoAnswerError` if there is no answer.
    """

    _transport = httpx.Client
    _http: httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, call: Call[T]) -> T:
        request = self._request(call)
        for attempt in itertools.count(1):
            outcome: httpx.Response | httpx.RequestError
            try:
                outcome = self._http.request(**request)
            except httpx.RequestError as error:
                outcome = error
            wait = self._wait(attempt, outcome)
            if wait is None:
                break
            time.sleep(wait)
        return self._finish(call, outcome)

    predict = _method(calls.predict)
    predict_batch = _list_method(calls.predict_batch)
    feedback = _method(calls.feedback)
    keep = _method(calls.keep)
    drawing = _method(calls.drawing)
    drawings = _pages_method(calls.drawings)
    image = _method(calls.image)
    delete = _method(calls.delete)
    correct = _method(calls.correct)
    mark_none_of_these = _method(calls.mark_none_of_these)
    take_back = _method(calls.take_back)
    recognizers = _method(calls.recognizers)
    labels = _method(calls.labels)
    versions = _pages_method(calls.versions)
    download_model = _method(calls.download_model)
    usage = _pages_method(calls.usage)


class AsyncClient(_BaseClient):
    """The same as `Client`, to be awaited. Use it as an async context manager, or await `aclose`."""

    _transport = httpx.AsyncClient
    _http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(self, call: Call[T]) -> T:
        request = self._request(call)
        for attempt in itertools.count(1):
            outcome: httpx.Response | httpx.RequestError
            try:
                outcome = await self._http.request(**request)
            except httpx.RequestError as error:
                outcome = error
            wait = self._wait(attempt, outcome)
            if wait is None:
                break
            await asyncio.sleep(wait)
        return self._finish(call, outcome)

    predict = _async_method(calls.predict)
    predict_batch = _async_list_method(calls.predict_batch)
    feedback = _async_method(calls.feedback)
    keep = _async_method(calls.keep)
    drawing = _async_method(calls.drawing)
    drawings = _async_pages_method(calls.drawings)
    image = _async_method(calls.image)
    delete = _async_method(calls.delete)
    correct = _async_method(calls.correct)
    mark_none_of_these = _async_method(calls.mark_none_of_these)
    take_back = _async_method(calls.take_back)
    recognizers = _async_method(calls.recognizers)
    labels = _async_method(calls.labels)
    versions = _async_pages_method(calls.versions)
    download_model = _async_method(calls.download_model)
    usage = _async_pages_method(calls.usage)


def _no_answer(error: httpx.RequestError) -> errors.NoAnswerError:
    try:
        request: httpx.Request | None = error.request
    except RuntimeError:
        request = None
    where = f"{request.url.scheme}://{request.url.netloc.decode()}" if request else "the site"
    return errors.NoAnswerError(f"No answer from {where}: {str(error) or type(error).__name__}", request)
