"""What the trainer has of the data sets that the bases were trained on, and their download."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0018_worst_mistakes")]

    operations = [
        migrations.CreateModel(
            name="BaseDataSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="As in ml.data.sources.", max_length=40, unique=True, verbose_name="name"
                    ),
                ),
                ("report", models.JSONField(default=dict, verbose_name="report")),
                ("asked", models.DateTimeField(null=True, verbose_name="asked for a report")),
                ("reported", models.DateTimeField(null=True, verbose_name="reported")),
                (
                    "state",
                    models.CharField(
                        choices=[("idle", "idle"), ("waiting", "waiting"), ("running", "running")],
                        default="idle",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("progress", models.JSONField(default=dict, verbose_name="progress")),
                (
                    "error",
                    models.TextField(
                        blank=True, help_text="Why the last download is not complete.", verbose_name="error"
                    ),
                ),
                ("lease", models.UUIDField(editable=False, null=True, verbose_name="lease")),
                ("heartbeat", models.DateTimeField(editable=False, null=True, verbose_name="heartbeat")),
            ],
            options={
                "verbose_name": "base data set",
                "verbose_name_plural": "base data sets",
                "ordering": ["name"],
                "default_permissions": (),
                "permissions": [("download_base_data", "Can see and download base data")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("lease__isnull", False), ("state", "running"))
                        | Q(~Q(("state", "running")), ("lease__isnull", True)),
                        name="running_downloads_hold_a_lease",
                    ),
                    models.CheckConstraint(
                        condition=Q(("state", "idle"), ("heartbeat__isnull", False), _connector="OR"),
                        name="open_downloads_have_a_heartbeat",
                    ),
                ],
            },
        ),
    ]
