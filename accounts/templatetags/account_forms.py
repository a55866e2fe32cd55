"""How the fields of account forms are drawn."""

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """allauth repeats the label inside the input, where it vanishes while one types."""
    field.field.widget.attrs.pop("placeholder", None)
    return field
