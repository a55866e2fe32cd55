"""The web process: small, and without TensorFlow and without what makes the document."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys, tests.environment, config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
import recognizer.api.urls
print(sorted(name for name in ("tensorflow", "keras", "matplotlib", "drf_spectacular") if name in sys.modules))
"""


def test_the_web_process_never_imports_tensorflow() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
