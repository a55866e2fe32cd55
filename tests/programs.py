"""Programs other than Python that some tests run."""

import os
import shutil

import pytest

WHOLE_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


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
    """The path of Chromium, which the variable CHROMIUM can name; see `find_program`.

    Without windows of its own (`chromium-headless-shell`) it starts and draws in two thirds of the time.
    """
    return os.environ.get("CHROMIUM") or find_program("chromium-headless-shell", *WHOLE_CHROMIUM)


def find_whole_chromium() -> str:
    """The path of the Chromium that people use: the other one cannot install a site."""
    return os.environ.get("CHROMIUM") or find_program(*WHOLE_CHROMIUM)
