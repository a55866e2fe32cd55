"""Going back: to the version before, step by step, and never to and fro."""

import pytest

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import ModelVersion, Promotion, Recognizer
from recognizer.registry import promotions, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def third(digits: Recognizer, starter: Bundle) -> ModelVersion:
    """Versions 2 and 3 were promoted, one after the other."""
    return [promote(promotions.register(recognizer=digits, bundle=starter)) for _ in range(2)][-1].model_version


def promote(version: ModelVersion) -> Promotion:
    return promotions.promote(
        version=version, replaces=promotions.current_promotion(version.recognizer_id), reason="test"
    )


def back(digits: Recognizer, by: User | None = None) -> int:
    return promotions.roll_back(recognizer=digits, reason="worse", by=by).model_version.number


def test_a_rollback_is_one_more_promotion_with_its_reason(digits: Recognizer, third: ModelVersion, alice: User) -> None:
    promotion = promotions.roll_back(recognizer=digits, reason="It mixes up 1 and 7", by=alice)
    assert (promotion.model_version.number, promotion.reason, promotion.by) == (2, "It mixes up 1 and 7", alice)
    assert Promotion.objects.count() == 4
    assert serving.live_version("digits").version.number == 2


def test_rolling_back_twice_goes_back_two_versions(digits: Recognizer, third: ModelVersion) -> None:
    assert [back(digits), back(digits)] == [2, 1]


def test_there_is_nothing_before_the_first(digits: Recognizer) -> None:
    with pytest.raises(promotions.NothingBeforeError):
        back(digits)


def test_what_was_rolled_back_is_not_what_a_rollback_brings_back(
    digits: Recognizer, third: ModelVersion, starter: Bundle
) -> None:
    back(digits)
    fourth = promote(promotions.register(recognizer=digits, bundle=starter)).model_version
    assert fourth.number == 4
    assert back(digits) == 2


def test_promoting_an_old_version_by_hand_goes_back_to_it(digits: Recognizer, third: ModelVersion) -> None:
    promote(ModelVersion.objects.get(number=1))
    with pytest.raises(promotions.NothingBeforeError):
        back(digits)


def test_it_is_known_which_versions_were_rolled_back(digits: Recognizer, third: ModelVersion, starter: Bundle) -> None:
    waiting = promotions.register(recognizer=digits, bundle=starter)
    back(digits)
    told = {version.number: promotions.was_rolled_back(version) for version in ModelVersion.objects.all()}
    assert told == {1: False, 2: False, 3: True, waiting.number: False}
    promote(third)
    assert not promotions.was_rolled_back(third)


def test_a_bundle_comes_back_as_it_was_registered(digits: Recognizer, starter: Bundle) -> None:
    version = ModelVersion.objects.get()
    kept = promotions.bundle_of(version)
    assert (kept.manifest, kept.tflite, kept.keras) == (starter.manifest, starter.tflite, starter.keras)
    assert kept.rehearsal == starter.rehearsal


def test_the_active_version_is_held_without_what_serving_does_not_need(digits: Recognizer) -> None:
    held = serving.live_version("digits").version
    assert {"tflite", "keras", "rehearsal"} <= held.get_deferred_fields()
