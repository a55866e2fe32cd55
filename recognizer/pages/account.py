"""Download of personal data, and password resets. They are here because accounts knows no drawings or webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import forms
from accounts.requests import PersonRequest
from recognizer.datasets import personal_data_export
from recognizer.webhooks import manage


class ResetPasswordKeyForm(forms.ResetPasswordKeyForm):
    """Also pauses webhooks that the person does not keep."""

    keep_webhooks = forms.KeepField(label=_("Webhooks"), help_text=_("The others are paused."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user is None:
            return
        # Without the whole addresses, which can contain secrets.
        hooks = self.user.webhooks.filter(paused=None).order_by("pk")
        self.offer("keep_webhooks", [(hook.pk, urlsplit(hook.url).hostname or "", hook.created) for hook in hooks])

    def end_access(self) -> None:
        """End everything that is not kept."""
        super().end_access()
        for hook in self.user.webhooks.filter(paused=None).exclude(pk__in=self.kept("keep_webhooks")):
            manage.pause_webhook(hook=hook, reason=gettext("The password was reset."))


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
