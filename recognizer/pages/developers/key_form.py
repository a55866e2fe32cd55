"""The form that makes an API key."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from recognizer.models import ModelVersion, Recognizer, permissions

MOST_ORIGINS = 10
MOST_VERSIONS = 50  # to choose from, the newest of each recognizer
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class KeyForm(forms.Form):
    """The name of a key, its scopes and its limits."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("What it is for, for example “shop on the phone”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Allowed actions"),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one action.")},
    )
    days = forms.TypedChoiceField(
        label=_("Expires after"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("1 year")), (0, _("No expiry"))],
        initial=365,
    )
    rate = forms.IntegerField(
        label=_("Requests per minute"),
        required=False,
        min_value=1,
        help_text=_("The limit of this key. Leave it empty for your own limit."),
    )
    origins = forms.CharField(
        label=_("Sites"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_(
            "Sites whose pages may use the key, one per line, like https://app.example.org. Everyone who opens such a "
            "page can read the key, so allow only what it needs. Leave it empty for a program of your own."
        ),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = [scope for scope in ApiKey.Scope if scope != ApiKey.Scope.EXPORT or permissions.may_review(person)]
        self.fields["scopes"].choices = [(scope.value, scope.label) for scope in scopes]  # type: ignore[attr-defined]
        self.fields["rate"].validators.append(MaxValueValidator(settings.PREDICT_RATE))
        self.fields["rate"].widget.attrs |= {"max": settings.PREDICT_RATE}
        self._pins: dict[str, str] = {}
        numbers: dict[int, list[int]] = defaultdict(list)
        for pk, number in ModelVersion.objects.order_by("-number").values_list("recognizer", "number"):
            numbers[pk].append(number)
        for recognizer in Recognizer.objects.filter(pk__in=numbers):
            name = f"pin-{recognizer.slug}"
            self._pins[name] = recognizer.slug
            versions = [(number, _("version %d") % number) for number in numbers[recognizer.pk][:MOST_VERSIONS]]
            choices = [("", _("always the live version")), *versions]
            self.fields[name] = forms.TypedChoiceField(
                label=str(recognizer), choices=choices, coerce=int, empty_value=None, required=False
            )

    @property
    def pins(self) -> list[forms.BoundField]:
        """The fields that pin a model version, one for each recognizer."""
        return [self[name] for name in self._pins]

    @property
    def has_more_options(self) -> bool:
        """Whether any of the fields under “More options” has a value or an error."""
        return any(self[name].errors or self[name].value() for name in ("rate", "origins", *self._pins))

    def clean_origins(self) -> list[str]:
        """The sites, written as browsers send them in the Origin header."""
        found = [_origin(line.strip()) for line in self.cleaned_data["origins"].splitlines() if line.strip()]
        if len(found) > MOST_ORIGINS:
            text = _("At most %d sites. Create another key for the others.") % MOST_ORIGINS
            raise ValidationError(text, code="too-many-sites")
        return sorted(set(found))

    def key_arguments(self) -> dict[str, Any]:
        """The keyword arguments for `accounts.keys.create_key`."""
        values = self.cleaned_data
        return {
            **{name: values[name] for name in ("name", "scopes", "rate", "origins")},
            "expires": timezone.now() + timedelta(days=values["days"]) if values["days"] else None,
            "pins": {slug: values[name] for name, slug in self._pins.items() if values.get(name)},
        }


def _origin(line: str) -> str:
    """The site as `https://host` or `https://host:port`; http only for this machine. Raises ValidationError."""
    try:
        parts = urlsplit(line.lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = None, "", None
    whole = parts and not parts.username and parts.path in ("", "/") and not parts.query and not parts.fragment
    if not whole or not parts or not host or not line.isascii() or any(sign in host for sign in " *\\"):
        text = _("“%s” is not a site. Write it like https://app.example.org, without a path.") % line[:100]
        raise ValidationError(text, code="not-a-site")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _THIS_MACHINE):
        raise ValidationError(_("“%s” must start with https://.") % line[:100], code="not-https")
    usual = {"https": 443, "http": 80}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")
