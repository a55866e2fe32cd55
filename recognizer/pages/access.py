"""Decorators that show a page only to people with a permission. Others get status 403, or have to sign in first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_required, permission_required
from django.http.response import HttpResponseBase

from recognizer import permissions

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def _needs(*permissions: str) -> Callable[[View], View]:
    return lambda view: login_required(permission_required(permissions, raise_exception=True)(view))


for_reviewers = _needs(permissions.REVIEW)
for_control_managers = _needs(permissions.REVIEW, permissions.MARK_CONTROLS)
for_auditors = _needs(permissions.SEE_AUDIT_LOG)
