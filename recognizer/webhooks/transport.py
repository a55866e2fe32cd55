"""An HTTP transport that connects to the IP address that was checked, and keeps the name of the host."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

import httpx

from recognizer.webhooks import allowed_addresses

MAX_ADDRESSES = 3  # of one host, tried one after the other


@cache
def _ssl_context() -> ssl.SSLContext:
    """Trusted certificates. Loaded once per process, because loading takes longer than a delivery."""
    return httpx.create_ssl_context(trust_env=False)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves a host once, checks all its IP addresses, and connects to one of them.

    The request and the TLS handshake still name the host, so its certificate is checked as usual. Connections are not
    reused, because two hosts at one IP address would share them.
    """

    def __init__(self) -> None:
        no_reuse = httpx.Limits(max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=_ssl_context(), trust_env=False, limits=no_reuse)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the addresses in order. Raises RefusedAddressError and the errors of httpx."""
        url = request.url
        allowed_addresses.check_url(str(url))
        port = url.port or allowed_addresses.default_port(url.scheme)
        request.extensions = {**request.extensions, "sni_hostname": url.raw_host.decode()}
        failed: httpx.TransportError = httpx.ConnectError("the host has no address")
        addresses = await asyncio.to_thread(allowed_addresses.resolve, url.raw_host.decode(), port)
        for address in addresses[:MAX_ADDRESSES]:
            request.url = url.copy_with(host=address)
            try:
                return await self._transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    async def aclose(self) -> None:
        """Close open connections."""
        await self._transport.aclose()
