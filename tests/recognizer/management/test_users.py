"""Creating and removing demo users."""

import pytest
from django.test import Client

from accounts.models import User
from recognizer.management.demo import users
from recognizer.models import Drawing, ModelVersion, Recognizer, SnapshotItem, TrainingRun, permissions
from recognizer.registry import promotions
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


def drawn_by(person: User, digits: Recognizer) -> Drawing:
    return Drawing.objects.create(author=person, recognizer=digits, ink=SEVEN)


def trained_version(digits: Recognizer, *drawings: Drawing) -> ModelVersion:
    """A live version trained on these drawings."""
    first = digits.versions.get(number=1)
    version = promotions.register(recognizer=digits, bundle=promotions.bundle_of(first))
    now = {"started": version.created, "finished": version.created}
    run = TrainingRun.objects.create(recognizer=digits, state="passed", trigger="a test", version=version, **now)
    label = digits.labels.get(slug="7")
    SnapshotItem.objects.bulk_create(
        SnapshotItem(run=run, drawing=drawing, label=label, part="study") for drawing in drawings
    )
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="It is better.")
    return version


def live_number(digits: Recognizer) -> int:
    newest = promotions.current_promotion(digits.pk)
    assert newest
    return newest.model_version.number


def test_a_demo_user_has_consented_and_can_sign_in(client: Client) -> None:
    ada = users.create_user("Ada")
    assert ada.person.has_consented
    assert ada.person.emailaddress_set.get().verified  # type: ignore[attr-defined]
    answer = client.post("/accounts/login/", {"login": "ada@demo.invalid", "password": ada.password})
    assert answer.status_code == 302
    assert "_auth_user_id" in client.session


def test_creating_a_demo_user_again_changes_only_the_password() -> None:
    once, again = users.create_user("Ada"), users.create_user("Ada")
    assert once.person == again.person
    assert once.password != again.password


def test_the_reviewer_has_no_other_permission() -> None:
    rosa = users.create_reviewer()
    assert permissions.may_review(rosa)
    assert rosa.get_all_permissions() == {permissions.REVIEW}
    assert not rosa.is_staff


def test_cleaning_up_removes_only_demo_users_and_their_drawings(digits: Recognizer, alice: User) -> None:
    theirs = drawn_by(users.create_user("Ada").person, digits)
    hers = drawn_by(alice, digits)
    users.create_reviewer()
    assert users.remove_users() == (2, [])
    assert set(User.objects.all()) == {alice}
    assert set(Drawing.objects.all()) == {hers} != {theirs}


def test_cleaning_up_rolls_back_versions_trained_on_demo_users(digits: Recognizer, alice: User) -> None:
    ada = users.create_user("Ada").person
    trained_version(digits, drawn_by(alice, digits))
    trained_version(digits, drawn_by(alice, digits), drawn_by(ada, digits))
    trained_version(digits, drawn_by(ada, digits))
    _, (back,) = users.remove_users()
    assert back.model_version.number == live_number(digits) == 2


def test_a_version_not_trained_on_demo_users_stays_live(digits: Recognizer, alice: User) -> None:
    trained_version(digits, drawn_by(users.create_user("Ada").person, digits))
    trained_version(digits, drawn_by(alice, digits))
    assert users.remove_users() == (1, [])
    assert live_number(digits) == 3
