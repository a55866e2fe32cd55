"""Template filters that show shares as percentages."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ml.statistics import floor_percent

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """The probability of a guess: 0.964 as 96%. Never rounded up to 100%: 0.9997 is 99.9%.

    The same as `percent` in static/js/shared/texts.js, which gets four decimals from the API.
    """
    share = round(share, 4)
    exactly = Decimal(str(share)) * 100
    certain = exactly >= Decimal("99.5")
    number = min(floor_percent(share), 99.9) if certain else int(exactly.to_integral_value(ROUND_HALF_UP))
    # Translators: a percentage; the number is formatted already.
    return _("%(number)s%%") % {"number": number_format(number, 1 if certain else 0)}


@register.filter
def exact(share: float, count: int = 1000) -> str:
    """A measured share: 0.9833 as 98.3%, with two decimals if `count` is 5000 or more."""
    return percentage(share, 2 if count >= 5000 else 1)


@register.filter(name="share")
def exact_or_dash(share: float | str | None, count: int = 1000) -> str:
    """The same, or a dash if there is no number. A missing variable is an empty text in a template."""
    return exact(share, count) if isinstance(share, int | float) else "–"


def percentage(share: float, decimals: int) -> str:
    """The share with this many decimals, rounded down: 0.9996 is not 100%."""
    # Translators: a percentage; the number is formatted already.
    return _("%(number)s%%") % {"number": number_format(floor_percent(share, decimals), decimals)}
