"""Pages about oneself that know of drawings; `accounts` does not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.datasets import personal_data


@never_cache
@require_safe
@login_required
def download(request: PersonRequest) -> StreamingHttpResponse:
    """Everything we keep about the person who asks, as a file."""
    name = f"inkling-{timezone.localdate():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        personal_data.person_document(request.user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
