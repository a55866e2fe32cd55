"""Adds a switch to recognizers, and to labels the labels of other recognizers that look like them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0024_rounds"),
    ]

    operations = [
        migrations.AddField(
            model_name="label",
            name="looks_like",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="A list of labels of other recognizers that are drawn in the same way: digits/0.",
                verbose_name="looks like",
            ),
        ),
        migrations.AddField(
            model_name="recognizer",
            name="is_on",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off: the pages do not offer it and it answers no new drawings. Its drawings and versions stay.",
                verbose_name="switched on",
            ),
        ),
    ]
