"""Dates and numbers on Bangla pages where Django's format is missing or too long; groups of digits: 12,34,567."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
NUMBER_GROUPING = (3, 2, 0)
