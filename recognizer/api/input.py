"""Reads API requests: body parsers with size limits, the fields of each body, and the drawing in it.

Each field of a request is one attribute of a class below, with its type, limits and description. Requests are checked
with it, in the order of the attributes, and the OpenAPI document takes the schema from it (see `openapi.schemas`). The
docstrings of these classes are in the document, too.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import reprlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import IO, Annotated, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from accounts.models import ApiKey
from ml.preprocessing.content import Content
from ml.preprocessing.image_limits import MAX_IMAGE_BYTES, ImageError
from ml.preprocessing.ink import InkError
from recognizer.api.authentication import uses_session
from recognizer.api.errors import ApiError, error_body
from recognizer.api.names import LISTS, check_fields, check_parameters
from recognizer.api.throttling import CountingView, PictureLimit, check_limit
from recognizer.datasets.filters import MOMENT, STATUSES
from recognizer.datasets.formats import FORMATS, MAX_LICENCE_LENGTH
from recognizer.models.prediction import LISTED_GUESSES

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)
Json = dict[str, Any]
Context = Mapping[str, Any] | None  # what DRF tells a parser about the request

MAX_JSON_BYTES = 256 * 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_MULTIPART_BYTES = MAX_IMAGE_BYTES + 64 * 1024  # the picture and the other parts of the form
MAX_DISCARDED_BYTES = 32 * 1024 * 1024
MAX_ITEMS = 256  # drawings in one batch
MAX_GUESSES = 1_000
MAX_VERSION = 2**31 - 1  # the largest integer of the database column
EXTRAS = ("codes", "embedding", "figure", "raster")

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]+;base64,", re.IGNORECASE)


# --- Body parsers ---


class LimitedJSONParser(BaseParser):
    """Strict JSON of at most 256 KB."""

    media_type = "application/json"
    max_bytes = MAX_JSON_BYTES

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Context = None) -> Any:
        """The decoded body. Raises ParseError for anything but JSON in UTF-8, and ApiError `too_large`."""
        _check_length(stream, parser_context, self.max_bytes)
        try:
            return json.loads(stream.read(), parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ParseError(_("The body is not valid JSON: it is nested too deeply.")) from error
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not valid JSON: it is not UTF-8.")) from error
        except ValueError as error:
            raise ParseError(_("The body is not valid JSON: %s") % error) from error


class BatchParser(LimitedJSONParser):
    """Strict JSON of at most 4 MB."""

    max_bytes = MAX_BATCH_BYTES


class PictureParser(BaseParser):
    """A body that is the picture itself; the other fields are in the query string."""

    media_type = "image/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Context = None) -> QueryDict:
        """The fields of the query string as a form, with the picture as `image`."""
        _check_length(stream, parser_context, MAX_IMAGE_BYTES)
        fields: QueryDict = (parser_context or {})["request"].query_params.copy()
        # Appended, not set: with an `image` in the query string there are two, which is refused.
        fields.appendlist("image", SimpleUploadedFile("picture", stream.read(MAX_IMAGE_BYTES + 1), media_type or ""))  # type: ignore[arg-type]
        return fields


class OctetStreamParser(PictureParser):
    """A picture without a content type of its own, as generated clients send it."""

    media_type = "application/octet-stream"


class LimitedMultiPartParser(MultiPartParser):
    """A form with one picture. It is read into memory, never written to disk."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Context = None) -> Any:
        """The fields and files of the form. Raises ApiError `too_large`."""
        _check_length(stream, parser_context, MAX_MULTIPART_BYTES)
        return super().parse(stream, media_type, parser_context)


DRAWING_PARSERS: list[type[BaseParser]] = [LimitedJSONParser, LimitedMultiPartParser, PictureParser]
PICTURE_PARSERS: list[type[BaseParser]] = [OctetStreamParser, PictureParser]


def check_content_length(request: Request) -> None:
    """Raise ApiError for a chunked body: WSGI gives us none of it, so its fields would be reported as missing."""
    chunked = "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH")
    if chunked and request.method in ("POST", "PUT"):
        raise ApiError("length_required")


