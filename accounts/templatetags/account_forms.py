"""Template filter for account form fields."""

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """Remove the placeholder in which allauth repeats the label."""
    field.field.widget.attrs.pop("placeholder", None)
    return field
