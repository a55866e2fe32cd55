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
def user(live_server: LiveServer, digits: Recognizer) -> HttpUser:
    return HttpUser(live_server.url)


def test_a_user_signs_in_draws_and_corrects(user: HttpUser, transactional_db: None) -> None:
    ada = create_user("Ada")
    user.sign_in(ada.person.email, ada.password)
    assert user.draw("digits", SEVEN, "7")["agrees"]
    assert user.predict("digits", SEVEN)["model_version"] == 1
    assert Drawing.objects.get().author == ada.person


def test_secure_cookies_are_sent_over_plain_http(user: HttpUser, settings: object) -> None:
    """Inside a container, requests do not pass the HTTPS proxy."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True  # type: ignore[attr-defined]
    ada = create_user("Ada")
    user.sign_in(ada.person.email, ada.password)
    assert "Ada" in user.ask("/accounts/") or ada.person.email in user.ask("/accounts/")


def test_a_wrong_password_is_refused(user: HttpUser) -> None:
    with pytest.raises(RefusedError, match="cannot sign in"):
        user.sign_in("ada@demo.invalid", "not the password")


def test_an_error_of_the_site_names_the_request_and_the_response(user: HttpUser) -> None:
    with pytest.raises(RefusedError, match=r"POST /api/v1/predict .*404.*unknown_recognizer"):
        user.predict("letters", SEVEN)


def test_a_page_without_a_form_is_refused(user: HttpUser) -> None:
    with pytest.raises(RefusedError, match="has no form"):
        user.submit("/healthz")


def test_a_site_that_does_not_answer_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
        with pytest.raises(RefusedError, match="does not answer"):
            HttpUser(f"http://127.0.0.1:{nobody}").ask("/healthz")
