"""Typed reading of environment variables. Errors name the variable, its value and what to set instead.

An empty variable counts as not set, as in a .env file that was copied from .env.example. All functions but `text` raise
ImproperlyConfigured for a value that they cannot read.
"""

import os
import re
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


def site_url(name: str) -> str:
    """An address of a site, such as https://ink.example.org, without a path; "" if it is not set."""
    value = text(name).rstrip("/")
    if value and not re.fullmatch(r"https?://[^\s/?#@]+", value):
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to an address such as https://ink.example.org.")
    return value


def site_url_of(hosts: list[str], scheme: str) -> str:
    """The address of a site with these host names: its first name that is neither a pattern nor local, if possible."""
    names = [host for host in hosts if "*" not in host and not host.startswith(".")]
    public = [name for name in names if name not in ("127.0.0.1", "localhost", "[::1]")]
    if not names:
        raise ImproperlyConfigured(
            f"SITE_URL is not set, and ALLOWED_HOSTS ({', '.join(hosts)}) has no complete host name. Set SITE_URL to "
            "the address of the site, such as https://ink.example.org. Links in mails need it."
        )
    return f"{scheme}://{(public or names)[0]}"


def contact(name: str) -> str:
    """A mail address or a web page, as a URI; "" if it is not set."""
    value = text(name)
    if re.fullmatch(r"[^\s@:/]+@[^\s@:/]+", value):
        return f"mailto:{value}"
    if value and not re.fullmatch(r"(mailto:|https://|tel:)\S+", value):
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a mail address or to an address with https://.")
    return value


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
