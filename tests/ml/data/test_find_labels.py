"""Words mean labels exactly, or with another case and other separators between words, or not at all."""

from __future__ import annotations

import string
from unicodedata import normalize

import numpy as np
import pytest

from ml.data.find_labels import LabelNames, find_labels, label_names
from ml.recipes.sketches import LABELS as SKETCHES

LETTERS = (LabelNames("upper-a", "A", ""), LabelNames("lower-a", "a", ""), LabelNames("c", "C", ""))


def meant(word: str, labels: tuple[LabelNames, ...] = LETTERS, *, prefer_slug: bool = False) -> list[str]:
    return [labels[index].slug for index in find_labels(word, labels, prefer_slug=prefer_slug)]


@pytest.mark.parametrize(
    ("word", "slug"),
    [("A", "upper-a"), ("a", "lower-a"), ("C", "c"), ("c", "c"), ("upper a", "upper-a"), ("Lower_A", "lower-a")],
)
def test_a_word_means_one_label(word: str, slug: str) -> None:
    assert meant(word) == [slug]


ALTERED = ["C++", "C#", "ß", "SS", "ss", "-a", "a.", "a-", "_", "-", "", " ", "uppera", "à", "\uff41"]


@pytest.mark.parametrize("word", ALTERED)
def test_a_word_that_would_have_to_be_altered_means_nothing(word: str) -> None:
    assert meant(word) == []


@pytest.mark.parametrize("word", ["7?", "-7", "7.0", "07", "٧", "²", "7 7"])
def test_only_the_exact_number_means_a_digit(word: str) -> None:
    digits = tuple(LabelNames(str(digit), f"digit {digit}", str(digit)) for digit in range(10))
    assert meant(word, digits) == []
    assert [meant(str(digit), digits) for digit in range(10)] == [[str(digit)] for digit in range(10)]


def test_sharp_s_and_double_s_are_different_labels() -> None:
    labels = (LabelNames("sharp", "ß", ""), LabelNames("double", "ss", ""))
    assert [meant(word, labels) for word in ("ß", "ẞ", "SS", "ss")] == [["sharp"], ["sharp"], ["double"], ["double"]]


def test_signs_that_are_separators_elsewhere_are_found_exactly() -> None:
    labels = (LabelNames("minus", "minus", "-"), LabelNames("low-line", "low line", "_"))
    assert [meant(word, labels) for word in ("-", "_", "--", " - ")] == [["minus"], ["low-line"], [], ["minus"]]


def test_a_word_is_ambiguous_if_two_labels_fit_equally() -> None:
    assert meant("UPPER-A", (*LETTERS, LabelNames("big", "Upper A", ""))) == ["upper-a", "big"]
    assert meant("×", (LabelNames("times", "times", "×"), LabelNames("cross", "×", ""))) == ["times", "cross"]


def test_the_name_of_one_label_that_is_the_slug_of_another_is_ambiguous_unless_slugs_are_meant() -> None:
    labels = (*LETTERS, LabelNames("lower-c", "c", ""))
    assert meant("c", labels) == ["c", "lower-c"]
    assert meant("c", labels, prefer_slug=True) == ["c"]
    assert meant("C", labels) == ["c"]


def test_equivalent_forms_of_unicode_are_the_same_word() -> None:
    labels = (LabelNames("six", "ছয়", "৬"), LabelNames("e-acute", "É", "é"))
    for form in ("NFC", "NFD"):
        assert meant(normalize(form, "ছয়"), labels) == ["six"]
        assert meant(normalize(form, "é"), labels) == ["e-acute"]


def test_any_case_and_separator_of_a_sketch_is_found_and_nothing_that_is_one_sign_longer() -> None:
    labels, chance = label_names(SKETCHES), np.random.default_rng(23)
    for label in labels:
        for _time in range(20):
            word = "".join(chance.choice([letter.upper(), letter]) for letter in label.name)
            word = word.replace(" ", chance.choice([" ", "-", "_", "  ", " - "]))
            assert meant(word, labels) == [label.slug]
            place, sign = chance.integers(len(word) + 1), chance.choice([*(set(string.punctuation) - {"-", "_"})])
            assert meant(word[:place] + sign + word[place:], labels) == []
            assert meant(chance.choice(["-", "_"]) + word, labels) == []


SYMBOLS = label_names(
    [
        {
            "slug": "pm", "name": "plus or minus", "glyph": "±", "names": ["plus-minus sign"],
            "codes": {"latex": [{"code": "\\pm", "package": "", "mode": "math"}], "html": ["&plusmn;"]},
        },
        {
            "slug": "upper-delta", "name": "Delta", "glyph": "Δ", "names": ["pm"],
            "codes": {
                "latex": [{"code": "\\Delta", "package": "", "mode": "math"}],
                "unicode": [{"character": "Δ", "code_point": "U+0394", "name": "GREEK CAPITAL LETTER DELTA"}],
            },
        },
        {"slug": "triangle", "name": "triangle", "glyph": "△", "names": ["Plus-Minus Sign"], "codes": {"typst": ["Δ"]}},
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("word", "slugs"),
    [
        ("plus-minus sign", ["pm"]),
        ("\\pm", ["pm"]),
        ("&plusmn;", ["pm"]),
        ("U+0394", ["upper-delta"]),
        ("pm", ["pm"]),  # a slug before a further name
        ("Δ", ["upper-delta"]),  # a glyph before a code
        ("\\delta", []),  # a code is exact
        ("PLUS MINUS SIGN", ["pm", "triangle"]),  # ambiguous
        ("greek capital letter delta", []),
    ],
)
def test_a_word_that_is_no_slug_name_or_glyph_may_be_a_further_name_or_a_code(word: str, slugs: list[str]) -> None:
    assert meant(word, SYMBOLS) == slugs
