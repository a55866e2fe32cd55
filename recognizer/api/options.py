"""What a caller may ask of an answer besides the answer itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from recognizer.api.errors import ApiError

EXTRAS = ("embedding", "raster")
_NAMES = frozenset(("top_k", "threshold", "as_of", "include"))
MOST_GUESSES = 1_000
NEWEST = 2**31 - 1  # a version's number is a positive integer of the database


@dataclass(frozen=True)
class Options:
    """How the answer should look, and which version should give it.

    `top_k`: only so many guesses, the likeliest. `threshold`: the first guess is `unsure` below it, instead of below
    the version's own. `as_of`: the number of a version. `include`: some of EXTRAS.
    """

    top_k: int | None = None
    threshold: float | None = None
    as_of: int | None = None
    include: frozenset[str] = frozenset()

    def or_else(self, others: Options) -> Options:
        """These, and where they say nothing the others."""
        return Options(
            top_k=self.top_k or others.top_k,
            threshold=others.threshold if self.threshold is None else self.threshold,
            as_of=self.as_of or others.as_of,
            include=self.include or others.include,
        )

    def apply(self, said: dict[str, Any]) -> dict[str, Any]:
        """`said` has guesses and what is `unsure`; so it is as it was asked for."""
        if self.threshold is not None:
            said["unsure"] = said["guesses"][0]["probability"] < self.threshold
        if self.top_k is not None:
            said["guesses"] = said["guesses"][: self.top_k]
        return said


PLAIN = Options()


def read_options(data: Mapping[str, Any]) -> Options:
    """Out of a decoded body, or of the query of a picture. Raises ApiError."""
    if _NAMES.isdisjoint(data):
        return PLAIN
    return Options(
        top_k=_whole(data, "top_k", MOST_GUESSES),
        threshold=_share(data),
        as_of=_whole(data, "as_of", NEWEST),
        include=_extras(data),
    )


def _whole(data: Mapping[str, Any], name: str, most: int) -> int | None:
    value = data.get(name)
    if isinstance(data, QueryDict) and isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:12])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        text = _("`%(field)s` must be a whole number from 1 to %(most)d.")
        raise ApiError("invalid", text % {"field": name, "most": most}, field=name)
    return value


def _share(data: Mapping[str, Any]) -> float | None:
    value = data.get("threshold")
    if isinstance(data, QueryDict) and isinstance(value, str):
        value = _number(value)
    if value is None and data.get("threshold") is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ApiError("invalid", _("`threshold` must be a number from 0 to 1."), field="threshold")
    return float(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _extras(data: Mapping[str, Any]) -> frozenset[str]:
    value = data.get("include")
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")] if value else []
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(name, str) and name in EXTRAS for name in value):
        text = _("`include` is a list of what else to send: %s.")
        raise ApiError("invalid", text % ", ".join(EXTRAS), field="include")
    return frozenset(value)
