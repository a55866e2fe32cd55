"""Schema of a model card: what a card must hold so that the site and the commands can show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def _is_count(said: Any) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said >= 0


def _is_share(said: Any) -> bool:
    return said is None or (isinstance(said, int | float) and 0 <= said <= 1)


def _is_text(said: Any) -> bool:
    return isinstance(said, str)


def _is_list(check: Check) -> Check:
    return lambda said: isinstance(said, list) and all(map(check, said))


def _is_object(needed: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys; there may be others that nobody reads."""

    def check(said: Any) -> bool:
        if not isinstance(said, dict):
            return False
        known = all(key in said and fits(said[key]) for key, fits in needed.items())
        return known and all(key not in said or fits(said[key]) for key, fits in (optional or {}).items())

    return check


def _is_by_label(said: Any) -> bool:
    return isinstance(said, dict) and all(map(_is_text, said)) and all(map(_is_count, said.values()))


_SOURCE = _is_object(
    {"title": _is_text, "origin": _is_text, "licence": _is_text},
    {"drawings": lambda said: said is None or _is_count(said)},
)
_SHARES = dict.fromkeys(("accuracy", "top3", "sure_accuracy", "unsure", "ece", "junk_unsure"), _is_share)
_RESULT = _is_object({"test": _is_text}, {"count": _is_count, "junk_count": _is_count, **_SHARES})
_LABEL = _is_object({"slug": _is_text, "count": _is_count, "accuracy": _is_share})
_FORM: dict[str, Check] = {
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
    """What is wrong with a card, with the cure; empty where nothing is. What it does not tell may be left out."""
    if not isinstance(card, dict):
        return (
            f"The card must be an object, not {type(card).__name__}. Leave it out, or write it by `python -m ml card`."
        )
    wrong = [part for part, fits in _FORM.items() if part in card and not fits(card[part])]
    if not wrong and not _is_square(card.get("confusion", [])):
        wrong = ["confusion"]
    if not wrong:
        return ""
    return (
        f"The card has in another form: {', '.join(wrong)}. Leave that out, or write the card by `python -m ml card`."
    )


def _is_square(matrix: list[list[int]]) -> bool:
    return all(len(row) == len(matrix) for row in matrix)
