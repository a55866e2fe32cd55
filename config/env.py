"""Typed reading of environment variables. Errors name the variable, its value and what to set instead.

An empty variable counts as not set, as in a .env file that was copied from .env.example. All functions but `text` raise
ImproperlyConfigured for a value that they cannot read.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The value without surrounding space."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """True for 1, true, yes or on, False for 0, false, no or off, in any case."""
    value = text(name)
    if value.lower() not in _TRUE | _FALSE | {""}:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to true or false.")
    return value.lower() in _TRUE if value else default


def number(name: str, default: int, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a whole number such as {default}.")
    if int(value) < least:
        raise ImproperlyConfigured(f"{name} is {value}. Set it to at least {least}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas, without empty entries."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """IP networks separated by commas, such as 10.0.0.0/8; a single address is a network of one address."""
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        value = text(name)
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to networks such as 10.0.0.0/8.") from error


def choice(name: str, options: tuple[str, ...]) -> str:
    """One of `options`; the first is the default."""
    value = text(name) or options[0]
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(options)}.")
    return value


def required(name: str, advice: str) -> str:
    """The value of a variable that must be set; `advice` says to what."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {advice}")
    return value
