"""Confirmation page for admin actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

CONFIRMED = "confirmed"
MOST_SHOWN = 20


def is_confirmed(request: HttpRequest) -> bool:
    """Whether this request comes from the confirmation page."""
    return CONFIRMED in request.POST


def confirmation_page(
    request: HttpRequest, of: admin.ModelAdmin, *, action: str, title: Any, words: Any, button: Any, rows: Iterable[Any]
) -> TemplateResponse:
    """The page that asks for confirmation. Its button sends the action again for the same rows."""
    chosen = list(rows)
    context = of.admin_site.each_context(request) | {
        "title": title,
        "words": words,
        "button": button,
        "action": action,
        "opts": of.model._meta,
        "shown": chosen[:MOST_SHOWN],
        "more": max(0, len(chosen) - MOST_SHOWN),
        "checkbox": ACTION_CHECKBOX_NAME,
        "chosen": [row.pk for row in chosen],
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
