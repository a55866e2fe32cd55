"""What several views do with a request: read a drawing, find one of one's own, say why a verb refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import keys
from accounts.models import ApiKey, User
from recognizer.api.authentication import SiteSession
from recognizer.api.drawing_input import Sent, read_drawing, read_slug
from recognizer.api.errors import ApiError
from recognizer.api.options import read_options
from recognizer.api.throttling import PictureLimit, check
from recognizer.drawings import corrections, store
from recognizer.models import Correction, Drawing, Prediction, UnknownLabelError
from recognizer.registry import pinned as pins
from recognizer.registry import serving


def own_drawing(request: Request, uuid: UUID) -> Drawing:
    """A drawing of the person who asks; another's does not exist for them."""
    return get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)


def first_answer(drawing: Drawing) -> Prediction:
    """What its author was answered. Needs `with_answers()`; one that was brought in by a file may have no answer."""
    found = list(drawing.predictions.all())
    if not found:
        raise Http404
    return found[-1]


def say(drawing: Drawing, label: str) -> Correction:
    """What the author says a drawing is. Raises ApiError for a label that is none."""
    try:
        return corrections.correct(drawing=drawing, label=label)
    except UnknownLabelError as error:
        known = ", ".join(drawing.recognizer.labels.values_list("slug", flat=True))
        raise ApiError("unknown_label", _("There is no such label. Use one of: %s.") % known, field="label") from error


def read(view: APIView, request: Request) -> Sent:
    """The drawing of a request; a picture is counted before it is decoded."""
    if isinstance(request.data, dict) and request.data.get("image") is not None:
        check(PictureLimit(), request, view)
    sent = _read_with_address(request) if request.META.get("QUERY_STRING") else read_drawing(request.data)
    pinned = sent.options.as_of or pin_of(request, sent.recognizer)
    return sent if pinned is None else replace(sent, options=replace(sent.options, as_of=pinned))


def _read_with_address(request: Request) -> Sent:
    """What the body leaves out may stand in the query of the address; what stands there has to be right in any case."""
    query, data = request.query_params, request.data
    options = read_options(query)
    if "recognizer" in query:
        slug = read_slug(query, "recognizer")
        if isinstance(data, dict) and data.get("recognizer") is None:
            data = copy(data)
            data["recognizer"] = slug
    sent = read_drawing(data)
    return replace(sent, options=sent.options.or_else(options))


def pin_of(request: Request, recognizer: str) -> int | None:
    """The version that the key of a request is pinned to."""
    pins: dict[str, int] = getattr(request.auth, "pins", None) or {}
    return pins.get(recognizer)


def wants_personal(request: Request, sent: Sent) -> bool:
    """On the site a memory has its say unless its person asks for the model alone; elsewhere they have to ask."""
    on_the_site = isinstance(request.successful_authenticator, SiteSession)
    wanted = on_the_site if sent.personal is None else sent.personal
    return wanted and request.user.is_authenticated


def person_of(request: Request) -> User:
    """Whoever asks, as they are now: a key that was held, and its person, are as they were when it was looked up.

    So what is written, or told of a person, never believes the keyring. Raises NotAuthenticated, AuthenticationFailed.
    """
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not isinstance(request.auth, ApiKey):
        return request.user
    try:
        return keys.reload_key(request.auth).person
    except keys.KeyRefusedError as error:
        raise AuthenticationFailed(str(error), error.code) from error


def or_api_error(verb: Any, sent: Sent, **more: Any) -> Any:
    """Call a verb and give what it refuses a code and a status."""
    with refusals():
        return verb(recognizer=sent.recognizer, content=sent.content, as_of=sent.options.as_of, **more)


@contextmanager
def refusals() -> Iterator[None]:
    """What verbs refuse, with a code and a status."""
    try:
        yield
    except serving.UnknownRecognizerError as error:
        text = _("There is no such recognizer. GET /api/v1/recognizers lists them.")
        raise ApiError("unknown_recognizer", text, field="recognizer") from error
    except serving.NoModelError as error:
        text = _("This recognizer has no model yet. Try again later, or ask who runs the site.")
        raise ApiError("no_model", text, field="recognizer") from error
    except pins.UnknownVersionError as error:
        text = _("This recognizer has no such version. GET /api/v1/recognizers/{slug}/versions lists them.")
        raise ApiError("unknown_version", text, field="as_of") from error
    except pins.UnavailableVersionError as error:
        text = _("This version cannot answer: %(reason)s. Choose another, or none, for the one that answers now.")
        raise ApiError("version_unavailable", text % {"reason": error}, field="as_of") from error
    except store.ConsentRequiredError as error:
        text = _("Drawings are kept only with your consent. Give it on your account page.")
        raise ApiError("consent_required", text) from error
    except store.IdTakenError as error:
        raise ApiError("id_taken", _("This id is taken. Make a new UUID."), field="id") from error
