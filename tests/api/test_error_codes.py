"""Whatever code an error can have is in the one list, with the status that it really has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import keys
from recognizer.api.error_codes import CODES
from recognizer.api.errors import EXCEPTION_CODES

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


def raised() -> Iterator[tuple[str, str]]:
    """Every place that raises a code: where, and the code."""
    for path in [*(ROOT / "recognizer").rglob("*.py"), *(ROOT / "ml").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in RAISES or not node.args:
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", code.value


RAISED = list(raised())


def test_there_is_something_to_look_at() -> None:
    assert len({code for _place, code in RAISED}) > 15


@pytest.mark.parametrize(("place", "code"), RAISED, ids=[place for place, _code in RAISED])
def test_a_code_that_is_raised_is_in_the_list(place: str, code: str) -> None:
    assert code in CODES, f"{place} raises {code!r}: describe it in recognizer/api/error_codes.py"


def test_the_refusals_of_keys_are_in_the_list() -> None:
    assert {CODES[code].status for code in keys.CODES} == {401}


def test_no_code_in_the_list_is_made_up() -> None:
    of_exceptions = {code for code, _field in EXCEPTION_CODES.values()}
    known = {code for _place, code in RAISED} | of_exceptions | set(keys.CODES) | OF_THE_FRAMEWORK
    assert set(CODES) == known


@pytest.mark.parametrize("code", CODES)
def test_each_says_what_it_means_and_what_to_do(code: str) -> None:
    assert 400 <= CODES[code].status < 600
    for text in (str(CODES[code].meaning), str(CODES[code].cure)):
        assert text[0].isupper() or text.startswith("`")
        assert text.endswith(".")
