"""/accounts/: everything about one's account on one page; consent given and taken back."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User, bump_revision
from tests.accounts.helpers import PASSWORD, activate_totp, sign_in

pytestmark = pytest.mark.django_db


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    for path in ("", "consent/", "delete/", "download/", "email/", "2fa/", "password/change/", "2fa/webauthn/"):
        response = client.get(f"/accounts/{path}")
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")


def test_it_shows_address_and_state(as_ada: Client, ada: User) -> None:
    page = as_ada.get("/accounts/").content.decode()
    assert "ada@example.org" in page
    assert "not confirmed" not in page
    EmailAddress.objects.filter(user=ada).update(verified=False)
    assert not as_ada.get("/accounts/").context["confirmed"]


def test_it_shows_a_change_that_is_not_confirmed(as_ada: Client) -> None:
    as_ada.post("/accounts/email/", {"email": "lovelace@example.org", "action_add": ""})
    assert "lovelace@example.org" in as_ada.get("/accounts/").content.decode()


def test_it_shows_the_second_step(as_ada: Client) -> None:
    assert not as_ada.get("/accounts/").context["totp"]
    activate_totp(as_ada)
    shown = as_ada.get("/accounts/").context
    assert (shown["totp"], shown["recovery_codes"], shown["passkeys"]) == (True, True, 0)


def test_it_leads_to_download_deletion_and_sign_out(as_ada: Client) -> None:
    page = as_ada.get("/accounts/").content.decode()
    for path in ("/accounts/download/", "/accounts/delete/", "/accounts/logout/", "/accounts/2fa/", "/accounts/email/"):
        assert f'"{path}"' in page


def test_it_is_never_kept_by_a_browser_or_proxy(as_ada: Client) -> None:
    assert "no-store" in as_ada.get("/accounts/").headers["Cache-Control"]


def test_without_consent_it_says_so_and_one_button_gives_it(as_ada: Client, ada: User) -> None:
    page = as_ada.get("/accounts/").content.decode()
    assert 'id="consent_title"' in page
    assert 'action="/accounts/consent/"' in page
    assert as_ada.post("/accounts/consent/").headers["Location"] == "/accounts/"
    ada.refresh_from_db()
    assert ada.has_consented
    assert 'id="consent_title"' not in as_ada.get("/accounts/").content.decode()


def test_the_consent_page_shows_the_text_and_asks_only_once(as_ada: Client) -> None:
    response = as_ada.get("/accounts/consent/?next=/drawings/")
    page = response.content.decode()
    assert "accounts/consent_text.html" in [template.name for template in response.templates]
    assert '<button type="submit" class="button primary">' in page
    assert 'value="/drawings/"' in page
    as_ada.post("/accounts/consent/")
    page = as_ada.get("/accounts/consent/").content.decode()
    assert '<button type="submit" class="button primary">' not in page


def test_looking_is_not_agreeing(as_ada: Client, ada: User) -> None:
    as_ada.get("/accounts/consent/")
    assert as_ada.get("/accounts/consent/withdraw/").status_code == 405
    ada.refresh_from_db()
    assert not ada.has_consented


def test_consent_leads_back_but_never_to_another_site(as_ada: Client) -> None:
    assert as_ada.post("/accounts/consent/", {"next": "/drawings/"}).headers["Location"] == "/drawings/"
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert as_ada.post("/accounts/consent/", {"next": target}).headers["Location"] == "/accounts/"


def test_agreeing_again_keeps_the_first_date(as_alice: Client, alice: User) -> None:
    first = alice.consented_at
    as_alice.post("/accounts/consent/")
    alice.refresh_from_db()
    assert alice.consented_at == first


def test_consent_can_be_withdrawn(as_alice: Client, alice: User) -> None:
    assert 'action="/accounts/consent/withdraw/"' in as_alice.get("/accounts/").content.decode()
    as_alice.post("/accounts/consent/withdraw/")
    alice.refresh_from_db()
    assert not alice.has_consented
    assert 'id="consent_title"' in as_alice.get("/accounts/").content.decode()


def test_nobody_consents_for_somebody_else(alice: User, ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post("/accounts/consent/").status_code == 403
    ada.refresh_from_db()
    assert not ada.has_consented


def test_the_sign_in_of_a_moment_ago_is_not_enough_to_delete(client: Client, ada: User) -> None:
    sign_in(client, ada.email, PASSWORD)
    assert client.get("/accounts/delete/").headers["Location"].startswith("/accounts/reauthenticate/")


def test_a_person_saved_as_they_were_read_a_moment_ago_keeps_their_newer_revision(alice: User) -> None:
    bump_revision(alice.pk)
    bump_revision(alice.pk)
    alice.first_name = "Alice"
    alice.save()

    now = User.objects.get(pk=alice.pk)
    assert (now.first_name, now.revision) == ("Alice", 2)
