"""Check a model card: it must have the structure that the site and the commands show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value <= 1)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_object(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys; other keys are ignored."""

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        complete = all(key in value and is_valid(value[key]) for key, is_valid in required.items())
        return complete and all(key not in value or is_valid(value[key]) for key, is_valid in (optional or {}).items())

    return check


def _is_by_label(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value)) and all(map(_is_count, value.values()))


_SOURCE = _is_object(
    {"title": _is_text, "origin": _is_text, "licence": _is_text},
    {"drawings": lambda value: value is None or _is_count(value)},
)
_SHARES = dict.fromkeys(("accuracy", "top3", "sure_accuracy", "unsure", "ece", "junk_unsure"), _is_share)
_RESULT = _is_object({"test": _is_text}, {"count": _is_count, "junk_count": _is_count, **_SHARES})
_LABEL = _is_object({"slug": _is_text, "count": _is_count, "accuracy": _is_share})
_CARD: dict[str, Check] = {
    "summary": _is_text,
    "data": _is_list(_SOURCE),
    "trained_on": _is_by_label,
    "recipe": _is_list(_is_text),
    "results": _is_list(_RESULT),
    "by_label": _is_list(_is_object({"test": _is_text, "labels": _is_list(_LABEL)})),
    "confusions": _is_list(_is_object({"drawn": _is_text, "answered": _is_text, "count": _is_count})),
    "confusion": _is_list(_is_list(_is_count)),
    "limits": _is_list(_is_text),
    "notes": _is_list(_is_text),
}


def card_problem(card: object) -> str:
    """What is wrong with a model card and what to do; empty if nothing is wrong. Every part of a card is optional."""
    if not isinstance(card, dict):
        return f"The model card must be an object, not {type(card).__name__}. Remove it, or run: python -m ml card."
    wrong = [part for part, is_valid in _CARD.items() if part in card and not is_valid(card[part])]
    matrix = card.get("confusion", [])
    if not wrong and any(len(row) != len(matrix) for row in matrix):
        wrong = ["confusion"]  # not square
    if not wrong:
        return ""
    return f"Parts of the model card are not valid: {', '.join(wrong)}. Remove them, or run: python -m ml card."
