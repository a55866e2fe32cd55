"""Finds and ends sessions of a person, also those in which a sign-in or sign-up is not finished."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings

from accounts.models import User


def sign_ins(person: User) -> list[datetime | None]:
    """When each session of the person began, the newest first; None where that is not known."""
    began = [_began(data) for _session, data in _sessions_of(person) if "_auth_user_id" in data]
    return sorted(began, key=lambda when: when.timestamp() if when else 0, reverse=True)


def end_sessions(person: User, *, but: str | None = None) -> None:
    """Delete the person's sessions, but not the one with the key `but`."""
    for session, _data in _sessions_of(person):
        if session.session_key != but:
            session.delete()


def forget_address(address: str) -> None:
    """Take an address out of all sessions, for example of people who tried to sign up with it."""
    pattern = address_pattern(address)
    for session, data in _sessions():
        named = [name for name, value in data.items() if pattern.search(json.dumps(value, ensure_ascii=False))]
        for name in named:
            del session[name]
        if named:
            session.save()


def address_pattern(address: str) -> re.Pattern[str]:
    """Finds an address in a text, whatever its case, but not as the end or the beginning of another one."""
    return re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", re.IGNORECASE)


def _sessions_of(person: User) -> Iterator[tuple[Any, dict[str, Any]]]:
    pk, pending = str(person.pk), user_pk_to_url_str(person)
    for session, data in _sessions():
        login = data.get("account_login") or {}
        if data.get("_auth_user_id") == pk or login.get("user_pk") == pending:
            yield session, data


def _sessions() -> Iterator[tuple[Any, dict[str, Any]]]:
    """All sessions with their data. The data is signed, so each has to be decoded (about 30 µs)."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in store.get_model_class().objects.iterator(chunk_size=1000):
        yield store(row.session_key), row.get_decoded()


def _began(data: dict[str, Any]) -> datetime | None:
    records = data.get("account_authentication_methods") or [{}]
    at = records[0].get("at")
    return datetime.fromtimestamp(at, UTC) if at else None
