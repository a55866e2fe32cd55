"""Thumbnails for the lists of the admin, without inline styles, which the CSP forbids."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from recognizer.drawings import thumbnails
from recognizer.models import Drawing

SIZE = 40


def thumbnail(drawing: Drawing) -> SafeString:
    """The strokes as SVG. A picture is an image element, loaded when it becomes visible, and only for reviewers."""
    if drawing.ink is None:
        address = reverse("drawing-picture", args=[drawing.uuid])
        words = '<img src="{}" width="{}" height="{}" alt="{}" loading="lazy">'
        return format_html(words, address, SIZE, SIZE, _("picture"))
    return format_html(
        '<svg viewBox="0 0 100 100" width="{}" height="{}" role="img" aria-label="{}" fill="none" '
        'stroke="currentColor" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"><path d="{}"/></svg>',
        SIZE,
        SIZE,
        _("drawing"),
        thumbnails.svg_path(drawing.ink),
    )
