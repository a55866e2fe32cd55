"""The type of a request in views that require sign-in."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class PersonRequest(HttpRequest):
    """A request whose user is signed in."""

    user: User
