"""The form that makes an API key."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from recognizer import permissions
from recognizer.models import ModelVersion, Recognizer

MOST_ORIGINS = 10
MOST_VERSIONS = 50  # of a recognizer, the newest, that one may choose from
_NEAR = ("localhost", "127.0.0.1", "::1")


class KeyForm(forms.Form):
    """What a key is called, what it may do, and how far."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("What it is for, so that you know it again: “shop on the phone”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that it may do.")},
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("good"))],
        initial=365,
    )
    rate = forms.IntegerField(
        label=_("Requests a minute"),
        required=False,
        min_value=1,
        help_text=_("At most so many with this key. Leave it empty for as many as you have yourself."),
    )
    origins = forms.CharField(
        label=_("Sites"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_(
            "Whose pages may use it, one a line: https://app.example.org. Whoever opens such a page can read the key: "
            "let it do no more than it must. Leave it empty for a program of your own."
        ),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            choice
            for choice in ApiKey.Scope.choices
            if choice[0] != ApiKey.Scope.EXPORT or permissions.may_review(person)
        ]
        self.fields["rate"].validators.append(MaxValueValidator(settings.PREDICT_RATE))
        self.fields["rate"].widget.attrs |= {"max": settings.PREDICT_RATE}
        self._pins: dict[str, str] = {}
        for recognizer, numbers in _versions():
            self._add_pin(recognizer, numbers)

    def _add_pin(self, recognizer: Recognizer, numbers: list[int]) -> None:
        name = f"pin-{recognizer.slug}"
        self._pins[name] = recognizer.slug
        newest = _("the one that answers now, and those after it")
        choices = [("", newest), *((number, _("version %d") % number) for number in numbers)]
        self.fields[name] = forms.TypedChoiceField(
            label=recognizer.name, choices=choices, coerce=int, empty_value=None, required=False
        )

    @property
    def pins(self) -> list[forms.BoundField]:
        """The fields that say which version answers."""
        return [self[name] for name in self._pins]

    @property
    def is_further(self) -> bool:
        """Whether something is said in the fields that most people leave alone."""
        return any(self[name].errors or self[name].value() for name in ("rate", "origins", *self._pins))

    def clean_origins(self) -> list[str]:
        """Each as browsers name it."""
        found = [_origin(line.strip()) for line in self.cleaned_data["origins"].splitlines() if line.strip()]
        if len(found) > MOST_ORIGINS:
            raise ValidationError(_("At most %d sites. Make another key for the others.") % MOST_ORIGINS)
        return sorted(set(found))

    def wanted(self) -> dict[str, Any]:
        """What `accounts.keys.create_key` takes."""
        said = self.cleaned_data
        return {
            **{name: said[name] for name in ("name", "scopes", "rate", "origins")},
            "expires": _in(said["days"]),
            "pins": {slug: said[name] for name, slug in self._pins.items() if said.get(name)},
        }


def _in(days: int) -> datetime | None:
    return timezone.now() + timedelta(days=days) if days else None


def _origin(line: str) -> str:
    """`https://host` or `https://host:port`; http only for this machine. Raises ValidationError."""
    try:
        parts = urlsplit(line.lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = None, "", None
    whole = parts and not parts.username and parts.path in ("", "/") and not parts.query and not parts.fragment
    if not whole or not parts or not host or not line.isascii() or any(sign in host for sign in " *\\"):
        raise ValidationError(
            _("“%s” is not a site. Write it as https://app.example.org, without a path.") % line[:100]
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _NEAR):
        raise ValidationError(_("“%s” must begin with https://.") % line[:100])
    usual = {"https": 443, "http": 80}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def _versions() -> list[tuple[Recognizer, list[int]]]:
    """Each recognizer that has versions with their numbers, the newest first."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for pk, number in ModelVersion.objects.order_by("-number").values_list("recognizer", "number"):
        numbers[pk].append(number)
    return [(each, numbers[each.pk][:MOST_VERSIONS]) for each in Recognizer.objects.all() if each.pk in numbers]
