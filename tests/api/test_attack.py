"""Schemathesis attacks the API by its own document; `python -m tests.benchmarks.schemathesis` does so for long."""

from typing import Any

import pytest

from accounts import keys, usage
from accounts.models import ApiKey, User
from tests.benchmarks.schemathesis import attack

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("digits")]


def test_every_address_keeps_what_the_document_promises(live_server: Any, alice: User, settings: Any) -> None:
    settings.PREDICT_RATE = settings.DRAWING_RATE = settings.PICTURE_RATE = settings.DRAWINGS_PER_DAY = 10**9
    _key, secret = keys.create_key(person=alice, name="attack", scopes=list(ApiKey.Scope.values))
    phases = ("--phases", "examples,fuzzing,stateful")
    assert attack(live_server.url, secret, *phases, "--max-examples", "4", "--seed", "7", "--no-shrink") == 0
    assert usage.usage_of(person=alice).get().calls > 50  # it came further than the door
