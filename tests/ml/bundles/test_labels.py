"""The codes and shapes of labels are in the bundle, or the bundle is refused."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle, verify_bundle, with_glyphs
from ml.bundles.glyphs import MAX_BYTES, Glyph, about_glyphs, drawn_slugs, glyphs_problem, write_glyphs
from ml.bundles.labels import copy_label, label_problem

CODES: dict[str, Any] = {
    "latex": [
        {"code": "\\pm", "package": "", "mode": "math"},
        {"code": "\\textpm", "package": "textcomp", "mode": "text"},
    ],
    "typst": ["plus.minus"],
    "unicode": [{"character": "±", "code_point": "U+00B1", "name": "PLUS-MINUS SIGN"}],
    "html": ["&plusmn;"],
}
LABEL = {"slug": "pm", "glyph": "±", "name": "plus or minus", "names": ["plus-minus sign"], "codes": CODES}
SHAPES = write_glyphs({"0": Glyph(20, 30, "M1 2L3-4Z"), "2": Glyph(9, 9, "M0 0H9V9")}, "Font F, SIL OFL 1.1")


def test_a_label_may_have_names_and_codes() -> None:
    assert label_problem(LABEL) == ""
    assert label_problem({"slug": "a", "glyph": "", "name": "a", "codes": {"html": ["&amp;"]}}) == ""
    assert copy_label({**LABEL, "prompt": "", "other": 1}) == LABEL


def test_a_label_may_name_labels_of_other_recognizers_that_look_like_it() -> None:
    letter = {"slug": "o", "glyph": "Oo", "name": "O", "looks_like": ["digits/0", "bangla-digits/0"]}

    assert label_problem(letter) == ""
    assert copy_label(letter) == letter


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": None}, "name"),
        ({"prompt": 3}, "prompt"),
        ({"names": "plus"}, "names"),
        ({"names": [""]}, "names"),
        ({"names": ["a"] * 51}, "names"),
        ({"names": ["line\nbreak"]}, "names"),
        ({"looks_like": "digits/0"}, "looks_like"),
        ({"looks_like": ["digits"]}, "looks_like"),
        ({"looks_like": ["digits/0/1"]}, "looks_like"),
        ({"looks_like": [0]}, "looks_like"),
        ({"codes": []}, "codes"),
        ({"codes": {"tex": ["a"]}}, "tex"),
        ({"codes": {"typst": [1]}}, "typst"),
        ({"codes": {"latex": ["\\pm"]}}, "latex"),
        ({"codes": {"latex": [{"code": "\\pm", "package": "", "mode": "maths"}]}}, "latex"),
        ({"codes": {"latex": [{"code": "\\pm", "mode": "math"}]}}, "latex"),
        ({"codes": {"unicode": [{"character": "±", "code_point": "U+00B2", "name": "X"}]}}, "unicode"),
        ({"codes": {"unicode": [{"character": "", "code_point": "", "name": "X"}]}}, "unicode"),
        ({"codes": {"html": "&pm;"}}, "html"),
    ],
)
def test_a_label_that_is_not_valid_is_refused_with_the_part(changes: dict[str, Any], named: str) -> None:
    assert named in label_problem({**LABEL, **changes})


def test_a_bundle_with_codes_that_are_not_valid_is_not_loaded(tiny_bundle: Bundle, tmp_path: Path) -> None:
    manifest = copy.deepcopy(tiny_bundle.manifest)
    manifest["labels"][1]["codes"] = {"latex": [{"code": "\\pm"}]}
    save_bundle(replace(tiny_bundle, manifest=manifest), tmp_path)
    with pytest.raises(BundleError, match=r"'1'.*latex"):
        load_bundle(tmp_path)


def test_a_bundle_keeps_the_shapes_of_its_labels(tiny_bundle: Bundle, tmp_path: Path) -> None:
    bundle = with_glyphs(tiny_bundle, SHAPES)
    save_bundle(bundle, tmp_path)
    assert (tmp_path / "glyphs.svg").read_bytes() == SHAPES
    loaded = load_bundle(tmp_path)
    assert loaded == bundle
    verify_bundle(loaded)
    assert drawn_slugs(loaded.glyphs) == ["0", "2"]
    assert "glyphs" not in with_glyphs(loaded, b"").manifest["sha256"]


def test_changed_shapes_are_refused(tiny_bundle: Bundle) -> None:
    bundle = replace(with_glyphs(tiny_bundle, SHAPES), glyphs=SHAPES.replace(b"L3-4", b"L3-5"))
    with pytest.raises(BundleError, match=r"glyphs\.svg has sha256"):
        verify_bundle(bundle)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</svg>", b"<script>alert(1)</script></svg>"),
        (b"<path ", b'<path onload="x" '),
        (b"<metadata>", b'<style>@import "x"</style><metadata>'),
        (b'id="0"', b'id="3"'),
        (b'id="0"', b'id="2"'),
        (b"M1 2", b"M1 2&#x41;"),
        (b"Font", b"\xff"),
        (b"Font", b"F" * MAX_BYTES),
    ],
)
def test_shapes_hold_nothing_but_paths_of_labels(tiny_bundle: Bundle, old: bytes, new: bytes) -> None:
    content = SHAPES.replace(old, new)
    assert content != SHAPES
    assert glyphs_problem(content, tiny_bundle.slugs)
    with pytest.raises(BundleError):
        verify_bundle(with_glyphs(tiny_bundle, content))


def test_the_font_is_named_in_the_file_whatever_its_name_has() -> None:
    content = write_glyphs({"0": Glyph(1, 1, "M0 0")}, "A & B <c>")
    assert b"A &amp; B &lt;c&gt;" in content
    assert glyphs_problem(content, ["0"]) == ""


def test_a_file_of_shapes_says_which_fonts_it_was_made_from() -> None:
    about = "Font F & G, <SIL> OFL 1.1"

    assert about_glyphs(write_glyphs({"0": Glyph(9, 9, "M0 0H9V9")}, about)) == about
    assert about_glyphs(b"<svg></svg>") == ""
