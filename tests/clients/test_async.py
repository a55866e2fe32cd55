"""AsyncClient: the same methods, awaited; many at the same moment."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from pytest_django.live_server_helper import LiveServer

from inkling_client import AsyncClient, Client, NotFoundError, Prediction
from recognizer.models import Drawing, Recognizer
from tests.clients.conftest import ONCE
from tests.ink import ONE, SEVEN

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")


@pytest.fixture
def run(live_server: LiveServer, key: str, digits: Recognizer) -> Callable[..., object]:
    """Give it what a client should do."""

    def running(act: Callable[[AsyncClient], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with AsyncClient(live_server.url, key=key, retries=ONCE) as client:
                return await act(client)

        return asyncio.run(whole())

    return running


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        own = {name: each for name, each in vars(kind).items() if not name.startswith("_") and "close" not in name}
        return {name: list(inspect.signature(each).parameters) for name, each in own.items()}

    assert methods(Client) == methods(AsyncClient)
    assert {"predict", "predict_batch", "keep", "correct", "feedback", "drawings"} <= set(methods(Client))


def test_many_are_recognised_at_the_same_moment(run: Callable[..., list[Prediction]]) -> None:
    async def act(client: AsyncClient) -> list[Prediction]:
        return await asyncio.gather(*(client.predict(drawn, recognizer="digits") for drawn in [SEVEN, ONE] * 8))

    assert [answer.label for answer in run(act)] == ["7", "1"] * 8


def test_a_drawing_goes_its_way(run: Callable[..., None], picture: bytes) -> None:
    async def act(client: AsyncClient) -> None:
        kept = await client.keep(SEVEN, recognizer="digits")
        assert (await client.correct(kept.id, "7")).agrees
        assert (await client.drawing(kept.id)).correction
        await client.take_back(kept.id)
        answer = await client.predict(ONE, recognizer="digits", keep=True)
        assert answer.id
        assert (await client.feedback(answer.id, correct=True)).correction.label == "1"
        assert [each.id async for each in client.drawings()] == [answer.id, kept.id]
        drawn = await client.keep(picture, recognizer="digits")
        assert (await client.image(drawn.id)).startswith(b"\x89PNG")
        for each in (kept.id, answer.id, drawn.id):
            await client.delete(each)

    run(act)
    assert not Drawing.objects.exists()


def test_a_batch_and_what_is_refused(run: Callable[..., None]) -> None:
    async def act(client: AsyncClient) -> None:
        found = await client.predict_batch([SEVEN, []], recognizer="digits")
        assert [each.label if isinstance(each, Prediction) else each.code for each in found] == ["7", "empty_ink"]
        assert [each.slug for each in await client.recognizers()] == ["digits"]
        assert [each.number async for each in client.versions("digits")] == [1]
        model = await client.download_model("digits")
        assert model
        assert await client.download_model("digits", etag=model.etag) is None
        assert [each.name async for each in client.usage()] == ["client"]
        with pytest.raises(NotFoundError):
            await client.predict(SEVEN, recognizer="no-such")

    run(act)
