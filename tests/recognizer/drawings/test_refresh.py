"""What the newest version says about old drawings."""

import pytest

from accounts import people
from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.drawings import refresh, store
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions, serving
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db


def promote_another(digits: Recognizer, starter: Bundle) -> int:
    version = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="test")
    serving.clear_cache()  # as after a second
    return version.number


def versions_of(drawing: Drawing) -> list[int]:
    return list(drawing.predictions.order_by("id").values_list("model_version__number", flat=True))


def test_a_newer_version_appends_its_answer(digits: Recognizer, alice: User, starter: Bundle) -> None:
    drawing = community.draw(alice, 1)[0]
    promote_another(digits, starter)
    assert refresh.refresh_predictions([drawing.pk]) == 1
    assert versions_of(drawing) == [1, 2]
    first, second = drawing.predictions.order_by("id")
    assert (first.guesses, first.unsure) == (second.guesses, second.unsure)


def test_asking_twice_appends_once(digits: Recognizer, alice: User, starter: Bundle) -> None:
    drawing = community.draw(alice, 1)[0]
    assert refresh.refresh_predictions([drawing.pk]) == 0
    promote_another(digits, starter)
    assert [refresh.refresh_predictions([drawing.pk, drawing.pk]), refresh.refresh_predictions([drawing.pk])] == [1, 0]


def test_what_is_gone_or_no_longer_agreed_to_is_passed_over(
    digits: Recognizer, alice: User, bob: User, starter: Bundle
) -> None:
    made = community.draw(alice, 2)
    theirs = community.draw(bob, 1)
    promote_another(digits, starter)
    store.delete_drawing(drawing=made[0])
    people.withdraw_consent(person=bob)
    assert refresh.refresh_predictions([*(drawing.pk for drawing in made + theirs), 0]) == 1


def test_ink_that_cannot_be_read_any_more_is_passed_over(digits: Recognizer, alice: User, starter: Bundle) -> None:
    made = community.draw(alice, 2)
    Drawing.objects.filter(pk=made[0].pk).update(ink=[])
    promote_another(digits, starter)
    assert refresh.refresh_predictions(drawing.pk for drawing in made) == 1


def test_catching_up_takes_the_newest_and_a_few_at_a_time(
    digits: Recognizer, alice: User, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = community.draw(alice, 7)
    promote_another(digits, starter)
    monkeypatch.setattr(refresh, "AT_ONCE", 2)
    monkeypatch.setattr(refresh, "CAUGHT_UP", 5)
    assert [refresh.refresh_recent() for _ in range(4)] == [2, 2, 1, 0]
    assert [versions_of(drawing) for drawing in made] == [[1]] * 2 + [[1, 2]] * 5


def test_with_nothing_new_catching_up_does_nothing(digits: Recognizer, alice: User) -> None:
    community.draw(alice, 3)
    Recognizer.objects.create(slug="empty", name="Empty")
    assert refresh.refresh_recent() == 0
    assert Prediction.objects.count() == 3
