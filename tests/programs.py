"""Programs other than Python that some tests run."""

import os
import shutil

import pytest


def find_program(*names: str) -> str:
    """The path of the first of these programs on the PATH; without one the test is skipped, with CI=true it fails."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        message = f"Not on the PATH: {' or '.join(names)}."
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return path


def find_chromium() -> str:
    """The path of Chromium, which the variable CHROMIUM can name; see `find_program`."""
    return os.environ.get("CHROMIUM") or find_program("chromium", "chromium-browser", "google-chrome")
