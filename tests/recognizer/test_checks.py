"""`manage.py check --deploy` says what would go wrong later."""

from typing import Any

import pytest

from recognizer import checks


@pytest.mark.parametrize(
    ("check", "setting", "good", "bad"),
    [
        (checks.limits_are_shared, "REDIS_URL", "redis://redis/0", ""),
        (checks.postgres_is_the_product, "DATABASE_URL", "postgres://db/inkling", ""),
        (checks.nobody_reviews_their_own, "SELF_REVIEW", False, True),
    ],
)
def test_a_warning_comes_with_its_hint(settings: Any, check: Any, setting: str, good: Any, bad: Any) -> None:
    setattr(settings, setting, good)
    assert check(None) == []
    setattr(settings, setting, bad)
    (warning,) = check(None)
    assert setting in warning.hint
    assert warning.id.startswith("recognizer.W")
