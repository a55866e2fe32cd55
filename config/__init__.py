"""The project: settings, URLs, and the entry points of its processes."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
