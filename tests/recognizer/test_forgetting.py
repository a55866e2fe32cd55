"""What the background forgets by itself, and after how long."""

from datetime import timedelta

import pytest
from celery.utils.time import maybe_timedelta
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.celery import app
from recognizer import tasks
from recognizer.models import DeletedDrawing, Drawing
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


def keep(client: Client, **more: str) -> tuple[int, str]:
    """Save a drawing; the status and the id."""
    body = {"recognizer": "digits", "ink": SEVEN, **more}
    response = client.post("/api/v1/drawings", body, content_type="application/json")
    return response.status_code, response.json().get("id", "")


@pytest.mark.usefixtures("digits")
def test_the_id_of_a_deleted_drawing_is_kept_for_a_year(as_alice: Client) -> None:
    old, recent = (keep(as_alice)[1] for _ in range(2))
    for uuid in (old, recent):
        assert as_alice.delete(f"/api/v1/drawings/{uuid}").status_code == 204
    for uuid, days in ((old, 366), (recent, 364)):
        assert DeletedDrawing.objects.filter(pk=uuid).update(created=timezone.now() - timedelta(days=days)) == 1
    tasks.forget_deleted_ids()
    assert [str(row.pk) for row in DeletedDrawing.objects.all()] == [recent]
    assert keep(as_alice, id=recent)[0] == 410
    assert not Drawing.objects.exists()


def test_beat_sends_only_tasks_that_exist_and_none_less_than_hourly() -> None:
    """A beat without its file, as in a new container, waits for a whole period before it sends a task first."""
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        seconds = maybe_timedelta(entry["schedule"]).total_seconds()
        assert seconds <= 3600
