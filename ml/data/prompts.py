"""Prompts: a sentence of a recognizer's with one hole, {glyph} or {name}, where one of its labels stands."""

from __future__ import annotations

import re

HOLE = re.compile(r"\{(glyph|name)\}")


def prompt_problem(prompt: str) -> str:
    """What is wrong with a prompt, with the cure; empty where nothing is."""
    if len(HOLE.findall(prompt)) == 1:
        return ""
    return f"The prompt {prompt!r} needs {{glyph}} or {{name}} once, where the label stands, as in 'Draw {{name}}'."
