"""The Celery app of the worker and beat processes. Its queues, routes and schedule are in the settings (CELERY_...)."""

import os
import warnings
from pathlib import Path

from celery import Celery
from celery.platforms import SecurityWarning
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if settings.EMBEDDED:  # who tries Inkling out as root needs no five lines about it
    warnings.filterwarnings("ignore", category=SecurityWarning)
app = Celery("inkling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if folder := settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("control_folder"):  # only without Redis
    Path(str(folder)).mkdir(parents=True, exist_ok=True)
