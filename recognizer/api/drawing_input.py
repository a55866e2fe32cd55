"""Reading what people send. Written by hand: it is on the way of every prediction."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _

from ml.preprocessing.content import Content
from ml.preprocessing.image_limits import MAX_IMAGE_BYTES, ImageError
from ml.preprocessing.ink import InkError
from recognizer.api.errors import ApiError
from recognizer.api.options import PLAIN, Options, read_options

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]+;base64,", re.IGNORECASE)
_TEXTS = {"true": True, "false": False}


@dataclass(frozen=True)
class Sent:
    """A drawing as it came: what was drawn, for which recognizer, and the sender's own id for it.

    `personal`: with the memory of whoever sends it, or without; None where they do not say. `elsewhere`: they also want
    to know whether another recognizer is far surer. `keep`: the drawing and its answer are to be kept.
    """

    recognizer: str
    content: Content
    uuid: UUID | None
    personal: bool | None
    elsewhere: bool = False
    keep: bool = False
    options: Options = PLAIN


def read_drawing(data: Any) -> Sent:
    """A drawing out of a decoded body: `recognizer`, `ink` or `image`, perhaps more (see `Sent`). Raises ApiError."""
    if not isinstance(data, dict):
        raise ApiError("invalid", _("Send an object with `recognizer` and either `ink` or `image`."))
    uuid, personal = _uuid(data["id"]) if "id" in data else None, _flag(data, "personal")
    elsewhere, keep = bool(_flag(data, "elsewhere")), bool(_flag(data, "keep"))
    options = read_options(data)
    return Sent(read_slug(data, "recognizer"), read_content(data), uuid, personal, elsewhere, keep, options)


def read_slug(data: Any, field: str) -> str:
    """The slug of a label or a recognizer. Raises ApiError."""
    if not isinstance(data, dict) or data.get(field) is None:
        raise ApiError("missing_field", _("`%(field)s` is missing.") % {"field": field}, field=field)
    value = data[field]
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        text = _("`%(field)s` must be a text of 1 to 50 letters, digits, hyphens or underscores.")
        raise ApiError("invalid", text % {"field": field}, field=field)
    return value


def _uuid(value: object) -> UUID:
    try:
        return UUID(value)  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError) as error:
        raise ApiError("invalid", _("`id` must be a UUID that you made, or be left out."), field="id") from error


def _flag(data: dict[str, Any], field: str) -> bool | None:
    """A form can only send texts."""
    value = data.get(field)
    if isinstance(data, QueryDict):
        value = _TEXTS.get(value, value)  # type: ignore[arg-type]
    if value is None or isinstance(value, bool):
        return value
    text = _("`%(field)s` must be true or false, or be left out.")
    raise ApiError("invalid", text % {"field": field}, field=field)


def read_content(data: dict[str, Any]) -> Content:
    """The `ink` or the `image` of a drawing. Raises ApiError."""
    ink, image = data.get("ink"), data.get("image")
    if (ink is None) == (image is None):
        raise ApiError("missing_field", _("Send either `ink` (a list of strokes) or `image` (a picture)."), field="ink")
    try:
        return Content.from_ink(ink) if image is None else Content.from_image(_image_bytes(image))
    except InkError as error:
        raise ApiError(error.code, str(error), field="ink") from error
    except ImageError as error:
        raise ApiError(error.code, str(error), field="image") from error


def _image_bytes(image: object) -> bytes:
    if isinstance(image, UploadedFile):
        return image.read(MAX_IMAGE_BYTES + 1)
    match = _DATA_URL.match(image) if isinstance(image, str) else None
    if not isinstance(image, str) or match is None:
        raise ImageError("invalid_image", _("Send the picture as a file or as a data URL: data:image/png;base64,…"))
    try:
        return base64.b64decode(image[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError("invalid_image", _("The data URL is not valid base64.")) from error
