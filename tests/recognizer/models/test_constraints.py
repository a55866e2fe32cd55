"""What must always hold is held by the database, not by hope."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import (
    Correction,
    Drawing,
    ImmutableError,
    Label,
    ModelVersion,
    Prediction,
    Promotion,
    Recognizer,
)
from recognizer.registry import promotions
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawing(digits: Recognizer, alice: User) -> Drawing:
    return Drawing.objects.create(recognizer=digits, author=alice, ink=SEVEN)


@pytest.fixture
def seven(digits: Recognizer) -> Label:
    return digits.labels.get(slug="7")


def refused(make: Any, **fields: Any) -> bool:
    try:
        with transaction.atomic():
            make(**fields)
    except IntegrityError:
        return True
    return False


def test_a_drawing_is_ink_or_a_picture_and_never_both(digits: Recognizer, alice: User) -> None:
    both = {"recognizer": digits, "author": alice}
    assert refused(Drawing.objects.create, **both)
    assert refused(Drawing.objects.create, **both, ink=SEVEN, image=b"png")


def test_a_uuid_belongs_to_one_drawing(digits: Recognizer, alice: User, drawing: Drawing) -> None:
    assert refused(Drawing.objects.create, recognizer=digits, author=alice, ink=SEVEN, uuid=drawing.uuid)


def test_labels_do_not_share_a_slug_or_an_output(digits: Recognizer) -> None:
    assert refused(Label.objects.create, recognizer=digits, slug="7", name="again", position=99)
    assert refused(Label.objects.create, recognizer=digits, slug="x", name="again", position=7)


def test_a_version_answers_a_drawing_once(drawing: Drawing, seven: Label) -> None:
    fields = {
        "drawing": drawing,
        "model_version": ModelVersion.objects.get(),
        "guesses": [["7", 0.9]],
        "label": seven,
        "unsure": False,
    }
    Prediction.objects.create(**fields, probability=0.9)
    assert refused(Prediction.objects.create, **fields, probability=0.9)


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_is_a_share(drawing: Drawing, seven: Label, probability: float) -> None:
    version = ModelVersion.objects.get()
    assert refused(
        Prediction.objects.create,
        drawing=drawing,
        model_version=version,
        guesses=[],
        label=seven,
        unsure=False,
        probability=probability,
    )


def test_corrections_of_a_drawing_form_one_line(drawing: Drawing, seven: Label) -> None:
    first = Correction.objects.create(drawing=drawing, label=seven)
    Correction.objects.create(drawing=drawing, label=seven, replaces=first)
    assert refused(Correction.objects.create, drawing=drawing, label=seven)
    assert refused(Correction.objects.create, drawing=drawing, label=seven, replaces=first)


def test_a_first_correction_says_something(drawing: Drawing) -> None:
    assert refused(Correction.objects.create, drawing=drawing, label=None)


def test_none_of_these_is_a_first_correction_without_a_label(drawing: Drawing, seven: Label) -> None:
    assert refused(Correction.objects.create, drawing=drawing, label=seven, none_of_these=True)
    assert Correction.objects.create(drawing=drawing, label=None, none_of_these=True).pk


def test_a_stale_promotion_is_refused(digits: Recognizer, starter: Bundle) -> None:
    version = promotions.register(recognizer=digits, bundle=starter)
    first = Promotion.objects.get()
    fields = {"recognizer": digits, "model_version": version, "reason": "better"}
    Promotion.objects.create(**fields, replaces=first)
    assert refused(Promotion.objects.create, **fields, replaces=first)
    assert refused(Promotion.objects.create, **fields, replaces=None)


def test_version_numbers_are_unique_and_start_at_one(digits: Recognizer) -> None:
    kept = ModelVersion.objects.get()
    fields = {"recognizer": digits, "manifest": {}, "tflite": b"", "keras": b"", "sha256": kept.sha256}
    assert refused(ModelVersion.objects.create, **fields, number=1)
    assert refused(ModelVersion.objects.create, **fields, number=0)
    assert refused(ModelVersion.objects.create, **{**fields, "sha256": "nonsense"}, number=2)


def test_facts_cannot_be_edited(drawing: Drawing, seven: Label) -> None:
    correction = Correction.objects.create(drawing=drawing, label=seven)
    for fact in (drawing, correction, ModelVersion.objects.get(), Promotion.objects.get()):
        with pytest.raises(ImmutableError):
            fact.save()


def test_what_answers_depend_on_cannot_be_deleted(digits: Recognizer, drawing: Drawing) -> None:
    for kept in (ModelVersion.objects.get(), digits):
        with pytest.raises(ProtectedError):
            kept.delete()


def test_an_account_takes_its_drawings_with_it(alice: User, drawing: Drawing, seven: Label) -> None:
    first = Correction.objects.create(drawing=drawing, label=seven)
    Correction.objects.create(drawing=drawing, label=None, replaces=first)
    alice.delete()
    assert not Drawing.objects.exists()
    assert not Correction.objects.exists()


def test_addresses_that_differ_in_case_are_one_account(alice: User) -> None:
    assert refused(User.objects.create_user, email="ALICE@example.org")


def test_uuids_are_made_for_drawings(drawing: Drawing) -> None:
    assert isinstance(drawing.uuid, uuid.UUID)
