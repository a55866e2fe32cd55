"""People as authors: what the admin of accounts cannot offer, because accounts knows nothing about drawings."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin.people import PersonAdmin
from accounts.models import User
from recognizer.admin.exclude_action import ExcludeAuthorsMixin

admin.site.unregister(User)


@admin.register(User)
class AuthorAdmin(ExcludeAuthorsMixin, PersonAdmin):
    """People, with the action that excludes authors."""

    exclude_parameter = "person"
