"""`python -m tests.benchmarks.schemathesis [seconds]`: attack the API by what its own document promises.

Every check of schemathesis, stateless and stateful, with a key of every scope of somebody who may review (so that
exports are made, too), against gunicorn; 600 seconds unless another number is given. Limits are lifted, or most answers
would be 429. Takes DATABASE_URL and REDIS_URL where they are set.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tests.environment  # noqa: F401
from tests.benchmarks.http import wait_for
from tests.smoke import free_port

ROOT = Path(__file__).resolve().parents[2]
MAKE_A_KEY = """
from django.utils import timezone
from accounts import keys
from accounts.models import ApiKey, User
may = {"consented_at": timezone.now(), "is_staff": True, "is_superuser": True}
person, new = User.objects.get_or_create(email="schemathesis@example.org", defaults=may)
print(keys.create_key(person=person, name="schemathesis", scopes=ApiKey.Scope.values)[1])
"""


def main() -> int:
    """Start the site, attack it, and say what was found."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "600"
    port = free_port()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    for command in (["migrate", "-v0"], ["install_models"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    key = make_a_key()
    server = subprocess.Popen(
        f"{sys.executable} -m gunicorn config.wsgi --bind 127.0.0.1:{port} --log-level error"
        " --workers 2 --threads 2".split(),
        cwd=ROOT,
    )
    try:
        wait_for(port)
        return attack(f"http://127.0.0.1:{port}", key, "--max-time", seconds)
    finally:
        server.terminate()
        server.wait()


def make_a_key() -> str:
    """The secret of a key that may do everything."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_A_KEY]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return made.stdout.decode().split()[-1]


def attack(site: str, key: str, *options: str) -> int:
    """Its exit code: 0 where no check failed."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [
                *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
                *(str(ROOT / "tests/benchmarks/schemathesis.toml"), "run", f"{site}/api/v1/openapi.json"),
                *("--header", f"Authorization:Bearer {key}", "--continue-on-failure", *options),
            ],
            cwd=folder,
            check=False,
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
