"""Who sends a request, and what their API key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import acting, keys
from accounts.models import ApiKey, User
from recognizer.api.cors import check_origin
from recognizer.api.errors import ApiError

if TYPE_CHECKING:
    from rest_framework.views import APIView

_CHALLENGE = 'Bearer realm="inkling"'


class KeyAuthentication(BaseAuthentication):
    """A program with an API key: `Authorization: Bearer ink_…_…`. The key is then `request.auth`."""

    find_key = staticmethod(keys.find_key)

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's person and the key; None if the request has no key. Raises AuthenticationFailed and ApiError."""
        secret = bearer_token(request)
        if secret is None:
            return None
        http_request: Any = request._request
        try:
            key = http_request.shown_key = self.find_key(secret)
        except keys.KeyRefusedError as error:
            http_request.shown_key = error.key  # the page that sent the key may read the error, see `cors`
            raise AuthenticationFailed(str(error), error.code) from error
        check_origin(request, key)
        keys.note_use(key=key, address=BaseThrottle().get_ident(request))
        return key.person, key

    def authenticate_header(self, request: Request) -> str:
        """The `WWW-Authenticate` header of a 401."""
        return _CHALLENGE if bearer_token(request) is None else f'{_CHALLENGE}, error="invalid_token"'


class CachedKeyAuthentication(KeyAuthentication):
    """The same for predictions: a key is read from the database again only after it changed.

    Its person is shared between requests and may be out of date; see `person_of`.
    """

    find_key = staticmethod(keys.find_cached_key)


class SiteSession(SessionAuthentication):
    """The session of the site's own pages. Writes need the header `X-CSRFToken`."""

    def enforce_csrf(self, request: Request) -> None:
        """Compare the header with the cookie. Raises PermissionDenied.

        Django would look for the token in the form first. That reads the body before the limits are checked, and
        leaves nothing of it for the hash of a request with an `Idempotency-Key`.
        """
        http_request: Any = request._request
        http_request.POST = QueryDict()
        super().enforce_csrf(http_request)


class ScopePermission(BasePermission):
    """Checks that the key has the scope that the view names for the method: `scopes = {"GET": "drawings"}`.

    A scope of None: any key is enough. Keys cannot use a method that is not named. Sessions may use all of them.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True. Raises ApiError `scope_missing`."""
        method = str(request.method)
        if not isinstance(request.auth, ApiKey) or method == "OPTIONS" or not hasattr(view, method.lower()):
            return True
        scopes: dict[str, str | None] = getattr(view, "scopes", {})
        name = "GET" if method == "HEAD" else method
        if name not in scopes:
            raise _scope_missing(_("API keys cannot do this. Use the site."), None)
        if (scope := scopes[name]) is not None:
            require_scope(request, scope)
        return True


class SameAccount(BasePermission):
    """Checks that a page of the site still acts for the person who is signed in (`accounts.acting`).

    Requests without the header, and requests with a key, pass.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True. Raises NotAuthenticated if the person was signed out, and ApiError `account_changed`."""
        if acting.META not in request.META or isinstance(request.auth, ApiKey):
            return True
        if request.META[acting.META] == acting.account_id(request.user):
            return True
        if not request.user.is_authenticated:
            raise NotAuthenticated
        raise ApiError("account_changed")


def require_scope(request: Request, scope: str) -> None:
    """Raise ApiError `scope_missing` if the request has a key without this scope."""
    if isinstance(request.auth, ApiKey) and scope not in request.auth.scopes:
        text = _("This key does not have the scope `%s`. Create a key that has it on your account page.")
        raise _scope_missing(text % scope, scope)


def person_of(request: Request) -> User:
    """The person who sends the request, read from the database again if their key came from the cache.

    Anything that is written for a person, or shows a person's data, needs this one.
    Raises NotAuthenticated and AuthenticationFailed.
    """
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not isinstance(request.auth, ApiKey):
        return request.user
    try:
        return keys.reload_key(request.auth).person
    except keys.KeyRefusedError as error:
        raise AuthenticationFailed(str(error), error.code) from error


def uses_session(request: Request) -> bool:
    """Whether the request comes from a page of the site."""
    return isinstance(request.successful_authenticator, SiteSession)


def bearer_token(request: HttpRequest | Request) -> str | None:
    """The text after `Bearer` in the `Authorization` header, perhaps empty; None without such a header."""
    scheme, _space, secret = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _scope_missing(detail: str, scope: str | None) -> ApiError:
    error = ApiError("scope_missing", detail)
    named = f', scope="{scope}"' if scope else ""
    error.auth_header = f'{_CHALLENGE}, error="insufficient_scope"{named}'  # type: ignore[attr-defined]
    return error
