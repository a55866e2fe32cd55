"""Code samples that the pages show. Tests run them."""

from pathlib import Path

from django.utils.translation import gettext_noop

_HERE = Path(__file__).parent


def read(name: str) -> str:
    """A file of this folder."""
    return (_HERE / name).read_text(encoding="utf-8")


VERIFYING = [("Python", read("verify_webhook.py")), ("JavaScript", read("verify_webhook.js"))]
STARTING = [
    ("curl", read("quick_start.sh")),
    ("Python", read("quick_start.py")),
    ("JavaScript", read("quick_start.mjs")),
]
CLIENTS = [
    (gettext_noop("Command line"), read("client.sh")),
    ("Python", read("client.py")),
    ("JavaScript", read("client.mjs")),
    (gettext_noop("Python on a device, without a network"), read("on_device.py")),
]
# The placeholders in the samples.
HOME = "https://inkling.example"
SITE, KEY = f"{HOME}/api/v1/", "ink_…"
