"""`python -m tests.benchmarks.memory`: what a full personal memory costs a prediction and a promotion.

One process; predictions with and without the memory in turns, so that a change in the speed of the machine affects
both. Uses DATABASE_URL and REDIS_URL if they are set; works in a database of its own, which it deletes.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tests.environment  # noqa: F401

TURNS = 2_000
BODY = {"recognizer": "digits"}


def main() -> None:
    """Fill a personal memory, measure, print the table."""
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
    from recognizer.drawings import predict
    from recognizer.models import Recognizer

    person = _person_with_drawings(MAX_DRAWINGS)
    _say(f"{connection.vendor}; {MAX_DRAWINGS} remembered drawings")
    _say(f"filled in {_refresh(person):.2f} s; embedded again for another version in {_refresh(person):.2f} s")
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
    _say(f"the memory was used in {used} of {len(inks)} predictions of {Recognizer.objects.get()}")


def _person_with_drawings(count: int) -> Any:
    """A person with `count` labelled drawings that are not in the personal memory yet."""
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


def _refresh(person: Any) -> float:
    """Promote another version; seconds until all remembered drawings are embedded, as in a worker."""
    import ml
    from ml.bundles.bundle import load_bundle
    from recognizer import memory
    from recognizer.models import Recognizer, Remembered
    from recognizer.registry import promotions, serving

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
