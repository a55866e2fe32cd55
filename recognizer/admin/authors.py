"""People as authors: what the admin of accounts, which knows nothing of drawings, cannot offer."""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from accounts.admin.people import PersonAdmin
from accounts.models import User
from recognizer import permissions
from recognizer.admin import exclude_action

admin.site.unregister(User)


@admin.register(User)
class AuthorAdmin(PersonAdmin):
    """People, and the way to set aside everything they drew."""

    actions = ("set_aside",)

    def has_set_aside_permission(self, request: HttpRequest) -> bool:
        """Reviewers."""
        return permissions.may_review(cast(User, request.user))

    @admin.action(description=gettext_lazy("Set aside everything by these people"), permissions=["set_aside"])
    def set_aside(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        """Asks on a page of its own."""
        return exclude_action.ask_to_exclude(self, request, name="person", chosen=chosen.values_list("pk", flat=True))
