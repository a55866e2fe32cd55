"""Addresses: whom a webhook may talk to. Nobody makes this server call what only this server can reach.

An address is checked when it is saved and each time that something is sent, and what was checked is what is connected
to: a name is resolved once, refused if any of its addresses is not public, and the number is handed on (see `calling`).
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

IPAddress = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address in its last four bytes
_UNICAST = IPv6Network("2000::/3")  # all that is given out to the public
_TUNNELS = [IPv6Network(each) for each in ("64:ff9b:1::/48", "2001::/32", "2002::/16")]  # they hide another address


class RefusedAddressError(ValueError):
    """Nothing is sent there; the text says why, and what would help."""


def check_address(url: str) -> None:
    """Raise RefusedAddressError for an address that is malformed, cannot be found, or is not public."""
    check_url(url)
    resolve(*_called(url))


def _called(url: str) -> tuple[str, int]:
    """Host and port as what calls them reads them: of a name with other letters than ours there are two readings."""
    import httpx  # megabytes that a process which only answers never needs

    try:
        read = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _no_address() from error
    return read.raw_host.decode(), read.port or default_port(read.scheme)


def _no_address() -> RefusedAddressError:
    return RefusedAddressError(_("This is no address. It looks like https://example.org/inkling."))


def check_url(url: str) -> None:
    """Raise RefusedAddressError for what is no address of the kind that is called, wherever it leads."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is none
    except ValueError as error:
        raise _no_address() from error
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        raise RefusedAddressError(_("The address must begin with https://, so that nobody reads along."))
    if not parts.hostname:
        raise RefusedAddressError(_("The address names no host. It looks like https://example.org/inkling."))
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError(_("Leave name and password out of the address; the signature says that it is us."))


def default_port(scheme: str) -> int:
    """Of an address that names none."""
    return 443 if scheme == "https" else 80


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name as numbers. Raises RefusedAddressError where there is none, or one is not public."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedAddressError(_("The name %s cannot be found. Is it spelled right?") % host) from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for address in found:
        if not is_allowed(ip_address(address)):
            raise RefusedAddressError(
                _("%(host)s leads to %(address)s, which is not a public address. Webhooks go to the internet only.")
                % {"host": host, "address": address}
            )
    return found


def is_allowed(address: IPAddress) -> bool:
    """Whether it is public, or in a network that the operator allows (WEBHOOK_ALLOW_PRIVATE)."""
    address = _unwrapped(address)
    if any(address in network for network in settings.WEBHOOK_ALLOW_PRIVATE):
        return True
    if isinstance(address, IPv6Address) and (
        address not in _UNICAST or any(address in network for network in _TUNNELS)
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one stands for: ::ffff:10.0.0.1, or 64:ff9b::a00:1."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(address.packed[-4:])
    return address
