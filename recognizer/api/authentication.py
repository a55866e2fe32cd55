"""Who is asking."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import keys
from accounts.models import ApiKey, User
from recognizer.api.cors import check_origin

_REALM = 'Bearer realm="inkling"'


class KeyAuthentication(BaseAuthentication):
    """A program with a key of its person: `Authorization: Bearer ink_…_…`. `request.auth` is then the key."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The person and their key; None where no key is shown. Raises AuthenticationFailed, ApiError."""
        secret = bearer(request)
        if secret is None:
            return None
        plain: Any = request._request
        try:
            key = plain.shown_key = self._find(secret)
        except keys.KeyRefusedError as error:
            plain.shown_key = error.key  # so that the page that showed it may read why
            raise AuthenticationFailed(str(error), error.code) from error
        check_origin(request, key)
        keys.note_use(key=key, address=BaseThrottle().get_ident(request))
        return key.person, key

    def _find(self, secret: str) -> ApiKey:
        return keys.find_key(secret)

    def authenticate_header(self, request: Request) -> str:
        """What a program should show."""
        return _REALM if bearer(request) is None else f'{_REALM}, error="invalid_token"'


class HeldKeyAuthentication(KeyAuthentication):
    """The same for what only answers, many times a second: a key is not looked up again while it has not changed.

    Its person is then shared with other requests, as they were when it was looked up; see `asking.person_of`.
    """

    def _find(self, secret: str) -> ApiKey:
        return keys.find_cached_key(secret)


def bearer(request: HttpRequest | Request) -> str | None:
    """What stands behind `Bearer` in the request, perhaps nothing; None where it shows something else, or nothing."""
    scheme, _space, secret = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


class SiteSession(SessionAuthentication):
    """The site's own session with CSRF."""
