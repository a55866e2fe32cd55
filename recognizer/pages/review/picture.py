"""The picture of a drawing, for reviewers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.models import Drawing, permissions
from recognizer.pages.access import needs


@require_safe
@needs(permissions.REVIEW)
def drawing_picture(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """The PNG file of a drawing that has a correction. Raises Http404 for any other drawing."""
    image = get_object_or_404(Drawing.objects.filter(image__isnull=False).corrected(), uuid=uuid).image
    return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})
