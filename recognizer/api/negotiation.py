"""In which form the answers come."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneForm(DefaultContentNegotiation):
    """There is one form of each answer, so a client gets it whatever its `Accept` says.

    A browser that asks for `image/png` must get the picture, and one that asks for a page the error in JSON.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first; `Accept` and `?format=` are not looked at."""
        first = next(iter(renderers))
        return first, str(first.media_type)
