"""Reading request bodies: the limits come before any work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from ml.preprocessing.image_limits import MAX_IMAGE_BYTES
from recognizer.api.errors import ApiError, too_large

MAX_JSON_BYTES = 256 * 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_MULTIPART_BYTES = MAX_IMAGE_BYTES + 64 * 1024  # the picture, and what is written around it
MOST_DISCARDED = 32 * 1024 * 1024


class LimitedJSONParser(BaseParser):
    """Strict JSON of at most 256 KB; too deep, too long a number or not UTF-8 is a clear 400."""

    media_type = "application/json"
    most = MAX_JSON_BYTES

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The decoded body."""
        _check_length(stream, parser_context, self.most)
        try:
            return json.loads(stream.read(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON: %(reason)s") % {"reason": _reason(error)}) from error


class BatchParser(LimitedJSONParser):
    """The same for many drawings at once: at most 4 MB."""

    most = MAX_BATCH_BYTES


class PictureParser(BaseParser):
    """A body that is the picture itself; everything else about it stands in the query of the address."""

    media_type = "image/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> QueryDict:
        """As if the query were a form, with the picture as its `image`."""
        _check_length(stream, parser_context, MAX_IMAGE_BYTES)
        fields: QueryDict = (parser_context or {})["request"].query_params.copy()
        fields["image"] = SimpleUploadedFile("picture", stream.read(MAX_IMAGE_BYTES + 1), media_type or "")  # type: ignore[assignment]
        return fields


class LimitedMultiPartParser(MultiPartParser):
    """Forms with one picture; they are read into memory, never onto the disk."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Fields and files."""
        _check_length(stream, parser_context, MAX_MULTIPART_BYTES)
        return super().parse(stream, media_type, parser_context)


CONTENT: list[type[BaseParser]] = [LimitedJSONParser, LimitedMultiPartParser, PictureParser]
"""The ways in which a drawing may come."""


def check_told(request: Request) -> None:
    """Raise ApiError for a body in chunks: WSGI gives none of it, and what is missing would be told as left out."""
    chunked = "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH")
    if chunked and request.method in ("POST", "PUT"):
        text = _("The body came in chunks, without its length. Send it in one piece, with `Content-Length`.")
        raise ApiError("length_required", text)


def _check_length(stream: IO[Any], context: Mapping[str, Any] | None, limit: int) -> None:
    request = (context or {})["request"]
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > limit:
        _discard(stream, min(length, MOST_DISCARDED))
        raise too_large()


def _discard(stream: IO[Any], left: int) -> None:
    """Let the sender finish: who is still sending does not listen, and would see a broken connection, not why."""
    while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
        left -= len(piece)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON knows")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _("it is nested too deeply.")
    if isinstance(error, UnicodeDecodeError):
        return _("it is not UTF-8.")
    return str(error)
