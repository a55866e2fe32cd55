"""The way from lists of the admin to the page that asks whether authors are to be set aside."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

MAX_ROWS = 200  # rows at once: they stand in the address


def ask_to_exclude(
    of: admin.ModelAdmin, request: HttpRequest, *, name: str, chosen: Iterable[int]
) -> HttpResponse | None:
    """The page says what would be taken out, and asks for a reason; `name` is what the numbers are of."""
    numbers = list(chosen)
    if len(numbers) > MAX_ROWS:
        of.message_user(request, _("Choose at most %d at once.") % MAX_ROWS, messages.WARNING)
        return None
    return redirect(f"{reverse('exclude-author')}?{urlencode([(name, pk) for pk in numbers])}")
