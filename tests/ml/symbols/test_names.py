"""Slugs, names and codes of labels."""

from __future__ import annotations

import json

import pytest

from ml.symbols.names import entity_of, read_typst, slug_of, sort_symbols
from ml.symbols.typeset import Symbol, source_of


def symbol(command: str, package: str = "", mode: str = "math", fontenc: str = "OT1") -> Symbol:
    return Symbol(f"latex:{package}:{command}", command, package, fontenc, mode)


@pytest.mark.parametrize(
    ("command", "slug"),
    [
        (r"\alpha", "alpha"),
        (r"\Gamma", "capital-gamma"),
        (r"\AA", "capitals-aa"),
        (r"\nVDash", "n-capitals-vdash"),
        (r"\nLeftarrow", "n-capital-leftarrow"),
        (r"\nleftarrow", "nleftarrow"),
        (r"\circledR", "circled-capital-r"),
        (r"\mathfrak{A}", "fraktur-capital-a"),
        (r"\mathfrak{a}", "fraktur-a"),
        (r"\mathds{1}", "double-struck-1"),
        (r"\not\equiv", "not-equiv"),
        (r"\|", "double-vertical-bar"),
        (r"\O", "capital-o"),
    ],
)
def test_a_slug_is_made_of_the_command(command: str, slug: str) -> None:
    assert slug_of(symbol(command)) == slug


def test_a_command_without_a_package_comes_first_and_the_short_one_of_several() -> None:
    found = sort_symbols(
        [symbol(r"\textpm", "textcomp", "text"), symbol(r"\mathdollar"), symbol(r"\$"), symbol(r"\Square", "wasysym")]
    )
    assert [each.command for each in found] == [r"\$", r"\mathdollar", r"\textpm", r"\Square"]


def test_dashes_are_written_without_the_backslash_of_the_list() -> None:
    assert source_of(symbol(r"\---", mode="text")) == "---"
    assert source_of(symbol(r"\\")) == r"$\backslash$"
    assert source_of(symbol(r"\alpha")) == r"$\alpha$"


@pytest.mark.parametrize(
    ("character", "entity"),
    [
        ("±", "&plusmn;"),
        ("⊞", "&plusb;"),
        ("⟆", "&#x27C6;"),
        ("⊊\ufe00", "&subne;"),
        ("∫⋯∫", "&#x222B;&#x22EF;&#x222B;"),
    ],
)
def test_a_character_has_its_entity_or_its_number(character: str, entity: str) -> None:
    assert entity_of(character) == entity


def test_typst_names_are_read_from_what_typst_prints() -> None:
    said = [
        ["plus", 'symbol(\n  "+",\n  ("minus", "±"),\n  ("o.big", "⨁"),\n)'],
        ["dots", 'symbol(\n  ("h", "…"),\n)'],
        ["arrow", 'symbol(("r.hook", "↪\\u{fe0e}"))'],
        ["quote", 'symbol("\\"")'],
        ["backslash", 'symbol("\\\\")'],
    ]
    names = read_typst(json.dumps(said))
    assert names["+"] == ["plus"]
    assert names["±"] == ["plus.minus"]
    assert names["⨁"] == ["plus.o.big"]
    assert names["…"] == ["dots.h"]
    assert names["↪"] == ["arrow.r.hook"]
    assert names['"'] == ["quote"]
    assert names["\\"] == ["backslash"]
