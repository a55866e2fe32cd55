"""The site with its collected static files, as a release serves them: hashed, bundled and compressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.test.testcases import LiveServerThread


@dataclass(frozen=True)
class Answer:
    """What the server sent: headers and body, in bytes."""

    method: str
    path: str
    size: int


class _Recorder:
    """A WSGI application that notes what another one sends. WhiteNoise serves the static files, as in a release."""

    def __init__(self, application: Any, answers: list[Answer]) -> None:
        self.application, self.answers = application, answers

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            sent.append(len(status) + sum(len(f"{name}: {value}\r\n") for name, value in headers))
            return start_response(status, headers, *rest)

        parts = self.application(environ, start)
        try:
            for part in parts:
                sent.append(len(part))
                yield part
        finally:
            if hasattr(parts, "close"):
                parts.close()
            self.answers.append(Answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], sum(sent)))


class CollectedSite:
    """A running site, and what it has sent."""

    def __init__(self, url: str, answers: list[Answer]) -> None:
        self.url, self.answers = url, answers


@contextmanager
def collected_site(settings: Any, folder: Any) -> Iterator[CollectedSite]:
    """Collects the static files into the folder and starts the site. Needs `transactional_db`."""
    settings.STATIC_ROOT = folder
    storage = {"BACKEND": "config.storage.BundledStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # no files of packages
    settings.ALLOWED_HOSTS = ["localhost"]
    call_command("collectstatic", "--noinput", verbosity=0)
    answers: list[Answer] = []
    thread = LiveServerThread("localhost", lambda inner: _Recorder(inner, answers))  # type: ignore[arg-type]
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield CollectedSite(f"http://localhost:{thread.port}", answers)
    finally:
        thread.terminate()
