"""Start-up checks: what would go wrong later is said now, with a hint."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.caches, deploy=True)
def limits_are_shared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without a shared cache each process counts requests for itself."""
    if settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL, so that all processes count in one place."
    return [CheckWarning("Rate limits are counted per process.", hint=hint, id="recognizer.W001")]


@register(Tags.database, deploy=True)
def postgres_is_the_product(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SQLite is for a first try."""
    if settings.DATABASE_URL.startswith(("postgres", "pgsql")):
        return []
    hint = "Set DATABASE_URL to a PostgreSQL address."
    return [CheckWarning("The database is SQLite, which is for a first try.", hint=hint, id="recognizer.W002")]


@register(Tags.security, deploy=True)
def nobody_reviews_their_own(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Reviewing one's own drawings is for a community of one."""
    if not settings.SELF_REVIEW:
        return []
    hint = "Unset SELF_REVIEW, so that what teaches everybody's model was seen by somebody else."
    return [CheckWarning("Staff may review their own drawings.", hint=hint, id="recognizer.W003")]
