"""Programs other than Python that some tests run."""

import os
import shutil

import pytest


def find_program(*names: str) -> str:
    """The path of the first of these programs on the PATH; without one the test is skipped, with CI=true it fails."""
    path = next(filter(None, map(shutil.which, names)), None)
    if not path:
        message = f"Not on the PATH: {' or '.join(names)}."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def find_chromium() -> str:
    """The path of Chromium, which the variable CHROMIUM can name; see `find_program`."""
    return os.environ.get("CHROMIUM") or find_program("chromium", "chromium-browser", "google-chrome")
