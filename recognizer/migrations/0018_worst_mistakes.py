"""The worst mistakes of a version on the base test of its recognizer."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0017_base_tests")]

    operations = [
        migrations.CreateModel(
            name="WorstMistakes",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="worst_mistakes",
                        serialize=False,
                        to="recognizer.modelversion",
                    ),
                ),
                ("test", models.CharField(max_length=64)),
                ("found", models.JSONField()),
                ("drawings", models.PositiveIntegerField()),
                ("wrong", models.PositiveIntegerField()),
                ("wrong_and_sure", models.PositiveIntegerField()),
                ("counted", models.DateTimeField()),
            ],
            options={"verbose_name": "worst mistakes", "verbose_name_plural": "worst mistakes"},
        ),
    ]
