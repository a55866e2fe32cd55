"""The catalogues in locale/: nothing is untranslated, unused or fuzzy, and no placeholder is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from config.messages import CATALOGUES, collect

_PLACEHOLDERS = re.compile(r"%\(\w+\)[sdr]|%%|%[sdr](?![a-z])|\{\w+\}|</?\w[^>]*>|`[^`]*`|https?://\w[\w./-]*\w")

Key = tuple[str | None, str]


@pytest.fixture(params=CATALOGUES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return read_po(BytesIO(CATALOGUES[request.param].read_bytes()), locale=request.param)


def _key(message: Message) -> Key:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _texts(words: object) -> list[str]:
    return [words] if isinstance(words, str) else [str(each) for each in words]  # type: ignore[attr-defined]


def _placeholders(text: str) -> list[str]:
    return sorted(_PLACEHOLDERS.findall(text))


def wrong(message: Message) -> bool:
    """Whether a translation has other placeholders than its text. A singular may leave out its number."""
    singular, *plural = map(_placeholders, _texts(message.id))
    first, *others = map(_placeholders, _texts(message.string))
    allowed = (singular, *plural) if plural else (singular,)
    without_number = [
        [each for each in names if each not in ("%(counter)s", "%(number)s", "%(count)s")] for names in allowed
    ]
    return first not in ([*allowed, *without_number] if plural else allowed) or any(
        each not in allowed for each in others
    )


def test_every_text_of_the_site_is_in_the_catalogue_and_nothing_else(catalogue: Catalog) -> None:
    used = {_key(message) for message in collect(str(catalogue.locale)) if message.id}
    there = {_key(message) for message in _messages(catalogue)}
    assert used - there == set(), "run `make messages` and translate the new texts"
    assert there - used == set(), "run `make messages`, which removes unused texts"
    assert not catalogue.obsolete


def test_every_text_is_translated(catalogue: Catalog) -> None:
    missing = [message.id for message in _messages(catalogue) if not all(_texts(message.string or [""]))]
    assert missing == []
    assert [message.id for message in _messages(catalogue) if message.fuzzy] == []


def test_every_placeholder_is_in_the_translation(catalogue: Catalog) -> None:
    assert [message.id for message in _messages(catalogue) if wrong(message)] == []


@pytest.mark.parametrize(
    ("text", "translation", "is_wrong"),
    [
        ("%(a)s of %(b)s", "%(b)s / %(a)s", False),
        ("%(a)s of %(b)s", "%(a)s", True),
        ("Draw {name}", "{nam} আঁকুন", True),
        ("<b>7</b>", "<b>৭", True),
        (("One, %(number)s", "%(number)s of them"), ("একটি", "%(number)sটি"), False),
        (("One, %(number)s", "%(number)s of them"), ("একটি", "কয়েকটি"), True),
    ],
)
def test_lost_placeholders_are_found(
    text: str | tuple[str, ...], translation: str | tuple[str, ...], is_wrong: bool
) -> None:
    assert wrong(Message(text, translation)) is is_wrong
