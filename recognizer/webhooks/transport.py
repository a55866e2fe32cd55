"""Calling: how a request goes to the very address that was checked, under the name of its host."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

import httpx

from recognizer.webhooks import allowed_addresses

MAX_ADDRESSES = 3  # addresses of one name


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates count; read once in a process, for that takes longer than many a delivery."""
    return httpx.create_ssl_context(trust_env=False)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Looks a name up once, checks every address of it, and connects to one of these by its number.

    The host keeps its name in the request and in the handshake, so its certificate is checked as ever. No connection
    is kept: by their numbers, two hosts at one address would look like the same.
    """

    def __init__(self) -> None:
        alone = httpx.Limits(max_keepalive_connections=0)
        self._way = httpx.AsyncHTTPTransport(verify=_authorities(), trust_env=False, limits=alone)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the addresses in their order. Raises RefusedAddressError, and what httpx raises."""
        url = request.url
        allowed_addresses.check_url(str(url))
        port = url.port or allowed_addresses.default_port(url.scheme)
        request.extensions = {**request.extensions, "sni_hostname": url.raw_host.decode()}
        failed: httpx.TransportError = httpx.ConnectError("the name has no address")
        for address in (await asyncio.to_thread(allowed_addresses.resolve, url.raw_host.decode(), port))[
            :MAX_ADDRESSES
        ]:
            request.url = url.copy_with(host=address)
            try:
                return await self._way.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    async def aclose(self) -> None:
        """Close what is open."""
        await self._way.aclose()
