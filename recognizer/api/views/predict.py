"""Answers: one, kept where its person wants it; or many at once, which are not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import usage
from accounts.models import ApiKey
from recognizer.api.authentication import HeldKeyAuthentication, SiteSession
from recognizer.api.base import Endpoint
from recognizer.api.batch_input import Batch, read_batch
from recognizer.api.body_parsers import CONTENT, BatchParser
from recognizer.api.drawing_input import Sent
from recognizer.api.errors import ApiError
from recognizer.api.output import answer_json, elsewhere_json, extras_json, kept_json, plain_json, source_json
from recognizer.api.permissions import demand
from recognizer.api.requests import first_answer, or_api_error, person_of, pin_of, read, refusals, wants_personal
from recognizer.api.throttling import DrawingLimit, PredictLimit, check, check_batch
from recognizer.drawings import other_recognizers, predict, store
from recognizer.registry import pinned, serving


class PredictView(Endpoint):
    """An answer; nothing is kept unless its person asks for it."""

    authentication_classes = [HeldKeyAuthentication, SiteSession]
    permission_classes = [AllowAny]
    throttle_classes = [PredictLimit]
    parser_classes = CONTENT
    scopes = {"POST": "predict"}

    def writes(self, request: Request) -> bool:
        """Only what is to be kept."""
        return isinstance(request.data, dict) and request.data.get("keep") in (True, "true")

    def post(self, request: Request) -> Response:
        """Ranked guesses for ink or a picture."""
        sent = read(self, request)
        if sent.keep:
            return Response(self._kept(request, sent))
        person = person_of(request) if wants_personal(request, sent) else None
        answer = or_api_error(predict.recognise, sent, person=person)
        said = sent.options.apply(answer_json(answer))
        if sent.options.include:
            said |= extras_json(answer, sent.content, sent.options.include)
        if sent.elsewhere:
            said["elsewhere"] = elsewhere_json(
                other_recognizers.find_better_recognizer(content=sent.content, than=answer)
            )
        return Response(said)

    def _kept(self, request: Request, sent: Sent) -> dict[str, Any]:
        """The drawing as if it had been posted to `drawings`, and the answer by which feedback finds it."""
        author = person_of(request)
        demand(request, "feedback")
        if sent.options.include or sent.elsewhere:
            text = _("What is kept comes without `include` and `elsewhere`. Leave them out, or leave out `keep`.")
            raise ApiError("invalid", text, field="keep")
        check(DrawingLimit(), request, self)
        more = {"author": author, "uuid": sent.uuid, "personal": wants_personal(request, sent)}
        drawing, _new = or_api_error(store.save_drawing, sent, **more)
        return sent.options.apply(kept_json(drawing, first_answer(drawing)))


class BatchView(Endpoint):
    """Many answers of one version, each the model's alone. Nothing is kept."""

    authentication_classes = [HeldKeyAuthentication, SiteSession]
    permission_classes = [AllowAny]
    throttle_classes = [PredictLimit]
    parser_classes = [BatchParser]
    scopes = {"POST": "predict"}

    def writes(self, request: Request) -> bool:
        """Never."""
        return False

    def post(self, request: Request) -> Response:
        """An answer or an error for each item, in their order."""
        batch = read_batch(request.data)
        self._count(request, batch)
        with refusals():
            number = batch.options.as_of or pin_of(request, batch.recognizer)
            active = (
                serving.live_version(batch.recognizer)
                if number is None
                else pinned.pinned_version(batch.recognizer, number)
            )
        read = batch.contents()
        good = {at: content for at, content in read.items() if not isinstance(content, dict)}
        answers = dict(zip(good, predict.recognise_batch(active=active, contents=list(good.values())), strict=True))
        results: list[dict[str, Any]] = []
        for at, content in read.items():
            if isinstance(content, dict):
                results.append({"index": at, "error": content})
                continue
            said = batch.options.apply(plain_json(answers[at]))
            extras = extras_json(answers[at], content, batch.options.include)
            results.append({"index": at, **said, **extras})
        return Response({**source_json(active), "results": results})

    def _count(self, request: Request, batch: Batch) -> None:
        """Each item counts, before anything of it is looked at; one of them was counted with the request."""
        count = len(batch.items)
        check_batch(PredictLimit(), request, self, count=count, pictures=batch.pictures)
        if count > 1 and isinstance(request.auth, ApiKey):
            usage.count_calls(key=request.auth, calls=count - 1)
