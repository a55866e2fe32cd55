"""Which release of the pages and their static files this process serves."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage


def release() -> str:
    """A text that changes with every static file, page template and translation.

    Without DEBUG a process reads the files once.
    """
    return _read() if settings.DEBUG else _read_once()


@lru_cache
def _read_once() -> str:
    return _read()


def _read() -> str:
    digest = hashlib.sha256(getattr(staticfiles_storage, "manifest_hash", "").encode())
    folders = [settings.BASE_DIR / "templates", *settings.LOCALE_PATHS]
    if not hasattr(staticfiles_storage, "manifest_hash"):  # names without hashes, as in a test
        folders += [Path(folder) for folder in settings.STATICFILES_DIRS]
    for file in sorted(file for folder in folders for file in folder.rglob("*") if file.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
