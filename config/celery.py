"""The worker and beat processes: queues and the schedule."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("inkling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "forget-expired-sessions": {
        "task": "accounts.tasks.forget_expired_sessions",
        "schedule": crontab(hour=3, minute=17),
    },
}
