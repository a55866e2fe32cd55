"""Sorting: which corrections a reviewer wants to be shown, and in what order, as the address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from recognizer.models import Label, ModelVersion, Recognizer
from recognizer.review.queue import Wanted

MOST = 2**31 - 1  # that a number in the address can be
OLDEST = "oldest"


@dataclass(frozen=True)
class Sorting:
    """What can be chosen, and what is. What the address should not ask for counts as nothing asked."""

    wanted: Wanted
    recognizers: list[Recognizer]
    versions: list[ModelVersion]  # of the chosen recognizer, the newest first

    @classmethod
    def read(cls, query: Mapping[str, Any], *, staff: bool) -> Sorting:
        """From the address, in at most three queries. Only staff may ask for the drawings of one author."""
        recognizers = list(Recognizer.objects.prefetch_related("labels"))
        recognizer = next((each for each in recognizers if each.slug == query.get("recognizer")), None)
        labels = list(recognizer.labels.all()) if recognizer else []
        versions = list(recognizer.versions.defer(*ModelVersion.HEAVY)) if recognizer else []
        wanted = Wanted(
            recognizer=recognizer,
            label=next((each for each in labels if each.slug == query.get("said")), None),
            version=next((each for each in versions if str(each.number) == query.get("version")), None),
            author=number(query.get("author")) if staff else None,
            oldest=query.get("order") == OLDEST,
        )
        return cls(wanted, recognizers, versions)

    @property
    def labels(self) -> list[Label]:
        """Of the chosen recognizer."""
        return list(self.wanted.recognizer.labels.all()) if self.wanted.recognizer else []

    @property
    def asked(self) -> dict[str, str]:
        """What is chosen, as the address says it."""
        wanted = self.wanted
        found = {
            "recognizer": wanted.recognizer.slug if wanted.recognizer else "",
            "said": wanted.label.slug if wanted.label else "",
            "version": str(wanted.version.number) if wanted.version else "",
            "author": str(wanted.author) if wanted.author is not None else "",
            "order": OLDEST if wanted.oldest else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        """The same as a query string, for links."""
        return self.but()

    def but(self, **changed: str) -> str:
        """The query string with something else chosen."""
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in {**self.asked, **changed}.items() if value})
        return query.urlencode()

    @property
    def narrowed(self) -> str:
        """What is chosen besides the recognizer, in words; empty where nothing is."""
        wanted = self.wanted
        words = [str(wanted.label)] if wanted.label else []
        words += [str(wanted.version)] if wanted.version else []
        words += [_("author %(number)d") % {"number": wanted.author}] if wanted.author is not None else []
        words += [_("oldest first")] if wanted.oldest else []
        return ", ".join(words)


def number(words: Any) -> int | None:
    """A whole number that a database can look for; None for anything else."""
    found = int(words) if isinstance(words, str) and words.isascii() and words.isdecimal() and len(words) < 12 else -1
    return found if 0 <= found <= MOST else None


def numbers(words: list[str]) -> list[int]:
    """Those that are numbers, each once."""
    found = (number(each) for each in words)
    return list(dict.fromkeys(each for each in found if each is not None))