def _check_length(stream: IO[Any], context: Context, max_bytes: int) -> None:
    length = int((context or {})["request"].META.get("CONTENT_LENGTH") or 0)
    if length <= max_bytes:
        return
    # A client that is still sending does not read the answer; it would only see a broken connection.
    remaining = min(length, MAX_DISCARDED_BYTES)
    while remaining > 0 and (chunk := stream.read(min(remaining, 64 * 1024))):
        remaining -= len(chunk)
    raise ApiError("too_large")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


# --- Fields ---


class Slug(str):
    """The permanent name of a recognizer or a label."""

    SCHEMA: Json = {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,50}$"}

    @classmethod
    def parse(cls, value: object) -> Slug:
        """Raises ValueError."""
        if isinstance(value, str) and _SLUG.fullmatch(value):
            return cls(value)
        raise ValueError(_("expected 1 to 50 letters, digits, hyphens or underscores"))


class DrawingId(UUID):
    """The client's own id of a drawing."""

    SCHEMA: Json = {
        "type": "string",
        "format": "uuid",
        "description": "A UUID made by the client, for this drawing alone. Sending both again saves no second one.",
    }

    @classmethod
    def parse(cls, value: object) -> DrawingId:
        """Raises ValueError."""
        try:
            return cls(value)  # type: ignore[arg-type]
        except (ValueError, AttributeError, TypeError) as error:
            raise ValueError(_("expected a UUID that you made; or leave the field out")) from error


class Extras(frozenset[str]):
    """What to add to an answer."""

    SCHEMA: Json = {
        "type": "array",
        "items": {"type": "string", "enum": list(EXTRAS)},
        "description": "What to add to the answer.",
    }

    @classmethod
    def parse(cls, value: object) -> Extras:
        """From a list, or a text with commas between the names. Raises ValueError."""
        if isinstance(value, str):
            value = [name.strip() for name in value.split(",")] if value else []
        if isinstance(value, list | Extras) and all(isinstance(name, str) and name in EXTRAS for name in value):
            return cls(value)
        raise ValueError(_("expected a list with any of: %s") % ", ".join(EXTRAS))


_TopK = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_GUESSES,
        description=f"Return only this many guesses, the most probable first. Default: {LISTED_GUESSES}, which is also "
        "the most that a saved answer has.",
    ),
]
_Threshold = Annotated[
    float, Meta(ge=0, le=1, description="`unsure` is true below it. Default: the threshold of the version.")
]
_AsOf = Annotated[int, Meta(ge=1, le=MAX_VERSION, description="The number of a version. Default: the live version.")]
_OnDevice = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_VERSION,
        description="The number of the version that answered on the device. The answer of this version is saved, "
        "without anybody's memory, and marked. It must have been live here once. It cannot be combined with `as_of`.",
    ),
]
_Ink = Annotated[Any, Meta(extra_json_schema={"$ref": "#/components/schemas/Ink"})]
_Image = Annotated[
    Any,
    Meta(
        extra_json_schema={"type": "string", "pattern": "^data:image/[A-Za-z0-9.+-]+;base64,"},
        description="A PNG, JPEG, WebP or BMP of at most 16 megapixels as a data URL.",
    ),
]
_Items = Annotated[
    list[Any],
    Meta(min_length=1, extra_json_schema={"maxItems": MAX_ITEMS, "items": {"$ref": "#/components/schemas/BatchItem"}}),
]


MOMENT_SCHEMA: Json = {"type": "string", "pattern": f"^{MOMENT}$"}


class DrawingBody(Struct, frozen=True, kw_only=True):
    """Send either `ink` or `image`."""

    id: DrawingId | UnsetType = UNSET
    personal: Annotated[
        bool | None, Meta(description="Use the person's memory. Default: true on the site, false with a key.")
    ] = None
    elsewhere: Annotated[bool | None, Meta(description="Look for another recognizer that is much more certain.")] = None
    keep: Annotated[bool | None, Meta(description="Save the drawing and the answer. Needed for feedback.")] = None
    top_k: _TopK | None = None
    threshold: _Threshold | None = None
    as_of: _AsOf | None = None
    on_device: _OnDevice | None = None
    include: Extras | None = None
    recognizer: Slug
    ink: _Ink = None
    image: _Image = None

    @property
    def uuid(self) -> UUID | None:
        """The id, if the client sent one."""
        return None if self.id is UNSET else self.id


