"""Work about people that nobody waits for."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def forget_expired_sessions() -> None:
    """Remove sessions that can no longer be used."""
    call_command("clearsessions")
