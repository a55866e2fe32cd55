"""Rename six models; their tables keep their names, and nothing in them is rewritten.

Django renames the content types by itself. The permissions are renamed here: `view_place` becomes `view_queueentry`.
"""

from typing import Any

from django.db import migrations

# The old name, the new one, and what both are called in the names of their permissions.
_RENAMED = [
    ("Place", "QueueEntry", "place in the queue", "queue entry"),
    ("SetAside", "AuthorExclusion", "author set aside", "excluded author"),
    ("Piece", "ExportChunk", "piece", "export chunk"),
    ("Origin", "ImportedDrawing", "origin", "imported drawing"),
    ("Import", "ImportJob", "import", "import"),
    ("Reason", "PersonalAnswerReason", "reason", "reason of a personal answer"),
]


def _rename_permissions(apps: Any, renamed: list[tuple[str, str, str, str]], content_type_of: int) -> None:
    """Rename the four permissions of each model. Where the new one exists, whoever has the old one gets the new one."""
    permissions = apps.get_model("auth", "Permission").objects
    for names in renamed:
        old, new, _old_words, new_words = names
        found = permissions.filter(content_type__app_label="recognizer")
        found = found.filter(content_type__model__in=[old.lower(), new.lower()])
        content_type = apps.get_model("contenttypes", "ContentType").objects.filter(
            app_label="recognizer", model=names[content_type_of].lower()
        )
        for action in ("add", "change", "delete", "view"):
            codename, name = f"{action}_{new.lower()}", f"Can {action} {new_words}"
            kept = found.filter(codename=codename).first()
            for permission in found.filter(codename=f"{action}_{old.lower()}"):
                if kept is None:
                    permission.codename, permission.name = codename, name
                    permission.content_type = content_type.get()
                    permission.save()
                    kept = permission
                else:
                    kept.group_set.add(*permission.group_set.all())
                    kept.user_set.add(*permission.user_set.all())
                    permission.delete()


def forwards(apps: Any, schema_editor: Any) -> None:
    _rename_permissions(apps, _RENAMED, content_type_of=1)


def backwards(apps: Any, schema_editor: Any) -> None:
    """Runs before the content types get their old names back."""
    back = [(new, old, new_words, old_words) for old, new, old_words, new_words in _RENAMED]
    _rename_permissions(apps, back, content_type_of=0)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("recognizer", "0013_find_things_among_a_million"),
    ]

    operations = [
        *(
            operation
            for old, new, _old_words, _new_words in _RENAMED
            for operation in (
                migrations.AlterModelTable(old, f"recognizer_{old.lower()}"),
                migrations.RenameModel(old, new),
            )
        ),
        migrations.RunPython(forwards, backwards),
    ]
