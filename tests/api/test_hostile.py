"""250 hostile requests get a 4xx and store nothing; tests/benchmarks/hostile.py sends 20,000."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.api.error_codes import CODES
from recognizer.models import Drawing, Prediction, Receipt
from tests.api.test_keys import program
from tests.hostile import Attack, make_attacks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


def send(client: Client, attack: Attack) -> Any:
    return client.generic("POST", attack.path, attack.body, attack.content_type, headers=attack.headers)


def test_hostile_requests_get_an_error_code_and_store_nothing(alice: User, settings: Any) -> None:
    settings.PREDICT_RATE = settings.PICTURE_RATE = settings.DRAWING_RATE = settings.DRAWINGS_PER_DAY = 10**9
    app = program(alice)
    for number, attack in enumerate(make_attacks(250)):
        answer = send(app, attack)
        if attack.may_be_answered and answer.status_code == 200:
            continue
        assert 400 <= answer.status_code < 500, (number, attack, answer.content[:300])
        problem = answer.json()
        assert set(problem) == {"code", "detail", "field", "request_id"}, (number, attack)
        assert CODES[problem["code"]].status == answer.status_code, (number, attack, problem)
        assert len(problem["detail"]) > 15, (number, attack, problem)
    assert not Drawing.objects.exists()
    assert not Prediction.objects.exists()
    assert not Receipt.objects.exists()