KEEP_FIELDS = ("id", "recognizer", "ink", "image", "personal", "as_of", "on_device")
"""The fields of a drawing that is only saved."""

ITEM_FIELDS = ("ink", "image")
"""The fields of an item of a batch."""


class AddressFields(Struct, frozen=True, kw_only=True):
    """Fields that may be in the query string if the body leaves them out: a body that is a picture has no fields."""

    top_k: _TopK | None = None
    threshold: _Threshold | None = None
    as_of: _AsOf | None = None
    include: Extras | None = None
    recognizer: Slug | None = None


class BatchBody(Struct, frozen=True, kw_only=True):
    """The options apply to all items."""

    items: _Items
    recognizer: Slug
    top_k: _TopK | None = None
    threshold: _Threshold | None = None
    as_of: _AsOf | None = None
    include: Extras | None = None

    def contents(self) -> list[Content | Json]:
        """For each item the drawing, or the JSON of the error if it cannot be read, also of an unexpected one."""
        found: list[Content | Json] = []
        for item in self.items:
            fields = item if isinstance(item, dict) else {}
            try:
                check_fields(fields, ITEM_FIELDS)
                found.append(read_content(fields.get("ink"), fields.get("image")))
            except ApiError as error:
                found.append(error_body(error))
            except Exception:
                logger.exception("an item of a batch cannot be prepared")
                found.append(error_body(ApiError("internal_error")))
        return found


class LabelBody(Struct, frozen=True, kw_only=True):
    """What the drawing is. Send either `label` or `none_of_these`."""

    label: Slug | None = None
    none_of_these: Annotated[
        bool | None, Meta(description="True: it is none of the recognizer's labels. It is not used for training.")
    ] = None

    def chosen(self) -> str | None:
        """The slug in `label`; None for `none_of_these`. Raises ApiError unless exactly one of them is given."""
        if self.label is None and not self.none_of_these:
            text = _("Send `label` with a label's slug, or `none_of_these` as true if no label is right.")
            raise ApiError("missing_field", text, field="label")
        if self.label is not None and self.none_of_these:
            text = _("A drawing with a label cannot be none of these. Send `label` or `none_of_these`, not both.")
            raise ApiError("invalid", text, field="none_of_these")
        return self.label


class CorrectionBody(LabelBody, frozen=True, kw_only=True):
    """What the drawing is. Send either `label` or `none_of_these`."""

    origin: Annotated[
        Literal["round"] | None,
        Meta(description="`round`: the label is what a round asked the person to draw. It is always reviewed."),
    ] = None


class FeedbackBody(LabelBody, frozen=True, kw_only=True):
    """Send one of `label`, `correct` and `none_of_these`."""

    correct: Annotated[bool | None, Meta(description="True: the first guess is right.")] = None


_SlugText = Annotated[str, Meta(extra_json_schema=Slug.SCHEMA)]
_Moment = Annotated[str, Meta(extra_json_schema=MOMENT_SCHEMA)]
_Status = Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]
_Version = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_VERSION})]
_Licence = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_LICENCE_LENGTH})]


