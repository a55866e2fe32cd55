"""NUL bytes, non-numbers and huge numbers in every address, field and action: a refusal, never a 500.

The test asks each view which names it reads, and sends odd values under each of them, as a visitor, a person, a
reviewer and a superuser. Run it on PostgreSQL too: its texts cannot hold NUL bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from accounts import keys
from accounts.models import User
from recognizer.models import (
    AuthorExclusion,
    Correction,
    Delivery,
    Drawing,
    Export,
    Recognizer,
    Report,
    TrainingRun,
    Webhook,
)
from tests.accounts import world
from tests.ink import ONE, SEVEN
from tests.pages.conftest import keep, named

ODD = [b"9" * 30, b"x", b"-1", b"1e999", b"\xed\xa0\x80", "\u0967".encode()]  # half of a character; a Devanagari one
ALONE = 2
SOME = {"report", "drawing-correction", "exclude-author", "runs", "audit", "webhooks", "accounts_user_changelist"}
IN_PATHS = ["99999999999999999999", "x", "7%00", "%ED%A0%80"]
CSRF = "a" * 32
ADMIN_NAMES = {"q", "o", "p", "all", "_popup", "_to_field", "_changelist_filters", "action", "index", "select_across"}
ADMIN_NAMES |= {"_selected_action", "id", "pk", "id__in"}


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """All patterns with the routes before them."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each, prefix + str(each.pattern))
        else:
            yield prefix, each


def furnish(person: User, reviewer: User) -> None:
    """Rows of the person and of the reviewer, for the numbers in addresses."""
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    made = keep(person, SEVEN)
    Correction.objects.create(drawing=made, label=made.recognizer.labels.get(slug="7"))
    world.taught(made, by=reviewer)
    world.recalled(made)
    world.shared(made)
    world.told(made)
    AuthorExclusion.objects.create(author=reviewer, aside=True, reason="Not by hand.", by=reviewer)
    Report.objects.create(page="/", drawing=made, reason="wrong", words="It is mine.", by=person)
    world.log(by=reviewer, about=person)
    named(person, ONE, "1")
    keys.create_key(person=person, name="Robot", scopes=["predict"])
    Group.objects.create(name="Helpers")


