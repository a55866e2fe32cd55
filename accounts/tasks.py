"""Work about people that nobody waits for."""

from django.conf import settings
from django.core.management import call_command
from django.utils.module_loading import import_string

app = import_string(settings.TASK_APP)


@app.task
def forget_expired_sessions() -> None:
    """Remove sessions that can no longer be used."""
    call_command("clearsessions")
