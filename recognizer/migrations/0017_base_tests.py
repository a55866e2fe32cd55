"""Each recognizer has a base test, which no longer belongs to a version."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0016_none_of_these")]

    operations = [
        migrations.CreateModel(
            name="BaseTest",
            fields=[
                (
                    "recognizer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="base_test",
                        serialize=False,
                        to="recognizer.recognizer",
                        verbose_name="recognizer",
                    ),
                ),
                ("content", models.BinaryField(verbose_name="content")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("installed", models.DateTimeField(auto_now=True, verbose_name="installed")),
            ],
            options={
                "verbose_name": "base test",
                "verbose_name_plural": "base tests",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="base_test_sha256_is_hex"
                    )
                ],
            },
        ),
    ]