class Walker:
    """Sends requests as one role. Each is undone; what it breaks is collected in `broken`."""

    def __init__(self, person: User | None, rows: dict[str, Any], read: set[str]) -> None:
        self._client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if person:
            self._client.force_login(person)
        self._cookies = {name: morsel.value for name, morsel in self._client.cookies.items()} | {"csrftoken": CSRF}
        self._rows, self._read = rows, read
        self.broken: list[str] = []

    def walk(self, route: str, pattern: URLPattern) -> None:
        """Send odd values to the address of a pattern: in its path, its query and its form."""
        path = self._path(route, pattern)
        if not self._is_open(path):
            self._expect(path, "GET", b"any=%00", is_nul=True)
            return
        for method in ("GET", "POST"):
            for name in pattern.pattern.regex.groupindex:
                for value in IN_PATHS:
                    self._expect(self._path(route, pattern, {name: value}), method, b"", "%00" in value)
            names = self._names(path, method)
            with_nul: list[dict[Any, bytes]] = [{"any": b"7\0"}, {b"\0": b""}, dict.fromkeys(names | {"any"}, b"\0")]
            for fields in with_nul:
                self._expect(path, method, urlencode(fields).encode(), is_nul=True)
            for odd in ODD:
                self._expect(path, method, urlencode(dict.fromkeys(names, odd)).encode(), is_nul=False)
            for name in sorted(names):  # also alone, as an odd value can hide the others
                for odd in ODD[:ALONE]:
                    self._expect(path, method, urlencode({name: odd}).encode(), is_nul=False)

    def _is_open(self, path: str) -> bool:
        """Whether this role may get or post something there."""
        codes = {self._send(path, method, b"").status_code for method in ("GET", "POST")}
        return not codes <= {301, 302, 403, 404}

    def _path(self, route: str, pattern: URLPattern, odd: Mapping[str, str] = MappingProxyType({})) -> str:
        """The address of a pattern, with these values in its holes."""
        regex = pattern.pattern.regex.pattern if isinstance(pattern.pattern, RegexPattern) else ""
        whole = f"/{route}{regex.strip('^$').replace(':', '') or pattern.pattern}"
        for hole in pattern.pattern.regex.groupindex:
            converter = pattern.pattern.converters.get(hole)
            kind = type(converter).__name__.removesuffix("Converter").lower() if converter else "regex"
            value = odd.get(hole) or quote(str(self._rows.get(f"{pattern.name}.{hole}", self._rows[kind])))
            whole = re.sub(rf"<(\w+:)?{hole}>|\(\?P<{hole}>[^)]*\)", value, whole)
        return whole

    def _names(self, path: str, method: str) -> set[str]:
        """The names that the view reads, also those that it reads only once it has others."""
        self._read.clear()
        response = self._send(path, method, b"")
        found = getattr(response, "context", None) or {}
        filters = found["cl"].filter_specs if "cl" in found else []
        if path.startswith("/admin/") and response.status_code == 200:
            self._read |= ADMIN_NAMES | {name for each in filters for name in each.expected_parameters() if name}
        self._send(path, method, urlencode(dict.fromkeys(self._read, b"1")).encode())
        return {name for name in self._read if name.isprintable()} - {"csrfmiddlewaretoken", ""}

    def _expect(self, path: str, method: str, sent: bytes, is_nul: bool) -> None:
        response = self._send(path, method, sent)
        if response.status_code >= 500 or (is_nul and response.status_code != 400):
            why = getattr(response, "exc_info", None)
            self.broken.append(f"{response.status_code} {method} {path} {sent!r} {why and why[1]!r}")

    def _send(self, path: str, method: str, sent: bytes) -> Any:
        """The response. Whatever the request changed is undone, and so is what it did to the session."""
        self._client.cookies = SimpleCookie(self._cookies)
        with transaction.atomic():
            if method == "GET":
                response = self._client.get(f"{path}?{sent.decode()}" if sent else path)
            else:
                form = "application/x-www-form-urlencoded"
                response = self._client.post(path, sent, form, headers={"X-CSRFToken": CSRF})
            transaction.set_rollback(True)
        return response


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that were read from any query or form."""
    names: set[str] = set()

    def noting(method: Any) -> Any:
        def note(data: QueryDict, name: Any, *more: Any, **options: Any) -> Any:
            names.add(str(name))
            return method(data, name, *more, **options)

        return note

    for method in ("__getitem__", "_getlist", "__contains__"):
        monkeypatch.setattr(QueryDict, method, noting(getattr(QueryDict, method)))
    return names


@pytest.fixture
def rows(digits: Recognizer, alice: User, rita: User) -> dict[str, Any]:
    """What stands in addresses, by the kind of the hole, or by the name of the address and of the hole."""
    furnish(alice, rita)
    numbers = {
        "run": TrainingRun,
        "run-status": TrainingRun,
        "run-cancel": TrainingRun,
        "export-status": Export,
        "export-download": Export,
        "report-handle": Report,
        "review-decide": Correction,
    }
    found = {f"{name}.pk": model._default_manager.latest("pk").pk for name, model in numbers.items()}
    hook = Webhook.objects.get(person=alice)
    found |= {f"{name}.uuid": hook.uuid for name in ("webhook", "webhook-pause", "webhook-renew", "webhook-test")}
    found |= {f"{name}.uuid": hook.uuid for name in ("webhook-delete", "webhook-replay")}
    found |= {"webhook-replay.pk": Delivery.objects.get().pk, "confusion-cell.kind": "exam"}
    found |= {"confusion-cell.drawn": "1", "confusion-cell.answered": "7"}
    drawing = Drawing.objects.filter(author=alice).earliest("pk")
    return {"int": 1, "slug": "digits", "uuid": drawing.uuid, "string": "1", "path": "1", "regex": "accounts"} | found


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("role", ["visitor", "person", "reviewer", "superuser"])
def test_no_odd_value_is_a_500(
    rows: dict[str, Any], read: set[str], alice: User, rita: User, settings: Any, role: str
) -> None:
    walk(rows, read, alice, rita, settings, role)


@pytest.mark.parametrize("role", ["person", "superuser"])
def test_no_odd_value_is_a_500_on_some_pages(
    rows: dict[str, Any], read: set[str], alice: User, rita: User, settings: Any, role: str
) -> None:
    walk(rows, read, alice, rita, settings, role, SOME)


def walk(
    rows: dict[str, Any], read: set[str], alice: User, rita: User, settings: Any, role: str, names: Any = None
) -> None:
    """Walk all pages, or those with these names, as one role."""
    settings.ACCOUNT_RATE_LIMITS = False
    person = {"visitor": None, "person": alice, "reviewer": rita}.get(role, rita)
    if role == "superuser":
        User.objects.filter(pk=rita.pk).update(is_superuser=True)
    walker = Walker(person, rows, read)
    for route, pattern in patterns(get_resolver()):
        if not route.startswith("api/") and (names is None or pattern.name in names):
            walker.walk(route, pattern)
    assert not walker.broken, "\n".join(walker.broken)
