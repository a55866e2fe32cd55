"""The admin's index: grouped by what people come for, not by the app that a table happens to belong to."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

GROUPS: list[tuple[Any, tuple[str, ...]]] = [
    (_("People"), ("User", "Group", "EmailAddress", "Authenticator", "Memory")),
    (_("Drawings"), ("Drawing", "Prediction", "PersonalAnswer", "Correction", "Origin")),
    (_("Review"), ("Review", "Opinion", "Control", "Claim", "Place", "LabelCheck")),
    (_("Safety"), ("AuditEntry", "Report", "SetAside")),
    (_("Models"), ("Recognizer", "ModelVersion", "Promotion", "TrainingRun", "SnapshotItem")),
    (_("Data"), ("Export", "Import", "Coverage", "Confusion", "Bookmark")),
    (_("Programs"), ("ApiKey", "Webhook", "Delivery")),
]


class Site(AdminSite):
    """Django's own, with another order."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The groups, each with what this person may see; what is in none of them stays with its app, below."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        found = {model["object_name"]: (app, model) for app in apps for model in app["models"]}
        groups = [_group(name, [found.pop(noun) for noun in nouns if noun in found]) for name, nouns in GROUPS]
        rest = [app | {"models": [m for m in app["models"] if m["object_name"] in found]} for app in apps]
        return [group for group in [*groups, *rest] if group and group["models"]]


def _group(name: Any, members: list[tuple[Any, Any]]) -> dict[str, Any]:
    if not members:
        return {}
    app = members[0][0]
    models = [model for _app, model in members]
    label = "-".join(["group", models[0]["object_name"].lower()])
    return {"name": name, "app_label": label, "app_url": app["app_url"], "has_module_perms": True, "models": models}
