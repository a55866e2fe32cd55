"""The committed table of labels of maths, and how it is made."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from ml.bundles.glyphs import drawn_slugs, glyphs_problem
from ml.bundles.labels import label_problem
from ml.data.recognizer_folder import MAX_LENGTHS, SLUG
from ml.recipes.maths import GLYPHS, LABELS, read_table
from ml.symbols.groups import ONE_SHAPE
from ml.symbols.typeset import Symbol, TypesetError, typeset

COMMANDS = [command for row in read_table() for command in row["commands"]]
SLUGS = [label["slug"] for label in LABELS]


def label(slug: str) -> dict[str, Any]:
    return LABELS[SLUGS.index(slug)]


def latex(slug: str) -> list[str]:
    return [entry["code"] for entry in label(slug)["codes"]["latex"]]


def test_every_command_is_in_one_label() -> None:
    assert len(COMMANDS) == len(set(COMMANDS)) == 1_123
    assert len(LABELS) == 830
    merged = [row["commands"] for row in read_table() if len(row["commands"]) > 1]
    assert (len(merged), sum(map(len, merged))) == (185, 478)


def test_the_labels_are_valid_and_fit_the_database() -> None:
    assert [problem for problem in map(label_problem, LABELS) if problem] == []
    assert len(set(SLUGS)) == len(SLUGS)
    assert all(SLUG.fullmatch(slug) for slug in SLUGS)
    for key, most in MAX_LENGTHS.items():
        assert all(len(row.get(key, "")) <= most for row in LABELS), key
    assert all(row["name"] and row["codes"]["latex"] for row in LABELS)


def test_every_label_has_its_shape() -> None:
    content = GLYPHS.read_bytes()
    assert glyphs_problem(content, SLUGS) == ""
    assert sorted(drawn_slugs(content)) == sorted(SLUGS)


@pytest.mark.parametrize(
    ("slug", "commands"),
    [
        ("pm", {r"\pm", r"\textpm"}),
        ("bot", {r"\bot", r"\perp"}),
        ("oplus", {r"\oplus", r"\bigoplus"}),
        ("sum", {r"\sum", r"\Sigma", r"\Upsigma"}),
    ],
)
def test_commands_of_one_shape_are_one_label(slug: str, commands: set[str]) -> None:
    assert set(latex(slug)) == commands


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rightarrow", "longrightarrow"),
        ("copyright", "textcopyleft"),
        ("smiley", "frownie"),
        ("cdot", "blacksquare"),
        ("langle", "left-brace"),
        ("calligraphic-capital-l", "script-capital-l"),
        ("doteqdot", "risingdotseq"),
    ],
)
def test_other_shapes_are_other_labels(one: str, other: str) -> None:
    assert not set(latex(one)) & set(latex(other))


def test_a_label_has_all_its_codes() -> None:
    assert label("pm") == {
        "slug": "pm",
        "glyph": "±",
        "name": "plus-minus sign",
        "names": label("pm")["names"],
        "codes": {
            "latex": [
                {"code": r"\pm", "package": "", "mode": "math"},
                {"code": r"\textpm", "package": "textcomp", "mode": "text"},
            ],
            "typst": ["plus.minus"],
            "unicode": [{"character": "±", "code_point": "U+00B1", "name": "PLUS-MINUS SIGN"}],
            "html": ["&plusmn;"],
        },
    }
    assert label("curvearrowright")["codes"]["latex"][0]["package"] == "amssymb"


def test_no_two_labels_are_called_the_same() -> None:
    names = [row["name"] for row in LABELS]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_pairs_added_by_hand_are_commands_of_the_list() -> None:
    known = {entry["code"] for row in LABELS for entry in row["codes"]["latex"]}
    assert {command for pair in ONE_SHAPE for command in pair} <= known


NEEDS_TEX = pytest.mark.skipif(not shutil.which("latex") or not shutil.which("dvisvgm"), reason="needs TeX and dvisvgm")


def symbol(command: str, mode: str = "math", package: str = "") -> Symbol:
    return Symbol(command, command, package, "OT1", mode)


@NEEDS_TEX
def test_symbols_are_typeset() -> None:
    times, bar, dash = typeset([symbol(r"\times"), symbol("|"), symbol(r"\---", "text")]).values()
    low, high = bar.box()
    assert high[1] - low[1] > 10 * (high[0] - low[0])
    low, high = dash.box()
    assert high[0] - low[0] > 10 * (high[1] - low[1])
    picture = times.draw(60, 2)
    assert picture[30, 30] == 255
    assert picture[30, 5] == 0


@NEEDS_TEX
def test_a_command_that_tex_does_not_know_is_named() -> None:
    with pytest.raises(TypesetError, match="nosuchcommand"):
        typeset([symbol(r"\nosuchcommand")])


def test_without_tex_the_error_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TypesetError, match="latex cannot be run"):
        typeset([symbol(r"\times")])
