"""Download of personal data. It is here because the app accounts does not know drawings."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.datasets import personal_data_export


@never_cache
@require_safe
@login_required
def download(request: PersonRequest) -> StreamingHttpResponse:
    """Everything that is saved about the signed-in person, as a JSON file."""
    name = f"inkling-{timezone.localdate():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        personal_data_export.person_document(request.user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