class ExportBody(Struct, frozen=True, kw_only=True):
    """Which drawings, and in which format. Fields that are left out do not filter."""

    format: Annotated[str, Meta(extra_json_schema={"enum": list(FORMATS)})]
    licence: Annotated[_Licence | None, Meta(description="Your licence statement. It is written into the file.")] = None
    recognizer: _SlugText | None = None
    label: Annotated[
        _SlugText | None, Meta(description="The reviewer's label, else the author's. Needs `recognizer`.")
    ] = None
    since: Annotated[
        _Moment | None,
        Meta(description="Saved at this moment or later. A day alone is its first moment where the site is."),
    ] = None
    until: Annotated[
        _Moment | None,
        Meta(
            description="Saved before this moment. Deprecated: a day alone where the site is. It is included here, "
            "unlike elsewhere."
        ),
    ] = None
    status: Annotated[list[_Status] | None, Meta(description="Drawings in any of these states.")] = None
    version: Annotated[_Version | None, Meta(description="The version that answered first. Needs `recognizer`.")] = None

    def filters(self) -> dict[str, Any]:
        """The filters as texts, as `DrawingFilter.parse` takes them."""
        values = msgspec.structs.asdict(self)
        return {**values, "version": "" if self.version is None else str(self.version)}


# --- Reading ---


def read_body(kind: type[T], data: Any, defaults: Mapping[str, Any] | None = None) -> T:
    """The fields of a decoded JSON body, a form or a query string.

    Null means the same as leaving the field out, but for `id`. In forms and query strings numbers and booleans are
    texts. Raises ApiError for a field that does not exist, else for the first one, in the order of the class, that is
    missing or invalid.
    """
    if not isinstance(data, dict):
        names = ", ".join(f"`{name}`" for name in kind.__struct_fields__)
        raise ApiError("invalid", _("The body must be a JSON object. Its fields are: %s.") % names)
    check_fields(data, kind.__struct_fields__)
    is_form = isinstance(data, QueryDict)
    values: Json = dict(defaults) if defaults else {}
    for field in _fields(kind):
        value = data.get(field.name)
        if value is None and (field.null_is_missing or field.name not in data):
            continue
        if isinstance(data, QueryDict) and field.name in LISTS:
            value = ",".join(map(str, data.getlist(field.name)))
        if is_form and field.from_text and isinstance(value, str):
            value = field.from_text(value)
        values[field.name] = value
    try:
        return msgspec.convert(values, kind, dec_hook=lambda of, value: of.parse(value))
    except msgspec.ValidationError as error:
        raise _field_error(kind, values, str(error)) from error
    except UnicodeEncodeError as error:
        name = next((name for name, value in values.items() if not _is_encodable(value)), None)
        text = _("`%s` must be text: it has half of a surrogate pair, which is no character.") % name
        raise ApiError("invalid", text, field=name) from error


def _is_encodable(value: object) -> bool:
    """Whether a value has no half of a surrogate pair, which JSON can write as `\\ud800` and UTF-8 cannot."""
    try:
        msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:
        return False
    return True


def read_drawing(
    view: CountingView, request: Request, names: tuple[str, ...] = DrawingBody.__struct_fields__
) -> tuple[DrawingBody, Content]:
    """The fields and the drawing of a request. Raises ApiError and Throttled. `names`: the fields that it may have.

    A picture counts against its limit before it is decoded. Where the request does not say, `as_of` is the version that
    its key is pinned to, and `personal` is whether it comes from a page of the site.
    """
    data, defaults = request.data, None
    if isinstance(data, dict):
        check_fields(data, names)
        if data.get("image") is not None:
            check_limit(PictureLimit(), request, view)
    if request.META.get("QUERY_STRING") and not _is_picture(request):  # the fields of a picture are all from there
        check_parameters(request.query_params, [each for each in names if each in AddressFields.__struct_fields__])
        address = read_body(AddressFields, request.query_params)
        defaults = {name: value for name, value in msgspec.structs.asdict(address).items() if value is not None}
    body = read_body(DrawingBody, data, defaults)
    if body.on_device is not None and body.as_of is not None:
        text = _("`on_device` and `as_of` both name the version whose answer is saved. Leave out one of them.")
        raise ApiError("invalid", text, field="as_of")
    content = read_content(body.ink, body.image)
    as_of = body.as_of or pinned_version(request, body.recognizer)
    personal = uses_session(request) if body.personal is None else body.personal
    return msgspec.structs.replace(body, as_of=as_of, personal=personal), content


