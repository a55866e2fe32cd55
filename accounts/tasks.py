"""Celery tasks of the accounts app."""

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import CacheEntry

app = import_string(settings.TASK_APP)


@app.task
def forget_expired_sessions() -> None:
    """Delete expired sessions and limits."""
    call_command("clearsessions")
    CacheEntry.objects.filter(expires__lt=timezone.now()).delete()
