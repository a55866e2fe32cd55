"""What passes is tried again, and what was written is written once, whatever got lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pytest_django.live_server_helper import LiveServer

from inkling_client import AsyncClient, Client, NoAnswerError, Retries, ServerError, ThrottledError
from recognizer.models import Correction, Drawing, Recognizer
from tests.clients.flaky import LOST, Way, leading_to
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = Retries(first=0.01)


@pytest.fixture
def way(live_server: LiveServer, digits: Recognizer) -> Iterator[Way]:
    with leading_to(live_server.url) as found:
        yield found


@pytest.fixture
def patient(way: Way, key: str) -> Iterator[Client]:
    with Client(way.url, key=key, retries=QUICK) as client:
        yield client


@pytest.mark.parametrize("failures", [[503], [LOST], [429, 502, 504], [503, LOST, 503]])
def test_what_passes_is_tried_again(patient: Client, way: Way, failures: list[int]) -> None:
    way.failures = list(failures)
    assert patient.predict(SEVEN, recognizer="digits").label == "7"
    assert len(way.seen) == len(failures) + 1


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_what_does_not_pass_is_not(patient: Client, way: Way, status: int) -> None:
    way.failures = [status]
    with pytest.raises(Exception, match=f"HTTP {status}"):
        patient.predict(SEVEN, recognizer="digits")
    assert len(way.seen) == 1


def test_after_four_attempts_it_is_told(patient: Client, way: Way) -> None:
    way.failures = [503] * 9
    with pytest.raises(ServerError):
        patient.recognizers()
    assert len(way.seen) == 4
    way.failures = [LOST] * 9
    with pytest.raises(NoAnswerError):
        patient.recognizers()
    assert len(way.seen) == 8


def test_a_drawing_whose_answer_was_lost_is_kept_once(patient: Client, way: Way) -> None:
    way.failures = [LOST, LOST]
    kept = patient.keep(SEVEN, recognizer="digits")
    assert Drawing.objects.get().uuid == kept.id
    assert len(way.seen) == 3
    assert len({key for _method, _path, key in way.seen}) == 1
    assert all(key for _method, _path, key in way.seen)


def test_a_picture_is_sent_again_as_a_whole(patient: Client, way: Way, picture: bytes) -> None:
    way.failures = [LOST, 503]
    patient.keep(picture, recognizer="digits")
    assert Drawing.objects.count() == 1


def test_a_correction_whose_answer_was_lost_is_said_once(patient: Client, way: Way) -> None:
    kept = patient.keep(SEVEN, recognizer="digits")
    way.failures = [LOST]
    assert patient.correct(kept.id, "1").label == "1"
    assert Correction.objects.count() == 1


def test_each_write_has_a_key_of_its_own_and_a_question_has_none(patient: Client, way: Way) -> None:
    for _ in range(2):
        patient.keep(SEVEN, recognizer="digits")
    patient.recognizers()
    first, second, question = (key for _method, _path, key in way.seen)
    assert first != second
    assert question == ""


def test_retry_after_is_followed_and_one_that_is_too_far_is_told_at_once(way: Way, key: str) -> None:
    way.failures, way.headers = [429], {"Retry-After": "0"}
    with Client(way.url, key=key, retries=Retries(first=0, longest=30)) as client:
        assert client.recognizers()
        way.failures, way.headers = [429], {"Retry-After": "31"}
        with pytest.raises(ThrottledError) as found:
            client.recognizers()
    assert found.value.retry_after == 31
    assert len(way.seen) == 3


def test_waits_grow_and_differ() -> None:
    waits = [[Retries().wait(attempt, None) or 0 for attempt in (1, 2, 3)] for _ in range(20)]
    assert all(0.25 <= one <= 0.5 <= two <= 1 <= three <= 2 for one, two, three in waits)
    assert len({one for one, _two, _three in waits}) > 1
    assert Retries().wait(4, None) is None


@pytest.mark.parametrize("body", [b"{}", b"null", b"[]", b'"Welcome"', b'{"results": [], "next": 7}', b"\xff"])
def test_an_answer_of_another_kind_of_site_raises_no_answer_error(way: Way, key: str, body: bytes) -> None:
    way.failures, way.body = [200] * 2, body
    with Client(way.url, key=key) as client:
        with pytest.raises(NoAnswerError):
            client.predict(SEVEN, recognizer="digits")
        with pytest.raises(NoAnswerError):
            list(client.drawings())


def test_an_answer_that_broke_on_its_way_is_asked_for_again(patient: Client, way: Way) -> None:
    way.failures, way.headers = [200], {"Content-Encoding": "gzip"}
    assert patient.recognizers()
    way.failures = [200] * 4
    with pytest.raises(NoAnswerError):
        patient.recognizers()


def test_the_one_that_is_awaited_is_as_patient(way: Way, key: str) -> None:
    way.failures = [LOST, 503]

    async def keep() -> None:
        async with AsyncClient(way.url, key=key, retries=QUICK) as client:
            await client.keep(SEVEN, recognizer="digits")

    asyncio.run(keep())
    assert Drawing.objects.count() == 1
    assert len({key for _method, _path, key in way.seen}) == 1
