"""The Django app of drawings, recognizers, review and training, and its checks for `manage.py check --deploy`."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning
from django.utils.translation import gettext_lazy as _


class RecognizerConfig(AppConfig):
    """The Django app."""

    name = "recognizer"
    verbose_name = _("Recognizers")


@register(Tags.caches, deploy=True)
def check_shared_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without Redis each process counts requests for itself."""
    if settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL, so that all processes count requests together."
    return [CheckWarning("Each process has its own rate limits.", hint=hint, id="recognizer.W001")]


@register(Tags.database, deploy=True)
def check_postgresql(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SQLite allows one write at a time."""
    if settings.DATABASE_URL.startswith(("postgres", "pgsql")):
        return []
    hint = "Set DATABASE_URL to the URL of a PostgreSQL database."
    return [CheckWarning("The database is SQLite, which is for trying Inkling only.", hint=hint, id="recognizer.W002")]


@register(Tags.security, deploy=True)
def check_self_review(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SELF_REVIEW is for sites with one user."""
    if not settings.SELF_REVIEW:
        return []
    hint = "Unset SELF_REVIEW, so that a second person reviews each drawing before models are trained on it."
    return [CheckWarning("Staff can review their own drawings.", hint=hint, id="recognizer.W003")]


@register(Tags.security, deploy=True)
def check_deletion_log(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without the log, a restored backup brings back what people deleted."""
    if settings.DELETION_LOG:
        return []
    hint = "Set DELETION_LOG to a file on a disk that is not lost with the database. See docs/operating/backup.md."
    return [CheckWarning("Deletions are not logged for restoring a backup.", hint=hint, id="recognizer.W004")]
