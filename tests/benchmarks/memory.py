"""`python -m tests.benchmarks.memory`: what a full memory costs an answer and a new version.

One process; answers with and without the memory in turns, so that a drifting machine hurts both alike. Takes
DATABASE_URL and REDIS_URL where they are set; works in a database of its own, which it takes away again.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tests.environment  # noqa: F401
from recognizer.drawings import predict
from recognizer.registry import promotions

TURNS = 2_000
BODY = {"recognizer": "digits"}


def main() -> None:
    """Fill a memory, ask, print the table."""
    import os

    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        _report()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _report() -> None:
    from django.db import connection
    from django.test import Client

    from ml.embeddings.personal_memory import MAX_DRAWINGS
    from ml.preprocessing.content import Content
    from recognizer.models import Recognizer

    person = _person_who_said(MAX_DRAWINGS)
    _say(f"{connection.vendor}; {MAX_DRAWINGS} remembered drawings")
    _say(f"begun and read in {_catch_up(person):.2f} s; read again by another version in {_catch_up(person):.2f} s")
    inks = _inks(50)
    content = [Content.from_ink(ink) for ink in inks]
    asked = itertools.cycle(content)
    _compare(
        "recognise",
        lambda: predict.recognise(recognizer="digits", content=next(asked)),
        lambda: predict.recognise(recognizer="digits", content=next(asked), person=person),
    )
    client = Client()
    client.force_login(person)
    bodies = itertools.cycle(inks)

    def post(personal: bool) -> Any:
        body = BODY | {"ink": next(bodies), "personal": personal}
        return client.post("/api/v1/predict", body, content_type="application/json")

    _compare("POST predict", lambda: post(False), lambda: post(True))
    used = sum(post(True).json()["personal"]["used"] for _ in inks)
    _say(f"memory had a say in {used} of {len(inks)} answers of {Recognizer.objects.get()}")


def _person_who_said(count: int) -> Any:
    """Somebody who said what `count` drawings are, before there were memories."""
    from django.utils import timezone

    import ml
    from accounts.models import User
    from ml.bundles.bundle import load_bundle
    from recognizer.models import Correction, Drawing, Recognizer
    from recognizer.registry import install

    install.install(bundle=load_bundle(Path(ml.__file__).parent / "models" / "digits"))
    digits = Recognizer.objects.get()
    person = User.objects.create_user("full@example.org", consented_at=timezone.now())
    labels = list(digits.labels.all())
    made = [Drawing(author=person, recognizer=digits, ink=ink) for ink in _inks(count)]
    Drawing.objects.bulk_create(made)
    Correction.objects.bulk_create(
        Correction(drawing=each, label=labels[number % 10]) for number, each in enumerate(made)
    )
    return person


def _catch_up(person: Any) -> float:
    """Seconds from the promotion of another version to the last drawing that is read, in a worker's process."""
    import ml
    from ml.bundles.bundle import load_bundle
    from recognizer import memory
    from recognizer.models import Recognizer, Remembered
    from recognizer.registry import serving

    digits = Recognizer.objects.get()
    version = promotions.register(recognizer=digits, bundle=load_bundle(Path(ml.__file__).parent / "models" / "digits"))
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="for the benchmark")
    serving.live_version_now("digits")
    began = time.perf_counter()
    while memory.refresh_memories()[1]:
        pass
    took = time.perf_counter() - began
    assert Remembered.objects.filter(memory__person=person, version=version).count() == Remembered.objects.count() > 0
    return took


def _inks(count: int) -> list[Any]:
    import numpy as np

    from tests.recognizer.training.community import ink

    rng = np.random.default_rng(1)
    return [ink(number % 10, rng) for number in range(count)]


def _compare(what: str, plain: Callable[[], Any], personal: Callable[[], Any]) -> None:
    for _ in range(50):
        plain()
        personal()
    pairs = [(_time(plain), _time(personal)) for _ in range(TURNS)]
    for name, part in (("median", 2), ("quietest tenth", 10)):
        alone, own = (sorted(column)[TURNS // part] * 1000 for column in zip(*pairs, strict=True))
        _say(f"{what:12} {name:14} alone {alone:.3f} ms   with memory {own:.3f} ms   more: {own - alone:+.3f} ms")


def _time(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
