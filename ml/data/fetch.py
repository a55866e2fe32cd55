"""Get files from publishers over HTTP, or parts of them.

What has arrived when a connection breaks stays in a folder of parts, and the next attempt continues from there, if the
publisher's file is still the same (by its ETag).
"""

from __future__ import annotations

import hashlib
import io
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

TIMEOUT = 60  # seconds without an answer
ATTEMPTS = 3  # connections for one file, if they break while it arrives
PIECE = 1 << 18  # bytes read at once
BLOCK = 1 << 20  # bytes of a block of a RemoteFile
MOST_SKIPPED = 64 << 20  # bytes at the beginning of a file that are read for nothing if the server sends no parts

Received = Callable[[int], None]
"""Is called with the number of bytes that arrived, for each piece."""


class DownloadError(RuntimeError):
    """A file that could not be downloaded. The text says which one and why."""


class UnreachableError(DownloadError):
    """The publisher could not be reached, or the connection broke. What has arrived stays for the next attempt."""

    def __init__(self, url: str, reason: object) -> None:
        super().__init__(f"{url} cannot be downloaded ({reason}). Check the network and try again.")
        self.host = urlsplit(url).hostname or ""


class Fetch(Protocol):
    """Gets bytes from a publisher."""

    def __call__(self, url: str, *, md5: str = "", lines: int = 0, span: tuple[int, int] | None = None) -> bytes:
        """The whole file, or its first `lines` lines, or only a `span` of bytes (first, count)."""


def fetch(
    parts: Path,
    received: Received,
    url: str,
    *,
    md5: str = "",
    lines: int = 0,
    span: tuple[int, int] | None = None,
) -> bytes:
    """See `Fetch`. Whatever arrives is saved in the folder `parts`, and is not downloaded again from there.

    Raises DownloadError, also if the content has another md5, and OSError if `parts` cannot be written.
    """
    name = hashlib.sha256(f"{url} {lines} {span}".encode()).hexdigest()[:16]
    whole, part = parts / f"{name}.whole", parts / f"{name}.part"
    attempts = 0
    while not whole.exists():
        attempts, before = attempts + 1, _size(part)
        try:
            _receive(url, part, received, lines=lines, span=span)
            part.replace(whole)
        except UnreachableError:
            if attempts == ATTEMPTS or _size(part) == before:  # who sent nothing is not asked again at once
                raise
    content = whole.read_bytes()
    if md5 and (actual := hashlib.md5(content, usedforsecurity=False).hexdigest()) != md5:
        raise DownloadError(f"{url} has md5 {actual}, not the published {md5}. Try again later.")
    return content


def _receive(url: str, part: Path, received: Received, *, lines: int, span: tuple[int, int] | None) -> None:
    """Add to the file `part` what it lacks, if the publisher's file is still the same; else write all of it."""
    first, count = span or (0, 0)
    tag = part.with_suffix(".etag")
    have = _size(part) if tag.exists() else 0
    headers = {"If-Range": tag.read_text()} if have else {}
    if span or have:
        headers["Range"] = f"bytes={first + have}-{first + count - 1 if span else ''}"
    limit, arrived = _Limit(lines, count), 0
    with _open(url, headers) as answer:
        if answer is None and have:  # all of it had arrived, or the file has become shorter: start again
            tag.unlink()
            return _receive(url, part, received, lines=lines, span=span)
        if answer is None:
            part.write_bytes(b"")
            return None
        partial = answer.status == HTTPStatus.PARTIAL_CONTENT
        have, skipped = (have, 0) if partial else (0, first)
        _save_etag(tag, answer)
        with part.open("ab" if have else "wb") as file:
            limit.take(part.read_bytes()[:have])
            if skipped > MOST_SKIPPED:
                raise _not_in_parts(url)
            for piece in _pieces(answer, url):
                received(len(piece))
                arrived += len(piece)
                file.write(limit.take(piece[skipped:]))
                skipped = max(0, skipped - len(piece))
                if limit.is_reached:
                    return None
        if arrived < int(answer.headers.get("Content-Length", 0)):
            raise UnreachableError(url, f"the connection ended after {have + arrived:,} bytes")
    return None


class _Limit:
    """Cuts a file that arrives in pieces after a number of lines or of bytes; 0: no limit."""

    def __init__(self, lines: int, count: int) -> None:
        self._lines, self._count = lines, count
        self._found_lines = self._found = 0

    def take(self, piece: bytes) -> bytes:
        """The wanted part of the next piece."""
        if self._lines:
            piece = _first_lines(piece, self._lines - self._found_lines)
            self._found_lines += piece.count(b"\n")
        if self._count:
            piece = piece[: self._count - self._found]
        self._found += len(piece)
        return piece

    @property
    def is_reached(self) -> bool:
        """Whether nothing more is wanted."""
        return 0 < self._lines <= self._found_lines or 0 < self._count <= self._found


def _first_lines(content: bytes, count: int) -> bytes:
    """The first `count` lines, or all if there are fewer."""
    end = 0
    for _ in range(count):
        end = content.find(b"\n", end) + 1
        if not end:
            return content
    return content[:end]


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _save_etag(tag: Path, answer: Any) -> None:
    """Save the ETag of the file that arrives. Without a strong one its parts cannot be put together."""
    etag = answer.headers.get("ETag", "")
    if etag.startswith('"'):
        tag.write_text(etag)
    else:
        tag.unlink(missing_ok=True)


@contextmanager
def _open(url: str, headers: dict[str, str]) -> Iterator[Any]:
    """The server's answer; None if the file ends before the asked range. Raises DownloadError."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - only the addresses of ml.data.download
    answer = None
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            reason = f"HTTP {error.code} {error.reason}"
            raise DownloadError(f"{url} cannot be downloaded ({reason}). Try again later.") from error
    except (OSError, HTTPException) as error:
        raise UnreachableError(url, getattr(error, "reason", "") or error) from error
    if answer is None:
        yield None
        return
    with answer:
        yield answer


def _pieces(answer: Any, url: str) -> Iterator[bytes]:
    """The content of an answer, piece by piece. Raises UnreachableError if the connection breaks."""
    try:
        while piece := answer.read(PIECE):
            yield piece
    except (OSError, HTTPException) as error:
        raise UnreachableError(url, error) from error


def _not_in_parts(url: str) -> DownloadError:
    return DownloadError(f"{url} cannot be read in parts: its server sends only the whole file.")


class RemoteFile(io.RawIOBase):
    """A file on a server that sends parts, to be read at any place. Each block is downloaded once."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        """Raises DownloadError if the server sends no parts."""
        self._url, self._fetch, self._place = url, fetch, 0
        with _open(url, {"Range": "bytes=0-0"}) as answer:
            size = re.fullmatch(r"bytes 0-0/(\d+)", answer.headers.get("Content-Range", "")) if answer else None
        if size is None:
            raise _not_in_parts(url)
        self._size = int(size[1])

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as in other files."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read, at most up to the end of a block."""
        first = self._place - self._place % BLOCK
        count = min(BLOCK, self._size - first)
        if self._place >= self._size:
            return 0
        content = self._fetch(self._url, span=(first, count))[self._place - first :][: len(buffer)]
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)
