"""Every page in Bangla: no text is left in English."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.bangla import untranslated
from tests.every_page import FOR_GUESTS, FOR_PEOPLE, FOR_STAFF, signed_in

KEY_NAME = "Shop"  # as a person wrote it; an attribute cannot say its language


def _untranslated(client: Any, pages: Collection[str], site: dict[str, Any]) -> list[str]:
    client.cookies["django_language"] = "bn"
    found = []
    for path in pages:
        page = client.get(path.format(**site)).content.decode()
        assert '<html lang="bn"' in page, path
        found += [f"{path}: {text}" for text in untranslated(page.replace(KEY_NAME, "আমার কী"))]
    return found


def test_no_page_has_untranslated_texts(client: Client, site: dict[str, Any], alice: User, root: User) -> None:
    found = _untranslated(client, FOR_GUESTS.values(), site)
    found += _untranslated(signed_in(alice), FOR_PEOPLE.values(), site)
    found += _untranslated(signed_in(root), FOR_STAFF.values(), site)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>আঁকুন <b>this</b></p>", ["this"]),
        ('<p lang="en">Draw <b>this</b></p><p>PNG ও API, আঁকুন</p>', []),
        ('<img alt="A seven"><input placeholder="নাম" title="Name">', ["A seven", "Name"]),
        ('<p>৭, 8, SHA-256</p><p data-share="9"><span translate="no">404</span></p>', ["৭, 8, SHA-256"]),
        ('<p title="9">৭</p><button lang="en" aria-label="7 সাত">7</button>', ["9"]),
        ('<button aria-label="7 সাত ৯%">৭</button><button aria-label="7 সাত 9%">৭</button>', ["সাত 9%"]),
        ("<code>manage.py migrate</code> <kbd>Enter</kbd> a@example.org https://example.org/a", []),
    ],
)
def test_untranslated_texts_are_found(html: str, texts: list[str]) -> None:
    assert untranslated(html) == texts
