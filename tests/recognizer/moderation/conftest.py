"""Authors, reviewers, and a version trained on a drawing of alice."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import Correction, ModelVersion, Recognizer, SnapshotItem, TrainingRun
from recognizer.review import decisions
from tests.ink import ONE, SEVEN
from tests.pages.conftest import as_rita, named, rita
from tests.pages.training_runs import learned
from tests.people import allow

__all__ = ["as_rita", "rita"]


@pytest.fixture
def said(digits: Recognizer, alice: User) -> list[Correction]:
    """A seven and a one of alice's, as she named them."""
    return [named(alice, SEVEN, "7"), named(alice, ONE, "1")]


@pytest.fixture
def trained(digits: Recognizer, starter: Bundle, said: list[Correction], rita: User) -> ModelVersion:
    """Version 2, which answers, and learned from alice's seven."""
    decisions.accept(correction=said[0], reviewer=rita)
    version = learned(digits, starter)
    run = TrainingRun.objects.get(version=version)
    study(run, said[0])
    return version


def study(run: TrainingRun, correction: Correction) -> None:
    """The run takes a drawing to learn from."""
    assert correction.label
    SnapshotItem.objects.create(
        run=run, drawing=correction.drawing, label=correction.label, part=SnapshotItem.Part.STUDY
    )


@pytest.fixture
def as_auditor(db: None) -> Client:
    """Somebody who may read the log and see people, and nothing else."""
    vera = User.objects.create_user("vera@example.org", "an auditor's word", is_staff=True)
    allow(vera, "view_auditentry", "view_user")
    client = Client()
    client.force_login(vera)
    return client
