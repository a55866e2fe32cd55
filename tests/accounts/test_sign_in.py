"""/accounts/login/ and /accounts/logout/."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, error_codes, is_in, sign_in

pytestmark = pytest.mark.django_db


def test_address_and_password_let_one_in(client: Client, ada: User) -> None:
    assert sign_in(client, ada.email).headers["Location"] == "/"
    assert is_in(client)


def test_the_address_may_be_typed_in_capitals(client: Client, ada: User) -> None:
    sign_in(client, "ADA@Example.org")
    assert is_in(client)


def test_a_wrong_password_and_an_unknown_address_read_the_same(client: Client, ada: User) -> None:
    wrong, unknown = sign_in(client, ada.email, "wrong"), sign_in(client, "nobody@example.org", "wrong")
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert error_codes(wrong) == {"email_password_mismatch"}
    assert not is_in(client)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(client: Client, ada: User) -> None:
    for _ in range(5):
        sign_in(client, ada.email, "wrong")
    response = sign_in(client, ada.email)
    assert error_codes(response) == {"too_many_login_attempts"}
    assert not is_in(client)


def test_somebody_else_is_not_held_up_by_it(client: Client, ada: User, bob: User) -> None:
    for _ in range(5):
        sign_in(Client(REMOTE_ADDR="198.51.100.1"), ada.email, "wrong")
    sign_in(client, bob.email, "another long word")
    assert is_in(client)


def _strike(header: str) -> bool:
    """Ten wrong passwords for ten accounts and one more, all by way of one proxy; whether that was too many."""
    client = Client(headers={"x-forwarded-for": header})
    for number in range(10):
        sign_in(client, f"{number}@example.org", "wrong")
    return error_codes(sign_in(client, "last@example.org", "wrong")) == {"too_many_login_attempts"}


def test_an_address_in_a_header_is_not_believed_without_a_proxy_of_ours(ada: User) -> None:
    assert _strike("198.51.100.1")
    other = Client(headers={"x-forwarded-for": "203.0.113.7"})
    assert error_codes(sign_in(other, ada.email)) == {"too_many_login_attempts"}


def test_behind_a_proxy_of_ours_each_client_counts_for_itself(ada: User, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert _strike("203.0.113.66, 198.51.100.1")
    other = Client(headers={"x-forwarded-for": "198.51.100.1, 203.0.113.7"})
    sign_in(other, ada.email)
    assert is_in(other)


def test_too_many_sign_ups_from_one_place_get_a_page_that_says_so(client: Client) -> None:
    for _ in range(20):
        client.post("/accounts/signup/", {})
    response = client.post("/accounts/signup/", {})
    assert response.status_code == 429
    assert "429.html" in [template.name for template in response.templates]


def test_the_session_gets_a_new_key_when_one_comes_in(client: Client, ada: User) -> None:
    session = client.session
    session["mine"] = True
    session.save()
    planted = session.session_key
    assert planted
    client.cookies["sessionid"] = planted
    sign_in(client, ada.email)
    assert is_in(client)
    assert client.session.session_key != planted


def test_without_staying_signed_in_the_session_ends_with_the_browser(client: Client, ada: User) -> None:
    sign_in(client, ada.email)
    assert client.session.get_expire_at_browser_close()
    stays = Client()
    sign_in(stays, ada.email, remember="on")
    assert not stays.session.get_expire_at_browser_close()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_it_never_leads_to_another_site(client: Client, ada: User, target: str) -> None:
    assert sign_in(client, ada.email, next=target).headers["Location"] == "/"


def test_it_leads_back_to_where_one_came_from(client: Client, ada: User) -> None:
    asked = client.get("/accounts/").headers["Location"]
    assert asked == "/accounts/login/?next=/accounts/"
    assert sign_in(client, ada.email, next="/accounts/").headers["Location"] == "/accounts/"


def test_a_closed_account_stays_closed(client: Client, ada: User) -> None:
    ada.is_active = False
    ada.save()
    assert sign_in(client, ada.email).headers["Location"] == "/accounts/inactive/"
    assert not is_in(client)


def test_signing_out_takes_a_click(as_ada: Client) -> None:
    as_ada.get("/accounts/logout/")
    assert is_in(as_ada)
    assert as_ada.post("/accounts/logout/").headers["Location"] == "/"
    assert not is_in(as_ada)


def test_the_admin_asks_by_the_same_door(client: Client) -> None:
    assert client.get("/admin/", follow=True).request["PATH_INFO"] == "/accounts/login/"


def test_a_superuser_made_on_the_console_comes_in(client: Client, production: Any) -> None:
    User.objects.create_superuser("Root@Example.org", PASSWORD)
    sign_in(client, "root@example.org")
    assert is_in(client)
    assert client.get("/admin/").status_code == 200
