"""What a view behind a sign-in gets."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class PersonRequest(HttpRequest):
    """A request whose user is a person, because the view asks for a sign-in."""

    user: User
