"""The language of a label, by its letters."""

import pytest

from recognizer.models import Label
from recognizer.models.label_language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [("৭", "bn"), ("সাত", "bn"), ("“সাত”", "bn"), ("७", "hi"), ("ж", "ru"), ("7", ""), ("alarm clock", ""), ("", "")],
)
def test_letters_tell_the_language_where_they_are_not_latin(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_label_has_the_language_of_what_people_see_of_it() -> None:
    assert Label(glyph="৭", name="seven").language == "bn"
    assert Label(glyph="", name="সাতাত্তর").language == "bn"
    assert Label(glyph="7", name="সাত").language == ""
