"""Predictions: one, saved if the client asks for it; or a batch, which is never saved."""

from __future__ import annotations

import logging
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import usage
from accounts.models import ApiKey, User
from ml.preprocessing.content import Content
from recognizer.api.authentication import CachedKeyAuthentication, SiteSession, person_of, require_scope
from recognizer.api.base import DrawingEndpoint, Endpoint
from recognizer.api.errors import ApiError, error_body
from recognizer.api.input import (
    PICTURE_PARSERS,
    BatchBody,
    BatchParser,
    DrawingBody,
    pinned_version,
    read_batch,
    read_drawing,
)
from recognizer.api.output import (
    add_codes,
    answer_json,
    apply_options,
    elsewhere_json,
    extras_json,
    figure_json,
    model_answer_json,
    saved_answer_json,
    version_json,
)
from recognizer.api.throttling import DrawingLimit, PredictLimit, check_batch, check_limit
from recognizer.api.views.drawings import first_answer, save_drawing
from recognizer.drawings import any_recognizer, other_recognizers, predict
from recognizer.registry import pinned, switch

logger = logging.getLogger(__name__)


class PredictView(DrawingEndpoint):
    """Recognise one drawing. Nothing is saved unless the person asks for it."""

    authentication_classes = [CachedKeyAuthentication, SiteSession]
    permission_classes = [AllowAny]
    picture_route = "api:predict-picture"
    scopes = {"POST": "predict"}
    reads_query = ("post",)
    limit = PredictLimit

    def writes(self, request: Request) -> bool:
        """Only with `keep`."""
        return isinstance(request.data, dict) and request.data.get("keep") in (True, "true")

    def post(self, request: Request) -> Response:
        """Ranked guesses for ink or a picture."""
        body, content = read_drawing(self, request)
        if body.keep:
            return Response(self._save(request, body, content))
        if body.on_device is not None:
            text = _(
                "`on_device` says which version answered a drawing that is saved. Send `keep` too, or leave it out."
            )
            raise ApiError("invalid", text, field="on_device")
        person = person_of(request) if body.personal and request.user.is_authenticated else None
        if body.recognizer == any_recognizer.ANY:
            return Response(self._ask_all(request, body, content, person))
        switch.check_is_on(body.recognizer)
        found = predict.recognise(recognizer=body.recognizer, content=content, person=person, as_of=body.as_of)
        answer = answer_json(found, body)
        answer = _with_extras(answer, found, content, body.include or frozenset())
        if body.elsewhere:
            better = other_recognizers.find_better_recognizer(content=content, than=found)
            answer["elsewhere"] = elsewhere_json(better, body.include or ())
        return Response(answer)

    def _ask_all(self, request: Request, body: DrawingBody, content: Content, person: User | None) -> dict[str, Any]:
        """The surest answer of all recognizers, and those that look alike."""
        if body.as_of is not None or body.elsewhere:
            field = "as_of" if body.as_of is not None else "elsewhere"
            text = _("`%s` is about one recognizer. Leave it out, or name the recognizer in place of `any`.")
            raise ApiError("invalid", text % field, field=field)
        pins = request.auth.pins if isinstance(request.auth, ApiKey) else None
        found = any_recognizer.recognise_any(content=content, person=person, pins=pins)
        answer = answer_json(found.best, body)
        include: frozenset[str] = body.include or frozenset()
        answer = _with_extras(answer, found.best, content, include)
        return {**answer, "alike": [elsewhere_json(each, include) for each in found.alike]}

    def _save(self, request: Request, body: DrawingBody, content: Content) -> dict[str, Any]:
        """Save the drawing as POST /drawings does; returns the answer with the id that feedback needs."""
        if body.recognizer == any_recognizer.ANY:
            text = _("A drawing is saved for one recognizer. Ask `any` first, then save it for the one that answered.")
            raise ApiError("invalid", text, field="recognizer")
        author = person_of(request)
        require_scope(request, "feedback")
        if body.include or body.elsewhere:
            text = _("`keep` cannot be combined with `include` and `elsewhere`. Leave out `keep`, or the other two.")
            raise ApiError("invalid", text, field="keep")
        check_limit(DrawingLimit(), request, self)
        drawing, _new = save_drawing(self, request, body, content, author)
        return apply_options(saved_answer_json(drawing, first_answer(drawing)), body)


def _with_extras(
    answer: dict[str, Any], found: predict.Answer, content: Content, include: frozenset[str]
) -> dict[str, Any]:
    """The answer with what else was asked for."""
    answer = {**answer, **extras_json(found, content, include)}
    if "codes" in include:
        answer = add_codes(answer, found.live.labels)
    return {**answer, "figure": figure_json(answer, content)} if "figure" in include else answer


class PredictPictureView(PredictView):
    """Recognise a picture: it is the body, the other fields are in the query string."""

    parser_classes = PICTURE_PARSERS
    picture_route = ""


class BatchView(Endpoint):
    """Recognise many drawings with one version, without anybody's memory. Nothing is saved."""

    authentication_classes = [CachedKeyAuthentication, SiteSession]
    permission_classes = [AllowAny]
    parser_classes = [BatchParser]
    scopes = {"POST": "predict"}
    limit = PredictLimit

    def writes(self, request: Request) -> bool:
        """Never."""
        return False

    def post(self, request: Request) -> Response:
        """An answer or an error for each item, in the order of the items."""
        batch = read_batch(request.data)
        if "figure" in (batch.include or ()):  # fitting takes far longer than recognizing
            raise ApiError("invalid", _("A batch has no figures. Ask for them one by one."), field="include")
        # Each item counts before any of them is read; the first was counted when the request arrived.
        count = len(batch.items)
        pictures = sum(isinstance(item, dict) and item.get("image") is not None for item in batch.items)
        check_batch(PredictLimit(), request, self, count=count, pictures=pictures)
        if count > 1 and isinstance(request.auth, ApiKey):
            usage.count_calls(key=request.auth, calls=count - 1)
        switch.check_is_on(batch.recognizer)
        number = batch.as_of or pinned_version(request, batch.recognizer)
        live = pinned.pinned_version(batch.recognizer, number)
        contents = batch.contents()
        readable = [content for content in contents if isinstance(content, Content)]
        answers = iter(predict.recognise_batch(live=live, contents=readable))
        results = [
            _result_json(next(answers), content, batch) if isinstance(content, Content) else {"error": content}
            for content in contents
        ]
        indexed = [{"index": index, **result} for index, result in enumerate(results)]
        return Response({**version_json(live), "results": indexed})


def _result_json(found: predict.Answer | Exception, content: Content, batch: BatchBody) -> dict[str, Any]:
    """The answer to one item of a batch. Whatever fails here is the error of this item alone."""
    try:
        if isinstance(found, Exception):
            raise found
        include = batch.include or ()
        answer = {**model_answer_json(found, batch), **extras_json(found, content, include)}
        return add_codes(answer, found.live.labels) if "codes" in include else answer
    except Exception:
        logger.exception("an item of a batch failed")
        return {"error": error_body(ApiError("internal_error"))}
