"""Sends errors to Sentry, or to a service that speaks its protocol, if SENTRY_DSN names one.

Each line of the log at level ERROR becomes a report with its traceback, the id of the request and nothing personal: no
request, no variables, no lines of the log before it. Nothing of Django or Celery is changed for it, as both log the
errors that nobody caught.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.request_log import without_addresses
from recognizer.request_ids import current_request_id


def start(dsn: str) -> None:
    """Send errors from now on. Raises ImproperlyConfigured for an address that is none."""
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.utils import BadDsn, Dsn

    try:
        Dsn(dsn)
    except BadDsn as error:
        advice = "Set it to the address that Sentry shows, such as https://key@sentry.example.org/1."
        raise ImproperlyConfigured(f"SENTRY_DSN is {dsn!r}: {error}. {advice}") from error
    sentry_sdk.init(
        dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            DedupeIntegration(),
            ExcepthookIntegration(),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        max_breadcrumbs=0,
        before_send=_without_personal_data,
        shutdown_timeout=2,
    )


def _without_personal_data(event: Any, _hint: Any) -> Any:
    """The event with its traceback. Databases quote values after the first line of an error."""
    for name in ("extra", "request", "user", "breadcrumbs", "modules"):
        event.pop(name, None)
    for exception in event.get("exception", {}).get("values", []):
        first_line = str(exception.get("value") or "").partition("\n")[0]
        exception["value"] = without_addresses(first_line)
    entry = event.get("logentry", {})
    entry.pop("params", None)
    for name in ("message", "formatted"):
        if name in entry:
            entry[name] = without_addresses(str(entry[name]))
    event.setdefault("tags", {})["request_id"] = current_request_id() or "-"
    return event
