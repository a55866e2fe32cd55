"""`python -m tests.screenshots`: takes the pictures of the web app manifest and of README, in static/screenshots/."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django

import tests.environment  # noqa: F401

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
os.environ["STATIC_ROOT"] = str(Path(os.environ["INKLING_VAR"]) / "static")
django.setup()

# ruff: noqa: E402 - these need the settings
from django.conf import settings
from django.core.management import call_command
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.benchmarks.server import running_site
from tests.browser.visitors import SEVEN, Visitor
from tests.programs import find_chromium

FOLDER = settings.BASE_DIR / "static" / "screenshots"
COLOURS = 64  # enough for a page, and a quarter of the bytes
FORMS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "narrow": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
}


def main() -> None:
    """Draw a seven in each form."""
    call_command("collectstatic", "--noinput", verbosity=0)
    with running_site(options="--workers 1 --threads 4") as (port, _pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for form, options in FORMS.items():
            visitor = Visitor(browser.new_context(**options).new_page(), f"http://127.0.0.1:{port}")
            visitor.open_sheet()
            while visitor.page.inner_text("[data-prompt=label]") != "7":
                visitor.click("shuffle")
            visitor.draw(SEVEN)
            visitor.sees("answer", "7")
            visitor.waits_until_all_is_asked()
            file = FOLDER / f"{form}.png"
            visitor.page.screenshot(path=file)
            with Image.open(file) as picture:
                picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
