"""Reads query strings, ids and paths. A value that is not valid counts as not given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LARGEST_ID = 2**31 - 1


class IdField(forms.IntegerField):
    """An optional id of a database row."""

    def __init__(self) -> None:
        super().__init__(required=False, min_value=0, max_value=LARGEST_ID)

    def to_python(self, value: Any) -> int | None:
        """Accept the digits 0 to 9 only."""
        return super().to_python(value if str(value).isascii() else "x")


class QueryForm(forms.Form):
    """A form that reads a query string. Every field has to be optional."""

    @cached_property
    def values(self) -> dict[str, Any]:
        """The value of each field, None where it is not valid."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) for name in self.fields}


def read_id(text: str | None) -> int | None:
    """The id that the text gives, None where it gives none."""
    try:
        found: int | None = _ID.clean(text)
    except ValidationError:
        return None
    return found


def read_uuid(text: str) -> UUID | None:
    """The UUID that the text gives, None where it gives none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def read_ids(texts: Iterable[str]) -> list[int]:
    """The ids among the texts, in their order and each once."""
    return list(dict.fromkeys(found for text in texts if (found := read_id(text)) is not None))


def read_path(request: HttpRequest, text: str, default: str) -> str:
    """The path that the text gives if it is one of this site, else the default."""
    safe = url_has_allowed_host_and_scheme(text, {request.get_host()}, require_https=request.is_secure())
    return text if safe and text.startswith("/") else default


_ID = IdField()
