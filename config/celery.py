"""The worker and beat processes. Queues, routes and the schedule are settings (CELERY_...)."""

import os
from pathlib import Path

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("inkling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if folder := settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("control_folder"):  # in the broker's, where there is no Redis
    Path(str(folder)).mkdir(parents=True, exist_ok=True)
