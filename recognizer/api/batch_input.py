"""Many drawings in one body: one that cannot be read does not spoil the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ml.preprocessing.content import Content
from recognizer.api.drawing_input import read_content, read_slug
from recognizer.api.errors import ApiError, body_of
from recognizer.api.options import Options, read_options

MOST_ITEMS = 256


@dataclass(frozen=True)
class Batch:
    """The items as they came, not looked at yet; `options` go for all of them."""

    recognizer: str
    items: list[Any]
    options: Options

    @property
    def pictures(self) -> int:
        """How many pictures will have to be decoded."""
        return sum(isinstance(item, dict) and item.get("image") is not None for item in self.items)

    def contents(self) -> dict[int, Content | dict[str, Any]]:
        """What was drawn, by index; or what is wrong with it, as the API says it."""
        return {at: _content_or_problem(item) for at, item in enumerate(self.items)}


def read_batch(data: Any) -> Batch:
    """`recognizer`, `items`, and what may be asked of all answers. Raises ApiError."""
    if not isinstance(data, dict):
        raise ApiError("invalid", _("Send an object with `recognizer` and `items`, a list of drawings."))
    items = data.get("items")
    if items is None:
        raise ApiError("missing_field", _("`%(field)s` is missing.") % {"field": "items"}, field="items")
    if not isinstance(items, list) or not items:
        raise ApiError("invalid", _("`items` must be a list with at least one drawing."), field="items")
    if len(items) > MOST_ITEMS:
        text = _("There are %(count)d items; at most %(most)d are answered at once. Send them in several requests.")
        raise ApiError("too_many_items", text % {"count": len(items), "most": MOST_ITEMS}, field="items")
    return Batch(read_slug(data, "recognizer"), items, read_options(data))


def _content_or_problem(item: Any) -> Content | dict[str, Any]:
    if not isinstance(item, dict):
        item = {}
    try:
        return read_content(item)
    except ApiError as error:
        return body_of(error)
