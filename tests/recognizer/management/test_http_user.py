"""The demonstration's browser, on the running site."""

import socket

import pytest
from pytest_django.live_server_helper import LiveServer

from recognizer.management.demo.http_user import HttpUser, RefusedError
from recognizer.management.demo.users import create_user
from recognizer.models import Drawing, Recognizer
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(live_server: LiveServer, digits: Recognizer) -> HttpUser:
    return HttpUser(live_server.url)


def test_it_signs_in_draws_and_says_what_it_is(visitor: HttpUser, transactional_db: None) -> None:
    ada = create_user("Ada")
    visitor.sign_in(ada.person.email, ada.password)
    assert visitor.draw("digits", SEVEN, "7")["agrees"]
    assert visitor.predict("digits", SEVEN)["model_version"] == 1
    assert Drawing.objects.get().author == ada.person


def test_secure_cookies_come_back_over_plain_http(visitor: HttpUser, settings: object) -> None:
    """Inside a container the site is asked past the proxy that speaks HTTPS."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True  # type: ignore[attr-defined]
    ada = create_user("Ada")
    visitor.sign_in(ada.person.email, ada.password)
    assert "Ada" in visitor.ask("/accounts/") or ada.person.email in visitor.ask("/accounts/")


def test_a_wrong_password_is_refused(visitor: HttpUser) -> None:
    with pytest.raises(RefusedError, match="cannot sign in"):
        visitor.sign_in("ada@demo.invalid", "not the password")


def test_an_error_of_the_site_names_the_path_and_what_was_said(visitor: HttpUser) -> None:
    with pytest.raises(RefusedError, match=r"POST /api/v1/predict was answered with 404.*unknown_recognizer"):
        visitor.predict("letters", SEVEN)


def test_a_page_without_a_form_is_refused(visitor: HttpUser) -> None:
    with pytest.raises(RefusedError, match="has no form"):
        visitor.submit("/healthz")


def test_a_site_that_is_not_there_is_refused() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
        with pytest.raises(RefusedError, match="does not answer"):
            HttpUser(f"http://127.0.0.1:{nobody}").ask("/healthz")
