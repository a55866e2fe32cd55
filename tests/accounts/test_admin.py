"""/admin/accounts/: people, for staff."""

import io

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, is_in, sign_in
from tests.accounts.world import furnish

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def as_root(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def test_people_are_found_by_address_and_by_consent(as_root: Client, alice: User, ada: User) -> None:
    assert alice.email in as_root.get(f"{LIST}?q=alice").content.decode()
    page = as_root.get(f"{LIST}?consent=no").content.decode()
    assert ada.email in page
    assert alice.email not in page
    assert alice.email in as_root.get(f"{LIST}?consent=yes").content.decode()


def test_somebody_new_is_added_by_address(as_root: Client) -> None:
    data = {"email": "Carol@Example.org", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    response = as_root.post(f"{LIST}add/", data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    carol = User.objects.get(email="carol@example.org")
    assert not carol.has_consented
    client = Client()
    sign_in(client, carol.email)
    assert is_in(client)


def test_consent_and_address_belong_to_the_person(as_root: Client, ada: User) -> None:
    data = {"email": "other@example.org", "consented_at_0": "2026-01-01", "consented_at_1": "00:00", "is_active": "on"}
    response = as_root.post(f"{LIST}{ada.pk}/change/", data | {"first_name": "Ada"})
    assert response.status_code == 302
    ada.refresh_from_db()
    assert (ada.email, ada.first_name, ada.consented_at) == ("ada@example.org", "Ada", None)


def test_deleting_somebody_signs_them_out_and_takes_their_drawings(as_root: Client, as_ada: Client, ada: User) -> None:
    furnish(ada)
    as_root.post(f"{LIST}{ada.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=ada.pk).exists()
    assert not is_in(as_ada)


def test_several_at_once_are_deleted_the_same_way(as_root: Client, as_ada: Client, ada: User, bob: User) -> None:
    data = {"action": "delete_selected", "_selected_action": [str(ada.pk), str(bob.pk)], "post": "yes"}
    as_root.post(LIST, data)
    assert [user.email for user in User.objects.all()] == ["root@example.org"]
    assert not is_in(as_ada)


def test_nobody_deletes_themselves_here(as_root: Client, root: User) -> None:
    assert as_root.post(f"{LIST}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    as_root.post(LIST, {"action": "delete_selected", "_selected_action": [str(root.pk)], "post": "yes"})
    assert User.objects.filter(pk=root.pk).exists()


def test_secrets_of_second_factors_are_not_shown(as_root: Client, ada: User) -> None:
    furnish(ada)
    factor = Authenticator.objects.get(user=ada)
    for path in ("", f"{factor.pk}/change/"):
        page = as_root.get(f"/admin/mfa/authenticator/{path}")
        assert page.status_code == 200
        assert "do not tell" not in page.content.decode()


def test_a_lost_second_factor_can_be_taken_away(as_root: Client, ada: User) -> None:
    furnish(ada)
    factor = Authenticator.objects.get(user=ada)
    as_root.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()


def test_people_who_are_not_staff_are_kept_out(as_ada: Client) -> None:
    assert as_ada.get(LIST).status_code in (302, 403)


def test_createsuperuser_asks_for_an_address_only(client: Client, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "Root@Example.org", stdout=io.StringIO())
    root = User.objects.get(is_superuser=True)
    assert (root.email, root.has_consented) == ("root@example.org", False)
    sign_in(client, "root@example.org")
    assert is_in(client)
