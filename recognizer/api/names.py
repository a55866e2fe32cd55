"""Refuses fields and query parameters that do not exist, and says which one was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from django.http import QueryDict
from django.utils.translation import gettext as _

from recognizer.api.errors import ApiError

LISTS = ("include",)
"""The fields of forms and query strings that are lists: names with commas between them, or sent several times."""

_SIMILAR = 0.6  # of difflib's measure from 0 to 1: `topK` is similar to `top_k`, `size` is not


def check_fields(given: Iterable[str], known: Collection[str]) -> None:
    """Raise ApiError `unknown_field` for a field that is not known, `invalid` for one that a form has twice."""
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        text = _("There is no field %(name)s here.%(meant)s The fields are: %(known)s.")
        raise _error(text, unknown, known)
    _check_twice(given)


def check_parameters(given: QueryDict, known: Collection[str] = ()) -> None:
    """Raise ApiError `unknown_field` for a query parameter that is not known, `invalid` for one that is there twice."""
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        text = _("There is no query parameter %(name)s here.%(meant)s The query parameters are: %(known)s.")
        raise _error(text, unknown, known)
    _check_twice(given)


def meant(name: str, known: Collection[str]) -> str:
    """A sentence with the nearest of the known names, after a space; empty if none is similar."""
    near = get_close_matches(name, known, 1, _SIMILAR)
    return _(" Did you mean `%s`?") % near[0] if near else ""


def _check_twice(given: Iterable[str]) -> None:
    for name, values in given.lists() if isinstance(given, QueryDict) else ():
        if len(values) > 1 and name not in LISTS:
            text = _("`%(name)s` is there %(count)d times. Send it once.")
            raise ApiError("invalid", text % {"name": name, "count": len(values)}, field=name)


def _error(text: str, name: str, known: Collection[str]) -> ApiError:
    near = meant(name[:60].lower().replace("-", "_"), known)
    shown = {"name": ascii(name[:60]), "meant": near, "known": ", ".join(f"`{each}`" for each in known) or _("none")}
    return ApiError("unknown_field", text % shown, field=name if name.isprintable() and len(name) <= 60 else None)
