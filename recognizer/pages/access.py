"""Decorators that show a page only to people with a permission. Others get status 403, or have to sign in first.

Browsers and proxies never store these pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_required, permission_required
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

from recognizer.models import permissions

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def needs(*codes: str) -> Callable[[View], View]:
    """The decorator for views whose answers may be stored."""
    return lambda view: login_required(permission_required(codes, raise_exception=True)(view))


def for_reviewers(view: View) -> View:
    """For reviewers."""
    return never_cache(needs(permissions.REVIEW)(view))


def for_control_managers(view: View) -> View:
    """For reviewers who choose control drawings."""
    return never_cache(needs(permissions.REVIEW, permissions.MARK_CONTROLS)(view))


def for_base_data_managers(view: View) -> View:
    """For people who may download base data to the trainer."""
    return never_cache(needs(permissions.DOWNLOAD_BASE_DATA)(view))


def for_operators(view: View) -> View:
    """For people who may see what runs, waits and failed."""
    return never_cache(needs(permissions.SEE_OPERATIONS)(view))


def for_auditors(view: View) -> View:
    """For people who may read the audit log."""
    return never_cache(needs(permissions.SEE_AUDIT_LOG)(view))
