"""`manage.py check --deploy` warns about settings that are not for production."""

from typing import Any

import pytest

from recognizer import apps


@pytest.mark.parametrize(
    ("check", "setting", "good", "bad"),
    [
        (apps.check_shared_cache, "REDIS_URL", "redis://redis/0", ""),
        (apps.check_postgresql, "DATABASE_URL", "postgres://db/inkling", ""),
        (apps.check_self_review, "SELF_REVIEW", False, True),
    ],
)
def test_a_warning_names_the_setting_in_its_hint(settings: Any, check: Any, setting: str, good: Any, bad: Any) -> None:
    setattr(settings, setting, good)
    assert check(None) == []
    setattr(settings, setting, bad)
    (warning,) = check(None)
    assert setting in warning.hint
    assert warning.id.startswith("recognizer.W")