def read_batch(data: Any) -> BatchBody:
    """A batch; its items are not read yet. Raises ApiError."""
    items = data.get("items") if isinstance(data, dict) else None
    if isinstance(items, list) and len(items) > MAX_ITEMS:
        text = _("The batch has %(count)d items; at most %(most)d are allowed. Send them in several requests.")
        raise ApiError("too_many_items", text % {"count": len(items), "most": MAX_ITEMS}, field="items")
    return read_body(BatchBody, data)


def read_correction(data: Any) -> tuple[str | None, str]:
    """The slug in `label`, or None for `none_of_these`; and the origin, or "".

    Raises ApiError unless exactly one of `label` and `none_of_these` is given.
    """
    body = read_body(CorrectionBody, data if isinstance(data, dict) else {})
    return body.chosen(), body.origin or ""


def read_feedback(data: Any) -> FeedbackBody:
    """Feedback, in which `correct` may be true only if nothing else is said. Raises ApiError."""
    body = read_body(FeedbackBody, data if isinstance(data, dict) else {})
    if body.correct is False or (body.correct and (body.label is not None or body.none_of_these)):
        text = _("Send `correct` as true if the first guess is right, otherwise only `label` or `none_of_these`.")
        raise ApiError("invalid", text, field="correct")
    return body


def read_content(ink: Any, image: Any) -> Content:
    """The drawing from a body's `ink` or `image`, of which exactly one must be given. Raises ApiError."""
    if (ink is None) == (image is None):
        raise ApiError("missing_field", _("Send either `ink` (a list of strokes) or `image` (a picture)."), field="ink")
    try:
        return Content.from_ink(ink) if image is None else Content.from_image(_image_bytes(image))
    except InkError as error:
        raise ApiError(error.code, str(error), field="ink") from error
    except ImageError as error:
        raise ApiError(error.code, str(error), field="image") from error


def pinned_version(request: Request, recognizer: str) -> int | None:
    """The version that the request's key always uses for this recognizer."""
    key: ApiKey | None = request.auth  # type: ignore[assignment]
    return key.pins.get(recognizer) if key else None


def _is_picture(request: Request) -> bool:
    return (request.content_type or "").lower().startswith(("image/", "application/octet-stream"))


class _Field(NamedTuple):
    name: str
    required: bool
    null_is_missing: bool
    from_text: Callable[[str], Any] | None  # None: stays a text


@cache
def _fields(kind: type[Struct]) -> list[_Field]:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101
    fields = []
    for field in info.fields:
        readers = [_FROM_TEXT[type(each)] for each in _plain_types(field.type) if type(each) in _FROM_TEXT]
        null_is_missing = field.required or field.default is None
        fields.append(_Field(field.name, field.required, null_is_missing, readers[0] if readers else None))
    return fields


def _plain_types(of: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """The alternatives of a type, without their descriptions."""
    if isinstance(of, msgspec.inspect.Metadata):
        return _plain_types(of.type)
    if isinstance(of, msgspec.inspect.UnionType):
        return [plain for each in of.types for plain in _plain_types(each)]
    return [of]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


_FROM_TEXT: dict[type, Callable[[str], Any]] = {
    msgspec.inspect.BoolType: lambda text: {"true": True, "false": False}.get(text, text),
    msgspec.inspect.IntType: lambda text: int(text[:12]) if text.isascii() and text.isdecimal() else text,
    msgspec.inspect.FloatType: _number,
}


def _field_error(kind: type[Struct], values: Json, problem: str) -> ApiError:
    """The API's error for msgspec's ``Expected `int`, got `str` - at `$.top_k` ``."""
    reason, _at, path = problem.partition(" - at `$.")
    name = re.split(r"\W", path, maxsplit=1)[0]
    for field in _fields(kind):
        if field.required and field.name not in values:
            return ApiError("missing_field", _("`%s` is missing.") % field.name, field=field.name)
        if field.name == name:
            break
    shown = {"field": name, "value": reprlib.repr(values[name]), "reason": reason[:1].lower() + reason[1:]}
    return ApiError("invalid", _("`%(field)s` must not be %(value)s: %(reason)s.") % shown, field=name)


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
