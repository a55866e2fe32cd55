"""Exports for programs: request a file, see its progress, download it. For reviewers, each their own."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from recognizer.api.base import DEPRECATED, Endpoint
from recognizer.api.errors import ApiError
from recognizer.api.input import ExportBody, LimitedJSONParser, read_body
from recognizer.api.pagination import ListQuery
from recognizer.api.preconditions import not_modified
from recognizer.api.throttling import DrawingLimit
from recognizer.datasets import export_job
from recognizer.datasets.filters import DrawingFilter, is_day
from recognizer.models import Export, permissions

State = Export.State
RETRY_AFTER = 2  # seconds between two looks at an export that is being written


class MayReview(BasePermission):
    """Allows reviewers. A method that does not exist is 405 for everybody."""

    message = gettext_lazy("Only reviewers can export drawings. Ask the staff of this site for permission.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        """A key may do no more than its person."""
        return not hasattr(view, str(request.method).lower()) or request.user.has_perm(permissions.REVIEW)


class ExportsView(Endpoint):
    """A person's exports."""

    parser_classes = [LimitedJSONParser]
    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export", "POST": "export"}
    reads_query = ("get",)
    limit = DrawingLimit

    def get(self, request: Request) -> Response:
        """One's own exports, the newest first, in pages."""
        rows = Export.objects.filter(by=request.user.pk)
        return ListQuery.read(request).page(rows, request, lambda exports: [*map(export_json, exports)])

    def post(self, request: Request) -> Response:
        """Request an export; a worker writes it."""
        body = read_body(ExportBody, request.data)
        chosen = DrawingFilter.parse(body.filters())
        export = export_job.start_export(
            by=cast("User", request.user),
            chosen=chosen,
            form=body.format,
            licence=(body.licence or "").strip(),
        )
        deprecated = {"Deprecation": DEPRECATED} if is_day(chosen.until) else {}
        headers = {"Location": reverse("api:export", args=[export.pk]), **_retry_after(export), **deprecated}
        return Response(export_json(export), status=201, headers=headers)


class ExportView(Endpoint):
    """One of a person's own exports."""

    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export", "DELETE": "export"}
    limit = DrawingLimit

    def get(self, request: Request, number: int) -> Response:
        """Its progress, and the address of the file once it is ready."""
        export = _own_export(request, number)
        return Response(export_json(export), headers=_retry_after(export))

    def delete(self, request: Request, number: int) -> Response:
        """Delete it and its file. If it is being written, the worker stops."""
        export_job.delete_export(export=_own_export(request, number))
        return Response(status=204)


class ExportFileView(Endpoint):
    """The file of an export."""

    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export"}

    def get(self, request: Request, number: int) -> HttpResponseBase:
        """The file, unless a drawing in it was deleted since. Its ETag is its SHA-256."""
        export = _own_export(request, number)
        if export.state in Export.OPEN:
            raise ApiError("export_unfinished", wait=RETRY_AFTER)
        if export.state == State.READY and not export_job.check_is_current(export):
            export.refresh_from_db()
        if export.state != State.READY:
            raise ApiError("export_gone", _("This export has no file: %(reason)s") % {"reason": export.reason})
        etag = f'"{export.sha256}"'
        response: HttpResponseBase | None = not_modified(request, etag)
        if response is None:
            if request.method == "GET":
                export_job.log_download(export=export, by=cast("User", request.user))
            response = StreamingHttpResponse(
                export_job.read_chunks(export), headers=export_job.download_headers(export)
            )
        response["ETag"] = etag
        return response


def export_json(export: Export) -> dict[str, Any]:
    """An export, and the address of its file."""
    version = {"version": int(export.wanted["version"])} if "version" in export.wanted else {}
    ready = export.state == State.READY
    return {
        "id": export.pk,
        "format": export.form,
        "licence": export.licence,
        "wanted": {**export.wanted, **version},
        "state": export.state,
        "reason": export.reason or None,
        "total": export.total,
        "done": export.done,
        "size": export.size if export.sha256 else None,
        "sha256": export.sha256 or None,
        "created": export.created,
        "finished": export.finished,
        "file": reverse("api:export-file", args=[export.pk]) if ready else None,
    }


def _retry_after(export: Export) -> dict[str, str]:
    """The header of an export that is not finished."""
    return {"Retry-After": str(RETRY_AFTER)} if export.state in Export.OPEN else {}


def _own_export(request: Request, pk: int) -> Export:
    return get_object_or_404(Export, pk=pk, by=request.user.pk)
