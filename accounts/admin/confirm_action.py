"""A page that asks before an action changes anything."""

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
    """Whether the page was shown and its button pressed."""
    return CONFIRMED in request.POST


def confirmation_page(
    request: HttpRequest, of: admin.ModelAdmin, *, action: str, title: Any, words: Any, button: Any, rows: Iterable[Any]
) -> TemplateResponse:
    """The page: what will happen to which rows; its button sends the action again."""
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
