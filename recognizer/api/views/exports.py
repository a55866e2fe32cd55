"""Exports for programs: ask for a file, see how far it is, download it. For people who may review, each their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import permissions
from recognizer.api.base import Endpoint
from recognizer.api.body_parsers import LimitedJSONParser
from recognizer.api.errors import ApiError
from recognizer.api.etags import ConditionalEndpoint, known
from recognizer.api.pagination import ListQuery, asked_of, listed
from recognizer.api.throttling import DrawingLimit
from recognizer.datasets import export_job, formats
from recognizer.datasets.filters import DrawingFilter, FilterError
from recognizer.models import Export

if TYPE_CHECKING:
    from accounts.models import User

State = Export.State


class MayReview(BasePermission):
    """Whoever may review. What is not there at all is 405 for everybody."""

    message = gettext_lazy("Exports are for people who may review. Ask whoever runs the site for leave.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Keys may no more than their person."""
        return not hasattr(view, str(request.method).lower()) or request.user.has_perm(permissions.REVIEW)


class ExportsView(ConditionalEndpoint):
    """A person's exports."""

    parser_classes = [LimitedJSONParser]
    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export", "POST": "export"}

    def get_throttles(self) -> list[Any]:
        """Only what writes is counted."""
        return [DrawingLimit()] if self.request.method == "POST" else []

    def get(self, request: Request) -> Response:
        """One's own, newest first, paged."""
        asked = asked_of(ListQuery, request)
        return listed(Export.objects.filter(by=request.user.pk), request, asked, lambda rows: [*map(export_json, rows)])

    def post(self, request: Request) -> Response:
        """Ask for one; a worker writes it."""
        said, person = _read(request.data), cast("User", request.user)
        form, licence = said["format"], said["licence"].strip()
        try:
            export = export_job.start_export(by=person, chosen=DrawingFilter.parse(said), form=form, licence=licence)
        except FilterError as error:
            raise ApiError("invalid", str(error), field=error.field) from error
        except export_job.OpenExportError as error:
            text = _("An export of yours is being written. Wait for it, or delete it first.")
            raise ApiError("export_open", text) from error
        return Response(export_json(export), status=201)


class ExportView(ConditionalEndpoint):
    """One export of one's own."""

    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export", "DELETE": "export"}

    def get_throttles(self) -> list[Any]:
        """Only what writes is counted."""
        return [DrawingLimit()] if self.request.method == "DELETE" else []

    def get(self, request: Request, number: int) -> Response:
        """How far it is, and where its file is once there is one."""
        return Response(export_json(_own(request, number)))

    def delete(self, request: Request, number: int) -> Response:
        """With its file; one that is being written stops."""
        export_job.delete_export(export=_own(request, number))
        return Response(status=204)


class ExportFileView(Endpoint):
    """The file of an export."""

    permission_classes = [IsAuthenticated, MayReview]
    scopes = {"GET": "export"}

    def get(self, request: Request, number: int) -> HttpResponseBase:
        """The file, unless something in it was deleted meanwhile; its ETag is its SHA-256."""
        export = _own(request, number)
        _check_there(export)
        etag = f'"{export.sha256}"'
        response = known(request, etag) or _file(request, export)
        response["ETag"] = etag
        return response


def export_json(export: Export) -> dict[str, Any]:
    """An export, and where its file is."""
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


def _own(request: Request, pk: int) -> Export:
    return get_object_or_404(Export, pk=pk, by=request.user.pk)


def _check_there(export: Export) -> None:
    """Raises ApiError where there is no file yet, or none any more."""
    if export.state in (State.WAITING, State.RUNNING):
        text = _("The file is not written yet. Ask for the export until it is `ready`.")
        raise ApiError("export_unfinished", text)
    if export.state == State.READY and not export_job.check_is_current(export):
        export.refresh_from_db()
    if export.state != State.READY:
        raise ApiError("export_gone", _("This export has no file: %(reason)s") % {"reason": export.reason})


def _file(request: Request, export: Export) -> StreamingHttpResponse:
    if request.method == "GET":
        export_job.log_download(export=export, by=cast("User", request.user))
    kind, name = formats.FORMATS[export.form].content_type, export_job.file_name_of(export)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(export.size)}
    return StreamingHttpResponse(export_job.read_chunks(export), content_type=kind, headers=headers)


def _read(data: Any) -> dict[str, Any]:
    """What is asked for, in the texts that `Wanted.read` takes; what is null is as if it were left out."""
    if not isinstance(data, dict):
        raise ApiError("invalid", _("Send an object with `format`, and whatever filters you want."))
    if data.get("format") is None:
        raise ApiError("missing_field", _("`%(field)s` is missing.") % {"field": "format"}, field="format")
    texts = {name: _text(data, name) for name in ("format", "licence", "recognizer", "label", "since", "until")}
    return {**texts, "status": _statuses(data), "version": _version(data)}


def _text(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    if value is None or isinstance(value, str):
        return value or ""
    raise ApiError("invalid", _("`%(field)s` must be a text, or be left out.") % {"field": field}, field=field)


def _statuses(data: dict[str, Any]) -> list[str]:
    value = data.get("status")
    if value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        return value or []
    raise ApiError("invalid", _("`status` must be a list of texts, or be left out."), field="status")


def _version(data: dict[str, Any]) -> str:
    value = data.get("version")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiError("invalid", _("`version` must be a whole number, or be left out."), field="version")
    return str(value)
