"""The admin action that leads to the page for excluding authors."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models import permissions

MAX_ROWS = 200  # at once, because their ids are in the address


class ExcludeAuthorsMixin(admin.ModelAdmin):
    """Adds the action to a list of drawings, corrections or people."""

    actions = ["exclude_authors"]
    exclude_parameter = ""  # what the page calls the ids of these rows

    def has_exclude_permission(self, request: HttpRequest) -> bool:
        """Reviewers."""
        return permissions.may_review(cast(User, request.user))

    @admin.action(description=_("Exclude these authors from training"), permissions=["exclude"])
    def exclude_authors(self, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
        """Redirect to the page that shows what this changes and asks for a reason."""
        ids = list(chosen.values_list("pk", flat=True))
        if len(ids) > MAX_ROWS:
            self.message_user(request, _("Choose at most %d at once.") % MAX_ROWS, messages.WARNING)
            return None
        return redirect(f"{reverse('exclude-author')}?{urlencode([(self.exclude_parameter, pk) for pk in ids])}")
