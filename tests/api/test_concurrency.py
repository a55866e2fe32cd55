"""Nobody is ever given the answer to another person's drawing, and no crowd takes all the memory."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from ml.preprocessing.content import Content
from tests.ink import ONE, SEVEN, ZERO

DRAWN = [("7", SEVEN), ("1", ONE), ("0", ZERO)]


def test_large_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight of 16 megapixels at once would need some gigabytes."""
    inside: list[int] = []
    most: list[int] = []

    def decode(data: bytes) -> np.ndarray:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return np.tile(np.array([255, 0, 255], np.uint8), (30, 10))

    monkeypatch.setattr("ml.preprocessing.content.decode_image", decode)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Content.from_image, [b""] * 16))
    assert max(most) == 1


@pytest.mark.django_db(transaction=True)
def test_four_clients_at_once_each_get_the_answer_to_their_own_drawing(digits: Any, settings: Any) -> None:
    settings.PREDICT_RATE = 10_000

    def draw(number: int) -> tuple[str, str]:
        label, ink = DRAWN[number % 3]
        body = {"recognizer": "digits", "ink": ink}
        try:
            answer = Client().post("/api/v1/predict", body, content_type="application/json").json()
        finally:
            connection.close()
        return label, answer["guesses"][0]["label"]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(draw, range(200)))
    assert all(drawn == answered for drawn, answered in answers)
