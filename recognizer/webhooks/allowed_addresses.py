"""Checks addresses of webhooks, so that nobody can make this server call hosts that only this server can reach (SSRF).

An address is checked when it is saved and before each delivery. The connection goes to exactly the IP address that was
checked: a name is resolved once and refused if any of its addresses is not public (see `transport`).
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

IPAddress = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address in its last four bytes
_UNICAST = IPv6Network("2000::/3")  # all public addresses
_TUNNELS = [IPv6Network(each) for each in ("64:ff9b:1::/48", "2001::/32", "2002::/16")]  # contain another address


class RefusedAddressError(ValueError):
    """Webhooks may not call this address. The text says why and what to do."""


def check_address(url: str) -> None:
    """Raise RefusedAddressError if the URL is malformed, its host cannot be resolved, or it is not public."""
    import httpx  # here, because processes that only predict do not need it

    check_url(url)
    try:
        # Parsed as httpx does, which will make the request: parsers differ for names with non-ASCII letters.
        read = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _not_an_address() from error
    resolve(read.raw_host.decode(), read.port or default_port(read.scheme))


def _not_an_address() -> RefusedAddressError:
    return RefusedAddressError(_("This is not a valid address. Example: https://example.org/inkling"))


def check_url(url: str) -> None:
    """Raise RefusedAddressError if the URL itself is not allowed, whatever its host is."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for an invalid port
    except ValueError as error:
        raise _not_an_address() from error
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        raise RefusedAddressError(_("The address must begin with https://."))
    if not parts.hostname:
        raise RefusedAddressError(_("The address has no host. Example: https://example.org/inkling"))
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError(_("The address must not contain a user name or password."))


def default_port(scheme: str) -> int:
    """The port of an address that names none."""
    return 443 if scheme == "https" else 80


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises RefusedAddressError if there are none, or one of them is not public."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedAddressError(_("The host %s cannot be found. Please check the spelling.") % host) from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for address in found:
        if not is_allowed(ip_address(address)):
            raise RefusedAddressError(
                _("%(host)s resolves to %(address)s, which is not a public address. Webhooks need a public address.")
                % {"host": host, "address": address}
            )
    return found


def is_allowed(address: IPAddress) -> bool:
    """Whether the address is public, or in a network that the operator allows (WEBHOOK_ALLOW_PRIVATE)."""
    address = _unwrap(address)
    if any(address in network for network in settings.WEBHOOK_ALLOW_PRIVATE):
        return True
    if isinstance(address, IPv6Address) and (address not in _UNICAST or any(address in net for net in _TUNNELS)):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _unwrap(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 address such as ::ffff:10.0.0.1 or 64:ff9b::a00:1."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(address.packed[-4:])
    return address
