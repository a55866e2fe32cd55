"""Authors can say that a drawing is none of the recognizer's labels."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0015_plain_english")]

    operations = [
        migrations.RemoveConstraint(model_name="correction", name="first_correction_names_a_label"),
        migrations.AddField(
            model_name="correction",
            name="none_of_these",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text=(
                    "The author says that it is none of the recognizer's labels. Such drawings are not trained on."
                ),
                verbose_name="none of these",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("label__isnull", False), ("none_of_these", True), ("replaces__isnull", False), _connector="OR"
                ),
                name="first_correction_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=Q(("label__isnull", True), ("none_of_these", False), _connector="OR"),
                name="none_of_these_has_no_label",
            ),
        ),
    ]
