"""/accounts/2fa/: authenticator app and recovery codes. Passkeys need a browser: see test_passkeys."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, activate_totp, error_codes, is_in, sign_in, totp_code

pytestmark = pytest.mark.django_db


def _codes(client: Client) -> list[str]:
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    return re.findall(r'<li[^>]* class="code">(\d+)</li>', page)


@pytest.mark.django_db(transaction=True)  # the mail goes out once it is stored
def test_a_code_from_the_app_turns_it_on_and_gives_recovery_codes(as_ada: Client, ada: User) -> None:
    activate_totp(as_ada)
    assert set(Authenticator.objects.filter(user=ada).values_list("type", flat=True)) == {"totp", "recovery_codes"}
    assert len(_codes(as_ada)) == 10
    assert ada.email in [to for message in mail.outbox for to in message.to]


def test_a_wrong_code_turns_nothing_on(as_ada: Client) -> None:
    as_ada.get("/accounts/2fa/totp/activate/")
    response = as_ada.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert error_codes(response) == {"incorrect_code"}
    assert not Authenticator.objects.exists()


def test_the_picture_to_scan_is_in_the_page_itself(as_ada: Client) -> None:
    assert b'src="data:image/svg+xml;base64,' in as_ada.get("/accounts/2fa/totp/activate/").content


def test_signing_in_then_takes_a_code(as_ada: Client, ada: User, client: Client) -> None:
    secret = activate_totp(as_ada)
    assert sign_in(client, ada.email).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": totp_code(secret)})
    assert is_in(client)


def test_a_code_may_be_typed_in_the_digits_of_a_bangla_keyboard(as_ada: Client, ada: User, client: Client) -> None:
    bangla = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
    secret = str(as_ada.get("/accounts/2fa/totp/activate/").context["form"].secret)
    turned_on = as_ada.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret).translate(bangla)})
    assert turned_on.status_code == 302
    sign_in(client, ada.email)
    client.post("/accounts/2fa/authenticate/", {"code": _codes(as_ada)[0].translate(bangla)})
    assert is_in(client)


def test_the_second_step_offers_only_what_the_person_has(as_ada: Client, ada: User, client: Client) -> None:
    activate_totp(as_ada)
    sign_in(client, ada.email)
    page = client.get("/accounts/2fa/authenticate/").content.decode()
    assert 'name="code"' in page
    assert "mfa_webauthn_authenticate" not in page


def test_a_code_works_once(as_ada: Client, ada: User) -> None:
    code = totp_code(activate_totp(as_ada))
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, ada.email)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_in(first)
    assert not is_in(second)


def test_a_code_works_once_for_as_long_as_it_is_accepted(
    as_ada: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = activate_totp(as_ada)
    start = time.time() // 30 * 30
    monkeypatch.setattr(time, "time", lambda: start + 30)  # the clock of the phone is half a minute ahead
    code = totp_code(secret)
    came_in = []
    for seconds in (1, 32, 62, 88):
        monkeypatch.setattr(time, "time", lambda at=start + seconds: at)
        client = Client()
        sign_in(client, ada.email)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        came_in.append(is_in(client))
    assert came_in == [True, False, False, False]


def test_a_recovery_code_lets_one_in_once(as_ada: Client, ada: User) -> None:
    activate_totp(as_ada)
    code = _codes(as_ada)[0]
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, ada.email)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_in(first)
    assert not is_in(second)
    assert len(_codes(as_ada)) == 9


def test_new_recovery_codes_replace_the_old(as_ada: Client) -> None:
    activate_totp(as_ada)
    old = _codes(as_ada)
    as_ada.post("/accounts/2fa/recovery-codes/generate/")
    assert not set(old) & set(_codes(as_ada))


def test_recovery_codes_can_be_taken_along_as_text(as_ada: Client) -> None:
    activate_totp(as_ada)
    response = as_ada.get("/accounts/2fa/recovery-codes/download/")
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.content.decode().split() == _codes(as_ada)


def test_it_can_be_turned_off(as_ada: Client, client: Client, ada: User) -> None:
    activate_totp(as_ada)
    as_ada.post("/accounts/2fa/totp/deactivate/")
    sign_in(client, ada.email)
    assert is_in(client)


def test_it_asks_who_it_is_first(client: Client, ada: User) -> None:
    sign_in(client, ada.email)
    for path in ("totp/activate/", "webauthn/add/"):
        asked = client.get(f"/accounts/2fa/{path}").headers["Location"]
        assert asked.startswith("/accounts/reauthenticate/?next=")
    client.post(asked, {"password": "wrong"})
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 302
    client.post(asked, {"password": PASSWORD})
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200


def test_a_passkey_is_made_for_this_site_by_name(as_ada: Client) -> None:
    options = as_ada.get("/accounts/2fa/webauthn/add/").context["js_data"]["creation_options"]["publicKey"]
    assert options["rp"] == {"id": "testserver", "name": "Inkling"}
    assert options["user"]["name"] == "ada@example.org"
