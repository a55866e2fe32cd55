"""Samples: pieces of code that the pages show and a test runs. The files are what people copy."""

from pathlib import Path

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
    ("Command line", read("client.sh")),
    ("Python", read("client.py")),
    ("JavaScript", read("client.mjs")),
]
HOME = "https://inkling.example"  # what stands in them for the site
SITE, KEY = "https://inkling.example/api/v1/", "ink_…"  # what stands in them for where the API is, and for a key
