"""The made-up people come, and go without a trace."""

import pytest
from django.test import Client

from accounts.models import User
from recognizer import permissions
from recognizer.management.demo import users
from recognizer.models import Drawing, ModelVersion, Recognizer, SnapshotItem, TrainingRun
from recognizer.registry import promotions
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


def drawn_by(person: User, digits: Recognizer) -> Drawing:
    return Drawing.objects.create(author=person, recognizer=digits, ink=SEVEN)


def taught_version(digits: Recognizer, *drawings: Drawing) -> ModelVersion:
    """A version that learned from these, and answers."""
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


def answering(digits: Recognizer) -> int:
    newest = promotions.current_promotion(digits.pk)
    assert newest
    return newest.model_version.number


def test_a_guest_can_sign_in_and_has_agreed_that_drawings_are_kept(client: Client) -> None:
    guest = users.create_user("Ada")
    assert guest.person.has_consented
    assert guest.person.emailaddress_set.get().verified  # type: ignore[attr-defined]
    answer = client.post("/accounts/login/", {"login": "ada@demo.invalid", "password": guest.password})
    assert answer.status_code == 302
    assert "_auth_user_id" in client.session


def test_a_guest_who_comes_again_is_the_same_person_with_another_password() -> None:
    once, again = users.create_user("Ada"), users.create_user("Ada")
    assert once.person == again.person
    assert once.password != again.password


def test_the_reviewer_may_review_and_nothing_else() -> None:
    rosa = users.create_reviewer()
    assert permissions.may_review(rosa)
    assert rosa.get_all_permissions() == {permissions.REVIEW}
    assert not rosa.is_staff


def test_cleaning_up_removes_them_with_their_drawings_and_nobody_else(digits: Recognizer, alice: User) -> None:
    theirs = drawn_by(users.create_user("Ada").person, digits)
    hers = drawn_by(alice, digits)
    users.create_reviewer()
    assert users.remove_users() == (2, [])
    assert set(User.objects.all()) == {alice}
    assert set(Drawing.objects.all()) == {hers} != {theirs}


def test_a_version_that_learned_from_them_answers_no_more(digits: Recognizer, alice: User) -> None:
    ada = users.create_user("Ada").person
    taught_version(digits, drawn_by(alice, digits))
    taught_version(digits, drawn_by(alice, digits), drawn_by(ada, digits))
    taught_version(digits, drawn_by(ada, digits))
    _, (back,) = users.remove_users()
    assert back.model_version.number == answering(digits) == 2


def test_a_version_that_did_not_learn_from_them_goes_on_answering(digits: Recognizer, alice: User) -> None:
    taught_version(digits, drawn_by(users.create_user("Ada").person, digits))
    taught_version(digits, drawn_by(alice, digits))
    assert users.remove_users() == (1, [])
    assert answering(digits) == 3
