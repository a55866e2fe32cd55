"""`python -m tests.benchmarks.files [--key]`: how many files of the project one request passes through.

Sends a prediction, a saved drawing, a correction and a review decision through Django's test client, each once to
warm up and once under `sys.setprofile`. Lists the files of accounts, config, ml and recognizer in which a function ran
in the thread of the request. The requests are those of the site's pages: the prediction of a visitor, the others of
people who are signed in. With --key an API key sends the first three. Works in a database of its own, which it deletes.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import tests.environment  # noqa: F401
from tests.ink import ONE, SEVEN

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = tuple(f"{ROOT / name}{os.sep}" for name in ("accounts", "config", "ml", "recognizer"))
JSON = "application/json"

Journey = Callable[[], Any]


def main() -> None:
    """Print the number of files of each request, and their names."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        call_command("install_models", stdout=io.StringIO())
        for title, request in requests().items():
            request()  # warms up: imports, caches, the model
            files = files_of(request)
            sys.stdout.write("\n  ".join([f"{title}: {len(files)} files", *files]) + "\n")
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def requests() -> dict[str, Journey]:
    """The four requests; each can be sent several times."""
    from django.contrib.auth.models import Permission
    from django.test import Client
    from django.utils import timezone

    from accounts import keys
    from accounts.models import User
    from recognizer.models import Correction

    author = User.objects.create_user("author@example.org", consented_at=timezone.now())
    reviewer = User.objects.create_user("reviewer@example.org", consented_at=timezone.now())
    reviewer.user_permissions.add(Permission.objects.get(codename="review_drawings"))
    visitor, signed_in, room = Client(), Client(), Client()
    signed_in.force_login(author)
    room.force_login(reviewer)
    if "--key" in sys.argv:
        secret = keys.create_key(person=author, name="benchmark", scopes=["predict", "drawings"])[1]
        visitor = signed_in = Client(headers={"Authorization": f"Bearer {secret}"})

    def predict() -> Any:
        body = {"recognizer": "digits", "ink": SEVEN}
        return expect(200, visitor.post("/api/v1/predict", body, content_type=JSON))

    def save(ink: Any = SEVEN) -> str:
        body = {"recognizer": "digits", "ink": ink}
        return str(expect(201, signed_in.post("/api/v1/drawings", body, content_type=JSON)).json()["id"])

    def correct(drawing: str, label: str) -> Any:
        return expect(200, signed_in.put(f"/api/v1/drawings/{drawing}/correction", {"label": label}, content_type=JSON))

    corrected = [(save(ONE), "1"), (save(SEVEN), "7")]
    reviewed = [(save(ONE), "1"), (save(SEVEN), "7")]
    for drawing, label in reviewed:
        correct(drawing, label)
    waiting = list(Correction.objects.order_by("pk").values_list("pk", flat=True))

    def decide() -> Any:
        return expect(302, room.post(f"/review/{waiting.pop(0)}/", {"accept": ""}))

    return {
        "prediction": predict,
        "saved drawing": save,
        "correction": lambda: correct(*corrected.pop(0)),
        "review decision": decide,
    }


def expect(status: int, response: Any) -> Any:
    """The response. Raises AssertionError where its status is another."""
    assert response.status_code == status, f"status {response.status_code} instead of {status}: {response.content!r}"
    return response


def files_of(request: Journey) -> list[str]:
    """The project's files, relative to its root, in which a function ran during the request; sorted."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGES):
            found.add(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    sys.setprofile(note)
    try:
        request()
    finally:
        sys.setprofile(None)
    return sorted(found)


if __name__ == "__main__":
    main()
