"""Template filters for labels, for words that are not in the language of the page, and for code in sentences."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from recognizer.models import Label
from recognizer.models.label_language import in_page_language, language_of
from recognizer.registry.label_lists import live_glyphs

register = template.Library()
_CODE = re.compile(r"`([^`]+)`")


@register.filter
def sign(label: Any) -> SafeString:
    """The label's shape, else its glyph, or its name, with a `lang` attribute if not in the language of the page.

    A recognizer, or any other text, by its words.
    """
    if not label:
        return SafeString("")
    shape = _shape(label) if isinstance(label, Label) else None
    return shape or _in_its_language(str(label))


def _shape(label: Label) -> SafeString | None:
    """The label's shape where the live version of its recognizer has one."""
    glyphs = live_glyphs().get(label.recognizer_id)
    if glyphs is None or label.slug not in glyphs.slugs:
        return None
    shape = '<svg class="shape" role="img" aria-label="{}"><use href="{}#{}"/></svg>'
    return format_html(shape, str(label), glyphs.address, label.slug)


@register.filter
def named(label: Label | None) -> SafeString:
    """The label's name, for a sentence."""
    return _in_its_language(label.word) if label else SafeString("")


@register.filter
def both(label: Label) -> SafeString:
    """The glyph, and the name after it if the glyph is of another script than the page: ৭ সাত."""
    if not label.glyph or not label.language:
        return sign(label)
    return format_html("{} {}", sign(label), named(label))


@register.filter
def quoted(words: str) -> SafeString:
    """What a person wrote, or a name, with a `lang` attribute if it is not in the language of the page."""
    return _in_its_language(str(words))


@register.filter
def recorded(words: str) -> SafeString:
    """A reason that was stored in English: translated if the catalogue has it, else marked as English."""
    return _in_its_language(gettext(str(words)) if words else "")


@register.filter
def test_name(name: str) -> str:
    """The name of a test of a model card in the language of the page."""
    return in_page_language("test", name)


@register.simple_tag
def quoting() -> SafeString:
    """The `lang` attribute for an element with a text of the model card or of a verdict, which are in English."""
    return SafeString("" if get_language() == "en" else ' lang="en"')


def _in_its_language(words: str) -> SafeString:
    language = language_of(words)
    return format_html('<span lang="{}">{}</span>', language, words) if language else conditional_escape(words)


@register.filter
def code(sentence: str) -> SafeString:
    """A sentence with `backticks` turned into code elements."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", conditional_escape(sentence)))  # noqa: S308 - escaped above
