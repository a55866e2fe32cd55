"""Fixtures for all tests: settings, empty caches, recognizers and users.

alice owns things, bob is another user, and a plain `client` is not signed in.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import django.test
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.test import Client
from django.utils import timezone

import ml
from accounts import key_cache, usage
from accounts.models import User
from ml.bundles.bundle import Bundle, load_bundle
from recognizer import memory
from recognizer.models import Label, Recognizer
from recognizer.pages.draw import same_shape
from recognizer.registry import install, label_lists, pinned, serving, switch, version_facts
from recognizer.review import outliers
from tests import small_bundles
from tests.csrf_client import CsrfClient
from tests.every_page import root, site  # noqa: F401 - fixtures
from tests.publisher import no_network, publisher  # noqa: F401 - fixtures
from tests.recognizer.training.base_data import data_folder, words_only  # noqa: F401 - fixtures

# Every test that imports Django's client gets this one: a write with a session is checked as in production.
django.test.Client = CsrfClient  # type: ignore[misc]

settings.DELETION_LOG = ""  # tests of it name a file of their own

# Several test runs can share one Redis.
settings.CACHES["default"]["KEY_PREFIX"] = f"test-{os.getpid()}"


@receiver(connection_created)
def _reverse_unordered_rows(connection: Any, **_: Any) -> None:
    """Make SQLite reverse the rows of queries without an order, so that a test which relies on their order fails."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> None:
    """Empty PostgreSQL's tables by DELETE: TRUNCATE of fifty tables with few rows takes ten times as long."""

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        # Foreign keys are checked when all are empty.
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]  # noqa: S608

    if connection.vendor == "postgresql":
        type(connection.ops).sql_flush = sql_flush  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _plain_static_names(settings: Any) -> None:
    """Hashed names exist only after `collectstatic`."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(autouse=True)
def _empty_caches() -> Iterator[None]:
    _clear_shared_cache()
    serving.clear_cache()
    pinned.clear_cache()
    label_lists.clear_cache()
    switch.clear_cache()
    version_facts.clear_cache()
    same_shape.clear_cache()
    usage.clear_cache()
    key_cache.clear_cache()
    outliers.clear_cache()
    memory.clear_cache()  # a primary key that a test rolled back is used again
    yield
    serving.clear_cache()


def _clear_shared_cache() -> None:
    if "redis" not in settings.CACHES["default"]["BACKEND"]:
        cache.clear()
        return
    redis = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    for key in redis.scan_iter(f"{settings.CACHES['default']['KEY_PREFIX']}:*"):
        redis.delete(key)


@pytest.fixture(autouse=True)
def _no_registry_queries_by_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that counts queries looks up a live version once, and not again after half a second."""
    names = {"django_assert_num_queries", "django_assert_max_num_queries"}
    counts = names & set(request.fixturenames) or hasattr(request.module, "CaptureQueriesContext")
    if counts and "clock" not in request.fixturenames:
        monkeypatch.setattr(serving, "LOOK_EVERY", math.inf)


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    """The bundle that ships with the project."""
    return load_bundle(Path(ml.__file__).parent / "models" / "digits")


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """The shipped bundle without what only training needs, which is most of its size in the database."""
    return small_bundles.without_training_files(shipped)


@pytest.fixture
def digits(db: None, starter: Bundle) -> Recognizer:
    """The recognizer `digits` with the shipped model as version 1."""
    install.install(bundle=starter)
    return Recognizer.objects.get(slug="digits")


@pytest.fixture
def bangla_digits(digits: Recognizer, starter: Bundle) -> Recognizer:
    """A recognizer with Bangla names; it reads a 7 as ৭."""
    install.install(bundle=small_bundles.bangla_digits(starter))
    return Recognizer.objects.get(slug="bangla-digits")


@pytest.fixture
def sketches(digits: Recognizer, starter: Bundle) -> Recognizer:
    """A recognizer of thirty words, of which its model knows ten; it reads a 7 as an alarm clock."""
    install.install(bundle=small_bundles.sketches(starter))
    sketches = Recognizer.objects.get(slug="sketches")
    more = enumerate(map(small_bundles.label_of_word, small_bundles.MORE_WORDS), start=len(small_bundles.WORDS))
    Label.objects.bulk_create(Label(recognizer=sketches, position=position, **label) for position, label in more)
    return sketches


@pytest.fixture
def maths(digits: Recognizer, starter: Bundle) -> Recognizer:
    """A recognizer of ten symbols with codes, and a shape for one of them; it reads a 7 as a curved arrow."""
    install.install(bundle=small_bundles.maths(starter))
    return Recognizer.objects.get(slug="maths")


@pytest.fixture
def three(digits: Recognizer, bangla_digits: Recognizer, sketches: Recognizer) -> list[Recognizer]:
    """Three recognizers, as most sites have."""
    return [digits, bangla_digits, sketches]


@pytest.fixture
def alice(db: None) -> User:
    """The owner."""
    return User.objects.create_user("alice@example.org", "a long enough word", consented_at=timezone.now())


@pytest.fixture
def bob(db: None) -> User:
    """Somebody else."""
    return User.objects.create_user("bob@example.org", "another long word", consented_at=timezone.now())


@pytest.fixture
def as_alice(alice: User) -> Client:
    """A browser in which alice is signed in."""
    client = CsrfClient()
    client.force_login(alice)
    return client


@pytest.fixture
def as_bob(bob: User) -> Client:
    """A browser in which bob is signed in."""
    client = CsrfClient()
    client.force_login(bob)
    return client
