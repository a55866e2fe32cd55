"""What a key may do. People on the site's own pages may do all that is theirs."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiKey
from recognizer.api.errors import ApiError


class InScope(BasePermission):
    """Whether the key that is shown has the scope that a view names for the method: `scopes = {"GET": "drawings"}`.

    None as a scope: any key will do. A method that is not named is closed to keys.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or ApiError `scope_missing`."""
        method = str(request.method)
        if not isinstance(request.auth, ApiKey) or method == "OPTIONS" or not hasattr(view, method.lower()):
            return True
        scopes: dict[str, str | None] = getattr(view, "scopes", {})
        name = "GET" if method == "HEAD" else method
        if name not in scopes:
            raise _missing(_("This cannot be done with a key, only on the site."), None)
        if (scope := scopes[name]) is not None:
            demand(request, scope)
        return True


def demand(request: Request, scope: str) -> None:
    """One scope more than the method asks for, where a body asks for more. Raises ApiError `scope_missing`."""
    if isinstance(request.auth, ApiKey) and scope not in request.auth.scopes:
        text = _("This key lacks the scope `%s`. Make one that has it on your account page.")
        raise _missing(text % scope, scope)


def _missing(detail: str, scope: str | None) -> ApiError:
    error = ApiError("scope_missing", detail)
    named = f', scope="{scope}"' if scope else ""
    error.auth_header = f'Bearer realm="inkling", error="insufficient_scope"{named}'  # type: ignore[attr-defined]
    return error
