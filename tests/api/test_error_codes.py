"""Whatever code an error can have is in the one list, with the status that it really has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import keys
from recognizer.api.error_codes import CODES

ROOT = Path(__file__).resolve().parents[2]
RAISES = {"ApiError", "InkError", "ImageError", "AuthenticationFailed"}

# What Django REST framework raises by itself.
OF_THE_FRAMEWORK = {
    "parse_error",
    "unsupported_media_type",
    "method_not_allowed",
    "not_authenticated",
    "permission_denied",
    "throttled",
    "invalid",
}


def raised() -> Iterator[tuple[str, str, int | None]]:
    """Every place that names a code: where, the code, and the status if one is given there."""
    files = [*(ROOT / "recognizer").rglob("*.py"), *(ROOT / "ml").rglob("*.py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in RAISES or not node.args:
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                given = {each.arg: each.value for each in node.keywords}.get("status_code")
                status = given.value if isinstance(given, ast.Constant) else None
                yield f"{path.relative_to(ROOT)}:{node.lineno}", code.value, status  # type: ignore[misc]


RAISED = list(raised())


def test_there_is_something_to_look_at() -> None:
    assert len({code for _place, code, _status in RAISED}) > 15


@pytest.mark.parametrize(("place", "code", "status"), RAISED, ids=[place for place, _code, _status in RAISED])
def test_a_code_that_is_raised_is_in_the_list(place: str, code: str, status: int | None) -> None:
    assert code in CODES, f"{place} raises {code!r}: describe it in recognizer/api/codes.py"
    assert status in (None, CODES[code].status)


def test_the_refusals_of_keys_are_in_the_list() -> None:
    assert {CODES[code].status for code in keys.CODES} == {401}


def test_no_code_in_the_list_is_made_up() -> None:
    known = {code for _place, code, _status in RAISED} | set(keys.CODES) | OF_THE_FRAMEWORK
    assert set(CODES) <= known


@pytest.mark.parametrize("code", CODES)
def test_each_says_what_it_means_and_what_to_do(code: str) -> None:
    assert 400 <= CODES[code].status < 600
    for text in (str(CODES[code].meaning), str(CODES[code].cure)):
        assert text[0].isupper() or text.startswith("`")
        assert text.endswith(".")
