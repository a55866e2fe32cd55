"""Typed reading of environment variables. Errors name the variable, its value and what to set instead.

An empty variable counts as not set, as in a .env file that was copied from .env.example. A variable can also be in a
file, as secrets of Docker and Kubernetes are: SECRET_KEY_FILE names the file of SECRET_KEY, and so on for each. All
functions raise ImproperlyConfigured for a value that they cannot read.
"""

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The value without surrounding space; that of the file that `<name>_FILE` names, if it is set."""
    value = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "").strip()
    if file and value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Set one of them.")
    return (_read(f"{name}_FILE", file) if file else value) or default


def _read(name: str, file: str) -> str:
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ImproperlyConfigured(f"{name} is {file!r}, which cannot be read: {reason}.") from error
    if not value:
        raise ImproperlyConfigured(f"{name} is {file!r}, which is empty. Write the value into it.")
    return value


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
    """A list separated by commas or lines, without empty entries."""
    return [word.strip() for word in re.split(r"[,\n]", text(name, default)) if word.strip()]


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


def hosts(name: str, default: str = "") -> list[str]:
    """Host names, without schemes, ports and paths: a request with a host that is written otherwise is refused."""
    found = words(name, default)
    for host in found:
        if "/" in host or re.match(r"(\[.*\]|[^:\[]*):", host):
            raise ImproperlyConfigured(f"{name} has {host!r}. Write host names only, such as ink.example.org.")
    return found


def service_url(name: str, schemes: tuple[str, ...]) -> str:
    """An address of a service; "" if it is not set. Errors do not quote it, because it can have a password."""
    value = text(name)
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in schemes and (parts.port or 1) > 0
    except ValueError:
        is_valid = False
    if value and not is_valid:
        written = " or ".join(f"{scheme}://" for scheme in schemes)
        advice = (
            f"It begins with {written}, its port is a number, and special characters of a password are quoted (%40)."
        )
        raise ImproperlyConfigured(f"{name} is no address of a service. {advice}")
    return value


def time_zone(name: str, default: str) -> str:
    """The name of a time zone."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError) as error:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a name such as Asia/Dhaka or UTC.") from error
    return value


def choice(name: str, options: tuple[str, ...], *, upper: bool = False) -> str:
    """One of `options`, the first by default; with `upper` in any case."""
    value = text(name) or options[0]
    value = value.upper() if upper else value
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(options)}.")
    return value


def required(name: str, advice: str) -> str:
    """The value of a variable that must be set; `advice` says to what."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {advice}")
    return value
