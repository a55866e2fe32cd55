"""`python -m tests.benchmarks.schemathesis [seconds]`: test the API against its own OpenAPI document.

Runs all stateless and stateful checks of schemathesis against the server, by default for 600 seconds. The key has all
scopes and belongs to a superuser, so that exports are covered. Rate limits are off, as most responses would be 429
otherwise. Pictures are drawn (`tests.benchmarks.schemathesis_hooks`). Uses DATABASE_URL and REDIS_URL if they are set.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tests.environment  # noqa: F401
from tests.benchmarks.server import ROOT, running_site

MAKE_A_KEY = """
from django.utils import timezone
from accounts import keys
from accounts.models import ApiKey, User
may = {"consented_at": timezone.now(), "is_staff": True, "is_superuser": True}
person, new = User.objects.get_or_create(email="schemathesis@example.org", defaults=may)
print(keys.create_key(person=person, name="schemathesis", scopes=ApiKey.Scope.values)[1])
"""


def main() -> int:
    """Start the site, run schemathesis, return its exit status."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "600"
    with running_site() as (port, _pid):
        key = create_key()
        return attack(f"http://127.0.0.1:{port}", key, "--max-time", seconds)


def create_key() -> str:
    """The secret of a key that may do everything."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_A_KEY]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return made.stdout.decode().split()[-1]


def attack(site: str, key: str, *options: str) -> int:
    """The exit status of schemathesis; 0 if no check failed."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [
                *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
                *(str(ROOT / "tests/benchmarks/schemathesis.toml"), "run", f"{site}/api/v1/openapi.json"),
                *("--header", f"Authorization:Bearer {key}", "--continue-on-failure", *options),
            ],
            cwd=folder,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.benchmarks.schemathesis_hooks"},
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
