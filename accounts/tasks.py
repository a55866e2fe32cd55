"""Celery tasks of the accounts app."""

from django.conf import settings
from django.core.management import call_command
from django.utils.module_loading import import_string

app = import_string(settings.TASK_APP)


@app.task
def forget_expired_sessions() -> None:
    """Delete expired sessions."""
    call_command("clearsessions")
