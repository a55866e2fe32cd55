"""The language of a page: by address, cookie and browser; Bangla numerals; what stays English."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from recognizer.models import Recognizer
from recognizer.pages.numerals import to_bangla_numerals


def _language(page: Any) -> str:
    found = re.search(r'<html lang="([\w-]+)"', page.content.decode())
    assert found
    assert page.headers["Content-Language"] == found[1]
    return found[1]


def test_a_page_is_english_unless_the_browser_or_the_person_asks_for_bangla(client: Client, digits: Recognizer) -> None:
    assert _language(client.get("/")) == "en"
    assert _language(client.get("/", headers={"Accept-Language": "bn-BD,bn;q=0.9,en;q=0.5"})) == "bn"
    assert _language(client.get("/", headers={"Accept-Language": "fr"})) == "en"


def test_an_address_with_a_language_is_remembered(client: Client, digits: Recognizer) -> None:
    assert _language(client.get("/models/?lang=bn")) == "bn"
    assert _language(client.get("/privacy/")) == "bn"
    assert _language(client.get("/privacy/?lang=en", headers={"Accept-Language": "bn"})) == "en"
    assert _language(client.get("/", headers={"Accept-Language": "bn"})) == "en"


@pytest.mark.parametrize("unknown", ["", "xx", "bn-BD", "../bn", "BN"])
def test_an_unknown_language_is_ignored(client: Client, digits: Recognizer, unknown: str) -> None:
    page = client.get("/privacy/", {"lang": unknown})
    assert _language(page) == "en"
    assert "django_language" not in page.cookies


def test_caches_tell_the_languages_apart(client: Client, digits: Recognizer) -> None:
    for path in ("/", "/models/", "/privacy/", "/developers/"):
        vary = client.get(path).headers["Vary"]
        assert {"Accept-Language", "Cookie"} <= set(vary.split(", ")), path


def test_every_page_names_its_address_in_each_language(client: Client, digits: Recognizer) -> None:
    for path in ("/draw/digits/", "/models/", "/nothing/"):
        page = client.get(f"{path}?recognizer=digits&lang=bn").content.decode()
        for code in ("en", "bn"):
            query = re.escape(f"?recognizer=digits&amp;lang={code}")
            assert re.search(rf'<link rel="alternate" hreflang="{code}" href="http://[^"/]+{path}{query}">', page)
            assert re.search(rf'<a href="{query}" lang="{code}"', page)


def test_the_api_and_the_admin_stay_english(client: Client, digits: Recognizer, admin_client: Client) -> None:
    client.get("/?lang=bn")
    english = Client().get("/api/v1/recognizers").json()
    assert client.get("/api/v1/recognizers").json() == english
    wanted = client.get("/api/v1/nothing").json()["detail"]
    assert wanted.isascii()
    admin_client.get("/?lang=bn")
    assert 'lang="en"' in admin_client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>12 of 3.5%</p>", "<p>১২ of ৩.৫%</p>"),
        ('<a href="/2/" title="2 of 3">2</a>', '<a href="/2/" title="২ of ৩">২</a>'),
        (
            '<img alt="1" src="2"><input value="3" aria-label="4">',
            '<img alt="১" src="2"><input value="3" aria-label="৪">',
        ),
        ('<b lang="en" title="1">2</b><i translate="no" title="3"></i>', None),
        ('<code><a aria-label="1">2</a></code><a data-title="3"></a>', None),
        ('<meta name="description" content="5 &#x27;6">', '<meta name="description" content="৫ &#x27;৬">'),
        ('<meta property="og:image:width" content="1200">', None),
        ("<p>&#x27;5&#39; &frac12;</p>", "<p>&#x27;৫&#39; &frac12;</p>"),
        ("<code>v1 <b>2</b></code> 3", "<code>v1 <b>2</b></code> ৩"),
        ('<span lang="en">7 <br>8<img src="9"></span>1', '<span lang="en">7 <br>8<img src="9"></span>১'),
        ("<p>a1@example.org, SHA-256, 3 KB, 28×28</p>", "<p>a1@example.org, SHA-256, ৩ KB, ২৮×২৮</p>"),
        ('<p><span class="x" translate="no">12</span> 3</p>', '<p><span class="x" translate="no">12</span> ৩</p>'),
        ('<span lang="bn">7</span>', '<span lang="bn">৭</span>'),
        ('<ul lang="en"><li>1<li>2</ul>3', '<ul lang="en"><li>1<li>2</ul>৩'),
        ("<script>1</script><!-- 2 --><style>3</style><textarea>4</textarea>", None),
        ('<svg lang="en"><path d="M0 1"/><text>5</text></svg><text x="1">6</text>', None),
    ],
)
def test_bangla_pages_have_bangla_numerals(page: str, expected: str | None) -> None:
    if expected is None:
        expected = page.replace(">6<", ">৬<")
    assert to_bangla_numerals(page) == expected
