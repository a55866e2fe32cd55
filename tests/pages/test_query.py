"""recognizer.pages.query: query strings and lists of ids."""

from __future__ import annotations

import pytest
from django import forms

from recognizer.pages.query import LARGEST_ID, IdField, QueryForm, read_id, read_ids

INVALID = ["", " ", "x", "-1", "1.5", "1e3", "٣", "²", str(LARGEST_ID + 1), "9" * 30, "\x00"]


class ExampleForm(QueryForm):
    """A filter with an id and a choice."""

    author = IdField()
    order = forms.ChoiceField(required=False, choices=[("oldest", "oldest")])


@pytest.mark.parametrize("text", [*INVALID, None])
def test_an_invalid_id_counts_as_not_given(text: str | None) -> None:
    assert read_id(text) is None
    assert ExampleForm({"author": text}).values["author"] is None


@pytest.mark.parametrize("number", [0, 7, LARGEST_ID])
def test_a_valid_id_is_read(number: int) -> None:
    assert read_id(str(number)) == number


def test_ids_are_read_once_each_in_their_order() -> None:
    assert read_ids(["3", "x", "1", "3", "-2", "1"]) == [3, 1]


def test_one_invalid_value_does_not_hide_the_others() -> None:
    assert ExampleForm({"author": "x", "order": "oldest"}).values == {"author": None, "order": "oldest"}
    assert ExampleForm({"author": "7", "order": "newest"}).values == {"author": 7, "order": None}
