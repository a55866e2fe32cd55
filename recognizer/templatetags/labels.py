"""Template filters that show labels in their language, and code in sentences."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from recognizer.models import Label
from recognizer.models.label_language import language_of

register = template.Library()
_CODE = re.compile(r"`([^`]+)`")


@register.filter
def sign(label: Label | None) -> SafeString:
    """The label's glyph, or its name, with a `lang` attribute if it is not Latin."""
    return _in_its_language(str(label)) if label else SafeString("")


@register.filter
def named(label: Label | None) -> SafeString:
    """The label's name, for a sentence."""
    return _in_its_language(label.name) if label else SafeString("")


@register.filter
def both(label: Label) -> SafeString:
    """The glyph, and the name after it if the glyph is not Latin: ৭ সাত."""
    if not label.glyph or not label.language:
        return sign(label)
    return format_html("{} {}", sign(label), named(label))


def _in_its_language(words: str) -> SafeString:
    language = language_of(words)
    return format_html('<span lang="{}">{}</span>', language, words) if language else conditional_escape(words)


@register.filter
def code(sentence: str) -> SafeString:
    """A sentence with `backticks` turned into code elements."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", conditional_escape(sentence)))  # noqa: S308 - escaped above
